"""Cases over HTTP: what a person may assign, what is refused, what is undone."""

import asyncio

import pytest

from service.routes_desk_cases import ROWS
from tests.database import TestDatabase
from tests.rows import Planter, arrival
from tests.service.desk_app import HTML, Desk, assign, key_in, suspended, undo


@pytest.fixture
async def desk(database: TestDatabase):
    async with database.superuser() as su:
        yield Desk(database, Planter(su, database.operator()))


async def test_a_person_splits_a_credit_over_two_notices_and_the_books_stay_right(desk):
    school = await suspended(desk, 1_900_000)
    first = await desk.planter.notice(await desk.planter.pupil(school), 1_000_000)
    second = await desk.planter.notice(await desk.planter.pupil(school), 900_000)
    case = await desk.case_of("A")

    async with desk.browser() as browser:
        page = await browser.get(f"/desk/cases/{case}?q={first.pupil.code}&keep={second.code}")
        key = key_in(page.text, f"/desk/cases/{case}/assign")
        done = await assign(
            browser, case, [(first, "1.000.000"), (second, "900000 đ")], key=key, note="gọi mẹ em"
        )
        after = await browser.get(done.headers["location"])

    assert (page.status_code, done.status_code, after.status_code) == (200, 303, 200)
    assert first.code in page.text
    assert second.code in page.text
    assert await desk.notice(first) == ("paid", 0)
    assert await desk.notice(second) == ("paid", 0)
    assert "Đã ghi phân bổ." in after.text
    assert "gọi mẹ em" in after.text
    assert "Lê Thị Thanh Tâm (tam)" in after.text
    assert await desk.breaches() == {}


async def test_the_rest_goes_to_the_pupil_that_was_chosen(desk):
    school = await suspended(desk, 1_050_000)
    pupil = await desk.planter.pupil(school)
    notice = await desk.planter.notice(pupil, 1_000_000)

    async with desk.browser() as browser:
        case = await desk.case_of("A")
        done = await assign(browser, case, [(notice, "1000000")], rest=pupil.code)

    assert done.status_code == 303
    assert await desk.kept_for(pupil) == 50_000
    assert await desk.breaches() == {}


REFUSED = [
    ("999.999", "", "còn thiếu 1\N{NO-BREAK SPACE}đ"),
    ("1.000.001", "", "Phiếu chỉ còn phải nộp"),
    ("abc", "", "“abc” không phải số tiền"),
    ("0", "", "Số tiền phải trên 0"),
    ("-5", "", "“-5” không phải số tiền"),
    ("", "", "còn thiếu 1.000.000"),
    ("999.999", "0000", "không có trong bảng"),
]


@pytest.mark.parametrize(("amount", "rest", "said"), REFUSED)
async def test_a_split_that_does_not_fit_is_refused_and_nothing_is_written(
    desk, amount, rest, said
):
    school = await suspended(desk, 1_000_000)
    notice = await desk.planter.notice(await desk.planter.pupil(school), 1_000_000)
    case, before = await desk.case_of("A"), await desk.rows("transfer")

    async with desk.browser() as browser:
        refused = await assign(browser, case, [(notice, amount)], rest=rest, note="vì sao")

    assert refused.status_code == 422
    assert said in refused.text
    assert "Chưa ghi gì." in refused.text
    assert f'value="{amount}"' in refused.text
    assert 'value="vì sao"' in refused.text
    assert await desk.rows("transfer") == before
    assert await desk.notice(notice) == ("issued", 1_000_000)


async def test_parts_above_the_credit_are_refused(desk):
    school = await suspended(desk, 1_000_000)
    pupil = await desk.planter.pupil(school)
    pairs = [(await desk.planter.notice(pupil, 600_000), "600000") for _ in range(2)]

    async with desk.browser() as browser:
        refused = await assign(browser, await desk.case_of("A"), pairs)

    assert refused.status_code == 422
    assert "thừa 200.000" in refused.text


async def test_a_notice_that_stands_twice_is_refused(desk):
    school = await suspended(desk, 1_000_000)
    notice = await desk.planter.notice(await desk.planter.pupil(school), 1_000_000)

    async with desk.browser() as browser:
        pairs = [(notice, "500000"), (notice, "500000")]
        refused = await assign(browser, await desk.case_of("A"), pairs)

    assert refused.status_code == 422
    assert "Phiếu này đứng hai lần." in refused.text
    assert await desk.notice(notice) == ("issued", 1_000_000)


async def test_a_foreign_notice_is_refused_in_the_words_for_an_unknown_one(desk):
    await suspended(desk, 1_000_000)
    other = await desk.planter.school("TH-2")
    pupil = await desk.planter.pupil(other, "Tên Bí Mật")
    foreign = await desk.planter.notice(pupil, 1_000_000)
    case = await desk.case_of("A")

    async with desk.browser() as browser:
        theirs = await assign(browser, case, [(foreign, "1000000")])
        nobodys = await assign(browser, case, [("HPXUNKNOWN0000", "1000000")])
        found = await browser.get(f"/desk/cases/{case}?q={foreign.code}&keep={foreign.code}")

    def worded(page, code):
        return page.text[page.text.index('role="alert"') :].replace(code, "CODE")[:200]

    assert (theirs.status_code, nobodys.status_code) == (422, 422)
    assert worded(theirs, foreign.code) == worded(nobodys, "HPXUNKNOWN0000")
    assert "Tên Bí Mật" not in theirs.text + found.text
    assert await desk.notice(foreign) == ("issued", 1_000_000)


