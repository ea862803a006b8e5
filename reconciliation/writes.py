"""Writes of bank money: attempts, states, decisions, cases. Called in this room only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.db import raw_connection
from kernel.money import Dong
from reconciliation.tables import credit_cases, credit_decisions, credit_inbox


@dataclass(frozen=True, slots=True)
class CreditState:
    """What a credit becomes: its state, what is left undecided (đồng), whose it is alone."""

    account_id: int
    credit_id: int
    state: str
    left: Dong
    school_id: int | None


async def count_attempt(tx: AsyncConnection, account_id: int, credit_ids: Sequence[int]) -> None:
    """Count one attempt on waiting credits, in a transaction before the work itself."""
    await tx.execute(
        update(credit_inbox)
        .where(
            credit_inbox.c.account_id == account_id, credit_inbox.c.credit_id.in_(list(credit_ids))
        )
        .values(attempts=credit_inbox.c.attempts + 1)
    )


async def leave_inbox(tx: AsyncConnection, account_id: int, credit_ids: Sequence[int]) -> None:
    """Take decided credits out of the inbox."""
    await tx.execute(
        delete(credit_inbox).where(
            credit_inbox.c.account_id == account_id, credit_inbox.c.credit_id.in_(list(credit_ids))
        )
    )


async def set_states(tx: AsyncConnection, states: Sequence[CreditState]) -> None:
    """Write the new state of credits, in one statement."""
    driver = await raw_connection(tx)
    await driver.execute(
        _STATES,
        [each.account_id for each in states],
        [each.credit_id for each in states],
        [each.state for each in states],
        [each.left for each in states],
        [each.school_id for each in states],
    )


_STATES = """
update bank_credit c set state = n.state, left_dong = n.left_dong, school_id = n.school_id
  from unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[])
       as n(account_id, credit_id, state, left_dong, school_id)
 where c.account_id = n.account_id and c.id = n.credit_id
"""


async def add_decisions(tx: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Add decisions; they are never changed."""
    await tx.execute(insert(credit_decisions), list(rows))


async def open_cases(tx: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Open a case per row (account_id, credit_id, reason, opened_at)."""
    if rows:
        await tx.execute(insert(credit_cases), list(rows))


async def close_case(
    tx: AsyncConnection, account_id: int, credit_id: int, *, at: datetime, by: str
) -> None:
    """Close the open case of a credit, if it has one."""
    await tx.execute(
        update(credit_cases)
        .where(
            credit_cases.c.account_id == account_id,
            credit_cases.c.credit_id == credit_id,
            credit_cases.c.state == "open",
        )
        .values(state="closed", closed_at=at, closed_by=by)
    )
