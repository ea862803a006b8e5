"""How amounts, days, times and rates are written on pages, and how a typed amount is read.

Pure; knows no template. Stored values never pass through here on their way to the database,
except an amount that a person typed.
"""

import re
from datetime import date, datetime
from typing import ClassVar

from kernel.clock import VIETNAM, vietnam_date
from kernel.errors import Invalid
from kernel.money import DONG_MAX, Dong, dotted

NO_BREAK = "\N{NO-BREAK SPACE}"
DASH = "\N{EN DASH}"

_TYPED = re.compile(r"[0-9]{1,16}|[0-9]{1,3}(?:\.[0-9]{3}){1,5}")


class AmountUnreadable(Invalid):
    """A typed amount is not whole đồng; the fact is ``field``."""

    code: ClassVar[str] = "amount_unreadable"


def dong_text(amount: int) -> str:
    r"""Write đồng for people: dots, a no-break space, ``đ``.

    >>> dong_text(1250000)
    '1.250.000\xa0đ'
    """
    return f"{dotted(amount)}{NO_BREAK}đ"


def digits(amount: int) -> str:
    """Write đồng as bare digits, for a field of a bank's application; raises if below 0."""
    if amount < 0:
        raise ValueError("a negative amount is never pasted into a bank's application")
    return str(amount)


def read_amount(text: str, *, field: str) -> Dong:
    """Read đồng that a person typed, with or without dots and ``đ``.

    Raises AmountUnreadable for everything else: an unreadable amount is never taken for 0.

    >>> read_amount("1.250.000 đ", field="amount")
    1250000
    """
    typed = text.strip().removesuffix("đ").rstrip()
    if _TYPED.fullmatch(typed) is None:
        raise AmountUnreadable(f"“{text[:40]}” không phải số tiền", field=field)
    amount = int(typed.replace(".", ""))
    if amount > DONG_MAX:
        raise AmountUnreadable(f"“{text[:40]}” quá lớn", field=field)
    return Dong(amount)


def day(value: date) -> str:
    """Write a day ``05/11/2026``; an aware moment is first taken to Vietnam."""
    return _in_vietnam(value).strftime("%d/%m/%Y")


def moment(value: datetime) -> str:
    """Write a moment in Vietnam, ``05/11/2026 07:58``; raises ValueError without an offset."""
    return f"{day(value)}{NO_BREAK}{hour(value)}"


def hour(value: datetime) -> str:
    """Write the time of day in Vietnam, ``07:58``; raises ValueError without an offset."""
    if value.tzinfo is None:
        raise ValueError("a time without offset belongs to nobody")
    return value.astimezone(VIETNAM).strftime("%H:%M")


def iso(value: datetime) -> str:
    """Write a moment for machines, RFC 3339 with Vietnam's offset."""
    return value.astimezone(VIETNAM).isoformat(timespec="seconds")


def month(value: date) -> str:
    """Write a month as tables do, ``T11/2026``."""
    return f"T{_in_vietnam(value):%m/%Y}"


def month_words(value: date) -> str:
    """Write a month as sentences do, ``tháng 11/2026``."""
    return f"tháng {_in_vietnam(value):%m/%Y}"


def days_left(due: date, today: date) -> str:
    """Tell the distance to a deadline in words: ``còn 10 ngày``, ``quá hạn 3 ngày``."""
    left = (due - today).days
    if left == 0:
        return "hôm nay là ngày cuối"
    return f"còn {left} ngày" if left > 0 else f"quá hạn {-left} ngày"


def percent(numerator: int, denominator: int) -> str:
    """Write a rate with two decimals, half-up: ``77,47 %``; a dash on an empty denominator.

    Raises ValueError below 0: a rate is a part of a whole.
    """
    if numerator < 0 or denominator < 0:
        raise ValueError("a rate has no negative side")
    if denominator == 0:
        return DASH
    hundredths = (numerator * 20_000 + denominator) // (2 * denominator)
    return f"{dotted(hundredths // 100)},{hundredths % 100:02d}{NO_BREAK}%"


def bar_width(numerator: int, denominator: int) -> str:
    """Give the width of a bar of 100 units for an SVG attribute, at most 100."""
    if denominator <= 0:
        return "0"
    hundredths = min(10_000, max(0, numerator * 10_000 // denominator))
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def _in_vietnam(value: date) -> date:
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is None:
        raise ValueError("a time without offset belongs to nobody")
    return vietnam_date(value)
