"""Records of the two doors: what a bank sent, what we send out. No I/O, no provider's format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from reconciliation.model import BankEvent

Headers: TypeAlias = Mapping[str, str]
"""Header names in lower case; values as latin-1 text, the way ASGI servers hand bytes over."""

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | None"
"""What a fact may hold. No float: money is whole, shares are basis points."""


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """What an adapter may know of a bank connection.

    ``secrets`` are the active ones, two during a rotation; they never show in a repr.
    ``accounts`` are the connection's own: the receiver, not the adapter, sets items of others
    apart.
    """

    provider: str
    accounts: frozenset[str]
    secrets: tuple[bytes, ...] = field(repr=False)
    options: Mapping[str, str]
    sandbox: bool


@dataclass(frozen=True, slots=True)
class Accepted:
    """A delivery whose raw bytes are committed: what a provider's reply may speak of.

    It does not tell new from repeated: both deserve the same answer.
    """

    delivery_id: str
    received: int


@dataclass(frozen=True, slots=True)
class Reply:
    """The exact answer to a provider."""

    status: int
    body: bytes
    content_type: str


class Rule(StrEnum):
    """What a field of an item should have been."""

    MISSING = "missing"
    NOT_TEXT = "not_text"
    NOT_WHOLE = "not_a_whole_number"
    OUT_OF_RANGE = "out_of_range"
    NOT_A_TIME = "not_a_time"
    UNKNOWN_WORD = "unknown_word"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why one item of a body makes no event: its number from 1, the provider's field, the rule.

    It never repeats the value; that stays in the raw delivery.
    """

    item: int
    field: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class Parsed:
    """A body that could be read: its events, and its items that could not."""

    events: tuple[BankEvent, ...]
    problems: tuple[Problem, ...] = ()


class Unreadable(StrEnum):
    """Why a whole body could not be read."""

    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    DUPLICATE_KEY = "duplicate_key"
    TOO_DEEP = "too_deep"
    NUMBER_TOO_LONG = "number_too_long"


@dataclass(frozen=True, slots=True)
class Unread:
    """A body that nobody could read: kept, marked, a person looks."""

    reason: Unreadable


@dataclass(frozen=True, slots=True)
class OutgoingFact:
    """A fact on its way out; ``id`` is the same for every attempt and every receiver."""

    id: UUID
    topic: str
    occurred_at: datetime
    payload: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class PushRequest:
    """One POST, ready to be sent as it is: the headers sign exactly these bytes."""

    url: str
    headers: Headers
    body: bytes
