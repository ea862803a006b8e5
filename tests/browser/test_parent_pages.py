"""What a parent sees in a real browser: the notice, the wait, the turn to paid, with and without
script."""

import httpx
import pytest

from payments.qr_image import read_back

pytestmark = pytest.mark.browser


def notices(running):
    from_demo = running.prepared
    return from_demo.first, from_demo.second


def test_the_first_screen_of_a_phone_shows_school_child_amount_date_and_qr(running, phone):
    first, _ = notices(running)

    phone.goto(running.path(first.pay_url))

    text = phone.inner_text("main")
    for wanted in ("Nguyễn Hoàng Minh An", "1.250.000", "25/11/2026", "TRUONG TIEU HOC SO 1"):
        assert wanted in text
    box = phone.locator("main svg").first.bounding_box()
    assert box["y"] + box["height"] <= 640
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_qr_on_the_screen_is_the_one_of_the_books(running, phone):
    first, _ = notices(running)
    phone.goto(running.path(first.pay_url))

    picture = phone.locator("main svg").first.screenshot()

    assert first.qr_payload.startswith("000201")
    shown = httpx.get(f"{running.path(first.pay_url)}/qr.png", trust_env=False).content
    assert read_back(shown) == first.qr_payload
    assert len(picture) > 1_000


def test_a_page_weighs_under_50_kb_and_loads_nothing_from_elsewhere(running, phone):
    first, _ = notices(running)
    weights: list[int] = []
    hosts: set[str] = set()

    def weigh(response):
        hosts.add(httpx.URL(response.url).host)
        weights.append(len(response.body()))

    phone.on("response", weigh)
    phone.goto(running.path(first.pay_url), wait_until="networkidle")

    assert hosts == {"127.0.0.1"}
    assert 0 < sum(weights) < 50_000


def test_the_waiting_page_turns_to_paid_by_itself(running, phone):
    first, _ = notices(running)
    phone.goto(running.path(first.pay_url))
    phone.click("text=Tôi đã chuyển xong")
    phone.wait_for_selector("text=Đang chờ ngân hàng báo")

    assert running.pay(first.code) == 200

    phone.wait_for_selector("text=Đã nộp đủ", timeout=8_000)


def test_without_script_the_page_asks_again_and_turns_to_paid(running, phone_without_script):
    _, second = notices(running)
    page = phone_without_script
    page.goto(running.path(second.pay_url))
    page.click("text=Tôi đã chuyển xong")
    page.wait_for_selector("text=Đang chờ ngân hàng báo")

    assert running.pay(second.code) == 200

    page.wait_for_selector("text=Đã nộp đủ", timeout=15_000)


def test_a_link_that_nobody_gave_out_tells_nothing(running, phone):
    answers = [
        httpx.get(f"{running.base}/p/{token}", headers={"accept": "text/html"}, trust_env=False)
        for token in ("a" * 32, "b" * 32, "x")
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
