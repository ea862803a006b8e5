"""Whole đồng and the few ways to divide them. Never a float, never a Decimal, never ``/``."""

from collections.abc import Sequence
from typing import NewType

Dong = NewType("Dong", int)

DONG_MAX = 2**53 - 1
"""The largest amount a JSON reader keeps exact (RFC 8259, section 6)."""

BASIS_POINTS = 10_000


def dong(value: object) -> Dong:
    """Make đồng of a whole number; refuse everything that is not exactly one.

    Raises TypeError for bool, float, str and the like, ValueError beyond ±(2^53 - 1).
    """
    if type(value) is not int:
        message = f"an amount in đồng is a whole number, not {type(value).__name__}"
        raise TypeError(message)
    if abs(value) > DONG_MAX:
        message = "an amount in đồng lies within ±(2^53 - 1)"
        raise ValueError(message)
    return Dong(value)


def share(total: Dong, weights: Sequence[int]) -> list[Dong]:
    """Split ``total`` (đồng) by ``weights``; the parts always sum to ``total``.

    Leftover đồng go to the largest remainders, ties to the earlier part.
    Raises ValueError if ``total`` < 0, a weight < 0, or all weights are 0.

    >>> share(Dong(100), [1, 1, 1])
    [34, 33, 33]
    """
    if total < 0 or any(weight < 0 for weight in weights):
        message = "neither a total nor a weight to share by may be negative"
        raise ValueError(message)
    whole = sum(weights)
    if whole == 0:
        message = "at least one weight must be above 0"
        raise ValueError(message)
    parts = [total * weight // whole for weight in weights]
    remainders = [total * weight % whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda place: (-remainders[place], place))
    for place in by_remainder[: total - sum(parts)]:
        parts[place] += 1
    return [Dong(part) for part in parts]


def percent_of(amount: Dong, basis_points: int) -> Dong:
    """Take ``basis_points`` (1/10,000) of ``amount`` (đồng), half a đồng rounded away from 0.

    >>> percent_of(Dong(1_250_001), 5_000)
    625001
    """
    product = abs(amount) * basis_points
    part = (product + BASIS_POINTS // 2) // BASIS_POINTS
    return Dong(part if amount >= 0 else -part)


def dotted(amount: int) -> str:
    """Write an amount as Vietnamese pages do: dots between thousands, a true minus.

    >>> dotted(-96000)
    '−96.000'
    """
    text = f"{abs(amount):,}".replace(",", ".")
    return f"\N{MINUS SIGN}{text}" if amount < 0 else text
