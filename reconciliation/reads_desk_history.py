"""Reads of the desk: what was decided and written down about credits, and sums over them.

Every read is bounded to the receiving accounts or credits it is given, on top of the row policies.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, exists, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.audit import deeds
from kernel.money import Dong
from reconciliation.model import Direction
from reconciliation.reads_desk import Decided, decided_of
from reconciliation.tables import bank_credits, credit_cases, credit_decisions

DECISIONS_MAX = 500
NOTES_MAX = 200
NOTE_DEED = "note_written"


@dataclass(frozen=True, slots=True)
class Note:
    """What a person wrote down about a credit."""

    at: datetime
    actor: str
    text: str


@dataclass(frozen=True, slots=True)
class OpenMoney:
    """The open cases of some accounts: how many, and đồng in them."""

    count: int
    total: Dong


@dataclass(frozen=True, slots=True)
class Booked:
    """What banks booked in a span of time; ``by_machine`` were settled without a person."""

    count: int
    total: Dong
    by_machine: int


async def decisions(tx: AsyncConnection, pairs: Collection[tuple[int, int]]) -> list[Decided]:
    """Read everything that was decided about (account, credit), in order."""
    if not pairs:
        return []
    table = credit_decisions
    rows = await tx.execute(
        select(table)
        .where(tuple_(table.c.account_id, table.c.credit_id).in_(list(pairs)))
        .order_by(table.c.account_id, table.c.id)
        .limit(DECISIONS_MAX)
    )
    return [decided_of(row) for row in rows.mappings()]


async def notes(tx: AsyncConnection, account_id: int, credit_id: int) -> list[Note]:
    """Read what people wrote down about a credit, in order."""
    rows = await tx.execute(
        select(deeds.c.at, deeds.c.actor, deeds.c.facts)
        .where(deeds.c.subject == f"credit:{account_id}:{credit_id}", deeds.c.deed == NOTE_DEED)
        .order_by(deeds.c.id)
        .limit(NOTES_MAX)
    )
    return [Note(row.at, row.actor, str(row.facts.get("note", ""))) for row in rows]


async def references(
    tx: AsyncConnection, pairs: Collection[tuple[int, int]]
) -> dict[tuple[int, int], tuple[str, datetime]]:
    """Read (bank reference or empty, time booked) of each (account, credit) that is seen."""
    if not pairs:
        return {}
    table = bank_credits
    rows = await tx.execute(
        select(table.c.account_id, table.c.id, table.c.bank_ref, table.c.booked_at)
        .where(tuple_(table.c.account_id, table.c.id).in_(list(pairs)))
        .order_by(table.c.account_id, table.c.id)
    )
    return {(row.account_id, row.id): (row.bank_ref or "", row.booked_at) for row in rows}


async def open_money(tx: AsyncConnection, account_ids: Sequence[int]) -> OpenMoney:
    """Count the open cases of accounts and the đồng in them."""
    rows = await tx.execute(
        select(func.count(), func.coalesce(func.sum(bank_credits.c.amount_dong), 0))
        .select_from(credit_cases)
        .join(
            bank_credits,
            and_(
                bank_credits.c.account_id == credit_cases.c.account_id,
                bank_credits.c.id == credit_cases.c.credit_id,
            ),
        )
        .where(credit_cases.c.account_id.in_(account_ids), credit_cases.c.state == "open")
    )
    count, total = rows.one()
    return OpenMoney(int(count), Dong(int(total)))


async def booked_between(
    tx: AsyncConnection,
    account_ids: Sequence[int],
    *,
    since: datetime,
    until: datetime,
    machine: str,
) -> Booked:
    """Sum what came in from ``since`` on, before ``until``, by the bank's booking.

    ``machine`` is the actor of decisions that no person made.
    """
    table = credit_decisions
    by_person = exists().where(
        table.c.account_id == bank_credits.c.account_id,
        table.c.credit_id == bank_credits.c.id,
        table.c.actor != machine,
    )
    rows = await tx.execute(
        select(
            func.count(),
            func.coalesce(func.sum(bank_credits.c.amount_dong), 0),
            func.count().filter(bank_credits.c.state == "settled", ~by_person),
        ).where(
            bank_credits.c.account_id.in_(account_ids),
            bank_credits.c.direction == Direction.IN.value,
            bank_credits.c.booked_at >= since,
            bank_credits.c.booked_at < until,
        )
    )
    count, total, by_machine = rows.one()
    return Booked(int(count), Dong(int(total)), int(by_machine))
