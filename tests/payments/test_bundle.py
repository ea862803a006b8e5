"""Loading a bundle: everything good in one transaction, nothing otherwise, nothing twice."""

import asyncio
from datetime import date
from pathlib import Path

import pytest

from kernel.access import Loader
from kernel.outbox import PUSH_BELL
from payments.bundle import LINE_BYTES_MAX, BundleMissing, load
from payments.bundle_notices import CodesTaken
from payments.tokens import token_hash, token_of
from tests.database import TestDatabase
from tests.payments.bundles import (
    BOOK,
    KEY,
    everything,
    load_bundle,
    receivable,
    small_bundle,
    student,
    terms,
    unit,
    write,
)


async def test_a_load_issues_each_notice_with_code_link_books_and_fact(
    database: TestDatabase, tmp_path: Path
) -> None:
    loaded = await load_bundle(database.operator(), tmp_path, small_bundle())

    assert loaded.added["receivables"] == 4
    async with database.superuser() as su:
        kept = await su.fetch("select * from invoice order by id")
        tokens = {row["token_hash"] for row in await su.fetch("select * from page_token")}
        facts = await su.fetch("select * from fact order by seq")
        numbers = await su.fetch("select code, number from payment_code order by number")
    assert [row["external_id"] for row in kept] == ["N1", "N2", "N3", "N4"]
    assert [row["code"] for row in kept] == [BOOK.make(number) for number in range(4)]
    assert [(row["code"], row["number"]) for row in numbers] == [
        (BOOK.make(number), number) for number in range(4)
    ]
    assert tokens == {token_hash(token_of(KEY, row["code"])) for row in kept}
    assert [(row["due_dong"], row["outstanding_dong"], row["state"]) for row in kept] == [
        (1_250_000, 1_250_000, "issued"),
        (100_000, 100_000, "issued"),
        (699_999, 699_999, "issued"),
        (0, 0, "paid"),
    ]
    assert [(row["topic"], row["version"]) for row in facts] == [
        ("invoice.issued", version) for version in (1, 1, 1, 2)
    ]
    assert '"N1"' in facts[0]["payload"]
    assert "Nguyễn" not in facts[0]["payload"]
    assert database.rung == [frozenset({PUSH_BELL})]


async def test_the_books_of_a_load_balance_in_every_round(
    database: TestDatabase, tmp_path: Path
) -> None:
    await load_bundle(database.operator(), tmp_path, small_bundle())

    async with database.superuser() as su:
        rows = await su.fetch(
            "select t.*, d.kind as debit, c.kind as credit from transfer t"
            " join ledger_account d on d.id = t.debit_id"
            " join ledger_account c on c.id = t.credit_id order by t.id"
        )
    issued = [row for row in rows if row["kind"] == "issued"]
    charged = [row for row in rows if row["kind"] == "charged"]
    assert [row["amount_dong"] for row in issued] == [1_250_000, 100_000, 699_999]
    assert {(row["debit"], row["credit"]) for row in issued} == {("receivable", "round_control")}
    assert all(row["reference"] == f"issue:{row['invoice_id']}" for row in issued)
    assert {row["period"] for row in issued} == {date(2026, 11, 1)}
    assert all(
        row["reference"] == f"charge:{row['round_id']}:{row['fee_item_id']}" for row in charged
    )
    sides = [(row["debit"], row["credit"], row["amount_dong"]) for row in charged]
    assert sorted(sides) == [
        ("fee_item", "round_control", 1),
        ("fee_item", "round_control", 250_100),
        ("round_control", "fee_item", 700_000),
        ("round_control", "fee_item", 1_600_100),
    ]
    balance: dict[int, int] = {}
    for row in rows:
        balance[row["debit_id"]] = balance.get(row["debit_id"], 0) + row["amount_dong"]
        balance[row["credit_id"]] = balance.get(row["credit_id"], 0) - row["amount_dong"]
    controls = {row["debit_id"] for row in charged if row["debit"] == "round_control"}
    assert controls
    assert {balance[control] for control in controls} == {0}


