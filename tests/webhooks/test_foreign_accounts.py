"""A connection speaks for its own accounts only, however well its events are signed."""

import json
from typing import Any

import pytest

from kernel.access import Desk, Door, Loader
from kernel.clock import real_now
from kernel.db import Database
from reconciliation.jobs import settle_waiting
from tests.database import TestDatabase
from tests.rows import NOW, Planter, School, arrival
from webhooks.banks import sepay
from webhooks.model import Reply
from webhooks.receive import Batcher
from webhooks.routes_banks import BankDoor, Call
from webhooks.setup import NewConnection, add_connection

SECRETS = {"A": b"the secret of A", "B": b"the secret of B"}
SEAL = bytes(32)
INSERT_CREDIT = (
    "insert into bank_credit (account_id, provider, provider_txn_id, amount_dong, left_dong,"
    " direction, booked_at, description, method, received_at)"
    " values ({}, 'sepay', '1', 1, 1, 'in', now(), '', 'transfer', now())"
)
INSERT_DELIVERY = (
    "insert into delivery values (gen_random_uuid(), {}, now(), 'x', '{{}}', 'read', '[]')"
)
INSERT_ALARM = (
    "insert into alarm (kind, connection_id, source, item, facts, at)"
    " values ('x', {}, gen_random_uuid(), 0, '{{}}', now())"
)


class Town:
    """Two schools, each with its own connection, and one door for both."""

    def __init__(self, planter: Planter, door: BankDoor) -> None:
        self.planter, self.door = planter, door
        self.schools: dict[str, School] = {}
        self.paths: dict[str, str] = {}

    async def settle_in(self, code: str, operator: Database) -> None:
        school = await self.planter.school(code)
        new = NewConnection("sepay", [school.account_number], SECRETS[code], {}, sandbox=False)
        async with operator.transaction(Loader()) as tx:
            path = await add_connection(tx, new, seal_key=SEAL, actor="test", now=NOW)
        self.schools[code], self.paths[code] = school, path

    async def tell(self, through: str, about: str, txn: int, memo: str, **changes: Any) -> Reply:
        """Let the connection ``through`` tell an event on the account of ``about``."""
        told = arrival(self.schools[about], 100_000, memo, txn=str(txn), **changes)
        raw = sepay.body(told.event)
        headers = sepay.sign(SECRETS[through], raw, timestamp=int(real_now().timestamp()))

        async def receive() -> Any:
            return {"type": "http.request", "body": raw, "more_body": False}

        return await self.door.answer(
            Call("POST", "sepay", self.paths[through], "", headers, receive)
        )

    async def count(self, what: str) -> int:
        return int(await self.planter.su.fetchval(f"select count(*) from {what}"))


@pytest.fixture
async def town(database: TestDatabase):
    api, operator = database.api(), database.operator()
    async with database.superuser() as su:
        made = Town(Planter(su, operator), BankDoor(api, Batcher(api), (SEAL,), sandbox=False))
        for code in ("A", "B"):
            await made.settle_in(code, operator)
        yield made


async def test_a_hundred_signed_events_on_anothers_account_occupy_nothing(
    database: TestDatabase, town: Town
) -> None:
    pupil = await town.planter.pupil(town.schools["B"])
    notices = [await town.planter.notice(pupil, 100_000) for _ in range(100)]

    lies = [await town.tell("A", "B", txn, each.code) for txn, each in enumerate(notices, 1)]
    settled = await settle_waiting(database.worker(), "HPX")

    assert {each.status for each in lies} == {200}
    assert (settled.decided, settled.failed) == (0, 0)
    assert (await town.count("bank_credit"), await town.count("bank_event")) == (0, 0)
    assert await town.count("delivery") == 100
    assert await town.count("alarm where kind = 'foreign_account'") == 100
    assert await town.count("invoice where state <> 'issued'") == 0

    truths = [await town.tell("B", "B", txn, each.code) for txn, each in enumerate(notices, 1)]
    settled = await settle_waiting(database.worker(), "HPX")

    assert {each.status for each in truths} == {200}
    assert (settled.decided, settled.failed) == (100, 0)
    assert await town.count("bank_credit where state = 'settled' and left_dong = 0") == 100
    assert await town.count("invoice where state = 'paid'") == 100
    assert await town.count("alarm") == 100


