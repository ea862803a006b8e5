"""What each state of a page says, shows and does not show."""

from dataclasses import replace
from datetime import date

import pytest
from html_outline import outline
from page_samples import every_page
from samples_case import CASE_PAGES
from samples_desk import INVOICE, SHELL
from samples_parent import NOTICE, RECEIVED

from service.pages import render
from service.views_desk import InvoiceRow

PAGES = every_page()


def page(name: str) -> str:
    template, context = PAGES[name]
    return render(template, **context)


def test_only_the_waiting_page_has_a_script() -> None:
    scripted = {name for name in PAGES if outline(page(name)).every("script")}
    assert scripted == {"received-waiting", "received-looking", "received-part_came"}


@pytest.mark.parametrize("state", ["waiting", "looking", "part_came"])
def test_a_waiting_page_looks_again_without_script_and_counts(state: str) -> None:
    # when
    text = page(f"received-{state}")

    # then
    again = f"/p/k3Jq9vTtXw?cho=1&amp;lan={RECEIVED[state].looks + 1}"
    assert f'<noscript><meta http-equiv="refresh" content="5;url={again}"></noscript>' in text
    assert 'data-stopped="/p/k3Jq9vTtXw?cho=1&amp;lan=24"' in text


def test_a_waiting_page_speaks_of_a_number_below_only_where_there_is_one() -> None:
    # given
    waiting = RECEIVED["waiting"]
    silent = replace(waiting, school=replace(waiting.school, contact_phone=""))

    # when
    told = render("received.html", sandbox=False, received=waiting)
    without = render("received.html", sandbox=False, received=silent)

    # then
    assert "số ở cuối trang" in told
    assert "số ở cuối trang" not in without
    assert "Hỏi kế toán của nhà trường" in without


def test_a_waiting_page_stops_after_two_minutes_and_shows_a_button() -> None:
    # when
    text = page("received-stopped")

    # then
    assert "http-equiv" not in text
    assert "data-stopped" not in text
    assert '<a class="btn go wide" href="/p/k3Jq9vTtXw?cho=1">Xem lại ngay</a>' in text


def test_a_notice_shows_who_what_when_and_to_whom_in_this_order() -> None:
    # when
    text = page("notice-issued")

    # then
    order = [
        "Trường Tiểu học Số 1 Phú Bài</b>",
        "Nguyễn Hoàng Minh An",
        "1.250.000&nbsp;<small>đ",
        "15/11/2026</b> (còn 10 ngày)",
        "<svg",
        "Ứng dụng phải hiện người nhận là",
        "TRUONG TIEU HOC SO 1 PHU BAI",
        'href="/p/k3Jq9vTtXw/qr.png" download',
        '<span class="all">1250000</span>',
        "Miễn theo Nghị quyết 217/2025/QH15",
        "−96.000\xa0đ",
        "không bao giờ hỏi mật khẩu",
    ]
    places = [text.find(one, text.index("<body")) for one in order]
    assert -1 not in places
    assert places == sorted(places)


@pytest.mark.parametrize("state", ["paid", "free", "cancelled", "replaced", "unproved"])
def test_a_notice_that_is_not_to_be_paid_shows_no_way_to_pay(state: str) -> None:
    text = page(f"notice-{state}")
    for way in ("<svg", "qr.png", NOTICE.account_number, "cho=1", NOTICE.memo):
        assert way not in text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("notice-issued", "Chưa nộp"),
        ("notice-overdue", "Quá hạn 3 ngày"),
        ("notice-last_day", "hôm nay là ngày cuối"),
        ("notice-partly", "Nộp một phần"),
        ("notice-partly_overdue", "(quá hạn 3 ngày)"),
        ("notice-paid", "Đã nộp đủ"),
        ("notice-paid", "Một triệu hai trăm năm mươi nghìn đồng"),
        ("notice-paid", "Thừa <b>95.000\xa0đ</b>"),
        ("notice-cancelled", "Phiếu này đã hủy"),
        ("notice-replaced", 'href="/p/moi">Mở phiếu mới'),
        ("received-looking", "Kế toán đang xem là của em nào"),
        ("desk_home-empty", "không phát sinh"),
        ("desk_case-open", "<mark>HPX82TJ4MR0VKC</mark>"),
        ("desk_case-refused", "Chưa ghi gì."),
        ("desk_case-not_mine", "thuộc quyền của kế toán trường"),
        ("desk_case-assigned", "Lý do đảo"),
        ("rates", "77,47\xa0%"),
        ("rates", "125.160.535.000\xa0đ"),
        ("rates", "không phát sinh"),
        ("rates", "tự khai"),
        ("admin_connections", "Im lâu hơn thường lệ"),
    ],
)
def test_a_state_has_its_words(name: str, words: str) -> None:
    assert words in page(name)


@pytest.mark.parametrize("state", ["partly_paid", "paid", "cancelled", "replaced"])
def test_only_an_unpaid_notice_is_called_overdue_on_the_desk(state: str) -> None:
    # given a notice whose due date has passed
    late = replace(INVOICE.row, due_date=date(2026, 11, 2))

    def shown(row: InvoiceRow) -> str:
        return render(
            "desk_invoice.html", sandbox=True, shell=SHELL, invoice=replace(INVOICE, row=row)
        )

    # then
    assert "Quá hạn 3 ngày" in shown(late)
    assert "Quá hạn" not in shown(replace(late, state=state))


def test_a_small_group_shows_no_figure() -> None:
    assert "50,00" not in page("rates")
    assert "dưới 10 em" in page("rates")


@pytest.mark.parametrize("state", ["not_mine", "assigned", "ignored"])
def test_a_case_that_is_not_open_to_this_person_has_no_assign_form(state: str) -> None:
    assert "/assign" not in page(f"desk_case-{state}")


def test_undo_is_offered_only_where_something_can_be_undone() -> None:
    shown = {state for state in CASE_PAGES if "/undo" in page(f"desk_case-{state}")}
    assert shown == {"assigned"}


def test_the_menu_names_only_what_this_person_may_open() -> None:
    # given an officer who may open the rates only
    links = {one["href"] for one in outline(page("rates")).every("a")}

    # then
    assert "/rates" in links
    assert not [one for one in links if one.startswith(("/desk", "/admin"))]


@pytest.mark.parametrize("name", PAGES)
def test_a_sandbox_says_so_and_a_real_page_does_not(name: str) -> None:
    template, context = PAGES[name]
    words = "Dữ liệu mẫu, không phải tiền thật"
    assert words in render(template, **context | {"sandbox": True})
    assert words not in render(template, **context | {"sandbox": False})


def test_the_next_page_keeps_the_filter_and_escapes_the_cursor() -> None:
    assert 'href="/desk/credits?outcome=case&amp;next=MjAyNi0xMS0wNQ%3D%3D"' in page("desk_credits")
    assert 'href="/desk/invoices?q=Minh+An+%26+em' in page("desk_invoices").replace("%20", "+")
