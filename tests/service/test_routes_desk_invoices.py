"""Notices over HTTP: finding them, one notice with its money, cancelling it."""

import pytest

from kernel.text import search_key, sort_key
from service.routes_desk_invoices import ROWS
from tests.database import TestDatabase
from tests.rows import Planter, arrival
from tests.service.desk_app import Desk, key_in


@pytest.fixture
async def desk(database: TestDatabase):
    async with database.superuser() as su:
        yield Desk(database, Planter(su, database.operator()))


async def named(desk: Desk, school, name: str):
    """A pupil whose keys are folded as the import folds them."""
    pupil = await desk.planter.pupil(school, name)
    await desk.planter.su.execute(
        "update student set search_key = $2, sort_key = $3 where id = $1",
        pupil.id,
        search_key(name),
        sort_key(name),
    )
    return pupil


async def test_a_notice_is_found_by_code_pupil_code_and_the_beginnings_of_name_words(desk):
    school, other = await desk.planter.school(), await desk.planter.school("TH-2")
    desk.hire("tam", school)
    an = await desk.planter.notice(await named(desk, school, "Nguyễn Hoàng Minh An"))
    binh = await desk.planter.notice(await named(desk, school, "Lê Văn Bình"))
    foreign = await desk.planter.notice(await named(desk, other, "Nguyễn Minh An"))
    asked = {
        an.code: [an], an.code.lower(): [an], an.pupil.code: [an], "minh an": [an],
        "hoa ng": [an], "AN": [an], "binh": [binh], "inh": [], "%": [], "_": [],
        foreign.code: [], foreign.pupil.code: [], "": [an, binh],
    }  # fmt: skip

    async with desk.browser() as browser:
        for query, wanted in asked.items():
            page = (await browser.get("/desk/invoices", params={"q": query})).text
            found = [each for each in (an, binh, foreign) if f"/desk/invoices/{each.id}" in page]
            assert found == wanted, query


async def test_the_list_pages_without_gap_or_repeat_in_the_order_of_a_class_list(desk):
    school = await desk.planter.school()
    desk.hire("tam", school)
    names = [f"Trần {letter} {('Ân', 'An', 'Ánh', 'Bình')[number % 4]}"
             for number, letter in enumerate("abcdeghiklmnopqrstuvxy" * 5)]  # fmt: skip
    notices = [await desk.planter.notice(await named(desk, school, name)) for name in names]
    order = sorted(
        zip(names, notices, strict=True), key=lambda each: (sort_key(each[0]), each[1].id)
    )

    seen, path = [], "/desk/invoices?state=issued"
    async with desk.browser() as browser:
        while path:
            page = (await browser.get(path)).text
            rows = page.split('href="/desk/invoices/')[1:]
            seen += [int(row.partition('"')[0]) for row in rows]
            cursor = page.partition("state=issued&amp;next=")[2].partition('"')[0]
            path = f"/desk/invoices?state=issued&next={cursor}" if cursor else ""

    assert len(seen) > 2 * ROWS
    assert seen == [notice.id for _, notice in order]


async def test_one_notice_shows_its_lines_its_money_and_who_did_what(desk):
    school = await desk.planter.school()
    desk.hire("tam", school)
    notice = await desk.planter.notice(await desk.planter.pupil(school))
    await desk.planter.receive(arrival(school, 250_000, notice.code, bank_ref="FT26309501186"))
    await desk.settle()

    async with desk.browser() as browser:
        page = (await browser.get(f"/desk/invoices/{notice.id}")).text

    assert "Tiền ăn bán trú" in page
    assert "FT26309501186" in page
    assert "1.000.000" in page
    assert "Máy: ghi 250.000" in page
    assert "phát hành phiếu 1.250.000" in page


async def test_a_paid_notice_is_cancelled_once_and_its_money_stays_with_the_pupil(desk):
    school = await desk.planter.school()
    desk.hire("tam", school)
    notice = await desk.planter.notice(await desk.planter.pupil(school))
    await desk.planter.receive(arrival(school, 1_250_000, notice.code, txn="A"))
    await desk.settle()
    path = f"/desk/invoices/{notice.id}"

    async with desk.browser() as browser:
        page = await browser.get(path)
        key = key_in(page.text, f"{path}/cancel")
        unsaid = await browser.post(f"{path}/cancel", data={"idempotency_key": key, "reason": ""})
        form = {"idempotency_key": key, "reason": "lập nhầm tháng"}
        done = [await browser.post(f"{path}/cancel", data=form) for _ in range(2)]
        late = await browser.post(f"{path}/cancel", data=form | {"idempotency_key": "another-key"})
        shown = await browser.get(done[0].headers["location"])
        credit = await browser.get(f"/desk/credits/{await desk.credit_of('A')}")

    assert "1.250.000\N{NO-BREAK SPACE}đ đã nộp sẽ thành số dư của em" in page.text
    assert (unsaid.status_code, "Hãy ghi lý do." in unsaid.text) == (422, True)
    assert [each.status_code for each in done] == [303, 303]
    assert late.status_code == 409
    assert "đã hủy" in late.text
    assert await desk.notice(notice) == ("cancelled", 0)
    assert await desk.kept_for(notice.pupil) == 1_250_000
    assert "lập nhầm tháng" in shown.text
    assert f"{path}/cancel" not in shown.text
    assert "Lê Thị Thanh Tâm (tam): lấy 1.250.000" in shown.text
    assert f"số dư của em {notice.pupil.code}" in credit.text
    assert "hủy phiếu, 1.250.000" in credit.text
    assert await desk.breaches() == {}


async def test_unknown_foreign_and_odd_notice_ids_get_one_answer_byte_for_byte(desk):
    desk.hire("tam", await desk.planter.school())
    other = await desk.planter.school("TH-2")
    foreign = await desk.planter.notice(await desk.planter.pupil(other))
    odd = (foreign.id, 999_999, 2**63, "x")
    form = {"idempotency_key": "some-key-1", "reason": "x"}

    async with desk.browser() as browser:
        answers = [await browser.get(f"/desk/invoices/{each}") for each in odd]
        answers += [await browser.post(f"/desk/invoices/{each}/cancel", data=form) for each in odd]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert await desk.notice(foreign) == ("issued", 1_250_000)


async def test_a_form_without_a_key_or_with_an_odd_field_is_refused(desk):
    school = await desk.planter.school()
    desk.hire("tam", school)
    notice = await desk.planter.notice(await desk.planter.pupil(school))
    path = f"/desk/invoices/{notice.id}/cancel"

    async with desk.browser() as browser:
        bare = await browser.post(path, data={"reason": "x"})
        null = await browser.post(path, data={"idempotency_key": "some-key-1", "reason": "a\0b"})
        file = await browser.post(
            path, data={"idempotency_key": "some-key-1"}, files={"reason": b"x"}
        )

    assert {bare.status_code, null.status_code, file.status_code} == {422}
    assert await desk.notice(notice) == ("issued", 1_250_000)
