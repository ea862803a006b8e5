"""The check of the books is clean on right books and finds every planted breach."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
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
from tests.database import TEMPLATE, TestDatabase
from tests.rows import NOW, Planter, arrival

LATER = datetime(2026, 11, 23, tzinfo=UTC)


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
    made = TestDatabase(server, f"books_{uuid4().hex[:12]}")
    maintenance = await asyncpg.connect(server.url("postgres", "postgres"))
    await maintenance.execute(f"create database {made.name} template {TEMPLATE}")
    try:
        async with made.superuser() as su:
            await live_a_month(made, Planter(su, made.operator()))
        yield Books(made)
    finally:
        await made.close()
        await maintenance.execute(f"drop database {made.name} with (force)")
        await maintenance.close()


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


CREDIT = "update bank_credit set {} where provider_txn_id = '{}'"
OF_CREDIT = "(select id from bank_credit where provider_txn_id = '{}')"
PLANTED = {
    "a transfer has two fitting sides": [
        "alter table transfer drop constraint ck_transfer_amount;"
        "update transfer set amount_dong = -amount_dong where kind = 'received'",
        "alter table transfer drop constraint ck_transfer_two_sides;"
        "update transfer set debit_id = credit_id where kind = 'credited'",
        "update transfer set debit_id = 999999 where kind = 'allocated'",
        "update transfer set kind = 'credited' where kind = 'allocated'",
        "update transfer set debit_id = credit_id, credit_id = debit_id where kind = 'issued'",
        "update transfer set account_id = account_id + 1 where kind = 'received'",
    ],
    "a reversal mirrors its original, once": [
        "update transfer set amount_dong = amount_dong + 1 where reverses_id is not null",
        "update transfer set reverses_id = 999999 where reverses_id is not null"
        " and kind = 'received'",
        "update transfer set bank_credit_id = 1 where reverses_id is not null",
        "update transfer r set reverses_id = o.id from transfer o where r.kind = 'received'"
        " and r.reverses_id is not null and o.reverses_id is not null and o.kind = 'allocated'",
        "alter table transfer drop constraint uq_transfer_reverses_id;"
        "insert into transfer (debit_id, credit_id, amount_dong, kind, reference, reverses_id, at,"
        " account_id, school_id, invoice_id, student_id, bank_credit_id) select debit_id,"
        " credit_id, amount_dong, kind, 'twice', reverses_id, at, account_id, school_id,"
        " invoice_id, student_id, bank_credit_id from transfer where reverses_id is not null"
        " limit 1",
    ],
    "a decided credit is received once": [
        f"delete from transfer where kind = 'received' and bank_credit_id = {OF_CREDIT}".format(
            "full"
        ),
        "delete from transfer where kind = 'received' and reverses_id is not null",
        "insert into transfer (debit_id, credit_id, amount_dong, kind, reference, at, account_id,"
        " bank_credit_id) select debit_id, credit_id, amount_dong, kind, 'again', at, account_id,"
        " bank_credit_id from transfer where kind = 'received' limit 1",
        "update transfer set bank_credit_id = 999999 where kind = 'received'",
        CREDIT.format("state = 'waiting'", "full"),
        CREDIT.format("direction = 'out'", "full"),
    ],
    "a credit's rest is what is not laid": [
        CREDIT.format("left_dong = 1", "full"),
        CREDIT.format("left_dong = left_dong - 1", "case"),
        CREDIT.format("left_dong = 1", "waits"),
        CREDIT.format("state = 'settled'", "case"),
        CREDIT.format("left_dong = 5", "back"),
        CREDIT.format("direction = 'out'", "part"),
    ],
    "suspense is the rest of open cases": [
        CREDIT.format("left_dong = left_dong - 1", "case"),
        "update transfer set amount_dong = amount_dong + 1 where kind = 'credited'",
    ],
    "bank is received less reversed": [
        "update transfer set amount_dong = amount_dong - 1 where kind = 'received'",
        CREDIT.format("amount_dong = amount_dong + 1", "over"),
    ],
    "money in lies somewhere": [
        CREDIT.format("amount_dong = amount_dong + 1", "case"),
        "delete from transfer where kind = 'received'",
        CREDIT.format("state = 'reversed'", "case"),
    ],
    "a notice is issued at its due": [
        "delete from transfer where kind = 'issued' and invoice_id = (select min(id) from invoice)",
        "update invoice set state = 'cancelled', outstanding_dong = 0 where state = 'issued'",
    ],
    "outstanding is due less laid": [
        "update invoice set outstanding_dong = outstanding_dong - 1 where state = 'partly_paid'",
        "delete from transfer where kind = 'allocated' and reverses_id is null",
        "alter table invoice drop constraint ck_invoice_state;"
        "update invoice set state = 'issued' where state = 'paid'",
    ],
    "nothing lies on an undone notice": [
        "update invoice set state = 'replaced', outstanding_dong = 0 where state = 'partly_paid'",
    ],
    "no notice takes more than its due": [
        "update transfer set amount_dong = amount_dong + 600000 where kind = 'allocated'"
        " and reverses_id is null",
        "delete from transfer where kind = 'allocated' and reverses_id is null",
    ],
    "lines sum to the due": [
        "update invoice_line set amount_dong = amount_dong + 1"
        " where invoice_id = (select max(invoice_id) from invoice_line)",
        "delete from invoice_line",
    ],
    "a notice has one code, its own": [
        "delete from payment_code where invoice_id = (select min(id) from invoice)",
        "update payment_code set account_id = account_id + 1",
        "update payment_code set invoice_id = 999999 where number = 1",
        "update invoice set code = code || 'X'",
        "alter table payment_code drop constraint uq_payment_code_school_id_invoice_id;"
        "insert into payment_code select code || 'Y', number + 99, account_id, school_id,"
        " invoice_id from payment_code where number = 1",
    ],
    books.LINK: [
        "delete from page_token where invoice_id = (select min(id) from invoice)",
        "update page_token set student_id = student_id + 1",
        "update page_token set invoice_id = 999999",
        "insert into page_token select token_hash || token_hash, school_id, invoice_id, student_id"
        " from page_token",
    ],
    "receivable is the sum outstanding": [
        "update invoice set outstanding_dong = outstanding_dong - 1 where state = 'partly_paid'",
        "delete from transfer where kind = 'issued'",
    ],
    "pupil credit is as the ledger says": [
        "update pupil_balance set credit_dong = credit_dong + 1",
        "update transfer set student_id = 1 where kind = 'credited'",
        "delete from transfer where kind = 'credited'",
    ],
    "a round's control is 0": [
        "delete from transfer where kind = 'charged'"
        " and id = (select max(id) from transfer where kind = 'charged')",
        "update transfer set amount_dong = amount_dong + 1 where kind = 'issued'",
    ],
    "a fee item is what notices charge": [
        "update transfer set amount_dong = amount_dong + 1 where kind = 'charged'",
        "update invoice_line set amount_dong = amount_dong - 1",
        "update invoice set state = 'cancelled', outstanding_dong = 0 where state = 'issued'",
    ],
    "the inbox holds what waits": [
        "delete from credit_inbox",
        f"insert into credit_inbox select account_id, id from bank_credit where id = {OF_CREDIT}"
        .format("full"),
        "insert into credit_inbox (account_id, credit_id) values (1, 999999)",
    ],
    "an undecided credit has one open case": [
        "delete from credit_case where state = 'open'",
        "update credit_case set state = 'open' where state = 'closed'",
        "drop index uq_credit_case_open; insert into credit_case (account_id, credit_id, reason,"
        " opened_at) select account_id, credit_id, reason, opened_at from credit_case"
        " where state = 'open'",
    ],
    "the newest decision tells the state": [
        "delete from credit_decision where action = 'settled'",
        "update credit_decision set action = 'case' where action = 'settled'",
        "update credit_decision set parts = jsonb_set(parts, '{allocations,0,amount_dong}', '1')"
        " where action = 'settled'",
        "insert into credit_decision (account_id, credit_id, at, actor, action, parts, evidence,"
        " suggestions, policy) select account_id, id, received_at, 'x', 'settled',"
        " '{\"allocations\": [], \"credit\": []}', '[]', '[]', '' from bank_credit"
        " where state = 'waiting'",
    ],
    "a credit was first told once": [
        "update bank_event set is_first = false where provider_txn_id = 'case'",
        "update bank_event set provider_txn_id = 'part' where provider_txn_id = 'full'",
    ],
    books.SPREAD: [
        "update invoice_line set amount_dong = 10",
        "delete from invoice_line",
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "planted"),
    [
        pytest.param(name, planted, id=f"{name} {place}")
        for name, several in PLANTED.items()
        for place, planted in enumerate(several)
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
    found = await kept.after(CREDIT.format("left_dong = 1", "full"))

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
