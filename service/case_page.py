"""Reads one case, or one credit that needed none, and makes its page: the split and the history."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.ids import new_id
from kernel.text import squash
from payments import reads_desk, reads_ledger, reads_notices
from payments.banks import bank_name
from payments.reads_desk import DeskNotice, NoticeFilter
from payments.reads_ledger import KeptTransfer
from reconciliation import reads_desk_history
from reconciliation.reads_desk import DeskCase, DeskCredit
from reconciliation.reversals import LAID
from service.case_form import Split, Typed, keepers
from service.case_history import history_of
from service.desk_views import case_state, payer_of, placed
from service.desk_words import OTHER_ACCOUNT, SUGGESTED, evidence_of, reason_of, title_of
from service.formats import dong_text, dotted
from service.staff import Staff
from service.views_case import CandidateView, CaseView, EvidenceView, MemoPart, RestChoice

FOUND_MAX = 30
PROVIDERS = {"sepay": "SePay"}
_NOT_TYPED = Typed((), "", "")
_NOT_SPLIT = Split()
_WITHOUT_CASE = {
    "settled": ("assigned", "đã khớp", "Tiền đã về đúng chỗ theo căn cứ dưới đây."),
    "reversed": ("returned", "ngân hàng rút lại", "Ngân hàng đã rút lại khoản này."),
    "reversal": ("returned", "ngân hàng đảo", "Tiền ra, đảo một khoản đã báo trước đó."),
}


@dataclass(frozen=True, slots=True)
class Looking:
    """What the page is asked for: a search, the rows to keep, and a form that was refused."""

    query: str = ""
    keep: tuple[str, ...] = ()
    typed: Typed = _NOT_TYPED
    split: Split = _NOT_SPLIT
    errors: tuple[str, ...] = ()


async def case_view(
    tx: AsyncConnection, staff: Staff, credit: DeskCredit, case: DeskCase | None, asked: Looking
) -> CaseView:
    """Make the page of a case, or of a credit without one (``case`` None)."""
    pair = (credit.account_id, credit.id)
    decided = await reads_desk_history.decisions(tx, [pair])
    codes = {code for each in decided for code, _ in each.allocations}
    named = await reads_desk.notices_by_code(tx, staff.schools, codes)
    moves = await reads_desk.credit_moves(tx, *pair)
    notes = await reads_desk_history.notes(tx, *pair)
    banks = await reads_desk.account_names(tx, [credit.account_id])
    bank_bin, number = banks[credit.account_id]
    state, title, reason = _head(credit, case)
    rows, found = ([], 0) if state != "open" else await _candidates(tx, staff, credit, asked)
    undo_text = "" if case and not case.newest else await _undo_text(tx, credit, named)
    return CaseView(
        id=str(case.id if case else credit.id),
        state=state,
        amount=credit.amount,
        title=title,
        reason=reason,
        memo=memo_parts(credit.memo, _codes_told(decided[0].evidence if decided else ())),
        payer=payer_of(credit),
        account=f"{bank_name(bank_bin)} {number}",
        booked_at=credit.booked_at,
        bank_ref=credit.bank_ref or "",
        source=PROVIDERS.get(credit.provider, credit.provider),
        history=history_of(credit, decided, moves, notes, named),
        evidence=evidence_of(credit.decision.evidence if credit.decision else ()),
        candidates=tuple(_candidate(row, credit, asked) for row in rows),
        rest_choices=_rest_choices(rows, asked.typed.rest_to),
        query=asked.query,
        found=found,
        errors=asked.errors or asked.split.errors,
        assign_key=str(new_id()),
        undo_key=str(new_id()) if undo_text else "",
        undo_text=undo_text,
        note_text=asked.typed.note,
        url="" if case else f"/desk/credits/{credit.id}",
    )


def _head(credit: DeskCredit, case: DeskCase | None) -> tuple[str, str, str]:
    """Say the state, the kind in a few words, and the reason as a sentence."""
    if case is not None:
        return (case_state(case), title_of(case.reason), reason_of(case.reason))
    reason = credit.decision.reason if credit.decision else None
    return _WITHOUT_CASE.get(credit.state, ("ignored", title_of(reason), reason_of(reason)))


async def _undo_text(tx: AsyncConnection, credit: DeskCredit, named: dict[str, DeskNotice]) -> str:
    """Say what an undo would take back; empty if nothing stands, or not all of it is seen here."""
    if credit.state != "settled":
        return ""
    laid = await standing(tx, credit)
    if not whole(laid, credit):
        return ""
    by_key = {notice.key: code for code, notice in named.items()}
    pupils = [(each.transfer.school_id or 0, each.transfer.student_id or 0) for each in laid]
    codes = await reads_notices.pupil_codes(tx, pupils)
    parts: list[str] = []
    for each, pupil in zip(laid, pupils, strict=True):
        on_notice = each.transfer.invoice_id
        code = by_key.get((pupil[0], on_notice), "") if on_notice else ""
        where = placed(code, named) if on_notice else f"số dư của em {codes.get(pupil, '')}"
        parts.append(f"{dong_text(each.transfer.amount)}: {where}")
    return f"Sẽ lấy lại {'; '.join(parts)}."


async def standing(tx: AsyncConnection, credit: DeskCredit) -> list[KeptTransfer]:
    """Read what of a credit's money lies on notices and pupils, as far as it is seen here."""
    return await reads_ledger.standing_of_credits(tx, [(credit.account_id, credit.id)], LAID)


