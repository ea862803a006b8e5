"""What an accountant and an officer do in a real browser: sign in, work a case to its end, undo."""

import re

import pytest

from service.demo_setup import OFFICER, PASSWORD, STAFF
from service.synthetic_bank_rows import InvoiceRow

pytestmark = pytest.mark.browser


def sign_in(page, base, login):
    page.goto(f"{base}/login")
    page.fill("input[name=username]", login)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit], form[action='/login'] button:not([form])")


def unpaid(running, place) -> InvoiceRow:
    return running.prepared.others[place]


def test_an_accountant_lays_money_without_code_and_takes_it_off_again(running, office):
    notice = unpaid(running, 0)
    assert running.pay(notice.code, notice.due_dong, "chuyen tien cho chau") == 200
    sign_in(office, running.base, STAFF)
    office.wait_for_url(f"{running.base}/desk")

    office.goto(f"{running.base}/desk/cases")
    office.click("main a[href^='/desk/cases/']")
    office.fill("main input[name=q]", notice.code)
    office.click("main form[method=get] button")
    office.fill("main input[name=amount]", str(notice.due_dong))
    office.click("text=Ghi phân bổ")
    office.wait_for_selector("input[name=reason]")
    laid = office.inner_text("main")
    page = office.context.new_page()
    page.goto(running.path(notice.pay_url))
    paid = page.inner_text("main")
    office.fill("input[name=reason]", "nhầm em cùng tên")
    office.click("form[action$='/undo'] button")
    office.wait_for_selector("text=Đang treo")
    undone = office.inner_text("main")
    page.reload()

    assert "Đã nộp đủ" in paid
    assert "Đã ghi phân bổ" in laid
    assert "nhầm em cùng tên" in undone
    assert "Chưa nộp" in page.inner_text("main")


def test_every_page_of_the_menu_opens_and_fits_a_phone(running, chromium):
    context = chromium.new_context(viewport={"width": 360, "height": 800})
    page = context.new_page()
    sign_in(page, running.base, STAFF)
    links = page.eval_on_selector_all("nav a[href^='/']", "all => all.map(a => a.href)")

    for link in sorted(set(links)):
        answer = page.goto(link)
        assert answer.status == 200, link
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, link
    context.close()
    assert len(set(links)) >= 6


def test_an_officer_reads_rates_and_nothing_of_a_school(running, office):
    sign_in(office, running.base, OFFICER)
    office.wait_for_url(f"{running.base}/rates")

    text = office.inner_text("main")
    refused = office.goto(f"{running.base}/desk/cases")

    assert re.search(r"R5a", text)
    assert "Phường Phú Bài" in text
    assert refused.status == 403


def test_nobody_opens_the_desk_without_signing_in(running, office):
    office.goto(f"{running.base}/desk")

    assert office.url.startswith(f"{running.base}/login")