async def test_an_item_that_sums_to_0_is_not_booked_and_1_dong_is(
    database: TestDatabase, tmp_path: Path
) -> None:
    bundle = small_bundle()
    bundle["receivables"] = [receivable("N1", "S3", 5, 1, -5)]

    await load_bundle(database.operator(), tmp_path, bundle)

    async with database.superuser() as su:
        booked = await su.fetch(
            "select t.kind, t.amount_dong, f.code, f.school_id is null as shared from transfer t"
            " left join fee_item f on f.id = t.fee_item_id order by t.id"
        )
    assert [tuple(row) for row in booked] == [
        ("issued", 1, None, True),
        ("charged", 1, "NU", False),
    ]


async def test_a_notice_is_paid_into_the_first_main_account_and_the_deed_is_on_record(
    database: TestDatabase, tmp_path: Path
) -> None:
    loaded = await load_bundle(database.operator(), tmp_path, small_bundle())

    async with database.superuser() as su:
        used = await su.fetch(
            "select distinct a.number, a.proof from invoice i join account a on a.id = i.account_id"
            " order by 1"
        )
        deeds = await su.fetch("select deed, actor, facts from deed order by id")
    assert [tuple(row) for row in used] == [("00110001", "released"), ("00110003", "released")]
    assert loaded.accounts == (
        ("970403", "00110001", "TH-1"),
        ("970403", "00110002", "TH-1"),
        ("970403", "00110003", "TH-2"),
    )
    assert [row["deed"] for row in deeds] == ["account.released"] * 3 + ["bundle.imported"]
    assert {row["actor"] for row in deeds} == {"operator:test"}


async def test_a_school_stands_below_its_unit_and_all_above_it_for_their_days(
    database: TestDatabase, tmp_path: Path
) -> None:
    # given a school whose unit was below a district until it ended
    bundle = small_bundle()
    bundle["units"] = [
        unit("46", "province", None, valid_from="1989-06-30"),
        unit("479", "district", "46", valid_from="2010-02-09", valid_to="2025-06-30"),
        unit("19960", "commune", "46"),
        unit("X", "school", "479", valid_from="2015-09-01", valid_to="2025-06-30"),
        unit("X", "school", "19960"),
        unit("X", "school", "479", relation="area", valid_from="2015-09-01"),
    ]
    bundle["schools"][0]["unit"] = "X"

    await load_bundle(database.operator(), tmp_path, bundle)

    async with database.superuser() as su:
        rows = await su.fetch(
            "select u.code, c.valid_from::text, c.valid_to::text, c.relation from unit_closure c"
            " join unit u on u.id = c.ancestor_id join school s on s.id = c.school_id"
            " where s.code = 'TH-1' order by c.relation, 1, 2"
        )
    assert [tuple(row)[:3] for row in rows if row["relation"] == "area"] == [
        ("479", "2015-09-01", "2025-06-30"),
        ("X", "2015-09-01", None),
    ]
    assert [tuple(row)[:3] for row in rows if row["relation"] == "administrative"] == [
        ("19960", "2025-07-01", None),
        ("46", "2015-09-01", "2025-06-30"),
        ("46", "2025-07-01", None),
        ("479", "2015-09-01", "2025-06-30"),
        ("X", "2015-09-01", None),
    ]


async def test_names_are_kept_in_nfc_with_single_blanks(
    database: TestDatabase, tmp_path: Path
) -> None:
    bundle = small_bundle()
    bundle["students"][0]["name"] = " Nguye\u0302\u0303n  Minh\tAn "

    await load_bundle(database.operator(), tmp_path, bundle)

    async with database.superuser() as su:
        row = await su.fetchrow("select name, search_key from student where code = 'S1'")
        phone = await su.fetchval("select phone from guardian order by id limit 1")
    assert tuple(row) == ("Nguyễn Minh An", "nguyen minh an")
    assert phone == "+84912345678"


async def test_a_second_run_changes_nothing_and_says_so(
    database: TestDatabase, tmp_path: Path
) -> None:
    db = database.operator()
    first = await load_bundle(db, tmp_path, small_bundle())
    before = await everything(database)

    second = await load_bundle(db, tmp_path, small_bundle())

    assert not first.unchanged
    assert second.unchanged
    assert second.kept["receivables"] == 4
    assert second.accounts == ()
    assert await everything(database) == before