def whole(laid: Sequence[KeptTransfer], credit: DeskCredit) -> bool:
    """Tell whether all of a credit's laid money is seen here, none at another's school."""
    return sum(each.transfer.amount for each in laid) == credit.amount - credit.left


async def _candidates(
    tx: AsyncConnection, staff: Staff, credit: DeskCredit, asked: Looking
) -> tuple[list[DeskNotice], int]:
    """Gather the rows of the form: suggested, kept or typed before, then what a search found."""
    suggested = [code for code, _ in _suggested(credit)]
    wanted = list(dict.fromkeys([*suggested, *asked.keep, *asked.typed.codes]))
    by_code = await reads_desk.notices_by_code(tx, staff.schools, wanted)
    rows = [by_code[code] for code in wanted if code in by_code and by_code[code].state.open]
    found: list[DeskNotice] = []
    if asked.query:
        search = NoticeFilter(text=asked.query, only_open=True)
        found = await reads_desk.notices(tx, staff.schools, search, FOUND_MAX)
    known = {row.key for row in rows}
    return rows + [row for row in found if row.key not in known], len(found)


def _suggested(credit: DeskCredit) -> list[tuple[str, str]]:
    told = credit.decision.suggested if credit.decision else ()
    return [(code, reason) for code, reason in told if code is not None]


def _candidate(row: DeskNotice, credit: DeskCredit, asked: Looking) -> CandidateView:
    reason = dict(_suggested(credit)).get(row.code)
    evidence: list[EvidenceView] = [SUGGESTED[reason]] if reason in SUGGESTED else []
    if row.account_id != credit.account_id:
        evidence.append(OTHER_ACCOUNT)
    typed = dict(asked.typed.rows)
    alone = reason is not None and len(_suggested(credit)) == 1
    proposed = dotted(min(row.outstanding, credit.amount)) if alone and len(evidence) == 1 else ""
    return CandidateView(
        code=row.code,
        pupil_name=row.pupil_name,
        pupil_code=row.pupil_code,
        class_name=row.class_name,
        period=row.period,
        outstanding=row.outstanding,
        amount_text=typed.get(row.code, "" if typed else proposed),
        error=asked.split.row_errors.get(row.code, ""),
        evidence=tuple(evidence),
    )


def _rest_choices(rows: Sequence[DeskNotice], chosen: str) -> tuple[RestChoice, ...]:
    return tuple(
        RestChoice(code, f"{row.pupil_name}, {row.class_name}", chosen=code == chosen)
        for code, row in keepers(rows).items()
    )


def _codes_told(evidence: Sequence[str]) -> list[str]:
    words = ("exact_code:", "unknown_code:")
    return [token.partition(":")[2] for token in evidence if token.startswith(words)]


def memo_parts(memo: str, codes: Sequence[str]) -> tuple[MemoPart, ...]:
    """Cut a memo into pieces, the codes that were read in it marked; the pieces are the memo.

    A code is found also where blanks or dots stand inside it; one that was read through look-alike
    letters stays unmarked.
    """
    letters = [(letter, at) for at, char in enumerate(memo) for letter in squash(char)]
    text = "".join(letter for letter, _ in letters)
    spans: list[tuple[int, int]] = []
    for code in codes:
        first = text.find(code)
        if code and first >= 0:
            spans.append((letters[first][1], letters[first + len(code) - 1][1] + 1))
    parts: list[MemoPart] = []
    done = 0
    for begin, end in sorted(spans):
        if begin < done:
            continue
        parts += [MemoPart(memo[done:begin]), MemoPart(memo[begin:end], marked=True)]
        done = end
    return tuple(part for part in [*parts, MemoPart(memo[done:])] if part.text)
