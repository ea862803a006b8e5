"""What the page of payment rates shows. Values only, like ``views``.

A rate is always its two sums; the percentage is made when it is shown.
"""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class RateView:
    """One rate as its two sums, in đồng."""

    numerator: int
    """The part, 0 or more."""
    denominator: int
    """The whole; 0 means that nothing happened, which is not a rate of 0."""


@dataclass(frozen=True, slots=True)
class RateRow:
    """One unit or school below the unit that is open."""

    name: str
    """Its name."""
    url: str
    """Its own page; empty if it cannot be opened (a school is the last level)."""
    r1: RateView
    """Paid without cash, of all that was paid."""
    r5a: RateView
    """Collected, of what was due."""
    self_reported: bool = False
    """Whether the figures come from other software, as declared."""
    suppressed: bool = False
    """Whether fewer than 10 pupils stand behind it, so that nothing is shown."""


@dataclass(frozen=True, slots=True)
class Crumb:
    """One level above, or the open one."""

    name: str
    """The unit's name."""
    url: str
    """Its page with the same period; empty for the open one."""


@dataclass(frozen=True, slots=True)
class PeriodChoice:
    """One month that can be shown."""

    value: str
    """``YYYY-MM``; goes back as ``period``."""
    month: date
    """Any day of it."""


@dataclass(frozen=True, slots=True)
class RatesView:
    """The rates of one unit in one month."""

    unit_name: str
    """The open unit."""
    unit_url: str
    """Its page without parameters; the period form leads there."""
    rows_name: str
    """What the rows are: ``Xã, phường`` or ``Trường``."""
    crumbs: tuple[Crumb, ...]
    """From the topmost unit this person may see down to the open one."""
    month: date
    """Any day of the month shown."""
    periods: tuple[PeriodChoice, ...]
    """Months that can be chosen, newest first; ``month`` is one of them."""
    total: RateRow
    """The open unit: its sums are the sums of the rows."""
    rows: tuple[RateRow, ...]
    """Units or schools one level down, in the order shown."""
    known_at: datetime
    """What was known at that moment (aware)."""
    r1_id: str = "R1 bản 1"
    """Id and version of the first definition."""
    r5a_id: str = "R5a bản 1"
    """Id and version of the second definition."""
    closed: bool = False
    """Whether the month is frozen."""
