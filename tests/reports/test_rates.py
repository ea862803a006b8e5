"""The rates' arithmetic: sums of parts, no averages, nothing out of nothing."""

from hypothesis import given
from hypothesis import strategies as st

from reports.rates import Measure, Rate, rates_of, total

amounts = st.integers(min_value=0, max_value=10**12)
sums = st.fixed_dictionaries({measure.value: amounts for measure in Measure})


@given(st.lists(sums, max_size=8))
def test_numerators_and_denominators_of_children_sum_to_the_parents(children):
    whole = total(rates_of(child) for child in children)

    for measure, part in (
        (Measure.PAID, whole.r5a.numerator),
        (Measure.DUE, whole.r5a.denominator),
        (Measure.COUNTER, whole.counter),
    ):
        assert part == sum(child[measure] for child in children)
    paid = (Measure.NONCASH, Measure.COUNTER, Measure.CASH)
    assert whole.r1.denominator == sum(child[each] for child in children for each in paid)


@given(amounts, amounts)
def test_the_first_rate_lies_between_0_and_1(noncash, cash):
    rate = rates_of({Measure.NONCASH: noncash, Measure.CASH: cash}).r1

    assert rate.basis_points is None or 0 <= rate.basis_points <= 10_000
    assert (rate.basis_points is None) == (noncash + cash == 0)


def test_half_a_basis_point_is_rounded_up_and_nothing_is_no_rate():
    assert Rate(7_747_000_000, 10_000_000_000).basis_points == 7_747
    assert Rate(1, 20_000).basis_points == 1
    assert Rate(1, 20_001).basis_points == 0
    assert Rate(0, 0).basis_points is None


def test_paying_at_a_counter_counts_as_non_cash_and_is_shown_apart():
    rates = rates_of({Measure.NONCASH: 70, Measure.COUNTER: 20, Measure.CASH: 10})

    assert (rates.r1, rates.counter) == (Rate(90, 100), 20)
