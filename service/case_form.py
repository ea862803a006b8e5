"""Reads what a person typed into the assign form, into a split of a credit. Pure: no I/O.

An unreadable amount is an error of its row, never 0. A code that is unknown and one of another
school get the same words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kernel.errors import Invalid
from kernel.money import Dong
from payments.reads_desk import DeskNotice
from reconciliation.cases import Assignment
from reconciliation.model import NoticePart, PupilPart
from service.formats import AmountUnreadable, dong_text, read_amount

ROWS_MAX = 100


@dataclass(frozen=True, slots=True)
class Typed:
    """The assign form as it was typed: (code, amount) in order, who keeps the rest, a note."""

    rows: tuple[tuple[str, str], ...]
    rest_to: str
    note: str

    @property
    def codes(self) -> list[str]:
        """The codes of the rows, each once, in order."""
        return list(dict.fromkeys(code for code, _ in self.rows))


@dataclass(frozen=True, slots=True)
class Split:
    """What came of it: the assignment, or the errors of the form and of its rows by code."""

    assignment: Assignment | None = None
    errors: tuple[str, ...] = ()
    row_errors: Mapping[str, str] = field(default_factory=dict[str, str])


def typed_of(fields: Sequence[tuple[str, str]]) -> Typed:
    """Take the fields of the form apart; raises Invalid if a row lacks its code or amount."""
    codes = [text.strip() for name, text in fields if name == "code"]
    amounts = [text for name, text in fields if name == "amount"]
    rest = [text for name, text in fields if name == "rest_to"]
    notes = [text for name, text in fields if name == "note"]
    if len(codes) != len(amounts) or len(codes) > ROWS_MAX or len(rest) > 1 or len(notes) > 1:
        raise Invalid("every row has one code and one amount", field="form")
    rows = tuple(zip(codes, amounts, strict=True))
    return Typed(rows, "".join(rest).strip(), "".join(notes).strip())


def split_of(typed: Typed, amount: Dong, notices: Mapping[str, DeskNotice]) -> Split:
    """Check what was typed against the credit's ``amount`` (đồng) and the notices' outstanding.

    ``notices`` are those of the caller's schools, by code.
    """
    parts: list[NoticePart] = []
    errors: list[str] = []
    row_errors: dict[str, str] = {}
    for code, text in typed.rows:
        if not text.strip():
            continue
        notice = notices.get(code)
        if notice is None:
            errors.append(f"Không tìm thấy phiếu mang mã “{code[:20]}”.")
            continue
        read = _part(notice, text)
        twice = any(part.notice == notice.key for part in parts)
        if isinstance(read, str) or twice:
            row_errors[code] = read if isinstance(read, str) else "Phiếu này đứng hai lần."
        else:
            parts.append(read)
    if row_errors:
        errors.append("Có ô số tiền chưa đúng, xem bên dưới.")
    return (
        Split(None, tuple(errors), row_errors) if errors else _whole(typed, amount, parts, notices)
    )


def _part(notice: DeskNotice, text: str) -> NoticePart | str:
    """Read one amount; a sentence if it does not fit its notice."""
    try:
        amount = read_amount(text, field="amount")
    except AmountUnreadable as unreadable:
        return unreadable.detail
    if not notice.state.open:
        return "Phiếu này không còn nhận tiền"
    if amount == 0:
        return "Số tiền phải trên 0, hoặc để trống"
    if amount > notice.outstanding:
        return f"Phiếu chỉ còn phải nộp {dong_text(notice.outstanding)}"
    return NoticePart(notice.key, amount)


def _whole(
    typed: Typed, amount: Dong, parts: list[NoticePart], notices: Mapping[str, DeskNotice]
) -> Split:
    """See to it that the parts and what is left over make up the credit, to the đồng."""
    total = Dong(sum(part.amount for part in parts))
    rest = Dong(amount - total)
    if rest == 0:
        return Split(Assignment(tuple(parts)))
    if rest < 0:
        return _wrong(f"Tổng các ô là {dong_text(total)}, thừa {dong_text(-rest)}.")
    if not typed.rest_to:
        return _wrong(f"Tổng các ô là {dong_text(total)}, còn thiếu {dong_text(rest)}.")
    rows = [notices[code] for code in typed.codes if code in notices]
    pupils = keepers(rows).get(typed.rest_to)
    if pupils is None:
        return _wrong("Học sinh nhận phần còn lại không có trong bảng.")
    return Split(Assignment(tuple(parts), (PupilPart(pupils.pupil, rest),)))


def _wrong(sentence: str) -> Split:
    return Split(errors=(sentence,))


def keepers(rows: Sequence[DeskNotice]) -> dict[str, DeskNotice]:
    """List who may keep what is left over, by pupil code; one that two schools use is nobody's."""
    found: dict[str, DeskNotice] = {}
    for notice in rows:
        found.setdefault(notice.pupil_code, notice)
    shared = {each.pupil_code for each in rows if found[each.pupil_code].pupil != each.pupil}
    return {code: notice for code, notice in found.items() if code not in shared}
