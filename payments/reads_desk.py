"""Reads of the desk: find notices, and one notice with its lines and the history of its money.

Every read is bounded to the schools it is given, on top of the row policies.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, false, func, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.money import Dong
from kernel.text import search_key, squash
from payments.model import InvoiceState, TransferKind
from payments.reads_notices import OPEN_STATES
from payments.tables import accounts, invoice_lines, invoices, school_classes, schools, students
from payments.tables_ledger import transfers

LINES_MAX = 200
MOVES_MAX = 500
SCHOOLS_MAX = 50


@dataclass(frozen=True, slots=True)
class DeskNotice:
    """A notice with its pupil, class and receiving account; amounts in đồng."""

    school_id: int
    id: int
    account_id: int
    student_id: int
    code: str
    state: InvoiceState
    pupil_name: str
    pupil_code: str
    pupil_sort: str
    class_name: str
    period: date
    due_date: date
    due: Dong
    outstanding: Dong
    bank_bin: str
    account_number: str
    memo_prefix: str | None

    @property
    def key(self) -> tuple[int, int]:
        """Name the notice: school, then notice."""
        return (self.school_id, self.id)

    @property
    def pupil(self) -> tuple[int, int]:
        """Name the pupil: school, then pupil."""
        return (self.school_id, self.student_id)

    @property
    def paid(self) -> Dong:
        """Đồng that lie on it; 0 once it is cancelled or replaced."""
        undone = self.state in {InvoiceState.CANCELLED, InvoiceState.REPLACED}
        return Dong(0 if undone else self.due - self.outstanding)


@dataclass(frozen=True, slots=True)
class NoticeFilter:
    """What is looked for: a text (code, pupil code or name), a state, what follows a row."""

    text: str = ""
    state: str = ""
    only_open: bool = False
    after: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class NoticeMove:
    """One transfer of a notice or of a bank credit, as the history of either tells it."""

    id: int
    at: datetime
    kind: TransferKind
    amount: Dong
    reference: str
    reverses_id: int | None
    account_id: int | None
    bank_credit_id: int | None
    method: str | None


@dataclass(frozen=True, slots=True)
class ItemSum:
    """What the lines of a notice sum to for one fee item; đồng, may be negative or 0."""

    fee_item_id: int
    round_id: int
    amount: Dong


def _selected(school_ids: Sequence[int]) -> Select[Any]:
    return (
        select(
            invoices,
            students.c.name.label("pupil_name"),
            students.c.code.label("pupil_code"),
            students.c.sort_key.label("pupil_sort"),
            school_classes.c.name.label("class_name"),
            accounts.c.bank_bin,
            accounts.c.number.label("account_number"),
            accounts.c.memo_prefix,
        )
        .join(
            students,
            (students.c.school_id == invoices.c.school_id)
            & (students.c.id == invoices.c.student_id),
        )
        .join(
            school_classes,
            (school_classes.c.school_id == students.c.school_id)
            & (school_classes.c.id == students.c.class_id),
        )
        .join(accounts, accounts.c.id == invoices.c.account_id)
        .where(invoices.c.school_id.in_(school_ids))
    )


def _notice_of(row: Row[Any]) -> DeskNotice:
    return DeskNotice(
        school_id=row.school_id,
        id=row.id,
        account_id=row.account_id,
        student_id=row.student_id,
        code=row.code,
        state=InvoiceState(row.state),
        pupil_name=row.pupil_name,
        pupil_code=row.pupil_code,
        pupil_sort=row.pupil_sort,
        class_name=row.class_name,
        period=row.period,
        due_date=row.due_date,
        due=Dong(row.due_dong),
        outstanding=Dong(row.outstanding_dong),
        bank_bin=row.bank_bin,
        account_number=row.account_number,
        memo_prefix=row.memo_prefix,
    )


def _asked(text: str) -> ColumnElement[bool]:
    """Match a payment code, a pupil code, or the beginnings of words of a pupil's name."""
    words = search_key(text).split()
    if not words:
        return false()
    name = literal(" ") + students.c.search_key
    named = [name.contains(f" {word}", autoescape=True) for word in words]
    by_name = named[0]
    for each in named[1:]:
        by_name &= each
    return or_(invoices.c.code == squash(text), students.c.code == text.strip(), by_name)


async def notices(
    tx: AsyncConnection, school_ids: Sequence[int], wanted: NoticeFilter, limit: int
) -> list[DeskNotice]:
    """Read notices by the pupil's place in a class list, then by id; at most ``limit``."""
    order = students.c.sort_key.collate("C")
    statement = _selected(school_ids).order_by(order, invoices.c.id).limit(limit)
    if wanted.text.strip():
        statement = statement.where(_asked(wanted.text))
    if wanted.state:
        statement = statement.where(invoices.c.state == wanted.state)
    if wanted.only_open:
        statement = statement.where(invoices.c.state.in_(OPEN_STATES))
    if wanted.after is not None:
        after = tuple_(literal(wanted.after[0]).collate("C"), literal(wanted.after[1]))
        statement = statement.where(tuple_(order, invoices.c.id) > after)
    return [_notice_of(row) for row in await tx.execute(statement)]


