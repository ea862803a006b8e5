"""Folding transfers into monthly sums: equal to the direct sum, whatever is still open."""

import asyncio

import asyncpg
import pytest

from kernel.access import Folder, Reports
from kernel.clock import vietnam_date
from reconciliation.jobs import settle_waiting
from reconciliation.model import Direction, Method
from reports import reads
from reports.jobs import fold_waiting
from tests.rows import NOW, PERIOD, Planter, arrival


@pytest.fixture
async def planter(database):
    async with database.superuser() as su:
        yield Planter(su, database.operator())


async def direct(planter):
    """The independent sum, written another way than the product's."""
    rows = await planter.su.fetch(
        "select school_id, 'due' m, period p, sum(case when reverses_id is null then amount_dong"
        " else -amount_dong end) a from transfer where kind = 'issued' group by 1, 3"
        " union all select school_id, 'paid', period, sum(case when reverses_id is null"
        " then amount_dong else -amount_dong end) from transfer where kind = 'allocated'"
        " group by 1, 3"
        " union all select school_id, method, date_trunc('month', value_on)::date,"
        " sum(case when reverses_id is null then amount_dong else -amount_dong end)"
        " from transfer where kind = 'allocated' group by 1, 2, 3"
    )
    return {(row["school_id"], row["m"], row["p"]): int(row["a"]) for row in rows}


async def folded(planter):
    rows = await planter.su.fetch("select * from rate_sum")
    return {(row["school_id"], row["measure"], row["month"]): row["amount_dong"] for row in rows}


async def shown(database, school):
    async with database.api().transaction(Reports((school.id,))) as tx:
        return (await reads.sums_of_month(tx, [school.id], PERIOD)).get(school.id, {})


async def test_what_is_shown_is_right_before_between_and_after_folding(database, planter):
    school = await planter.school()
    first = await planter.notice(await planter.pupil(school), 1_000_000)
    second = await planter.notice(await planter.pupil(school), 500_000)
    worker = database.worker()
    assert await shown(database, school) == {"due": 1_500_000}

    await fold_waiting(worker)
    assert await shown(database, school) == {"due": 1_500_000}

    await planter.receive(
        arrival(school, 400_000, first.code),
        arrival(school, 500_000, second.code, method=Method.COUNTER),
    )
    await settle_waiting(worker, "HPX")
    wanted = {"due": 1_500_000, "paid": 900_000, "noncash": 400_000, "counter": 500_000}
    assert await shown(database, school) == wanted

    await fold_waiting(worker)
    assert await shown(database, school) == wanted
    assert await folded(planter) == await direct(planter)


async def test_folding_twice_or_by_two_adds_nothing(database, planter):
    school = await planter.school()
    await planter.notice(await planter.pupil(school), 1_000_000)
    first, second = database.worker(), database.worker()

    await asyncio.gather(*(fold_waiting(db) for db in (first, second, first, second)))
    await fold_waiting(first)

    assert await folded(planter) == await direct(planter)


async def test_a_transaction_held_open_across_the_cursor_is_neither_lost_nor_doubled(
    database, planter
):
    school = await planter.school()
    await planter.notice(await planter.pupil(school), 1_000_000)
    held = await asyncpg.connect(database.url("postgres"))
    slow = held.transaction()
    await slow.start()
    await held.execute("select pg_current_xact_id()")
    await planter.notice(await planter.pupil(school), 700_000)
    worker = database.worker()

    await fold_waiting(worker)
    during = await shown(database, school)
    await held.execute(
        "insert into transfer (debit_id, credit_id, amount_dong, kind, reference, school_id,"
        " period, at) select credit_id, debit_id, 300000, 'issued', 'held', school_id, period, at"
        " from transfer where kind = 'issued' limit 1"
    )
    await slow.commit()
    await held.close()
    after = await shown(database, school)
    await fold_waiting(worker)

    assert (during, after) == ({"due": 1_700_000}, {"due": 2_000_000})
    assert await shown(database, school) == {"due": 2_000_000}
    assert await folded(planter) == await direct(planter)


async def test_a_reversal_takes_off_what_it_undoes(database, planter):
    school = await planter.school()
    notice = await planter.notice(await planter.pupil(school), 1_000_000)
    worker = database.worker()
    await planter.receive(arrival(school, 1_000_000, notice.code, bank_ref="FT9"))
    await settle_waiting(worker, "HPX")
    await fold_waiting(worker)
    await planter.receive(
        arrival(school, 1_000_000, "", direction=Direction.OUT, related_bank_ref="FT9")
    )

    await settle_waiting(worker, "HPX")

    left = await shown(database, school)
    assert (left["due"], left["paid"], left["noncash"]) == (1_000_000, 0, 0)
    assert vietnam_date(NOW).month == PERIOD.month


async def test_another_schools_sums_stay_out_of_scope(database, planter):
    mine, other = await planter.school("A"), await planter.school("B")
    await planter.notice(await planter.pupil(other), 1_000_000)
    await fold_waiting(database.worker())

    async with database.api().transaction(Reports((mine.id,))) as tx:
        seen = await reads.sums_of_month(tx, [mine.id, other.id], PERIOD)

    assert seen == {}


async def test_the_folder_cannot_read_whose_money_it_is(database):
    with pytest.raises(Exception, match="permission denied"):
        async with database.worker().transaction(Folder()) as tx:
            await tx.exec_driver_sql("select student_id from transfer")
