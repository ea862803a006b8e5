import hashlib
import re

from hypothesis import given
from hypothesis import strategies as st

from payments.tokens import token_hash, token_of

KEY = bytes(range(32))


def test_a_token_stays_the_same_for_ever() -> None:
    # links on paper must open for years: a change here breaks every one of them
    assert token_of(KEY, "HPXVHKR9P00JTM") == "5s4ejbfy6p4ciw47gf42na5pnslt5dov"


@given(st.binary(min_size=16, max_size=64), st.text(), st.integers(1, 9))
def test_a_token_is_160_bits_that_need_no_escaping_in_a_link(
    key: bytes, code: str, version: int
) -> None:
    assert re.fullmatch(r"[a-z2-7]{32}", token_of(key, code, version))


def test_another_key_code_or_version_gives_another_token() -> None:
    tokens = [
        token_of(KEY, "HPXVHKR9P00JTM"),
        token_of(KEY[::-1], "HPXVHKR9P00JTM"),
        token_of(KEY, "HPXVHKR9P00JTN"),
        token_of(KEY, "HPXVHKR9P00JTM", 2),
    ]

    assert len(set(tokens)) == len(tokens)


@given(st.text(alphabet=st.characters()))
def test_any_text_from_a_link_can_be_looked_up(text: str) -> None:
    assert token_hash(text) == hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
