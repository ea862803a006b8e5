"""SePay's bank webhook: its signature, its body to a bank event, its reply. Pure.

Source: developer.sepay.vn (SePay Webhooks) and docs.sepay.vn. ``sign`` and ``body`` are the
sender's side, for the bank simulator; ``verify`` and ``parse`` never call them.
What never happens here: trusting SePay's ``code`` (it is cut short), using ``accumulated``,
telling whose money it is, or setting items of foreign accounts apart.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NoReturn, cast

from kernel.clock import VIETNAM
from kernel.money import DONG_MAX, dong
from reconciliation.model import BankEvent, Direction
from webhooks.model import (
    Accepted,
    ConnectionView,
    Headers,
    Parsed,
    Problem,
    Reply,
    Rule,
    Unread,
    Unreadable,
)
from webhooks.signature import hmac_sha256_hex, is_any_of, is_fresh, refusing_on_error

PROVIDER: str = "sepay"
METHODS: frozenset[str] = frozenset({"POST"})
SUFFIXES: frozenset[str] = frozenset({""})
BODY_BYTES_MAX: int = 64 * 1024
OPTIONS: Mapping[str, frozenset[str]] = {"auth": frozenset({"hmac", "apikey"})}

DRIFT_S_MAX = 300
"""SePay's own advice: refuse a timestamp more than 5 minutes away."""

_TRANSACTION_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_YEAR_MIN = 2000
_ID_MAX = 10**18 - 1
_ID = re.compile(r"(?P<whole>[0-9]{1,18})")
_AMOUNT = re.compile(r"(?P<whole>0|[1-9][0-9]{0,15})(?:\.00)?")
"""The webhook documents a JSON integer, SePay's list of transactions the text "2000.00".
Both are read; a sign, a leading 0 and any other fraction or grouping are not guessed at."""
_NUMBER_LENGTH_MAX = 19
_DEPTH_MAX = 32
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@refusing_on_error
def verify(raw: bytes, headers: Headers, connection: ConnectionView, now: datetime) -> bool:
    """Tell whether SePay sent exactly these bytes, by the connection's option ``auth``.

    ``hmac`` (default): ``X-SePay-Signature: sha256=<hex>`` is HMAC-SHA256 of
    ``<X-SePay-Timestamp>.`` + raw under an active secret, at most 300 s from ``now``.
    ``apikey``: ``Authorization: Apikey <key>``; it proves neither the body nor the time.
    An unknown option, no secret or an empty one refuse. Never raises.
    """
    secrets = [secret for secret in connection.secrets if secret]
    match connection.options.get("auth", "hmac"):
        case "hmac":
            return _is_signed(raw, headers, secrets, now)
        case "apikey":
            shown = headers.get("authorization", "").encode("latin-1")
            return is_any_of(shown, [b"Apikey " + secret for secret in secrets])
        case _:
            return False


def _is_signed(raw: bytes, headers: Headers, secrets: Sequence[bytes], now: datetime) -> bool:
    """Check time and signature; the timestamp is signed as the text it came in."""
    stamp = headers.get("x-sepay-timestamp", "")
    if not is_fresh(stamp, now, tolerance_s=DRIFT_S_MAX):
        return False
    message = stamp.encode("ascii") + b"." + raw
    expected = [b"sha256=" + hmac_sha256_hex(secret, message).encode() for secret in secrets]
    return is_any_of(headers.get("x-sepay-signature", "").encode("latin-1"), expected)


def parse(raw: bytes, _headers: Headers, _connection: ConnectionView) -> Parsed | Unread:
    """Read a body of one transaction; unknown fields are left alone. Never raises.

    A body that is not one JSON object of unambiguous keys is Unread. A needed field that is
    missing or of another shape than the documented one makes a Problem of item 1, no event.
    """
    try:
        item = _json_object(raw)
    except _BodyOdd as odd:
        return Unread(odd.reason)
    try:
        return Parsed((_event(item),))
    except _FieldOdd as odd:
        return Parsed((), (Problem(1, odd.field, odd.rule),))


def reply(_accepted: Accepted) -> Reply:
    """Give the answer that stops SePay's retries; a repeated delivery gets the same."""
    return Reply(200, b'{"success":true}', "application/json")


def refusal() -> Reply:
    """Give the one answer to every unsigned call; it does not say what was wrong."""
    return Reply(401, b'{"success":false}', "application/json")


def sign(
    secret: bytes, raw: bytes, *, timestamp: int, options: Mapping[str, str] | None = None
) -> Headers:
    """Write the headers SePay sends with ``raw`` at ``timestamp`` (unix s); simulator only.

    ``options`` are the connection's: with ``auth=apikey`` the key alone is sent.
    """
    written = {"content-type": "application/json"}
    if (options or {}).get("auth") == "apikey":
        return written | {"authorization": "Apikey " + secret.decode("latin-1")}
    digest = hmac_sha256_hex(secret, str(timestamp).encode() + b"." + raw)
    return written | {
        "x-sepay-timestamp": str(timestamp),
        "x-sepay-signature": f"sha256={digest}",
    }


