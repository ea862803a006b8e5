"""Facts exist if and only if the transaction that made them true has committed."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError

from kernel.access import Desk, Loader, Pusher
from kernel.outbox import Fact, stage
from tests.database import TestDatabase

NOW = datetime(2026, 11, 25, 1, tzinfo=UTC)
PAID = {"state": "paid", "paid_dong": 1_250_000}


def fact(school_id: int = 1, version: int = 1) -> Fact:
    return Fact("invoice.paid", school_id, 5, version, dict(PAID), NOW)


async def kept(database: TestDatabase) -> list[UUID]:
    async with database.superuser() as su:
        return [row["id"] for row in await su.fetch("select id from fact order by seq")]


async def test_facts_appear_with_the_commit_in_order_and_ring_once(database: TestDatabase) -> None:
    staged = [fact(version=each) for each in range(1, 6)]

    async with database.operator().transaction(Loader()) as tx:
        await stage(tx, staged[:3])
        await stage(tx, staged[3:])
        assert await kept(database) == []
        assert database.rung == []

    assert await kept(database) == [each.id for each in staged]
    assert database.rung == [frozenset({"push"})]


async def test_facts_of_a_block_that_fails_never_were(database: TestDatabase) -> None:
    async def stage_and_fail() -> None:
        async with database.operator().transaction(Loader()) as tx:
            await stage(tx, [fact()])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await stage_and_fail()

    assert await kept(database) == []
    assert database.rung == []


async def test_facts_of_a_savepoint_go_with_it_and_the_others_stay(database: TestDatabase) -> None:
    stays, goes = fact(version=1), fact(version=2)

    async with database.operator().transaction(Loader()) as tx:
        await stage(tx, [stays])
        inner = await tx.begin_nested()
        await stage(tx, [goes])
        await inner.rollback()

    assert await kept(database) == [stays.id]


async def test_the_same_fact_twice_is_refused_and_kept_once(database: TestDatabase) -> None:
    once = fact()
    async with database.operator().transaction(Loader()) as tx:
        await stage(tx, [once])

    with pytest.raises(DBAPIError, match="pk_fact"):
        async with database.operator().transaction(Loader()) as tx:
            await stage(tx, [fact(version=2), once])

    assert await kept(database) == [once.id]
    assert len(database.rung) == 1


async def test_nothing_to_tell_writes_and_rings_nothing(database: TestDatabase) -> None:
    async with database.operator().transaction(Loader()) as tx:
        await stage(tx, [])

    assert (await kept(database), database.rung) == ([], [])


async def test_a_fact_reads_back_as_it_was_staged_with_its_own_transaction(
    database: TestDatabase,
) -> None:
    told = fact()
    async with database.operator().transaction(Loader()) as tx:
        current = (await tx.exec_driver_sql("select pg_current_xact_id()::text")).scalar_one()
        await stage(tx, [told])

    async with database.worker().transaction(Pusher()) as tx:
        row = (await tx.exec_driver_sql("select *, tx::text as told_in from fact")).one()
    assert (row.id, row.topic, row.school_id, row.student_id) == (told.id, told.topic, 1, 5)
    assert (row.version, row.payload, row.at, row.told_in) == (1, PAID, NOW, current)


async def test_a_desk_tells_facts_of_its_own_school_only(database: TestDatabase) -> None:
    api = database.api()
    async with api.transaction(Desk((1,))) as tx:
        await stage(tx, [fact(1)])

    with pytest.raises(DBAPIError, match="row-level security"):
        async with api.transaction(Desk((1,))) as tx:
            await stage(tx, [fact(2)])

    assert len(await kept(database)) == 1
