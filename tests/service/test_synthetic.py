import re
import tracemalloc
from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.money import dong
from service.synthetic import FILES, BundleFacts, SampleRefused, write_bundle
from service.synthetic_pupils import DEMO_PUPIL
from tests.service.sample_bundle import Rows, due, make, read

KEYS = {
    "units": "code kind name parent relation valid_from valid_to succeeds",
    "schools": "code name level ownership unit",
    "accounts": "number bank holder schools kind parent student memo_prefix",
    "classes": "code school school_year grade name",
    "students": ("code school class name birth_date moet_code status virtual_account guardians"),
    "fee_items": "code school name legal_class unit price_dong legal_basis",
    "receivables": "external_id student period issued_at due_date lines",
}
"""The key order of the bundle format."""


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    return make(tmp_path_factory.mktemp("province"), schools=64, pupils=130)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("one", 7), ("again", 7), ("other", 8)):
        make(tmp_path / name, schools=5, seed=seed)

    for name in FILES:
        one, again, other = (
            (tmp_path / folder / f"{name}.jsonl").read_bytes()
            for folder in ("one", "again", "other")
        )
        assert one == again
        if name in {"students", "receivables", "fee_items"}:
            assert one != other


def test_a_second_run_into_the_same_folder_replaces_the_files(tmp_path: Path) -> None:
    make(tmp_path / "here", pupils=60)
    small = make(tmp_path / "here", pupils=9)

    assert small == make(tmp_path / "fresh", pupils=9)


def test_the_first_notice_is_that_of_the_tour(province: Rows) -> None:
    notice, pupil = province["receivables"][0], province["students"][0]
    account, school = province["accounts"][0], province["schools"][0]

    assert (school["code"], school["name"]) == ("TH-PB1", "Trường Tiểu học Số 1 Phú Bài")
    assert school["ownership"] == "public"
    assert pupil["name"] == "Nguyễn Hoàng Minh An"
    assert pupil["class"] == province["classes"][0]["code"] == "TH-PB1-3A"
    assert province["classes"][0]["name"] == "3A"
    assert (notice["student"], notice["period"]) == (pupil["code"], "2026-11")
    assert due(notice) == 1_250_000
    assert account["number"] == "0011012345678"
    assert (account["bank"], account["schools"]) == ("970403", ["TH-PB1"])
    assert account["holder"] == "TRUONG TIEU HOC SO 1 PHU BAI"
    assert [one["student"] for one in province["receivables"]].count(pupil["code"]) == 1


@pytest.mark.parametrize("seed", range(5))
def test_the_tour_stays_the_same_for_every_seed_and_size(tmp_path: Path, seed: int) -> None:
    rows = make(tmp_path, schools=1 + seed, pupils=1 + 9 * seed, seed=seed)

    assert rows["students"][0]["name"] == DEMO_PUPIL
    assert rows["students"][0]["code"] == "4600000001"
    assert rows["students"][0]["class"] == "TH-PB1-3A"
    assert due(rows["receivables"][0]) == 1_250_000


@pytest.mark.parametrize("name", FILES)
def test_keys_stand_in_the_order_of_the_format(province: Rows, name: str) -> None:
    for row in province[name]:
        assert " ".join(row) == KEYS[name]


def test_inner_keys_stand_in_the_order_of_the_format(province: Rows) -> None:
    for student in province["students"]:
        assert student["guardians"]
        assert {" ".join(one) for one in student["guardians"]} == {"name phone email"}
    for notice in province["receivables"]:
        assert {" ".join(one) for one in notice["lines"]} == {"fee_item name amount_dong"}


