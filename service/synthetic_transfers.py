"""One invented transfer, or a small story of transfers, for one notice, with its truth.

Every story is told once per notice, so no truth depends on another story. Writes no file.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from zlib import crc32

from msgspec.structs import replace

from service.synthetic_bank_rows import EventKind, EventRow
from service.synthetic_memos import (
    Payer,
    dressed,
    outgoing,
    payer,
    retyped,
    unknown_code,
    without_code,
)
from service.synthetic_orders import Order, Written, part_of, settled, truth_of

STEP_S = 4
"""Seconds between the stories of two notices."""

_DELAY_MAX = 40
_NOBODY = Payer("", "")
_PROVIDERS = ("sepay", "casso", "pay2s")
_DIVISIBLE_MIN = 10_000
_SURPLUS_MAX = 19
"""Thousands of đồng paid too much: too little to equal what another notice asks."""
_METHODS = (*["transfer"] * 16, "wallet", "counter", "unknown", None)
_NO_REF, _NO_PAYER, _NO_TIME, _AFTER_CUT_OFF = 0.05, 0.15, 0.2, 0.03


@dataclass(slots=True)
class Transfers:
    """Tells the stories; remembers which schools each account was seen with."""

    rng: Random
    start: datetime
    sender: Payer = _NOBODY
    schools: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    serial: int = 0

    def meet(self, order: Order) -> None:
        """Remember the account of a notice."""
        self.schools.setdefault(order.account, set()).add(order.invoice.school)

    def strangers(self, order: Order) -> list[str]:
        """List the accounts seen that serve neither this school nor a school on its account."""
        known = self.schools.get(order.account, set()) | {order.invoice.school}
        return [number for number, schools in self.schools.items() if not schools & known]

    def can(self, kind: EventKind, order: Order) -> bool:
        """Tell whether this story can be told of this notice now."""
        if kind in {EventKind.PARTIAL, EventKind.SPLIT_FIRST}:
            return order.open_dong >= _DIVISIBLE_MIN
        return kind is not EventKind.WRONG_ACCOUNT or bool(self.strangers(order))

    def tell(self, kind: EventKind, order: Order) -> list[Written]:
        """Write the events of one story, all from one payer."""
        self.sender = payer(self.rng)
        return _STORIES[kind](self, order)

    def both(self, first: Order, second: Order) -> list[Written]:
        """Pay two notices of one account by one transfer whose memo holds both codes."""
        self.sender = payer(self.rng)
        memo = f"{first.invoice.memo} {second.invoice.code}"
        event = self._event(second, first.open_dong + second.open_dong, self._dressed(second, memo))
        parts = [part_of(first, first.open_dong), part_of(second, second.open_dong)]
        truth = truth_of(event, EventKind.TWO_CODES, "settled", "case", parts=parts)
        return [Written(second.position, event, truth)]

    def clean(self, order: Order) -> list[Written]:
        """Pay exactly, with the memo as scanned."""
        event = self._event(order, order.open_dong, order.invoice.memo)
        return [settled(order, event, EventKind.EXACT_CLEAN, order.open_dong)]

    def exact(self, order: Order) -> list[Written]:
        """Pay exactly; banks put their own text around the memo."""
        event = self._event(order, order.open_dong, self._dressed(order, order.invoice.memo))
        return [settled(order, event, EventKind.EXACT_BANK_TEXT, order.open_dong)]

    def partial(self, order: Order) -> list[Written]:
        """Pay a part."""
        amount = self._some(order)
        event = self._event(order, amount, self._dressed(order, order.invoice.memo))
        return [settled(order, event, EventKind.PARTIAL, amount)]

    def over(self, order: Order) -> list[Written]:
        """Pay a few thousand đồng too much."""
        surplus = (1 + self.rng.randrange(_SURPLUS_MAX)) * 1_000
        text = self._dressed(order, order.invoice.memo)
        event = self._event(order, order.open_dong + surplus, text)
        return [settled(order, event, EventKind.OVER, order.open_dong, surplus=surplus)]

    def split(self, order: Order) -> list[Written]:
        """Pay in two transfers."""
        part = self._some(order)
        first = self._event(order, part, self._dressed(order, order.invoice.memo))
        at, rest = self._later(order), order.open_dong - part
        second = self._event(order, rest, self._dressed(order, order.invoice.memo), at=at)
        return [
            settled(order, first, EventKind.SPLIT_FIRST, part),
            settled(order, second, EventKind.SPLIT_SECOND, rest, at=at),
        ]

    def twice(self, order: Order) -> list[Written]:
        """Pay, and pay all of it again: both transfers are real, the second is the pupil's."""
        first, at = self.exact(order)[0], self._later(order)
        again = self._event(order, order.open_dong, first.event.description, at=at)
        truth = truth_of(again, EventKind.PAID_AGAIN, "settled", parts=None, order=order)
        return [first, Written(at, again, truth)]

    def redelivered(self, order: Order) -> list[Written]:
        """Pay once; the provider tells it twice, word for word."""
        first, at = self.exact(order)[0], self._later(order)
        again = self._repeat(first.event, at)
        truth = truth_of(again, EventKind.REDELIVERED, "duplicate", of=first.event.event_id)
        return [first, Written(at, again, truth)]

    def other_content(self, order: Order) -> list[Written]:
        """Pay once; the provider uses the same id again for another amount."""
        first, at = self.exact(order)[0], self._later(order)
        again = replace(self._repeat(first.event, at), amount_dong=order.open_dong + 1_000)
        kind, earlier = EventKind.SAME_ID_OTHER_CONTENT, first.event.event_id
        truth = truth_of(again, kind, "duplicate", "case", of=earlier)
        return [first, Written(at, again, truth)]

    def no_code(self, order: Order) -> list[Written]:
        """Pay exactly, but without any code or pupil's name."""
        text = without_code(self.rng, sender=self.sender, day=self._moment(order.position))
        event = self._event(order, order.open_dong, text)
        return [Written(order.position, event, truth_of(event, EventKind.NO_CODE, "case"))]

    def unknown_code(self, order: Order) -> list[Written]:
        """Pay with a code that looks right and belongs to nothing."""
        code = unknown_code(self.rng, order.invoice.code)
        memo = order.invoice.memo.replace(order.invoice.code, code)
        event = self._event(order, order.open_dong, self._dressed(order, memo))
        return [Written(order.position, event, truth_of(event, EventKind.UNKNOWN_CODE, "case"))]

    def wrong_account(self, order: Order) -> list[Written]:
        """Pay a right code to the account of another school."""
        account = self.rng.choice(self.strangers(order))
        text = self._dressed(order, order.invoice.memo)
        event = self._event(order, order.open_dong, text, account=account)
        return [Written(order.position, event, truth_of(event, EventKind.WRONG_ACCOUNT, "case"))]

    def unregistered(self, order: Order) -> list[Written]:
        """Pay a right code to an account nobody registered."""
        account = f"9999{self.rng.randrange(10**9):09d}"
        text = self._dressed(order, order.invoice.memo)
        event = self._event(order, order.open_dong, text, account=account)
        kind = EventKind.UNREGISTERED_ACCOUNT
        return [Written(order.position, event, truth_of(event, kind, "ignored"))]

    def going_out(self, order: Order) -> list[Written]:
        """Let money leave the account for another reason; the notice stays unpaid."""
        text = outgoing(self.rng, sender=self.sender, day=self._moment(order.position))
        amount = self.rng.randrange(11, 900) * 1_000
        event = replace(self._event(order, amount, text), direction="out")
        kind = EventKind.OUT_UNRELATED
        return [Written(order.position, event, truth_of(event, kind, "ignored", "case"))]

    def reversal(self, order: Order) -> list[Written]:
        """Pay; later the bank takes the whole transfer back and names it."""
        first, at = self.exact(order)[0], self._later(order)
        paid = replace(first.event, bank_ref=first.event.bank_ref or self._reference())
        back = self._event(order, order.open_dong, f"Hoan tra giao dich {paid.bank_ref}", at=at)
        back = replace(back, direction="out", related_bank_ref=paid.bank_ref)
        parts = [part_of(order, -order.open_dong)]
        truth = truth_of(back, EventKind.REVERSAL, "reversal", parts=parts, order=order)
        return [
            Written(first.at, paid, first.truth),
            Written(at, back, replace(truth, reverses=paid.event_id)),
        ]

    def _event(
        self, order: Order, amount: int, text: str, *, at: int | None = None, account: str = ""
    ) -> EventRow:
        number = account or order.account
        received = self._moment(order.position if at is None else at)
        booked = received - timedelta(seconds=1 + self.rng.randrange(60))
        late = timedelta(hours=9) if self.rng.random() < _AFTER_CUT_OFF else timedelta(0)
        named = self.rng.random() >= _NO_PAYER
        self.serial += 1
        return EventRow(
            event_id=f"MAU-{self.serial:09d}",
            received_at=received.isoformat(),
            provider=_PROVIDERS[crc32(number.encode()) % len(_PROVIDERS)],
            provider_txn_id=str(10_000_000 + self.serial),
            bank_ref=self._reference() if self.rng.random() >= _NO_REF else None,
            account=number,
            virtual_account=None,
            amount_dong=amount,
            direction="in",
            booked_at=booked.isoformat(),
            transacted_at=(booked - late).isoformat() if self.rng.random() >= _NO_TIME else None,
            payer_account=self.sender.account if named else None,
            payer_name=self.sender.name if named else None,
            description=text,
            related_bank_ref=None,
            order_id=None,
            method=self.rng.choice(_METHODS),
        )

    def _repeat(self, event: EventRow, at: int) -> EventRow:
        """Deliver ``event`` again: a new delivery, the same words of the provider."""
        self.serial += 1
        received = self._moment(at).isoformat()
        return replace(event, event_id=f"MAU-{self.serial:09d}", received_at=received)

    def _dressed(self, order: Order, memo: str) -> str:
        return dressed(
            self.rng,
            retyped(self.rng, memo),
            bank_bin=order.bank_bin,
            account=order.account,
            sender=self.sender,
            day=self._moment(order.position),
        )

    def _reference(self) -> str:
        return f"FT{self.start:%y%j}{self.serial:09d}"

    def _moment(self, at: int) -> datetime:
        return self.start + timedelta(seconds=at * STEP_S)

    def _later(self, order: Order) -> int:
        return order.position + 1 + self.rng.randrange(_DELAY_MAX)

    def _some(self, order: Order) -> int:
        """Take 30 to 69 per cent of what is open, in whole thousands."""
        return order.open_dong * (30 + self.rng.randrange(40)) // 100_000 * 1_000


_STORIES: Mapping[EventKind, Callable[[Transfers, Order], list[Written]]] = {
    EventKind.EXACT_CLEAN: Transfers.clean,
    EventKind.EXACT_BANK_TEXT: Transfers.exact,
    EventKind.PARTIAL: Transfers.partial,
    EventKind.OVER: Transfers.over,
    EventKind.SPLIT_FIRST: Transfers.split,
    EventKind.PAID_AGAIN: Transfers.twice,
    EventKind.REDELIVERED: Transfers.redelivered,
    EventKind.SAME_ID_OTHER_CONTENT: Transfers.other_content,
    EventKind.NO_CODE: Transfers.no_code,
    EventKind.UNKNOWN_CODE: Transfers.unknown_code,
    EventKind.WRONG_ACCOUNT: Transfers.wrong_account,
    EventKind.UNREGISTERED_ACCOUNT: Transfers.unregistered,
    EventKind.OUT_UNRELATED: Transfers.going_out,
    EventKind.REVERSAL: Transfers.reversal,
}
