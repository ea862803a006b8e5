"""Reads one notice as the school sees it and makes its page: lines, money on it, history."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.clock import vietnam_date
from kernel.ids import new_id
from payments import reads_desk, reads_desk_deeds
from payments.banks import bank_name
from payments.model import InvoiceState, TransferKind
from payments.reads_desk import DeskNotice, NoticeMove
from payments.reads_desk_deeds import Cancelled
from payments.reference import memo_text
from reconciliation import reads_desk_history
from service.desk_views import invoice_row
from service.desk_words import MACHINE_NAME, actor_name
from service.formats import dong_text
from service.views import LineView, PaymentView
from service.views_desk import HistoryRow, InvoiceView

METHODS = {
    "noncash": "Chuyển khoản",
    "counter": "Nộp tại quầy ngân hàng",
    "cash": "Tiền mặt",
    "neutral": "Số dư của em",
}
_CLOSED = {InvoiceState.CANCELLED, InvoiceState.REPLACED}

Booked = Mapping[tuple[int, int], tuple[str, datetime]]
"""(account, bank credit) -> the bank's reference and the time it booked."""


async def invoice_view(
    tx: AsyncConnection,
    notice: DeskNotice,
    now: datetime,
    *,
    reason: str = "",
    errors: tuple[str, ...] = (),
) -> InvoiceView:
    """Make the page of a notice; ``reason`` and ``errors`` are of a refused cancel form."""
    lines = await reads_desk.notice_lines(tx, *notice.key)
    moves = await reads_desk.notice_moves(tx, *notice.key)
    pairs = {pair for each in moves if (pair := _pair(each)) is not None}
    booked = await reads_desk_history.references(tx, pairs)
    decided = await reads_desk_history.decisions(tx, pairs)
    cancelled = await reads_desk_deeds.cancelled(tx, *notice.key)
    people = {each.at: each.actor for each in decided} | {each.at: each.actor for each in cancelled}
    return InvoiceView(
        row=invoice_row(notice),
        today=vietnam_date(now),
        lines=tuple(LineView(name, "", amount) for name, amount in lines),
        payments=payments_of(moves, booked),
        history=_history(moves, cancelled, booked, people),
        account=f"{bank_name(notice.bank_bin)} {notice.account_number}",
        memo=memo_text(notice.code, notice.memo_prefix),
        page_url="",
        cancel_key="" if notice.state in _CLOSED else str(new_id()),
        cancel_reason=reason,
        errors=errors,
    )


def _pair(move: NoticeMove) -> tuple[int, int] | None:
    if move.account_id is None or move.bank_credit_id is None:
        return None
    return (move.account_id, move.bank_credit_id)


def payments_of(moves: Sequence[NoticeMove], booked: Booked) -> tuple[PaymentView, ...]:
    """List the money that stands on the notice, oldest first."""
    undone = {each.reverses_id for each in moves}
    standing = [
        each
        for each in moves
        if each.kind is TransferKind.ALLOCATED
        and each.reverses_id is None
        and each.id not in undone
    ]
    return tuple(
        PaymentView(
            received_at=_booked(each, booked)[1],
            amount=each.amount,
            method=METHODS.get(each.method or "", METHODS["noncash"]),
            bank_ref=_booked(each, booked)[0],
        )
        for each in standing
    )


def _booked(move: NoticeMove, booked: Booked) -> tuple[str, datetime]:
    pair = _pair(move)
    return booked.get(pair, ("", move.at)) if pair else ("", move.at)


def _history(
    moves: Sequence[NoticeMove],
    cancelled: Sequence[Cancelled],
    booked: Booked,
    people: Mapping[datetime, str],
) -> tuple[HistoryRow, ...]:
    rows = [_moved(each, booked, people) for each in moves]
    rows += [
        HistoryRow(each.at, actor_name(each.actor), "noted", "hủy phiếu", f"Lý do: {each.reason}")
        for each in cancelled
    ]
    return tuple(sorted(rows, key=lambda row: row.at)[::-1])


def _moved(each: NoticeMove, booked: Booked, people: Mapping[datetime, str]) -> HistoryRow:
    """Tell one transfer; who did it is the one who decided at that very moment."""
    who = actor_name(people.get(each.at, "machine"))
    amount = dong_text(each.amount)
    if each.kind is TransferKind.ISSUED:
        if each.reverses_id is None:
            return HistoryRow(each.at, MACHINE_NAME, "noted", f"phát hành phiếu {amount}")
        return HistoryRow(each.at, who, "reversed", f"rút lại {amount} phải thu")
    reference = _booked(each, booked)[0]
    detail = f"Mã ngân hàng {reference}" if reference else ""
    if each.reverses_id is None:
        return HistoryRow(each.at, who, "assigned", f"ghi {amount} vào phiếu", detail)
    return HistoryRow(each.at, who, "reversed", f"lấy {amount} ra khỏi phiếu", detail)
