"""Loads a bundle: stages its files, checks the whole, publishes what is good. All or nothing.

Everything happens in the caller's transaction, so that a refused or tried load leaves no trace.
Receivables are issued as given, outside the fee rules. Never changes or deletes a kept row.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.errors import Invalid
from payments import bundle_notices, bundle_roster, reads_bundle_notices, writes_bundle
from payments.bundle_lines import FILES, PARTS_TABLE, BundleFile, Problem, ReadLine, read_line
from payments.bundle_notices import LoadTerms
from payments.bundle_rows import Row, Terms

CHUNK_LINES = 10_000
LINE_BYTES_MAX = 1 << 20
PROBLEMS_LISTED_MAX = 100
_BOM = b"\xef\xbb\xbf"

Told = Callable[[str, int], None]
"""Hears of progress: what is being done and how many lines of it are done."""


class BundleMissing(Invalid):
    """The folder holds no file of a bundle."""

    code = "bundle_missing"


class BundleRefused(Invalid):
    """Something is wrong with the bundle: nothing of it is kept. ``problems`` lists the first."""

    code = "bundle_refused"

    def __init__(self, problems: tuple[Problem, ...], found: int) -> None:
        """Keep the listed problems and how many there are in all."""
        super().__init__(f"the bundle has {found} problems, nothing of it is kept", found=found)
        self.problems = problems
        self.found = found


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did: rows added and already kept, by kind; what it left out and why.

    ``accounts`` names (BIN, number, school) of each account that was released or opened to a
    school; ``unread`` the files of the folder that are none of a bundle.
    """

    added: Mapping[str, int]
    kept: Mapping[str, int]
    left_out: Mapping[str, int]
    problems: tuple[Problem, ...]
    found: int
    accounts: tuple[tuple[str, str, str], ...]
    unread: tuple[str, ...]

    @property
    def unchanged(self) -> bool:
        """Whether everything was kept before."""
        return not any(self.added.values())


@dataclass(slots=True)
class _Chunk:
    """Lines read, not yet staged."""

    rows: list[Row] = field(default_factory=list[Row])
    parts: list[Row] = field(default_factory=list[Row])
    problems: list[Problem] = field(default_factory=list[Problem])
    lines: int = 0

    def take(self, read: ReadLine | tuple[Problem, ...]) -> None:
        """Add what one line gave."""
        self.lines += 1
        if isinstance(read, ReadLine):
            self.rows.append(read.row)
            self.parts.extend(read.parts)
        else:
            self.problems.extend(read)


async def load(tx: AsyncConnection, folder: Path, terms: LoadTerms, *, told: Told) -> Loaded:
    """Load the bundle in ``folder`` within ``tx`` (role Loader), one load at a time.

    Raises BundleMissing, and BundleRefused on any problem unless ``terms.keep_good``; then bad
    lines are left out together with whatever rests on them. Rows kept already are left alone.
    """
    present = [file for file in FILES if (folder / file.name).is_file()]
    if not present:
        raise BundleMissing(f"{folder} holds no file of a bundle ({FILES[0].name} ...)")
    await writes_bundle.begin(tx)
    read = Terms(sample_code=terms.code_book.make(0))
    lines = {file.name: await _stage(tx, folder / file.name, file, read, told) for file in present}
    added = await bundle_roster.publish(tx, terms, told=told)
    await bundle_notices.check(tx, told=told)
    found, problems = await _problems(tx, keep_good=terms.keep_good)
    if found and not terms.keep_good:
        raise BundleRefused(problems, found)
    added |= await bundle_notices.publish(tx, terms, told=told)
    left_out = await reads_bundle_notices.bad_lines(tx)
    staged = await reads_bundle_notices.staged_keys(tx)
    loaded = Loaded(
        added=added,
        kept={kind: staged.get(kind, 0) - rows for kind, rows in added.items() if kind in staged},
        left_out={name.removesuffix(".jsonl"): lines for name, lines in left_out.items()},
        problems=problems,
        found=found,
        accounts=tuple(await reads_bundle_notices.opened_accounts(tx)),
        unread=_unread(folder),
    )
    await bundle_notices.close(tx, terms, added=added, lines=lines)
    return loaded


async def _problems(tx: AsyncConnection, *, keep_good: bool) -> tuple[int, tuple[Problem, ...]]:
    """List what is wrong; what only rests on a bad line is told where it is left out for it."""
    found, first = await reads_bundle_notices.problems(
        tx, [file.name for file in FILES], follows=keep_good, limit=PROBLEMS_LISTED_MAX
    )
    return found, tuple(Problem(each.file, each.line, each.field, each.rule) for each in first)


async def _stage(
    tx: AsyncConnection, path: Path, file: BundleFile, terms: Terms, told: Told
) -> int:
    """Copy a file into staging, chunk by chunk; give how many lines it has."""
    done = 0
    for chunk in _chunks(path, file, terms):
        await writes_bundle.stage(tx, file.table, chunk.rows)
        await writes_bundle.stage(tx, PARTS_TABLE, chunk.parts)
        await writes_bundle.note(
            tx,
            [
                (each.file, each.line, each.field, each.rule, each.key, False)
                for each in chunk.problems
            ],
        )
        done += chunk.lines
        told(f"read {file.name}", done)
    return done


def _chunks(path: Path, file: BundleFile, terms: Terms) -> Iterator[_Chunk]:
    chunk = _Chunk()
    for number, raw in _numbered(path):
        if len(raw) > LINE_BYTES_MAX:
            chunk.take((Problem(file.name, number, "", f"is longer than {LINE_BYTES_MAX} bytes"),))
        elif raw.strip():
            chunk.take(read_line(file, number, raw, terms))
        if chunk.lines >= CHUNK_LINES:
            yield chunk
            chunk = _Chunk()
    if chunk.lines:
        yield chunk


def _numbered(path: Path) -> Iterator[tuple[int, bytes]]:
    """Read the lines of a file with their numbers; of an endless one only the beginning."""
    with path.open("rb") as source:
        for number in count(1):
            raw = source.readline(LINE_BYTES_MAX + 1)
            if not raw:
                return
            rest = raw
            while len(raw) > LINE_BYTES_MAX and not rest.endswith(b"\n") and rest:
                rest = source.readline(LINE_BYTES_MAX)
            yield number, raw.removeprefix(_BOM) if number == 1 else raw


def _unread(folder: Path) -> tuple[str, ...]:
    known = {file.name for file in FILES}
    return tuple(sorted(path.name for path in folder.glob("*.jsonl") if path.name not in known))
