"""The catalog of a migrated database is the policy file, no less and no more."""

import re
from typing import Any

import asyncpg
import httpx
import pytest
from litestar import Litestar, get
from sqlalchemy.exc import DBAPIError

from kernel.access import API_ROLES, WORKER_ROLES, Desk
from kernel.access import ROLES as TAKEN
from kernel.errors import DomainError
from migrations.policies import ALSO_WRITTEN, APPEND_ONLY, BOUNDED, FUNCTIONS, ROLES, UNBOUNDED
from service.problems import domain_problem, unexpected_problem
from tests.database import TestDatabase
from tests.rows import Planter, School

_VERB = re.compile(r"(?P<verb>\w+)(?: \((?P<columns>[^)]*)\))?")
Granted = tuple[str, str, str, str]
"""Role, table, verb, column ("" for all)."""


def granted_by(verbs: str, role: str, table: str) -> set[Granted]:
    found: set[Granted] = set()
    for each in _VERB.finditer(verbs):
        for column in (each["columns"] or "").split(","):
            found.add((f"hocphi_{role}", table, each["verb"].upper(), column.strip()))
    return found


def policy_file() -> set[Granted]:
    bounded = {t: {r: verbs for r, (verbs, _) in each.items()} for t, each in BOUNDED.items()}
    return {
        each
        for table, roles in (bounded | UNBOUNDED).items()
        for role, verbs in roles.items()
        for each in granted_by(verbs, role, table)
    }


GRANTS = """
with acl as (
  select c.oid, c.relname, c.relowner, x.* , '' as col from pg_class c, aclexplode(c.relacl) x
   where c.relnamespace = 'public'::regnamespace
  union all
  select c.oid, c.relname, c.relowner, x.*, a.attname from pg_class c
    join pg_attribute a on a.attrelid = c.oid, aclexplode(a.attacl) x
   where c.relnamespace = 'public'::regnamespace)
select coalesce(r.rolname, 'PUBLIC'), relname, privilege_type, col
  from acl left join pg_roles r on r.oid = acl.grantee
 where acl.grantee <> acl.relowner
"""


@pytest.fixture
async def su(database: TestDatabase):
    async with database.superuser() as connection:
        yield connection


async def test_every_table_is_either_forced_under_a_policy_or_named_as_unbounded(su: Any) -> None:
    tables = await su.fetch(
        "select relname, relrowsecurity and relforcerowsecurity as forced,"
        " (select count(*) from pg_policy p where p.polrelid = c.oid) as policies"
        " from pg_class c where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
    )

    found = {row["relname"]: (row["forced"], row["policies"]) for row in tables}
    bounded = {table: (True, len(roles)) for table, roles in BOUNDED.items()}
    unbounded = dict.fromkeys((*UNBOUNDED, "alembic_version"), (False, 0))
    assert found == bounded | unbounded


async def test_each_policy_bounds_one_role_for_every_verb_reading_and_writing_alike(
    su: Any,
) -> None:
    policies = await su.fetch("select * from pg_policies where schemaname = 'public'")

    found = {(row["tablename"], row["policyname"], tuple(row["roles"])) for row in policies}
    assert found == {
        (table, f"{role}_bound", (f"hocphi_{role}",))
        for table, roles in BOUNDED.items()
        for role in roles
    }
    for row in policies:
        assert (row["cmd"], row["permissive"]) == ("ALL", "PERMISSIVE")
        role = row["policyname"].removesuffix("_bound")
        if role in ALSO_WRITTEN.get(row["tablename"], {}):
            assert row["qual"][1:-1] in row["with_check"], row["policyname"]
        else:
            assert row["qual"] == row["with_check"], row["policyname"]
        open_rows = row["qual"] == "true"
        assert open_rows == (row["roles"] == ["hocphi_linker"]), (row["tablename"], row["roles"])


async def test_the_grants_of_the_catalog_are_those_of_the_policy_file(su: Any) -> None:
    found = {tuple(row) for row in await su.fetch(GRANTS)}

    assert found - policy_file() == set()
    assert policy_file() - found == set()


async def test_only_sign_in_and_settlers_call_the_fixed_functions(su: Any) -> None:
    defining = await su.fetch(
        "select p.oid::regprocedure::text as signature, pg_get_userbyid(p.proowner) as owner,"
        " p.proconfig as config from pg_proc p where p.prosecdef"
        " and p.pronamespace not in ('pg_catalog'::regnamespace)"
    )
    wanted = {await su.fetchval("select $1::regprocedure::text", each) for each in FUNCTIONS}
    assert {row["signature"] for row in defining} == wanted
    for row in defining:
        assert row["owner"] == "hocphi_linker"
        assert "search_path=public, pg_temp" in row["config"]

    callers = [f"hocphi_{role}" for role in (*ROLES,)] + ["hocphi", "hocphi_worker"]
    for function, roles in FUNCTIONS.items():
        able = {
            role
            for role in callers
            if await su.fetchval("select has_function_privilege($1, $2, 'execute')", role, function)
        }
        assert able == {f"hocphi_{role}" for role in (*roles, "linker")}, function


