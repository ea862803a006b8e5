"""``import events``, ``settle``, ``export outcomes`` and ``books check`` as one runs them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import structlog

from service import cli_import_events
from service.cli import main
from tests.database import TestDatabase
from tests.payments.bundles import KEY, small_bundle, write
from tests.told import event_line, write_events

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    for variable, login in (
        ("DATABASE_URL", "hocphi"),
        ("WORKER_DATABASE_URL", "hocphi_worker"),
        ("OPERATOR_DATABASE_URL", "hocphi_operator"),
        ("MIGRATE_DATABASE_URL", "hocphi_owner"),
    ):
        monkeypatch.setenv(variable, database.url(login))
    monkeypatch.setenv("HOCPHI_CODE_KEY", KEY.hex())
    monkeypatch.setenv("HOCPHI_PAGE_KEY", KEY.hex())

    def hocphi(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["hocphi", *map(str, words)])
        try:
            main()
            status = 0
        except SystemExit as left:
            status = int(left.code or 0)
        return status, *capfd.readouterr()

    yield hocphi
    structlog.reset_defaults()  # settle sends the log to the stderr of this test


@pytest.fixture
def codes(run: Run, tmp_path: Path) -> dict[str, str]:
    """Notices of a small bundle: their codes by their external ids."""
    assert run("import", "bundle", write(tmp_path / "bundle", small_bundle()))[0] == 0
    rows = [json.loads(line) for line in run("export", "invoices")[1].splitlines()]
    return {row["external_id"]: row["code"] for row in rows}


def test_a_file_goes_in_settles_and_comes_out_as_outcomes(run, codes, tmp_path):
    file = write_events(
        tmp_path / "events.jsonl",
        [
            event_line("E1", amount_dong=1_250_000, description=f"CK {codes['N1']} hoc phi"),
            event_line("E2", provider_txn_id="T-E1", amount_dong=1_250_000,
                       description=f"CK {codes['N1']} hoc phi"),
            event_line("E3", account="99999"),
            "",
            event_line("E4"),
        ],
    )  # fmt: skip

    taken = run("import", "events", file)
    before = run("export", "outcomes")
    settled = run("settle", "--until-empty")
    after = run("export", "outcomes")
    books = run("books", "check")

    assert taken[:2] == (0, "events 4 new 2 duplicate 1\n")
    assert "1 events name no single registered account" in taken[2]
    waiting = [json.loads(line)["event_id"] for line in before[1].splitlines()]
    assert waiting == ["E2", "E3"]
    assert "2 events still wait" in before[2]
    assert settled[:2] == (0, "decided 2 failed 0 waiting 0\n")
    outcomes = [json.loads(line) for line in after[1].splitlines()]
    assert [(each["event_id"], each["outcome"]) for each in outcomes] == [
        ("E1", "settled"), ("E2", "duplicate"), ("E3", "ignored"), ("E4", "case"),
    ]  # fmt: skip
    assert outcomes[2]["evidence"] == ["unregistered_account"]
    assert outcomes[0]["allocations"][0]["external_id"] == "N1"
    assert "wait" not in after[2]
    assert books[0] == 0
    table = books[1].splitlines()
    assert [line.split()[-1] for line in table[1:]] == ["0"] * 23
    assert table[0].split() == ["invariant", "looked", "at", "breaches"]


def test_a_second_run_changes_nothing(run, codes, tmp_path):
    file = write_events(
        tmp_path / "events.jsonl",
        [event_line("E1"), event_line("E2", account="99999"), event_line("E1")],
    )

    first = run("import", "events", file)
    run("settle")
    outcomes = run("export", "outcomes")[1]
    second = run("import", "events", file)

    assert first[1] == "events 3 new 1 duplicate 1\n"
    assert second[:2] == (0, "events 3 new 0 duplicate 3\n")
    assert run("export", "outcomes")[1] == outcomes
    assert run("books", "check")[0] == 0


def test_a_bad_line_is_named_and_nothing_of_the_file_is_kept(run, codes, tmp_path):
    file = write_events(
        tmp_path / "events.jsonl",
        [
            event_line("E1"),
            event_line("E2", amount_dong=1.5),
            "nonsense",
            event_line("E1", account="7"),
        ],
    )

    status, out, err = run("import", "events", file)

    assert (status, out) == (2, "")
    amount, json_line, twice, last = err.splitlines()
    assert amount == ("events.jsonl:2: amount_dong: must be a whole number of dong, 1 or more")
    assert json_line.startswith("events.jsonl:3: is not JSON in UTF-8")
    assert twice == "events.jsonl:4: event_id: stands on line 1 already, with other content"
    assert last.startswith("hocphi: events_refused: the file has 3 problems")
    assert run("export", "outcomes") == (0, "", "")


def test_an_event_known_with_other_content_changes_nothing_and_is_named(run, codes, tmp_path):
    run("import", "events", write_events(tmp_path / "a.jsonl", [event_line("E1")]))
    file = write_events(tmp_path / "b.jsonl", [event_line("E1", provider_txn_id="T-new")])

    status, out, err = run("import", "events", file)
    run("settle")

    assert (status, out) == (0, "events 1 new 0 duplicate 1\n")
    assert err == "warning: b.jsonl:1: event_id: is known with other content\n"
    assert len(run("export", "outcomes")[1].splitlines()) == 1
    assert run("books", "check")[0] == 0


def test_a_number_of_two_banks_names_no_account(run, tmp_path):
    bundle = small_bundle()
    bundle["accounts"].append(bundle["accounts"][0] | {"bank": "970436"})
    run("import", "bundle", write(tmp_path / "bundle", bundle))

    run("import", "events", write_events(tmp_path / "e.jsonl", [event_line("E1")]))

    line = json.loads(run("export", "outcomes")[1])
    assert (line["outcome"], line["evidence"]) == ("ignored", ["ambiguous_account"])


def test_many_lines_go_in_by_chunks_in_their_order(run, codes, tmp_path, monkeypatch):
    monkeypatch.setattr(cli_import_events, "CHUNK_LINES", 3)
    names = [f"E{place}" for place in range(8)]
    text = "\n".join(json.dumps(event_line(name)) for name in names)
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + text.encode())

    assert run("import", "events", file)[1] == "events 8 new 8 duplicate 0\n"

    run("settle")
    lines = run("export", "outcomes")[1].splitlines()
    assert [json.loads(line)["event_id"] for line in lines] == names


def test_a_bad_line_far_down_keeps_the_chunks_above_out_too(run, codes, tmp_path, monkeypatch):
    monkeypatch.setattr(cli_import_events, "CHUNK_LINES", 2)
    rows = [event_line(f"E{place}") for place in range(5)]
    file = write_events(tmp_path / "events.jsonl", [*rows, event_line("E9", direction="up")])

    assert run("import", "events", file)[0] == 2

    assert run("settle")[1] == "decided 0 failed 0 waiting 0\n"


def test_broken_books_end_with_1_and_name_the_row(database, run, codes):
    with psycopg.connect(database.url("postgres"), autocommit=True) as su:
        su.execute(
            "update invoice set outstanding_dong = 1, state = 'partly_paid'"
            " where external_id = 'N1'"
        )

    status, out, err = run("books", "check")

    assert status == 1
    at = next(place for place, line in enumerate(out.splitlines()) if "due less laid" in line)
    assert out.splitlines()[at].split()[-1] == "1"
    assert out.splitlines()[at + 1] == "  notice 1/1"
    assert err == "hocphi: the books have 2 broken invariants\n"
