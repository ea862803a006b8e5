"""A payment text with any fault in its structure is refused, and the place of the fault named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Invalid
from kernel.money import Dong
from payments.vietqr import Scheme, VietQr, decode, encode
from payments.vietqr_read import QrMalformed, checksum, read_objects

NAPAS = "0010A000000727"
PAYEE = "38570010A00000072701270006970403011300110123456780208QRIBFTTA"
FRAME = ("5303704", "5802VN")


def sealed(body: str) -> str:
    """Close a hand-made body with the checksum it needs."""
    return body + "6304" + checksum(body + "6304")


def text(*objects: str, head: str = "000201") -> str:
    return sealed(head + "".join(objects))


def tlv(at: str, value: str) -> str:
    return f"{at}{len(value):02}{value}"


def payee(bank_bin: str, account: str) -> str:
    return tlv("38", NAPAS + tlv("01", tlv("00", bank_bin) + tlv("01", account)))


OBJECT = st.builds(
    tlv,
    st.sampled_from(["01", "26", "38", "53", "54", "58", "59", "62", "64", "80"]),
    st.sampled_from(["11", "704", "VN", "0", "1.5", "0801A", "0010A000000727", PAYEE[4:]])
    | st.text([chr(code) for code in range(32, 127)], max_size=30),
)


@given(st.text(max_size=200) | st.lists(OBJECT, max_size=8).map(lambda objects: text(*objects)))
def test_any_text_is_read_or_refused_and_never_crashes(anything: str) -> None:
    try:
        found = decode(anything)
    except Invalid:
        return
    assert found.crc


@pytest.mark.parametrize(
    ("payload", "where"),
    [
        pytest.param("", "00", id="nothing"),
        pytest.param(text(PAYEE, *FRAME, head="010211"), "00", id="no 00"),
        pytest.param(text(PAYEE, *FRAME, head="000202"), "00", id="00 is not 01"),
        pytest.param(text(PAYEE, *FRAME, "6200"), "root", id="empty object"),
        pytest.param(text(PAYEE, *FRAME, tlv("62", "0800")), "62", id="empty label"),
        pytest.param(text(PAYEE, *FRAME, tlv("26", "0100")), "26", id="empty foreign object"),
        pytest.param(text(PAYEE, *FRAME, tlv("64", "0000")), "64", id="empty language"),
        pytest.param(text(PAYEE, *FRAME, tlv("85", "0000")), "85", id="empty unreserved object"),
        pytest.param(text(PAYEE, *FRAME, "5802VN"), "root", id="an object twice"),
        pytest.param(text(PAYEE, *FRAME, tlv("62", "0801A0801B")), "62", id="a label twice"),
        pytest.param(text(PAYEE, PAYEE, *FRAME), "root", id="38 twice"),
        pytest.param(text(PAYEE, "39" + PAYEE[2:], *FRAME), "39", id="payees at 38 and 39"),
        pytest.param(text(*FRAME), "02-51", id="no payee"),
        pytest.param(text(PAYEE, "5802VN"), "53", id="no currency"),
        pytest.param(text(PAYEE, "5303840", "5802VN"), "53", id="a VietQR in dollars"),
        pytest.param(text(PAYEE, "5303704"), "58", id="no country"),
        pytest.param(text(PAYEE, "5303704", "5802TH"), "53", id="a VietQR of another country"),
        pytest.param(text("010213", PAYEE, *FRAME), "01", id="point of initiation 13"),
        pytest.param(text(PAYEE, *FRAME, tlv("54", "0")), "54", id="amount 0"),
        pytest.param(text(PAYEE, *FRAME, tlv("54", "100.0")), "54", id="amount with decimals"),
        pytest.param(text(PAYEE, *FRAME, tlv("54", "-50")), "54", id="amount below 0"),
        pytest.param(text(PAYEE, *FRAME, tlv("54", "1" * 14)), "54", id="amount too long"),
        pytest.param(text(PAYEE, *FRAME, tlv("54", " 5")), "54", id="amount with a blank"),
        pytest.param(text(tlv("38", NAPAS), *FRAME), "38.01", id="payee without bank"),
        pytest.param(text(payee("97043", "1"), *FRAME), "38.01", id="BIN of five digits"),
        pytest.param(text(payee("970436", "1-23"), *FRAME), "38.01", id="account with a hyphen"),
        pytest.param(text(payee("970436", "1" * 20), *FRAME), "38.01", id="account of 20"),
        pytest.param(text(PAYEE, *FRAME)[:-8], "63", id="no checksum"),
        pytest.param(text(PAYEE, *FRAME)[:-1], "root", id="checksum cut"),
        pytest.param("000201" + PAYEE + "6305ABCDE", "63", id="checksum of five"),
        pytest.param(text(PAYEE, *FRAME) + "5901A", "63", id="checksum not last"),
        pytest.param(text(PAYEE, *FRAME) + "\n", "root", id="newline at the end"),
        pytest.param(text(PAYEE, *FRAME).replace("VN", "VŃ"), "root", id="not ASCII"),
    ],
)
def test_a_strange_text_is_refused_where_it_is_strange(payload: str, where: str) -> None:
    with pytest.raises(QrMalformed) as refused:
        decode(payload)

    assert refused.value.facts["where"] == where


def test_the_hand_made_text_of_these_tests_is_sound_without_its_fault() -> None:
    found = decode(text(PAYEE, *FRAME, "5406123456", "62050801A"))

    assert (found.account, found.amount, found.purpose) == ("0011012345678", 123_456, "A")
    assert found.point_of_initiation is None


@pytest.mark.parametrize("written", ["50000", "50000.", "0050000"])
def test_an_amount_may_be_written_in_three_ways(written: str) -> None:
    assert decode(text(PAYEE, *FRAME, tlv("54", written))).amount == 50_000


def test_a_foreign_currency_gives_no_amount_in_dong() -> None:
    found = decode(text("29200016A000000677010111", "5303764", "54041.50", "5802TH"))

    assert (found.scheme, found.amount, found.account) == (Scheme.OTHER, None, None)


def test_a_vietqr_payee_beside_a_wallet_is_found_wherever_it_stands() -> None:
    found = decode(text("26110007vn.momo", "40" + PAYEE[2:], "5303704", "5802VN"))

    assert (found.scheme, found.account) == (Scheme.VIETQR, "0011012345678")


def test_a_lower_case_checksum_is_read_and_kept_as_written() -> None:
    # given
    written = encode(VietQr("970436", "0071000123456", Dong(20_952_000), "TT20260012"))

    # when
    found = decode(written[:-4] + written[-4:].lower())

    # then
    assert written[-4:] == "F243"
    assert found.crc == "f243"


def test_digits_of_other_scripts_are_no_length() -> None:
    with pytest.raises(QrMalformed):
        read_objects("00²²A", where="root")


def test_the_checksum_is_the_one_of_the_standard() -> None:
    assert checksum("123456789") == "29B1"