async def notices_by_code(
    tx: AsyncConnection, school_ids: Sequence[int], codes: Collection[str]
) -> dict[str, DeskNotice]:
    """Find the notices of these payment codes; unknown and foreign codes are absent alike."""
    if not codes:
        return {}
    statement = _selected(school_ids).where(invoices.c.code.in_(list(codes))).limit(len(codes))
    rows = await tx.execute(statement.order_by(invoices.c.school_id, invoices.c.id))
    return {row.code: _notice_of(row) for row in rows}


async def notice_by_id(
    tx: AsyncConnection, school_ids: Sequence[int], invoice_id: int
) -> DeskNotice | None:
    """Read one notice; None for an unknown and for a foreign one."""
    found = await tx.execute(_selected(school_ids).where(invoices.c.id == invoice_id))
    row = found.one_or_none()
    return None if row is None else _notice_of(row)


async def notice_lines(
    tx: AsyncConnection, school_id: int, invoice_id: int
) -> list[tuple[str, Dong]]:
    """Read the lines of a notice in order: name and đồng, which may be negative."""
    rows = await tx.execute(
        select(invoice_lines.c.name, invoice_lines.c.amount_dong)
        .where(invoice_lines.c.school_id == school_id, invoice_lines.c.invoice_id == invoice_id)
        .order_by(invoice_lines.c.line_no)
        .limit(LINES_MAX)
    )
    return [(row.name, Dong(row.amount_dong)) for row in rows]


async def notice_moves(tx: AsyncConnection, school_id: int, invoice_id: int) -> list[NoticeMove]:
    """Read what the books say of a notice, in order of recording."""
    kinds = (TransferKind.ISSUED.value, TransferKind.ALLOCATED.value)
    return await _moves(
        tx,
        transfers.c.school_id == school_id,
        transfers.c.invoice_id == invoice_id,
        transfers.c.kind.in_(kinds),
    )


async def credit_moves(tx: AsyncConnection, account_id: int, credit_id: int) -> list[NoticeMove]:
    """Read what the books say of a bank credit, in order of recording."""
    return await _moves(
        tx, transfers.c.account_id == account_id, transfers.c.bank_credit_id == credit_id
    )


async def _moves(tx: AsyncConnection, *bounds: ColumnElement[bool]) -> list[NoticeMove]:
    rows = await tx.execute(
        select(transfers).where(*bounds).order_by(transfers.c.id).limit(MOVES_MAX)
    )
    return [
        NoticeMove(
            id=row.id,
            at=row.at,
            kind=TransferKind(row.kind),
            amount=Dong(row.amount_dong),
            reference=row.reference,
            reverses_id=row.reverses_id,
            account_id=row.account_id,
            bank_credit_id=row.bank_credit_id,
            method=row.method,
        )
        for row in rows
    ]


async def item_sums(tx: AsyncConnection, school_id: int, invoice_id: int) -> list[ItemSum]:
    """Sum the lines of a notice by fee item, lowest item first."""
    rows = await tx.execute(
        select(
            invoice_lines.c.fee_item_id,
            invoices.c.round_id,
            func.sum(invoice_lines.c.amount_dong).label("amount_dong"),
        )
        .join(
            invoices,
            (invoices.c.school_id == invoice_lines.c.school_id)
            & (invoices.c.id == invoice_lines.c.invoice_id),
        )
        .where(invoice_lines.c.school_id == school_id, invoice_lines.c.invoice_id == invoice_id)
        .group_by(invoice_lines.c.fee_item_id, invoices.c.round_id)
        .order_by(invoice_lines.c.fee_item_id)
    )
    return [ItemSum(row.fee_item_id, row.round_id, Dong(int(row.amount_dong))) for row in rows]


async def school_names(tx: AsyncConnection, school_ids: Sequence[int]) -> list[str]:
    """List the names of schools, lowest id first."""
    rows = await tx.execute(
        select(schools.c.name)
        .where(schools.c.id.in_(school_ids))
        .order_by(schools.c.id)
        .limit(SCHOOLS_MAX)
    )
    return list(rows.scalars())


async def account_names(
    tx: AsyncConnection, account_ids: Collection[int]
) -> dict[int, tuple[str, str]]:
    """Read (bank BIN, number) of receiving accounts."""
    rows = await tx.execute(
        select(accounts.c.id, accounts.c.bank_bin, accounts.c.number)
        .where(accounts.c.id.in_(list(account_ids)))
        .order_by(accounts.c.id)
    )
    return {row.id: (row.bank_bin, row.number) for row in rows}