def body(event: BankEvent) -> bytes:
    """Write ``event`` as SePay tells it; simulator only.

    Raises ValueError for a ``provider_txn_id`` that is not a number: SePay's are.
    What SePay cannot say (payer, order, method, fractions of a second) is left out.
    """
    told = {
        "id": int(event.provider_txn_id),
        "gateway": "Simulator",
        "transactionDate": event.booked_at.astimezone(VIETNAM).strftime("%Y-%m-%d %H:%M:%S"),
        "accountNumber": event.account,
        "code": None,
        "content": event.description,
        "transferType": event.direction.value,
        "transferAmount": event.amount,
        "accumulated": 0,
        "subAccount": event.virtual_account,
        "referenceCode": event.bank_ref or "",
        "description": "",
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


class _BodyOdd(Exception):
    """The whole body cannot be read."""

    def __init__(self, reason: Unreadable) -> None:
        super().__init__(reason)
        self.reason = reason


class _FieldOdd(Exception):
    """One field keeps its item from being an event."""

    def __init__(self, field: str, rule: Rule) -> None:
        super().__init__(field, rule)
        self.field = field
        self.rule = rule


def _json_object(raw: bytes) -> Mapping[str, object]:
    """Read strict JSON, one object; raises _BodyOdd where two readers could differ."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _BodyOdd(Unreadable.NOT_UTF8) from error
    _refuse_depth(text)
    try:
        value: object = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_int=_bounded_int,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as error:
        raise _BodyOdd(Unreadable.NOT_JSON) from error
    if not isinstance(value, dict):
        raise _BodyOdd(Unreadable.NOT_AN_OBJECT)
    return cast("dict[str, object]", value)


def _refuse_depth(text: str) -> None:
    """Refuse deep nesting before the parser recurses; brackets inside strings do not count."""
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(text):
        first = found[0][0]
        depth += (first in "[{") - (first in "]}")
        if depth > _DEPTH_MAX:
            raise _BodyOdd(Unreadable.TOO_DEEP)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Make an object of pairs; of two equal keys one reader takes the first, one the last."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _BodyOdd(Unreadable.DUPLICATE_KEY)
    return made


def _bounded_int(digits: str) -> int:
    """Read a JSON integer that 64 bits could hold."""
    if len(digits) > _NUMBER_LENGTH_MAX:
        raise _BodyOdd(Unreadable.NUMBER_TOO_LONG)
    return int(digits)


def _refuse_constant(_word: str) -> NoReturn:
    """Refuse NaN and Infinity, which Python reads and JSON does not have."""
    raise _BodyOdd(Unreadable.NOT_JSON)


def _event(item: Mapping[str, object]) -> BankEvent:
    """Make the event of one transaction; raises _FieldOdd.

    SePay tells one time only, the bank's: it is ``booked_at``. The memo is ``content``;
    ``description``, the bank's whole message, stands in where that is empty.
    """
    memo = _text(item, "content")
    return BankEvent(
        provider=PROVIDER,
        provider_txn_id=str(_whole(item, "id", _ID, most=_ID_MAX)),
        account=_needed_word(item, "accountNumber"),
        amount=dong(_whole(item, "transferAmount", _AMOUNT, most=DONG_MAX)),
        direction=_direction(item),
        booked_at=_moment(item),
        description=memo if memo.strip() else _text(item, "description"),
        bank_ref=_text(item, "referenceCode").strip() or None,
        virtual_account=_text(item, "subAccount").strip() or None,
    )


def _text(item: Mapping[str, object], field: str) -> str:
    """Read text that may be absent or null, as ""; raises _FieldOdd for another type.

    NUL and lone surrogates become U+FFFD: no database keeps them, and a payer must not be
    able to make a payment unreadable. The raw body still has them.
    """
    value = item.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _FieldOdd(field, Rule.NOT_TEXT)
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value)


def _needed_word(item: Mapping[str, object], field: str) -> str:
    """Read text that must be there, without blanks around; raises _FieldOdd."""
    word = _text(item, field).strip()
    if not word:
        raise _FieldOdd(field, Rule.MISSING)
    return word


def _whole(item: Mapping[str, object], field: str, written: re.Pattern[str], *, most: int) -> int:
    """Read a whole number from 1 to ``most``, or text ``written`` so; raises _FieldOdd.

    A JSON number with a fraction or an exponent and a boolean are refused, not converted.
    """
    value = item.get(field)
    if isinstance(value, str) and (found := written.fullmatch(value)):
        value = int(found["whole"])
    if value is None:
        raise _FieldOdd(field, Rule.MISSING)
    if type(value) is not int:
        raise _FieldOdd(field, Rule.NOT_WHOLE)
    if not 1 <= value <= most:
        raise _FieldOdd(field, Rule.OUT_OF_RANGE)
    return value


def _direction(item: Mapping[str, object]) -> Direction:
    """Read ``transferType``, "in" or "out"; raises _FieldOdd."""
    match _needed_word(item, "transferType"):
        case "in":
            return Direction.IN
        case "out":
            return Direction.OUT
        case _:
            raise _FieldOdd("transferType", Rule.UNKNOWN_WORD)


def _moment(item: Mapping[str, object]) -> datetime:
    """Read ``transactionDate``, Vietnam's time without offset, to UTC; raises _FieldOdd."""
    told = _needed_word(item, "transactionDate")
    if not _TRANSACTION_DATE.fullmatch(told):
        raise _FieldOdd("transactionDate", Rule.NOT_A_TIME)
    try:
        moment = datetime.fromisoformat(told).replace(tzinfo=VIETNAM)
    except ValueError as error:
        raise _FieldOdd("transactionDate", Rule.NOT_A_TIME) from error
    if moment.year < _YEAR_MIN:
        raise _FieldOdd("transactionDate", Rule.OUT_OF_RANGE)
    return moment.astimezone(UTC)
