"""Settling against a real database: what each kind of credit becomes, and who may double it."""

import asyncio

import pytest

from kernel.access import Desk
from payments.reference import CodeBook
from reconciliation.jobs import settle_waiting
from reconciliation.model import Direction
from tests.database import TestDatabase
from tests.rows import KEY, Planter, arrival


@pytest.fixture
async def planter(database: TestDatabase):
    async with database.superuser() as su:
        yield Planter(su, database.operator())


async def outcome_of(planter: Planter, txn: str) -> tuple[str, int]:
    row = await planter.su.fetchrow(
        "select state, left_dong from bank_credit where provider_txn_id = $1", txn
    )
    return row["state"], row["left_dong"]


async def notice_now(planter: Planter, notice) -> tuple[str, int]:
    row = await planter.su.fetchrow(
        "select state, outstanding_dong from invoice where id = $1", notice.id
    )
    return row["state"], row["outstanding_dong"]


async def test_an_exact_payment_pays_the_notice_and_tells_it(database, planter):
    school = await planter.school()
    notice = await planter.notice(await planter.pupil(school))
    await planter.receive(arrival(school, 1_250_000, f"chuyen tien {notice.code}", txn="A"))

    done = await settle_waiting(database.worker(), "HPX")

    assert (done.decided, done.failed) == (1, 0)
    assert await notice_now(planter, notice) == ("paid", 0)
    assert await outcome_of(planter, "A") == ("settled", 0)
    facts = await planter.su.fetch("select topic, payload->>'state' s from fact")
    assert [tuple(fact) for fact in facts] == [("invoice.paid", "paid")]


async def test_a_part_leaves_the_rest_open_and_too_much_is_kept_for_the_pupil(database, planter):
    school = await planter.school()
    pupil = await planter.pupil(school)
    notice = await planter.notice(pupil, 1_000_000)
    await planter.receive(arrival(school, 400_000, notice.code))
    await settle_waiting(database.worker(), "HPX")
    assert await notice_now(planter, notice) == ("partly_paid", 600_000)

    await planter.receive(arrival(school, 700_000, notice.code))
    await settle_waiting(database.worker(), "HPX")

    assert await notice_now(planter, notice) == ("paid", 0)
    kept = await planter.su.fetchval(
        "select credit_dong from pupil_balance where student_id = $1", pupil.id
    )
    assert kept == 100_000


async def test_what_is_not_certain_waits_as_a_case_with_its_reason(database, planter):
    school, other = await planter.school("A"), await planter.school("B")
    mine = await planter.notice(await planter.pupil(school))
    twin = await planter.notice(await planter.pupil(school))
    theirs = await planter.notice(await planter.pupil(other))
    unknown = CodeBook(prefix="HPX", key=KEY).make(999_999)
    await planter.receive(
        arrival(school, memo="hoc phi thang 11", txn="none"),
        arrival(school, memo=unknown, txn="unknown"),
        arrival(school, memo=f"{mine.code} {twin.code}", txn="two"),
        arrival(school, memo=theirs.code, txn="other"),
    )

    await settle_waiting(database.worker(), "HPX")

    reasons = await planter.su.fetch(
        "select c.provider_txn_id t, k.reason r from credit_case k join bank_credit c"
        " on c.id = k.credit_id order by c.id"
    )
    assert [tuple(row) for row in reasons] == [
        ("none", "no_code"),
        ("unknown", "unknown_code"),
        ("two", "several_codes"),
        ("other", "other_account"),
    ]
    assert await notice_now(planter, theirs) == ("issued", 1_250_000)


async def test_a_reversal_reopens_what_its_credit_had_paid(database, planter):
    school = await planter.school()
    notice = await planter.notice(await planter.pupil(school))
    await planter.receive(arrival(school, memo=notice.code, txn="in", bank_ref="FT1"))
    await planter.receive(
        arrival(
            school, memo="hoan tien", txn="out", direction=Direction.OUT, related_bank_ref="FT1"
        )
    )

    await settle_waiting(database.worker(), "HPX")

    assert await notice_now(planter, notice) == ("issued", 1_250_000)
    assert await outcome_of(planter, "in") == ("reversed", 0)
    assert (await outcome_of(planter, "out"))[0] == "reversal"


async def test_the_same_credit_told_twice_is_one_credit(database, planter):
    school = await planter.school()
    notice = await planter.notice(await planter.pupil(school), 2_000_000)
    told = arrival(school, 500_000, notice.code, txn="same")
    again = arrival(school, 500_000, notice.code, txn="same")

    new = await planter.receive(told, again)
    later = await planter.receive(arrival(school, 900_000, notice.code, txn="same"))
    await settle_waiting(database.worker(), "HPX")

    assert (new, later) == (1, 0)
    assert await notice_now(planter, notice) == ("partly_paid", 1_500_000)
    assert await planter.su.fetchval("select count(*) from alarm") == 1


async def test_two_workers_at_once_settle_each_credit_once(database, planter):
    school = await planter.school()
    notices = [await planter.notice(await planter.pupil(school), 100_000) for _ in range(30)]
    await planter.receive(*(arrival(school, 100_000, notice.code) for notice in notices))
    first, second = database.worker(), database.worker()

    await asyncio.gather(*(settle_waiting(db, "HPX") for db in (first, second) * 3))
    await settle_waiting(first, "HPX")

    laid = await planter.su.fetchval("select sum(amount_dong) from transfer where kind='allocated'")
    assert laid == 3_000_000
    assert await planter.su.fetchval("select count(*) from credit_inbox") == 0


async def test_a_desk_of_another_school_sees_nothing_of_it(database, planter):
    school, other = await planter.school("A"), await planter.school("B")
    notice = await planter.notice(await planter.pupil(school))
    await planter.receive(arrival(school, memo=notice.code))
    await settle_waiting(database.worker(), "HPX")

    seen = []
    async with database.api().transaction(Desk((other.id,), (other.account_id,))) as tx:
        for table in ("invoice", "student", "transfer", "bank_credit", "credit_decision"):
            found = await tx.exec_driver_sql(f"select count(*) from {table}")
            seen.append(found.scalar_one())

    assert seen == [0, 0, 0, 0, 0]