async def test_a_double_click_assigns_once_and_hears_the_same_answer(desk):
    school = await suspended(desk, 1_000_000)
    notice = await desk.planter.notice(await desk.planter.pupil(school), 1_000_000)
    case = await desk.case_of("A")

    async with desk.browser() as browser:
        sent = [assign(browser, case, [(notice, "1000000")]) for _ in range(4)]
        first, *others = await asyncio.gather(*sent)
        later = await assign(browser, case, [(notice, "1000000")])
        other_body = await assign(browser, case, [(notice, "999999")])
        other_key = await assign(browser, case, [(notice, "1000000")], key="key-number-2")

    assert {first.status_code, later.status_code, *(each.status_code for each in others)} == {303}
    assert {each.headers["location"] for each in (*others, later)} == {first.headers["location"]}
    assert other_body.status_code == 409
    assert other_key.status_code == 422  # the notice takes no money any more
    assert await desk.rows("transfer where kind = 'allocated'") == 1
    assert await desk.rows("credit_decision where action = 'settled'") == 1
    assert await desk.breaches() == {}


async def test_somebody_was_faster_is_told_with_what_they_did(desk):
    school = await suspended(desk, 400_000)
    notice = await desk.planter.notice(await desk.planter.pupil(school), 1_000_000)
    case = await desk.case_of("A")

    async with desk.browser() as browser:
        await assign(browser, case, [(notice, "400000")])
        late = await assign(browser, case, [(notice, "400000")], key="key-number-2")

    assert late.status_code == 409
    assert "vừa được người khác xử lý" in late.text
    assert "Đã phân bổ" in late.text
    assert await desk.notice(notice) == ("partly_paid", 600_000)


async def test_unknown_foreign_and_odd_case_ids_get_one_answer_byte_for_byte(desk):
    await suspended(desk, 1_000_000)
    desk.hire("other", await desk.planter.school("TH-2"))
    case = await desk.case_of("A")
    odd = (case, 999_999, 10**30, "x", f"0{case}")

    async with desk.browser("other") as browser:
        pages = [await browser.get(f"/desk/cases/{each}") for each in odd]
        json = [await browser.get(f"/desk/cases/{each}", headers={"accept": "*/*"}) for each in odd]
        deeds = [await assign(browser, each, []) for each in odd]
        deeds += [await undo(browser, f"/desk/cases/{each}") for each in odd]

    assert {answer.status_code for answer in (*pages, *json, *deeds)} == {404}
    assert len({answer.content for answer in (*pages, *deeds)}) == 1
    assert len({answer.content for answer in json}) == 1


async def test_a_case_settled_for_one_school_of_a_shared_account_leaves_the_others_desk(desk):
    here = await suspended(desk, 1_000_000)
    there = await desk.planter.school("TH-2", account_of=here)
    desk.hire("there", there)
    notice = await desk.planter.notice(await desk.planter.pupil(here), 1_000_000)
    case = await desk.case_of("A")

    async with desk.browser("there") as browser:
        before = await browser.get(f"/desk/cases/{case}?q={notice.code}")
        async with desk.browser() as mine:
            await assign(mine, case, [(notice, "1000000")])
        after = await browser.get(f"/desk/cases/{case}")

    assert (before.status_code, after.status_code) == (200, 404)
    assert notice.pupil.name not in before.text


async def test_the_list_of_cases_pages_without_gap_or_repeat_oldest_first(desk):
    school = await desk.planter.school()
    desk.hire("tam", school)
    memos = [f"khong ma {number:03d}" for number in range(2 * ROWS + 3)]
    await desk.planter.receive(*(arrival(school, 1_000, memo) for memo in memos))
    await desk.settle()

    seen, path = [], "/desk/cases"
    async with desk.browser() as browser:
        while path:
            page = (await browser.get(path)).text
            seen += [memo for memo in memos if memo in page]
            more = page.partition('href="/desk/cases?next=')[2].partition('"')[0]
            path = f"/desk/cases?next={more}" if more else ""
        broken = await browser.get("/desk/cases?next=zzz")

    assert seen == memos
    assert broken.status_code == 422


async def test_only_an_accountant_comes_in(desk):
    school = await desk.planter.school()
    desk.hire("officer", school, roles=("officer",))

    async with desk.browser("officer") as browser:
        officer = await browser.get("/desk/cases")
    async with desk.browser(None) as browser:
        stranger = await browser.get("/desk/cases", headers=HTML)

    assert (officer.status_code, stranger.status_code) == (403, 401)
