"""Amounts in words: the printed examples, and a reader of our own that must get the number back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import DONG_MAX, Dong
from payments.words import amount_in_words

SPOKEN = ["không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"]
DIGITS = {word: digit for digit, word in enumerate(SPOKEN)} | {"mốt": 1, "tư": 4, "lăm": 5}


def read_group(words: list[str]) -> int:
    """Read what stands before nghìn, triệu or the end; another way round than the writer."""
    total = pending = 0
    for word in words:
        match word:
            case "trăm":
                total, pending = total + pending * 100, 0
            case "mươi":
                total, pending = total + pending * 10, 0
            case "mười":
                total += 10
            case "linh":
                pass
            case digit:
                pending = DIGITS[digit]
    return total + pending


def read_number(words: list[str]) -> int:
    if "tỷ" in words:
        place = len(words) - 1 - words[::-1].index("tỷ")
        return read_number(words[:place]) * 10**9 + read_number(words[place + 1 :])
    total, group = 0, list[str]()
    for word in words:
        if word in ("triệu", "nghìn"):
            total, group = total + read_group(group) * (10**6 if word == "triệu" else 10**3), []
        else:
            group.append(word)
    return total + read_group(group)


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (0, "Không đồng"),
        (5, "Năm đồng"),
        (15, "Mười lăm đồng"),
        (21, "Hai mươi mốt đồng"),
        (24, "Hai mươi tư đồng"),
        (35, "Ba mươi lăm đồng"),
        (105, "Một trăm linh năm đồng"),
        (1_010, "Một nghìn không trăm mười đồng"),
        (1_005_000, "Một triệu không trăm linh năm nghìn đồng"),
        (1_050_000, "Một triệu không trăm năm mươi nghìn đồng"),
        (1_250_000, "Một triệu hai trăm năm mươi nghìn đồng"),
        (128_450_000, "Một trăm hai mươi tám triệu bốn trăm năm mươi nghìn đồng"),
        (1_000_005_000, "Một tỷ không trăm linh năm nghìn đồng"),
        (10**12, "Một nghìn tỷ đồng"),
        (-96_000, "Âm chín mươi sáu nghìn đồng"),
    ],
)
def test_known_amounts_read_as_printed(amount: int, words: str) -> None:
    assert amount_in_words(Dong(amount)) == words


@given(st.integers(0, DONG_MAX))
def test_the_words_read_back_to_the_amount(amount: int) -> None:
    # given an amount, when it is written
    sentence = amount_in_words(Dong(amount))

    # then another reader gets the same amount
    words = sentence.lower().split()
    assert words[-1] == "đồng"
    assert read_number(words[:-1]) == amount


@given(st.integers(1, DONG_MAX))
def test_a_negative_amount_is_the_same_words_after_am(amount: int) -> None:
    plain = amount_in_words(Dong(amount))
    assert amount_in_words(Dong(-amount)) == f"Âm {plain[0].lower()}{plain[1:]}"


@given(st.integers(1, 999), st.integers(1, 99))
def test_no_zero_inside_a_number_is_swallowed(head: int, below: int) -> None:
    # given a group under 100 that follows another group
    words = amount_in_words(Dong(head * 1_000 + below))

    # then its missing hundreds are said
    assert " không trăm " in words
