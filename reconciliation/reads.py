"""Reads of bank money: what waits, where codes belong, credits and cases for the deeds."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.money import Dong
from payments.tables import account_schools
from reconciliation.model import CodeOwner, Credit, Direction, Method
from reconciliation.tables import bank_credits, credit_cases, credit_decisions, credit_inbox

ACCOUNT_LOCK = 7277
"""First key of the advisory lock on a receiving account; the second is the account's id."""


async def accounts_waiting(tx: AsyncConnection) -> list[int]:
    """List receiving accounts with credits that wait, lowest id first."""
    rows = await tx.execute(
        select(credit_inbox.c.account_id).distinct().order_by(credit_inbox.c.account_id)
    )
    return list(rows.scalars())


async def schools_of(tx: AsyncConnection, account_id: int) -> list[int]:
    """List the schools that a receiving account serves."""
    rows = await tx.execute(
        select(account_schools.c.school_id)
        .where(account_schools.c.account_id == account_id)
        .order_by(account_schools.c.school_id)
    )
    return list(rows.scalars())


async def try_account(tx: AsyncConnection, account_id: int) -> bool:
    """Take the account until the transaction ends, unless another worker has it."""
    found = await tx.execute(select(func.pg_try_advisory_xact_lock(ACCOUNT_LOCK, account_id)))
    return bool(found.scalar_one())


async def inbox_head(tx: AsyncConnection, account_id: int, limit: int) -> list[tuple[Credit, int]]:
    """Read the first waiting credits in order of arrival, each with its attempts so far."""
    table = bank_credits
    rows = await tx.execute(
        select(table, credit_inbox.c.attempts)
        .join(
            credit_inbox,
            (credit_inbox.c.account_id == table.c.account_id)
            & (credit_inbox.c.credit_id == table.c.id),
        )
        .where(credit_inbox.c.account_id == account_id)
        .order_by(credit_inbox.c.credit_id)
        .limit(limit)
    )
    return [(credit_of(row), int(row.attempts)) for row in rows]


def credit_of(row: Row[Any]) -> Credit:
    """Make the record of a selected credit."""
    return Credit(
        account_id=row.account_id,
        id=row.id,
        amount=Dong(row.amount_dong),
        direction=Direction(row.direction),
        description=row.description,
        booked_at=row.booked_at,
        method=Method(row.method),
        bank_ref=row.bank_ref,
        related_bank_ref=row.related_bank_ref,
    )


async def code_owners(tx: AsyncConnection, codes: Collection[str]) -> dict[str, CodeOwner]:
    """Find where codes belong, whatever account or school; unknown ones are absent."""
    if not codes:
        return {}
    rows = await tx.exec_driver_sql(_CODES, (sorted(codes),))
    return {
        row.code: CodeOwner(row.code, row.account_id, row.school_id, row.invoice_id) for row in rows
    }


_CODES = "select code, account_id, school_id, invoice_id from link.codes($1::text[])"


async def lock_credit(tx: AsyncConnection, account_id: int, credit_id: int) -> Row[Any] | None:
    """Lock one credit; None if it does not exist or is out of scope."""
    rows = await tx.execute(
        select(bank_credits)
        .where(bank_credits.c.account_id == account_id, bank_credits.c.id == credit_id)
        .with_for_update()
    )
    return rows.one_or_none()


async def lock_reversed(
    tx: AsyncConnection, account_id: int, bank_ref: str, amount: Dong
) -> list[Row[Any]]:
    """Lock the incoming credits of this reference and amount that are not reversed yet."""
    rows = await tx.execute(
        select(bank_credits)
        .where(
            bank_credits.c.account_id == account_id,
            bank_credits.c.bank_ref == bank_ref,
            bank_credits.c.amount_dong == amount,
            bank_credits.c.direction == Direction.IN.value,
            bank_credits.c.state.in_(["settled", "case"]),
        )
        .order_by(bank_credits.c.id)
        .limit(2)
        .with_for_update()
    )
    return list(rows)


async def lock_open_case(tx: AsyncConnection, case_id: int) -> Row[Any] | None:
    """Lock a case of the caller's accounts, open or closed; None if out of scope."""
    rows = await tx.execute(
        select(credit_cases).where(credit_cases.c.id == case_id).with_for_update()
    )
    return rows.one_or_none()


async def last_decisions(
    tx: AsyncConnection, pairs: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], Row[Any]]:
    """Read the newest decision of each (account, credit)."""
    table = credit_decisions
    rows = await tx.execute(
        select(table)
        .distinct(table.c.account_id, table.c.credit_id)
        .where(tuple_(table.c.account_id, table.c.credit_id).in_(list(pairs)))
        .order_by(table.c.account_id, table.c.credit_id, table.c.id.desc())
    )
    return {(row.account_id, row.credit_id): row for row in rows}
