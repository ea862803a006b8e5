"""The check of the books is clean on right books and finds every planted breach."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import create_async_engine

from kernel.access import Auditor, Desk, Loader
from kernel.db import enter, sqlalchemy_url
from kernel.money import Dong
from payments.allocation import Line, spread
from reconciliation import books, cases, reads_books
from reconciliation.books import Finding
from reconciliation.cases import Assignment, notice_parts
from reconciliation.jobs import settle_waiting
from reconciliation.model import Direction
from reconciliation.reads_books import PaidNotice
from tests.database import TestDatabase
from tests.fresh import fresh_database
from tests.reconciliation.breaches import PLANTED
from tests.rows import NOW, Planter, arrival


@dataclass(frozen=True)
class Books:
    """Right books with one of everything, and a door above every policy to break them."""

    database: TestDatabase

    async def after(self, *breaking: str) -> dict[str, Finding]:
        """Break the rows as superuser, check as the auditor, and take everything back."""
        engine = create_async_engine(
            sqlalchemy_url(self.database.url("postgres")), poolclass=NullPool
        )
        async with engine.connect() as tx:
            await tx.exec_driver_sql("set local session_replication_role = replica")
            for statement in breaking:
                done = await tx.exec_driver_sql(statement)
                assert done.rowcount != 0, f"changed nothing: {statement}"
            await enter(tx, Auditor())
            found = await books.check(tx)
            await enter(tx, Loader())
            found.append(await books.check_links(tx))
            await tx.rollback()
        await engine.dispose()
        return {each.name: each for each in found}


@pytest_asyncio.fixture(scope="module")
async def kept(server) -> AsyncGenerator[Books]:
    async with fresh_database(server) as made:
        async with made.superuser() as su:
            await live_a_month(made, Planter(su, made.operator()))
        yield Books(made)


async def live_a_month(database: TestDatabase, planter: Planter) -> None:
    """Settle, suspend, assign, undo, reverse and leave waiting: every state once or more."""
    school, other = await planter.school("A"), await planter.school("B")
    pupil = await planter.pupil(school)
    full, part, late = [await planter.notice(pupil, due) for due in (700_000, 500_000, 300_000)]
    back = await planter.notice(await planter.pupil(school), 250_000)
    theirs = await planter.notice(await planter.pupil(other), 100_000)
    await planter.receive(
        arrival(school, 700_000, full.code, txn="full"),
        arrival(school, 200_000, part.code, txn="part"),
        arrival(other, 130_000, theirs.code, txn="over"),
        arrival(school, 80_000, "hoc phi", txn="case"),
        arrival(school, 90_000, "hoc phi", txn="assigned"),
        arrival(school, 60_000, late.code, txn="undone"),
        arrival(school, 250_000, back.code, txn="back", bank_ref="FT-BACK"),
        arrival(school, 250_000, "hoan", direction=Direction.OUT, related_bank_ref="FT-BACK"),
        arrival(school, 5_000, "phi", direction=Direction.OUT, txn="fee"),
    )
    await settle_waiting(database.worker(), "HPX")
    ids = dict(await planter.su.fetch("select provider_txn_id, id from bank_credit"))
    case = await planter.su.fetchval(
        "select id from credit_case where credit_id = $1", ids["assigned"]
    )
    async with database.api().transaction(Desk((school.id,), (school.account_id,))) as tx:
        parts = Assignment(notice_parts([(part.key, 90_000)]))
        await cases.assign(tx, case, parts, actor="user:1", now=NOW)
        await cases.undo(
            tx, school.account_id, ids["undone"], reason="nhầm", actor="user:1", now=NOW
        )
    await planter.receive(arrival(school, 10_000, late.code, txn="waits"))


def broken(found: dict[str, Finding]) -> set[str]:
    return {name for name, finding in found.items() if finding.breaches}


async def test_right_books_are_clean_and_every_invariant_looked_at_something(kept):
    found = await kept.after()

    assert broken(found) == set()
    idle = {name for name, finding in found.items() if not finding.looked_at}
    assert idle == {"nothing lies on an undone notice"}


@pytest.mark.parametrize(
    ("name", "planted"),
    [
        pytest.param(name, planted, id=f"{name} {place}")
        for name, several in PLANTED.items()
        for place, planted in enumerate(several.split("--"))
    ],
)
async def test_a_planted_breach_is_found_and_named(kept, name, planted):
    *before, planted = planted.split(";")

    found = await kept.after(*before, planted)

    assert found[name].breaches > 0
    assert len(found[name].examples) == min(found[name].breaches, books.EXAMPLES)


def test_every_invariant_has_a_planted_breach():
    assert PLANTED.keys() == books.INVARIANTS.keys() | {books.LINK, books.SPREAD}


async def test_the_example_names_the_broken_row(kept):
    found = await kept.after("update bank_credit set left_dong = 1 where provider_txn_id = 'full'")

    async with kept.database.superuser() as su:
        row = await su.fetchrow(
            "select account_id, id from bank_credit where provider_txn_id = 'full'"
        )
    named = found["a credit's rest is what is not laid"]
    assert named.examples == (f"credit {row['account_id']}/{row['id']}",)


async def test_the_auditor_checks_as_the_operator_and_sees_all_schools(kept):
    async with kept.database.operator().transaction(Auditor()) as tx:
        found = {each.name: each for each in await books.check(tx)}
        waiting = await reads_books.credits_waiting(tx)

    assert broken(found) == set()
    assert found["receivable is the sum outstanding"].looked_at == 2
    assert waiting == 1


@given(st.lists(st.integers(-50, 100), min_size=1), st.integers(-5, 200))
def test_the_spread_is_clean_exactly_where_the_money_fits_the_lines(lines, paid):
    amounts = tuple(Dong(line) for line in lines)
    notice = PaidNotice("notice 1/1", Dong(paid), amounts)

    finding = books.spread_finding([notice])

    fits = 0 <= paid <= sum(lines)
    assert (finding.breaches, finding.examples) == ((0, ()) if fits else (1, ("notice 1/1",)))
    assert not fits or sum(spread(Dong(paid), [Line(each) for each in amounts])) == paid
