"""Cancelling a notice: where its money goes, what the books say, what is refused."""

import asyncio

import pytest

from kernel.access import Auditor, Desk
from kernel.errors import Invalid
from payments.adjust import NoticeClosed, NoticeUnknown, cancel
from reconciliation.books import check
from reconciliation.cases import undo
from reconciliation.jobs import settle_waiting
from tests.database import TestDatabase
from tests.rows import NOW, Planter, School, arrival


@pytest.fixture
async def planter(database: TestDatabase):
    async with database.superuser() as su:
        yield Planter(su, database.operator())


def desk_of(school: School) -> Desk:
    return Desk((school.id,), (school.account_id,))


async def cancelled(database, school, notice, reason="lập nhầm") -> int:
    async with database.api().transaction(desk_of(school)) as tx:
        return await cancel(tx, school.id, notice.id, reason=reason, actor="tam", now=NOW)


async def state_of(planter: Planter, notice) -> tuple[str, int]:
    row = await planter.su.fetchrow(
        "select state, outstanding_dong from invoice where id = $1", notice.id
    )
    return row["state"], row["outstanding_dong"]


async def kept_for(planter: Planter, pupil) -> int:
    return await planter.su.fetchval(
        "select credit_dong from pupil_balance where student_id = $1", pupil.id
    )


async def breaches(database) -> dict[str, tuple[str, ...]]:
    async with database.operator().transaction(Auditor()) as tx:
        return {each.name: each.examples for each in await check(tx) if each.breaches}


async def test_a_cancelled_notice_owes_nothing_and_its_charge_is_taken_back(database, planter):
    school = await planter.school()
    pupil = await planter.pupil(school)
    notice, other = await planter.notice(pupil, 1_250_000), await planter.notice(pupil, 300_000)

    moved = await cancelled(database, school, notice)

    assert moved == 0
    assert await state_of(planter, notice) == ("cancelled", 0)
    assert await state_of(planter, other) == ("issued", 300_000)
    charged = await planter.su.fetchrow(
        "select amount_dong, round_id, fee_item_id from transfer where reference like 'uncharge:%'"
    )
    assert tuple(charged) == (1_250_000, school.round_id, school.fee_item_id)
    deed = await planter.su.fetchrow("select actor, deed, facts from deed")
    assert tuple(deed)[:2] == ("tam", "notice_cancelled")
    assert "lập nhầm" in deed["facts"]
    assert await breaches(database) == {}


async def test_money_of_a_paid_notice_becomes_the_pupils_and_can_still_be_undone(database, planter):
    school = await planter.school()
    pupil = await planter.pupil(school)
    notice, other = await planter.notice(pupil, 500_000), await planter.notice(pupil, 900_000)
    await planter.receive(
        arrival(school, 200_000, notice.code, txn="A"),
        arrival(school, 300_000, notice.code, txn="B"),
        arrival(school, 100_000, other.code, txn="C"),
    )
    await settle_waiting(database.worker(), "HPX")
    assert await state_of(planter, notice) == ("paid", 0)

    moved = await cancelled(database, school, notice)

    assert moved == 500_000
    assert await state_of(planter, notice) == ("cancelled", 0)
    assert await kept_for(planter, pupil) == 500_000
    topics = await planter.su.fetch("select topic from fact where topic = 'invoice.cancelled'")
    assert len(topics) == 1
    assert await breaches(database) == {}

    credit = await planter.su.fetchval("select id from bank_credit where provider_txn_id = 'B'")
    async with database.api().transaction(desk_of(school)) as tx:
        await undo(tx, school.account_id, credit, reason="trả lại", actor="tam", now=NOW)

    assert await kept_for(planter, pupil) == 200_000
    assert await state_of(planter, notice) == ("cancelled", 0)
    assert await state_of(planter, other) == ("partly_paid", 800_000)
    state = await planter.su.fetchrow(
        "select state, left_dong from bank_credit where id = $1", credit
    )
    assert tuple(state) == ("case", 300_000)
    assert await breaches(database) == {}


async def test_facts_of_a_cancelling_carry_rising_versions(database, planter):
    school = await planter.school()
    notice = await planter.notice(await planter.pupil(school), 500_000)
    await planter.receive(arrival(school, 500_000, notice.code))
    await settle_waiting(database.worker(), "HPX")

    await cancelled(database, school, notice)

    facts = await planter.su.fetch("select topic, version from fact order by seq")
    assert [tuple(fact) for fact in facts] == [
        ("invoice.paid", 1),
        ("invoice.reopened", 2),
        ("invoice.cancelled", 3),
    ]


