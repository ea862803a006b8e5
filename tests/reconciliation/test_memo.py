"""Every code is found in whatever the banks make of a memo, and nothing else is.

``memo_samples.json``: memos as banks delivered them, each with its public source; names, accounts
and phone numbers of people are masked.
"""

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.reference import NUMBERS, CodeBook, grouped, memo_text
from reconciliation.memo import codes_in

SAMPLES = [
    sample["memo"]
    for sample in json.loads(Path(__file__).with_name("memo_samples.json").read_text("utf-8"))
]
SHAPES = [
    "CT nhanh 247 den: {} (CT1111)",
    "CT nhanh 247 den: Vietinbank;CT1111;{} (ct1111); thoi gian GD:09/09/2024 23:21:53",
    "Chuyen tien den tu NAPAS Noi dung: IBFT {} (CT1111)",
    "TKThe :1020000xxx, tai VCB. MBVCB.6998714677.641630.{}.CT tu 1020000xxx toi 12611",
    "TKThe :0823190xxx, tai MSCBVNVX. {} -B2B020097042209102115582024Y1HA61657 0",
    "TKThe :182225xxx, tai TCB. {} FT24254608201092 -CTLNHIDI000009811418032-1/1-CRE-002",
    "TKThe :28012150xxx, tai Agribank. BIDV;1261122666;{} -CTLNHIDI000009811456446-11-CRE",
    "REM Tfr Ac:1770260xxx O@L_080005_211601_0_0_508753668_66473695342 09xxxxxxxx {}",
    "CUSTOMER {}   Ma giao dich  Trace390765 Trace  390765",
    "{} GD 789604-040125 00:05:38",
    "ACC-GD 640669-2022-09-19T19:30:37-180906-/CTR/{}/MAC/02FB40D2D89D4CF8",
    "884114.100924.223854.{} FT24255276428461",
    "0200970405VHQZ640669.12345.223854.{}",
    "NHAN TU 1020000xxx TRACE 663714 ND {}",
    "MB(663714)({})",
    "{}-121123-19:13:00 000012",
    "QR - {}",
    "71700000876-{}-CHUYEN TIEN-OQCH30426153-MOMO71700000876MOMO",
    "MoMoT0123456789T12345678901T970416T{} GD 789604-040125",
    "BankAPINotify CT DEN:1023456789 ND:{} SD:12500000",
    "PARTNER.DIRECT_DEBITS_VCB.MSE.6988-0981xxxxxx_{}",
    "NGUYEN VAN A nop tien hoc cho be An lop 3A{}cam on",
]
"""Where banks and wallets put the payer's words; ``{}`` is the place."""

BOOK = CodeBook(key=bytes(range(32)))
EXAMPLE = "HPXVHKR9P00JTM"
ANY_CHARACTER = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LOOK_ALIKES = {"0": "OQ", "1": "IL", "2": "Z", "5": "S", "8": "B", "V": "U"}

NUMBER = st.integers(0, NUMBERS - 1)
ANY_TEXT = st.text(st.characters(exclude_categories=()))
GAP = st.text(st.sampled_from(" .,-_:;/|()\n\t\r\u00a0\u200b\u0301"), max_size=3)


def random_codes(count: int, seed: int) -> list[str]:
    chance = Random(seed)
    return [BOOK.make(chance.randrange(NUMBERS)) for _ in range(count)]


def wrapped(memo: str, width: int, joint: str) -> str:
    return joint.join(memo[at : at + width] for at in range(0, len(memo), width))


