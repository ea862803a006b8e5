"""The batcher of the bank door on a real database: kept before answered, one bad among good."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from kernel.access import Loader, SignIn
from kernel.clock import real_now
from kernel.db import Database
from kernel.errors import Unavailable
from tests.database import TestDatabase
from tests.rows import NOW, Planter, School, arrival
from webhooks import reads
from webhooks.banks import sepay
from webhooks.model import ConnectionView, Headers
from webhooks.reads import KeptConnection
from webhooks.receive import BATCH, PENDING_MAX, Batcher, DoorFull, Knock
from webhooks.setup import NewConnection, add_connection

SECRET, SEAL = b"a bank's own secret", bytes(32)


class Bench:
    """One school with its bank connection, and knocks as the door would make them."""

    def __init__(self, su: Any, school: School, connection: KeptConnection) -> None:
        self.su, self.school, self.connection = su, school, connection

    def knock(self, txn: int = 1, headers: Headers | None = None) -> Knock:
        event = arrival(self.school, 500_000, "hoc phi", txn=str(txn)).event
        return self.knock_of(sepay.body(event), headers)

    def knock_of(self, raw: bytes, headers: Headers | None = None) -> Knock:
        own = self.connection
        view = ConnectionView(own.provider, frozenset(own.accounts), (SECRET,), {}, sandbox=False)
        return Knock(own, real_now(), raw, headers or {}, sepay.parse(raw, {}, view))

    async def count(self, what: str) -> int:
        return int(await self.su.fetchval(f"select count(*) from {what}"))


@pytest.fixture
async def bench(database: TestDatabase) -> AsyncGenerator[Bench]:
    async with database.superuser() as su:
        operator = database.operator()
        school = await Planter(su, operator).school()
        new = NewConnection("sepay", [school.account_number], SECRET, {}, sandbox=False)
        async with operator.transaction(Loader()) as tx:
            path = await add_connection(tx, new, seal_key=SEAL, actor="test", now=NOW)
        async with database.api().transaction(SignIn()) as tx:
            connection = await reads.connection_by_path(tx, path)
        assert connection is not None
        yield Bench(su, school, connection)


@asynccontextmanager
async def held(database: TestDatabase) -> AsyncGenerator[None]:
    """Hold the table of deliveries, so that a write stands still before its first row."""
    async with database.superuser() as holder, holder.transaction():
        await holder.execute("lock table delivery in access exclusive mode")
        yield


async def writers_waiting(bench: Bench) -> list[int]:
    """Wait until a writer of the door stands at the lock; give its backend."""
    while True:
        found = await bench.su.fetch(
            "select pid from pg_locks where not granted and relation = 'delivery'::regclass"
        )
        if found:
            return [row["pid"] for row in found]
        await asyncio.sleep(0.01)


async def test_a_knock_returns_only_once_its_rows_are_committed(
    database: TestDatabase, bench: Bench
) -> None:
    batcher = Batcher(database.api())

    async with held(database):
        keeping = asyncio.create_task(batcher.keep(bench.knock()))
        await writers_waiting(bench)
        await asyncio.sleep(0.1)
        assert not keeping.done()
    await keeping

    assert await bench.count("delivery") == 1
    assert await bench.count("bank_credit") == 1
    assert database.rung == [frozenset({"settle"})]


async def test_the_delivery_keeps_bytes_headers_and_no_key(
    database: TestDatabase, bench: Bench
) -> None:
    knock = bench.knock(
        1,
        {
            "authorization": "Apikey geheim",
            "cookie": "a=b",
            "secure-token": "t",
            "x-secret-key": "s",
            "x-sepay-id": "7",
        },
    )

    await Batcher(database.api()).keep(knock)

    row = await bench.su.fetchrow("select * from delivery")
    assert (row["id"], row["raw"], row["state"]) == (knock.id, knock.raw, "read")
    assert (json.loads(row["headers"]), row["problems"]) == ({"x-sepay-id": "7"}, "[]")
    event = await bench.su.fetchrow("select * from bank_event")
    assert (event["event_id"], event["is_first"]) == (f"{knock.id}:1", True)
    assert event["delivery_id"] == knock.id


async def test_knocks_that_wait_behind_a_commit_form_the_next_batches(
    database: TestDatabase, bench: Bench
) -> None:
    batcher = Batcher(database.api())

    async with held(database):
        first = asyncio.create_task(batcher.keep(bench.knock(0)))
        await writers_waiting(bench)
        rest = [asyncio.create_task(batcher.keep(bench.knock(each))) for each in range(1, 801)]
        await asyncio.sleep(0)
    await asyncio.gather(first, *rest)

    sizes = await bench.su.fetch(
        "select count(*) n from delivery group by xmin::text order by min(received_at)"
    )
    assert [row["n"] for row in sizes] == [1, BATCH, 300]
    assert await bench.count("bank_credit") == 800  # id 0 is no transaction of a bank
    assert await bench.count("alarm") == 1


async def test_a_poison_knock_among_good_ones_fails_alone(
    database: TestDatabase, bench: Bench
) -> None:
    batcher = Batcher(database.api())
    poison = replace(bench.knock(13), connection=replace(bench.connection, id=999_999))
    knocks = [poison if each == 13 else bench.knock(each) for each in range(1, 41)]

    async with held(database):
        first = asyncio.create_task(batcher.keep(bench.knock(100)))
        await writers_waiting(bench)
        waiting = [asyncio.create_task(batcher.keep(each)) for each in knocks]
        await asyncio.sleep(0)
    results = await asyncio.gather(first, *waiting, return_exceptions=True)

    failed = [place for place, each in enumerate(results) if each is not None]
    assert failed == [13]
    assert await bench.count("delivery") == 40
    ids = {row[0] for row in await bench.su.fetch("select provider_txn_id from bank_credit")}
    assert ids == {str(each) for each in (*range(1, 41), 100) if each != 13}


async def test_a_full_door_refuses_the_next_and_keeps_all_it_took(
    database: TestDatabase, bench: Bench
) -> None:
    batcher = Batcher(database.api())
    knock = bench.knock()

    async with held(database):
        first = asyncio.create_task(batcher.keep(knock))
        await writers_waiting(bench)
        taken = [asyncio.create_task(batcher.keep(bench.knock(7))) for _ in range(PENDING_MAX)]
        await asyncio.sleep(0)
        with pytest.raises(DoorFull):
            await batcher.keep(bench.knock(8))
    await asyncio.gather(first, *taken)

    assert await bench.count("delivery") == PENDING_MAX + 1
    assert await bench.count("bank_credit") == 2
    await batcher.keep(bench.knock(8))


async def test_a_commit_that_fails_is_heard_by_its_caller_and_leaves_no_row(
    database: TestDatabase, bench: Bench
) -> None:
    await bench.su.execute(
        "create function no() returns trigger language plpgsql as"
        " $$ begin raise exception 'not today'; end $$;"
        "create constraint trigger late after insert on delivery"
        " deferrable initially deferred for each row execute function no()"
    )
    batcher = Batcher(database.api())

    with pytest.raises(Exception, match="not today"):
        await batcher.keep(bench.knock())
    assert (await bench.count("delivery"), await bench.count("bank_credit")) == (0, 0)
    assert database.rung == []

    await bench.su.execute("drop trigger late on delivery")
    await batcher.keep(bench.knock())
    assert await bench.count("delivery") == 1


async def test_a_backend_that_dies_in_between_never_leaves_an_answer_without_a_row(
    database: TestDatabase, bench: Bench
) -> None:
    batcher = Batcher(database.api())
    await batcher.keep(bench.knock(1))

    async with held(database):
        keeping = asyncio.create_task(batcher.keep(bench.knock(2)))
        for pid in await writers_waiting(bench):
            await bench.su.execute("select pg_terminate_backend($1)", pid)
        await asyncio.sleep(0.2)
    (outcome,) = await asyncio.gather(keeping, return_exceptions=True)

    kept = await bench.count("bank_credit where provider_txn_id = '2'")
    assert kept == (1 if outcome is None else 0)
    await batcher.keep(bench.knock(3))
    assert await bench.count("bank_credit where provider_txn_id = '3'") == 1


async def test_a_database_that_does_not_answer_is_said_to_be_away(bench: Bench) -> None:
    gone = Database.connect("postgresql://hocphi@/none?host=/nonexistent&port=5432")
    batcher = Batcher(gone)

    outcomes = await asyncio.gather(
        *(batcher.keep(bench.knock(each)) for each in range(1, 4)), return_exceptions=True
    )

    assert [type(each) for each in outcomes] == [Unavailable] * 3
    assert await bench.count("delivery") == 0


async def test_a_caller_that_hangs_up_neither_stops_its_knock_nor_its_neighbours(
    database: TestDatabase, bench: Bench
) -> None:
    batcher = Batcher(database.api())

    async with held(database):
        callers = [asyncio.create_task(batcher.keep(bench.knock(each))) for each in (1, 2, 3)]
        await writers_waiting(bench)
        callers[0].cancel()
        callers[1].cancel()
    await callers[2]

    assert await bench.count("bank_credit") == 3
    assert [each.cancelled() for each in callers] == [True, True, False]


async def test_two_processes_that_take_the_same_credits_in_other_orders_both_end_well(
    database: TestDatabase, bench: Bench
) -> None:
    doors = Batcher(database.api()), Batcher(database.api())
    orders = list(range(1, 61)), list(range(60, 0, -1))

    async with held(database):
        callers = [asyncio.create_task(door.keep(bench.knock(500))) for door in doors]
        await writers_waiting(bench)
        for door, order in zip(doors, orders, strict=True):
            callers += [asyncio.create_task(door.keep(bench.knock(each))) for each in order]
        await asyncio.sleep(0)
    await asyncio.gather(*callers)

    assert await bench.count("bank_credit") == 61
    assert await bench.count("delivery") == 122
    assert await bench.count("bank_event where is_first") == 61


@pytest.mark.parametrize(
    "amount",
    ["null", '""', '"1,000"', '"1.000.000"', "1e6", "1000000.0", "true", "0", "-5", '"-5"',
     '"１２３"', "[]", "{}", "9007199254740992", '"0"', '"1_000"', '"12abc"'],
)  # fmt: skip
async def test_an_amount_nobody_can_read_never_becomes_a_credit(
    database: TestDatabase, bench: Bench, amount: str
) -> None:
    good = sepay.body(arrival(bench.school, 123_456, txn="5").event)
    raw = good.replace(b'"transferAmount":123456', f'"transferAmount":{amount}'.encode())
    assert raw != good

    await Batcher(database.api()).keep(bench.knock_of(raw))

    assert await bench.count("delivery where state = 'read'") == 1
    assert (await bench.count("bank_credit"), await bench.count("bank_event")) == (0, 0)
    alarm = await bench.su.fetchrow("select * from alarm")
    assert (alarm["kind"], json.loads(alarm["facts"])["field"]) == ("unread_item", "transferAmount")
    assert database.rung == []
