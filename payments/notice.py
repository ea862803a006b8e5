"""One notice as the books see it, and how its balance and state move. Pure: no I/O, no clock."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from kernel.money import Dong
from payments.allocation import OpenInvoice
from payments.model import InvoiceState, Topic


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice with what is due and what is still outstanding, both in đồng."""

    school_id: int
    id: int
    account_id: int
    student_id: int
    student_code: str
    school_code: str
    external_id: str
    code: str
    period: date
    due_date: date
    due: Dong
    outstanding: Dong
    state: InvoiceState
    version: int
    paid_at: datetime | None = None

    @property
    def key(self) -> tuple[int, int]:
        """Name the notice: school, then notice; locks are taken in this order."""
        return (self.school_id, self.id)

    @property
    def pupil(self) -> tuple[int, int]:
        """Name the pupil: school, then pupil."""
        return (self.school_id, self.student_id)

    @property
    def open_part(self) -> OpenInvoice | None:
        """Give what can still take money, or None if it is paid, cancelled or replaced."""
        return OpenInvoice(self.id, self.outstanding) if self.state.open else None


def paid_by(notice: Notice, amount: Dong, at: datetime) -> Notice:
    """Lay ``amount`` (đồng, > 0) on an open notice; raises ValueError if it does not fit."""
    if not notice.state.open or not 0 < amount <= notice.outstanding:
        message = f"{amount} does not fit notice {notice.key}"
        raise ValueError(message)
    rest = Dong(notice.outstanding - amount)
    state = InvoiceState.PARTLY_PAID if rest else InvoiceState.PAID
    return replace(
        notice,
        outstanding=rest,
        state=state,
        version=notice.version + 1,
        paid_at=None if rest else at,
    )


def reopened_by(notice: Notice, amount: Dong) -> Notice:
    """Take ``amount`` (đồng, > 0) off a notice again; raises ValueError if it was not on it."""
    rest = notice.outstanding + amount
    closed = notice.state in {InvoiceState.CANCELLED, InvoiceState.REPLACED}
    if closed or not amount > 0 or rest > notice.due:
        message = f"{amount} was not on notice {notice.key}"
        raise ValueError(message)
    state = InvoiceState.ISSUED if rest == notice.due else InvoiceState.PARTLY_PAID
    return replace(
        notice, outstanding=Dong(rest), state=state, version=notice.version + 1, paid_at=None
    )


def cancelled(notice: Notice) -> Notice:
    """Close a notice on which no money lies; raises ValueError otherwise."""
    if notice.state is not InvoiceState.ISSUED:
        message = f"notice {notice.key} is {notice.state}, not issued"
        raise ValueError(message)
    return replace(
        notice, outstanding=Dong(0), state=InvoiceState.CANCELLED, version=notice.version + 1
    )


def topic_of(before: Notice, after: Notice) -> Topic:
    """Say which fact a change of a notice makes true."""
    if after.state is InvoiceState.CANCELLED:
        return Topic.INVOICE_CANCELLED
    if after.outstanding > before.outstanding:
        return Topic.INVOICE_REOPENED
    return Topic.INVOICE_PAID if after.state is InvoiceState.PAID else Topic.INVOICE_PARTLY_PAID
