"""Amounts in Vietnamese words, as receipts print them. Pure; never formats digits."""

from kernel.money import Dong

_UNITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_AFTER_TENS = {1: "mốt", 4: "tư", 5: "lăm"}
_AFTER_TEN = {5: "lăm"}
_BILLION = 10**9
_SCALES = ((10**6, "triệu"), (10**3, "nghìn"), (1, ""))


def amount_in_words(amount: Dong) -> str:
    """Write ``amount`` (đồng) as a receipt says it: capital first, ``đồng`` last.

    A group after the first is read with its hundreds, so that no zero can be dropped.

    >>> amount_in_words(Dong(1_005_000))
    'Một triệu không trăm linh năm nghìn đồng'
    """
    words = _number(abs(amount))
    if amount < 0:
        words.insert(0, "âm")
    sentence = " ".join([*words, "đồng"])
    return sentence[0].upper() + sentence[1:]


def _number(number: int) -> list[str]:
    """Read a whole number of 0 or more; billions are read as a number of their own."""
    if number == 0:
        return [_UNITS[0]]
    billions, rest = divmod(number, _BILLION)
    words = [*_number(billions), "tỷ"] if billions else []
    for size, scale in _SCALES:
        group, rest = divmod(rest, size)
        if group:
            words += _group(group, full=bool(words))
            words += [scale] if scale else []
    return words


def _group(group: int, *, full: bool) -> list[str]:
    """Read 1 to 999; ``full`` says the hundreds even when there are none."""
    hundreds, below = divmod(group, 100)
    tens, units = divmod(below, 10)
    words: list[str] = []
    if hundreds or full:
        words += [_UNITS[hundreds], "trăm"]
    if tens == 0:
        if units:
            words += (["linh"] if words else []) + [_UNITS[units]]
    elif tens == 1:
        words += ["mười", *([_AFTER_TEN.get(units, _UNITS[units])] if units else [])]
    else:
        words += [_UNITS[tens], "mươi"]
        words += [_AFTER_TENS.get(units, _UNITS[units])] if units else []
    return words
