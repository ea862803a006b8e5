"""A seeded sample bundle: a province of schools, pupils, accounts and notices, byte for byte.

For the demo, the benchmarks and the tests of an import. Writes while it draws, so a province
needs no more memory than a school. Never real people, never real accounts.
"""

import re
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import IO, ClassVar

import msgspec

from kernel.clock import VIETNAM, next_month
from kernel.errors import Invalid
from service.synthetic_fees import Menu, menu_of, shared_items
from service.synthetic_names import seeded
from service.synthetic_pupils import DEMO_PUPIL, Families, classes_of
from service.synthetic_rows import LineRow, ReceivableRow, StudentRow
from service.synthetic_units import SchoolPlan, account_rows, communes, school_plans, unit_rows

FILES: tuple[str, ...] = (
    "units",
    "schools",
    "accounts",
    "classes",
    "students",
    "fee_items",
    "receivables",
)

_PERIOD = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")
_DUE_DAY = 25
_SCHOOL_YEAR_BEGINS = 8
_SECOND_NOTICE_SHARE = 0.02


class SampleRefused(Invalid):
    """A sample of this size or month cannot be made; the fact is ``field``."""

    code: ClassVar[str] = "sample_refused"


@dataclass(frozen=True, slots=True)
class BundleFacts:
    """How many lines each file got, and the sum of all notices in đồng."""

    units: int
    schools: int
    accounts: int
    classes: int
    students: int
    fee_items: int
    receivables: int
    due_dong: int


@dataclass(frozen=True, slots=True)
class _Month:
    """One month's notices: period, moment of issue and due date as text."""

    period: str
    issued_at: str
    due_date: str


class _Files:
    """The open files of a bundle and how many lines each has got."""

    def __init__(self, directory: Path, opened: ExitStack) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._encoder = msgspec.json.Encoder()
        self._files: dict[str, IO[bytes]] = {
            name: opened.enter_context((directory / f"{name}.jsonl").open("wb")) for name in FILES
        }
        self.counts: dict[str, int] = dict.fromkeys(FILES, 0)

    def write(self, name: str, rows: Iterable[msgspec.Struct]) -> None:
        listed = list(rows)
        self._files[name].write(self._encoder.encode_lines(listed))
        self.counts[name] += len(listed)


def write_bundle(
    directory: Path,
    *,
    schools: int,
    pupils_per_school: int,
    seed: int,
    period: str = "2026-11",
    issued_at: datetime | None = None,
    due_date: date | None = None,
) -> BundleFacts:
    """Write the seven files of a bundle into ``directory``; the same arguments, the same bytes.

    ``pupils_per_school`` is the mean: the total is exact, schools differ by level. Without
    ``issued_at`` and ``due_date`` notices are issued on the first of the month, 08:00 in Vietnam,
    and due on its 25th. Raises SampleRefused for fewer than one school or pupil, a period that is
    not YYYY-MM or a time without offset.
    """
    month = _month(period, issued_at=issued_at, due_date=due_date)
    if schools < 1:
        raise SampleRefused("a bundle has at least one school", field="schools")
    if pupils_per_school < 1:
        raise SampleRefused("a school has at least one pupil", field="pupils_per_school")
    plans = school_plans(schools=schools, pupils_per_school=pupils_per_school, seed=seed)
    families, due_dong = Families(seed), 0
    with ExitStack() as opened:
        files = _Files(directory, opened)
        files.write("units", unit_rows(communes(schools)))
        files.write("schools", (plan.row() for plan in plans))
        files.write("accounts", account_rows(plans))
        files.write("fee_items", shared_items())
        for plan in plans:
            due_dong += _write_school(files, plan, families, month, seed=seed)
    return BundleFacts(**files.counts, due_dong=due_dong)


def _write_school(
    files: _Files, plan: SchoolPlan, families: Families, month: _Month, *, seed: int
) -> int:
    """Write one school class by class; returns the sum of its notices (đồng)."""
    rng = seeded(seed, plan.code)
    year, number = int(month.period[:4]), int(month.period[5:])
    menu = menu_of(plan, rng, month=number)
    files.write("fee_items", menu.items)
    began = year if number >= _SCHOOL_YEAR_BEGINS else year - 1
    due_dong = 0
    for school_class, students in classes_of(plan, rng, families, year=began):
        files.write("classes", [school_class])
        files.write("students", students)
        notices = _notices(students, menu, month, rng, first=files.counts["receivables"] + 1)
        files.write("receivables", notices)
        due_dong += sum(notice.due_dong for notice in notices)
    return due_dong


def _notices(
    students: Iterable[StudentRow], menu: Menu, month: _Month, rng: Random, *, first: int
) -> list[ReceivableRow]:
    """Write a notice per pupil; a few have an older one too, a pupil who left only that."""
    notices: list[ReceivableRow] = []
    before = _month_before(month)
    for student in students:
        lines = menu.draw(rng)
        older = rng.random() < _SECOND_NOTICE_SHARE
        if first == 1 and not notices and student.name == DEMO_PUPIL:
            lines, older = menu.full(), False
        gone = student.status == "transferred"
        notices.append(_notice(first + len(notices), student, before if gone else month, lines))
        if older and not gone:
            past = _other_lines(menu, rng, notices[-1].due_dong)
            notices.append(_notice(first + len(notices), student, before, past))
    return notices


def _notice(number: int, student: StudentRow, month: _Month, lines: list[LineRow]) -> ReceivableRow:
    external_id = f"MAU-{month.period}-{number:07d}"
    return ReceivableRow(
        external_id, student.code, month.period, month.issued_at, month.due_date, lines
    )


def _other_lines(menu: Menu, rng: Random, total: int) -> list[LineRow]:
    """Draw lines with another sum: two equal notices of one pupil would make a transfer unsure."""
    while True:
        lines = menu.draw(rng)
        if sum(line.amount_dong for line in lines) != total:
            return lines


def _month(period: str, *, issued_at: datetime | None, due_date: date | None) -> _Month:
    if _PERIOD.fullmatch(period) is None:
        raise SampleRefused("a period is YYYY-MM", field="period")
    first = date.fromisoformat(f"{period}-01")
    issued = issued_at or datetime(first.year, first.month, 1, 8, tzinfo=VIETNAM)
    if issued.tzinfo is None:
        raise SampleRefused("the time of issue needs an offset", field="issued_at")
    due = due_date or first.replace(day=_DUE_DAY)
    return _Month(period, issued.astimezone(VIETNAM).isoformat(), due.isoformat())


def _month_before(month: _Month) -> _Month:
    first = (date.fromisoformat(f"{month.period}-01") - timedelta(days=1)).replace(day=1)
    assert next_month(first).isoformat()[:7] == month.period
    return _month(first.isoformat()[:7], issued_at=None, due_date=None)