async def test_a_later_bundle_adds_only_its_new_lines_and_counts_on(
    database: TestDatabase, tmp_path: Path
) -> None:
    db = database.operator()
    await load_bundle(db, tmp_path / "first", small_bundle())
    later = small_bundle()
    later["students"].append(student("S4", "TH-2"))
    later["receivables"] += [receivable("N5", "S1", 5), receivable("N6", "S4", 6)]

    loaded = await load_bundle(db, tmp_path / "later", later)

    assert {kind: rows for kind, rows in loaded.added.items() if rows} == {
        "students": 1,
        "receivables": 2,
    }
    async with database.superuser() as su:
        rows = await su.fetch(
            "select i.external_id, i.code, f.version from invoice i join fact f"
            " on f.payload ->> 'code' = i.code where i.external_id in ('N5', 'N6') order by 1"
        )
        rounds = await su.fetchval("select count(*) from collection_round")
    assert [tuple(row) for row in rows] == [("N5", BOOK.make(4), 3), ("N6", BOOK.make(5), 1)]
    assert rounds == 4


async def test_receivables_alone_may_name_what_is_kept(
    database: TestDatabase, tmp_path: Path
) -> None:
    db = database.operator()
    await load_bundle(db, tmp_path / "first", small_bundle())

    loaded = await load_bundle(db, tmp_path / "later", {"receivables": [receivable("N9", "S3", 9)]})

    assert loaded.added["receivables"] == 1


async def test_two_loads_at_once_never_mix_their_lines(
    database: TestDatabase, tmp_path: Path
) -> None:
    db = database.operator()
    await load_bundle(db, tmp_path / "base", small_bundle())
    bundles = [
        {"receivables": [receivable(f"P{turn}-{each}", "S1", 7) for each in range(50)]}
        for turn in range(3)
    ]

    loaded = await asyncio.gather(
        *(load_bundle(db, tmp_path / str(turn), each) for turn, each in enumerate(bundles))
    )

    assert [each.added["receivables"] for each in loaded] == [50, 50, 50]
    async with database.superuser() as su:
        versions = await su.fetch(
            "select version from fact f join student s on s.id = f.student_id"
            " where s.code = 'S1' order by 1"
        )
    assert [row["version"] for row in versions] == list(range(1, 153))


async def test_codes_that_are_in_use_stop_the_load(database: TestDatabase, tmp_path: Path) -> None:
    # given a counter that was set back: the next codes are the kept ones
    db = database.operator()
    await load_bundle(db, tmp_path / "first", small_bundle())
    async with database.superuser() as su:
        await su.execute("update code_counter set next = 0")

    with pytest.raises(CodesTaken):
        await load_bundle(db, tmp_path / "later", {"receivables": [receivable("N9", "S3", 9)]})


async def test_a_folder_without_a_bundle_is_refused(database: TestDatabase, tmp_path: Path) -> None:
    (tmp_path / "other.jsonl").write_text("{}\n")

    async with database.operator().transaction(Loader()) as tx:
        with pytest.raises(BundleMissing):
            await load(tx, tmp_path, terms(), told=lambda *_: None)


async def test_files_may_come_from_windows_with_blank_lines_and_one_endless_line_is_named(
    database: TestDatabase, tmp_path: Path
) -> None:
    folder = write(tmp_path, small_bundle())
    notices = folder / "receivables.jsonl"
    endless = b'{"x":"' + b"x" * (2 * LINE_BYTES_MAX)
    lines = notices.read_bytes().splitlines()
    notices.write_bytes(b"\xef\xbb\xbf" + b"\r\n".join([lines[0], b" ", endless, lines[1]]))

    async with database.operator().transaction(Loader()) as tx:
        loaded = await load(tx, folder, terms(keep_good=True), told=lambda *_: None)

    assert [str(each) for each in loaded.problems] == [
        f"receivables.jsonl:3: is longer than {LINE_BYTES_MAX} bytes"
    ]
    assert loaded.added["receivables"] == 2
