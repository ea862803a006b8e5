"""Reads one line of a file of canonical bank events, strictly; names field and rule of a bad one.

Fields that may be null may also be left out; unknown fields are refused. Never opens a file, never
asks whether the account is ours.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any, cast

import msgspec
from msgspec import Meta

from kernel.money import DONG_MAX, Dong
from payments.bundle_lines import BundleFile, Problem, read_line
from payments.bundle_rows import MOMENT_YEARS, Fault, ReadLine, Terms
from payments.bundle_shapes import Moment, Shape
from reconciliation.model import BankEvent, Direction, Method

LINE_BYTES_MAX = 1 << 16

Key = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        pattern=r"\A[^\x00-\x1f\x7f]+\Z",
        description="must be text of 1 to 200 characters without control characters",
    ),
]
Free = Annotated[
    str,
    Meta(
        max_length=2_000,
        pattern=r"\A[^\x00]*\Z",
        description="must be text of at most 2000 characters without NUL",
    ),
]
Positive = Annotated[
    int, Meta(ge=1, le=DONG_MAX, description="must be a whole number of dong, 1 or more")
]
Way = Annotated[Direction, Meta(description="must be in or out")]
How = Annotated[Method, Meta(description="must be one of transfer, counter, card, wallet, unknown")]


class EventLine(Shape, frozen=True):
    """One canonical bank event as a file tells it."""

    event_id: Key
    received_at: Moment
    provider: Key
    provider_txn_id: Key
    account: Key
    amount_dong: Positive
    direction: Way
    booked_at: Moment
    description: Free
    bank_ref: Key | None = None
    virtual_account: Key | None = None
    transacted_at: Moment | None = None
    payer_account: Free | None = None
    payer_name: Free | None = None
    related_bank_ref: Key | None = None
    order_id: Key | None = None
    method: How | None = None


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """One event of a file: its line number, its own id, what it says, and the line itself."""

    line: int
    event_id: str
    received_at: datetime
    event: BankEvent
    raw: str


def _faults(line: EventLine, _: Terms) -> Iterator[Fault]:
    for field in ("received_at", "booked_at", "transacted_at"):
        moment: datetime | None = getattr(line, field)
        if moment is not None and moment.year not in MOMENT_YEARS:
            yield field, f"must lie in {MOMENT_YEARS.start} to {MOMENT_YEARS.stop - 1}"


_FILE = BundleFile(
    name="events",
    table="",
    shape=EventLine,
    key=("event_id",),
    faults=_faults,
    rows=lambda _, line: ReadLine((line,)),
    decoder=msgspec.json.Decoder[Any](EventLine),
)
_TERMS = Terms(sample_code="")


def read_event(name: str, number: int, raw: bytes) -> ToldEvent | tuple[Problem, ...]:
    """Read line ``number`` of the file ``name``; give the event, or every problem it shows."""
    if len(raw) > LINE_BYTES_MAX:
        return (Problem(name, number, "", f"is longer than {LINE_BYTES_MAX} bytes"),)
    read = read_line(replace(_FILE, name=name), number, raw, _TERMS)
    if not isinstance(read, ReadLine):
        return read
    twice = sorted(_keys_told_twice(raw))
    if twice:
        return tuple(Problem(name, number, field, "stands twice on the line") for field in twice)
    line = cast("EventLine", read.row[0])
    return ToldEvent(number, line.event_id, _utc(line.received_at), _event(line), raw.decode())


def _keys_told_twice(raw: bytes) -> set[str]:
    """Find fields that a line tells more than once: readers differ on which of them counts."""
    pairs: list[tuple[str, object]] = json.loads(raw, object_pairs_hook=list)
    keys = [key for key, _ in pairs]
    return {key for key in keys if keys.count(key) > 1} if len(set(keys)) < len(keys) else set()


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _event(line: EventLine) -> BankEvent:
    return BankEvent(
        provider=line.provider,
        provider_txn_id=line.provider_txn_id,
        account=line.account,
        amount=Dong(line.amount_dong),
        direction=line.direction,
        booked_at=_utc(line.booked_at),
        description=line.description,
        bank_ref=line.bank_ref,
        virtual_account=line.virtual_account,
        transacted_at=_utc(line.transacted_at) if line.transacted_at else None,
        payer_account=line.payer_account,
        payer_name=line.payer_name,
        related_bank_ref=line.related_bank_ref,
        order_id=line.order_id,
        method=line.method or Method.UNKNOWN,
    )
