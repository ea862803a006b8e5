"""What a login may do by itself (nothing), which roles it takes, which logins are refused."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import asyncpg
import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from kernel.access import (
    API_ROLES,
    WORKER_ROLES,
    Auditor,
    Desk,
    Door,
    Folder,
    Loader,
    Parent,
    Pusher,
    Reports,
    Scope,
    Settler,
    SignIn,
    Sweeper,
)
from kernel.access import ROLES as TAKEN
from kernel.db import Database, LoginTooStrong, refuse_strong_login
from kernel.errors import Unavailable
from kernel.migrate import Login, LoginInherits, migrate
from tests.database import TestDatabase

SCOPES: tuple[Scope, ...] = (
    *(Desk((1,)), Parent((1,), (1,), (1,)), Door((1,), (1,)), Reports((1,)), SignIn()),
    *(Settler((1,), (1,)), Pusher(), Folder(), Sweeper(), Loader(), Auditor()),
)
MakeLogin = Callable[..., Awaitable[str]]


@pytest.fixture
async def make_login(database: TestDatabase):
    """Make logins of this cluster; they are dropped again, for a cluster outlives its databases."""
    made: list[str] = []
    async with database.superuser() as su:

        async def make(options: str, *roles: str) -> str:
            name = f"try_{uuid4().hex[:12]}"
            await su.execute(f"create role {name} login {options}")
            made.append(name)
            for role in roles:
                await su.execute(f"grant {role} to {name}")
            return name

        yield make
        await database.close()
        for name in made:
            await su.execute(f"drop owned by {name}")
            await su.execute(f"drop role {name}")


async def refusal(database: TestDatabase, login: str) -> str:
    """Give what the check of the API says of a login, as the program would start with it."""
    db = Database.connect(database.url(login), pooled=False)
    with pytest.raises(LoginTooStrong) as refused:
        await refuse_strong_login(db, SignIn(), without="settler")
    assert isinstance(refused.value, Unavailable)
    assert refused.value.facts == {"login": login}
    return str(refused.value)


@pytest.mark.parametrize("login", ["hocphi", "hocphi_worker", "hocphi_operator"])
async def test_a_login_without_a_scope_is_refused_by_every_table(
    database: TestDatabase, login: str
) -> None:
    async with database.superuser() as su:
        tables = await su.fetch(
            "select format('%I.%I', schemaname, tablename) from pg_tables"
            " where schemaname in ('public', 'staging', 'dramatiq')"
        )
    connection: Any = await asyncpg.connect(database.url(login))
    try:
        for (table,) in tables:
            for verb in (f"select from {table}", f"delete from {table}",
                         f"insert into {table} default values"):  # fmt: skip
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(verb)
    finally:
        await connection.close()
    assert len(tables) > 40


async def test_every_scope_is_a_role_and_every_role_has_its_scope() -> None:
    assert {scope.role for scope in SCOPES} == set(TAKEN)


@pytest.mark.parametrize(
    ("login", "roles"),
    [("hocphi", API_ROLES), ("hocphi_worker", WORKER_ROLES), ("hocphi_operator", TAKEN)],
)
async def test_a_login_takes_its_own_roles_only(
    database: TestDatabase, login: str, roles: tuple[str, ...]
) -> None:
    db = Database.connect(database.url(login), pool_size=1)
    taken: set[str] = set()
    said: dict[str, str] = {}
    try:
        for scope in SCOPES:
            try:
                async with db.transaction(scope) as tx:
                    found = await tx.exec_driver_sql("select current_user::text")
                    taken.add(found.scalar_one().removeprefix("hocphi_"))
            except DBAPIError as cause:
                said[scope.role] = str(cause.orig)
    finally:
        await db.close()

    assert taken == set(roles)
    for role in set(TAKEN) - taken:
        assert said[role] == f'permission denied to set role "hocphi_{role}"'


async def test_an_api_scope_cannot_climb_to_a_workers_role_from_inside(
    database: TestDatabase,
) -> None:
    api = database.api()

    for role in ("settler", "pusher", "folder", "sweeper", "loader", "auditor", "linker", "owner"):
        for climb in (f"set role hocphi_{role}", f"set session authorization hocphi_{role}",
                      f"select set_config('role', 'hocphi_{role}', true)"):  # fmt: skip
            with pytest.raises(DBAPIError, match="permission denied"):
                async with api.transaction(Desk((1,))) as tx:
                    await tx.exec_driver_sql(climb)
    async with api.transaction(Desk((1,))) as tx:
        await tx.exec_driver_sql("reset role")
        with pytest.raises(DBAPIError, match="permission denied for table"):
            await tx.exec_driver_sql("select 1 from student")


async def test_the_apis_own_login_is_accepted(database: TestDatabase) -> None:
    await refuse_strong_login(database.api(), SignIn(), without="settler")
    await refuse_strong_login(database.worker(), Sweeper(), without="desk")


async def test_a_superuser_is_refused_at_the_start(database: TestDatabase) -> None:
    assert "superuser" in await refusal(database, "postgres")


async def test_the_owner_of_the_tables_is_refused_at_the_start(database: TestDatabase) -> None:
    assert "owns the tables" in await refusal(database, "hocphi_owner")


async def test_an_owner_that_may_take_the_role_is_refused_at_the_start(
    database: TestDatabase, make_login: MakeLogin
) -> None:
    login = await make_login("noinherit", "hocphi_signin")
    async with database.superuser() as su:
        await su.execute(f"create schema made authorization {login}")
        await su.execute(f"create table made.own (); alter table made.own owner to {login}")

    assert "owns the tables" in await refusal(database, login)


async def test_a_login_with_bypassrls_is_refused_at_the_start(
    database: TestDatabase, make_login: MakeLogin
) -> None:
    login = await make_login("noinherit bypassrls", "hocphi_signin")

    assert "BYPASSRLS" in await refusal(database, login)


async def test_an_api_login_that_may_settle_is_refused_at_the_start(
    database: TestDatabase, make_login: MakeLogin
) -> None:
    login = await make_login("noinherit", "hocphi_signin", "hocphi_settler")

    assert "hocphi_settler" in await refusal(database, login)


async def test_a_login_that_may_become_the_owner_is_refused_at_the_start(
    database: TestDatabase, make_login: MakeLogin
) -> None:
    """``set role hocphi_owner`` is all it needs to switch the policies off."""
    login = await make_login("noinherit", "hocphi_signin", "hocphi_owner")

    assert await refusal(database, login)


async def test_a_login_that_inherits_is_refused_by_migrate_and_granted_nothing(
    database: TestDatabase, make_login: MakeLogin
) -> None:
    login = await make_login("inherit")

    with pytest.raises(LoginInherits, match=f"alter role {login} noinherit"):
        migrate(database.url("hocphi_owner"), [Login(login, None, ("door",))])

    async with database.superuser() as su:
        assert not await su.fetchval("select pg_has_role($1, 'hocphi_door', 'member')", login)


async def test_migrate_makes_a_missing_login_without_inheritance(
    database: TestDatabase, make_login: MakeLogin
) -> None:
    await make_login("noinherit")  # so that the fixture closes and cleans in one place
    login = f"try_{uuid4().hex[:12]}"
    try:
        migrate(database.url("hocphi_owner"), [Login(login, "mật khẩu ' dài", ("door",))])
        migrate(database.url("hocphi_owner"), [Login(login, "mật khẩu ' dài", ("door",))])

        async with database.superuser() as su:
            row = await su.fetchrow("select * from pg_roles where rolname = $1", login)
            kept = await su.fetchval("select rolpassword from pg_authid where rolname = $1", login)
            assert await su.fetchval("select pg_has_role($1, 'hocphi_door', 'member')", login)
        assert (row["rolinherit"], row["rolsuper"], row["rolcanlogin"]) == (False, False, True)
        assert kept.startswith("SCRAM-SHA-256$")
    finally:
        with psycopg.connect(database.url("postgres"), autocommit=True) as connection:
            connection.execute(f"drop role if exists {login}".encode())
