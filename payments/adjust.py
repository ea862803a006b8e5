"""Takes a notice back: money that lies on it goes to its pupil, its issue and charges are undone.

Everything is a new row that turns an old one around; no row of money is changed or deleted.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from kernel import audit
from kernel.errors import Conflict, Invalid, NotFound
from kernel.money import Dong
from payments import ledger, reads_desk, reads_ledger, reads_notices
from payments.model import InvoiceState, Transfer, TransferKind, fee_item, round_control
from payments.notice import Notice, cancelled
from payments.reads_desk import ItemSum
from payments.reads_desk_deeds import CANCEL_DEED, notice_subject
from payments.reads_ledger import KeptTransfer
from payments.settlement import Source, Work, close_work, open_work


class NoticeUnknown(NotFound):
    """There is no such notice, or none that this desk may see."""

    code = "notice_unknown"


class NoticeClosed(Conflict):
    """The notice is cancelled or replaced already."""

    code = "notice_closed"


async def cancel(
    tx: AsyncConnection,
    school_id: int,
    invoice_id: int,
    *,
    reason: str,
    actor: str,
    now: datetime,
) -> Dong:
    """Cancel a notice, paid or not; give the đồng that went from it to the pupil's credit.

    Each allocation is taken off and kept for the pupil under the same bank credit, so that an undo
    of that credit still finds it. Raises Invalid without a reason, NoticeUnknown, NoticeClosed.
    """
    if not reason.strip():
        raise Invalid("a cancelling needs a reason", field="reason", rule="not empty")
    found = await reads_notices.lock_notices(tx, [(school_id, invoice_id)])
    if not found:
        raise NoticeUnknown("no such notice")
    notice = found[0]
    if notice.state in {InvoiceState.CANCELLED, InvoiceState.REPLACED}:
        raise NoticeClosed("this notice is closed already", state=notice.state.value)
    kinds = (TransferKind.ALLOCATED, TransferKind.ISSUED)
    standing = await reads_ledger.standing_of_invoice(tx, school_id, invoice_id, kinds)
    work = await open_work(tx, [notice], [], now)
    moved = _to_pupil(work, notice, standing)
    work.turn(cancelled(_issued(work.notices[notice.key])))
    items = await reads_desk.item_sums(tx, school_id, invoice_id)
    await close_work(tx, work, _taken_back(notice, standing, items, now))
    subject = notice_subject(school_id, invoice_id)
    deed = audit.Deed(actor, CANCEL_DEED, subject, now, school_id=school_id)
    await audit.record(tx, deed, reason=reason.strip(), moved_dong=moved)
    return moved


def _to_pupil(work: Work, notice: Notice, standing: Sequence[KeptTransfer]) -> Dong:
    """Move what lies on the notice to its pupil, allocation by allocation; give the sum."""
    laid = [each for each in standing if each.transfer.kind is TransferKind.ALLOCATED]
    for each in laid:
        work.take_off(each)
        work.keep(_source_of(each), notice.pupil, each.transfer.amount)
    return Dong(sum(each.transfer.amount for each in laid))


def _source_of(kept: KeptTransfer) -> Source:
    laid = kept.transfer
    assert laid.account_id is not None
    assert laid.bank_credit_id is not None
    assert laid.value_on is not None
    assert laid.method is not None
    return Source(
        account_id=laid.account_id,
        credit_id=laid.bank_credit_id,
        deed=f"cancel:{kept.id}",
        value_on=laid.value_on,
        booked_at=laid.at,
        method=laid.method,
    )


def _issued(notice: Notice) -> Notice:
    """See a notice of 0 đồng, which is paid from its first day, as one that nothing lies on."""
    return notice if notice.due else replace(notice, state=InvoiceState.ISSUED)


def _taken_back(
    notice: Notice, standing: Sequence[KeptTransfer], items: Sequence[ItemSum], now: datetime
) -> list[Transfer]:
    """Undo the issue of the notice, and its own part of what its round has charged."""
    issues = [each for each in standing if each.transfer.kind is TransferKind.ISSUED]
    return [
        *(ledger.reversal(each, at=now) for each in issues),
        *(_uncharged(notice, each, now) for each in items if each.amount),
    ]


def _uncharged(notice: Notice, item: ItemSum, now: datetime) -> Transfer:
    """Take one notice's part of a fee item out of the round's charge, which has one row for all."""
    charged, control = (
        fee_item(notice.school_id, item.fee_item_id),
        round_control(notice.school_id, item.round_id),
    )
    debit, credit = (charged, control) if item.amount > 0 else (control, charged)
    return Transfer(
        debit=debit,
        credit=credit,
        amount=Dong(abs(item.amount)),
        kind=TransferKind.CHARGED,
        reference=f"uncharge:{notice.school_id}:{notice.id}:{item.fee_item_id}",
        at=now,
        school_id=notice.school_id,
        invoice_id=notice.id,
        round_id=item.round_id,
        fee_item_id=item.fee_item_id,
        period=notice.period,
    )
