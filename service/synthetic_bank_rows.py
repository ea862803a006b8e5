"""The lines read and written when bank events are invented: notices, events, their truth.

Shapes for samples only, in the key order of the event format. The truth is written by whoever
invented the transfer, so it can judge a matcher that knows nothing of it.
"""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

import msgspec

from kernel.errors import Invalid


class NoticeLineUnreadable(Invalid):
    """A line is not one of ``hocphi export invoices``; the facts are ``file`` and ``line``."""

    code: ClassVar[str] = "notice_line_unreadable"


class InvoiceRow(msgspec.Struct, frozen=True):
    """One line of ``hocphi export invoices``."""

    external_id: str
    code: str
    memo: str
    student: str
    school: str
    due_dong: int
    paid_dong: int
    state: str
    pay_url: str | None
    qr_payload: str | None


class EventRow(msgspec.Struct, frozen=True):
    """One canonical bank event."""

    event_id: str
    received_at: str
    provider: str
    provider_txn_id: str
    bank_ref: str | None
    account: str
    virtual_account: str | None
    amount_dong: int
    direction: str
    booked_at: str
    transacted_at: str | None
    payer_account: str | None
    payer_name: str | None
    description: str
    related_bank_ref: str | None
    order_id: str | None
    method: str | None


class EventKind(StrEnum):
    """What a made-up event is."""

    EXACT_CLEAN = "exact_clean"
    EXACT_BANK_TEXT = "exact_bank_text"
    PARTIAL = "partial"
    OVER = "over"
    SPLIT_FIRST = "split_first"
    SPLIT_SECOND = "split_second"
    PAID_AGAIN = "paid_again"
    REDELIVERED = "redelivered"
    SAME_ID_OTHER_CONTENT = "same_id_other_content"
    NO_CODE = "no_code"
    UNKNOWN_CODE = "unknown_code"
    WRONG_ACCOUNT = "wrong_account"
    UNREGISTERED_ACCOUNT = "unregistered_account"
    OUT_UNRELATED = "out_unrelated"
    REVERSAL = "reversal"
    TWO_CODES = "two_codes"


class PartRow(msgspec.Struct, frozen=True):
    """What of an event belongs on one notice (đồng); negative where a reversal takes it back."""

    external_id: str
    amount_dong: int


class TruthRow(msgspec.Struct, frozen=True):
    """What is right for one event.

    ``outcomes`` lists every right outcome, the expected one first. ``allocations`` and
    ``credit_dong`` hold if the outcome is ``settled`` or ``reversal``; null means that only
    ``student``, whose money it is, is certain.
    """

    event_id: str
    kind: EventKind
    outcomes: list[str]
    allocations: list[PartRow] | None
    credit_dong: int | None
    student: str | None
    duplicate_of: str | None
    reverses: str | None


def read_invoices(path: Path) -> Iterator[InvoiceRow]:
    """Yield the lines of an export one by one; raises NoticeLineUnreadable, naming the line."""
    decoder = msgspec.json.Decoder(InvoiceRow)
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                yield decoder.decode(line)
            except msgspec.DecodeError as problem:
                raise NoticeLineUnreadable(
                    f"{path.name}:{number}: {problem}", file=path.name, line=number
                ) from problem
