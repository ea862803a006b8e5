"""With --keep-good a load leaves out bad lines and what rests on them, and keeps the rest."""

from pathlib import Path

from tests.database import TestDatabase
from tests.payments.bundles import BOOK, load_bundle, receivable, small_bundle, student, unit


async def test_keep_good_leaves_out_a_bad_line_and_all_that_rests_on_it(
    database: TestDatabase, tmp_path: Path
) -> None:
    # given a bad school with an account, a class, two pupils and three notices, and a bad notice
    bundle = small_bundle()
    bundle["schools"][0]["level"] = "?"
    bundle["students"].append(student("S4", "TH-2"))
    bundle["receivables"] += [receivable("N5", "S4", -1), receivable("N6", "S4", 6)]

    loaded = await load_bundle(database.operator(), tmp_path, bundle, keep_good=True)

    assert [str(each) for each in loaded.problems] == [
        "schools.jsonl:1: level: must be a level such as MN, TH, THCS, THPT",
        "accounts.jsonl:1: schools[0]: school TH-1 is left out",
        "accounts.jsonl:2: schools[0]: school TH-1 is left out",
        "classes.jsonl:1: school: school TH-1 is left out",
        "students.jsonl:1: school: school TH-1 is left out",
        "students.jsonl:2: school: school TH-1 is left out",
        "receivables.jsonl:1: student: pupil S1 is left out",
        "receivables.jsonl:2: student: pupil S2 is left out",
        "receivables.jsonl:4: student: pupil S1 is left out",
        "receivables.jsonl:5: lines: sum to -1 dong; a line may be negative, a notice may not",
    ]
    assert loaded.added["receivables"] == 2
    assert loaded.left_out["receivables"] == 4
    async with database.superuser() as su:
        kept = await su.fetch("select external_id, code from invoice order by id")
    assert [tuple(row) for row in kept] == [("N3", BOOK.make(0)), ("N6", BOOK.make(1))]


async def test_keep_good_leaves_out_the_whole_branch_below_an_unknown_unit(
    database: TestDatabase, tmp_path: Path
) -> None:
    bundle = small_bundle()
    bundle["units"] += [unit("Z1", "cluster", "99"), unit("Z2", "campus", "Z1")]

    loaded = await load_bundle(database.operator(), tmp_path, bundle, keep_good=True)

    assert [str(each) for each in loaded.problems] == [
        "units.jsonl:4: parent: unit 99 is neither in the bundle nor kept",
        "units.jsonl:5: parent: unit Z1 is left out",
    ]
    assert loaded.added["units"] == 3
