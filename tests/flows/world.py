"""The real side of the model test: the same deeds on a real database, with the real scopes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from kernel.access import Auditor, Desk
from kernel.db import Database
from kernel.errors import DomainError
from kernel.money import Dong
from payments.adjust import cancel
from reconciliation import books, cases
from reconciliation.cases import Assignment, PupilPart, notice_parts
from reconciliation.jobs import settle_waiting
from reconciliation.model import Direction
from tests.database import TestDatabase
from tests.flows.model import Refused, Told
from tests.rows import NOW, Issued, Planter, Pupil, School, arrival

ACTOR = "user:1"


@dataclass(slots=True)
class World:
    """One database with its schools; model names point to real rows."""

    planter: Planter
    api: Database
    worker: Database
    operator: Database
    unknown_code: str
    places: list[School] = field(default_factory=list)
    """A school and one of its accounts each; the model's account is the row's id."""
    pupils: dict[str, Pupil] = field(default_factory=dict)
    notices: list[Issued] = field(default_factory=list)
    steps: int = 0

    @classmethod
    async def make(cls, database: TestDatabase, planter: Planter, unknown_code: str) -> "World":
        """Plant two schools on one account, one of them with an account more, and a third."""
        world = cls(planter, database.api(), database.worker(), planter.db, unknown_code)
        one = await planter.school("A")
        shared = await planter.school("B", account_of=one)
        other = await planter.school("C")
        world.places = [one, shared, other, await world._second_account(one)]
        return world

    async def _second_account(self, school: School) -> School:
        account = await self.planter.su.fetchval(
            "insert into account (number, bank_bin, holder, kind, proof)"
            " values ('77770001', '970403', 'TRUONG A', 'main', 'released') returning id"
        )
        await self.planter.su.execute("insert into account_school values ($1, $2)",
                                      account, school.id)  # fmt: skip
        return replace(school, account_id=account, account_number="77770001")

    @property
    def desk(self) -> Desk:
        """The accountant of all these schools."""
        schools = {place.id for place in self.places}
        return Desk(tuple(schools), tuple({place.account_id for place in self.places}))

    async def pupil(self, place: int, name: str) -> None:
        self.pupils[name] = await self.planter.pupil(self.places[place])

    async def issue(self, pupil: str, place: int, due: int, due_date: date) -> None:
        row = replace(self.pupils[pupil], school=self.places[place])
        self.notices.append(await self.planter.notice(row, due, due_date=due_date))

    async def receive(self, event_id: str, money: Told, memo: str) -> int:
        place = next(each for each in self.places if each.account_id == money.account)
        told = arrival(
            place,
            money.amount,
            memo,
            txn=money.txn,
            bank_ref=money.ref or None,
            direction=Direction.OUT if money.out else Direction.IN,
            related_bank_ref=money.related,
        )
        return await self.planter.receive(replace(told, event_id=event_id))

    def code_of(self, number: int) -> str:
        return self.unknown_code if number < 0 else self.notices[number].code

    async def settle(self) -> int:
        done = await settle_waiting(self.worker, "HPX")
        assert done.failed == 0
        return done.decided

    async def assign(self, txn: str, notices: Mapping[int, int], pupils: Mapping[str, int]) -> None:
        case = await self.planter.su.fetchval(
            "select k.id from credit_case k join bank_credit c"
            " on c.account_id = k.account_id and c.id = k.credit_id"
            " where c.provider_txn_id = $1 order by k.id desc limit 1",
            txn,
        )
        parts = Assignment(
            notice_parts([(self.notices[each].key, amount) for each, amount in notices.items()]),
            tuple(
                PupilPart((self.pupils[each].school.id, self.pupils[each].id), Dong(amount))
                for each, amount in pupils.items()
            ),
        )
        try:
            async with self.api.transaction(self.desk) as tx:
                await cases.assign(tx, case or 0, parts, actor=ACTOR, now=self._now())
        except DomainError as refused:
            raise Refused from refused

    async def undo(self, txn: str) -> None:
        row = await self.planter.su.fetchrow(
            "select account_id, id from bank_credit where provider_txn_id = $1", txn
        )
        try:
            async with self.api.transaction(self.desk) as tx:
                await cases.undo(tx, *tuple(row), reason="thử", actor=ACTOR, now=self._now())
        except DomainError as refused:
            raise Refused from refused

    async def cancel(self, number: int) -> int:
        try:
            async with self.api.transaction(self.desk) as tx:
                return await cancel(
                    tx, *self.notices[number].key, reason="thử", actor=ACTOR, now=self._now()
                )
        except DomainError as refused:
            raise Refused from refused

    def _now(self):
        self.steps += 1
        return NOW + timedelta(seconds=self.steps)

    async def breaches(self) -> list[books.Finding]:
        """Check the books as the auditor does."""
        async with self.operator.transaction(Auditor()) as tx:
            return [finding for finding in await books.check(tx) if finding.breaches]