DAMAGES: dict[str, Callable[[str], str]] = {
    "none": str,
    "lower case": str.lower,
    "two blanks every 35": lambda memo: wrapped(memo, 35, "  "),
    "a new line every 7": lambda memo: wrapped(memo, 7, "\r\n"),
    "dots": ".".join,
    "blanks": " ".join,
    "signs lost": lambda memo: "".join(char for char in memo if char.isalnum()),
    "signs to blanks": lambda memo: "".join(char if char.isalnum() else " " for char in memo),
    "full width": lambda memo: "".join(
        chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in memo
    ),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_code_is_read_in_every_shape_of_memo(damage: Callable[[str], str]) -> None:
    for shape, code in zip(SHAPES, random_codes(len(SHAPES), seed=1), strict=True):
        for words in (code, grouped(code), memo_text(code, "SEVQR"), f"An 3A {code} T9"):
            memo = damage(shape.format(words))

            assert codes_in(memo) == [code], memo


def test_a_code_is_read_at_every_place_of_every_memo_seen() -> None:
    codes = iter(random_codes(sum(len(memo) + 1 for memo in SAMPLES), seed=2))
    for memo in SAMPLES:
        for at in range(len(memo) + 1):
            code = next(codes)
            assert codes_in(memo[:at] + code + memo[at:]) == [code]


@given(NUMBER, ANY_TEXT, ANY_TEXT, st.lists(GAP, min_size=13, max_size=13), st.integers(0, 2**14))
def test_a_code_is_read_whatever_stands_around_and_inside(
    number: int, before: str, after: str, gaps: list[str], lower: int
) -> None:
    code = BOOK.make(number)
    cased = [char.lower() if lower >> at & 1 else char for at, char in enumerate(code)]
    written = "".join(char + gap for char, gap in zip(cased, [*gaps, ""], strict=True))

    assert code in codes_in(before + written + after)


@given(NUMBER, st.integers(0, 2**11), st.booleans())
def test_look_alikes_behind_the_prefix_are_read_as_the_symbol(
    number: int, chosen: int, last: bool
) -> None:
    code = BOOK.make(number)
    typed = "".join(
        LOOK_ALIKES.get(char, char)[-1 if last else 0] if chosen >> at & 1 else char
        for at, char in enumerate(code[3:])
    )

    assert codes_in("HPX" + typed) == [code]


def test_letters_of_vietnamese_keyboards_fold_before_they_are_read() -> None:
    assert codes_in("hpx Ưhkr9pÔộjtm") == [EXAMPLE]
    assert codes_in(unicodedata.normalize("NFD", "hpx ưhkr9pÔộjtm")) == [EXAMPLE]


def test_look_alikes_in_the_prefix_are_not_read() -> None:
    code = CodeBook(prefix="ZHP", key=BOOK.key).make(5)

    assert codes_in(code, "ZHP") == [code]
    assert codes_in("2" + code[1:], "ZHP") == []
    assert codes_in("2" + code[1:], "2HP") == ["2" + code[1:]]


def test_codes_are_listed_once_in_order_of_appearance() -> None:
    first, second, third = sorted(random_codes(3, seed=3), reverse=True)

    memo = f"{second} va {first}.{grouped(second)},{third.lower()}"

    assert codes_in(memo) == [second, first, third]


def test_a_cut_code_does_not_hide_the_whole_one_behind_it() -> None:
    assert codes_in(EXAMPLE[:8] + EXAMPLE) == [EXAMPLE]
    assert codes_in("HPX HP HPXHPX" + EXAMPLE) == [EXAMPLE]


def test_codes_of_another_prefix_are_left_alone() -> None:
    other = CodeBook(prefix="VHP", key=BOOK.key).make(1)

    assert codes_in(f"{other} {EXAMPLE}") == [EXAMPLE]
    assert codes_in(f"{other} {EXAMPLE}", "VHP") == [other]


@pytest.mark.parametrize("memo", ["", "HPX", EXAMPLE[:-1], EXAMPLE[1:], *SAMPLES])
def test_a_memo_without_a_whole_code_gives_none(memo: str) -> None:
    assert codes_in(memo) == []


def test_every_single_wrong_character_is_refused() -> None:
    for code in random_codes(60, seed=4):
        for at, right in enumerate(code):
            same = right + (LOOK_ALIKES.get(right, "") if at >= 3 else "")
            for char in ANY_CHARACTER:
                found = codes_in(code[:at] + char + code[at + 1 :])
                assert found == ([code] if char in same else []), (code, at, char)


def test_every_swap_of_neighbours_is_refused() -> None:
    for code in random_codes(2_000, seed=5):
        for at in range(len(code) - 1):
            swapped = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
            assert codes_in(swapped) == ([code] if swapped == code else [])


def test_random_memos_hold_no_code() -> None:
    chance = Random(6)
    letters = "".join(char for char in "".join(SAMPLES).upper() if char.isalnum())
    memos = ["".join(chance.choices(letters, k=60)) for _ in range(10_000)]
    memos += ["".join(chance.choices(ANY_CHARACTER, k=60)) for _ in range(10_000)]

    assert [memo for memo in memos if codes_in(memo)] == []


def test_what_follows_a_prefix_by_chance_is_hardly_ever_a_code() -> None:
    chance = Random(7)
    memos = ["HPX" + "".join(chance.choices(ANY_CHARACTER, k=11)) for _ in range(20_000)]

    # three check symbols let 1 of 12,167 through, two would let 1 of 529
    assert sum(len(codes_in(memo)) for memo in memos) <= 6