async def test_logins_may_take_their_roles_and_no_other(su: Any) -> None:
    pairs = await su.fetch(
        "select m.rolname as login, r.rolname as role, a.inherit_option as inherits,"
        " a.admin_option as admin from pg_auth_members a join pg_roles m on m.oid = a.member"
        " join pg_roles r on r.oid = a.roleid where m.rolname in"
        " ('hocphi', 'hocphi_worker', 'hocphi_operator') or m.rolname = any ($1)",
        [f"hocphi_{role}" for role in ROLES],
    )

    found = {(row["login"], row["role"]) for row in pairs}
    assert found == {
        *(("hocphi", f"hocphi_{role}") for role in (*API_ROLES, "queue")),
        *(("hocphi_worker", f"hocphi_{role}") for role in (*WORKER_ROLES, "queue")),
        *(("hocphi_operator", f"hocphi_{role}") for role in (*TAKEN, "queue")),
    }
    assert [tuple(row) for row in pairs if row["inherits"] or row["admin"]] == []
    weak = await su.fetchval(
        "select bool_and(not (rolsuper or rolbypassrls or rolcreaterole or rolinherit))"
        " from pg_roles where rolname like 'hocphi%' and rolname <> 'hocphi_owner'"
    )
    assert weak


async def test_no_role_may_make_things_in_a_schema(su: Any) -> None:
    makers = await su.fetch(
        "select n.nspname, r.rolname from pg_namespace n, pg_roles r"
        " where r.rolname like 'hocphi%' and r.rolname <> 'hocphi_owner'"
        " and n.nspname in ('public', 'app', 'link', 'staging', 'dramatiq')"
        " and has_schema_privilege(r.oid, n.oid, 'create')"
    )

    assert makers == []


@pytest.mark.parametrize("login", ["hocphi_owner", "postgres"])
async def test_rows_of_money_are_never_changed_or_removed_not_even_by_the_owner(
    database: TestDatabase, login: str
) -> None:
    connection: Any = await asyncpg.connect(database.url(login))
    try:
        for table in APPEND_ONLY:
            column: str = await connection.fetchval(
                "select attname from pg_attribute where attrelid = $1::regclass and attnum = 2",
                table,
            )
            for verb in (f"update {table} set {column} = {column}", f"delete from {table}",
                         f"truncate {table}"):  # fmt: skip
                with pytest.raises(asyncpg.RestrictViolationError, match="counter-row"):
                    await connection.execute(verb)
    finally:
        await connection.close()


@pytest.fixture
async def schools(database: TestDatabase, su: Any) -> tuple[School, School]:
    planter = Planter(su, database.operator())
    first, second = await planter.school("A"), await planter.school("B")
    for school in (first, second):
        await planter.notice(await planter.pupil(school))
    return first, second


async def sides_of(su: Any, school: School) -> tuple[int, int]:
    found = await su.fetch(
        "select id from ledger_account where school_id = $1 order by id limit 2", school.id
    )
    return found[0]["id"], found[1]["id"]


TRANSFER = (
    "insert into transfer (debit_id, credit_id, amount_dong, kind, reference, school_id, at,"
    " reverses_id) values ({}, {}, 1, 'issued', '{}', {}, now(), {})"
)


async def test_a_taken_key_of_another_school_says_nothing_of_its_row(
    database: TestDatabase, su: Any, schools: tuple[School, School]
) -> None:
    theirs, mine = schools
    taken = await su.fetchval("select reference from transfer where school_id = $1", theirs.id)
    doubled = TRANSFER.format(*await sides_of(su, mine), taken, mine.id, "null")
    api = database.api()
    said: list[Any] = []

    @get("/double")
    async def double() -> None:
        try:
            async with api.transaction(Desk((mine.id,), (mine.account_id,))) as tx:
                await tx.exec_driver_sql(doubled)
        except DBAPIError as cause:
            said.append(cause.orig.__cause__)  # type: ignore[union-attr]
            raise

    handlers: Any = {DomainError: domain_problem, Exception: unexpected_problem}
    app: Any = Litestar([double], exception_handlers=handlers, openapi_config=None)
    transport = httpx.ASGITransport(app)  # on this loop, where the pool's connections live
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        answer = await client.get("/double")

    assert (type(said[0]), said[0].detail) == (asyncpg.UniqueViolationError, None)
    assert answer.status_code == 500
    assert answer.json() == {
        "type": "/docs/errors#internal_error",
        "code": "internal_error",
        "title": "internal error",
        "status": 500,
    }


async def test_a_desk_cannot_book_on_another_schools_ledger_or_reverse_its_transfer(
    database: TestDatabase, su: Any, schools: tuple[School, School]
) -> None:
    """Foreign keys are checked above row-level security, so the bound must name both sides."""
    theirs, mine = schools
    (own, other), (foreign, _) = await sides_of(su, mine), await sides_of(su, theirs)
    transfer = await su.fetchval("select id from transfer where school_id = $1", theirs.id)
    scope, api = Desk((mine.id,), (mine.account_id,)), database.api()
    kept: list[str] = []

    for name, statement in {
        "debit": TRANSFER.format(foreign, other, "t1", mine.id, "null"),
        "credit": TRANSFER.format(own, foreign, "t2", mine.id, "null"),
        "reverses": TRANSFER.format(own, other, "t3", mine.id, transfer),
        "fee item": "insert into ledger_account (kind, school_id, fee_item_id)"
        f" values ('fee_item', {mine.id}, {theirs.fee_item_id})",
    }.items():
        try:
            async with api.transaction(scope) as tx:
                await tx.exec_driver_sql(statement)
            kept.append(name)
        except DBAPIError:
            continue

    assert kept == []
