"""Undoing what was assigned, over HTTP: exactly that, once, with a reason, by who may."""

import asyncio

import pytest

from payments.adjust import cancel
from tests.database import TestDatabase
from tests.rows import NOW, Planter, arrival
from tests.service.desk_app import Desk, assign, suspended, undo


@pytest.fixture
async def desk(database: TestDatabase):
    async with database.superuser() as su:
        yield Desk(database, Planter(su, database.operator()))


async def test_an_undo_restores_exactly_and_touches_nothing_else(desk):
    school = await suspended(desk, 700_000)
    pupil = await desk.planter.pupil(school)
    mine = await desk.planter.notice(pupil, 1_000_000)
    await desk.planter.receive(arrival(school, 300_000, mine.code, txn="B"))
    await desk.settle()
    case = await desk.case_of("A")
    before = await desk.notice(mine)

    async with desk.browser() as browser:
        await assign(browser, case, [(mine, "650000")], rest=pupil.code)
        assert await desk.notice(mine) == ("partly_paid", 50_000)
        page = await browser.get(f"/desk/cases/{case}")
        undone = await undo(browser, f"/desk/cases/{case}")
        again = await undo(browser, f"/desk/cases/{case}")
        second = await undo(browser, f"/desk/cases/{case}", key="undo-number-2")
        shown = await browser.get(undone.headers["location"])

    assert "Sẽ lấy lại 650.000" in page.text
    assert (undone.status_code, again.status_code) == (303, 303)
    assert again.headers["location"] == undone.headers["location"]
    assert (second.status_code, "Không còn gì để đảo" in second.text) == (409, True)
    assert await desk.notice(mine) == before
    assert await desk.kept_for(pupil) == 0
    assert await desk.case_of("A") != case
    assert "nhầm em" in shown.text
    standing = await desk.planter.su.fetch(
        "select c.provider_txn_id t, sum(m.amount_dong) s from transfer m join bank_credit c"
        " on c.id = m.bank_credit_id where m.kind = 'allocated' and m.reverses_id is null and"
        " not exists (select from transfer r where r.reverses_id = m.id) group by 1"
    )
    assert [tuple(row) for row in standing] == [("B", 300_000)]
    assert await desk.breaches() == {}


async def test_an_undo_needs_a_reason(desk):
    school = await suspended(desk, 400_000)
    notice = await desk.planter.notice(await desk.planter.pupil(school), 400_000)
    case = await desk.case_of("A")

    async with desk.browser() as browser:
        await assign(browser, case, [(notice, "400000")])
        refused = await undo(browser, f"/desk/cases/{case}", reason="  ")

    assert refused.status_code == 422
    assert "Hãy ghi lý do." in refused.text
    assert await desk.notice(notice) == ("paid", 0)


async def test_money_split_over_two_schools_is_undone_only_by_who_keeps_both(desk):
    here = await suspended(desk, 1_000_000)
    there = await desk.planter.school("TH-2", account_of=here)
    both = [
        await desk.planter.notice(await desk.planter.pupil(school), 500_000)
        for school in (here, there)
    ]
    desk.hire("both", here, there)
    case = await desk.case_of("A")

    async with desk.browser("both") as browser:
        await assign(browser, case, [(notice, "500000") for notice in both])
    async with desk.browser() as browser:
        page = await browser.get(f"/desk/cases/{case}")
        refused = await undo(browser, f"/desk/cases/{case}")

    assert f"/desk/cases/{case}/undo" not in page.text
    assert refused.status_code == 403
    assert [await desk.notice(notice) for notice in both] == [("paid", 0), ("paid", 0)]
    async with desk.browser("both") as browser:
        assert (await undo(browser, f"/desk/cases/{case}")).status_code == 303
    assert await desk.breaches() == {}


async def test_an_undo_that_waits_for_a_cancelling_takes_the_money_from_where_it_went(desk):
    school = await suspended(desk, 400_000)
    notice = await desk.planter.notice(await desk.planter.pupil(school), 400_000)
    case, mine = await desk.case_of("A"), desk.people["tam"].desk()

    async with desk.browser() as browser:
        await assign(browser, case, [(notice, "400000")])
        async with desk.database.api().transaction(mine) as tx:
            await cancel(tx, *notice.key, reason="x", actor="tam", now=NOW)
            waiting = asyncio.create_task(undo(browser, f"/desk/cases/{case}"))
            await until_blocked(desk)
        undone = await waiting

    assert undone.status_code == 303
    assert await desk.notice(notice) == ("cancelled", 0)
    assert await desk.kept_for(notice.pupil) == 0
    assert await desk.breaches() == {}


async def until_blocked(desk: Desk) -> None:
    """Wait until somebody waits for a lock in the test's database."""
    for _ in range(200):
        waiting = await desk.planter.su.fetchval(
            "select count(*) from pg_stat_activity"
            " where datname = current_database() and wait_event_type = 'Lock'"
        )
        if waiting:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("nobody waits for a lock")
