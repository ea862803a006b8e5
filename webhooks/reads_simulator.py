"""Reads of the bank simulator (sandbox only): where a code is paid, and through which door."""

from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.money import Dong
from payments.tables import accounts, invoices, payment_codes
from webhooks.tables import connection_accounts, connection_secrets, connections


@dataclass(frozen=True, slots=True)
class PayTarget:
    """What the simulator needs to tell one payment as the bank would."""

    account: str
    memo_prefix: str | None
    outstanding: Dong
    due: Dong
    provider: str
    public_id: str
    options: dict[str, str]
    sealed: bytes = field(repr=False)


async def pay_target(tx: AsyncConnection, code: str, provider: str | None) -> PayTarget | None:
    """Find the account of a code and its newest sandbox connection; None if either is missing."""
    wanted = [payment_codes.c.code == code, connections.c.sandbox, connections.c.active]
    if provider is not None:
        wanted.append(connections.c.provider == provider)
    rows = await tx.execute(
        select(
            accounts.c.number,
            accounts.c.memo_prefix,
            invoices.c.outstanding_dong,
            invoices.c.due_dong,
            connections.c.provider,
            connections.c.public_id,
            connections.c.options,
            connection_secrets.c.sealed,
        )
        .join_from(payment_codes, accounts, accounts.c.id == payment_codes.c.account_id)
        .join(
            invoices,
            (invoices.c.school_id == payment_codes.c.school_id)
            & (invoices.c.id == payment_codes.c.invoice_id),
        )
        .join(connection_accounts, connection_accounts.c.account_id == accounts.c.id)
        .join(connections, connections.c.id == connection_accounts.c.connection_id)
        .join(
            connection_secrets,
            (connection_secrets.c.connection_id == connections.c.id) & connection_secrets.c.active,
        )
        .where(*wanted)
        .order_by(connections.c.id.desc(), connection_secrets.c.id.desc())
        .limit(1)
    )
    row = rows.one_or_none()
    if row is None:
        return None
    return PayTarget(
        account=row.number,
        memo_prefix=row.memo_prefix,
        outstanding=Dong(row.outstanding_dong),
        due=Dong(row.due_dong),
        provider=row.provider,
        public_id=row.public_id,
        options=dict(row.options),
        sealed=row.sealed,
    )
