"""Banks are found by BIN, or by a code that means one bank only."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Invalid
from payments import banks
from payments.banks import BankAmbiguous, BankUnknown, bank_name, bin_of, official_name


@pytest.mark.parametrize(
    ("text", "bank_bin"),
    [
        ("VCB", "970436"),
        ("Vietcombank", "970436"),
        (" vietinbank ", "970415"),
        ("ICB", "970415"),
        ("CTG", "970415"),
        ("BIDV", "970418"),
        ("bid", "970418"),
        ("MB", "970422"),
        ("MBB", "970422"),
        ("MB Bank", "970422"),
        ("mb-bank", "970422"),
        ("Sacombank", "970403"),
        ("Đông Á", "970406"),
        ("DONGABANK", "970406"),
        ("Vikki", "970406"),
        ("OceanBank", "970414"),
        ("LienVietPostBank", "970449"),
        ("LPB", "970449"),
        ("SHB", "970443"),
        ("SHBVN", "970424"),
        ("KBANK", "668888"),
        ("Cake", "546034"),
        ("Timo", "963388"),
        ("momo", "971025"),
        ("IBK Hà Nội", "970455"),
        ("IBK HA NOI", "970455"),
    ],
)
def test_a_code_or_a_brand_gives_its_bin(text: str, bank_bin: str) -> None:
    assert bin_of(text) == bank_bin


@pytest.mark.parametrize(
    ("text", "bins"),
    [
        ("BVB", ["970438", "970454"]),
        ("bvbank", ["970438", "970454"]),
        ("CIMB", ["970459", "422589"]),
        ("IBK", ["970455", "970456"]),
        ("Kookmin", ["970462", "970463"]),
        ("KEB Hana", ["970466", "970467"]),
    ],
)
def test_a_code_of_two_banks_is_refused_and_names_both(text: str, bins: list[str]) -> None:
    with pytest.raises(BankAmbiguous) as refused:
        bin_of(text)

    assert refused.value.facts["bins"] == bins
    assert all(bank_bin in str(refused.value) for bank_bin in bins)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "97043",
        "9704360",
        "97043a",
        "٩٧٠٤٣٦",
        "９７０４３６",
        "NOBANK",
        "VCB!",
        "-",
        "VCB\x00",
    ],
)
def test_a_text_that_is_no_bank_is_refused(text: str) -> None:
    with pytest.raises(BankUnknown):
        bin_of(text)


@given(st.from_regex(r"[0-9]{6}", fullmatch=True))
def test_six_digits_are_taken_as_they_are(digits: str) -> None:
    assert bin_of(digits) == digits


@given(st.text())
def test_any_text_gives_a_bin_or_a_refusal(text: str) -> None:
    try:
        found = bin_of(text)
    except Invalid:
        return
    assert len(found) == 6
    assert found.isascii()
    assert found.isdigit()


def outcome(text: str) -> list[str]:
    """Tell which BINs a text may mean."""
    try:
        return [bin_of(text)]
    except BankAmbiguous as refused:
        bins = refused.facts["bins"]
        assert isinstance(bins, list)
        return bins


def test_every_code_of_the_table_leads_to_its_own_bank() -> None:
    for bank_bin, bank in banks._banks().items():
        assert (bank_name(bank_bin), official_name(bank_bin)) == (bank.name, bank.official_name)
        assert all(bank_bin in outcome(alias) for alias in {bank.name, *bank.aliases})


def test_only_the_known_codes_are_ambiguous() -> None:
    aliases = {alias for bank in banks._banks().values() for alias in bank.aliases}

    shared = {alias for alias in aliases if len(outcome(alias)) > 1}

    assert shared == {"BVB", "BVBANK", "CIMB", "CIMBBANK", "IBK", "KOOKMIN", "KEBHANA"}


def test_every_bin_stands_once_and_none_of_the_state_banks_letter_is_missing() -> None:
    # given the numbers of the letter: 970400 to 970470 with gaps
    gaps = {1, 2, 4, 11, 13, 17, 20, 35, 45, 47, 50, 51, 53, 61, 69}

    # when
    listed = re.findall(r"^([0-9]{6}) \|", banks._LISTED_BY_STATE_BANK, re.MULTILINE)
    others = re.findall(r"^([0-9]{6}) \|", banks._LISTED_BY_NAPAS_USERS, re.MULTILINE)

    # then
    assert listed == [str(970400 + at) for at in range(71) if at not in gaps]
    assert len(banks._banks()) == len(listed) + len(others) == 66


def test_a_bank_outside_the_table_is_named_by_its_bin() -> None:
    assert bank_name("970999") == "Ngân hàng 970999"
    assert official_name("970999") == "Ngân hàng 970999"
    assert bank_name("970436") == "Vietcombank"
