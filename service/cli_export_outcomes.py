"""The verb ``hocphi export outcomes``: what became of every bank event, as JSON lines."""

import asyncio
import sys
from typing import BinaryIO

import click

from kernel.access import Auditor
from reconciliation.outcomes import outcome_lines
from service.instance import Instance, open_instance


@click.command()
def outcomes() -> None:
    """Write one line a bank event: settled, case, duplicate, reversal or ignored."""
    with open_instance() as instance:
        waiting = asyncio.run(export_outcomes(instance, sys.stdout.buffer))
    if waiting:
        click.echo(
            f"note: {waiting} events still wait and have no line; hocphi settle --until-empty"
            " decides them",
            err=True,
        )


async def export_outcomes(instance: Instance, out: BinaryIO) -> int:
    """Write the outcome of every decided event to ``out``; give how many still wait."""
    waiting = 0
    database = instance.operator_db()
    try:
        async with database.transaction(Auditor()) as tx:
            async for piece in outcome_lines(tx):
                out.write(piece.lines)
                waiting += piece.waiting
    finally:
        await database.close()
    out.flush()
    return waiting
