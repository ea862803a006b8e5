"""Reads of a parent's page: one notice by the hash of its link, its lines, what was paid."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.money import Dong
from payments.model import InvoiceState, TransferKind
from payments.tables import (
    accounts,
    invoice_lines,
    invoices,
    school_classes,
    schools,
    students,
    unit_links,
    units,
)
from payments.tables_ledger import transfers


@dataclass(frozen=True, slots=True)
class PageKey:
    """What a link leads to: the ids that bound the page's scope."""

    school_id: int
    invoice_id: int
    student_id: int
    account_id: int


@dataclass(frozen=True, slots=True)
class PageLine:
    """One line of the notice; ``amount`` in đồng may be negative."""

    name: str
    amount: Dong


@dataclass(frozen=True, slots=True)
class PagePayment:
    """Money that stands on the notice."""

    at: datetime
    value_on: date
    amount: Dong
    method: str


@dataclass(frozen=True, slots=True)
class NoticePage:
    """Everything a parent's page shows of one notice; amounts in đồng."""

    state: InvoiceState
    school_name: str
    school_code: str
    unit_name: str
    province_name: str
    pupil_name: str
    class_name: str
    period: date
    due_date: date
    due: Dong
    outstanding: Dong
    code: str
    bank_bin: str
    account_number: str
    account_holder: str
    memo_prefix: str | None
    account_proved: bool
    lines: tuple[PageLine, ...]
    payments: tuple[PagePayment, ...]
    surplus: Dong


async def find_page(tx: AsyncConnection, token_hash: bytes) -> PageKey | None:
    """Find where a link leads by the hash of its token (role signin)."""
    rows = await tx.exec_driver_sql("select * from link.page($1)", (token_hash,))
    row = rows.one_or_none()
    if row is None:
        return None
    return PageKey(row.school_id, row.invoice_id, row.student_id, row.account_id)


async def notice_page(tx: AsyncConnection, key: PageKey) -> NoticePage | None:
    """Read one notice for its page (role parent, bounded to its pupil)."""
    found = await tx.execute(_head(key))
    row = found.one_or_none()
    if row is None:
        return None
    lines = await _lines(tx, key)
    payments, surplus = await _payments(tx, key)
    return NoticePage(
        state=InvoiceState(row.state),
        school_name=row.school_name,
        school_code=row.school_code,
        unit_name=row.unit_name,
        province_name=row.province_name or "",
        pupil_name=row.pupil_name,
        class_name=row.class_name,
        period=row.period,
        due_date=row.due_date,
        due=Dong(row.due_dong),
        outstanding=Dong(row.outstanding_dong),
        code=row.code,
        bank_bin=row.bank_bin,
        account_number=row.number,
        account_holder=row.holder,
        memo_prefix=row.memo_prefix,
        account_proved=row.proof != "unproved",
        lines=lines,
        payments=payments,
        surplus=surplus,
    )


def _head(key: PageKey) -> Any:  # noqa: ANN401  a select's own type names every column
    province = units.alias("province")
    return (
        select(
            invoices.c.state,
            invoices.c.period,
            invoices.c.due_date,
            invoices.c.due_dong,
            invoices.c.outstanding_dong,
            invoices.c.code,
            students.c.name.label("pupil_name"),
            school_classes.c.name.label("class_name"),
            schools.c.name.label("school_name"),
            schools.c.code.label("school_code"),
            units.c.name.label("unit_name"),
            province.c.name.label("province_name"),
            accounts.c.bank_bin,
            accounts.c.number,
            accounts.c.holder,
            accounts.c.memo_prefix,
            accounts.c.proof,
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
        .join(schools, schools.c.id == invoices.c.school_id)
        .join(units, units.c.id == schools.c.unit_id)
        .join(accounts, accounts.c.id == invoices.c.account_id)
        .outerjoin(
            unit_links,
            (unit_links.c.child_id == units.c.id)
            & (unit_links.c.relation == "administrative")
            & unit_links.c.valid_to.is_(None),
        )
        .outerjoin(province, province.c.id == unit_links.c.parent_id)
        .where(invoices.c.school_id == key.school_id, invoices.c.id == key.invoice_id)
        .limit(1)
    )


async def _lines(tx: AsyncConnection, key: PageKey) -> tuple[PageLine, ...]:
    rows = await tx.execute(
        select(invoice_lines.c.name, invoice_lines.c.amount_dong)
        .where(
            invoice_lines.c.school_id == key.school_id, invoice_lines.c.invoice_id == key.invoice_id
        )
        .order_by(invoice_lines.c.line_no)
    )
    return tuple(PageLine(row.name, Dong(row.amount_dong)) for row in rows)


async def _payments(tx: AsyncConnection, key: PageKey) -> tuple[tuple[PagePayment, ...], Dong]:
    """Read what stands on the notice, and what the same credits left for the pupil."""
    counter = transfers.alias("counter")
    shown = (
        transfers.c.kind,
        transfers.c.at,
        transfers.c.value_on,
        transfers.c.amount_dong,
        transfers.c.method,
        transfers.c.invoice_id,
        transfers.c.bank_credit_id,
        transfers.c.account_id,
    )
    rows = await tx.execute(
        select(*shown)
        .where(
            transfers.c.school_id == key.school_id,
            transfers.c.student_id == key.student_id,
            transfers.c.kind.in_([TransferKind.ALLOCATED.value, TransferKind.CREDITED.value]),
            transfers.c.reverses_id.is_(None),
            ~select(counter.c.id).where(counter.c.reverses_id == transfers.c.id).exists(),
        )
        .order_by(transfers.c.id)
    )
    standing = cast("list[Row[Any]]", list(rows))
    own = [row for row in standing if row.invoice_id == key.invoice_id]
    sources = {(row.account_id, row.bank_credit_id) for row in own}
    surplus = sum(
        row.amount_dong
        for row in standing
        if row.kind == TransferKind.CREDITED.value
        and (row.account_id, row.bank_credit_id) in sources
    )
    payments = tuple(
        PagePayment(row.at, row.value_on, Dong(row.amount_dong), row.method) for row in own
    )
    return payments, Dong(surplus)
