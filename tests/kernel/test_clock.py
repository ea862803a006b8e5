"""The one clock: how it is set, how fast it runs, and which day it is in Vietnam."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.clock import (
    VIETNAM,
    Clock,
    month_of,
    next_month,
    real_now,
    set_clock,
    utc_now,
    vietnam_date,
)

SET_AT = datetime(2026, 11, 25, tzinfo=UTC)
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda each: timezone(timedelta(minutes=each)))
FIRST, LAST = datetime(1990, 1, 1), datetime(2090, 1, 1)  # noqa: DTZ001  hypothesis adds zones
MOMENTS = st.datetimes(FIRST, LAST, timezones=OFFSETS)


@pytest.fixture
def real_clock():
    yield
    set_clock(Clock())


@given(MOMENTS, st.sampled_from(["", "@1", "@60", "@0.5", "@3600"]))
def test_a_setting_is_read_to_the_same_moment_in_utc(moment: datetime, speed: str) -> None:
    clock = Clock.parse(f" {moment.isoformat()}{speed} ", set_at=SET_AT)

    assert clock.start == moment
    assert clock.start is not None
    assert clock.start.utcoffset() == timedelta(0)
    assert clock.speed == float(speed[1:] or 1)


@pytest.mark.parametrize(
    "setting",
    ["", "now", "2026-11-22", "2026-11-22T08:00:00", "2026-11-22T08:00:00+07:00@",
     "2026-11-22T08:00:00+07:00@fast", "2026-11-22T08:00:00+07:00@-1", "@60",
     "2026-11-22T08:00:00+07:00@1@2", "2026-11-22T08:00:00+07:00@1e3", "2026-13-01T00:00:00Z"],
)  # fmt: skip
def test_a_setting_without_offset_or_sense_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match=r"HOCPHI_CLOCK|isoformat|month"):
        Clock.parse(setting, set_at=SET_AT)


@given(MOMENTS, st.sampled_from([0.0, 1.0, 60.0, 3_600.0]), st.integers(0, 100_000))
def test_a_set_clock_runs_at_its_speed_from_its_start(
    start: datetime, speed: float, ago_s: int
) -> None:
    before = real_now()
    shown = Clock(start.astimezone(UTC), before - timedelta(seconds=ago_s), speed).now()
    passed = real_now() - before

    least = start + timedelta(seconds=ago_s) * speed
    assert least <= shown <= least + passed * speed
    assert shown.utcoffset() == timedelta(0)


def test_a_clock_that_was_never_set_tells_the_machines_time() -> None:
    before = real_now()
    assert before <= Clock().now() <= real_now()
    assert before.tzinfo is UTC


@pytest.mark.usefixtures("real_clock")
def test_the_process_shows_the_clock_that_was_set_while_real_time_stays_real() -> None:
    set_clock(Clock.parse("2030-01-01T00:00:00+07:00@0", set_at=real_now()))

    assert utc_now() == datetime(2029, 12, 31, 17, tzinfo=UTC)
    assert abs(real_now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_five_in_the_afternoon_utc_is_the_next_day_in_vietnam() -> None:
    last = datetime(2026, 11, 4, 16, 59, 59, 999_999, tzinfo=UTC)

    assert vietnam_date(last) == date(2026, 11, 4)
    assert vietnam_date(last + timedelta(microseconds=1)) == date(2026, 11, 5)


@given(MOMENTS)
def test_the_vietnamese_day_does_not_depend_on_the_zone_it_is_told_in(moment: datetime) -> None:
    assert vietnam_date(moment) == vietnam_date(moment.astimezone(UTC))
    assert vietnam_date(moment) == vietnam_date(moment.astimezone(VIETNAM))
    assert vietnam_date(moment) == (moment.astimezone(UTC) + timedelta(hours=7)).date()


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)))
def test_months_begin_on_the_first_and_follow_each_other(day: date) -> None:
    month = month_of(day)

    assert (month.year, month.month, month.day) == (day.year, day.month, 1)
    assert next_month(day) == next_month(month) > day
    assert next_month(month) - timedelta(days=1) >= day
    assert month_of(next_month(month) - timedelta(days=1)) == month
