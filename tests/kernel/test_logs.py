"""Logs: one JSON line an event, and no name, memo, key or whole number of an account in it."""

import json
import subprocess
import sys

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from kernel.logs import MASK, masked, masked_pair, redact
from kernel.settings import CHECKOUT

CANARY, ACCOUNT = "ZZCANARY", "190312345678"
SECRET_NAMES = (
    *("payer_name", "payer_account", "student_name", "student", "guardian", "phone", "email"),
    *("account", "account_no", "number", "authorization", "secret", "password", "memo"),
    *("description", "cookie", "token", "raw", "body", "name", "holder", "url"),
)


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_what_a_secret_name_holds_is_never_shown(name: str) -> None:
    for key in (name, name.upper(), name.title()):
        assert masked_pair(key, CANARY) == MASK
        assert masked_pair(key, {"deep": [CANARY]}) == MASK
        assert CANARY not in str(masked({"a": [{"b": ({key: CANARY},)}]}))
    assert masked_pair(name, None) is None


SECRET_LEAVES = st.sampled_from(SECRET_NAMES).map(lambda name: {name: CANARY})
PLAIN = st.one_of(st.integers(), st.booleans(), st.none(), st.text("abc xyz", max_size=8))
TREES = st.recursive(
    SECRET_LEAVES | PLAIN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner)
    | st.tuples(inner, inner),
    max_leaves=20,
)  # fmt: skip


@drawn(TREES)
def test_no_secret_shows_at_any_depth(tree: object) -> None:
    assert CANARY not in json.dumps(masked({"facts": tree}))


@drawn(st.text("0123456789", min_size=8, max_size=16), st.sampled_from(["", "a", " ", "STK:"]))
def test_a_long_number_keeps_its_last_four_digits(digits: str, before: str) -> None:
    assert masked(f"{before}{digits}.") == f"{before}{MASK}{digits[-4:]}."
    assert masked([{"fact": (digits,)}]) == [{"fact": [MASK + digits[-4:]]}]


@drawn(st.text("0123456789", max_size=7))
def test_a_short_number_and_a_whole_amount_stay_readable(digits: str) -> None:
    assert masked(digits) == digits
    assert masked({"amount_dong": 12_500_000}) == {"amount_dong": 12_500_000}


def test_a_number_longer_than_any_account_is_masked_too() -> None:
    """Virtual accounts have up to 19 digits: more digits are no reason to show them all."""
    for length in (17, 19, 24):
        digits = "9704" + "1" * (length - 4)
        assert digits not in str(masked(f"to {digits}"))


@pytest.mark.parametrize("given", [frozenset({ACCOUNT}), ACCOUNT.encode(), {7: ACCOUNT}])
def test_a_number_is_masked_in_whatever_a_caller_hands_over(given: object) -> None:
    """Sets and bytes must not slip through, and a key that is a number must not break the log."""
    assert ACCOUNT not in repr(masked(given))


def test_the_event_keeps_its_name_and_time() -> None:
    event = {"event": "credits_settled", "level": "info", "timestamp": "2026-11-25", "name": "An"}

    assert redact(None, "", dict(event)) == event | {"name": MASK}


PROGRAM = """
import structlog
from kernel.logs import start_logging
start_logging()
log = structlog.get_logger()
log.debug("not_shown")
log.info("credit_kept", note="a\\nb", memo="ZZCANARY", amount_dong=5)
try:
    raise ValueError("account 190312345678 of\\nsomebody")
except ValueError:
    log.exception("knock_failed", holder="ZZCANARY")
"""


def test_a_line_is_json_on_stderr_also_with_line_breaks_and_traces() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )

    lines = [json.loads(line) for line in ran.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["credit_kept", "knock_failed"]
    assert (lines[0]["note"], lines[0]["memo"], lines[0]["amount_dong"]) == ("a\nb", MASK, 5)
    assert (lines[1]["cause"], lines[1]["message"]) == ("ValueError", f"account {MASK}5678 of")
    assert ACCOUNT not in ran.stderr
    assert CANARY not in ran.stderr
    assert ran.stdout == ""
