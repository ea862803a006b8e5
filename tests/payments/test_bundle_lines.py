"""One line of a bundle: rows for staging, or problems that name field and rule. Never an error."""

import json
import unicodedata
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import DONG_MAX
from payments.bundle_lines import (
    ACCOUNTS,
    CLASSES,
    FEE_ITEMS,
    FILES,
    RECEIVABLES,
    SCHOOLS,
    STUDENTS,
    UNITS,
    BundleFile,
    read_line,
)
from payments.bundle_rows import PARENTS_FUND_LAW, ReadLine, Terms, law_against, tidy
from tests.payments.bundles import receivable, small_bundle, student, unit

TERMS = Terms(sample_code="HPXVHKR9P00JTM")
ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda each: (
        st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=8), each, max_size=3)
    ),
    max_leaves=8,
)


def read(file: BundleFile, row: object) -> ReadLine | list[str]:
    """Read a row as line 17; problems as they are printed."""
    raw = row.encode() if isinstance(row, str) else json.dumps(row).encode()
    found = read_line(file, 17, raw, TERMS)
    return found if isinstance(found, ReadLine) else [str(problem) for problem in found]


def good_rows() -> list[tuple[BundleFile, dict[str, Any]]]:
    bundle = small_bundle()
    return [(file, bundle[file.name.removesuffix(".jsonl")][0]) for file in FILES]


GOOD = good_rows()


@given(st.sampled_from(FILES), st.binary(max_size=60))
def test_any_bytes_give_rows_or_problems(file: BundleFile, raw: bytes) -> None:
    found = read_line(file, 1, raw, TERMS)

    assert isinstance(found, ReadLine) or (found and all(each.rule for each in found))


@given(st.sampled_from(GOOD), st.data())
def test_any_value_in_any_field_gives_rows_or_a_problem_of_that_field(
    good: tuple[BundleFile, dict[str, Any]], draw: st.DataObject
) -> None:
    file, row = good
    field = draw.draw(st.sampled_from(sorted(row)))

    found = read_line(file, 1, json.dumps(row | {field: draw.draw(ANY_JSON)}).encode(), TERMS)

    if isinstance(found, tuple):
        related = {"issued_at": {"due_date"}, "valid_from": {"valid_to"}, "code": {"parent"}}
        allowed = {field} | related.get(field, set()) | ({"parent"} if field == "kind" else set())
        assert {problem.field.split("[")[0] for problem in found} <= allowed


@pytest.mark.parametrize(("file", "row"), GOOD, ids=[file.name for file, _ in GOOD])
def test_every_field_is_needed_or_may_be_null_and_no_other_is_taken(
    file: BundleFile, row: dict[str, Any]
) -> None:
    assert isinstance(read(file, row), ReadLine)
    for field, value in row.items():
        short = {name: row[name] for name in row if name != field}
        left_out, null = read(file, short), read(file, row | {field: None})
        if isinstance(left_out, ReadLine):
            assert isinstance(null, ReadLine) or isinstance(value, list)
        else:
            assert left_out == [f"{file.name}:17: {field}: is missing"]
            assert not isinstance(null, ReadLine)
    assert read(file, row | {"extra": 1}) == [f"{file.name}:17: extra: is not a field of this file"]


@given(st.lists(st.integers(-(10**7), 10**7), min_size=1, max_size=3))
def test_a_notice_is_due_the_sum_of_its_lines_and_never_below_0(amounts: list[int]) -> None:
    found = read(RECEIVABLES, receivable("N1", "S1", *amounts))

    if sum(amounts) < 0:
        assert found == [
            (
                f"receivables.jsonl:17: lines: sum to {sum(amounts)} dong; a line may be negative,"
                " a notice may not"
            )
        ]
    else:
        assert isinstance(found, ReadLine)
        assert found.row[-1] == sum(amounts)
        assert [part[-1] for part in found.parts] == amounts


@given(st.text())
def test_tidy_names_are_nfc_with_single_blanks(name: str) -> None:
    tidied = tidy(name)

    assert tidy(tidied) == tidied
    assert unicodedata.is_normalized("NFC", tidied)
    assert tidied == " ".join(tidied.split())


ACCOUNT: dict[str, Any] = small_bundle()["accounts"][0]
FEE_ITEM: dict[str, Any] = small_bundle()["fee_items"][0]
CLASS: dict[str, Any] = small_bundle()["classes"][0]
SCHOOL: dict[str, Any] = small_bundle()["schools"][0]
ONE_LINE = [{"fee_item": "TA", "name": "x", "amount_dong": 1}]


def amount(value: object) -> dict[str, Any]:
    return receivable("N1", "S1", lines=[ONE_LINE[0] | {"amount_dong": value}])


