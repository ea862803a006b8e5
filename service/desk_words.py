"""What the desk says in Vietnamese of the words that reconciliation keeps. Pure; no amounts read.

The words kept in the database stay English and short; a word without a sentence is shown as it is.
"""

from kernel.errors import DomainError
from kernel.money import dotted
from service.formats import NO_BREAK
from service.views_case import EvidenceView

MACHINE_NAME = "Máy"

TITLES = {
    "no_code": "không có mã phiếu",
    "unknown_code": "mã không của phiếu nào",
    "several_codes": "nhiều mã trong một lần chuyển",
    "other_account": "mã của tài khoản khác",
    "undone_by_person": "đã đảo, chờ phân bổ lại",
    "money_out": "tiền ra khỏi tài khoản",
    "reversal_unknown": "ngân hàng đảo, không rõ giao dịch nào",
    "reversal_blocked": "ngân hàng đảo, nhưng tiền đã dùng",
    "failed_thrice": "máy thử ba lần không được",
}

REASONS = {
    "no_code": "Nội dung không có mã phiếu nào, nên máy không biết tiền của em nào.",
    "unknown_code": "Nội dung có mã viết đúng cách, nhưng không phiếu nào mang mã đó.",
    "several_codes": "Nội dung có nhiều mã phiếu, nên máy không tự chia.",
    "other_account": "Mã trong nội dung là của phiếu thu qua tài khoản khác, nên máy không tự ghi.",
    "undone_by_person": "Lần ghi trước đã được đảo, nên tiền chờ phân bổ lại.",
    "money_out": "Tiền ra khỏi tài khoản, không phải tiền nộp.",
    "reversal_unknown": "Ngân hàng báo đảo, nhưng không rõ đảo giao dịch nào.",
    "reversal_blocked": "Ngân hàng báo đảo, nhưng số dư từ khoản ấy đã được dùng.",
    "failed_thrice": "Máy thử ba lần không ghi được, nên cần người xem.",
}

_EVIDENCE = {
    "exact_code": ("for", "Mã {} đúng từng ký tự"),
    "amount_equal": ("for", "Số tiền đúng bằng phần còn phải nộp"),
    "amount_below": ("missing", "Số tiền ít hơn phần còn phải nộp"),
    "amount_above": ("missing", "Số tiền nhiều hơn phần còn phải nộp"),
    "rest_fits_other_notice": ("for", "Phần thừa vừa đúng phiếu khác của em"),
    "kept_for_pupil": ("missing", "Thừa {}, thành số dư của em"),
    "notice_paid": ("against", "Phiếu ấy đã nộp đủ từ trước"),
    "notice_cancelled": ("against", "Phiếu ấy đã hủy"),
    "notice_replaced": ("against", "Phiếu ấy đã được thay bằng phiếu khác"),
    "assigned_by_person": ("for", "Kế toán đã phân bổ"),
    "related_bank_ref": ("for", "Ngân hàng dẫn mã của giao dịch gốc"),
    "reverses": ("for", "Đảo giao dịch số {}"),
    "reason": ("missing", "Lý do: {}"),
    "no_code": ("missing", "Không có mã phiếu trong nội dung"),
    "unknown_code": ("against", "Mã {} không của phiếu nào"),
    "several_codes": ("against", "Có nhiều mã phiếu"),
    "other_account": ("against", "Phiếu thu qua tài khoản khác"),
    "undone_by_person": ("against", "Lần ghi trước đã được đảo"),
}

SUGGESTED = {
    "exact_code": EvidenceView("for", "Mã phiếu có trong nội dung"),
    "code_of_other_account": EvidenceView("for", "Mã phiếu có trong nội dung"),
}
OTHER_ACCOUNT = EvidenceView("against", "Phiếu này thu qua tài khoản khác")

_REFUSALS = {
    "case_closed": "Khoản này vừa được người khác xử lý. Xem lịch sử bên dưới.",
    "parts_unequal": "Một phiếu vừa đổi số còn phải nộp. Xem lại số tiền rồi ghi.",
    "notice_changed": "Một phiếu vừa được người khác ghi tiền. Xem lại rồi ghi.",
    "notice_closed": "Phiếu này đã hủy hoặc đã được thay từ trước.",
    "credit_spent": "Số dư của em từ khoản này đã được dùng. Đảo lần dùng đó trước.",
    "credit_of_others": "Một phần khoản này thuộc trường khác; kế toán trường ấy phải cùng đảo.",
    "nothing_to_undo": "Không còn gì để đảo: khoản này không nằm ở phiếu hay số dư nào.",
    "form_reused": "Trang này đã cũ. Xem lại rồi gửi lại.",
}
_FIELDS = {"reason": "Hãy ghi lý do.", "idempotency_key": "Trang này đã cũ. Xem lại rồi gửi lại."}

DONE = {
    "assigned": "Đã ghi phân bổ.",
    "undone": "Đã đảo lần ghi. Khoản này trở lại tiền treo.",
    "cancelled": "Đã hủy phiếu. Tiền đã nộp, nếu có, thành số dư của em.",
    "cleared": "Đã ghi nhận báo động.",
}
"""What ``done`` of an address says on the page after a deed."""


def first_upper(text: str) -> str:
    """Begin a sentence with a capital, leaving the rest as it is."""
    return text[:1].upper() + text[1:]


def title_of(reason: str | None) -> str:
    """Name a reason in a few words, for the head of a case."""
    return TITLES.get(reason or "", reason or "")


def reason_of(reason: str | None) -> str:
    """Say a reason as a sentence."""
    return REASONS.get(reason or "", reason or "")


def evidence_of(tokens: tuple[str, ...]) -> tuple[EvidenceView, ...]:
    """Say what a decision rests on, a sentence a token."""
    return tuple(_evidence(token) for token in tokens)


def _evidence(token: str) -> EvidenceView:
    word, _, rest = token.partition(":")
    if word == "kept_for_pupil" and rest.isascii() and rest.isdigit():
        rest = f"{dotted(int(rest))}{NO_BREAK}đ"
    kind, text = _EVIDENCE.get(word, ("missing", first_upper(TITLES.get(word, token))))
    return EvidenceView(kind, text.replace("{}", rest))


def refusal_of(error: DomainError) -> str:
    """Say why a deed was refused, and what to do now."""
    field = error.facts.get("field")
    by_field = _FIELDS.get(str(field)) if error.code == "invalid" else None
    return by_field or _REFUSALS.get(error.code, "Có chỗ chưa đúng. Xem lại rồi gửi lại.")


def actor_name(actor: str) -> str:
    """Name who did something: a person as they stand in the books, or the machine."""
    return MACHINE_NAME if actor == "machine" else actor
