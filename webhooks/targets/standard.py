"""Standard Webhooks 1.0.0, the sender's side: fact to signed request, answer to verdict. Pure.

Source: standard-webhooks/standard-webhooks, spec/standard-webhooks.md.
Never makes a secret, never sends, never decides when it is now.
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TypeAlias

from kernel.errors import Invalid
from webhooks.model import OutgoingFact, PushRequest
from webhooks.signature import hmac_sha256

SECRET_PREFIX = "whsec_"  # noqa: S105  the specification's public prefix
SECRET_BYTES_MIN = 24
SECRET_BYTES_MAX = 64
BODY_BYTES_MAX = 19_999
"""A payload stays under 20 kB: receivers fetch the rest."""

WAITS_S = (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds before each attempt, after the one before failed: ten attempts in 75 h 35 min 5 s."""

RETRY_AFTER_S_MAX = 86_400
_JITTER_BP_MAX = 10_000

_DELAY_SECONDS = re.compile(r"[0-9]{1,10}")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HTTP_DATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?P<day>[0-9]{2}) (?P<month>[A-Z][a-z]{2})"
    r" (?P<year>[0-9]{4}) (?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2}) GMT"
)


class SecretMalformed(Invalid):
    """The text is no Standard Webhooks secret."""

    code = "webhook_secret_malformed"


class FactTooLarge(Invalid):
    """The payload reaches 20 kB; a fact names things, it does not carry them."""

    code = "fact_too_large"


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver has the fact."""


@dataclass(frozen=True, slots=True)
class RetryAt:
    """The attempt failed; the next one is due at ``at``."""

    at: datetime


@dataclass(frozen=True, slots=True)
class GivenUp:
    """The last attempt failed; a person may send it again."""


@dataclass(frozen=True, slots=True)
class EndpointGone:
    """The receiver wants nothing any more: disable the endpoint, keep the fact."""


Verdict: TypeAlias = Delivered | RetryAt | GivenUp | EndpointGone


def parse_secret(text: str) -> bytes:
    """Read ``whsec_`` + base64 to 24-64 bytes; raises SecretMalformed, which never shows it.

    Only standard, padded base64 in its one right spelling: other languages' libraries refuse
    the rest.
    """
    try:
        secret = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SecretMalformed("the secret is not base64", rule="base64") from error
    if text != SECRET_PREFIX + base64.b64encode(secret).decode():
        raise SecretMalformed("the secret is not whsec_ and base64", rule="spelling")
    if not SECRET_BYTES_MIN <= len(secret) <= SECRET_BYTES_MAX:
        raise SecretMalformed("the secret has 24 to 64 bytes", rule="length")
    return secret


def signature(message_id: str, timestamp: int, body: bytes, *secrets: bytes) -> str:
    """Sign ``id.timestamp.body`` with each secret: ``v1,<base64>``, parted by blanks.

    Two secrets during a rotation: the receiver accepts either. Raises ValueError without a
    secret or for one under 24 bytes.
    """
    if not secrets or any(len(secret) < SECRET_BYTES_MIN for secret in secrets):
        raise ValueError("every fact is signed, with secrets of at least 24 bytes")
    message = f"{message_id}.{timestamp}.".encode() + body
    digests = (hmac_sha256(secret, message) for secret in secrets)
    return " ".join("v1," + base64.b64encode(digest).decode() for digest in digests)


def request(fact: OutgoingFact, *secrets: bytes, url: str, attempt_at: datetime) -> PushRequest:
    """Make the signed POST of one attempt at ``attempt_at``, the machine's real time.

    The body depends on the fact alone, so every attempt sends the same bytes under the same
    id. Raises FactTooLarge, and ValueError for times without offset or a missing secret.
    """
    message_id, body = str(fact.id), _body(fact)
    timestamp = int(_aware(attempt_at).timestamp())
    headers = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(message_id, timestamp, body, *secrets),
    }
    return PushRequest(url, headers, body)


def _body(fact: OutgoingFact) -> bytes:
    """Write type, timestamp, data, in this order; the keys inside data are sorted.

    ASCII with escapes: the bytes pass any receiver or proxy that guesses a charset.
    """
    moment = _aware(fact.occurred_at).astimezone(UTC).isoformat(timespec="milliseconds")
    timestamp = moment.replace("+00:00", "Z")
    inner = json.dumps(dict(fact.payload), sort_keys=True, separators=(",", ":"))
    body = f'{{"type":{json.dumps(fact.topic)},"timestamp":"{timestamp}","data":{inner}}}'.encode()
    if len(body) > BODY_BYTES_MAX:
        raise FactTooLarge("a fact stays under 20 kB", topic=fact.topic, bytes=len(body))
    return body


def _aware(moment: datetime) -> datetime:
    """Give ``moment`` back if it has an offset: without one, Python takes the machine's zone."""
    if moment.tzinfo is None:
        raise ValueError("a time needs an offset")
    return moment


def judge(
    status: int | None,
    retry_after: str | None,
    attempts: int,
    now: datetime,
    *,
    jitter_bp: int = 0,
) -> Verdict:
    """Decide what follows the answer to attempt number ``attempts`` (from 1).

    ``status`` is None where no answer came. 2xx is delivered, 410 ends the endpoint, all else
    fails, redirects too. ``Retry-After`` of a 429 or 503 can lengthen the wait, to a day at
    most, never shorten it. ``jitter_bp`` (0 to 10,000) lengthens it by that share.
    Raises ValueError for arguments out of range.
    """
    if attempts < 1 or not 0 <= jitter_bp <= _JITTER_BP_MAX:
        raise ValueError("attempts count from 1, jitter_bp lies in 0 to 10,000")
    if status is not None and HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Delivered()
    if status == HTTPStatus.GONE:
        return EndpointGone()
    if attempts >= len(WAITS_S):
        return GivenUp()
    wait_s = WAITS_S[attempts]
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        wait_s = max(wait_s, min(_asked_s(retry_after or "", now), RETRY_AFTER_S_MAX))
    return RetryAt(now + timedelta(microseconds=wait_s * 100 * (10_000 + jitter_bp)))


def _asked_s(retry_after: str, now: datetime) -> int:
    """Read Retry-After (RFC 9110, 10.2.3) to whole seconds from now; 0 if it says nothing."""
    text = retry_after.strip(" \t")
    if _DELAY_SECONDS.fullmatch(text):
        return int(text)
    found = _HTTP_DATE.fullmatch(text)
    if found is None or found["month"] not in _MONTHS:
        return 0
    month = _MONTHS.index(found["month"]) + 1
    try:
        until = datetime.fromisoformat(
            f"{found['year']}-{month:02}-{found['day']}T{found['time']}+00:00"
        )
    except ValueError:
        return 0
    return max(0, -((now - until) // timedelta(seconds=1)))
