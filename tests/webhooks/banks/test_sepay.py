"""SePay's body: what is read, what is a problem, what nobody can read."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import DONG_MAX, Dong
from reconciliation.model import BankEvent, Direction, Method
from webhooks.banks import sepay
from webhooks.model import ConnectionView, Parsed, Problem, Rule, Unread, Unreadable

SAMPLE = (Path(__file__).parent / "sepay" / "transaction_in.json").read_bytes()
LAST_SECOND_OF_2026 = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
CONNECTION = ConnectionView("sepay", frozenset({"0123499999"}), (b"k",), {}, sandbox=True)


def make_body(**changes: Any) -> bytes:
    """The documented sample with fields changed, or taken away by ``...``."""
    fields = {**json.loads(SAMPLE), **changes}
    return json.dumps({name: value for name, value in fields.items() if value is not ...}).encode()


def make_event(**changes: Any) -> BankEvent:
    event = BankEvent(
        provider="sepay",
        provider_txn_id="92704",
        account="0123499999",
        amount=Dong(2_277_000),
        direction=Direction.IN,
        booked_at=datetime(2023, 3, 25, 7, 2, 37, tzinfo=UTC),
        description="chuyen tien mua iphone",
        bank_ref="MBVCB.3278907687",
    )
    return replace(event, **changes)


def parse(raw: bytes) -> Parsed | Unread:
    return sepay.parse(raw, {}, CONNECTION)


def test_the_documented_sample_becomes_this_event() -> None:
    # when
    parsed = parse(SAMPLE)

    # then: 14:02:37 in Vietnam is 07:02:37 UTC; code, accumulated and gateway are not used
    assert parsed == Parsed((make_event(method=Method.UNKNOWN),))


SECONDS = st.integers(946_659_600, 7_258_000_000).map(lambda s: datetime.fromtimestamp(s, UTC))
KEPT_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
WORD = KEPT_TEXT.map(str.strip).filter(bool)


EVENTS = st.builds(
    BankEvent,
    provider=st.just("sepay"),
    provider_txn_id=st.integers(1, 10**18 - 1).map(str),
    account=WORD,
    amount=st.integers(1, DONG_MAX).map(Dong),
    direction=st.sampled_from(Direction),
    booked_at=SECONDS,
    description=KEPT_TEXT.filter(str.strip) | st.just(""),
    bank_ref=WORD | st.none(),
    virtual_account=WORD | st.none(),
)


@given(EVENTS)
def test_what_the_simulator_writes_is_read_back_whole(event: BankEvent) -> None:
    # when, then
    assert parse(sepay.body(event)) == Parsed((event,))


def test_the_simulator_writes_the_documented_fields_with_their_types() -> None:
    # given
    documented = json.loads(SAMPLE)

    # when
    written = json.loads(sepay.body(make_event()))

    # then
    assert list(written) == list(documented)
    different = {name for name in documented if written[name] != documented[name]}
    assert different == {"gateway", "accumulated"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"id": "0092704"}, {}),
        ({"transferAmount": "2277000"}, {}),
        ({"transferAmount": "2277000.00"}, {}),
        ({"transferAmount": DONG_MAX}, {"amount": DONG_MAX}),
        ({"transferType": "out"}, {"direction": Direction.OUT}),
        ({"subAccount": "96247HPAN01"}, {"virtual_account": "96247HPAN01"}),
        ({"subAccount": ""}, {}),
        ({"subAccount": "  "}, {}),
        ({"subAccount": ...}, {}),
        ({"referenceCode": " "}, {"bank_ref": None}),
        ({"referenceCode": None}, {"bank_ref": None}),
        ({"description": "BankAPINotify HPX"}, {}),
        ({"content": " ", "description": "BankAPI  HPX"}, {"description": "BankAPI  HPX"}),
        ({"content": None, "description": "BankAPI"}, {"description": "BankAPI"}),
        ({"content": ..., "description": ...}, {"description": ""}),
        ({"content": "a\0b\ud800c"}, {"description": "a\ufffdb\ufffdc"}),
        ({"code": "HPXVHKR9"}, {}),
        ({"accumulated": -(10**18 - 1)}, {}),
        ({"new": json.loads("[" * 31 + "]" * 31), "wide": [[1]] * 40}, {}),
        ({"accumulated": 1.5, "new": {"field": [1, {"of": "tomorrow"}]}}, {}),
        ({"accountNumber": " 0123499999 "}, {}),
        ({"accountNumber": "9999999999"}, {"account": "9999999999"}),
        ({"transactionDate": "2027-01-01 06:59:59"}, {"booked_at": LAST_SECOND_OF_2026}),
    ],
)
def test_the_body_is_read_leniently_where_nothing_can_be_misread(
    changes: dict[str, Any], expected: dict[str, Any]
) -> None:
    # when, then
    assert parse(make_body(**changes)) == Parsed((make_event(**expected),))


ODD: dict[tuple[str, Rule], list[Any]] = {
    ("id", Rule.MISSING): [..., None],
    ("id", Rule.OUT_OF_RANGE): [0, -1, "0", 10**18],
    ("id", Rule.NOT_WHOLE): [True, 92704.0, "", " 92704", "92704x", "９２７０４", [92704]],
    ("transferAmount", Rule.MISSING): [..., None],
    ("transferAmount", Rule.OUT_OF_RANGE): [0, -2277000, "0", "0.00", DONG_MAX + 1],
    ("transferAmount", Rule.NOT_WHOLE): [
        *(True, 2277000.0, 2277000.5, 1e6, {"vnd": 1}, [1], ""),
        *("2277000.50", "2277000.0", "2277000.000", "2.277.000", "2,277,000", "2_277_000"),
        *("02277000", "+2277000", "-2277000", "2277000\n", "2277000 VND", "1e6", "２２７７０００"),
    ],
    ("transferType", Rule.MISSING): [..., None, ""],
    ("transferType", Rule.UNKNOWN_WORD): ["IN", "credit", "inout"],
    ("transferType", Rule.NOT_TEXT): [1, True],
    ("accountNumber", Rule.MISSING): [..., None, " "],
    ("accountNumber", Rule.NOT_TEXT): [123499999],
    ("transactionDate", Rule.MISSING): [..., None, ""],
    ("transactionDate", Rule.NOT_TEXT): [1679727757],
    ("transactionDate", Rule.NOT_A_TIME): [
        *("25/03/2023 14:02:37", "2023-03-25T14:02:37", "2023-03-25 14:02:37+07:00"),
        *("2023-03-25", "2023-3-25 14:02:37", "2023-02-29 14:02:37", "2023-03-25 25:02:37"),
        *("0000-00-00 00:00:00", "２０２３-03-25 14:02:37"),
    ],
    ("transactionDate", Rule.OUT_OF_RANGE): ["0001-01-01 00:00:00", "1999-12-31 23:59:59"],
    ("content", Rule.NOT_TEXT): [7, ["HPX"], False],
    ("subAccount", Rule.NOT_TEXT): [96247],
    ("referenceCode", Rule.NOT_TEXT): [12],
}


@pytest.mark.parametrize(
    ("field", "rule", "value"),
    [(field, rule, value) for (field, rule), values in ODD.items() for value in values],
)
def test_a_field_of_another_shape_is_a_problem_of_its_item(
    field: str, rule: Rule, value: Any
) -> None:
    # when, then
    assert parse(make_body(**{field: value})) == Parsed((), (Problem(1, field, rule),))


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec=None), max_size=8)
    | st.from_regex(r"\A[0-9]{1,6}([.,][0-9]{0,3})?\Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@given(JSON_VALUES)
def test_an_amount_is_read_as_written_or_not_at_all(value: Any) -> None:
    # when
    parsed = parse(make_body(transferAmount=value))

    # then
    if isinstance(parsed, Parsed) and parsed.events:
        amount = parsed.events[0].amount
        assert type(value) in {int, str}
        assert value in {amount, str(amount), f"{amount}.00"}
    elif isinstance(parsed, Parsed):
        assert [problem.field for problem in parsed.problems] == ["transferAmount"]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", Unreadable.NOT_JSON),
        (b"{", Unreadable.NOT_JSON),
        (b"\xff", Unreadable.NOT_UTF8),
        (b'{"content":"\xed\xa0\x80"}', Unreadable.NOT_UTF8),
        (SAMPLE.decode().encode("utf-16"), Unreadable.NOT_UTF8),
        (b"\xef\xbb\xbf" + SAMPLE, Unreadable.NOT_JSON),
        (SAMPLE + SAMPLE, Unreadable.NOT_JSON),
        (b"id=92704&transferAmount=2277000", Unreadable.NOT_JSON),
        (b'{"id":1,"x":NaN}', Unreadable.NOT_JSON),
        (b'{"id":1,"x":-Infinity}', Unreadable.NOT_JSON),
        (b'{"id":01}', Unreadable.NOT_JSON),
        (b'{"content":"a\nb"}', Unreadable.NOT_JSON),
        (b"[" + SAMPLE + b"]", Unreadable.NOT_AN_OBJECT),
        (b"null", Unreadable.NOT_AN_OBJECT),
        (b'"text"', Unreadable.NOT_AN_OBJECT),
        (b"1e999", Unreadable.NOT_AN_OBJECT),
        (SAMPLE.replace(b'"code"', b'"id"'), Unreadable.DUPLICATE_KEY),
        (SAMPLE.replace(b'"code"', b'"transfer\\u0041mount"'), Unreadable.DUPLICATE_KEY),
        (b'{"x":{"y":1,"y":1}}', Unreadable.DUPLICATE_KEY),
        (b'{"id":' + b"9" * 20 + b"}", Unreadable.NUMBER_TOO_LONG),
        (b'{"accumulated":' + b"9" * 60_000 + b"}", Unreadable.NUMBER_TOO_LONG),
        (b"[" * 33, Unreadable.TOO_DEEP),
        (b'{"x":' * 10_000 + b"1" + b"}" * 10_000, Unreadable.TOO_DEEP),
    ],
)
def test_a_body_that_two_readers_could_read_differently_is_unread(
    raw: bytes, reason: Unreadable
) -> None:
    # when, then
    assert parse(raw) == Unread(reason)


def test_brackets_inside_a_memo_are_no_nesting() -> None:
    # given
    memo = '[{"' * 100 + "\\"

    # when, then
    assert parse(make_body(content=memo)) == Parsed((make_event(description=memo),))


HOSTILE = [
    b"[" * 65_536,
    b"9" * 65_536,
    b'"' * 65_536,
    b"\\" * 65_536,
    b'"\\"' * 21_845,
    b'{"a":"' + b'\\"' * 32_000,
    b'{"x":1.' + b"9" * 65_000 + b"}",
    b'{"x":[' + b"[]," * 21_000 + b"1]}",
]


@pytest.mark.parametrize("raw", HOSTILE)
def test_a_full_sized_hostile_body_takes_no_time(raw: bytes) -> None:
    # given
    start = time.process_time()

    # when
    parse(raw)

    # then: a quadratic reader takes many seconds
    assert time.process_time() - start < 0.5


def mutated(pieces: tuple[bytes, bytes], at: int) -> bytes:
    new, sample = pieces
    return sample[: at % len(sample)] + new + sample[at % len(sample) + len(new) :]


BODIES = (
    st.binary(max_size=200)
    | st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace"))
    | st.text('{}[]":,\\0123456789.eE-+ntrufalsNaI \ud800'.replace("\ud800", ""), max_size=60).map(
        str.encode
    )
    | JSON_VALUES.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(st.sampled_from(sorted(json.loads(SAMPLE))), JSON_VALUES).map(
        lambda changes: make_body(**changes)
    )
    | st.builds(mutated, st.tuples(st.binary(max_size=3), st.just(SAMPLE)), st.integers(0, 999))
)


@given(BODIES)
def test_no_body_raises_and_every_event_is_sound(raw: bytes) -> None:
    # when
    parsed = parse(raw)

    # then
    if isinstance(parsed, Unread):
        return
    assert len(parsed.events) + len(parsed.problems) == 1
    for event in parsed.events:
        assert 1 <= event.amount <= DONG_MAX
        assert event.provider_txn_id == str(int(event.provider_txn_id))
        assert event.booked_at.utcoffset() == timedelta(0)
        assert event.account
        kept = (event.account, event.description, event.bank_ref or "", event.virtual_account or "")
        for text in kept:
            assert "\0" not in text
            text.encode("utf-8")
