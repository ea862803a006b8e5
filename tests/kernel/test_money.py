"""Whole đồng: what is no amount is refused, and no way of dividing loses or makes one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import BASIS_POINTS, DONG_MAX, Dong, dong, dotted, percent_of, share

AMOUNTS = st.integers(0, DONG_MAX).map(Dong)
WEIGHTS = st.lists(st.integers(0, 10**12), min_size=1, max_size=30).filter(any)


@given(st.integers(-DONG_MAX, DONG_MAX))
def test_every_exact_whole_number_is_an_amount(value: int) -> None:
    assert dong(value) == value


@given(
    st.one_of(
        *(st.booleans(), st.floats(), st.text(), st.none(), st.binary()),
        *(st.decimals(), st.fractions(), st.lists(st.integers())),
    )
)
def test_what_is_not_exactly_an_int_is_no_amount(value: object) -> None:
    with pytest.raises(TypeError, match="whole number"):
        dong(value)


@given(st.integers(DONG_MAX + 1, 10**40), st.sampled_from([1, -1]))
def test_an_amount_that_a_json_reader_would_bend_is_refused(value: int, sign: int) -> None:
    with pytest.raises(ValueError, match=r"2\^53"):
        dong(value * sign)


@given(AMOUNTS, WEIGHTS)
def test_shares_sum_to_the_total_and_are_within_one_dong_of_fair(
    total: Dong, weights: list[int]
) -> None:
    parts, whole = share(total, weights), sum(weights)

    assert sum(parts) == total
    assert len(parts) == len(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * whole - total * weight) < whole
        assert weight or part == 0


@given(AMOUNTS, WEIGHTS)
def test_leftover_dong_go_to_the_largest_remainders_ties_to_the_earlier(
    total: Dong, weights: list[int]
) -> None:
    whole = sum(weights)
    floors = [total * weight // whole for weight in weights]
    given_more = [part - floor for part, floor in zip(share(total, weights), floors, strict=True)]

    ranks = [(-(total * weight % whole), place) for place, weight in enumerate(weights)]
    lucky = [rank for rank, more in zip(ranks, given_more, strict=True) if more == 1]
    others = [rank for rank, more in zip(ranks, given_more, strict=True) if more == 0]
    assert len(lucky) + len(others) == len(weights)
    assert not lucky or not others or max(lucky) < min(others)


@given(AMOUNTS, st.integers(1, 50))
def test_equal_weights_share_with_the_first_ones_a_dong_ahead(total: Dong, count: int) -> None:
    parts = share(total, [7] * count)

    assert parts == sorted(parts, reverse=True)
    assert parts[0] - parts[-1] <= 1


@pytest.mark.parametrize(
    ("total", "weights"), [(-1, [1]), (5, [1, -1]), (5, [0, 0]), (5, []), (0, [0])]
)
def test_what_cannot_be_shared_is_refused(total: int, weights: list[int]) -> None:
    with pytest.raises(ValueError, match=r"may be negative|above 0"):
        share(Dong(total), weights)


@given(AMOUNTS, st.integers(0, BASIS_POINTS))
def test_a_percentage_is_the_nearest_dong_with_halves_away_from_zero(
    amount: Dong, points: int
) -> None:
    part = percent_of(amount, points)

    twice = 2 * (part * BASIS_POINTS - amount * points)
    assert -BASIS_POINTS < twice <= BASIS_POINTS
    assert 0 <= part <= amount
    assert percent_of(Dong(-amount), points) == -part


@given(AMOUNTS)
def test_none_and_all_of_an_amount_are_exact(amount: Dong) -> None:
    assert (percent_of(amount, 0), percent_of(amount, BASIS_POINTS)) == (0, amount)


def test_half_a_dong_is_rounded_away_from_zero() -> None:
    assert [percent_of(Dong(each), 5_000) for each in (1, 2, 3, -1, -3)] == [1, 1, 2, -1, -2]


@given(st.integers(-(10**18), 10**18))
def test_a_dotted_amount_reads_back(amount: int) -> None:
    text = dotted(amount)

    assert int(text.replace(".", "").replace("\N{MINUS SIGN}", "-")) == amount
    groups = text.removeprefix("\N{MINUS SIGN}").split(".")
    assert all(len(group) == 3 for group in groups[1:])
    assert 1 <= len(groups[0]) <= 3
