"""The verbs ``hocphi settle`` and ``hocphi books``: decide what waits, prove what was decided."""

import asyncio
import sys

import click

from kernel.access import Auditor, Loader, Sweeper
from kernel.db import Database
from kernel.logs import start_logging
from reconciliation import books as bookkeeping
from reconciliation.books import Finding
from reconciliation.jobs import Settling, settle_waiting
from reconciliation.reads_books import credits_waiting
from service.instance import Instance, open_instance

PAUSE_S = 0.2


@click.command()
@click.option("--until-empty", is_flag=True, help="Go on until no credit waits any more.")
def settle(*, until_empty: bool) -> None:
    """Decide the bank credits that wait, here and now."""
    start_logging("warning")
    with open_instance() as instance:
        done, waiting = asyncio.run(settle_here(instance, until_empty=until_empty))
    click.echo(f"decided {done.decided} failed {done.failed} waiting {waiting}")


async def settle_here(instance: Instance, *, until_empty: bool) -> tuple[Settling, int]:
    """Run the settling job with the workers' login; give what it did and what still waits.

    Another worker's account is passed by; with ``until_empty`` it is looked at again until
    nobody's credit waits.
    """
    database = instance.worker_db(ring=lambda _: None)
    prefix = instance.settings.code_prefix
    try:
        done = await settle_waiting(database, prefix)
        waiting = await _waiting(database)
        while until_empty and waiting:
            more = await settle_waiting(database, prefix)
            done = done.plus(more)
            _progress(done.decided, waiting)
            if not more.decided:
                await asyncio.sleep(PAUSE_S)
            waiting = await _waiting(database)
    finally:
        await database.close()
        _progress(0, 0)
    return done, waiting


async def _waiting(database: Database) -> int:
    async with database.transaction(Sweeper()) as tx:
        return await credits_waiting(tx)


def _progress(decided: int, waiting: int) -> None:
    """Show what is going on, on a terminal only; nothing waiting wipes the line."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{decided} decided, {waiting} wait" if waiting else "\r\x1b[K")
        sys.stderr.flush()


@click.group("books")
def books() -> None:
    """Check the books."""


@books.command()
def check() -> None:
    """Prove every invariant of the books; exit 1 if one is broken."""
    with open_instance() as instance:
        broken = asyncio.run(check_books(instance))
    if broken:
        click.echo(f"hocphi: the books have {len(broken)} broken invariants", err=True)
        sys.exit(1)


async def check_books(instance: Instance) -> list[Finding]:
    """Check the books as the operator, writing a table row by row; give the broken ones."""
    broken: list[Finding] = []
    database = instance.operator_db()
    click.echo(f"{'invariant':<40}{'looked at':>12}{'breaches':>10}")
    try:
        async with database.transaction(Auditor()) as tx:
            async for finding in bookkeeping.findings(tx):
                _tell(finding, broken)
        async with database.transaction(Loader()) as tx:
            _tell(await bookkeeping.check_links(tx), broken)
    finally:
        await database.close()
    return broken


def _tell(finding: Finding, broken: list[Finding]) -> None:
    click.echo(f"{finding.name:<40}{finding.looked_at:>12}{finding.breaches:>10}")
    if finding.breaches:
        broken.append(finding)
        more = " ..." if finding.breaches > len(finding.examples) else ""
        click.echo(f"  {', '.join(finding.examples)}{more}")
