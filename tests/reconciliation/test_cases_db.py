"""The deeds of a case against a real database: assign and undo, and who may not."""

import asyncio
import random

import pytest

from kernel.access import Auditor, Desk
from kernel.errors import DomainError, Invalid
from kernel.money import Dong
from payments.adjust import cancel
from payments.settlement import CreditSpent
from reconciliation.books import check
from reconciliation.cases import (
    Assignment,
    CaseClosed,
    CaseUnknown,
    NothingToUndo,
    PartsUnequal,
    assign,
    notice_parts,
    undo,
)
from reconciliation.jobs import settle_waiting
from reconciliation.model import PupilPart
from tests.database import TestDatabase
from tests.rows import NOW, Planter, School, arrival


@pytest.fixture
async def planter(database: TestDatabase):
    async with database.superuser() as su:
        yield Planter(su, database.operator())


def scope(*schools: School) -> Desk:
    return Desk(
        tuple(school.id for school in schools), tuple(school.account_id for school in schools)
    )


async def case_of(database, planter, school: School, amount: int, txn: str = "A") -> int:
    await planter.receive(arrival(school, amount, "khong ma", txn=txn))
    await settle_waiting(database.worker(), "HPX")
    return await planter.su.fetchval("select max(id) from credit_case")


async def assigned(database, desk: Desk, case: int, *pairs, pupils=()) -> int:
    split = Assignment(notice_parts([(notice.key, amount) for notice, amount in pairs]), pupils)
    return await laid(database, desk, case, split)


async def laid(database, desk: Desk, case: int, split: Assignment) -> int:
    async with database.api().transaction(desk) as tx:
        return await assign(tx, case, split, actor="tam", now=NOW)


async def undone(database, school: School, credit: int, reason="nhầm") -> None:
    async with database.api().transaction(scope(school)) as tx:
        await undo(tx, school.account_id, credit, reason=reason, actor="tam", now=NOW)


async def states(planter: Planter, *notices) -> list[tuple[str, int]]:
    rows = [
        await planter.su.fetchrow(
            "select state, outstanding_dong from invoice where id = $1", notice.id
        )
        for notice in notices
    ]
    return [tuple(row) for row in rows]


async def breaches(database) -> dict[str, tuple[str, ...]]:
    async with database.operator().transaction(Auditor()) as tx:
        return {each.name: each.examples for each in await check(tx) if each.breaches}


@pytest.mark.parametrize("amounts", [(600_000, 399_999), (600_000, 400_001), (600_001, 399_999)])
async def test_parts_sum_to_the_credit_and_fit_their_notices_or_nothing_is_written(
    database, planter, amounts
):
    school = await planter.school()
    notices = [await planter.notice(await planter.pupil(school), due) for due in (600_000, 900_000)]
    case = await case_of(database, planter, school, 1_000_000)

    with pytest.raises(PartsUnequal):
        await assigned(database, scope(school), case, *zip(notices, amounts, strict=True))

    assert await states(planter, *notices) == [("issued", 600_000), ("issued", 900_000)]
    assert await planter.su.fetchval("select count(*) from transfer where kind = 'allocated'") == 0
    assert await breaches(database) == {}


async def test_a_foreign_notice_and_one_that_is_nowhere_are_refused_alike(database, planter):
    school, other = await planter.school("A"), await planter.school("B")
    foreign = await planter.notice(await planter.pupil(other), 500_000)
    case = await case_of(database, planter, school, 500_000)

    facts = []
    for key in (foreign.key, (school.id, foreign.id), (school.id, 10**6)):
        split = Assignment(notice_parts([(key, 500_000)]))
        with pytest.raises(PartsUnequal) as refused:
            await laid(database, scope(school), case, split)
        facts.append((str(refused.value), refused.value.facts))

    assert facts[0] == facts[1] == facts[2]
    assert await states(planter, foreign) == [("issued", 500_000)]


async def test_a_pupil_of_another_school_keeps_nothing(database, planter):
    school, other = await planter.school("A"), await planter.school("B")
    stranger = await planter.pupil(other)
    case = await case_of(database, planter, school, 500_000)

    part = PupilPart((other.id, stranger.id), Dong(500_000))

    with pytest.raises(PartsUnequal):
        await assigned(database, scope(school), case, pupils=(part,))

    assert await planter.su.fetchval("select sum(credit_dong) from pupil_balance") == 0


