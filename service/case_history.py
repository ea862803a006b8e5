"""Tells what happened to one credit, newest first: told, decided, written down, undone. Pure."""

from collections.abc import Sequence

from payments.model import TransferKind
from payments.reads_desk import NoticeMove
from reconciliation.reads_desk import Decided, DeskCredit
from reconciliation.reads_desk_history import Note
from service.desk_views import Named, split_text
from service.desk_words import MACHINE_NAME, actor_name, evidence_of, reason_of, title_of
from service.formats import dong_text
from service.views_desk import HistoryRow

UNTOUCHED = "Không phiếu nào khác bị đụng."
ACCOUNTANT = "Kế toán"


def history_of(
    credit: DeskCredit,
    decided: Sequence[Decided],
    moves: Sequence[NoticeMove],
    notes: Sequence[Note],
    named: Named,
) -> tuple[HistoryRow, ...]:
    """Tell the whole history of a credit; rows of one moment stay in their order."""
    rows = [
        HistoryRow(
            credit.received_at,
            MACHINE_NAME,
            "received",
            f"nhận tin báo {dong_text(credit.amount)}",
            f"Mã ngân hàng {credit.bank_ref}" if credit.bank_ref else "",
        ),
        *(_decided(each, named) for each in decided),
        *(row for each in moves for row in _moved(each)),
        *(HistoryRow(each.at, actor_name(each.actor), "noted", each.text) for each in notes),
    ]
    return tuple(sorted(rows, key=lambda row: row.at)[::-1])


def _decided(each: Decided, named: Named) -> HistoryRow:
    who = actor_name(each.actor)
    told = "; ".join(one.text for one in evidence_of(each.evidence))
    if each.action == "settled":
        return HistoryRow(each.at, who, "assigned", f"ghi {split_text(each, named)}", told)
    if each.reason == "undone_by_person":
        return HistoryRow(each.at, who, "reversed", "đảo lần ghi", f"{told}. {UNTOUCHED}")
    if each.action == "case":
        return HistoryRow(
            each.at, who, "suspended", f"để vào tiền treo: {title_of(each.reason)}", told
        )
    if each.action == "reversal":
        return HistoryRow(each.at, who, "reversed", "đảo khoản mà ngân hàng rút lại", told)
    return HistoryRow(each.at, who, "noted", f"bỏ qua: {reason_of(each.reason)}")


def _moved(each: NoticeMove) -> list[HistoryRow]:
    """Tell what no decision tells: money of a cancelled notice, and the bank taking it back."""
    if each.kind is TransferKind.CREDITED and each.reference.startswith("cancel:"):
        text = f"hủy phiếu, {dong_text(each.amount)} thành số dư của em"
        return [HistoryRow(each.at, ACCOUNTANT, "reversed", text, UNTOUCHED)]
    if each.kind is TransferKind.RECEIVED and each.reverses_id is not None:
        text = f"ngân hàng rút lại {dong_text(each.amount)}"
        return [HistoryRow(each.at, MACHINE_NAME, "reversed", text)]
    return []
