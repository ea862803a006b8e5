import re
import unicodedata
from collections import Counter, defaultdict
from math import gcd
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.synthetic import write_bundle
from service.synthetic_names import bank_upper, person, seeded
from service.synthetic_pupils import CODE_STEP, CODES, DEMO_PUPIL, PHONE_STEP, PHONES
from service.synthetic_units import school_plans
from tests.service.sample_bundle import Rows, by_phone, make


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    return make(tmp_path_factory.mktemp("province"), schools=64, pupils=130)


def test_units_come_after_their_superiors_and_heirs_after_the_dissolved(province: Rows) -> None:
    known: dict[str, dict[str, Any]] = {}
    for unit in province["units"]:
        assert unit["parent"] in {None, *known}
        for old in unit["succeeds"]:
            assert known[old]["kind"] == "district"
            assert known[old]["valid_to"] == "2025-06-30"
            assert unit["valid_from"] == "2025-07-01"
        known[unit["code"]] = unit

    heirs = Counter(old for unit in province["units"] for old in unit["succeeds"])
    assert sorted(heirs.values()) == [2, 3]
    assert sum(unit["kind"] == "commune" for unit in province["units"]) == 40
    assert "mẫu" in province["units"][0]["name"]


def test_upper_secondary_schools_belong_to_the_department_and_others_to_communes(
    province: Rows,
) -> None:
    kinds = {unit["code"]: unit["kind"] for unit in province["units"]}
    for school in province["schools"]:
        upper = school["level"] in {"THPT", "GDTX"}
        assert kinds[school["unit"]] == ("department" if upper else "commune")


def test_surnames_follow_their_weights(province: Rows) -> None:
    first = Counter(row["name"].split()[0] for row in province["students"])
    share = {name: count / first.total() for name, count in first.items()}

    assert 0.35 < share["Nguyễn"] < 0.42
    assert 0.10 < share["Trần"] < 0.14
    assert 0.08 < share["Lê"] < 0.11
    assert share["Phạm"] > share["Bùi"] > 0.01
    assert {"Tôn", "Công"} <= set(first)


def test_a_fifth_of_the_pupils_has_a_sibling_also_in_other_schools(province: Rows) -> None:
    families = [held for held in by_phone(province).values() if len(held) > 1]
    related = {row["code"] for held in families for row in held}
    apart = [held for held in families if len({row["school"] for row in held}) > 1]

    assert 0.15 <= len(related) / len(province["students"]) <= 0.20
    assert len(apart) > 50
    assert max(len(held) for held in families) >= 3
    for held in families:
        assert len({row["class"] for row in held}) == len(held)
    royal = {"Tôn", "Công"}
    for held in families:
        surnames = {row["name"].split()[0] for row in held}
        assert len(surnames) == 1 or surnames <= royal


def test_namesakes_share_a_class_but_no_guardian(province: Rows) -> None:
    held: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in province["students"]:
        held[row["class"], row["name"]].append(row)
    pairs = [rows for rows in held.values() if len(rows) > 1]

    schools = {rows[0]["school"] for rows in pairs}
    assert len(schools) == len(province["schools"])
    for rows in pairs:
        phones = [one["phone"] for row in rows for one in row["guardians"] if one["phone"]]
        assert len(phones) == len(set(phones))


def test_the_school_of_the_tour_has_a_brother_a_namesake_and_a_very_long_name(
    province: Rows,
) -> None:
    pupils = [row for row in province["students"] if row["school"] == "TH-PB1"]
    an = [row for row in pupils if row["name"] == DEMO_PUPIL]
    siblings = [row for row in pupils if row["guardians"] == pupils[0]["guardians"]]
    long = [row["name"] for row in pupils if row["name"].startswith("Công Tằng Tôn Nữ")]

    assert len({row["class"] for row in an}) == len(an) == 2
    assert [row["name"] for row in siblings] == [DEMO_PUPIL, "Nguyễn Hoàng Gia Huy"]
    assert len(max(long, key=len)) > 55


