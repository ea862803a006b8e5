"""What one well-shaped line of a bundle means: its faults beyond the shape, its rows for staging.

Names are made NFC with single blanks, codes stay letter for letter. Never looks at another line,
never asks the database: what only the whole can tell is checked by ``reads_bundle``.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import msgspec

from kernel.clock import vietnam_date
from kernel.errors import Invalid
from kernel.money import DONG_MAX
from kernel.text import search_key, sort_key
from payments.banks import bin_of
from payments.bundle_shapes import (
    AccountLine,
    ClassLine,
    FeeItemLine,
    ReceivableLine,
    SchoolLine,
    StudentLine,
    UnitLine,
)
from payments.reference import memo_text

Row = tuple[object, ...]
Fault = tuple[str, str]

BIRTH_YEAR_MIN = 1900
MOMENT_YEARS = range(2000, 2100)

PARENTS_FUND_LAW = (
    "the class and parents' funds belong to the parents' committee, a school may not collect them"
    " (TT 55/2011/TT-BGDĐT, art. 10(4))"
)
EXTRA_LESSONS_LAW = (
    "a school may not collect money for extra lessons in school since 2025-02-14"
    " (TT 29/2024/TT-BGDĐT, art. 5)"
)
_LAW_OF_CLASS = {"parents_fund": PARENTS_FUND_LAW, "forbidden": EXTRA_LESSONS_LAW}
_FUND_NAMES = re.compile(r"\bquy (lop|phu huynh|cha me|hoi phu huynh|hoi cha me|ban dai dien)\b")
_LESSON_NAMES = re.compile(r"\b(hoc|day) them trong (nha )?truong\b")


@dataclass(frozen=True, slots=True)
class ReadLine:
    """The rows of one line: one for the file's own table, and those of its parts, if any."""

    row: Row
    parts: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """What lines are read against: a code as it will stand in memos."""

    sample_code: str


def tidy(name: str) -> str:
    """Write a name in NFC with single blanks and none at its ends."""
    return " ".join(unicodedata.normalize("NFC", name).split())


@lru_cache(maxsize=4096)
def law_against(name: str) -> str | None:
    """Give the law that forbids a school to collect what ``name`` says, if one does."""
    folded = search_key(name)
    if _FUND_NAMES.search(folded):
        return PARENTS_FUND_LAW
    return EXTRA_LESSONS_LAW if _LESSON_NAMES.search(folded) else None


def unit_faults(it: UnitLine, _: Terms) -> Iterator[Fault]:
    """Name what a unit's line cannot say."""
    if it.valid_to is not None and it.valid_to < it.valid_from:
        yield "valid_to", "must not lie before valid_from"
    if it.parent == it.code:
        yield "parent", "must be another unit"
    if it.code in it.succeeds:
        yield "succeeds", "must be other units"


def unit_rows(number: int, it: UnitLine) -> ReadLine:
    """Lay out a unit's line for ``staging.unit``."""
    return ReadLine(
        (
            number,
            it.code,
            it.kind,
            tidy(it.name),
            it.parent,
            it.relation,
            it.valid_from,
            it.valid_to,
            it.succeeds,
        )
    )


def no_faults(_: object, __: Terms) -> Iterator[Fault]:
    """Find nothing beyond the shape."""
    return iter(())


def school_rows(number: int, it: SchoolLine) -> ReadLine:
    """Lay out a school's line for ``staging.school``."""
    return ReadLine((number, it.code, tidy(it.name), it.level, it.ownership, it.unit))


def account_faults(it: AccountLine, terms: Terms) -> Iterator[Fault]:
    """Name an unknown bank, no school, or a memo that would not fit with a code."""
    try:
        bin_of(it.bank)
    except Invalid as cause:
        yield "bank", str(cause)
    if not it.schools:
        yield "schools", "must name at least one school"
    if len(set(it.schools)) < len(it.schools):
        yield "schools", "must not name a school twice"
    if it.kind == "main" and it.parent is not None:
        yield "parent", "must be null for a main account"
    try:
        memo_text(terms.sample_code, it.memo_prefix)
    except Invalid as cause:
        yield "memo_prefix", f"{cause}, the payment code of {len(terms.sample_code)} included"


