"""SePay's signature, its answers and its place in the registry: openssl signs, strangers write."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import NotFound
from webhooks.banks import sepay
from webhooks.banks.registry import ADAPTERS, ProviderUnknown, adapter
from webhooks.model import Accepted, ConnectionView, Reply

FIXTURES = Path(__file__).parent / "sepay"
SAMPLE = (FIXTURES / "transaction_in.json").read_bytes()
SIGNED = json.loads((FIXTURES / "signed_by_openssl.json").read_text(encoding="utf-8"))
SECRET = b"whsec_3f1b2c"
NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
STAMP = int(NOW.timestamp())


def make_connection(
    *secrets: bytes, options: Mapping[str, str] | None = None, provider: str = "sepay"
) -> ConnectionView:
    return ConnectionView(provider, frozenset({"0123499999"}), secrets, options or {}, sandbox=True)


def make_signed(raw: bytes = SAMPLE, *, stamp: int = STAMP) -> Mapping[str, str]:
    return sepay.sign(SECRET, raw, timestamp=stamp)


@pytest.mark.parametrize("vector", SIGNED, ids=[vector["name"] for vector in SIGNED])
def test_a_request_signed_by_openssl_is_accepted(vector: dict[str, str]) -> None:
    # given
    secret, raw = bytes.fromhex(vector["secret_hex"]), bytes.fromhex(vector["body_hex"])
    headers = {
        "x-sepay-timestamp": vector["timestamp"],
        "x-sepay-signature": vector["signature"],
    }
    now = datetime.fromtimestamp(int(vector["timestamp"]), UTC)

    # when, then
    assert sepay.verify(raw, headers, make_connection(secret), now)
    assert not sepay.verify(raw, headers, make_connection(secret + b"x"), now)
    assert not sepay.verify(raw + b" ", headers, make_connection(secret), now)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_the_simulator_signs_as_openssl_does() -> None:
    # given
    raw = '{"content":"Nộp học phí HPXVHKR9P00JTM"}'.encode()
    command = ["openssl", "dgst", "-sha256", "-hmac", SECRET.decode()]

    # when
    signed = f"{STAMP}.".encode() + raw
    told = subprocess.run(command, input=signed, capture_output=True, check=True).stdout

    # then
    digest = told.decode().split()[-1]
    assert sepay.sign(SECRET, raw, timestamp=STAMP) == {
        "content-type": "application/json",
        "x-sepay-timestamp": str(STAMP),
        "x-sepay-signature": f"sha256={digest}",
    }


def flipped(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_every_single_bit_of_body_timestamp_signature_and_secret_counts() -> None:
    # given
    headers = make_signed()
    connection = make_connection(SECRET)
    assert sepay.verify(SAMPLE, headers, connection, NOW)

    # when
    requests = [
        *((flipped(SAMPLE, bit), headers, connection) for bit in range(len(SAMPLE) * 8)),
        *((SAMPLE, headers, make_connection(flipped(SECRET, bit))) for bit in range(96)),
    ]
    for name in ("x-sepay-timestamp", "x-sepay-signature"):
        text = headers[name].encode()
        changes = (flipped(text, bit).decode("latin-1") for bit in range(len(text) * 8))
        requests += [(SAMPLE, {**headers, name: change}, connection) for change in changes]
    accepted = [request for request in requests if sepay.verify(*request, NOW)]

    # then
    assert len(requests) == (len(SAMPLE) + len(SECRET) + 10 + 71) * 8
    assert accepted == []


@given(st.binary(max_size=60), st.data())
def test_any_edit_of_a_signed_request_is_refused(raw: bytes, draw: st.DataObject) -> None:
    # given
    part = draw.draw(st.sampled_from(["body", "x-sepay-timestamp", "x-sepay-signature"]))
    headers = dict(make_signed(raw))
    old = raw if part == "body" else headers[part].encode()
    start = draw.draw(st.integers(0, len(old)))
    end = draw.draw(st.integers(start, min(len(old), start + 4)))
    new = old[:start] + draw.draw(st.binary(max_size=4)) + old[end:]
    changed = new if part == "body" else raw
    if part != "body":
        headers[part] = new.decode("latin-1")

    # when
    answer = sepay.verify(changed, headers, make_connection(SECRET), NOW)

    # then
    assert answer == (new == old)


@given(st.integers(-1_000, 1_000))
def test_a_replay_is_refused_outside_five_minutes(drift_s: int) -> None:
    # given
    headers = make_signed(stamp=STAMP + drift_s)

    # when, then
    assert sepay.verify(SAMPLE, headers, make_connection(SECRET), NOW) == (abs(drift_s) <= 300)


def test_an_old_request_under_a_new_timestamp_is_refused() -> None:
    # given
    headers = {**make_signed(stamp=STAMP - 3_600), "x-sepay-timestamp": str(STAMP)}

    # when, then
    assert not sepay.verify(SAMPLE, headers, make_connection(SECRET), NOW)


def test_both_secrets_of_a_rotation_are_accepted_and_a_withdrawn_one_is_not() -> None:
    # given
    headers = make_signed()

    # when, then
    assert sepay.verify(SAMPLE, headers, make_connection(b"new", SECRET), NOW)
    assert sepay.verify(SAMPLE, headers, make_connection(SECRET, b"new"), NOW)
    assert not sepay.verify(SAMPLE, headers, make_connection(b"new"), NOW)


@pytest.mark.parametrize("auth", ["hmac", "apikey"])
def test_no_secret_or_an_empty_one_accepts_nothing(auth: str) -> None:
    # given
    options = {"auth": auth}
    headers = sepay.sign(b"", SAMPLE, timestamp=STAMP, options=options)

    # when, then
    for secrets in ((), (b"",), (b"", b"other")):
        connection = make_connection(*secrets, options=options)
        assert not sepay.verify(SAMPLE, headers, connection, NOW)


def test_the_apikey_is_accepted_only_where_the_connection_says_so() -> None:
    # given
    headers = sepay.sign(SECRET, SAMPLE, timestamp=STAMP, options={"auth": "apikey"})
    assert headers["authorization"] == "Apikey whsec_3f1b2c"

    # when, then
    by_key = make_connection(b"new", SECRET, options={"auth": "apikey"})
    assert sepay.verify(SAMPLE, headers, by_key, NOW)
    assert not sepay.verify(SAMPLE, make_signed(), by_key, NOW)
    assert not sepay.verify(SAMPLE, headers, make_connection(SECRET), NOW)
    assert not sepay.verify(SAMPLE, headers, make_connection(SECRET, options={"auth": "none"}), NOW)


@pytest.mark.parametrize(
    "shown",
    [
        "",
        "Apikey",
        "Apikey ",
        "whsec_3f1b2c",
        "apikey whsec_3f1b2c",
        "Apikey  whsec_3f1b2c",
        "Bearer whsec_3f1b2c",
        "Apikey whsec_3f1b2",
        "Apikey whsec_3f1b2cc",
        "Apikey ŵhsec_3f1b2c",
    ],
)
def test_another_authorization_is_refused(shown: str) -> None:
    # given
    connection = make_connection(SECRET, options={"auth": "apikey"})

    # when, then
    assert not sepay.verify(SAMPLE, {"authorization": shown}, connection, NOW)


WILD_TEXT = st.text(st.characters(codec=None), max_size=80) | st.text("0123456789.,= ", max_size=80)


@given(
    raw=st.binary(max_size=100),
    stamp=WILD_TEXT | st.just(str(STAMP)),
    signature=WILD_TEXT | WILD_TEXT.map("sha256={}".format),
    authorization=WILD_TEXT | WILD_TEXT.map("Apikey {}".format),
    auth=st.sampled_from(["hmac", "apikey"]) | WILD_TEXT,
)
def test_hostile_headers_are_refused_and_never_raise(
    raw: bytes, stamp: str, signature: str, authorization: str, auth: str
) -> None:
    # given
    headers = {
        "x-sepay-timestamp": stamp,
        "x-sepay-signature": signature,
        "authorization": authorization,
    }

    # when, then
    assert not sepay.verify(raw, headers, make_connection(SECRET, options={"auth": auth}), NOW)


@pytest.mark.parametrize("wrong", [None, b"x", 7, ["a", "b"]])
def test_headers_that_are_no_text_are_refused(wrong: Any) -> None:
    # given
    for name in ("x-sepay-timestamp", "x-sepay-signature"):
        headers: Any = {**make_signed(), name: wrong}

        # when, then
        assert not sepay.verify(SAMPLE, headers, make_connection(SECRET), NOW)


def test_secrets_do_not_show_in_the_repr_of_a_connection() -> None:
    # when, then
    assert "3f1b2c" not in repr(make_connection(SECRET))


@given(st.text(max_size=5), st.integers(0, 9))
def test_the_answer_is_exactly_what_ends_the_retries(delivery: str, received: int) -> None:
    # when
    answer = sepay.reply(Accepted(delivery, received))

    # then
    assert answer == Reply(200, b'{"success":true}', "application/json")


def test_the_refusal_is_one_constant_401() -> None:
    # when, then
    assert sepay.refusal() == Reply(401, b'{"success":false}', "application/json")


def test_the_registry_finds_the_module_by_its_name() -> None:
    # when
    found = adapter("sepay")

    # then
    assert found is sepay
    assert list(found.METHODS) == ["POST"]
    assert list(found.SUFFIXES) == [""]
    assert found.BODY_BYTES_MAX == 65_536
    assert found.OPTIONS["auth"] == frozenset({"hmac", "apikey"})
    assert all(name == one.PROVIDER for name, one in ADAPTERS.items())


@pytest.mark.parametrize("provider", ["", "SePay", "sepay ", "../sepay", "bidv"])
def test_a_provider_without_adapter_is_not_found(provider: str) -> None:
    # when, then
    with pytest.raises(ProviderUnknown) as caught:
        adapter(provider)
    assert isinstance(caught.value, NotFound)
    assert caught.value.code == "provider_unknown"
    assert caught.value.facts == {"provider": provider}
