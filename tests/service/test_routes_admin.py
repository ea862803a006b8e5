"""Bank connections over HTTP: whose they are, when they spoke, clearing an alarm."""

from datetime import timedelta
from uuid import uuid4

import pytest

from kernel.clock import real_now
from tests.database import TestDatabase
from tests.rows import Planter
from tests.service.desk_app import Desk


@pytest.fixture
async def desk(database: TestDatabase):
    async with database.superuser() as su:
        yield Desk(database, Planter(su, database.operator()))


async def connected(desk: Desk, school, *ages_h: float) -> int:
    """A connection of a school's account that spoke so many hours ago."""
    su, now = desk.planter.su, real_now()
    connection = await su.fetchval(
        "insert into connection (public_id, provider, sandbox, options, made_at)"
        " values ($1, 'sepay', true, '{}', $2) returning id",
        f"secret-{school.id}",
        now,
    )
    await su.execute(
        "insert into connection_account values ($1, $2)", connection, school.account_id
    )
    for age in ages_h:
        await su.execute(
            "insert into delivery values ($1, $2, $3, '', '{}', 'read', '[]')",
            uuid4(),
            connection,
            now - timedelta(hours=age),
        )
    return connection


async def alarmed(desk: Desk, kind: str, facts: str = "{}", **place: int) -> int:
    return await desk.planter.su.fetchval(
        "insert into alarm (kind, connection_id, account_id, source, item, facts, at)"
        " values ($1, $2, $3, $4, 0, $5, $6) returning id",
        kind,
        place.get("connection"),
        place.get("account"),
        uuid4(),
        facts,
        real_now(),
    )


async def test_an_accountant_sees_their_own_connections_and_never_the_secret_path(desk):
    school, other = await desk.planter.school(), await desk.planter.school("TH-2")
    desk.hire("tam", school)
    await connected(desk, school, 0.01, 0.2)
    await connected(desk, other, 0.01)

    async with desk.browser() as browser:
        page = (await browser.get("/admin/connections")).text

    assert school.account_number in page
    assert other.account_number not in page
    assert "Đang báo" in page
    assert "secret-" not in page


@pytest.mark.parametrize(
    ("ages", "word"),
    [((), "Chưa có tin nào"), ((1, 2, 3), "Đang báo"), ((40, 41, 42), "Im lâu hơn thường lệ"),
     ((40, 80, 120), "Đang báo")],
)  # fmt: skip
async def test_a_connection_is_silent_by_its_own_habit(desk, ages, word):
    school = await desk.planter.school()
    desk.hire("tam", school)
    await connected(desk, school, *ages)

    async with desk.browser() as browser:
        page = (await browser.get("/admin/connections")).text

    assert f">{word}</span>" in page


async def test_an_alarm_is_cleared_once_by_a_person_of_its_account_and_kept_in_the_audit(desk):
    school, other = await desk.planter.school(), await desk.planter.school("TH-2")
    desk.hire("tam", school)
    desk.hire("other", other)
    connection = await connected(desk, school, 1)
    first = await alarmed(desk, "foreign_account", '{"account": "0417"}', connection=connection)
    second = await alarmed(desk, "quarantined", '{"amount_dong": 70000}', account=school.account_id)

    async with desk.browser("other") as browser:
        foreign = await browser.post(f"/admin/alarms/{first}/clear")
        nobody = await browser.post("/admin/alarms/999999/clear")
        unseen = (await browser.get("/admin/connections")).text
    async with desk.browser() as browser:
        before = (await browser.get("/admin/connections")).text
        done = [await browser.post(f"/admin/alarms/{first}/clear") for _ in range(2)]
        after = (await browser.get(done[0].headers["location"])).text

    assert (foreign.status_code, nobody.status_code) == (404, 404)
    assert foreign.content == nobody.content
    assert "0417" not in unseen
    assert "***0417" in before
    assert "70.000" in before
    assert [each.status_code for each in done] == [303, 303]
    assert f"/admin/alarms/{first}/clear" not in after
    assert f"/admin/alarms/{second}/clear" in after
    assert await desk.rows("deed where deed = 'alarm_cleared'") == 1


async def test_an_alarm_of_an_account_without_a_connection_is_shown_too(desk):
    school = await desk.planter.school()
    desk.hire("tam", school)
    await alarmed(desk, "other_content", account=school.account_id)

    async with desk.browser() as browser:
        page = (await browser.get("/admin/connections")).text

    assert "Không qua kết nối" in page
    assert "với nội dung khác" in page
