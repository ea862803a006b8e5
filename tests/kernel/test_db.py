"""The one way to the database: a scope or nothing, nothing left of it, bells after the commit."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError, InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.access import Desk, Loader, Parent, Pusher, Scope, Settler, SignIn
from kernel.db import BOUNDS, Database, parameters_of, raw_connection, sqlalchemy_url
from kernel.queue import ring
from tests.database import TestDatabase
from tests.rows import Planter, School

PUPILS = "select school_id from student order by id"
LEFT = (
    "select current_user::text, pg_backend_pid(),"
    " concat_ws(',', current_setting('app.schools', true), current_setting('app.accounts', true),"
    " current_setting('app.connections', true), current_setting('app.students', true),"
    " current_setting('app.wide', true))"
)


@pytest.fixture
async def planter(database: TestDatabase):
    async with database.superuser() as su:
        yield Planter(su, database.operator())


@pytest.fixture
async def schools(planter: Planter) -> tuple[School, School]:
    found = await planter.school("A"), await planter.school("B")
    for school in found:
        await planter.pupil(school)
    return found


@pytest.fixture
async def single(database: TestDatabase) -> AsyncGenerator[Database]:
    """One pool of one connection: whatever a block leaves behind, the next block meets."""
    db = Database.connect(database.url("hocphi"), pool_size=1)
    yield db
    await db.close()


async def seen(db: Database, scope: Scope) -> list[int]:
    async with db.transaction(scope) as tx:
        return list((await tx.exec_driver_sql(PUPILS)).scalars())


async def left_behind(db: Database) -> tuple[str, int, str]:
    """Look at a pooled connection the way the product never does: without entering a scope."""
    async with db.engine.connect() as bare:
        row: Any = (await bare.exec_driver_sql(LEFT)).one()
        return row[0], row[1], row[2].strip(",")


async def test_without_a_scope_there_is_no_transaction(database: TestDatabase) -> None:
    without: Any = database.api().transaction

    with pytest.raises(TypeError, match="scope"):
        without()
    with pytest.raises(DBAPIError, match='role "hocphi_" does not exist'):
        await seen(database.api(), Scope())
    with pytest.raises(AttributeError):
        await seen(database.api(), None)  # type: ignore[arg-type]


async def test_ids_of_a_scope_are_numbers_and_nothing_else() -> None:
    odd: Any = ("1) or true --",)
    with pytest.raises(ValueError, match="invalid literal"):
        parameters_of(Desk(odd))

    assert parameters_of(Desk((1, 2), (3,))) == {
        "role": "hocphi_desk",
        "schools": "1,2",
        "accounts": "3",
        "connections": "",
        "students": "",
        "wide": "",
    }
    for scope in (Parent((1,), (2,), (3,)), Settler((1,), (2,)), Pusher(), SignIn()):
        assert parameters_of(scope).keys() == {"role", *BOUNDS}


async def test_one_connection_leaks_no_bound_from_scope_to_scope(
    single: Database, schools: tuple[School, School]
) -> None:
    (first, second), empty = schools, list[int]()
    login, backend, bounds = await left_behind(single)
    assert (login, bounds) == ("hocphi", "")

    assert await seen(single, Desk((first.id,))) == [first.id]
    assert await seen(single, Desk((second.id,))) == [second.id]
    assert await seen(single, Desk(())) == empty
    with pytest.raises(ZeroDivisionError):
        async with single.transaction(Desk((first.id, second.id), (1,))):
            _ = 1 // 0
    assert await left_behind(single) == ("hocphi", backend, "")
    assert await seen(single, Desk((second.id,))) == [second.id]
    with pytest.raises(DBAPIError, match="division by zero"):
        async with single.transaction(Desk((first.id, second.id))) as tx:
            await tx.exec_driver_sql("select 1 / 0")
    assert await seen(single, Parent((first.id,), (), ())) == empty
    with pytest.raises(DBAPIError, match="permission denied to set role"):
        await seen(single, Settler((1,), (first.id, second.id)))
    assert await left_behind(single) == ("hocphi", backend, "")


async def test_a_cancelled_block_leaves_nothing_behind(
    single: Database, schools: tuple[School, School]
) -> None:
    entered = asyncio.Event()

    async def hang() -> None:
        async with single.transaction(Desk((schools[0].id,))):
            entered.set()
            await asyncio.sleep(60)

    hanging = asyncio.create_task(hang())
    await entered.wait()
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging

    login, _, bounds = await left_behind(single)
    assert (login, bounds) == ("hocphi", "")
    assert await seen(single, Desk((schools[1].id,))) == [schools[1].id]


async def test_one_prepared_statement_serves_two_schools_also_by_its_generic_plan(
    single: Database, schools: tuple[School, School]
) -> None:
    for turn in range(30):
        school = schools[turn % 2]
        assert await seen(single, Desk((school.id,))) == [school.id]

    async with single.transaction(SignIn()) as tx:
        plans = await tx.exec_driver_sql(
            "select generic_plans from pg_prepared_statements where statement = $1", (PUPILS,)
        )
        assert plans.scalar_one() > 10


async def test_a_commit_inside_a_block_ends_its_bounds_and_the_block(
    single: Database, schools: tuple[School, School]
) -> None:
    async with single.transaction(Desk((schools[0].id,))) as tx:
        driver = await raw_connection(tx)
        await tx.commit()
        with pytest.raises(InvalidRequestError):
            await tx.exec_driver_sql(PUPILS)
        assert await driver.fetchval("select current_user::text") == "hocphi"

    assert await seen(single, Desk((schools[1].id,))) == [schools[1].id]


DEEDS = "select count(*) from deed"
ADD_DEED = "insert into deed (actor, deed, subject, facts, at) values ('a', 'b', 'c', '{}', now())"


async def add_and_ring(tx: AsyncConnection) -> None:
    await tx.exec_driver_sql(ADD_DEED)
    ring(tx, "push")
    ring(tx, "settle")
    ring(tx, "push")


async def add_ring_and_fail(db: Database) -> None:
    async with db.transaction(Loader()) as tx:
        await add_and_ring(tx)
        raise ZeroDivisionError


async def test_bells_ring_once_each_and_only_when_the_commit_can_be_seen(
    database: TestDatabase,
) -> None:
    rung: list[tuple[frozenset[str], int]] = []

    def look(bells: frozenset[str]) -> None:
        with psycopg.connect(database.url("postgres")) as other:
            found = other.execute(DEEDS).fetchone()
        rung.append((bells, found[0] if found else -1))

    async with database.operator(ring=look).transaction(Loader()) as tx:
        await add_and_ring(tx)
        assert rung == []

    assert rung == [(frozenset({"push", "settle"}), 1)]


async def test_nothing_rings_when_the_block_fails_and_no_later_block_rings_for_it(
    database: TestDatabase,
) -> None:
    db = Database.connect(database.url("hocphi_operator"), ring=database.rung.append, pool_size=1)
    try:
        with pytest.raises(ZeroDivisionError):
            await add_ring_and_fail(db)
        async with db.transaction(Loader()) as tx:
            await tx.exec_driver_sql("select 1")
    finally:
        await db.close()

    assert database.rung == []
    async with database.superuser() as su:
        assert await su.fetchval(DEEDS) == 0


async def test_a_commit_that_fails_raises_and_rings_nothing(database: TestDatabase) -> None:
    async with database.superuser() as su:
        await su.execute(
            "create function no() returns trigger language plpgsql as"
            " $$ begin raise exception 'not today'; end $$;"
            "create constraint trigger late after insert on deed"
            " deferrable initially deferred for each row execute function no()"
        )
        with pytest.raises(DBAPIError, match="not today"):
            async with database.operator().transaction(Loader()) as tx:
                await add_and_ring(tx)

        assert database.rung == []
        assert await su.fetchval(DEEDS) == 0


async def test_an_error_of_the_database_names_no_value_that_was_sent(
    database: TestDatabase, schools: tuple[School, School]
) -> None:
    db = database.operator()

    with pytest.raises(DBAPIError) as failed:
        async with db.transaction(Loader()) as tx:
            await tx.exec_driver_sql(
                "insert into school (code, name, level, ownership, unit_id)"
                " values ($1, $2, 'TH', 'public', $3)", ("A", "Trường Bí Mật", schools[0].unit_id),
            )  # fmt: skip

    assert "Bí Mật" not in str(failed.value)
    assert failed.value.orig is not None
    assert "Bí Mật" not in str(failed.value.orig)


async def test_urls_name_the_driver_and_keep_the_rest() -> None:
    url = sqlalchemy_url("postgresql://hocphi:pass@/one?host=/run/x&port=5")

    assert (url.drivername, url.username, url.password, url.database) == (
        *("postgresql+asyncpg", "hocphi", "pass", "one"),
    )
    assert dict(url.query) == {"host": "/run/x", "port": "5"}
