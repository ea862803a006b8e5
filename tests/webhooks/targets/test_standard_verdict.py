"""What follows each answer of a receiver: delivered, again at, given up, gone."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks.targets.standard import (
    WAITS_S,
    Delivered,
    EndpointGone,
    GivenUp,
    RetryAt,
    Verdict,
    judge,
)

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


def test_ten_failures_follow_the_schedule_of_the_specification() -> None:
    # given
    at, waits = NOW, list[int]()

    # when
    for attempts in range(1, 10):
        verdict = judge(500, None, attempts, at)
        assert isinstance(verdict, RetryAt)
        waits.append(int((verdict.at - at).total_seconds()))
        at = verdict.at

    # then
    hour = 3_600
    assert waits == [5, 300, 1_800, *(hours * hour for hours in (2, 5, 10, 14, 20, 24))]
    assert at - NOW == timedelta(hours=75, minutes=35, seconds=5)
    assert judge(500, None, 10, at) == judge(None, None, 11, at) == GivenUp()
    assert len(WAITS_S) == 10
    assert WAITS_S[0] == 0


@given(
    st.integers(100, 599) | st.none(),
    st.integers(1, 12),
    st.none() | st.text(max_size=10) | st.integers(0, 10**12).map(str),
    st.integers(0, 10_000),
)
def test_every_answer_has_one_verdict(
    status: int | None, attempts: int, retry_after: str | None, jitter_bp: int
) -> None:
    # when
    verdict = judge(status, retry_after, attempts, NOW, jitter_bp=jitter_bp)

    # then
    if status is not None and status // 100 == 2:
        assert verdict == Delivered()
    elif status == 410:
        assert verdict == EndpointGone()
    elif attempts >= 10:
        assert verdict == GivenUp()
    else:
        assert isinstance(verdict, RetryAt)
        wait = verdict.at - NOW
        assert timedelta(seconds=WAITS_S[attempts]) <= wait <= timedelta(days=2)
        if status not in {429, 503}:
            assert wait == timedelta(microseconds=WAITS_S[attempts] * 100 * (10_000 + jitter_bp))


FAILED = RetryAt(NOW + timedelta(seconds=5))


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        *((status, Delivered()) for status in (200, 201, 204, 299)),
        *((status, FAILED) for status in (None, 100, 199, 300, 301, 308, 400, 401, 404, 409, 411)),
        *((status, FAILED) for status in (429, 500, 502, 503, 504, 599)),
        (410, EndpointGone()),
    ],
)
def test_the_first_answer_decides_this(status: int | None, verdict: Verdict) -> None:
    # when, then
    assert judge(status, None, 1, NOW) == verdict


def wait_s(status: int, retry_after: str, *, attempts: int = 2) -> int:
    verdict = judge(status, retry_after, attempts, NOW)
    assert isinstance(verdict, RetryAt)
    return (verdict.at - NOW) // timedelta(seconds=1)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("retry_after", "expected_s"),
    [
        ("301", 301),
        (" 3600\t", 3_600),
        ("86400", 86_400),
        ("86401", 86_400),
        ("9999999999", 86_400),
        ("Sun, 22 Nov 2026 03:00:00 GMT", 7_200),
        ("Sun, 22 Nov 2099 03:00:00 GMT", 86_400),
        *((shorter, 300) for shorter in ("0", "299", "Sun, 22 Nov 2026 00:00:00 GMT")),
        *((odd, 300) for odd in ("", "-5", "3600.5", "1e9", "３６００", "99999999999", "soon")),
        *((odd, 300) for odd in ("Sun, 22 Abc 2026 03:00:00 GMT", "Sun, 31 Feb 2027 03:00:00 GMT")),
        *((odd, 300) for odd in ("Sun, 22 Nov 2026 03:00:00 +0000", "Sun, 22 Nov 2026 03:00 GMT")),
    ],
)
def test_retry_after_lengthens_the_wait_to_a_day_at_most(
    status: int, retry_after: str, expected_s: int
) -> None:
    # when, then
    assert wait_s(status, retry_after) == expected_s


@pytest.mark.parametrize("month", range(1, 13))
def test_a_date_of_every_month_is_read(month: int) -> None:
    # given
    now = datetime(2027, month, 28, tzinfo=UTC)
    date = format_datetime(now + timedelta(hours=1), usegmt=True)

    # when, then
    assert judge(503, date, 1, now) == RetryAt(now + timedelta(hours=1))


@given(st.integers(0, 4_000_000_000), st.integers(301, 86_400))
def test_a_date_as_the_standard_library_writes_it_is_read(now_s: int, asked_s: int) -> None:
    # given
    now = datetime.fromtimestamp(now_s, UTC)
    date = format_datetime(now + timedelta(seconds=asked_s), usegmt=True)

    # when, then
    assert judge(429, date, 2, now) == RetryAt(now + timedelta(seconds=asked_s))


@pytest.mark.parametrize("status", [301, 404, 500, 502])
def test_other_answers_cannot_ask_for_a_wait(status: int) -> None:
    # when, then
    assert wait_s(status, "3600") == 300


def test_a_date_within_the_next_second_is_waited_for_whole() -> None:
    # given
    now = NOW + timedelta(milliseconds=1)

    # when
    verdict = judge(503, "Sun, 22 Nov 2026 02:00:00 GMT", 1, now)

    # then
    assert isinstance(verdict, RetryAt)
    assert verdict.at >= NOW + timedelta(hours=1)


def test_jitter_lengthens_a_wait_by_its_share_and_doubles_it_at_most() -> None:
    # when, then
    assert judge(500, None, 2, NOW, jitter_bp=1_000) == RetryAt(NOW + timedelta(seconds=330))
    assert judge(500, None, 2, NOW, jitter_bp=10_000) == RetryAt(NOW + timedelta(seconds=600))


@pytest.mark.parametrize(("attempts", "jitter_bp"), [(0, 0), (-1, 0), (1, -1), (1, 10_001)])
def test_our_own_nonsense_is_not_judged(attempts: int, jitter_bp: int) -> None:
    # when, then
    with pytest.raises(ValueError, match="from 1"):
        judge(500, None, attempts, NOW, jitter_bp=jitter_bp)
