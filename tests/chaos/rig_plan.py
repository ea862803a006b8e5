"""What the banks of a chaos run tell: a fixed plan by seed, whose end is the same in any order.

The truth beside it is told by whoever wrote the plan, so it can judge books that know nothing of
it. Nothing is sent from here.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from random import Random

from payments.reference import CodeBook
from payments.vietqr import decode
from service.synthetic_bank_rows import InvoiceRow

BOOKED_AT = datetime(2026, 11, 20, 2, 30, tzinfo=UTC)
STEP = 1_000
FOREIGN_BOOK = CodeBook(prefix="HPX", key=b"\x11" * 32)
"""Codes that read well and belong to nobody of the run."""


class Kind(StrEnum):
    """What the payers of one notice do."""

    EXACT = "exact"
    BELOW = "below"
    PARTS = "parts"
    OVER = "over"
    TWICE = "twice"
    UNKNOWN_CODE = "unknown_code"
    NO_CODE = "no_code"
    TWO_CODES = "two_codes"
    OTHER_ACCOUNT = "other_account"


SHARES = {
    Kind.EXACT: 20,
    Kind.BELOW: 26,
    Kind.PARTS: 20,
    Kind.OVER: 10,
    Kind.TWICE: 10,
    Kind.UNKNOWN_CODE: 4,
    Kind.NO_CODE: 4,
    Kind.TWO_CODES: 3,
    Kind.OTHER_ACCOUNT: 3,
}

CASES = {Kind.UNKNOWN_CODE, Kind.NO_CODE, Kind.TWO_CODES, Kind.OTHER_ACCOUNT}


@dataclass(frozen=True, slots=True)
class Told:
    """One transaction as its bank tells it. Those of one ``group`` may change places."""

    txn: str
    group: str
    account: str
    amount: int
    memo: str
    again: bool


@dataclass(slots=True)
class Plan:
    """All transactions of a run in their order, and what is right in the end."""

    told: list[Told] = field(default_factory=list[Told])
    paid: Counter[str] = field(default_factory=Counter[str])
    """Notice (external id) -> đồng laid on it."""
    kept: Counter[str] = field(default_factory=Counter[str])
    """Pupil -> đồng kept as credit."""
    suspended: Counter[str] = field(default_factory=Counter[str])
    """Account -> đồng of cases."""


@dataclass(frozen=True, slots=True)
class _Payable:
    """An open notice, the account that its QR names, and a notice of another account."""

    row: InvoiceRow
    account: str
    stranger: InvoiceRow


def make_plan(rows: Sequence[InvoiceRow], *, seed: int) -> Plan:
    """Draw a plan: one kind of payer a notice, one notice a pupil, all shuffled, a tenth again."""
    rng = Random(seed)
    plan = Plan()
    drawn: list[tuple[str, str, int, str]] = []
    for payable in _payables(rows, rng):
        kind = rng.choices(list(SHARES), list(SHARES.values()))[0]
        drawn += _payers(kind, payable, plan, rng)
    rng.shuffle(drawn)
    plan.told = [
        Told(str(1_000_000 + place), group, account, amount, memo, again=rng.random() < 0.1)
        for place, (group, account, amount, memo) in enumerate(drawn)
    ]
    return plan


def _payables(rows: Sequence[InvoiceRow], rng: Random) -> Iterator[_Payable]:
    by_account: dict[str, list[InvoiceRow]] = {}
    firsts: dict[str, InvoiceRow] = {}
    for row in rows:
        if row.qr_payload is not None and row.due_dong >= 20 * STEP:
            firsts.setdefault(row.student, row)
    for row in firsts.values():
        by_account.setdefault(_account(row), []).append(row)
    assert len(by_account) > 1, "the plan needs notices of several accounts"
    for row in firsts.values():
        other = rng.choice([each for each in by_account if each != _account(row)])
        yield _Payable(row, _account(row), rng.choice(by_account[other]))


def _account(row: InvoiceRow) -> str:
    assert row.qr_payload is not None
    return decode(row.qr_payload).account or ""


def _payers(
    kind: Kind, payable: _Payable, plan: Plan, rng: Random
) -> list[tuple[str, str, int, str]]:
    """Draw (group, account, amount, memo) of each transfer, and note where its money belongs."""
    row, account = payable.row, payable.account
    amounts = _amounts(kind, row.due_dong, rng)
    if kind in CASES:
        memo = _unclear(kind, payable, rng)
        plan.suspended[account] += sum(amounts)
    else:
        memo, laid = row.memo, min(row.due_dong, sum(amounts))
        plan.paid[row.external_id] += laid
        plan.kept[row.student] += sum(amounts) - laid
    return [(f"{kind}:{row.external_id}", account, amount, memo) for amount in amounts]


def _amounts(kind: Kind, due: int, rng: Random) -> list[int]:
    match kind:
        case Kind.BELOW:
            return _distinct(due - STEP, rng)
        case Kind.PARTS:
            count = rng.choice([n for n in (1, 2, 3, 4, 5) if due % n == 0])
            return [due // count] * count
        case Kind.OVER:
            return [due + STEP * rng.randint(1, 90) + 7]  # fits no other notice
        case Kind.TWICE:
            return [due] * rng.randint(2, 3)
        case _:
            return [due]


def _unclear(kind: Kind, payable: _Payable, rng: Random) -> str:
    """Draw a memo that only a person may decide."""
    match kind:
        case Kind.UNKNOWN_CODE:
            return FOREIGN_BOOK.make(rng.randint(1, 10**6))
        case Kind.TWO_CODES:
            return f"{payable.row.code} {payable.stranger.code}"
        case Kind.OTHER_ACCOUNT:
            return payable.stranger.memo
        case _:
            return rng.choice(["nop tien an ban tru", "chuyen khoan", "me be Na gui co giao"])


def _distinct(total: int, rng: Random) -> list[int]:
    """Draw three to six different amounts that stay below ``total`` together."""
    count = rng.randint(3, 6)
    cuts = sorted(rng.sample(range(1, total), count))
    amounts = {right - left for left, right in pairwise([0, *cuts])}
    return sorted(amounts)
