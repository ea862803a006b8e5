"""The oracle of the kill rig, without any process: it accepts the right, names each wrong."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from kernel.money import dong
from payments.vietqr import VietQr, encode
from service.synthetic_bank_rows import InvoiceRow
from tests.chaos.rig_oracle import Outcome, differences, judge
from tests.chaos.rig_plan import CASES, SHARES, Plan, Told, make_plan

PLAN = Plan(
    told=[
        Told("1", "exact:N1", "A", 100, "memo", again=False),
        Told("2", "over:N2", "A", 250, "memo", again=True),
        Told("3", "no_code:N3", "A", 70, "memo", again=False),
    ],
    paid=Counter(N1=100, N2=200),
    kept=Counter(P2=50),
    suspended=Counter(A=70),
)
ACKED = {"1": 1, "2": 2, "3": 1}


def fact(notice: str, pupil: str, version: int, paid: int) -> dict[str, Any]:
    return {
        "type": "invoice.paid",
        "external_id": notice,
        "student": pupil,
        "version": version,
        "state": "paid",
        "due_dong": paid,
        "paid_dong": paid,
        "outstanding_dong": 0,
    }


def right() -> Outcome:
    return Outcome(
        credits=Counter([("A", "1", 100), ("A", "2", 250), ("A", "3", 70)]),
        notices={"N1": ("paid", 100, 100), "N2": ("paid", 200, 200), "N3": ("issued", 70, 0)},
        pupils={"P2": 50},
        suspense={"A": 70},
        decided={"exact:N1": ["[100]"], "over:N2": ["[250]"], "no_code:N3": ["[70]"]},
        told={"N1": fact("N1", "P1", 1, 100), "N2": fact("N2", "P2", 1, 200)},
        told_count=Counter(P1=1, P2=1),
    )


def test_what_the_plan_says_is_right() -> None:
    assert judge(right(), PLAN, ACKED) == []
    assert differences(right(), right()) == []


WRONGS: dict[str, Callable[[Outcome], object]] = {
    "lost": lambda seen: seen.credits.pop(("A", "1", 100)),
    "doubled": lambda seen: seen.credits.update([("A", "2", 250)]),
    "books": lambda seen: seen.breaches.append("suspense"),
    "N1: 90 laid": lambda seen: seen.notices.update(N1=("partly_paid", 100, 90)),
    "N1: issued with 100": lambda seen: seen.notices.update(N1=("issued", 100, 100)),
    "N2: paid was never told": lambda seen: seen.told.pop("N2"),
    "N1: paid 100 but last told": lambda seen: seen.told["N1"].update(paid_dong=60),
    "N3: told though": lambda seen: seen.told.update(N3=fact("N3", "P3", 1, 70)),
    "pupil credit": lambda seen: seen.pupils.clear(),
    "suspense": lambda seen: seen.suspense.update(A=0),
    "out of order": lambda seen: seen.disorder.append("P1: 1 after 2"),
    "stray": lambda seen: seen.stray.append("given up"),
}


@pytest.mark.parametrize("name", WRONGS)
def test_each_wrong_is_named(name: str) -> None:
    # given
    seen = right()

    # when
    WRONGS[name](seen)

    # then
    assert [each for each in judge(seen, PLAN, ACKED) if each.startswith(name)]


def test_a_transaction_without_acknowledgement_is_named() -> None:
    assert judge(right(), PLAN, {"1": 1, "2": 1}) == ["unacknowledged: 3"]


@pytest.mark.parametrize(
    "changed",
    [
        {"credits": Counter()},
        {"notices": {}},
        {"pupils": {"P2": 51}},
        {"suspense": {}},
        {"decided": {"exact:N1": ["[100]", "[100]"]}},
        {"told": {}},
        {"told_count": Counter(P1=2, P2=1)},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_run_that_ended_otherwise_is_named(changed: dict[str, Any]) -> None:
    assert differences(replace(right(), **changed), right())


def row(number: int) -> InvoiceRow:
    account = "970403", f"00110012345{number % 3:02}"
    code = f"HPX{number:08d}ABC"
    payload = encode(VietQr(*account, amount=dong(500_000), purpose=code))
    return InvoiceRow(
        f"N{number}", code, code, f"P{number}", "S", 500_000, 0, "issued", None, payload
    )


def test_a_plan_tells_every_kind_and_puts_every_dong_somewhere() -> None:
    # given
    rows = [row(number) for number in range(400)]

    # when
    plan = make_plan(rows, seed=1)

    # then
    money = sum(each.amount for each in plan.told)
    assert plan.paid.total() + plan.kept.total() + plan.suspended.total() == money
    assert {each.group.split(":")[0] for each in plan.told} == set(SHARES)
    assert len({each.txn for each in plan.told}) == len(plan.told)
    assert make_plan(rows, seed=1) == plan
    assert make_plan(rows, seed=2) != plan
    assert set(plan.suspended) == {each.account for each in plan.told
                                   if each.group.split(":")[0] in CASES}  # fmt: skip