def test_values_have_the_types_of_the_format(province: Rows) -> None:
    kinds = {"province", "department", "district", "commune"}
    classes = {"tuition", "agreed", "service", "service_optional", "pass_through"}
    for unit in province["units"]:
        assert unit["kind"] in kinds
        assert date.fromisoformat(unit["valid_from"])
        assert unit["valid_to"] is None or date.fromisoformat(unit["valid_to"])
    for account in province["accounts"]:
        assert re.fullmatch(r"[0-9]{13}", account["number"])
        assert re.fullmatch(r"[0-9]{6}", account["bank"])
        assert account["kind"] == "main"
    for item in province["fee_items"]:
        assert item["legal_class"] in classes
        assert item["legal_basis"]
        assert item["price_dong"] is None or dong(item["price_dong"]) >= 0
    for student in province["students"]:
        assert re.fullmatch(r"(46|01)[0-9]{8}", student["code"])
        assert student["moet_code"] in {None, student["code"]}
        assert student["birth_date"] is None or date.fromisoformat(student["birth_date"])
        assert student["status"] in {"studying", "transferred"}
    for notice in province["receivables"]:
        assert re.fullmatch(r"20[0-9]{2}-[0-9]{2}", notice["period"])
        issued = datetime.fromisoformat(notice["issued_at"])
        assert issued.utcoffset() is not None
        assert issued.date() < date.fromisoformat(notice["due_date"])


def test_every_reference_resolves(province: Rows) -> None:
    units = {row["code"]: row for row in province["units"]}
    schools = {row["code"] for row in province["schools"]}
    classes = {row["code"]: row["school"] for row in province["classes"]}
    students = {row["code"]: row["school"] for row in province["students"]}
    items = {row["code"]: row["school"] for row in province["fee_items"]}

    assert [len(units), len(classes), len(students), len(items)] == [
        len(province[name]) for name in ("units", "classes", "students", "fee_items")
    ]
    assert {row["unit"] for row in province["schools"]} <= set(units)
    assert {code for row in province["accounts"] for code in row["schools"]} == schools
    assert set(classes.values()) == schools
    assert set(items.values()) == schools | {None}
    for row in province["students"]:
        assert classes[row["class"]] == row["school"]
    for row in province["receivables"]:
        owners = {items[line["fee_item"]] for line in row["lines"]}
        assert owners <= {None, students[row["student"]]}


def test_notices_are_never_negative_and_of_believable_size(province: Rows) -> None:
    sums = [due(notice) for notice in province["receivables"]]

    assert min(sums) >= 200_000
    assert max(sums) <= 1_600_000
    assert len(set(sums)) > 500
    assert {len(notice["lines"]) for notice in province["receivables"]} == {4, 5, 6, 7, 8}
    taken_off = [
        line["amount_dong"]
        for notice in province["receivables"]
        for line in notice["lines"]
        if line["amount_dong"] < 0
    ]
    assert len(taken_off) > 100


def test_meals_are_days_times_the_school_s_own_price(province: Rows) -> None:
    prices = {item["code"]: item["price_dong"] for item in province["fee_items"]}
    for notice in province["receivables"]:
        for line in notice["lines"]:
            if line["fee_item"].startswith("TA-"):
                days = int(re.findall(r"([0-9]+) ngày", line["name"])[0])
                assert abs(line["amount_dong"]) == days * prices[line["fee_item"]]


def test_public_schools_never_charge_tuition_and_private_ones_do(province: Rows) -> None:
    tuition = {row["code"] for row in province["fee_items"] if row["legal_class"] == "tuition"}
    owners = {row["code"]: row["ownership"] for row in province["schools"]}
    school_of = {row["code"]: row["school"] for row in province["students"]}
    charged: dict[str, set[int]] = defaultdict(set)
    for notice in province["receivables"]:
        owner = owners[school_of[notice["student"]]]
        lines = [line for line in notice["lines"] if line["fee_item"] in tuition]
        assert len(lines) == 1
        charged[owner].add(lines[0]["amount_dong"])

    assert charged["public"] == {0}
    assert min(charged["private"]) > 0