async def lines(planter: Planter, notice, amounts: list[int]) -> None:
    """Write other lines for a notice, each of a fee item of its own, with their charges."""
    school = notice.pupil.school
    await planter.su.execute("delete from invoice_line where invoice_id = $1", notice.id)
    for number, amount in enumerate(amounts, start=1):
        item = await planter.su.fetchval(
            "insert into fee_item (school_id, code, name, legal_class, unit, legal_basis)"
            " values ($1, $2, $2, 'agreed', 'month', '') returning id",
            school.id,
            f"I{number}",
        )
        await planter.su.execute(
            "insert into invoice_line values ($1, $2, $3, $4, 'x', $5)",
            school.id,
            notice.id,
            number,
            item,
            amount,
        )


async def test_each_fee_item_is_taken_back_by_its_own_sign_and_none_for_nothing(database, planter):
    school = await planter.school()
    notice = await planter.notice(await planter.pupil(school), 900_000)
    await lines(planter, notice, [1_000_000, -100_000, 0])

    await cancelled(database, school, notice)

    turned = await planter.su.fetch(
        "select t.amount_dong, d.kind, c.kind, t.invoice_id from transfer t"
        " join ledger_account d on d.id = t.debit_id join ledger_account c on c.id = t.credit_id"
        " where t.reference like 'uncharge:%' order by t.id"
    )
    assert [tuple(row) for row in turned] == [
        (1_000_000, "fee_item", "round_control", notice.id),
        (100_000, "round_control", "fee_item", notice.id),
    ]


async def test_a_notice_of_nothing_is_cancelled_too(database, planter):
    school = await planter.school()
    notice = await planter.notice(await planter.pupil(school), 0)

    await cancelled(database, school, notice)

    assert await state_of(planter, notice) == ("cancelled", 0)
    assert await breaches(database) == {}


async def test_a_second_cancelling_is_refused_and_changes_nothing(database, planter):
    school = await planter.school()
    notice = await planter.notice(await planter.pupil(school))
    await cancelled(database, school, notice)
    before = await planter.su.fetchval("select count(*) from transfer")

    with pytest.raises(NoticeClosed):
        await cancelled(database, school, notice)

    assert await planter.su.fetchval("select count(*) from transfer") == before


async def test_two_at_once_cancel_it_once(database, planter):
    school = await planter.school()
    notice = await planter.notice(await planter.pupil(school), 500_000)
    await planter.receive(arrival(school, 500_000, notice.code))
    await settle_waiting(database.worker(), "HPX")

    tries = [cancelled(database, school, notice) for _ in range(3)]
    done = await asyncio.gather(*tries, return_exceptions=True)

    assert sorted(type(each).__name__ for each in done) == ["NoticeClosed", "NoticeClosed", "int"]
    assert await kept_for(planter, notice.pupil) == 500_000
    assert await breaches(database) == {}


async def test_a_cancelling_races_a_payment_and_the_books_stay_right(database, planter):
    school = await planter.school()
    notices = [await planter.notice(await planter.pupil(school), 100_000) for _ in range(10)]
    await planter.receive(*(arrival(school, 100_000, notice.code) for notice in notices))
    worker = database.worker()

    await asyncio.gather(
        settle_waiting(worker, "HPX"),
        *(cancelled(database, school, notice) for notice in notices),
        return_exceptions=True,
    )
    await settle_waiting(worker, "HPX")

    states = {(await state_of(planter, notice))[0] for notice in notices}
    assert states == {"cancelled"}
    assert sum([await kept_for(planter, notice.pupil) for notice in notices]) == 1_000_000
    assert await breaches(database) == {}


@pytest.mark.parametrize("reason", ["", "  \n"])
async def test_a_cancelling_needs_a_reason(database, planter, reason):
    school = await planter.school()
    notice = await planter.notice(await planter.pupil(school))

    with pytest.raises(Invalid):
        await cancelled(database, school, notice, reason)

    assert await state_of(planter, notice) == ("issued", 1_250_000)


async def test_a_notice_of_another_school_is_as_unknown_as_none(database, planter):
    mine, other = await planter.school("A"), await planter.school("B")
    theirs = await planter.notice(await planter.pupil(other))

    for school_id, invoice_id in ((other.id, theirs.id), (mine.id, theirs.id), (mine.id, 10**6)):
        with pytest.raises(NoticeUnknown) as refused:
            async with database.api().transaction(desk_of(mine)) as tx:
                await cancel(tx, school_id, invoice_id, reason="x", actor="tam", now=NOW)
        assert refused.value.facts == {}

    assert await state_of(planter, theirs) == ("issued", 1_250_000)
