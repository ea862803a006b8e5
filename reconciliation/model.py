"""Records and words of reconciliation: what a bank told us, what we made of it. No I/O."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from kernel.money import Dong

CreditId = NewType("CreditId", int)
AccountId = NewType("AccountId", int)


class Direction(StrEnum):
    """Whether money came to the account or left it."""

    IN = "in"
    OUT = "out"


class Method(StrEnum):
    """How the payer moved the money, where the bank says so."""

    TRANSFER = "transfer"
    COUNTER = "counter"
    CARD = "card"
    WALLET = "wallet"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class BankEvent:
    """One movement on one account, as every adapter tells it (the canonical bank event).

    ``amount`` is in đồng and above 0 in both directions; times are aware UTC.
    The identity is (account, provider, provider_txn_id); ``bank_ref`` is not unique.
    """

    provider: str
    provider_txn_id: str
    account: str
    amount: Dong
    direction: Direction
    booked_at: datetime
    description: str
    bank_ref: str | None = None
    virtual_account: str | None = None
    transacted_at: datetime | None = None
    payer_account: str | None = None
    payer_name: str | None = None
    related_bank_ref: str | None = None
    order_id: str | None = None
    method: Method = Method.UNKNOWN


class Action(StrEnum):
    """What was done with a credit."""

    SETTLED = "settled"
    CASE = "case"
    REVERSAL = "reversal"
    IGNORED = "ignored"


class Reason(StrEnum):
    """Why money waits for a person, or was left aside."""

    NO_CODE = "no_code"
    UNKNOWN_CODE = "unknown_code"
    SEVERAL_CODES = "several_codes"
    OTHER_ACCOUNT = "other_account"
    UNDONE_BY_PERSON = "undone_by_person"
    MONEY_OUT = "money_out"
    REVERSAL_UNKNOWN = "reversal_unknown"
    REVERSAL_BLOCKED = "reversal_blocked"
    FAILED_THRICE = "failed_thrice"


@dataclass(frozen=True, slots=True)
class Credit:
    """A kept bank movement as the matcher sees it; ``amount`` in đồng, always above 0."""

    account_id: int
    id: int
    amount: Dong
    direction: Direction
    description: str
    booked_at: datetime
    method: Method = Method.UNKNOWN
    bank_ref: str | None = None
    related_bank_ref: str | None = None


@dataclass(frozen=True, slots=True)
class CodeOwner:
    """Where a payment code belongs."""

    code: str
    account_id: int
    school_id: int
    invoice_id: int


@dataclass(frozen=True, slots=True)
class NoticePart:
    """``amount`` (đồng) of a credit for one notice (school, notice)."""

    notice: tuple[int, int]
    amount: Dong


@dataclass(frozen=True, slots=True)
class PupilPart:
    """``amount`` (đồng) of a credit kept for one pupil (school, pupil)."""

    pupil: tuple[int, int]
    amount: Dong


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Where an undecided credit may belong; ``student`` is a pupil code, or None if unseen."""

    student: str | None
    code: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with one credit, and why. For ``settled`` the parts sum to its amount."""

    action: Action
    evidence: tuple[str, ...]
    reason: Reason | None = None
    notices: tuple[NoticePart, ...] = ()
    pupils: tuple[PupilPart, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    policy: str = ""
