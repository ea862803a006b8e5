"""Who is signed in: grants are read at every request, and each role opens its own pages only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sign_in_rig import BROWSER, SESSION, Rig, opened, sign_in

from service.people import Role
from service.reads_people import Granted
from service.staff import Staff, staff_of_grants

PAGES = ("/desk/probe", "/rates/probe", "/admin/probe")
ids = st.lists(st.integers(1, 50), max_size=6).map(tuple)
grants = st.lists(
    st.builds(Granted, st.just("A"), st.sampled_from(Role), ids, ids, ids),
    unique_by=lambda each: each.role,
)


@pytest.fixture
async def rig(database):
    async with opened(database) as rig:
        yield rig


@given(grants)
def test_the_desk_reaches_what_the_accountant_was_granted_and_never_an_officers_schools(
    granted: list[Granted],
) -> None:
    staff = staff_of_grants(7, "a", granted)

    if not granted:
        assert staff is None
        return
    assert staff is not None
    by_role = {each.role: each for each in granted}
    desk, officer = by_role.get(Role.ACCOUNTANT), by_role.get(Role.OFFICER)
    assert staff.roles == set(by_role)
    assert staff.desk().schools == (desk.schools if desk else ())
    assert staff.desk().accounts == (desk.accounts if desk else ())
    assert staff.units == (officer.units if officer else ())
    reached = {school for each in (desk, officer) if each for school in each.schools}
    assert set(staff.reports().schools) == reached


@pytest.mark.parametrize(
    ("roles", "home"),
    [
        ({"accountant"}, "/desk"),
        ({"officer"}, "/rates"),
        ({"operator"}, "/admin/connections"),
        ({"accountant", "officer", "operator"}, "/desk"),
        ({"officer", "operator"}, "/rates"),
    ],
)
def test_the_day_begins_at_the_page_of_the_role(roles: set[str], home: str) -> None:
    assert Staff(1, "a", "A", frozenset(roles)).home == home


@pytest.mark.parametrize(
    ("role", "open_to"),
    [
        (Role.ACCOUNTANT, {"/desk/probe", "/rates/probe"}),
        (Role.OFFICER, {"/rates/probe"}),
        (Role.OPERATOR, {"/admin/probe"}),
    ],
)
async def test_a_role_opens_its_own_pages_only(rig: Rig, role: Role, open_to: set[str]) -> None:
    await rig.person(role=role, units=("U-TH-1",) if role is Role.OFFICER else ())
    async with rig.client() as client:
        await sign_in(client)
        for page in PAGES:
            answer = await client.get(page)
            if page in open_to:
                assert answer.status_code == 200
                continue
            assert (answer.status_code, answer.json()["code"]) == (403, "role_lacks")
            assert answer.headers["content-type"] == "application/problem+json"
            assert "Không có quyền" in (await client.get(page, headers=BROWSER)).text


async def test_a_stranger_with_a_browser_is_led_to_the_sign_in_and_back(rig: Rig) -> None:
    async with rig.client() as client:
        answer = await client.get("/desk/probe?state=open&q=%C4%90%E1%BB%97", headers=BROWSER)

    assert answer.status_code == 303
    assert answer.headers["location"] == (
        "/login?next=%2Fdesk%2Fprobe%3Fstate%3Dopen%26q%3D%25C4%2590%25E1%25BB%2597"
    )
    assert answer.headers["cache-control"] == "no-store"


async def test_a_strangers_program_hears_401(rig: Rig) -> None:
    async with rig.client() as client:
        for page in PAGES:
            answer = await client.get(page)

            assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
            assert answer.headers["content-type"] == "application/problem+json"


async def test_a_deed_of_someone_whose_session_ended_is_not_promised_after_sign_in(
    rig: Rig,
) -> None:
    await rig.person()
    async with rig.client() as client:
        await sign_in(client)
        rig.pass_time(hours=1)
        token = next(client.cookies[name] for name in client.cookies if "csrf" in name)

        answer = await client.post("/desk/deed", data={"_csrf_token": token}, headers=BROWSER)

        assert (answer.status_code, answer.headers["location"]) == (303, "/login")


async def test_a_person_who_is_switched_off_is_out_at_the_next_request(rig: Rig) -> None:
    await rig.person()
    async with rig.client() as client:
        await sign_in(client)
        assert (await client.get("/desk/probe")).status_code == 200
        assert await rig.sessions() == 1

        await rig.switch_off("ke.toan")
        answer = await client.get("/desk/probe")

        assert answer.status_code == 401
        assert await rig.sessions() == 0
        await rig.su.execute("update staff_user set active = true")
        assert (await client.get("/desk/probe")).status_code == 401


async def test_a_person_whose_last_role_is_taken_is_out_at_the_next_request(rig: Rig) -> None:
    await rig.person()
    async with rig.client() as client:
        await sign_in(client)

        await rig.su.execute("delete from role_grant")

        assert (await client.get("/desk/probe")).status_code == 401
        assert (await sign_in(client)).status_code == 401


async def test_a_grant_given_or_taken_counts_at_the_next_request(rig: Rig) -> None:
    second = await rig.planter.school("TH-2")
    await rig.person()
    async with rig.client() as client:
        await sign_in(client)
        before = (await client.get("/desk/probe")).json()["desk"]

        await rig.person(schools=("TH-2",))
        after = (await client.get("/desk/probe")).json()["desk"]

        assert str(second.id) not in before["schools"].split(",")
        assert str(second.id) in after["schools"].split(",")
        assert str(second.account_id) in after["accounts"].split(",")
        await rig.su.execute("delete from role_grant where school_id = $1", second.id)
        assert (await client.get("/desk/probe")).json()["desk"] == before


async def test_an_accountant_who_is_an_officer_too_keeps_the_books_of_her_own_school_only(
    rig: Rig,
) -> None:
    second = await rig.planter.school("TH-2")
    await rig.person()
    await rig.person(role=Role.OFFICER, units=("U-TH-2",))
    async with rig.client() as client:
        await sign_in(client)

        answer = (await client.get("/desk/probe")).json()

    assert answer["roles"] == ["accountant", "officer"]
    assert str(second.id) not in answer["desk"]["schools"].split(",")
    assert str(second.account_id) not in answer["desk"]["accounts"].split(",")
    assert str(second.id) in answer["reports"]["schools"].split(",")


async def test_the_scopes_hold_in_the_database(rig: Rig) -> None:
    second = await rig.planter.school("TH-2")
    await rig.person()
    await rig.person("can.bo", Role.OFFICER, units=("U-TH-2",))
    desk = await rig.su.fetch("select school_ids, account_ids from link.grants(1)")
    api = rig.database.api()
    accountant = Staff(1, "a", "A", frozenset(), *map(tuple, desk[0].values()))
    officer = Staff(2, "b", "B", frozenset(), reported=(second.id,))

    seen = []
    for scope in (accountant.desk(), accountant.reports(), officer.desk(), officer.reports()):
        async with api.transaction(scope) as tx:
            rows = await tx.exec_driver_sql("select code from school order by code")
            seen.append([row.code for row in rows])

    assert seen == [["TH-1"], [], [], ["TH-2"]]


async def test_what_a_person_is_called_comes_from_the_database_at_each_request(rig: Rig) -> None:
    await rig.person()
    async with rig.client() as client:
        await sign_in(client)
        await rig.su.execute("update staff_user set name = 'Trần Thị Cúc'")

        assert (await client.get("/desk/probe")).json()["name"] == "Trần Thị Cúc"
        assert client.cookies[SESSION]
