"""Our Standard Webhooks as a foreign library signs and verifies them; their secrets."""

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from kernel.clock import VIETNAM, real_now
from kernel.errors import Invalid
from webhooks.model import Json, OutgoingFact, PushRequest
from webhooks.targets.standard import (
    FactTooLarge,
    SecretMalformed,
    parse_secret,
    request,
    signature,
)

FACT_ID = UUID("01936f2e-8c00-7000-8000-000000000001")
URL = "http://127.0.0.1:9/facts"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
SECRET = bytes(range(32))
SECRETS = st.binary(min_size=24, max_size=64)
MOMENTS = st.integers(0, 7 * 10**15).map(lambda us: EPOCH + timedelta(microseconds=us))
PAYLOADS: st.SearchStrategy[Mapping[str, Json]] = st.dictionaries(
    st.text(max_size=8), st.none() | st.integers() | st.text(max_size=20), max_size=4
)


def make_fact(**payload: Json) -> OutgoingFact:
    return OutgoingFact(
        FACT_ID, "invoice.paid", NOW, payload or {"code": "HPXVHKR9P00JTM", "version": 2}
    )


def verify_received(body: bytes, headers: Mapping[str, str], secret: bytes) -> bool:
    """What a careful receiver does with the library: whatever it raises means refused."""
    try:
        Webhook(secret).verify(body, dict(headers))
    except Exception:  # noqa: BLE001  see test_the_library_leaks_other_errors_on_hostile_headers
        return False
    return True


def test_the_vector_of_the_reference_libraries_is_ours_too() -> None:
    # given: libraries/python/tests/test_webhooks.py of standard-webhooks/standard-webhooks
    secret = parse_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    message = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')

    # when, then
    assert signature(*message, secret) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(SECRETS, MOMENTS, PAYLOADS)
def test_a_foreign_signer_writes_the_same_signature(
    secret: bytes, attempt_at: datetime, payload: Mapping[str, Json]
) -> None:
    # given
    push = request(make_fact(**payload), secret, url=URL, attempt_at=attempt_at)

    # when
    foreign = Webhook(secret).sign(str(FACT_ID), attempt_at, push.body.decode())

    # then
    assert push.headers["webhook-signature"] == foreign


@given(SECRETS, SECRETS, PAYLOADS)
def test_a_foreign_verifier_accepts_ours_under_either_secret(
    new: bytes, old: bytes, payload: Mapping[str, Json]
) -> None:
    # given
    assume(new != old)

    # when: the library knows no other clock than the machine's
    push = request(make_fact(**payload), new, old, url=URL, attempt_at=real_now())

    # then
    assert verify_received(push.body, push.headers, new)
    assert verify_received(push.body, push.headers, old)
    assert not verify_received(push.body, push.headers, new + b"x")
    message = (str(FACT_ID), int(push.headers["webhook-timestamp"]), push.body)
    each = f"{signature(*message, new)} {signature(*message, old)}"
    assert push.headers["webhook-signature"] == each