def account_rows(number: int, it: AccountLine) -> ReadLine:
    """Lay out an account's line for ``staging.account``, its bank as a BIN."""
    return ReadLine(
        (
            number,
            it.number,
            bin_of(it.bank),
            tidy(it.holder),
            it.schools,
            it.kind,
            it.parent,
            it.student,
            it.memo_prefix,
        )
    )


def class_faults(it: ClassLine, _: Terms) -> Iterator[Fault]:
    """Name a school year that is not two years in a row."""
    first, second = it.school_year.split("-")
    if int(second) != int(first) + 1:
        yield "school_year", "must be two years in a row: 2026-2027"


def class_rows(number: int, it: ClassLine) -> ReadLine:
    """Lay out a class's line for ``staging.school_class``."""
    return ReadLine((number, it.code, it.school, it.school_year, tidy(it.grade), tidy(it.name)))


def student_faults(it: StudentLine, _: Terms) -> Iterator[Fault]:
    """Name a day of birth that nobody at school can have."""
    if it.birth_date is not None and it.birth_date.year < BIRTH_YEAR_MIN:
        yield "birth_date", f"must not lie before {BIRTH_YEAR_MIN}"


def student_rows(number: int, it: StudentLine) -> ReadLine:
    """Lay out a pupil's line for ``staging.student``, with the keys to search and sort by."""
    name = tidy(it.name)
    guardians = [
        {"name": tidy(each.name), "phone": _phone(each.phone), "email": _filled(each.email)}
        for each in it.guardians
    ]
    return ReadLine(
        (
            number,
            it.code,
            it.school,
            it.school_class,
            name,
            search_key(name),
            sort_key(name),
            it.birth_date,
            it.moet_code,
            it.status,
            it.virtual_account,
            msgspec.json.encode(guardians).decode(),
        )
    )


def _filled(text: str | None) -> str | None:
    return tidy(text) or None if text is not None else None


def _phone(text: str | None) -> str | None:
    """Write a Vietnamese number as E.164; what is none stays as it was given."""
    kept = _filled(text)
    digits = re.sub(r"[\s.()-]", "", kept or "")
    return f"+84{digits[1:]}" if re.fullmatch(r"0[0-9]{9,10}", digits) else kept


def fee_item_faults(it: FeeItemLine, _: Terms) -> Iterator[Fault]:
    """Name the law against an item that no school may collect."""
    law = _LAW_OF_CLASS.get(it.legal_class)
    if law:
        yield "legal_class", law
    elif against := law_against(it.name):
        yield "name", against


def fee_item_rows(number: int, it: FeeItemLine) -> ReadLine:
    """Lay out a fee item's line for ``staging.fee_item``."""
    return ReadLine(
        (
            number,
            it.code,
            it.school,
            tidy(it.name),
            it.legal_class,
            tidy(it.unit),
            it.price_dong,
            tidy(it.legal_basis),
        )
    )


def receivable_faults(it: ReceivableLine, _: Terms) -> Iterator[Fault]:
    """Name a notice below 0, without lines, due before it is issued, or against the law."""
    due = sum(line.amount_dong for line in it.lines)
    if not it.lines:
        yield "lines", "must hold at least one line"
    if due < 0:
        yield "lines", f"sum to {due} dong; a line may be negative, a notice may not"
    if due > DONG_MAX:
        yield "lines", "sum to more than 2^53 - 1 dong"
    if it.issued_at.year not in MOMENT_YEARS:
        yield "issued_at", f"must lie from {MOMENT_YEARS[0]} to {MOMENT_YEARS[-1]}"
    elif it.due_date < vietnam_date(it.issued_at):
        yield "due_date", "must not lie before the day of issued_at in Vietnam"
    for place, line in enumerate(it.lines):
        if law := law_against(line.name):
            yield f"lines[{place}].name", law


def receivable_rows(number: int, it: ReceivableLine) -> ReadLine:
    """Lay out a notice for ``staging.receivable`` and its lines, numbered from 1."""
    year, month = it.period.split("-")
    due = sum(line.amount_dong for line in it.lines)
    period = date(int(year), int(month), 1)
    return ReadLine(
        (number, it.external_id, it.student, period, it.issued_at, it.due_date, due),
        tuple(
            (number, place, line.fee_item, tidy(line.name), line.amount_dong)
            for place, line in enumerate(it.lines, 1)
        ),
    )
