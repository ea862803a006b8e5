"""The verb ``hocphi import events``: canonical bank events from a file, in the order of its lines.

The whole file is read before anything is written; a file with a bad line leaves no trace.
"""

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import click

from kernel.access import Loader
from kernel.errors import Invalid
from payments.bundle_lines import Problem
from reconciliation.event_lines import LINE_BYTES_MAX, ToldEvent, read_event
from reconciliation.replay import Taken, content_of, take
from service.instance import Instance, open_instance

CHUNK_LINES = 1_000
PROBLEMS_LISTED_MAX = 20
_BOM = b"\xef\xbb\xbf"


class EventsRefused(Invalid):
    """A file of bank events has bad lines: nothing of it is kept. ``problems`` lists the first."""

    code = "events_refused"

    def __init__(self, problems: tuple[Problem, ...], found: int) -> None:
        """Keep the listed problems and how many there are in all."""
        super().__init__(f"the file has {found} problems, nothing of it is kept", found=found)
        self.problems = problems
        self.found = found


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def events(file: Path) -> None:
    """Take the bank events in FILE (JSON lines) in; what is known already changes nothing."""
    with open_instance() as instance:
        try:
            taken = asyncio.run(import_events(instance, file))
        except EventsRefused as refused:
            _tell_problems(refused)
            raise
    for line in taken.changed[:PROBLEMS_LISTED_MAX]:
        click.echo(f"warning: {file.name}:{line}: event_id: is known with other content", err=True)
    if taken.homeless:
        click.echo(
            f"warning: {taken.homeless} events name no single registered account: ignored", err=True
        )
    click.echo(f"events {taken.events} new {taken.new} duplicate {taken.duplicates}")


async def import_events(instance: Instance, path: Path) -> Taken:
    """Take a file of events in, 1,000 lines a transaction; say what they did.

    Raises EventsRefused if any line is bad; then nothing of the file is kept.
    """
    taken = Taken()
    database = instance.operator_db()
    try:
        with path.open("rb") as source:
            check_file(path.name, source)
            for chunk in _chunks(path.name, source):
                async with database.transaction(Loader()) as tx:
                    taken = taken.plus(await take(tx, chunk))
                _progress("kept", taken.events)
    finally:
        await database.close()
        _progress("", 0)
    return taken


@dataclass(slots=True)
class _Faults:
    """The problems found so far: the first ones, and how many in all."""

    listed: list[Problem] = field(default_factory=list[Problem])
    found: int = 0

    def add(self, *problems: Problem) -> None:
        self.found += len(problems)
        self.listed.extend(problems[: PROBLEMS_LISTED_MAX - len(self.listed)])


def check_file(name: str, source: BinaryIO) -> None:
    """Read the whole file once; raises EventsRefused naming file, line, field and rule."""
    faults = _Faults()
    told: dict[str, tuple[int, int]] = {}
    for number, read in _lines(name, source):
        if not isinstance(read, ToldEvent):
            faults.add(*read)
            continue
        content = hash(content_of(read.event))
        line, first = told.setdefault(read.event_id, (number, content))
        if first != content:
            rule = f"stands on line {line} already, with other content"
            faults.add(Problem(name, number, "event_id", rule))
        if number % CHUNK_LINES == 0:
            _progress("read", number)
    if faults.found:
        raise EventsRefused(tuple(faults.listed), faults.found)


def _chunks(name: str, source: BinaryIO) -> Iterator[list[ToldEvent]]:
    chunk: list[ToldEvent] = []
    for _, read in _lines(name, source):
        if not isinstance(read, ToldEvent):
            raise EventsRefused(read, len(read))  # the file was changed under our hands
        chunk.append(read)
        if len(chunk) == CHUNK_LINES:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _lines(name: str, source: BinaryIO) -> Iterator[tuple[int, ToldEvent | tuple[Problem, ...]]]:
    """Read every line that is not blank, from the beginning; of an endless one only a part."""
    source.seek(0)
    number, at_start = 0, True
    while raw := source.readline(LINE_BYTES_MAX + 1):
        begins, at_start = at_start, raw.endswith(b"\n")
        number += begins
        if begins:
            text = raw.removeprefix(_BOM) if number == 1 else raw
            if text.strip():
                yield number, read_event(name, number, text)


def _tell_problems(refused: EventsRefused) -> None:
    for problem in refused.problems:
        click.echo(str(problem), err=True)
    if refused.found > len(refused.problems):
        click.echo(f"... and {refused.found - len(refused.problems)} more problems", err=True)


def _progress(step: str, done: int) -> None:
    """Show what is going on, on a terminal only; an empty step wipes the line."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{step} {done} events" if step else "\r\x1b[K")
        sys.stderr.flush()