@given(st.sampled_from(["body", "webhook-id", "webhook-timestamp"]), st.integers(0))
def test_a_foreign_verifier_refuses_ours_with_one_bit_changed(part: str, place: int) -> None:
    # given
    push = request(make_fact(), SECRET, url=URL, attempt_at=real_now())
    headers, body = dict(push.headers), push.body
    changed = bytearray(body if part == "body" else headers[part].encode())
    bit = place % (len(changed) * 8)

    # when
    changed[bit // 8] ^= 1 << bit % 8
    if part == "body":
        body = bytes(changed)
    else:
        headers[part] = changed.decode("latin-1")

    # then
    assert not verify_received(body, headers, SECRET)


@pytest.mark.parametrize("drift_s", [-310, 310])
def test_a_foreign_verifier_refuses_an_attempt_of_another_time(drift_s: int) -> None:
    # given
    attempt_at = real_now() + timedelta(seconds=drift_s)

    # when
    push = request(make_fact(), SECRET, url=URL, attempt_at=attempt_at)

    # then
    assert not verify_received(push.body, push.headers, SECRET)


@pytest.mark.parametrize(
    ("shown", "error"),
    [
        ("no comma", ValueError),
        ("v1,two,commas", ValueError),
        (" ", ValueError),
        ("v1,A", binascii.Error),
        ("v1,AAAA", WebhookVerificationError),
    ],
)
def test_the_library_leaks_other_errors_on_hostile_headers(
    shown: str, error: type[Exception]
) -> None:
    # given
    push = request(make_fact(), SECRET, url=URL, attempt_at=real_now())
    headers = {**push.headers, "webhook-signature": shown}

    # when, then: an upgrade that changes this is welcome, and changes what receivers are told
    with pytest.raises(error):
        Webhook(SECRET).verify(push.body, headers)
    with pytest.raises(UnicodeDecodeError):
        Webhook(SECRET).verify(b"\xff", headers)
    assert not verify_received(push.body, headers, SECRET)
    assert not verify_received(b"\xff", headers, SECRET)


def test_the_body_is_compact_json_in_a_fixed_order() -> None:
    # given
    fact = OutgoingFact(
        FACT_ID,
        "invoice.paid",
        datetime(2026, 11, 22, 8, 0, 0, 120_000, tzinfo=VIETNAM),
        {"version": 2, "paid_dong": 1_250_000, "class": "3A", "lines": [{"b": None, "a": "đ"}]},
    )

    # when
    push = request(fact, SECRET, url=URL, attempt_at=NOW)

    # then
    assert push.body == (
        b'{"type":"invoice.paid","timestamp":"2026-11-22T01:00:00.120Z","data":{"class":"3A",'
        b'"lines":[{"a":"\\u0111","b":null}],"paid_dong":1250000,"version":2}}'
    )
    assert push.url == URL
    assert list(push.headers) == [
        "content-type",
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
    ]
    assert push.headers["content-type"] == "application/json"


@given(PAYLOADS, MOMENTS, MOMENTS)
def test_every_attempt_sends_the_same_body_and_id_at_its_own_time(
    payload: Mapping[str, Json], first_at: datetime, second_at: datetime
) -> None:
    # given
    fact = make_fact(**payload)
    turned = make_fact(**dict(reversed(list(fact.payload.items()))))

    # when
    first = request(fact, SECRET, url=URL, attempt_at=first_at)
    second = request(turned, SECRET, url=URL, attempt_at=second_at)

    # then
    assert first.body == second.body
    assert json.loads(first.body)["data"] == fact.payload
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == str(FACT_ID)
    assert first.headers["webhook-timestamp"] == str((first_at - EPOCH) // timedelta(seconds=1))


def test_a_fact_of_20_kb_is_refused_and_one_byte_less_is_sent() -> None:
    # given
    def made(length: int) -> PushRequest:
        return request(make_fact(text="x" * length), SECRET, url=URL, attempt_at=NOW)

    around = len(made(0).body)

    # when, then
    assert len(made(19_999 - around).body) == 19_999
    with pytest.raises(FactTooLarge) as caught:
        made(20_000 - around)
    assert isinstance(caught.value, Invalid)
    assert caught.value.code == "fact_too_large"
    assert caught.value.facts == {"topic": "invoice.paid", "bytes": 20_000}


@pytest.mark.parametrize("secrets", [(), (b"",), (b"x" * 23,), (SECRET, b"")])
def test_nothing_is_sent_unsigned_or_under_a_short_secret(secrets: tuple[bytes, ...]) -> None:
    # when, then
    with pytest.raises(ValueError, match="24 bytes"):
        request(make_fact(), *secrets, url=URL, attempt_at=NOW)


def test_a_time_without_offset_is_not_guessed() -> None:
    # given
    naive = NOW.replace(tzinfo=None)

    # when, then
    with pytest.raises(ValueError, match="offset"):
        request(make_fact(), SECRET, url=URL, attempt_at=naive)
    with pytest.raises(ValueError, match="offset"):
        request(OutgoingFact(FACT_ID, "t", naive, {}), SECRET, url=URL, attempt_at=NOW)


@given(SECRETS)
def test_a_secret_is_read_as_the_library_reads_it(secret: bytes) -> None:
    # given
    text = "whsec_" + base64.b64encode(secret).decode()

    # when, then
    assert parse_secret(text) == secret
    assert Webhook(text).sign("m", NOW, "b") == Webhook(secret).sign("m", NOW, "b")


GOOD = base64.b64encode(b"\xfb\xff" * 14).decode()


@pytest.mark.parametrize(
    "text",
    [
        *("", "whsec_", GOOD, "WHSEC_" + GOOD, "whsec_whsec_" + GOOD, "whsk_" + GOOD),
        *(" whsec_" + GOOD, "whsec_" + GOOD + "\n", "whsec_" + GOOD[:9] + "\n" + GOOD[9:]),
        *("whsec_" + GOOD.rstrip("="), "whsec_" + GOOD.replace("+", "-").replace("/", "_")),
        "whsec_" + base64.b64encode(b"x" * 25).decode().replace("eA==", "eB=="),
        "whsec_" + base64.b64encode(b"x" * 23).decode(),
        "whsec_" + base64.b64encode(b"x" * 65).decode(),
        "whsec_bí mật của trường",
    ],
)
def test_another_text_is_no_secret_and_is_not_shown(text: str) -> None:
    # when
    with pytest.raises(SecretMalformed) as caught:
        parse_secret(text)

    # then
    error = caught.value
    assert isinstance(error, Invalid)
    assert error.code == "webhook_secret_malformed"
    shown = f"{error} {error.facts}"
    assert not any(piece and piece in shown for piece in (text.removeprefix("whsec_"), GOOD))


@pytest.mark.parametrize(
    ("text", "rule"),
    [("whsec_!", "base64"), (GOOD, "spelling"), ("whsec_" + GOOD[:4], "length")],
)
def test_the_facts_of_a_refused_secret_name_the_rule(text: str, rule: str) -> None:
    # when
    with pytest.raises(SecretMalformed) as caught:
        parse_secret(text)

    # then
    assert caught.value.facts == {"rule": rule}


@given(st.text(st.characters(codec=None), max_size=60).map("whsec_{}".format))
def test_a_text_is_a_secret_or_malformed_and_nothing_else(text: str) -> None:
    # when
    try:
        secret = parse_secret(text)
    except SecretMalformed:
        return

    # then
    assert text == "whsec_" + base64.b64encode(secret).decode()
