"""Money in over HTTP: the list, its filters and pages, one credit and its undo."""

import pytest

from reconciliation.model import Direction
from service.routes_desk_credits import ROWS
from tests.database import TestDatabase
from tests.rows import Planter, arrival
from tests.service.desk_app import Desk, key_in


@pytest.fixture
async def desk(database: TestDatabase):
    async with database.superuser() as su:
        yield Desk(database, Planter(su, database.operator()))


async def paid(desk: Desk, amount: int = 1_250_000, txn: str = "A"):
    """A school whose one notice the machine settled; its accountant is ``tam``."""
    school = await desk.planter.school()
    desk.hire("tam", school)
    notice = await desk.planter.notice(await desk.planter.pupil(school))
    await desk.planter.receive(
        arrival(school, amount, f"CK {notice.code}", txn=txn, payer_account="0071001234567")
    )
    await desk.settle()
    return school, notice


async def test_each_credit_says_whose_money_it_is_or_why_it_waits(desk):
    school, notice = await paid(desk)
    await desk.planter.receive(
        arrival(school, 5_000, "khong ma"),
        arrival(school, 7_000, "phi", direction=Direction.OUT),
    )
    await desk.settle()
    await desk.planter.receive(arrival(school, 9_000, "moi den"))

    async with desk.browser() as browser:
        page = (await browser.get("/desk/credits")).text
        cases = (await browser.get("/desk/credits?outcome=case")).text
        doubled = (await browser.get("/desk/credits?outcome=duplicate")).text
        odd = await browser.get("/desk/credits?outcome=nonsense")

    assert "Nguyễn Minh An 3A, phiếu T11/2026" in page
    assert "Không có mã phiếu" in page
    assert "Tiền ra khỏi tài khoản, không phải tiền nộp." in page
    assert "Vừa nhận, máy sắp khớp" in page
    assert "***4567" in page
    assert "0071001234567" not in page
    assert "khong ma" in cases
    assert notice.code not in cases
    assert "Không có giao dịch nào có kết quả này." in doubled
    assert odd.status_code == 422


async def test_the_list_pages_without_gap_or_repeat_newest_first(desk):
    school = await desk.planter.school()
    desk.hire("tam", school)
    memos = [f"khoan so {number:03d}" for number in range(2 * ROWS + 3)]
    await desk.planter.receive(*(arrival(school, 1_000, memo) for memo in memos))

    seen, path = [], "/desk/credits?outcome=waiting"
    async with desk.browser() as browser:
        while path:
            page = (await browser.get(path)).text
            seen += [memo for memo in reversed(memos) if memo in page]
            more = page.partition('href="/desk/credits?outcome=waiting&amp;next=')[2]
            cursor = more.partition('"')[0]
            path = f"/desk/credits?outcome=waiting&next={cursor}" if cursor else ""

    assert seen == memos[::-1]


async def test_what_the_machine_settled_is_undone_with_a_reason_once(desk):
    school, notice = await paid(desk, 1_300_000)
    path = f"/desk/credits/{await desk.credit_of('A')}"

    async with desk.browser() as browser:
        page = await browser.get(path)
        form = {"idempotency_key": key_in(page.text, f"{path}/undo"), "reason": "nhầm trường"}
        undone = await browser.post(f"{path}/undo", data=form)
        again = await browser.post(f"{path}/undo", data=form)
        second = await browser.post(f"{path}/undo", data=form | {"idempotency_key": "another-key"})
        moved = await browser.get(path)
        case = await browser.get(undone.headers["location"])

    assert "Sẽ lấy lại 1.250.000" in page.text
    assert f"<mark>{notice.code}</mark>" in page.text
    assert (undone.status_code, again.status_code, second.status_code) == (303, 303, 409)
    assert again.headers["location"] == undone.headers["location"]
    assert moved.headers["location"] == f"/desk/cases/{await desk.case_of('A')}"
    assert "Đã đảo lần ghi." in case.text
    assert "nhầm trường" in case.text
    assert await desk.notice(notice) == ("issued", 1_250_000)
    assert await desk.kept_for(notice.pupil) == 0
    assert await desk.breaches() == {}
    assert school.account_number in case.text


async def test_unknown_foreign_and_odd_credit_ids_get_one_answer_byte_for_byte(desk):
    await paid(desk)
    desk.hire("other", await desk.planter.school("TH-2"))
    credit = await desk.credit_of("A")
    form = {"idempotency_key": "some-key-1", "reason": "x"}

    async with desk.browser("other") as browser:
        odd = (credit, 999_999, 2**63, "x")
        answers = [await browser.get(f"/desk/credits/{each}") for each in odd]
        answers += [await browser.post(f"/desk/credits/{each}/undo", data=form) for each in odd]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


async def test_credits_of_the_other_school_on_a_shared_account_are_not_listed(desk):
    here, notice = await paid(desk)
    there = await desk.planter.school("TH-2", account_of=here)
    desk.hire("there", there)
    await desk.planter.receive(arrival(here, 5_000, "chua ro cua ai"))
    await desk.settle()

    async with desk.browser("there") as browser:
        page = (await browser.get("/desk/credits")).text
        answer = await browser.get(f"/desk/credits/{await desk.credit_of('A')}")

    assert notice.code not in page
    assert "chua ro cua ai" in page
    assert answer.status_code == 404


async def test_the_day_counts_what_came_in_and_what_the_machine_settled(desk):
    school, _ = await paid(desk)
    await desk.planter.receive(arrival(school, 50_000, "khong ma"))
    await desk.settle()
    await desk.planter.su.execute("update bank_credit set booked_at = now()")

    async with desk.browser() as browser:
        page = (await browser.get("/desk")).text

    assert "1.300.000" in page
    assert "1 trên 2 giao dịch" in page
    assert "Không có mã phiếu" in page
    assert "Tiểu học TH-1" in page
