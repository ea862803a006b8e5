"""Seeded bank events for the open notices of an export, and the truth about each.

Writes while it reads: it remembers the accounts seen and a short queue of later events, never all
notices. Asks no matcher what is right. Never real accounts or payers beyond the notices' own.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import ClassVar

import msgspec

from kernel.clock import VIETNAM
from kernel.errors import Invalid
from service.synthetic_bank_rows import EventKind, EventRow, InvoiceRow, TruthRow
from service.synthetic_names import seeded
from service.synthetic_orders import Order, Written, order_of
from service.synthetic_transfers import Transfers

START = datetime(2026, 11, 9, 7, tzinfo=VIETNAM)
"""When the first event arrives, unless the caller says otherwise."""

_OPEN = {"issued", "partly_paid"}
_SHARES = {
    EventKind.EXACT_CLEAN: 415,
    EventKind.EXACT_BANK_TEXT: 380,
    EventKind.PARTIAL: 30,
    EventKind.OVER: 20,
    EventKind.SPLIT_FIRST: 20,
    EventKind.PAID_AGAIN: 10,
    EventKind.REDELIVERED: 25,
    EventKind.SAME_ID_OTHER_CONTENT: 5,
    EventKind.NO_CODE: 40,
    EventKind.UNKNOWN_CODE: 10,
    EventKind.WRONG_ACCOUNT: 5,
    EventKind.UNREGISTERED_ACCOUNT: 3,
    EventKind.OUT_UNRELATED: 10,
    EventKind.REVERSAL: 10,
    EventKind.TWO_CODES: 17,
}
"""Notices of each kind in a thousand; an assumption, not a measurement."""


class EventCountRefused(Invalid):
    """Fewer than no events were asked for; the fact is ``field``."""

    code: ClassVar[str] = "event_count_refused"


@dataclass(frozen=True, slots=True)
class EventFacts:
    """What was written: events in all and by kind, the amounts in đồng that are certain."""

    events: int
    kinds: Mapping[str, int]
    invoices_read: int
    invoices_open: int
    settled_dong: int


def truth_path(out: Path) -> Path:
    """Name the truth file beside ``out``: ``events.jsonl`` has ``events.truth.jsonl``."""
    return out.with_suffix(".truth.jsonl")


def write_events(
    invoices: Iterable[InvoiceRow],
    out: Path,
    *,
    seed: int,
    count: int | None = None,
    start: datetime = START,
) -> EventFacts:
    """Write bank events for ``invoices`` to ``out`` and what is right for each beside it.

    Every open notice with a QR is used once; the first ones show each kind once, the rest follow
    the usual mix. ``count`` is the most events to write. The same arguments give the same bytes.
    Raises EventCountRefused for a negative ``count``, QrMalformed or QrChecksumWrong for a QR that
    cannot be read.
    """
    if count is not None and count < 0:
        raise EventCountRefused("the number of events is 0 or more", field="count")
    source = _Source(invoices)
    kinds: Counter[str] = Counter()
    settled, encoder = 0, msgspec.json.Encoder()
    with out.open("wb") as events, truth_path(out).open("wb") as truths:
        for event, truth in _in_order(source, seed=seed, start=start):
            if kinds.total() == count:
                break
            events.write(encoder.encode(event) + b"\n")
            truths.write(encoder.encode(truth) + b"\n")
            kinds[truth.kind.value] += 1
            settled += _settled_dong(truth)
    return EventFacts(kinds.total(), dict(sorted(kinds.items())), source.read, source.open, settled)


class _Source:
    """The open notices of an export, numbered, and how many were read."""

    def __init__(self, invoices: Iterable[InvoiceRow]) -> None:
        self._invoices = invoices
        self.read = 0
        self.open = 0

    def orders(self) -> Iterator[Order]:
        for invoice in self._invoices:
            self.read += 1
            owed = invoice.state in _OPEN and invoice.due_dong > invoice.paid_dong
            if owed and invoice.qr_payload is not None:
                self.open += 1
                yield order_of(invoice, invoice.qr_payload, position=self.open)


class _Deck:
    """Cards of kinds: first one of each, then shuffled thousands in the usual shares."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._cards = list(reversed(_SHARES))

    def draw(self, can: Callable[[EventKind], bool]) -> EventKind:
        """Take the first card that can be played; the others keep their turn."""
        while True:
            for place in reversed(range(len(self._cards))):
                if can(self._cards[place]):
                    return self._cards.pop(place)
            kept = list(dict.fromkeys(self._cards))
            self._cards = [kind for kind, share in _SHARES.items() for _ in range(share)]
            self._rng.shuffle(self._cards)
            self._cards += kept


def _in_order(
    source: _Source, *, seed: int, start: datetime
) -> Iterator[tuple[EventRow, TruthRow]]:
    """Yield events in the order of their arrival; later ones wait in a short queue."""
    rng = seeded(seed, "events")
    transfers, deck = Transfers(rng, start), _Deck(rng)
    halves: dict[str, Order] = {}
    waiting: list[tuple[int, str, Written]] = []
    for order in source.orders():
        transfers.meet(order)
        _wait(waiting, _story(transfers, deck, halves, order))
        while waiting and waiting[0][0] <= order.position:
            written = heapq.heappop(waiting)[2]
            yield written.event, written.truth
    for order in halves.values():
        alone = replace(order, position=source.open + 1)
        _wait(waiting, transfers.tell(EventKind.EXACT_CLEAN, alone))
    while waiting:
        written = heapq.heappop(waiting)[2]
        yield written.event, written.truth


def _wait(waiting: list[tuple[int, str, Written]], story: Iterable[Written]) -> None:
    for written in story:
        heapq.heappush(waiting, (written.at, written.event.event_id, written))


def _story(
    transfers: Transfers, deck: _Deck, halves: dict[str, Order], order: Order
) -> list[Written]:
    """Tell one story; a notice kept for two codes waits for the next one of its account."""
    half = halves.pop(order.account, None)
    if half is not None:
        return transfers.both(half, order)
    kind = deck.draw(lambda kind: transfers.can(kind, order))
    if kind is EventKind.TWO_CODES:
        halves[order.account] = order
        return []
    return transfers.tell(kind, order)


def _settled_dong(truth: TruthRow) -> int:
    """Sum what an event surely lays on notices and credit (đồng)."""
    if truth.outcomes != ["settled"]:
        return 0
    return (truth.credit_dong or 0) + sum(part.amount_dong for part in truth.allocations or ())
