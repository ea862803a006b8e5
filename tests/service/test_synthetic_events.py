from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from service.synthetic_bank_rows import (
    EventKind,
    InvoiceRow,
)
from service.synthetic_events import truth_path, write_events
from tests.service.sample_events import (
    SCHOOL_OF,
    Told,
    make_invoices,
    of_kind,
    squashed,
    told,
)

EVENT_KEYS = (
    "event_id received_at provider provider_txn_id bank_ref account virtual_account amount_dong "
    "direction booked_at transacted_at payer_account payer_name description related_bank_ref "
    "order_id method"
)
"""The key order of the canonical bank event."""

INVOICES = {invoice.external_id: invoice for invoice in make_invoices(6_000)}
BY_STUDENT = {invoice.student: invoice for invoice in INVOICES.values()}


def invoice_of(truth: dict[str, Any]) -> InvoiceRow:
    return BY_STUDENT[truth["student"]]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Told:
    out = tmp_path_factory.mktemp("events") / "events.jsonl"
    write_events(INVOICES.values(), out, seed=6)
    return told(out)


@pytest.fixture(scope="module")
def by_id(rows: Told) -> dict[str, dict[str, Any]]:
    return {event["event_id"]: event for event, _ in rows}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    outs = [tmp_path / f"{name}.jsonl" for name in ("one", "again", "other")]
    for out, seed in zip(outs, (1, 1, 2), strict=True):
        write_events(make_invoices(300), out, seed=seed)
    one, again, other = (out.read_bytes() + truth_path(out).read_bytes() for out in outs)

    assert one == again != other


def test_an_event_has_every_key_in_order_and_the_types_of_the_format(rows: Told) -> None:
    for event, _ in rows:
        assert " ".join(event) == EVENT_KEYS
        assert type(event["amount_dong"]) is int
        assert event["amount_dong"] > 0
        assert event["direction"] in {"in", "out"}
        assert event["method"] in {"transfer", "counter", "card", "wallet", "unknown", None}
        assert event["description"].isascii()
        assert 0 < len(event["description"]) < 256
        assert event["account"].isdigit()
        assert event["virtual_account"] is event["order_id"] is None


def test_each_truth_stands_on_the_line_of_its_event(rows: Told) -> None:
    ids = [event["event_id"] for event, _ in rows]

    assert ids == [truth["event_id"] for _, truth in rows]
    assert len(set(ids)) == len(ids)


def test_events_arrive_in_the_order_of_the_file(rows: Told) -> None:
    moments = [
        [event[key] and datetime.fromisoformat(event[key]) for event, _ in rows]
        for key in ("received_at", "booked_at", "transacted_at")
    ]

    assert moments[0] == sorted(moments[0])
    assert all(moment.utcoffset() is not None for moment in moments[0])
    for received, booked, transacted in zip(*moments, strict=True):
        assert (transacted or booked) <= booked < received
    assert None in moments[2]


@pytest.mark.parametrize("size", [15 + 41, 400])
def test_already_a_small_export_shows_every_kind(tmp_path: Path, size: int) -> None:
    facts = write_events(make_invoices(size), tmp_path / "events.jsonl", seed=9)

    assert set(facts.kinds) == {kind.value for kind in EventKind}


def test_the_usual_mix_holds_its_shares(rows: Told) -> None:
    kinds = Counter(truth["kind"] for _, truth in rows)
    share = {kind: number / len(INVOICES) for kind, number in kinds.items()}

    assert 0.75 < share["exact_clean"] + share["exact_bank_text"] < 0.87
    assert 0.03 < share["no_code"] < 0.05
    assert 0.02 < share["redelivered"] < 0.03
    assert min(share.values()) > 0.001


def test_what_is_certain_adds_up_to_the_amount(rows: Told) -> None:
    for event, truth in rows:
        if truth["outcomes"][0] in {"settled", "reversal"} and truth["allocations"] is not None:
            parts = sum(part["amount_dong"] for part in truth["allocations"])
            sign = 1 if event["direction"] == "in" else -1
            assert parts + truth["credit_dong"] == sign * event["amount_dong"]
        if truth["outcomes"][0] in {"case", "ignored", "duplicate"}:
            assert (truth["allocations"], truth["credit_dong"]) == ([], 0)


def test_no_notice_gets_more_than_it_asks(rows: Told) -> None:
    paid: dict[str, int] = defaultdict(int)
    for _, truth in rows:
        for part in truth["allocations"] or ():
            paid[part["external_id"]] += part["amount_dong"]
            assert 0 <= paid[part["external_id"]] <= INVOICES[part["external_id"]].due_dong
    whole = sum(paid[name] == INVOICES[name].due_dong for name in paid)

    assert 0.85 < whole / len(INVOICES) < 0.95


def test_a_code_survives_every_dress_of_a_bank(rows: Told) -> None:
    kinds = ("exact_clean", "exact_bank_text", "partial", "over", "split_first", "split_second")
    dressed = of_kind(rows, *kinds, "paid_again")
    for event, truth in dressed:
        invoice = invoice_of(truth)
        assert invoice.code in squashed(event["description"])
        assert SCHOOL_OF[event["account"]] == invoice.school
        if truth["kind"] == "exact_clean":
            assert event["description"] == invoice.memo
    texts = [event["description"] for event, truth in dressed]
    assert sum(invoice_of(t).code not in e["description"] for e, t in dressed) > 100
    for shape in ("MBVCB.", "CT nhanh 247 den: ", "Ma giao dich", "-CHUYEN TIEN-OQCH", "IBFT "):
        assert any(shape in text for text in texts)


