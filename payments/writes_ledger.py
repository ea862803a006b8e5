"""Writes of the ledger: rows are added, none is changed. Called by payments/ledger.py only."""

from collections.abc import Mapping, Sequence

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.db import raw_connection
from payments.model import LedgerAccount, Transfer
from payments.tables_ledger import ledger_accounts


async def add_accounts(tx: AsyncConnection, missing: Sequence[LedgerAccount]) -> None:
    """Add ledger accounts; one that another transaction added first stays as it is."""
    rows = [
        {
            "kind": each.kind.value,
            "account_id": each.account_id,
            "school_id": each.school_id,
            "round_id": each.round_id,
            "fee_item_id": each.fee_item_id,
        }
        for each in missing
    ]
    await tx.execute(insert(ledger_accounts).on_conflict_do_nothing(), rows)


async def add_transfers(
    tx: AsyncConnection, added: Sequence[Transfer], ids: Mapping[LedgerAccount, int]
) -> int:
    """Add transfers in one statement; give how many were new (a known reference is left out)."""
    columns = zip(*(_values(each, ids) for each in added), strict=True)
    driver = await raw_connection(tx)
    return len(await driver.fetch(_ADD, *(list(column) for column in columns)))


def _values(each: Transfer, ids: Mapping[LedgerAccount, int]) -> tuple[object, ...]:
    return (
        ids[each.debit],
        ids[each.credit],
        each.amount,
        each.kind.value,
        each.reference,
        each.reverses_id,
        each.account_id,
        each.school_id,
        each.invoice_id,
        each.student_id,
        each.bank_credit_id,
        each.round_id,
        each.fee_item_id,
        each.period,
        each.value_on,
        each.method.value if each.method else None,
        each.at,
    )


_ADD = """
insert into transfer (debit_id, credit_id, amount_dong, kind, reference, reverses_id, account_id,
                      school_id, invoice_id, student_id, bank_credit_id, round_id, fee_item_id,
                      period, value_on, method, at)
select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::bigint[],
                     $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[],
                     $12::bigint[], $13::bigint[], $14::date[], $15::date[], $16::text[],
                     $17::timestamptz[])
on conflict (reference) do nothing
returning id
"""
