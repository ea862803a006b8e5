"""A payment code is its number for ever; no typing error makes another code."""

from collections import Counter
from collections.abc import Iterator
from itertools import combinations, pairwise, product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.reference import (
    ALPHABET,
    BODY_LENGTH,
    CODE_LENGTH,
    MEMO_LENGTH_MAX,
    NUMBERS,
    CodeBook,
    CodeKeyUnfit,
    CodeMalformed,
    CodeNumberUnfit,
    MemoPrefixUnfit,
    MemoTooLong,
    PrefixUnfit,
    check_prefix,
    grouped,
    is_code,
    memo_text,
)

BOOK = CodeBook(key=bytes(range(32)))
EXAMPLE = "HPXVHKR9P00JTM"
IN_GROUPS = "HPX VHKR 9P00 JTM"
NUMBER = st.integers(0, NUMBERS - 1)
ANY_CHARACTER = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def random_codes(count: int, seed: int) -> list[str]:
    chance = Random(seed)
    return [BOOK.make(chance.randrange(NUMBERS)) for _ in range(count)]


def replaced(code: str, changes: dict[int, str]) -> str:
    return "".join(changes.get(at, char) for at, char in enumerate(code))


def test_codes_once_printed_stay_the_same_for_ever() -> None:
    made = [BOOK.make(number) for number in (0, 1, 2, 1000, NUMBERS - 1)]

    assert made == [
        "HPX19T090KXJH2",
        "HPXMV0MKKCRKG7",
        "HPXCJMF3X0TX13",
        "HPX9841V9X30J0",
        "HPX9FXKMRH4P3V",
    ]
    assert CodeBook(prefix="ZHP", key=b"k" * 16).make(7) == "ZHPTX4686RM427"


@given(NUMBER)
def test_a_code_gives_its_number_back(number: int) -> None:
    code = BOOK.make(number)

    assert BOOK.number(code) == number
    assert is_code(code)
    assert len(code) == CODE_LENGTH
    assert set(code[3:]) <= set(ALPHABET)


@given(NUMBER)
def test_the_check_symbols_are_a_word_of_the_reed_solomon_code(number: int) -> None:
    symbols = [ALPHABET.index(char) for char in BOOK.make(number)[3:]]

    for at, offset in enumerate((17, 16, 11), start=8):
        symbols[at] -= offset
    for root in (5, 25 % 23, 125 % 23):
        value = 0
        for symbol in symbols:
            value = value * root + symbol
        assert value % 23 == 0


def test_codes_in_a_row_share_no_more_symbols_than_chance() -> None:
    payloads = [BOOK.make(number)[3:11] for number in range(11_500)]

    shared = sum(a == b for one, two in pairwise(payloads) for a, b in zip(one, two, strict=True))
    counts = [Counter(payload[at] for payload in payloads) for at in range(8)]

    assert len(set(payloads)) == len(payloads)
    assert 0.32 < shared / len(payloads) < 0.38  # 8 / 23 = 0.348
    assert all(380 < counts[at][symbol] < 620 for at in range(8) for symbol in ALPHABET)


def test_another_key_gives_other_codes_and_no_key_is_shown() -> None:
    other = CodeBook(key=bytes(range(1, 33)))

    assert other.make(1) != BOOK.make(1)
    assert other.number(BOOK.make(1)) != 1
    assert repr(BOOK) == "CodeBook(prefix='HPX')"


@pytest.mark.parametrize("length", [0, 15, 65])
def test_a_key_too_short_or_too_long_is_refused(length: int) -> None:
    with pytest.raises(CodeKeyUnfit):
        CodeBook(key=bytes(length))


@pytest.mark.parametrize("number", [-1, NUMBERS])
def test_a_number_without_a_code_is_refused(number: int) -> None:
    with pytest.raises(CodeNumberUnfit):
        BOOK.make(number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "HPX",
        EXAMPLE[:-1],
        EXAMPLE + "0",
        EXAMPLE.lower(),
        IN_GROUPS,
        "ZHP" + EXAMPLE[3:],
        "HPXVHKR9P00JTN",
        "HPXVHKR9POOJTM",  # the letter O: reconciliation.memo reads it, a stored code has 0
        "HPXÝHKR9P00JTM",
    ],
)
def test_what_is_not_exactly_a_code_is_refused(text: str) -> None:
    assert not is_code(text)
    with pytest.raises(CodeMalformed):
        BOOK.number(text)


def test_every_single_wrong_symbol_is_noticed() -> None:
    for code in random_codes(60, seed=1):
        for at, char in product(range(CODE_LENGTH), ANY_CHARACTER):
            assert is_code(replaced(code, {at: char})) == (code[at] == char)


def test_every_swap_of_neighbours_is_noticed() -> None:
    for code in random_codes(1_000, seed=2):
        for at in range(CODE_LENGTH - 1):
            swapped = replaced(code, {at: code[at + 1], at + 1: code[at]})
            assert is_code(swapped) == (swapped == code)


def all_errors(code: str, count: int) -> Iterator[str]:
    """Give ``code`` with each choice of ``count`` body symbols wrong, in each way."""
    for places in combinations(range(3, CODE_LENGTH), count):
        wrong = [ALPHABET.replace(code[at], "") for at in places]
        for symbols in product(*wrong):
            yield replaced(code, dict(zip(places, symbols, strict=True)))