async def test_a_case_of_another_account_is_unknown(database, planter):
    school, other = await planter.school("A"), await planter.school("B")
    notice = await planter.notice(await planter.pupil(other), 500_000)
    case = await case_of(database, planter, school, 500_000)

    with pytest.raises(CaseUnknown):
        await assigned(database, scope(other), case, (notice, 500_000))


async def test_two_at_once_assign_a_case_once(database, planter):
    school = await planter.school()
    notice = await planter.notice(await planter.pupil(school), 2_000_000)
    case = await case_of(database, planter, school, 500_000)

    tries = [assigned(database, scope(school), case, (notice, 500_000)) for _ in range(3)]
    done = await asyncio.gather(*tries, return_exceptions=True)

    refused = [each for each in done if isinstance(each, CaseClosed)]
    assert len(refused) == 2
    assert await states(planter, notice) == [("partly_paid", 1_500_000)]
    assert await breaches(database) == {}


async def test_an_undo_takes_back_its_own_credit_alone_and_only_once(database, planter):
    school = await planter.school()
    notice = await planter.notice(await planter.pupil(school), 1_000_000)
    await planter.receive(arrival(school, 300_000, notice.code, txn="other"))
    case = await case_of(database, planter, school, 700_000)
    credit = await assigned(database, scope(school), case, (notice, 700_000))

    await undone(database, school, credit)

    assert await states(planter, notice) == [("partly_paid", 700_000)]
    with pytest.raises(NothingToUndo):
        await undone(database, school, credit)
    with pytest.raises(Invalid):
        await undone(database, school, credit, reason=" ")
    with pytest.raises(CaseUnknown):
        await undone(database, await planter.school("B"), credit)
    assert await breaches(database) == {}


async def test_an_undo_is_refused_when_the_pupils_credit_is_gone(database, planter):
    school = await planter.school()
    pupil = await planter.pupil(school)
    case = await case_of(database, planter, school, 500_000)
    part = PupilPart((school.id, pupil.id), Dong(500_000))
    credit = await assigned(database, scope(school), case, pupils=(part,))
    await planter.su.execute("update pupil_balance set credit_dong = 499999")

    with pytest.raises(CreditSpent):
        await undone(database, school, credit)

    left = await planter.su.fetchval("select left_dong from bank_credit where id = $1", credit)
    assert left == 0


@pytest.mark.parametrize("seed", [1, 2])
async def test_any_order_of_deeds_keeps_every_invariant_of_the_books(database, planter, seed):
    chance = random.Random(seed)
    school = await planter.school()
    pupils = [await planter.pupil(school) for _ in range(3)]
    notices = [await planter.notice(pupil, 100_000 * chance.randint(1, 5)) for pupil in pupils * 2]
    for number in range(6):
        memo = chance.choice([notice.code for notice in notices] + ["khong ma"] * 4)
        amount = 50_000 * chance.randint(1, 8)
        await planter.receive(arrival(school, amount, memo, txn=f"S{number}"))
    await settle_waiting(database.worker(), "HPX")

    done = 0
    for _ in range(25):
        try:
            done += await _some_deed(database, planter, school, chance, notices)
        except DomainError:
            continue
        assert await breaches(database) == {}

    assert done > 5


async def _some_deed(database, planter, school, chance, notices) -> int:
    deed = chance.choice(["assign", "assign", "undo", "cancel"])
    if deed == "assign":
        found = await planter.su.fetch(
            "select k.id, c.amount_dong from credit_case k join bank_credit c on c.id = k.credit_id"
            " where k.state = 'open' order by k.id"
        )
        if not found:
            return 0
        case = chance.choice(found)
        notice = chance.choice(notices)
        part = chance.randint(1, case["amount_dong"])
        rest = case["amount_dong"] - part
        kept = (PupilPart((school.id, notice.pupil.id), Dong(rest)),) if rest else ()
        await assigned(database, scope(school), case["id"], (notice, part), pupils=kept)
    elif deed == "undo":
        found = await planter.su.fetch("select id from bank_credit order by id")
        credit = chance.choice(found)["id"]
        await undone(database, school, credit)
    else:
        notice = chance.choice(notices)
        async with database.api().transaction(scope(school)) as tx:
            await cancel(tx, *notice.key, reason="x", actor="tam", now=NOW)
    return 1
