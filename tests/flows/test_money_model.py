"""Money moved at random by everyone who may: the books hold, and an independent model agrees.

The seed is printed; ``MODEL_SEED=... pytest`` plays the same run again.
"""

import json
import os
import random
import secrets
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest

from kernel.access import Auditor
from payments.reference import CodeBook
from reconciliation.outcomes import outcome_lines
from tests.database import TestDatabase
from tests.flows.model import UNKNOWN, Model, Notice, Refused, Told
from tests.flows.world import World
from tests.rows import KEY, Planter

PUPILS = 12
DUES = (0, 100_000, 150_000, 250_000, 400_000, 1_250_000)
MEMOS = ("{}", "CK {} hoc phi", "mbvcb.123.{}.ct tu 9", "NOP TIEN {}")


@dataclass(slots=True)
class Run:
    """One run: both sides, the chance that drives them, and what was told in which order."""

    world: World
    model: Model
    rng: random.Random
    events: list[tuple[str, str]] = field(default_factory=list)
    last: str = ""

    async def step(self) -> None:
        """Do one deed on both sides; both do it, or both refuse."""
        deeds = {
            self.issue: 16, self.receive: 38, self.again: 5, self.twin: 6, self.out: 8,
            self.settle: 8, self.assign: 10, self.undo: 8, self.cancel: 4,
        }  # fmt: skip
        deed = self.rng.choices(list(deeds), weights=list(deeds.values()))[0]
        self.last = deed.__name__
        await deed()

    async def both(self, modelled: Callable[[], Any], real: Callable[[], Awaitable[Any]]) -> None:
        expected = refused = None
        try:
            expected = modelled()
        except Refused:
            refused = True
        try:
            found = await real()
        except Refused:
            assert refused, f"{self.last} was refused, the model did it"
        else:
            assert not refused, f"{self.last} was done, the model refused it"
            assert found == expected, f"{self.last} gave {found}, the model {expected}"

    async def issue(self) -> None:
        pupil = self.rng.choice(list(self.world.pupils))
        place = self.rng.choice([0, 3]) if pupil.startswith("0") else int(pupil[0])
        account = self.world.places[place].account_id
        due = self.rng.choice(DUES)
        for _ in range(self.rng.choice([1, 1, 3])):  # equal ones, due on other days
            day = date(2026, 11, 1) + timedelta(days=self.rng.randrange(30))
            self.model.issue(pupil, account, due, day)
            await self.world.issue(pupil, place, due, day)

    async def receive(self) -> None:
        number = self._some_notice()
        notice = self.model.notices[number]
        owed = notice.outstanding or notice.due or 50_000
        others = self._others(notice)
        amount = self.rng.choice(
            [owed, owed, max(1, owed // 3), owed + 100_000, owed * 2 + 1, owed + sum(others)]
            + [owed + each for each in others[:3]]
        )
        codes: tuple[int, ...] = (number,)
        account = notice.account
        match self.rng.randrange(12):
            case 0:
                codes = ()
            case 1:
                codes = (UNKNOWN,)
            case 2:
                codes = (number, self._some_notice())
            case 3:
                codes = (UNKNOWN, number)
            case 4:
                account = self.rng.choice(self.world.places).account_id
            case _:
                pass
        await self._tell(Told(self._txn(), account, amount, codes, ref=self._txn()))

    async def again(self) -> None:
        """The bank tells of known money again, now and then with other words."""
        if self.model.told:
            known = self.rng.choice(list(self.model.told.values()))
            amount = known.amount + self.rng.choice([0, 0, 1])
            await self._tell(Told(known.txn, known.account, amount, known.codes, known.out))

    async def twin(self) -> None:
        """The same payment once more, as a movement of its own under the same bank reference."""
        if self.model.told:
            known = self.rng.choice(list(self.model.told.values()))
            ref = self.rng.choice([known.ref, self._txn()])
            await self._tell(Told(self._txn(), known.account, known.amount, known.codes, ref=ref))

    async def out(self) -> None:
        if not self.model.told:
            return
        recent = list(self.model.told.values())[-60:]
        refs = [each.ref for each in recent]
        twins = [each for each in recent if each.ref and refs.count(each.ref) > 1]
        known = self.rng.choice(twins if twins and self.rng.random() < 0.3 else recent)
        related = self.rng.choice([known.ref, known.ref, known.ref, known.ref, None, "nothing"])
        amount = known.amount + self.rng.choice([0, 0, 1])
        await self._tell(
            Told(self._txn(), known.account, amount, out=True, related=related or None)
        )

    async def settle(self) -> None:
        await self.both(self.model.settle, self.world.settle)

    async def assign(self) -> None:
        case = self._some_told("case")
        if case is None:
            return
        schools = {place.id for place in self.world.places if place.account_id == case.account}
        pupils = [name for name, row in self.world.pupils.items() if row.school.id in schools]
        owing = [each for each in self.model.notices if each.pupil in pupils and each.outstanding]
        rest, notices = case.amount, dict[int, int]()
        for notice in self.rng.sample(owing, min(len(owing), self.rng.randrange(4))):
            part = min(rest, notice.outstanding) + (self.rng.random() < 0.05)
            if part:
                notices[notice.number] = part
                rest -= part
        pupil = self.rng.choice(pupils)
        kept = {pupil: rest} if rest > 0 or not notices else {}
        await self.both(
            lambda: self.model.assign(case.txn, notices, kept),
            lambda: self.world.assign(case.txn, notices, kept),
        )

    async def undo(self) -> None:
        money = self._some_told("settled") if self.rng.random() < 0.9 else self._some_told()
        if money is not None:
            await self.both(lambda: self.model.undo(money.txn), lambda: self.world.undo(money.txn))

    async def cancel(self) -> None:
        number = self._some_notice()
        await self.both(lambda: self.model.cancel(number), lambda: self.world.cancel(number))

    async def _tell(self, money: Told) -> None:
        words = " ".join(self.world.code_of(code) for code in money.codes)
        memo = self.rng.choice(MEMOS).format(words)
        event_id = f"E{len(self.events)}"
        self.events.append((event_id, money.txn))
        await self.both(
            lambda: int(self.model.receive(money)),
            lambda: self.world.receive(event_id, money, memo),
        )

    def _txn(self) -> str:
        return f"T{self.rng.getrandbits(60):x}"

    def _others(self, notice: Notice) -> list[int]:
        """List what the pupil's other notices on the account still owe, oldest due first."""
        same = [
            each
            for each in self.model.notices
            if (each.pupil, each.account) == (notice.pupil, notice.account) and each is not notice
        ]
        same.sort(key=lambda each: (each.due_date, each.number))
        return [each.outstanding for each in same if each.outstanding]

    def _some_notice(self) -> int:
        """Choose a notice, mostly a recent one."""
        count = len(self.model.notices)
        return self.rng.randrange(max(0, count - 60), count)

    def _some_told(self, state: str = "") -> Told | None:
        found = [each for each in self.model.told.values() if not state or each.state == state]
        return self.rng.choice(found[-80:]) if found else None


async def begin(database: TestDatabase, planter: Planter, seed: int) -> Run:
    unknown = CodeBook(prefix="HPX", key=KEY).make(9_999_999)
    run = Run(await World.make(database, planter, unknown), Model(), random.Random(seed))
    for number in range(PUPILS):
        await run.world.pupil(number % 3, f"{number % 3}-{number}")
    for _ in range(10):
        await run.issue()
    return run


async def compare(run: Run) -> None:
    """The database says what the model says, and the check of the books is clean."""
    world, model, fetch = run.world, run.model, run.world.planter.su.fetch
    notices = await fetch("select id, state, outstanding_dong from invoice")
    kept = await fetch("select school_id, student_id, credit_dong from pupil_balance")
    told = await fetch("select provider_txn_id, state, left_dong from bank_credit")
    balances = await fetch(
        "select l.kind, l.account_id, sum(s.amount)::bigint from transfer t cross join lateral"
        " (values (t.debit_id, t.amount_dong), (t.credit_id, -t.amount_dong)) s(id, amount)"
        " join ledger_account l on l.id = s.id where l.kind in ('bank', 'suspense') group by 1, 2"
    )

    assert {tuple(row) for row in notices} == {
        (world.notices[each.number].id, each.state, each.outstanding) for each in model.notices
    }
    assert {tuple(row) for row in kept} == {
        (row.school.id, row.id, model.pupil_credit(name)) for name, row in world.pupils.items()
    }
    assert {row[0]: (row[1], row[2]) for row in told} == model.credit_rows()
    assert {(kind, account, abs(amount)) for kind, account, amount in balances} == set(
        model.balances()
    )
    assert await world.breaches() == []


async def compare_outcomes(run: Run) -> None:
    """Every event has the outcome that the model knows; facts of a pupil are numbered through."""
    async with run.world.operator.transaction(Auditor()) as tx:
        lines = [line async for piece in outcome_lines(tx) for line in piece.lines.splitlines()]
    found = {line["event_id"]: line["outcome"] for line in map(json.loads, lines)}
    first: set[str] = set()
    expected: dict[str, str] = {}
    for event_id, txn in run.events:
        expected[event_id] = "duplicate" if txn in first else run.model.told[txn].outcome
        first.add(txn)
    assert found == expected
    gaps = await run.world.planter.su.fetchval(
        "select count(*) from pupil_balance b where b.fact_version <>"
        " (select count(distinct f.version) from fact f"
        "   where f.school_id = b.school_id and f.student_id = b.student_id"
        "     and f.version between 1 and b.fact_version)"
        " or b.fact_version <> (select count(*) from fact f"
        "   where f.school_id = b.school_id and f.student_id = b.student_id)"
    )
    assert gaps == 0


async def play(database: TestDatabase, *, steps: int, close: int, every: int) -> None:
    """Play ``steps`` deeds; look after each of the first ``close``, then after each ``every``."""
    seed = int(os.environ.get("MODEL_SEED", "0")) or secrets.randbits(32)
    sys.stdout.write(f"MODEL_SEED={seed}\n")
    async with database.superuser() as su:
        run = await begin(database, Planter(su, database.operator()), seed)
        for number in range(1, steps + 1):
            try:
                await run.step()
                if number <= close or number % every == 0:
                    await compare(run)
            except AssertionError as wrong:
                wrong.add_note(f"MODEL_SEED={seed}, deed {number}: {run.last}")
                raise
        await run.settle()
        await compare(run)
        await compare_outcomes(run)


async def test_three_hundred_deeds_keep_the_books(database):
    await play(database, steps=300, close=100, every=20)


@pytest.mark.matrix
@pytest.mark.timeout(900)
async def test_ten_thousand_deeds_keep_the_books(database):
    await play(database, steps=10_000, close=150, every=100)
