"""An open notice as someone's order to pay, and what a told story gives back.

Reads the payee from the QR alone, as a parent's phone does. Writes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from msgspec.structs import replace

from kernel.errors import Invalid
from payments.vietqr import decode
from service.synthetic_bank_rows import EventKind, EventRow, InvoiceRow, PartRow, TruthRow


class PayeeMissing(Invalid):
    """The QR of a notice names no account; the fact is ``external_id``."""

    code: ClassVar[str] = "payee_missing"


@dataclass(frozen=True, slots=True)
class Order:
    """An open notice to be paid: what is open (đồng), where to, and its place in the export."""

    invoice: InvoiceRow
    bank_bin: str
    account: str
    position: int

    @property
    def open_dong(self) -> int:
        """Give what is still to be paid, above 0."""
        return self.invoice.due_dong - self.invoice.paid_dong


@dataclass(frozen=True, slots=True)
class Written:
    """An event with its truth, to be sent when the notice at place ``at`` has its turn."""

    at: int
    event: EventRow
    truth: TruthRow


def order_of(invoice: InvoiceRow, qr_payload: str, *, position: int) -> Order:
    """Read the payee from a notice's QR.

    Raises PayeeMissing where it names none, QrMalformed or QrChecksumWrong where it is broken.
    """
    read = decode(qr_payload)
    if read.bank_bin is None or read.account is None:
        raise PayeeMissing("the QR names no account", external_id=invoice.external_id)
    return Order(invoice, read.bank_bin, read.account, position)


def part_of(order: Order, amount: int) -> PartRow:
    """Name what (đồng) belongs on the notice of ``order``."""
    return PartRow(order.invoice.external_id, amount)


def settled(
    order: Order,
    event: EventRow,
    kind: EventKind,
    amount: int,
    *,
    surplus: int = 0,
    at: int | None = None,
) -> Written:
    """Say that ``amount`` belongs on the notice and ``surplus`` (đồng) to its pupil."""
    truth = truth_of(event, kind, "settled", parts=[part_of(order, amount)], order=order)
    place = order.position if at is None else at
    return Written(place, event, replace(truth, credit_dong=surplus))


def truth_of(
    event: EventRow,
    kind: EventKind,
    *outcomes: str,
    parts: Sequence[PartRow] | None = (),
    order: Order | None = None,
    of: str | None = None,
) -> TruthRow:
    """Say which outcomes are right; ``parts`` None means that only the pupil is certain."""
    return TruthRow(
        event_id=event.event_id,
        kind=kind,
        outcomes=list(outcomes),
        allocations=None if parts is None else list(parts),
        credit_dong=None if parts is None else 0,
        student=order and order.invoice.student,
        duplicate_of=of,
        reverses=None,
    )