def test_no_code_and_unknown_codes_name_no_notice(rows: Told) -> None:
    codes = {invoice.code for invoice in INVOICES.values()}
    for event, truth in of_kind(rows, "no_code", "unknown_code"):
        text = squashed(event["description"])
        assert not any(text[at : at + 14] in codes for at in range(len(text)))
        assert ("HPX" in text) == (truth["kind"] == "unknown_code")
        assert truth["outcomes"] == ["case"]


def test_parts_and_surplus_are_what_their_kind_says(rows: Told) -> None:
    first: dict[str, int] = {}
    for event, truth in rows:
        amount = event["amount_dong"]
        match truth["kind"]:
            case "partial":
                assert 0 < amount < invoice_of(truth).due_dong
            case "over":
                assert amount == invoice_of(truth).due_dong + truth["credit_dong"]
                assert truth["credit_dong"] > 0
            case "split_first":
                first[truth["student"]] = amount
            case "split_second":
                assert first.pop(truth["student"]) + amount == invoice_of(truth).due_dong
            case _:
                pass
    assert not first


def test_a_second_real_transfer_differs_only_by_its_ids(rows: Told) -> None:
    earlier = {event["description"]: event for event, _ in of_kind(rows, "exact_bank_text")}
    for event, truth in of_kind(rows, "paid_again"):
        before = earlier[event["description"]]
        assert event["provider_txn_id"] != before["provider_txn_id"]
        for key in ("account", "provider", "amount_dong", "direction"):
            assert event[key] == before[key]
        assert (truth["outcomes"], truth["allocations"]) == (["settled"], None)


def test_a_redelivery_repeats_every_word_of_the_provider(
    rows: Told, by_id: dict[str, dict[str, Any]]
) -> None:
    for event, truth in of_kind(rows, "redelivered"):
        first = by_id[truth["duplicate_of"]]
        assert {key for key in event if event[key] != first[key]} == {"event_id", "received_at"}
        assert truth["outcomes"] == ["duplicate"]


def test_the_same_id_with_other_content_is_never_money_again(
    rows: Told, by_id: dict[str, dict[str, Any]]
) -> None:
    for event, truth in of_kind(rows, "same_id_other_content"):
        first = by_id[truth["duplicate_of"]]
        changed = {key for key in event if event[key] != first[key]}
        assert changed == {"event_id", "received_at", "amount_dong"}
        assert "settled" not in truth["outcomes"]


def test_only_repeated_deliveries_share_an_identity(rows: Told) -> None:
    repeats = {"redelivered", "same_id_other_content"}
    identities = [
        (event["account"], event["provider"], event["provider_txn_id"])
        for event, truth in rows
        if truth["kind"] not in repeats
    ]
    providers: dict[str, set[str]] = defaultdict(set)
    for account, provider, _ in identities:
        providers[account].add(provider)

    assert len(set(identities)) == len(identities)
    assert {len(known) for known in providers.values()} == {1}


def test_a_reversal_names_the_credit_that_it_takes_back(
    rows: Told, by_id: dict[str, dict[str, Any]]
) -> None:
    places = {event["event_id"]: place for place, (event, _) in enumerate(rows)}
    for event, truth in of_kind(rows, "reversal"):
        paid = by_id[truth["reverses"]]
        assert event["direction"] == "out"
        assert event["related_bank_ref"] == paid["bank_ref"] is not None
        assert (event["account"], event["amount_dong"]) == (paid["account"], paid["amount_dong"])
        assert places[event["event_id"]] > places[paid["event_id"]]
        assert truth["outcomes"] == ["reversal"]


def test_wrong_and_unregistered_accounts_carry_a_right_code(rows: Told) -> None:
    by_code = {invoice.code: invoice for invoice in INVOICES.values()}
    for event, truth in of_kind(rows, "wrong_account", "unregistered_account"):
        text = squashed(event["description"])
        codes = {text[at : at + 14] for at in range(len(text))} & set(by_code)
        assert len(codes) == 1
        if truth["kind"] == "wrong_account":
            assert SCHOOL_OF[event["account"]] != by_code[codes.pop()].school
            assert truth["outcomes"] == ["case"]
        else:
            assert event["account"] not in SCHOOL_OF
            assert truth["outcomes"] == ["ignored"]


def test_two_codes_stand_in_one_memo_of_one_account(rows: Told) -> None:
    for event, truth in of_kind(rows, "two_codes"):
        invoices = [INVOICES[part["external_id"]] for part in truth["allocations"]]
        assert len(invoices) == 2
        for invoice in invoices:
            assert invoice.code in squashed(event["description"])
            assert invoice.school == SCHOOL_OF[event["account"]]


def test_money_out_for_other_reasons_is_nobody_s(rows: Told) -> None:
    out = [truth["kind"] for event, truth in rows if event["direction"] == "out"]

    assert set(out) == {"reversal", "out_unrelated"}
    for event, truth in of_kind(rows, "out_unrelated"):
        assert event["related_bank_ref"] is None
        assert set(truth["outcomes"]) == {"ignored", "case"}