def test_nobody_can_be_reached(province: Rows) -> None:
    guardians = [one for row in province["students"] for one in row["guardians"]]
    phones = [one["phone"] for one in guardians]

    assert all(re.fullmatch(r"0000[0-9]{6}", phone) for phone in phones if phone)
    assert 0.02 < phones.count(None) / len(phones) < 0.04
    assert all(one["email"].endswith("@example.invalid") for one in guardians if one["email"])


def test_accounts_are_shared_doubled_and_one_wants_a_prefix(province: Rows) -> None:
    accounts = province["accounts"]
    per_school = Counter(code for row in accounts for code in row["schools"])
    names = {row["code"]: row["name"] for row in province["schools"]}

    assert any(len(row["schools"]) == 2 for row in accounts)
    assert set(per_school.values()) == {1, 2}
    assert {per_school[code] for row in accounts for code in row["schools"][1:]} == {1}
    assert [row["bank"] for row in accounts if row["memo_prefix"] == "SEVQR"] == ["970415"]
    assert {row["memo_prefix"] for row in accounts} == {None, "SEVQR"}
    assert len({(row["bank"], row["number"]) for row in accounts}) == len(accounts)
    for row in accounts:
        assert row["holder"] == bank_upper(names[row["schools"][0]])
        assert re.fullmatch(r"[A-Z0-9& -]+", row["holder"])
    assert all(row["number"].startswith("0000") for row in accounts[1:])


def test_pupils_are_as_old_as_their_grade(province: Rows) -> None:
    grades = {row["code"]: row["grade"] for row in province["classes"]}
    for row in province["students"]:
        grade = grades[row["class"]]
        if row["birth_date"] and grade.isdigit():
            assert 2026 - int(row["birth_date"][:4]) == int(grade) + 5


def test_a_province_of_590_schools_has_the_levels_of_the_profile() -> None:
    plans = school_plans(schools=590, pupils_per_school=463, seed=1)
    levels = Counter(plan.level for plan in plans)
    pupils: Counter[str] = Counter()
    for plan in plans:
        pupils[plan.level] += plan.pupils

    assert levels == {"MN": 205, "TH": 195, "THCS": 130, "THPT": 45, "TH&THCS": 10, "GDTX": 5}
    assert pupils.total() == 590 * 463
    assert 0.18 < pupils["MN"] / pupils.total() < 0.22
    assert 0.38 < pupils["TH"] / pupils.total() < 0.43
    assert len({plan.code for plan in plans}) == 590


@given(seed=st.integers(0, 2**32), female=st.booleans())
def test_a_child_bears_the_name_of_the_family(seed: int, *, female: bool) -> None:
    rng = seeded(seed, "test")
    parent = person(rng, female=not female)
    child = person(rng, female=female, surname=parent.surname)

    assert child.name.startswith(f"{child.surname} ")
    assert child.name == unicodedata.normalize("NFC", child.name)
    words = child.name.removeprefix(child.surname).split()
    assert len(words) == len(set(words)) >= 2
    if "Tôn" in parent.surname:
        assert ("Nữ" in child.surname) == female
    else:
        assert child.surname == parent.surname


@given(st.text())
def test_a_folded_name_has_only_bare_capitals(text: str) -> None:
    folded = bank_upper(text)

    assert folded.isascii()
    assert folded == bank_upper(folded) == folded.strip()


def test_a_name_is_folded_as_banks_write_it() -> None:
    assert bank_upper("Đặng Thị  Đào ưỡn") == "DANG THI DAO UON"


def test_no_code_or_phone_comes_twice_in_a_whole_province() -> None:
    assert gcd(CODE_STEP, CODES) == gcd(PHONE_STEP, PHONES) == 1


def test_the_pupil_of_the_tour_owes_one_notice_whatever_the_seed(tmp_path: Path) -> None:
    for seed in range(100):
        facts = write_bundle(tmp_path, schools=1, pupils_per_school=1, seed=seed)
        assert (facts.receivables, facts.due_dong) == (1, 1_250_000)
