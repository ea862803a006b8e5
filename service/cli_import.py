"""The verbs ``hocphi import``: what an operator brings in from files, in one transaction each.

Problems go to stderr, one line each; counts go to stdout. With ``--keep-good`` the exit code is 0
also when lines were left out: stderr names them.
"""

import asyncio
import getpass
import sys
from pathlib import Path
from typing import NoReturn

import click

from kernel.access import Loader
from kernel.clock import utc_now
from kernel.migrate import analyse
from payments.bundle import BundleRefused, Loaded, load
from payments.bundle_lines import Problem
from payments.bundle_notices import LoadTerms
from service.cli_import_events import events
from service.instance import Instance, open_instance


@click.group("import")
def group() -> None:
    """Bring in schools, pupils, notices, bank events."""


group.add_command(events)


@group.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Do everything, print the counts, keep nothing.")
@click.option("--keep-good", is_flag=True, help="Leave bad lines out and keep the rest.")
def bundle(directory: Path, *, dry_run: bool, keep_good: bool) -> None:
    """Load the bundle in DIRECTORY; what is kept already stays as it is."""
    with open_instance() as instance:
        try:
            loaded = asyncio.run(
                import_bundle(instance, directory, dry_run=dry_run, keep_good=keep_good)
            )
        except BundleRefused as refused:
            _tell_problems(refused.problems, refused.found)
            raise
        if instance.owner_url and not (dry_run or loaded.unchanged):
            analyse(instance.owner_url)
    _tell_problems(loaded.problems, loaded.found)
    _warn(loaded)
    click.echo(table_of(loaded))
    if dry_run:
        click.echo("dry run: nothing was kept")
    elif loaded.unchanged:
        click.echo("nothing new: every line is kept already")


async def import_bundle(
    instance: Instance, folder: Path, *, dry_run: bool, keep_good: bool
) -> Loaded:
    """Load a bundle as the operator's deed; ``dry_run`` rolls everything back at the end.

    Raises BundleMissing, BundleRefused, CodesTaken; then nothing of the bundle is kept.
    """
    terms = LoadTerms(
        code_book=instance.code_book,
        page_key=instance.page_key,
        actor=operator(),
        now=utc_now(),
        keep_good=keep_good,
    )
    database = instance.operator_db()
    try:
        async with database.transaction(Loader()) as tx:
            loaded = await load(tx, folder, terms, told=_progress)
            if dry_run:
                _roll_back(loaded)
    except _Tried as tried:
        loaded = tried.loaded
    finally:
        await database.close()
        _progress("", 0)
    return loaded


class _Tried(Exception):
    """Ends a dry run: its transaction is rolled back."""

    def __init__(self, loaded: Loaded) -> None:
        super().__init__()
        self.loaded = loaded


def _roll_back(loaded: Loaded) -> NoReturn:
    raise _Tried(loaded)


def operator() -> str:
    """Name who runs this command, for the audit."""
    try:
        return f"operator:{getpass.getuser()}"
    except (KeyError, OSError):
        return "operator"


def table_of(loaded: Loaded) -> str:
    """Lay out what a load added, what was kept before and what it left out."""
    lines = [f"{'':16}{'added':>12}{'kept already':>14}{'left out':>10}"]
    for kind, added in loaded.added.items():
        kept = str(loaded.kept[kind]) if kind in loaded.kept else ""
        left_out = str(loaded.left_out.get(kind, 0)) if kind in loaded.kept else ""
        lines.append(f"{kind:16}{added:>12}{kept:>14}{left_out:>10}".rstrip())
    return "\n".join(lines)


def _tell_problems(problems: tuple[Problem, ...], found: int) -> None:
    for problem in problems:
        click.echo(str(problem), err=True)
    if found > len(problems):
        click.echo(f"... and {found - len(problems)} more problems", err=True)


def _warn(loaded: Loaded) -> None:
    if loaded.accounts:
        named = ", ".join(
            f"{bank_bin}/{number} for {school}" for bank_bin, number, school in loaded.accounts
        )
        click.echo(f"warning: receiving accounts released by {operator()}: {named}", err=True)
    if loaded.unread:
        click.echo(f"warning: not read, no part of a bundle: {', '.join(loaded.unread)}", err=True)


def _progress(step: str, done: int) -> None:
    """Show what is going on, on a terminal only; an empty step wipes the line."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{step} {done or ''}" if step else "\r\x1b[K")
        sys.stderr.flush()