async def test_the_alarm_stays_with_the_connection_and_names_four_digits(
    database: TestDatabase, town: Town
) -> None:
    first, second = town.schools["A"], town.schools["B"]
    await town.tell("A", "B", 1, "hoc phi")

    async def seen(school: School, table: str) -> list[Any]:
        async with database.api().transaction(Desk((school.id,), (school.account_id,))) as tx:
            return list(await tx.exec_driver_sql(f"select * from {table}"))

    (alarm,) = await seen(first, "alarm")
    assert alarm.facts == {"account": second.account_number[-4:]}
    (delivery,) = await seen(first, "delivery")
    assert delivery.problems == [alarm.facts | {"kind": "foreign_account"}]
    assert await seen(second, "alarm") == []
    assert await seen(second, "delivery") == []


async def test_an_account_nobody_has_is_foreign_too(town: Town) -> None:
    reply = await town.tell("A", "A", 1, "hoc phi", account="0000")
    spaced = await town.tell("A", "A", 2, "x", account=f" {town.schools['A'].account_number} ")

    assert (reply.status, spaced.status) == (200, 200)
    kinds = await town.planter.su.fetch("select kind, facts from alarm")
    assert [(row["kind"], json.loads(row["facts"])) for row in kinds] == [
        ("foreign_account", {"account": "0000"})
    ]
    assert await town.count("bank_credit") == 1


async def test_a_virtual_account_of_another_changes_nothing_of_where_money_belongs(
    town: Town,
) -> None:
    await town.tell("A", "A", 1, "x", virtual_account=town.schools["B"].account_number)

    found = await town.planter.su.fetchval("select account_id from bank_credit")
    assert found == town.schools["A"].account_id


async def test_the_secret_of_one_connection_opens_no_other(town: Town) -> None:
    town.paths["A"], town.paths["B"] = town.paths["B"], town.paths["A"]

    reply = await town.tell("A", "A", 1, "hoc phi")

    assert reply.status == 401
    assert await town.count("delivery") == 0


async def refusal(db: Database, scope: Door, statement: str) -> str:
    """Give what the database says against ``statement``; "" if it has nothing against it."""
    try:
        async with db.transaction(scope) as tx:
            await tx.exec_driver_sql(statement)
    except Exception as cause:  # noqa: BLE001  its words are the answer
        return str(cause)
    return ""


async def test_the_doors_role_adds_for_its_own_connection_and_account_only(
    database: TestDatabase, town: Town
) -> None:
    ids = await town.planter.su.fetch("select id from connection order by id")
    first, second = town.schools["A"], town.schools["B"]
    scope, api = Door((ids[0][0],), (first.account_id,)), database.api()

    assert await refusal(api, scope, INSERT_CREDIT.format(first.account_id)) == ""
    assert await refusal(api, scope, INSERT_DELIVERY.format(ids[0][0])) == ""
    for foreign in (
        INSERT_CREDIT.format(second.account_id),
        INSERT_DELIVERY.format(ids[1][0]),
        f"insert into credit_inbox (account_id, credit_id) values ({second.account_id}, 1)",
        INSERT_ALARM.format(ids[1][0]),
    ):
        assert "row-level security" in await refusal(api, scope, foreign), foreign
    assert "row-level security" in await refusal(
        api, Door((), ()), INSERT_CREDIT.format(first.account_id)
    )


async def test_the_doors_role_reads_no_body_and_changes_nothing(
    database: TestDatabase, town: Town
) -> None:
    await town.tell("A", "A", 1, "mot loi nhan rieng")
    ids = await town.planter.su.fetch("select id from connection order by id")
    scope = Door((ids[0][0],), (town.schools["A"].account_id,))
    api = database.api()

    for column, table in (
        *(("raw", "delivery"), ("headers", "delivery"), ("problems", "delivery")),
        *(("description", "bank_credit"), ("payer_name", "bank_credit")),
        *(("payer_account", "bank_credit"), ("amount_dong", "bank_credit"), ("*", "alarm")),
        *(("raw", "bank_event"), ("*", "credit_inbox"), ("*", "connection_secret")),
    ):
        said = await refusal(api, scope, f"select {column} from {table}")
        assert "permission denied" in said, (table, column)
    for table, column in (("delivery", "state"), ("bank_credit", "state"), ("alarm", "kind"),
                          ("bank_event", "note"), ("credit_inbox", "attempts")):  # fmt: skip
        for change in (f"update {table} set {column} = null", f"delete from {table}",
                       f"truncate {table}"):  # fmt: skip
            assert "permission denied" in await refusal(api, scope, change), change
    assert await refusal(api, scope, "select id, provider_txn_id from bank_credit") == ""
