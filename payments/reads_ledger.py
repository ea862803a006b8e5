"""Reads of the ledger: accounts by what they are for, transfers that still stand."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, RowMapping, Select, and_, exists, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.money import Dong
from payments.model import LedgerAccount, LedgerKind, MethodClass, Transfer, TransferKind
from payments.tables_ledger import ledger_accounts, transfers


@dataclass(frozen=True, slots=True)
class KeptTransfer:
    """A transfer as it stands in the books, with its id."""

    id: int
    transfer: Transfer


async def account_ids(
    tx: AsyncConnection, sides: Collection[LedgerAccount]
) -> dict[LedgerAccount, int]:
    """Find the ids of ledger accounts; those that do not exist yet are absent."""
    table = ledger_accounts
    by_account = {side.account_id for side in sides if side.account_id is not None}
    by_school = {side.school_id for side in sides if side.school_id is not None}
    rows = await tx.execute(
        select(table).where(
            table.c.kind.in_({side.kind.value for side in sides}),
            or_(table.c.account_id.in_(by_account), table.c.school_id.in_(by_school)),
        )
    )
    found = {_ledger_account(row): int(row.id) for row in rows}
    return {side: found[side] for side in sides if side in found}


def _ledger_account(row: Row[Any]) -> LedgerAccount:
    return LedgerAccount(
        LedgerKind(row.kind), row.account_id, row.school_id, row.round_id, row.fee_item_id
    )


_debit = ledger_accounts.alias("debit_side")
_credit = ledger_accounts.alias("credit_side")
_counter = transfers.alias("counter")


def _standing() -> Select[Any]:
    """Select transfers that are not reversals and are not reversed."""
    sides = [
        column.label(f"{name}_{column.name}")
        for name, side in (("debit", _debit), ("credit", _credit))
        for column in side.c
    ]
    return (
        select(transfers, *sides)
        .join(_debit, transfers.c.debit_id == _debit.c.id)
        .join(_credit, transfers.c.credit_id == _credit.c.id)
        .where(
            transfers.c.reverses_id.is_(None),
            ~exists().where(_counter.c.reverses_id == transfers.c.id),
        )
        .order_by(transfers.c.id)
    )


def _side(found: RowMapping, name: str) -> LedgerAccount:
    return LedgerAccount(
        LedgerKind(found[f"{name}_kind"]),
        found[f"{name}_account_id"],
        found[f"{name}_school_id"],
        found[f"{name}_round_id"],
        found[f"{name}_fee_item_id"],
    )


def _kept(row: RowMapping) -> KeptTransfer:
    return KeptTransfer(
        row["id"],
        Transfer(
            debit=_side(row, "debit"),
            credit=_side(row, "credit"),
            amount=Dong(row["amount_dong"]),
            kind=TransferKind(row["kind"]),
            reference=row["reference"],
            at=row["at"],
            account_id=row["account_id"],
            school_id=row["school_id"],
            invoice_id=row["invoice_id"],
            student_id=row["student_id"],
            bank_credit_id=row["bank_credit_id"],
            round_id=row["round_id"],
            fee_item_id=row["fee_item_id"],
            period=row["period"],
            value_on=row["value_on"],
            method=MethodClass(row["method"]) if row["method"] else None,
        ),
    )


async def standing_of_credits(
    tx: AsyncConnection, pairs: Sequence[tuple[int, int]], kinds: Collection[TransferKind]
) -> list[KeptTransfer]:
    """Read the transfers of (account, bank credit) that still stand, in order of recording."""
    rows = await tx.execute(
        _standing().where(
            tuple_(transfers.c.account_id, transfers.c.bank_credit_id).in_(pairs),
            transfers.c.kind.in_([kind.value for kind in kinds]),
        )
    )
    return [_kept(row) for row in rows.mappings()]


async def standing_of_invoice(
    tx: AsyncConnection, school_id: int, invoice_id: int, kinds: Collection[TransferKind]
) -> list[KeptTransfer]:
    """Read the transfers of one notice that still stand, in order of recording."""
    rows = await tx.execute(
        _standing().where(
            and_(transfers.c.school_id == school_id, transfers.c.invoice_id == invoice_id),
            transfers.c.kind.in_([kind.value for kind in kinds]),
        )
    )
    return [_kept(row) for row in rows.mappings()]
