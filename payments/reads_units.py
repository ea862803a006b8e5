"""Reads of units and schools by their code."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from payments.tables import units


async def unit_id_of(tx: AsyncConnection, code: str) -> int | None:
    """Find a unit by its code; None if there is none."""
    found = await tx.execute(select(units.c.id).where(units.c.code == code))
    return found.scalar_one_or_none()
