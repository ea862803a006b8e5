"""Reads of the benchmarks: how many rows the doors kept, and how many their floors wrote."""

from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciliation.tables import bank_credits, bank_events, credit_inbox
from webhooks.tables import deliveries


@dataclass(frozen=True, slots=True)
class DoorRows:
    """Rows that the bank door has written so far."""

    deliveries: int
    credits_kept: int
    waiting: int
    events: int


async def door_rows(tx: AsyncConnection) -> DoorRows:
    """Count what the door wrote (role Auditor)."""
    counts = [
        select(func.count()).select_from(table).scalar_subquery()
        for table in (deliveries, bank_credits, credit_inbox, bank_events)
    ]
    row = (await tx.execute(select(*counts))).one()
    return DoorRows(*(int(each) for each in row))


async def floor_rows(tx: AsyncConnection) -> int:
    """Count the rows of the floor's own table (its owner's login)."""
    return int((await tx.execute(text("select count(*) from bench.floor"))).scalar_one())


async def line_rows(tx: AsyncConnection) -> int:
    """Count the lines kept one by one (their owner's login)."""
    return int((await tx.execute(text("select count(*) from bench.line"))).scalar_one())
