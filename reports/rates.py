"""The definitions of the payment rates and how they add up. Pure: no I/O, no clock.

A rate is its two sums; a percentage exists only where it is shown. Sums of parts are the sum of
the whole, and no rate is ever an average of rates.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Measure(StrEnum):
    """What is summed per school and month, in đồng."""

    DUE = "due"
    """net due of notices, by the month they bill"""
    PAID = "paid"
    """money that stands on notices, by the month they bill"""
    NONCASH = "noncash"
    """money laid on notices by transfer, by the month the bank booked it"""
    COUNTER = "counter"
    """the same, paid in cash at a bank's counter: no cash at school, counted as non-cash"""
    CASH = "cash"
    """money laid on notices in cash at school, by its day"""


@dataclass(frozen=True, slots=True)
class Definition:
    """One rate: its id and version stand beside every figure."""

    id: str
    version: int
    name: str
    scope: str


R1 = Definition("R1", 1, "Tỷ lệ không dùng tiền mặt theo số tiền", "mọi khoản thu")
R5A = Definition("R5a", 1, "Tỷ lệ thu theo số tiền", "mọi khoản thu")


@dataclass(frozen=True, slots=True)
class Rate:
    """A numerator and a denominator in đồng; a denominator of 0 is no rate at all."""

    numerator: int = 0
    denominator: int = 0

    @property
    def basis_points(self) -> int | None:
        """Give the rate in 1/10,000, half rounded up; None where nothing happened."""
        if self.denominator == 0:
            return None
        return (2 * self.numerator * 10_000 + self.denominator) // (2 * self.denominator)


@dataclass(frozen=True, slots=True)
class Rates:
    """The rates of one school or unit in one month."""

    r1: Rate = Rate()
    r5a: Rate = Rate()
    counter: int = 0


def rates_of(sums: Mapping[str, int]) -> Rates:
    """Make the rates from a school's sums by measure; a missing measure is 0."""
    noncash = sums.get(Measure.NONCASH, 0) + sums.get(Measure.COUNTER, 0)
    return Rates(
        r1=Rate(noncash, noncash + sums.get(Measure.CASH, 0)),
        r5a=Rate(sums.get(Measure.PAID, 0), sums.get(Measure.DUE, 0)),
        counter=sums.get(Measure.COUNTER, 0),
    )


def total(parts: Iterable[Rates]) -> Rates:
    """Add rates up: numerators with numerators, denominators with denominators."""
    parts = list(parts)
    return Rates(
        r1=Rate(
            sum(part.r1.numerator for part in parts), sum(part.r1.denominator for part in parts)
        ),
        r5a=Rate(
            sum(part.r5a.numerator for part in parts), sum(part.r5a.denominator for part in parts)
        ),
        counter=sum(part.counter for part in parts),
    )
