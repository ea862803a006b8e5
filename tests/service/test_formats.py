"""How pages write amounts, days and rates, and how a typed amount is read back."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import DONG_MAX
from service.formats import (
    AmountUnreadable,
    bar_width,
    day,
    days_left,
    digits,
    dong_text,
    hour,
    iso,
    moment,
    month,
    month_words,
    percent,
    read_amount,
)

AMOUNTS = st.integers(0, DONG_MAX)
EVENING = datetime(2026, 11, 4, 17, 30, tzinfo=UTC)


def test_amounts_are_written_as_printed() -> None:
    assert dong_text(1_250_000) == "1.250.000\xa0đ"
    assert dong_text(-96_000) == "−96.000\xa0đ"
    assert dong_text(0) == "0\xa0đ"
    assert digits(1_250_000) == "1250000"
    with pytest.raises(ValueError, match="negative"):
        digits(-1)


def test_seventeen_thirty_utc_is_the_next_day_in_vietnam() -> None:
    assert day(EVENING) == "05/11/2026"
    assert moment(EVENING) == "05/11/2026\xa000:30"
    assert hour(EVENING) == "00:30"
    assert iso(EVENING) == "2026-11-05T00:30:00+07:00"
    assert month(datetime(2026, 10, 31, 17, tzinfo=UTC)) == "T11/2026"


def test_months_have_two_forms() -> None:
    assert month(date(2026, 9, 30)) == "T09/2026"
    assert month_words(date(2026, 11, 1)) == "tháng 11/2026"


@pytest.mark.parametrize("write", [day, moment, hour, month])
def test_a_time_without_offset_is_refused(write: object) -> None:
    assert callable(write)
    with pytest.raises(ValueError, match="offset"):
        write(EVENING.replace(tzinfo=None))


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.integers(-400, 400))
def test_the_distance_to_a_deadline_has_a_word_for_each_side(today: date, ahead: int) -> None:
    words = days_left(today + timedelta(ahead), today)
    if ahead == 0:
        assert words == "hôm nay là ngày cuối"
    else:
        assert words == f"{'còn' if ahead > 0 else 'quá hạn'} {abs(ahead)} ngày"


@pytest.mark.parametrize(
    ("numerator", "denominator", "text"),
    [
        (7_747_000_000, 10_000_000_000, "77,47\xa0%"),
        (1, 3, "33,33\xa0%"),
        (2, 3, "66,67\xa0%"),
        (1, 20_000, "0,01\xa0%"),
        (1, 20_001, "0,00\xa0%"),
        (5, 5, "100,00\xa0%"),
        (0, 5, "0,00\xa0%"),
        (0, 0, "–"),
    ],
)
def test_a_rate_has_two_decimals_rounded_half_up(
    numerator: int, denominator: int, text: str
) -> None:
    assert percent(numerator, denominator) == text


@given(AMOUNTS, st.integers(1, DONG_MAX))
def test_a_rate_is_never_more_than_half_a_hundredth_off(numerator: int, denominator: int) -> None:
    # when the written rate is read back in hundredths of a per cent
    written = percent(numerator, denominator).removesuffix("\xa0%")
    hundredths = int(written.replace(".", "").replace(",", ""))

    # then it differs from the true rate by at most a half
    assert -denominator <= 2 * (numerator * 10_000 - hundredths * denominator) < denominator


@pytest.mark.parametrize(("numerator", "denominator"), [(-1, 5), (1, -5)])
def test_a_rate_below_zero_is_refused(numerator: int, denominator: int) -> None:
    with pytest.raises(ValueError, match="negative"):
        percent(numerator, denominator)


@given(st.integers(-5, 10**12), st.integers(-5, 10**12))
def test_a_bar_stays_within_its_box(numerator: int, denominator: int) -> None:
    assert 0 <= float(bar_width(numerator, denominator)) <= 100


def test_a_bar_is_as_wide_as_its_rate() -> None:
    assert bar_width(7_747, 10_000) == "77.47"
    assert bar_width(1, 20) == "5.00"


@given(AMOUNTS, st.sampled_from(["", " ", "\xa0", "đ", " đ", "\xa0đ"]))
def test_what_a_page_writes_can_be_typed_back(amount: int, tail: str) -> None:
    assert read_amount(dong_text(amount).removesuffix("\xa0đ") + tail, field="amount") == amount
    assert read_amount(digits(amount) + tail, field="amount") == amount


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "đ",
        "abc",
        "-5",
        "−5",
        "1.5",
        "12.50.000",
        "1,5",
        "1.2500",
        "1154k",
        "1 2",
        "٣",
        "9" * 16,
    ],
)
def test_an_unreadable_amount_is_an_error_and_never_zero(typed: str) -> None:
    with pytest.raises(AmountUnreadable) as caught:
        read_amount(typed, field="amount")
    assert caught.value.facts == {"field": "amount"}
