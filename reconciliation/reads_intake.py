"""Reads of the intake: what was told first of a credit, and which account a number names."""

from collections.abc import Collection, Sequence

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from payments.tables import accounts
from reconciliation.tables import bank_events


async def first_digests(
    tx: AsyncConnection, identities: Sequence[tuple[int, str, str]]
) -> dict[tuple[int, str, str], bytes]:
    """Read the digest of the first telling of each known credit."""
    table = bank_events
    rows = await tx.execute(
        select(table.c.account_id, table.c.provider, table.c.provider_txn_id, table.c.digest).where(
            tuple_(table.c.account_id, table.c.provider, table.c.provider_txn_id).in_(identities),
            table.c.is_first,
        )
    )
    return {(row.account_id, row.provider, row.provider_txn_id): row.digest for row in rows}


async def accounts_by_number(
    tx: AsyncConnection, numbers: Collection[str], *, bank_bin: str | None = None
) -> dict[str, list[int]]:
    """Find the receiving accounts that carry a number; several banks may use the same one."""
    wanted = select(accounts.c.number, accounts.c.id).where(accounts.c.number.in_(list(numbers)))
    if bank_bin is not None:
        wanted = wanted.where(accounts.c.bank_bin == bank_bin)
    found: dict[str, list[int]] = {}
    for row in await tx.execute(wanted.order_by(accounts.c.id)):
        found.setdefault(row.number, []).append(row.id)
    return found
