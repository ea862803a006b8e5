"""What every signed door shares: against RFC 4231, against openssl, against strangers."""

import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks.signature import (
    hmac_sha256,
    hmac_sha256_hex,
    is_any_of,
    is_fresh,
    refusing_on_error,
    unix_seconds,
)

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
STAMP = int(NOW.timestamp())

RFC_4231 = [
    (
        b"\x0b" * 20,
        b"Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ),
    (
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
]


@pytest.mark.parametrize(("secret", "message", "digest"), RFC_4231)
def test_the_hex_is_that_of_rfc_4231(secret: bytes, message: bytes, digest: str) -> None:
    # when, then
    assert hmac_sha256_hex(secret, message) == digest
    assert hmac_sha256(secret, message).hex() == digest


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
@pytest.mark.parametrize("message", [b"", b"\x00\xff\n", "học phí".encode(), b"x" * 70_000])
@pytest.mark.parametrize("secret", [b"k", b"\x00\xff" * 40])
def test_openssl_makes_the_same_hex(secret: bytes, message: bytes) -> None:
    # given
    command = ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{secret.hex()}"]

    # when
    told = subprocess.run(command, input=message, capture_output=True, check=True).stdout

    # then
    assert told.decode().split()[-1] == hmac_sha256_hex(secret, message)


@given(st.binary(max_size=8), st.lists(st.binary(max_size=8), max_size=4))
def test_any_of_means_equal_to_one(presented: bytes, accepted: list[bytes]) -> None:
    # when, then
    assert is_any_of(presented, accepted) == (presented in accepted)
    assert is_any_of(presented, [*accepted, presented])


def test_a_match_at_the_start_does_not_end_the_comparison() -> None:
    # given
    compared: list[bytes] = []

    def accepted() -> Iterator[bytes]:
        for value in (b"match", b"second", b"third"):
            compared.append(value)
            yield value

    # when
    found = is_any_of(b"match", accepted())

    # then
    assert found
    assert compared == [b"match", b"second", b"third"]


@given(st.integers(0, 9_999_999_999))
def test_ascii_digits_are_a_timestamp(seconds: int) -> None:
    # when, then
    assert unix_seconds(str(seconds)) == seconds


@pytest.mark.parametrize(
    "text",
    [
        *("", " 1790000000", "1790000000\n", "+1790000000", "-1", "1790000000.0", "179000000e1"),
        *(
            "1_790_000_000",
            "nan",
            "inf",
            "0x6ab3",
            "17900000000",
            "１７９００００００００",
            "१७९०००००००",
        ),
    ],
)
def test_what_int_or_float_would_read_is_still_no_timestamp(text: str) -> None:
    # when, then
    assert unix_seconds(text) is None
    assert not is_fresh(text, NOW, tolerance_s=300)


@given(st.text(max_size=12))
def test_a_timestamp_of_any_text_is_digits_or_nothing(text: str) -> None:
    # when
    seconds = unix_seconds(text)

    # then
    digits = text.isascii() and text.isdigit() and len(text) <= 10
    assert (seconds is not None) == digits


@given(st.integers(-100_000, 100_000))
def test_fresh_is_within_the_tolerance_on_both_sides(drift_s: int) -> None:
    # when, then
    assert is_fresh(str(STAMP + drift_s), NOW, tolerance_s=300) == (abs(drift_s) <= 300)


def test_a_fraction_of_a_second_past_the_tolerance_is_stale() -> None:
    # given
    late = NOW + timedelta(microseconds=1)

    # when, then
    assert is_fresh(str(STAMP - 300), NOW, tolerance_s=300)
    assert not is_fresh(str(STAMP - 300), late, tolerance_s=300)


@pytest.mark.parametrize("error", [ValueError, KeyError, RecursionError, MemoryError])
def test_a_check_that_breaks_refuses(error: type[Exception]) -> None:
    # given
    @refusing_on_error
    def check(word: str) -> bool:
        if word == "break":
            raise error
        return word == "yes"

    # when, then
    assert check("yes")
    assert not check("no")
    assert not check("break")


def test_an_order_to_stop_is_not_swallowed() -> None:
    # given
    @refusing_on_error
    def check() -> bool:
        raise KeyboardInterrupt

    # when, then
    with pytest.raises(KeyboardInterrupt):
        check()
