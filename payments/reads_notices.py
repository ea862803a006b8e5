"""Reads of notices for the deeds that change them: locked, in the order of their keys."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, Select, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.money import Dong
from payments.model import InvoiceState
from payments.notice import Notice
from payments.tables import invoices, pupil_balances, schools, students

OPEN_STATES = [state.value for state in InvoiceState if state.open]


def notices_selected() -> Select[Any]:
    """Select notices with the codes of their pupil and school."""
    return (
        select(
            invoices,
            students.c.code.label("student_code"),
            schools.c.code.label("school_code"),
        )
        .join(
            students,
            (students.c.school_id == invoices.c.school_id)
            & (students.c.id == invoices.c.student_id),
        )
        .join(schools, schools.c.id == invoices.c.school_id)
        .order_by(invoices.c.school_id, invoices.c.id)
    )


def notice_of(row: Row[Any]) -> Notice:
    """Make the record of a selected row."""
    return Notice(
        school_id=row.school_id,
        id=row.id,
        account_id=row.account_id,
        student_id=row.student_id,
        student_code=row.student_code,
        school_code=row.school_code,
        external_id=row.external_id,
        code=row.code,
        period=row.period,
        due_date=row.due_date,
        due=Dong(row.due_dong),
        outstanding=Dong(row.outstanding_dong),
        state=InvoiceState(row.state),
        version=row.version,
        paid_at=row.paid_at,
    )


async def lock_named_and_open(
    tx: AsyncConnection, keys: Collection[tuple[int, int]], account_id: int
) -> list[Notice]:
    """Lock the named notices and every open one of their pupils on the account, in key order."""
    named = invoices.alias("named")
    pupils = select(named.c.school_id, named.c.student_id).where(
        tuple_(named.c.school_id, named.c.id).in_(list(keys))
    )
    rows = await tx.execute(
        notices_selected()
        .where(
            tuple_(invoices.c.school_id, invoices.c.student_id).in_(pupils),
            invoices.c.account_id == account_id,
            or_(
                invoices.c.state.in_(OPEN_STATES),
                tuple_(invoices.c.school_id, invoices.c.id).in_(list(keys)),
            ),
        )
        .with_for_update(of=invoices)
    )
    return [notice_of(row) for row in rows]


async def lock_notices(tx: AsyncConnection, keys: Collection[tuple[int, int]]) -> list[Notice]:
    """Lock just these notices (school, notice), in key order; unseen ones are absent."""
    rows = await tx.execute(
        notices_selected()
        .where(tuple_(invoices.c.school_id, invoices.c.id).in_(list(keys)))
        .with_for_update(of=invoices)
    )
    return [notice_of(row) for row in rows]


async def lock_pupils(
    tx: AsyncConnection, pupils: Collection[tuple[int, int]]
) -> dict[tuple[int, int], tuple[Dong, int]]:
    """Lock the balances of pupils, in key order; give (credit in đồng, fact version) of each."""
    table = pupil_balances
    rows = await tx.execute(
        select(table)
        .where(tuple_(table.c.school_id, table.c.student_id).in_(list(pupils)))
        .order_by(table.c.school_id, table.c.student_id)
        .with_for_update()
    )
    return {
        (row.school_id, row.student_id): (Dong(row.credit_dong), int(row.fact_version))
        for row in rows
    }


async def pupil_codes(
    tx: AsyncConnection, pupils: Collection[tuple[int, int]]
) -> dict[tuple[int, int], str]:
    """Read the codes of pupils (school, pupil); unseen ones are absent."""
    if not pupils:
        return {}
    rows = await tx.execute(
        select(students.c.school_id, students.c.id, students.c.code).where(
            tuple_(students.c.school_id, students.c.id).in_(list(pupils))
        )
    )
    return {(row.school_id, row.id): row.code for row in rows}