def random_double_errors(count: int, seed: int) -> Iterator[str]:
    chance = Random(seed)
    codes = random_codes(1_000, seed)
    for _ in range(count):
        code = chance.choice(codes)
        places = chance.sample(range(3, CODE_LENGTH), 2)
        changes = {at: chance.choice(ALPHABET.replace(code[at], "")) for at in places}
        yield replaced(code, changes)


def test_every_double_error_of_one_code_is_noticed() -> None:
    # the code is linear but for a constant, so that one code speaks for all
    assert sum(map(is_code, all_errors(EXAMPLE, 2))) == 0


def test_random_double_errors_are_noticed() -> None:
    assert sum(map(is_code, random_double_errors(20_000, seed=3))) == 0


@pytest.mark.matrix
def test_a_million_double_errors_are_noticed() -> None:
    assert sum(map(is_code, random_double_errors(1_000_000, seed=4))) == 0


@pytest.mark.matrix
def test_every_triple_error_of_one_code_is_noticed() -> None:
    assert sum(map(is_code, all_errors(EXAMPLE, 3))) == 0


def test_a_body_moved_by_one_place_is_never_a_code() -> None:
    assert not is_code("HPX" + "0" * BODY_LENGTH)
    for code in random_codes(2_000, seed=5):
        body = code[3:]
        for pulled in ALPHABET:
            assert not is_code("HPX" + body[1:] + pulled)
            assert not is_code("HPX" + pulled + body[:-1])


@pytest.mark.matrix
def test_a_symbol_left_out_or_put_in_passes_once_in_ten_thousand_at_most() -> None:
    chance = Random(6)
    codes = random_codes(100_000, seed=6)
    undetected = 0
    for code in codes:
        for _ in range(5):
            at, char = chance.randrange(3, CODE_LENGTH), chance.choice(ALPHABET)
            dropped = code[:at] + code[at + 1 :] + char
            inserted = (code[:at] + char + code[at:])[:CODE_LENGTH]
            undetected += sum(is_code(each) and each != code for each in (dropped, inserted))

    assert 0 < undetected <= 100  # of a million


@pytest.mark.parametrize(
    ("prefix", "rule"),
    [
        *((word, "common") for word in ("HP", "HS", "HD", "CK", "PH", "TT", "HOC", "EDU")),
        *((word, "bank") for word in ("FT", "GD", "ND", "CT", "QR", "CTX", "FTV", "MOMO", "IBFT")),
        *((word, "keyboard") for word in ("HPA", "XW", "DXN", "YXZ", "VOX")),
        *((word, "letters") for word in ("", "X", "HPXHPX", "hpx", "HP1", "H X", "HPX\n", "ĐXP")),
    ],
)
def test_a_prefix_that_memos_or_keyboards_spoil_is_refused(prefix: str, rule: str) -> None:
    with pytest.raises(PrefixUnfit) as refused:
        check_prefix(prefix)

    assert refused.value.facts["rule"] == rule
    with pytest.raises(PrefixUnfit):
        CodeBook(prefix=prefix, key=BOOK.key)


@pytest.mark.parametrize("prefix", ["HPX", "VHP", "ZHP", "QHP", "HQX", "XZ", "HPXVK"])
def test_a_rare_prefix_makes_codes_of_its_own(prefix: str) -> None:
    code = CodeBook(prefix=prefix, key=BOOK.key).make(12)

    assert is_code(code, prefix)
    assert memo_text(code, None) == code
    assert grouped(code).startswith(prefix + " ")
    assert is_code(code) == (prefix == "HPX")


def test_people_read_a_code_in_groups() -> None:
    assert grouped(EXAMPLE) == IN_GROUPS


@pytest.mark.parametrize("text", ["", "VHKR9P00JTM", "HPXVHKR9P00JTN", IN_GROUPS])
def test_only_a_code_is_grouped_or_written_in_a_memo(text: str) -> None:
    with pytest.raises(CodeMalformed):
        grouped(text)
    with pytest.raises(CodeMalformed):
        memo_text(text, None)


@pytest.mark.parametrize(
    ("memo_prefix", "memo"),
    [
        (None, EXAMPLE),
        ("", EXAMPLE),
        ("SEVQR", "SEVQR " + EXAMPLE),
        ("HP", "HP " + EXAMPLE),
        ("Le Loi 12A", "Le Loi 12A " + EXAMPLE),
    ],
)
def test_a_memo_is_the_accounts_prefix_and_the_code(memo_prefix: str | None, memo: str) -> None:
    assert memo_text(EXAMPLE, memo_prefix) == memo
    assert len(memo) <= MEMO_LENGTH_MAX


def test_a_memo_of_26_characters_is_refused() -> None:
    with pytest.raises(MemoTooLong) as refused:
        memo_text(EXAMPLE, "Le Loi 12AB")

    assert refused.value.facts == {"length": 26, "limit": 25}


@pytest.mark.parametrize(
    "memo_prefix", ["Lê", "A-B", " A", "A ", "A  B", " ", "A\n", "HPX", "AhpxB"]
)
def test_a_memo_prefix_that_banks_change_or_that_holds_the_codes_own_is_refused(
    memo_prefix: str,
) -> None:
    with pytest.raises(MemoPrefixUnfit):
        memo_text(EXAMPLE, memo_prefix)
