"""The verbs ``hocphi export``: what stands in the database, as JSON lines on stdout."""

import asyncio
import sys
from typing import BinaryIO

import click

from kernel.access import Auditor
from payments.export_invoices import invoice_lines
from service.cli_export_outcomes import outcomes
from service.instance import Instance, open_instance


@click.group("export")
def group() -> None:
    """Write notices or outcomes as JSON lines."""


group.add_command(outcomes)


@group.command()
def invoices() -> None:
    """Write one line a notice: code, memo, amounts, state, link and QR text."""
    with open_instance() as instance:
        asyncio.run(export_invoices(instance, sys.stdout.buffer))


async def export_invoices(instance: Instance, out: BinaryIO) -> None:
    """Write every notice of the instance to ``out``, by school and in order of issue."""
    database = instance.operator_db()
    try:
        async with database.transaction(Auditor()) as tx:
            lines = invoice_lines(tx, public_url=instance.public_url, page_key=instance.page_key)
            async for piece in lines:
                out.write(piece)
    finally:
        await database.close()
    out.flush()
