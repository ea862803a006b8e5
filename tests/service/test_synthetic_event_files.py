import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel.errors import Invalid
from payments.vietqr_read import checksum
from service.cli_sample import sample
from service.synthetic import FILES
from service.synthetic_bank_rows import (
    EventKind,
    InvoiceRow,
    NoticeLineUnreadable,
    read_invoices,
)
from service.synthetic_events import EventCountRefused, write_events
from service.synthetic_orders import PayeeMissing, order_of
from tests.service.sample_events import (
    make_invoice,
    make_invoices,
    of_kind,
    told,
    write_lines,
)


def test_only_what_is_open_is_paid(tmp_path: Path) -> None:
    invoices = [
        make_invoice(1, paid=1_250_000, state="paid"),
        make_invoice(2, state="cancelled"),
        make_invoice(3, state="replaced"),
        replace(make_invoice(4), qr_payload=None),
        make_invoice(5, paid=250_000, state="partly_paid"),
        make_invoice(6, paid=1_250_000),
    ]
    facts = write_events(invoices, tmp_path / "events.jsonl", seed=1)

    [(event, truth)] = told(tmp_path / "events.jsonl")
    assert event["amount_dong"] == facts.settled_dong == 1_000_000
    assert truth["allocations"] == [{"external_id": "R5", "amount_dong": 1_000_000}]
    assert (facts.invoices_read, facts.invoices_open) == (6, 1)


def test_an_endless_export_is_read_no_further_than_needed(tmp_path: Path) -> None:
    def endless() -> Iterator[InvoiceRow]:
        for number in count():
            assert number < 2_000, "reads on though it has enough"
            yield make_invoice(number)

    facts = write_events(endless(), tmp_path / "events.jsonl", seed=1, count=500)

    assert facts.events == len(told(tmp_path / "events.jsonl")) == 500
    assert facts.invoices_read < 550


def test_a_single_account_has_no_stranger(tmp_path: Path) -> None:
    facts = write_events(map(make_invoice, range(1_200)), tmp_path / "events.jsonl", seed=1)

    assert "wrong_account" not in facts.kinds
    assert len(facts.kinds) == len(EventKind) - 1


def test_a_notice_that_finds_no_second_for_two_codes_is_paid_alone(tmp_path: Path) -> None:
    last = len(EventKind) - 3
    invoices = [make_invoice(number, due=20_000 + number) for number in range(last + 1)]
    write_events(invoices, tmp_path / "events.jsonl", seed=1)
    rows = told(tmp_path / "events.jsonl")

    assert not of_kind(rows, "two_codes")
    paid = [part for _, truth in rows for part in truth["allocations"] or ()]
    assert paid.count({"external_id": f"R{last}", "amount_dong": 20_000 + last}) == 1


def test_a_story_that_needs_a_second_account_waits_for_it(tmp_path: Path) -> None:
    first = [make_invoice(number) for number in range(60)]
    second = [make_invoice(number, account="0000000000001") for number in range(60, 63)]

    for seed in range(12):
        facts = write_events([*first, *second], tmp_path / "events.jsonl", seed=seed)
        assert facts.kinds["wrong_account"] >= 1


def test_the_account_is_the_one_in_the_qr() -> None:
    # the example printed in the VietQR format of NAPAS, v1.0
    payload = (
        "00020101021238570010A00000072701270006970403011300110123456780208QRIBFTTA530370454061800"
        "005802VN62340107NPS68690819thanh toan don hang63042E2E"
    )
    order = order_of(make_invoice(1), payload, position=1)

    assert (order.bank_bin, order.account) == ("970403", "0011012345678")


def test_a_qr_without_a_payee_or_with_a_wrong_checksum_is_refused() -> None:
    body = "00020101021126280010A00000077501100108001234520459995303704540450005802VN6304"
    invoice = make_invoice(1)

    with pytest.raises(PayeeMissing) as refused:
        order_of(invoice, body + checksum(body), position=1)
    assert refused.value.facts == {"external_id": "R1"}
    with pytest.raises(Invalid):
        order_of(invoice, body + "0000", position=1)


@settings(max_examples=40, deadline=None)
@given(dues=st.lists(st.integers(1, 20_000), min_size=1, max_size=60), seed=st.integers(0, 2**32))
def test_no_amount_is_lost_however_small(
    tmp_path_factory: pytest.TempPathFactory, dues: list[int], seed: int
) -> None:
    out = tmp_path_factory.mktemp("small") / "events.jsonl"
    invoices = [make_invoice(number, due=due) for number, due in enumerate(dues)]
    facts = write_events(invoices, out, seed=seed)
    rows = told(out)

    settled = [truth for _, truth in rows if truth["outcomes"] == ["settled"]]
    parts = [part["amount_dong"] for truth in settled for part in truth["allocations"] or ()]
    assert all(event["amount_dong"] > 0 for event, _ in rows)
    assert all(part > 0 for part in parts)
    assert facts.settled_dong == sum(parts) + sum(truth["credit_dong"] or 0 for truth in settled)
    assert facts.events == len(rows) >= len(dues) - len(of_kind(rows, "two_codes"))


def test_fewer_than_no_events_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EventCountRefused):
        write_events([], tmp_path / "events.jsonl", seed=1, count=-1)
    assert not list(tmp_path.iterdir())


def test_an_unreadable_line_is_named(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "invoices.jsonl", [make_invoice(1), make_invoice(2)])
    path.write_bytes(path.read_bytes() + b'\n{"external_id": 3}\n')

    with pytest.raises(NoticeLineUnreadable) as refused:
        list(read_invoices(path))

    assert refused.value.facts == {"file": "invoices.jsonl", "line": 4}


def test_the_verb_writes_events_and_truth_side_by_side(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "invoices.jsonl", list(make_invoices(30)))
    out = tmp_path / "events.jsonl"
    answer = CliRunner().invoke(
        sample, ["events", str(path), str(out), "--seed", "3", "--count", "20"]
    )

    assert answer.exit_code == 0
    assert json.loads(answer.output)["events"] == len(told(out)) == 20
    assert (tmp_path / "events.truth.jsonl").exists()


def test_the_verb_writes_the_bundle_and_says_what_is_in_it(tmp_path: Path) -> None:
    told = CliRunner().invoke(
        sample, ["bundle", str(tmp_path), "--schools", "2", "--pupils", "9", "--seed", "4"]
    )

    assert told.exit_code == 0
    facts = json.loads(told.output)
    assert (facts["schools"], facts["students"]) == (2, 18)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"{n}.jsonl" for n in FILES)
