"""Folding takes any text and changes nothing twice; names sort as a class list does."""

import unicodedata
from itertools import product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.text import fold, search_key, sort_key, squash

ANY_TEXT = st.text(st.characters(exclude_categories=()))
"""Every code point, lone surrogates and NUL too."""

LETTERS = list("aăâbcdđeêfghijklmnoôơpqrstuưvwxyz")
VOWELS = [LETTERS.index(letter) for letter in "aăâeêioôơuưy"]
TONES = ("", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323")


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Nguyễn Thị Đặng Ứng Ý", "NGUYEN THI DANG UNG Y"),
        (unicodedata.normalize("NFD", "Nguyễn Thị Đặng Ứng Ý"), "NGUYEN THI DANG UNG Y"),
        ("hoà hòa", "HOA HOA"),
        ("\u00d0\u1eb7ng", "DANG"),  # eth in place of Đ
        ("  An \u00a0 Bình\r\n3A\t", "AN BINH 3A"),
        ("H\u200bP\u00adX\ufeff", "HPX"),
        ("ＨＰＸ１２", "HPX12"),
        ("Straße STRAẞE ﬁ Łódź Ærø", "STRASSE STRASSE FI LODZ AERO"),
        ("٣ ½", "3 1/2"),
        ("tháng 9–10 “A’B”", 'THANG 9-10 "A\'B"'),
        ("a\x00b\x1f\x85c", "A B C"),
        ("\ud800x\udfff", "X"),
        ("Đinh 한 Я", "DINH \u1112\u1161\u11ab Я"),
        ("", ""),
    ],
)
def test_text_folds_to_upper_ascii_with_single_blanks(written: str, folded: str) -> None:
    assert fold(written) == folded


def test_every_vietnamese_letter_folds_to_its_plain_one() -> None:
    for letter, tone in product(LETTERS, TONES):
        for form in ("NFC", "NFD"):
            for written in (letter + tone, (letter + tone).upper()):
                folded = fold(unicodedata.normalize(form, written))

                plain = "d" if letter == "đ" else unicodedata.normalize("NFD", letter)[0]
                assert folded == plain.upper()


@given(ANY_TEXT)
def test_folding_twice_changes_nothing(text: str) -> None:
    once = fold(text)

    assert fold(once) == once
    assert squash(squash(text)) == squash(text) == squash(once)
    assert search_key(search_key(text)) == search_key(text) == search_key(once)


@given(ANY_TEXT)
def test_nothing_invisible_is_left_and_the_database_takes_it(text: str) -> None:
    for kept in (fold(text), search_key(text), sort_key(text)):
        categories = {unicodedata.category(char) for char in kept}
        assert not categories & {"Mn", "Me", "Cf", "Cc", "Cs", "Zl", "Zp"}
        assert kept == " ".join(kept.split())
        assert kept.encode().decode() == kept


@given(ANY_TEXT)
def test_squashed_text_is_capitals_and_digits(text: str) -> None:
    assert set(squash(text)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


@pytest.mark.matrix
def test_every_character_of_unicode_folds_once_and_in_every_form() -> None:
    for point in range(0x110000):
        char = chr(point)
        once = fold(char)
        assert fold(once) == once, hex(point)
        assert search_key(search_key(char)) == search_key(char), hex(point)
        for form in ("NFC", "NFD"):
            assert fold(unicodedata.normalize(form, char)) == once, hex(point)


def test_a_search_finds_a_name_however_it_is_typed() -> None:
    stored = search_key("Đỗ  Thị Hoà")

    assert stored == "do thi hoa"
    assert search_key("ĐỖ THỊ HÒA") == search_key("do thi hoa") == stored


def test_a_class_list_sorts_by_given_name_then_family_then_middle() -> None:
    in_order = [
        "Bùi An",
        "Đặng An",
        "Nguyễn An",
        "Nguyễn Thị An",
        "Nguyễn Văn An",
        "Trần An",
        "Lê Anh",
        "Lê Ánh",
        "Lê Ăn",
        "Lê Ân",
        "Lê Ấn",
        "Lê Dung",
        "Lê Dũng",
        "Lê Duy",
        "Lê Đông",
        "Lê Em",
        "Lê Ếch",
        "Lê Hoa",
        "Lê Hoà",
        "Lê Hoả",
        "Lê Hoã",
        "Lê Hoá",
        "Lê Hoạ",
        "Lê Oanh",
        "Lê Ổn",
        "Lê Ơn",
        "Lê Uyên",
        "Lê Ưng",
        "Lê Vy",
        "Lê Ý",
    ]

    mixed = Random(1).sample(in_order, len(in_order))

    assert sorted(mixed, key=lambda name: sort_key(name).encode()) == in_order


def test_one_spelling_of_a_name_has_one_sort_key() -> None:
    key = sort_key("Trần Thị Hoà")

    assert sort_key(unicodedata.normalize("NFD", "TRẦN thị  hòa")) == key
    assert sort_key("  Trần \u00a0Thị Hoà\u200b.") == key
    assert sort_key("Trần Thị Hoa") != key


Word = tuple[list[int], int]


def spelled(word: Word) -> str:
    """Write letters of LETTERS with a tone on the first vowel."""
    letters, tone = word
    vowel = next(at for at, letter in enumerate(letters) if letter in VOWELS)
    written = [LETTERS[letter] for letter in letters]
    written[vowel] += TONES[tone]
    return unicodedata.normalize("NFC", "".join(written))


def words() -> st.SearchStrategy[Word]:
    letters = st.lists(st.integers(0, len(LETTERS) - 1), max_size=4)
    with_vowel = st.tuples(letters, st.sampled_from(VOWELS), letters)
    joined = with_vowel.map(lambda parts: [*parts[0], parts[1], *parts[2]])
    return st.tuples(joined, st.integers(0, len(TONES) - 1))


NAMES = st.lists(words(), min_size=1, max_size=4)


def rank(name: list[Word]) -> list[Word]:
    """Order a name without text: given, family, middle; letters before tone."""
    return name[-1:] + name[:-1]


@given(NAMES, NAMES)
def test_sort_keys_compare_by_bytes_as_the_alphabet_does(
    one: list[Word], other: list[Word]
) -> None:
    keys = [sort_key(" ".join(map(spelled, name))).encode() for name in (one, other)]

    assert (keys[0] < keys[1]) == (rank(one) < rank(other))
    assert (keys[0] == keys[1]) == (one == other)
