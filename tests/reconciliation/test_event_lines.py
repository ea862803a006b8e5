"""A line of bank events is read whole or refused by field and rule; nothing in between."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import DONG_MAX
from reconciliation.event_lines import LINE_BYTES_MAX, ToldEvent, read_event
from reconciliation.model import BankEvent, Direction, Method
from tests.told import event_line

NEEDED = ("event_id", "received_at", "provider", "provider_txn_id", "account", "amount_dong",
          "direction", "booked_at", "description")  # fmt: skip
NULLABLE = sorted(event_line().keys() - set(NEEDED))


def read(row: dict[str, Any] | bytes) -> ToldEvent | list[str]:
    raw = row if isinstance(row, bytes) else json.dumps(row).encode()
    found = read_event("events.jsonl", 7, raw)
    return found if isinstance(found, ToldEvent) else [str(each) for each in found]


def test_a_full_line_is_read_field_by_field():
    told = read(
        event_line(
            bank_ref="FT1", virtual_account="V1", transacted_at="2026-11-21T23:30:00Z",
            payer_account="99", payer_name="LE AN", related_bank_ref="FT0", order_id="O1",
            method="counter", direction="out",
        )
    )  # fmt: skip

    assert isinstance(told, ToldEvent)
    assert (told.line, told.event_id) == (7, "E1")
    assert told.received_at == datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
    assert told.event == BankEvent(
        provider="sepay",
        provider_txn_id="T-E1",
        account="00110001",
        amount=100_000,
        direction=Direction.OUT,
        booked_at=datetime(2026, 11, 22, 0, 59, tzinfo=UTC),
        description="hoc phi",
        bank_ref="FT1",
        virtual_account="V1",
        transacted_at=datetime(2026, 11, 21, 23, 30, tzinfo=UTC),
        payer_account="99",
        payer_name="LE AN",
        related_bank_ref="FT0",
        order_id="O1",
        method=Method.COUNTER,
    )


@pytest.mark.parametrize("field", NULLABLE)
def test_what_may_be_null_may_also_be_left_out(field):
    row = event_line()
    without = {name: value for name, value in row.items() if name != field}

    full, less = read(row), read(without)

    assert isinstance(full, ToldEvent)
    assert isinstance(less, ToldEvent)
    assert full.event == less.event


@pytest.mark.parametrize("field", NEEDED)
def test_a_needed_field_is_neither_missing_nor_null(field):
    row = event_line()
    without = {name: value for name, value in row.items() if name != field}

    assert read(without) == [f"events.jsonl:7: {field}: is missing"]
    assert [line.rsplit(":", 1)[0] for line in read(row | {field: None})]


AMOUNT = "amount_dong: must be a whole number of dong, 1 or more"
TIME = "booked_at: must be a time with offset: 2026-10-01T08:00:00+07:00"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"amount_dong": 0}, AMOUNT),
        ({"amount_dong": -5}, AMOUNT),
        ({"amount_dong": 1.0}, AMOUNT),
        ({"amount_dong": "5"}, AMOUNT),
        ({"amount_dong": True}, AMOUNT),
        ({"amount_dong": DONG_MAX + 1}, AMOUNT),
        ({"booked_at": "2026-11-22T08:00:00"}, TIME),
        ({"booked_at": "22/11/2026"}, TIME),
        ({"booked_at": 1_700_000_000}, TIME),
        ({"booked_at": "1999-11-22T08:00:00Z"}, "booked_at: must lie in 2000 to 2099"),
        ({"transacted_at": "0001-01-01T00:00:00+07:00"}, "transacted_at: must lie in 2000 to 2099"),
        ({"received_at": "9999-12-31T23:59:59-07:00"}, "received_at: must lie in 2000 to 2099"),
        ({"direction": "IN"}, "direction: must be in or out"),
        (
            {"method": "cash"},
            "method: must be one of transfer, counter, card, wallet, unknown, or null",
        ),
        (
            {"description": "a\0b"},
            "description: must be text of at most 2000 characters without NUL",
        ),
        (
            {"bank_ref": ""},
            "bank_ref: must be text of 1 to 200 characters without control characters, or null",
        ),
        ({"amount": 1}, "amount: is not a field of this file"),
    ],
)
def test_a_bad_field_is_named_with_its_rule(changes, said):
    assert read(event_line(**changes)) == [f"events.jsonl:7: {said}"]


def test_every_bad_field_of_a_line_is_named():
    assert len(read(event_line(amount_dong=0, direction="?", extra=1))) == 3


@pytest.mark.parametrize("raw", [b"[]", b"null", b"{", b"\xff", b'{"event_id":"\\ud800"}', b"1 2"])
def test_what_is_no_json_object_is_refused(raw):
    assert [line for line in read(raw) if "JSON" in line]


def test_a_field_that_stands_twice_is_refused_since_readers_differ():
    raw = json.dumps(event_line())[:-1] + ', "amount_dong": 900000}'

    assert read(raw.encode()) == ["events.jsonl:7: amount_dong: stands twice on the line"]


def test_an_endless_line_is_refused_unread():
    raw = json.dumps(event_line(description="x" * LINE_BYTES_MAX)).encode()

    assert read(raw) == [f"events.jsonl:7: is longer than {LINE_BYTES_MAX} bytes"]


@given(st.text(max_size=300), st.integers(1, DONG_MAX), st.sampled_from(Direction))
def test_any_memo_and_amount_comes_back_letter_for_letter_or_is_refused(memo, amount, way):
    row = event_line(description=memo, amount_dong=amount, direction=way.value)

    told = read(row)

    kept = "\0" not in memo and not any("\ud800" <= char <= "\udfff" for char in memo)
    assert isinstance(told, ToldEvent) == kept
    if isinstance(told, ToldEvent):
        assert (told.event.description, told.event.amount) == (memo, amount)
        assert json.loads(told.raw) == row