WHOLE = "lines[0].amount_dong: must be a whole number of dong"
BAD: list[tuple[BundleFile, dict[str, Any], str]] = [
    (RECEIVABLES, amount(1.5), WHOLE),
    (RECEIVABLES, amount(1.0), WHOLE),
    (RECEIVABLES, amount("1"), WHOLE),
    (RECEIVABLES, amount(value=True), WHOLE),
    (RECEIVABLES, amount(None), WHOLE),
    (RECEIVABLES, amount(DONG_MAX + 1), WHOLE),
    (
        RECEIVABLES,
        receivable("N1", "S1", DONG_MAX, DONG_MAX),
        "lines: sum to more than 2^53 - 1 dong",
    ),
    (RECEIVABLES, receivable("N1", "S1"), "lines: must hold at least one line"),
    (RECEIVABLES, receivable("N1", "S1", 1, period="2026-13"), "period: must be a month: YYYY-MM"),
    (
        RECEIVABLES,
        receivable("N1", "S1", 1, issued_at="2026-11-01T08:00:00"),
        "issued_at: must be a time with offset: 2026-10-01T08:00:00+07:00",
    ),
    (
        RECEIVABLES,
        receivable("N1", "S1", 1, issued_at="2026-11-01T17:00:00Z", due_date="2026-11-01"),
        "due_date: must not lie before the day of issued_at in Vietnam",
    ),
    (
        RECEIVABLES,
        receivable("N1", "S1", lines=[ONE_LINE[0] | {"name": "Quỹ lớp"}]),
        f"lines[0].name: {PARENTS_FUND_LAW}",
    ),
    (
        FEE_ITEMS,
        FEE_ITEM | {"legal_class": "parents_fund"},
        f"legal_class: {PARENTS_FUND_LAW}",
    ),
    (
        FEE_ITEMS,
        FEE_ITEM | {"legal_class": "forbidden"},
        ("legal_class: a school may not collect money for extra lessons in school since 2025-02-14"
        " (TT 29/2024/TT-BGDĐT, art. 5)"),
    ),
    (
        FEE_ITEMS,
        FEE_ITEM | {"price_dong": -1},
        "price_dong: must be a whole number of dong, 0 or more, or null",
    ),
    (
        ACCOUNTS,
        ACCOUNT | {"bank": "BVB"},
        "bank: 'BVB' means more than one bank, give a BIN: 970438 or 970454",
    ),
    (
        ACCOUNTS,
        ACCOUNT | {"bank": "no bank"},
        "bank: no bank has the code 'no bank'; give its six-digit BIN",
    ),
    (ACCOUNTS, ACCOUNT | {"schools": []}, "schools: must name at least one school"),
    (ACCOUNTS, ACCOUNT | {"parent": "1"}, "parent: must be null for a main account"),
    (
        ACCOUNTS,
        ACCOUNT | {"memo_prefix": "ELEVENCHARS"},
        "memo_prefix: a memo has at most 25 characters, the payment code of 14 included",
    ),
    (
        ACCOUNTS,
        ACCOUNT | {"kind": "va"},
        "kind: must be one of main, static_va, order_va",
    ),
    (CLASSES, CLASS | {"school_year": "2026-2028"}, ("school_year: must be two years in a row:"
     " 2026-2027")),
    (SCHOOLS, SCHOOL | {"level": "tiểu học"}, "level: must be a level such as MN, TH, THCS, THPT"),
    (
        STUDENTS,
        student("S1", "TH-1", birth_date="2018-02-30"),
        "birth_date: must be a day: YYYY-MM-DD, or null",
    ),
    (STUDENTS, student("S1", "TH-1", birth_date="0018-02-03"), ("birth_date: must not lie before"
     " 1900")),
    (
        STUDENTS,
        student("S1", "TH-1", status="gone"),
        "status: must be one of studying, reserved, transferred, left, graduated",
    ),
    (STUDENTS, student("S1", "TH-1", guardians=[{"phone": "1"}]), "guardians[0].name: is missing"),
    (
        UNITS,
        unit("1", "commune", "2", valid_to="2025-06-30"),
        "valid_to: must not lie before valid_from",
    ),
    (UNITS, unit("1", "commune", "1"), "parent: must be another unit"),
    (
        UNITS,
        unit(" 1", "commune", "2"),
        "code: must be text of 1 to 100 characters without blanks at its ends",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("file", "row", "problem"), BAD, ids=[problem for *_, problem in BAD])
def test_a_bad_field_is_named_with_its_rule(
    file: BundleFile, row: dict[str, Any], problem: str
) -> None:
    assert read(file, row) == [f"{file.name}:17: {problem}"]


def test_every_bad_field_of_a_line_is_named_at_once() -> None:
    row = receivable("", "S1", period=5, lines=[{"fee_item": "TA", "amount_dong": "x"}, 3])

    assert read(RECEIVABLES, row) == [
        (
            "receivables.jsonl:17: external_id: must be text of 1 to 100 characters"
            " without blanks at its ends"
        ),
        "receivables.jsonl:17: period: must be a month: YYYY-MM",
        "receivables.jsonl:17: lines[0].name: is missing",
        "receivables.jsonl:17: lines[0].amount_dong: must be a whole number of dong",
        "receivables.jsonl:17: lines[1]: must be a JSON object",
    ]


def test_a_bank_is_kept_as_its_bin_and_a_period_as_its_first_day() -> None:
    account = read(ACCOUNTS, ACCOUNT | {"bank": "Vietcombank"})
    notice = read(RECEIVABLES, receivable("N1", "S1", 1))

    assert isinstance(account, ReadLine)
    assert isinstance(notice, ReadLine)
    assert account.row[2] == "970436"
    assert notice.row[3] == date(2026, 11, 1)


@pytest.mark.parametrize("code", ["00070", "a b", "Ă", "x" * 100])
def test_codes_are_kept_letter_for_letter(code: str) -> None:
    found = read(STUDENTS, student(code, "TH-1"))

    assert isinstance(found, ReadLine)
    assert found.row[1] == code


@pytest.mark.parametrize(
    ("name", "blocked"),
    [
        ("Quỹ phụ huynh", True),
        ("QUỸ  LỚP 3A", True),
        ("Quỹ ban đại diện cha mẹ học sinh", True),
        ("Học thêm trong nhà trường", True),
        ("Quỹ khuyến học", False),
        ("Học phẩm", False),
        ("Bảo quản lớp", False),
    ],
)
def test_names_of_forbidden_funds_and_lessons_are_known(name: str, *, blocked: bool) -> None:
    assert (law_against(name) is not None) is blocked
