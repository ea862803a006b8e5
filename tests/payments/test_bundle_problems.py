"""What is wrong with a bundle: named by file, line, field and rule; the good part may be kept."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from payments.bundle import PROBLEMS_LISTED_MAX, BundleRefused
from tests.database import TestDatabase
from tests.payments.bundles import (
    Bundle,
    everything,
    load_bundle,
    receivable,
    small_bundle,
    unit,
)

Change = Callable[[Bundle], object]


async def refused(database: TestDatabase, folder: Path, bundle: Bundle) -> list[str]:
    """Load a bundle that must be refused, see that nothing is kept, give the problems."""
    before = await everything(database)
    with pytest.raises(BundleRefused) as caught:
        await load_bundle(database.operator(), folder, bundle)
    assert await everything(database) == before
    assert caught.value.found == len(caught.value.problems)
    return [str(problem) for problem in caught.value.problems]


def put(file: str, line: int, /, **fields: Any) -> Change:
    return lambda bundle: bundle[file][line].update(fields)


def add(file: str, row: Any) -> Change:
    return lambda bundle: bundle[file].append(row)


def again(file: str, line: int, /, **fields: Any) -> Change:
    return lambda bundle: bundle[file].append(bundle[file][line] | fields)


NO_TUITION = "tuition of a public school is 0 since school year 2025-2026 (NQ 217/2025/QH15)"
TUITION = [{"fee_item": "HP", "name": "Học phí", "amount_dong": 1}]

ONE_PROBLEM: list[tuple[Change, str]] = [
    (add("units", "{"), "units.jsonl:4: is not JSON in UTF-8 (Input data was truncated)"),
    (
        put("units", 2, parent="99"),
        "units.jsonl:3: parent: unit 99 is neither in the bundle nor kept",
    ),
    (
        put("units", 2, succeeds=["99"]),
        "units.jsonl:3: succeeds: unit 99 is neither in the bundle nor kept",
    ),
    (
        again("units", 2, parent="479", valid_from="2025-06-01"),
        "units.jsonl:4: parent: a unit has one parent per relation and day, line 3 has others",
    ),
    (
        again("units", 2, kind="cluster", relation="area"),
        "units.jsonl:4: kind, name: differ from line 3, which names the same unit",
    ),
    (
        again("schools", 1),
        "schools.jsonl:3: code: stands twice in the file, also on line 2",
    ),
    (
        put("schools", 1, unit="99"),
        "schools.jsonl:2: unit: unit 99 is neither in the bundle nor kept",
    ),
    (
        put("accounts", 0, schools=["TH-1", "TH-9"]),
        "accounts.jsonl:1: schools[1]: school TH-9 is neither in the bundle nor kept",
    ),
    (
        put("accounts", 1, kind="static_va", parent="777"),
        "accounts.jsonl:2: parent: at its bank, main account 777 is neither in the bundle nor kept",
    ),
    (
        put("accounts", 1, kind="static_va", student="S3"),
        "accounts.jsonl:2: student: no school of this account has or keeps a pupil S3",
    ),
    (
        put("accounts", 2, kind="order_va"),
        "receivables.jsonl:3: student: school TH-2 has no main account",
    ),
    (
        again("classes", 0, school="TH-9"),
        "classes.jsonl:3: school: school TH-9 is neither in the bundle nor kept",
    ),
    (
        again("classes", 1),
        "classes.jsonl:3: code: stands twice in the file, also on line 2",
    ),
    (
        put("students", 2, school="TH-9"),
        "students.jsonl:3: school: school TH-9 is neither in the bundle nor kept",
    ),
    (
        again("students", 1),
        "students.jsonl:4: code: stands twice in the file, also on line 2",
    ),
    (
        again("students", 2, school="TH-1"),
        "receivables.jsonl:3: student: pupils of 2 schools have this code",
    ),
    (
        put("fee_items", 2, school="TH-9"),
        "fee_items.jsonl:3: school: school TH-9 is neither in the bundle nor kept",
    ),
    (
        again("fee_items", 0),
        "fee_items.jsonl:5: code: stands twice in the file, also on line 1",
    ),
    (
        put("receivables", 0, student="S9"),
        "receivables.jsonl:1: student: pupil S9 is neither in the bundle nor kept",
    ),
    (
        lambda bundle: bundle["receivables"][1]["lines"][2].update(fee_item="ZZ"),
        "receivables.jsonl:2: lines[2].fee_item: fee item ZZ is neither in the bundle nor kept",
    ),
    (
        lambda bundle: bundle["receivables"][1]["lines"][2].update(amount_dong=0.5),
        "receivables.jsonl:2: lines[2].amount_dong: must be a whole number of dong",
    ),
    (
        again("receivables", 3),
        "receivables.jsonl:5: external_id: stands twice in the file, also on line 4",
    ),
    (
        put("receivables", 1, lines=TUITION),
        f"receivables.jsonl:2: lines[0].amount_dong: {NO_TUITION}",
    ),
]


@pytest.mark.parametrize(("change", "problem"), ONE_PROBLEM, ids=[each for _, each in ONE_PROBLEM])
async def test_one_problem_refuses_the_whole_bundle_by_file_line_field_and_rule(
    database: TestDatabase, tmp_path: Path, change: Change, problem: str
) -> None:
    bundle = small_bundle()
    change(bundle)

    assert await refused(database, tmp_path, bundle) == [problem]


KEPT_OTHERWISE: list[tuple[Change, str]] = [
    (put("units", 2, name="Khác"), "units.jsonl:3: name: differs from what is kept"),
    (
        put("units", 2, parent="479"),
        "units.jsonl:3: parent: differs from what is kept for these days",
    ),
    (put("schools", 0, level="MN"), "schools.jsonl:1: level: differs from what is kept"),
    (put("accounts", 0, holder="KHAC"), "accounts.jsonl:1: holder: differs from what is kept"),
    (put("classes", 0, grade="4"), "classes.jsonl:1: grade: differs from what is kept"),
    (
        put("students", 0, name="Khác", guardians=[]),
        "students.jsonl:1: name, guardians: differs from what is kept",
    ),
    (put("fee_items", 0, unit="day"), "fee_items.jsonl:1: unit: differs from what is kept"),
    (
        put("receivables", 0, due_date="2026-11-26"),
        "receivables.jsonl:1: due_date: differs from what is kept",
    ),
    (
        lambda bundle: bundle["receivables"][0]["lines"].reverse(),
        "receivables.jsonl:1: lines: differ from what is kept",
    ),
    (
        lambda bundle: bundle["receivables"][0]["lines"].append(
            {"fee_item": "TA", "name": "Thêm", "amount_dong": 0}
        ),
        "receivables.jsonl:1: lines: differ from what is kept",
    ),
]


@pytest.mark.parametrize(("change", "problem"), KEPT_OTHERWISE, ids=[e for _, e in KEPT_OTHERWISE])
async def test_what_is_kept_is_never_changed_by_a_bundle(
    database: TestDatabase, tmp_path: Path, change: Change, problem: str
) -> None:
    await load_bundle(database.operator(), tmp_path / "first", small_bundle())
    bundle = small_bundle()
    change(bundle)

    assert await refused(database, tmp_path / "second", bundle) == [problem]


async def test_a_circle_of_units_is_named_on_each_of_its_lines(
    database: TestDatabase, tmp_path: Path
) -> None:
    bundle = small_bundle()
    bundle["units"] += [
        unit("A", "cluster", "46", relation="area"),
        unit("A", "cluster", "B"),
        unit("B", "cluster", "A"),
        unit("C", "cluster", "C1"),
        unit("C1", "cluster", "C"),
    ]

    assert await refused(database, tmp_path, bundle) == [
        f"units.jsonl:{line}: parent: a unit must not stand above itself" for line in (5, 6, 7, 8)
    ]


async def test_two_notices_under_one_id_with_other_amounts_are_both_named(
    database: TestDatabase, tmp_path: Path
) -> None:
    bundle = small_bundle()
    bundle["receivables"].append(receivable("N4", "S1", 200))

    assert await refused(database, tmp_path, bundle) == [
        "receivables.jsonl:4: external_id: stands twice in the file, also on line 5",
        "receivables.jsonl:5: external_id: stands twice in the file, also on line 4",
    ]


async def test_an_account_that_is_not_proved_gets_no_notice(
    database: TestDatabase, tmp_path: Path
) -> None:
    await load_bundle(database.operator(), tmp_path / "first", small_bundle())
    async with database.superuser() as su:
        await su.execute("update account set proof = 'unproved' where number = '00110003'")

    problems = await refused(
        database, tmp_path / "second", {"receivables": [receivable("N9", "S3", 9)]}
    )

    assert problems == [
        "receivables.jsonl:1: student: the account of school TH-2 is not proved yet"
    ]


async def test_public_tuition_of_an_earlier_school_year_may_still_be_owed(
    database: TestDatabase, tmp_path: Path
) -> None:
    bundle = small_bundle()
    bundle["receivables"] = [receivable("N1", "S1", period="2025-05", lines=TUITION)]

    loaded = await load_bundle(database.operator(), tmp_path, bundle)

    assert loaded.added["receivables"] == 1


async def test_a_private_school_may_ask_for_tuition(database: TestDatabase, tmp_path: Path) -> None:
    bundle = small_bundle()
    bundle["receivables"] = [receivable("N1", "S3", lines=TUITION)]

    loaded = await load_bundle(database.operator(), tmp_path, bundle)

    assert loaded.added["receivables"] == 1


async def test_a_kept_line_of_0_dong_may_not_be_dropped(
    database: TestDatabase, tmp_path: Path
) -> None:
    first, second = small_bundle(), small_bundle()
    first["receivables"] = [receivable("N1", "S1", 5, 0)]
    second["receivables"] = [receivable("N1", "S1", 5)]
    await load_bundle(database.operator(), tmp_path / "first", first)

    assert await refused(database, tmp_path / "second", second) == [
        "receivables.jsonl:1: lines: differ from what is kept"
    ]


async def test_what_only_rests_on_a_bad_line_is_not_listed_when_all_is_refused(
    database: TestDatabase, tmp_path: Path
) -> None:
    bundle = small_bundle()
    bundle["schools"][0]["level"] = "?"

    assert await refused(database, tmp_path, bundle) == [
        "schools.jsonl:1: level: must be a level such as MN, TH, THCS, THPT"
    ]


async def test_a_long_list_of_problems_is_cut_and_counted(
    database: TestDatabase, tmp_path: Path
) -> None:
    bundle = small_bundle()
    bundle["students"] += [{"code": f"X{each}"} for each in range(PROBLEMS_LISTED_MAX)]

    with pytest.raises(BundleRefused) as caught:
        await load_bundle(database.operator(), tmp_path, bundle)

    assert len(caught.value.problems) == PROBLEMS_LISTED_MAX
    assert caught.value.found == 4 * PROBLEMS_LISTED_MAX
