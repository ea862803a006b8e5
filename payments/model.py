"""Words and records of what is owed and paid. No I/O, no rule."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NewType

from kernel.money import Dong

InvoiceId = NewType("InvoiceId", int)
SchoolId = NewType("SchoolId", int)
StudentId = NewType("StudentId", int)


class InvoiceState(StrEnum):
    """Where a notice stands; the words people see are in service/formats.py."""

    ISSUED = "issued"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    CANCELLED = "cancelled"
    REPLACED = "replaced"

    @property
    def open(self) -> bool:
        """Whether money can still be laid on it."""
        return self in {InvoiceState.ISSUED, InvoiceState.PARTLY_PAID}


class LedgerKind(StrEnum):
    """What a ledger account is for; bank and suspense belong to the receiving account."""

    BANK = "bank"
    SUSPENSE = "suspense"
    RECEIVABLE = "receivable"
    PUPIL_CREDIT = "pupil_credit"
    ROUND_CONTROL = "round_control"
    FEE_ITEM = "fee_item"


class TransferKind(StrEnum):
    """Why money moved in the books."""

    ISSUED = "issued"
    """receivable <- round control, once per notice"""
    CHARGED = "charged"
    """round control <- fee item, once per round and fee item (or turned, where it is negative)"""
    RECEIVED = "received"
    """bank <- suspense, once per bank credit"""
    ALLOCATED = "allocated"
    """suspense <- receivable: money of a credit laid on a notice"""
    CREDITED = "credited"
    """suspense <- pupil credit: money of a credit kept for the pupil"""


class MethodClass(StrEnum):
    """How a payment counts in the rates."""

    CASH = "cash"
    NONCASH = "noncash"
    COUNTER = "counter"
    NEUTRAL = "neutral"


class Topic(StrEnum):
    """Facts told to contact books and dashboards."""

    INVOICE_ISSUED = "invoice.issued"
    INVOICE_PAID = "invoice.paid"
    INVOICE_PARTLY_PAID = "invoice.partly_paid"
    INVOICE_REOPENED = "invoice.reopened"
    INVOICE_CANCELLED = "invoice.cancelled"


@dataclass(frozen=True, slots=True)
class LedgerAccount:
    """One account of the ledger, by what it is for and whose it is."""

    kind: LedgerKind
    account_id: int | None = None
    school_id: int | None = None
    round_id: int | None = None
    fee_item_id: int | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """One movement in the books: ``amount`` (đồng, > 0) from ``credit`` to ``debit``.

    ``reference`` is unique: recording it twice is refused. ``reverses_id`` names the transfer
    that this one undoes; it has the same amount with the sides turned.
    """

    debit: LedgerAccount
    credit: LedgerAccount
    amount: Dong
    kind: TransferKind
    reference: str
    at: datetime
    reverses_id: int | None = None
    account_id: int | None = None
    school_id: int | None = None
    invoice_id: int | None = None
    student_id: int | None = None
    bank_credit_id: int | None = None
    round_id: int | None = None
    fee_item_id: int | None = None
    period: date | None = None
    value_on: date | None = None
    method: MethodClass | None = None


def bank(account_id: int) -> LedgerAccount:
    """Name the bank side of a receiving account."""
    return LedgerAccount(LedgerKind.BANK, account_id=account_id)


def suspense(account_id: int) -> LedgerAccount:
    """Name the money of a receiving account that waits for a decision."""
    return LedgerAccount(LedgerKind.SUSPENSE, account_id=account_id)


def receivable(school_id: int) -> LedgerAccount:
    """Name what is owed to a school."""
    return LedgerAccount(LedgerKind.RECEIVABLE, school_id=school_id)


def pupil_credit(school_id: int) -> LedgerAccount:
    """Name what a school keeps for its pupils."""
    return LedgerAccount(LedgerKind.PUPIL_CREDIT, school_id=school_id)


def round_control(school_id: int, round_id: int) -> LedgerAccount:
    """Name the control account of a round; its balance is 0 or the books are wrong."""
    return LedgerAccount(LedgerKind.ROUND_CONTROL, school_id=school_id, round_id=round_id)


def fee_item(school_id: int, fee_item_id: int) -> LedgerAccount:
    """Name what a school has charged for a fee item."""
    return LedgerAccount(LedgerKind.FEE_ITEM, school_id=school_id, fee_item_id=fee_item_id)
