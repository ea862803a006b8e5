"""Secrets at rest: only the keys at hand open them, and a new key comes in without a gap."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.errors import Unavailable
from kernel.sealing import SealBroken, seal, unseal

KEYS = st.binary(min_size=16, max_size=64)
OLD, NEW, OTHER = bytes(32), bytes(range(32)), b"\x01" * 32


@settings(max_examples=50)
@given(st.binary(max_size=200), KEYS)
def test_what_is_sealed_opens_again_and_does_not_show(secret: bytes, key: bytes) -> None:
    sealed = seal(secret, key)

    assert unseal(sealed, key) == secret
    assert len(secret) < 4 or secret not in sealed
    assert seal(secret, key) != sealed


@settings(max_examples=50)
@given(KEYS, KEYS)
def test_no_other_key_opens_it(key: bytes, other: bytes) -> None:
    sealed = seal(b"a bank's secret", key)

    if key != other:
        with pytest.raises(SealBroken):
            unseal(sealed, other)


def test_during_a_rotation_old_and_new_both_open_and_new_ones_seal() -> None:
    before, during = seal(b"old", OLD), seal(b"new", NEW, OLD)

    assert (unseal(before, NEW, OLD), unseal(during, NEW, OLD)) == (b"old", b"new")
    assert unseal(during, NEW) == b"new"
    with pytest.raises(SealBroken):
        unseal(during, OLD)
    with pytest.raises(SealBroken):
        unseal(before, NEW)


@settings(max_examples=100)
@given(st.data())
def test_a_changed_byte_breaks_the_seal(data: st.DataObject) -> None:
    sealed = bytearray(seal(b"a bank's secret", OLD))
    place = data.draw(st.integers(0, len(sealed) - 4))  # the last characters may carry padding
    sealed[place] ^= 1 << data.draw(st.integers(0, 6))

    with pytest.raises(SealBroken):
        unseal(bytes(sealed), OLD)


@pytest.mark.parametrize("junk", [b"", b"x", b"\xff" * 100, b"gAAAAA", b"not sealed at all"])
def test_what_was_never_sealed_is_broken_and_the_error_says_which_setting(junk: bytes) -> None:
    with pytest.raises(SealBroken, match="HOCPHI_SEAL_KEY") as broken:
        unseal(junk, OLD, OTHER)

    assert isinstance(broken.value, Unavailable)
    assert broken.value.facts == {}