def test_each_pupil_has_one_notice_and_a_few_an_older_one_of_another_sum(province: Rows) -> None:
    notices: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for notice in province["receivables"]:
        notices[notice["student"]].append(notice)
    left = {row["code"] for row in province["students"] if row["status"] == "transferred"}
    several = [held for held in notices.values() if len(held) > 1]

    assert set(notices) == {row["code"] for row in province["students"]}
    assert 0.01 < len(several) / len(notices) < 0.03
    for held in several:
        assert [one["period"] for one in held] == ["2026-11", "2026-10"]
        assert due(held[0]) != due(held[1])
    assert left
    assert {one["period"] for code in left for one in notices[code]} == {"2026-10"}
    numbers = [row["external_id"] for row in province["receivables"]]
    assert [int(number[-7:]) for number in numbers] == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize(
    ("period", "year", "before"),
    [
        ("2026-11", "2026-2027", "2026-10"),
        ("2027-01", "2026-2027", "2026-12"),
        ("2026-08", "2026-2027", "2026-07"),
        ("2026-07", "2025-2026", "2026-06"),
    ],
)
def test_the_school_year_follows_the_period(
    tmp_path: Path, period: str, year: str, before: str
) -> None:
    write_bundle(tmp_path, schools=2, pupils_per_school=200, seed=3, period=period)
    rows = read(tmp_path)

    assert {row["school_year"] for row in rows["classes"]} == {year}
    assert {row["period"] for row in rows["receivables"]} == {period, before}
    assert due(rows["receivables"][0]) == 1_250_000


def test_issue_and_due_date_can_be_named(tmp_path: Path) -> None:
    issued = datetime(2026, 11, 2, 17, 30, tzinfo=UTC)
    write_bundle(
        tmp_path,
        schools=1,
        pupils_per_school=3,
        seed=3,
        issued_at=issued,
        due_date=date(2026, 11, 30),
    )
    notice = read(tmp_path)["receivables"][0]

    assert notice["issued_at"] == "2026-11-03T00:30:00+07:00"
    assert notice["due_date"] == "2026-11-30"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"schools": 0}, "schools"),
        ({"pupils_per_school": 0}, "pupils_per_school"),
        ({"period": "2026-13"}, "period"),
        ({"period": "2026-11-01"}, "period"),
        ({"issued_at": datetime(2026, 11, 2, 8)}, "issued_at"),  # noqa: DTZ001
    ],
)
def test_a_senseless_sample_is_refused_before_a_file_is_made(
    tmp_path: Path, wrong: dict[str, Any], field: str
) -> None:
    wanted = {"schools": 1, "pupils_per_school": 1, "seed": 1} | wrong

    with pytest.raises(SampleRefused) as refused:
        write_bundle(tmp_path / "bundle", **wanted)

    assert refused.value.facts == {"field": field}
    assert not (tmp_path / "bundle").exists()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(schools=st.integers(1, 9), pupils=st.integers(1, 40), seed=st.integers(0, 2**40))
def test_any_size_and_seed_holds_what_it_promises(
    tmp_path_factory: pytest.TempPathFactory, schools: int, pupils: int, seed: int
) -> None:
    directory = tmp_path_factory.mktemp("any")
    facts = write_bundle(directory, schools=schools, pupils_per_school=pupils, seed=seed)
    rows = read(directory)

    assert facts == BundleFacts(
        **{name: len(rows[name]) for name in FILES},
        due_dong=sum(due(notice) for notice in rows["receivables"]),
    )
    assert (facts.schools, facts.students) == (schools, schools * pupils)
    assert all(due(notice) > 0 for notice in rows["receivables"])
    assert len({row["code"] for row in rows["students"]}) == facts.students
    assert {row["class"] for row in rows["students"]} == {row["code"] for row in rows["classes"]}


def test_writing_needs_far_less_memory_than_the_files_it_writes(tmp_path: Path) -> None:
    write_bundle(tmp_path / "warm", schools=1, pupils_per_school=5, seed=1)
    tracemalloc.start()
    write_bundle(tmp_path, schools=24, pupils_per_school=250, seed=1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    written = sum((tmp_path / f"{name}.jsonl").stat().st_size for name in FILES)
    assert peak < written / 3
