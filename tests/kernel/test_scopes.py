"""What each scope sees of two full schools: its own rows, and of the rest not even a count."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.exc import DBAPIError

from kernel.access import (
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
from kernel.db import Database
from migrations.policies import BOUNDED
from reconciliation.jobs import settle_account, settle_waiting
from tests.database import TestDatabase
from tests.rows import NOW, PERIOD, Planter, Pupil, School, arrival

EMPTY: dict[str, Scope] = {
    "desk": Desk(()),
    "parent": Parent((), (), ()),
    "door": Door((), ()),
    "settler": Settler((), ()),
    "reports": Reports(()),
}
READERS = {table: bounds for table, bounds in BOUNDED.items() if "desk" in bounds}
UNREADABLE_BY_DESK = {"fact"}


class House(Planter):
    """A planter that leaves a row of one school in every bounded table."""

    async def full(self, code: str, database: TestDatabase) -> tuple[School, Pupil]:
        school = await self.school(code)
        pupil = await self.pupil(school, f"Trần {code}")
        notice = await self.notice(pupil)
        await self.su.execute(
            "insert into guardian (school_id, student_id, name, phone) values ($1, $2, $3, '09')",
            school.id, pupil.id, f"Mẹ {code}",
        )  # fmt: skip
        await self.receive(arrival(school, memo=notice.code), arrival(school, memo="hoc phi"))
        await settle_account(database.worker(), school.account_id, "HPX")
        await self.receive(arrival(school, memo="con cho"))
        await self._doors(school)
        await self.su.execute("insert into rate_sum values ($1, 'due', $2, 1)", school.id, PERIOD)
        await self.su.execute(
            "insert into deed (school_id, actor, deed, subject, facts, at)"
            " values ($1, 'test', 'test', 'x:1', '{}', $2)", school.id, NOW,
        )  # fmt: skip
        return school, pupil

    async def _doors(self, school: School) -> None:
        one = self.su.fetchval
        connection = await one(
            "insert into connection (public_id, provider, sandbox, options, made_at)"
            " values ($1, 'sepay', false, '{}', $2) returning id", school.code, NOW,
        )  # fmt: skip
        await self.su.execute(
            "insert into connection_account values ($1, $2)", connection, school.account_id
        )
        await self.su.execute(
            "insert into connection_secret (connection_id, sealed) values ($1, 'x')", connection
        )
        await self.su.execute(
            "insert into delivery values ($1, $2, $3, 'raw', '{}', 'read', '[]')",
            uuid4(), connection, NOW,
        )  # fmt: skip
        await self.su.execute(
            "insert into alarm (kind, connection_id, source, item, facts, at)"
            " values ('unread_item', $1, $2, 1, '{}', $3)", connection, uuid4(), NOW,
        )  # fmt: skip
        endpoint = await one(
            "insert into endpoint (url, kind, sealed, profile, sandbox, seen_tx, made_at)"
            " values ($1, 'dashboard', 'x', 'standard', true, '0', $2) returning id",
            f"https://{school.code}", NOW,
        )  # fmt: skip
        fact = await one("select id from fact where school_id = $1", school.id)
        await self.su.execute(
            "insert into push (endpoint_id, fact_id, seq, pupil, next_at)"
            " values ($1, $2, 1, 'p', $3)", endpoint, fact, NOW,
        )  # fmt: skip
        await self.su.execute(
            "insert into push_attempt (endpoint_id, fact_id, at, took_ms) values ($1, $2, $3, 1)",
            endpoint, fact, NOW,
        )  # fmt: skip


@pytest.fixture
async def house(database: TestDatabase):
    async with database.superuser() as su:
        yield House(su, database.operator())


async def rows(db: Database, scope: Scope, statement: str) -> list[Any]:
    async with db.transaction(scope) as tx:
        return list(await tx.exec_driver_sql(statement))


async def refused(db: Database, scope: Scope, statement: str) -> bool:
    try:
        async with db.transaction(scope) as tx:
            await tx.exec_driver_sql(statement)
    except DBAPIError as cause:
        return "permission denied" in str(cause) or "row-level security" in str(cause)
    return False


async def test_a_role_without_its_ids_sees_no_row_of_any_bounded_table(
    database: TestDatabase, house: House
) -> None:
    await house.full("A", database)
    operator = database.operator()
    full = {table: await house.su.fetchval(f"select count(*) from {table}") for table in BOUNDED}
    assert [table for table, count in full.items() if count == 0] == []

    for role, scope in EMPTY.items():
        for table, bounds in BOUNDED.items():
            verbs = bounds.get(role, ("", ""))[0]
            if "select" in verbs:
                columns = verbs.split("select (")[1].split(")")[0] if "select (" in verbs else "*"
                found = await rows(operator, scope, f"select {columns} from {table}")
                assert (role, table, found) == (role, table, [])
            else:
                assert await refused(operator, scope, f"select 1 from {table}"), (role, table)


async def test_a_wide_role_without_its_setting_sees_no_row(
    database: TestDatabase, house: House
) -> None:
    await house.full("A", database)
    operator = database.operator()

    for scope in (Auditor(), Loader(), Pusher(), Sweeper(), Folder()):
        readable = [
            table
            for table, bounds in BOUNDED.items()
            if bounds.get(scope.role, ("", ""))[0].startswith("select")
        ]
        assert readable or scope.role == "loader"
        for table in readable:
            async with operator.transaction(scope) as tx:
                seen = (await tx.exec_driver_sql(f"select count(*) from {table}")).scalar_one()
                await tx.exec_driver_sql("select set_config('app.wide', '', true)")
                unset = (await tx.exec_driver_sql(f"select count(*) from {table}")).scalar_one()
            assert (table, seen > 0, unset) == (table, True, 0)


async def test_two_schools_desks_share_no_row_of_any_table(
    database: TestDatabase, house: House
) -> None:
    (first, _), (second, _) = await house.full("A", database), await house.full("B", database)
    api = database.api()

    for table in sorted(READERS.keys() - UNREADABLE_BY_DESK):
        whole = f"select each::text from {table} each"
        ours = set(await rows(api, Desk((first.id,), (first.account_id,)), whole))
        theirs = set(await rows(api, Desk((second.id,), (second.account_id,)), whole))
        assert ours, table
        assert theirs, table
        assert ours.isdisjoint(theirs), table


async def test_a_desk_finds_nothing_of_another_school_by_join_or_function(
    database: TestDatabase, house: House
) -> None:
    (mine, _), (theirs, pupil) = await house.full("A", database), await house.full("B", database)
    api, scope = database.api(), Desk((mine.id,), (mine.account_id,))

    for statement in (
        f"select 1 from invoice i join student s using (school_id) where s.id = {pupil.id}",
        f"select 1 from school_class c left join student s on true where s.id = {pupil.id}",
        f"select 1 from transfer where student_id = {pupil.id} or school_id = {theirs.id}",
        f"select 1 from bank_credit where account_id = {theirs.account_id} for update",
        f"update invoice set version = version + 1 where school_id = {theirs.id} returning 1",
        f"select 1 where exists (select from guardian where student_id = {pupil.id})",
    ):
        assert (statement, await rows(api, scope, statement)) == (statement, [])
    for function in ("link.door('B')", "link.staff('x')", "link.grants(1)", "link.codes('{}')"):
        assert await refused(api, scope, f"select * from {function}"), function
    for table in ("connection_secret", "page_token", "payment_code", "web_session", "staff_user"):
        assert await refused(api, scope, f"select 1 from {table}"), table


async def test_schools_that_share_an_account_see_what_is_undecided_but_not_each_others_money(
    database: TestDatabase, house: House
) -> None:
    first = await house.school("A")
    second = await house.school("B", account_of=first)
    notice = await house.notice(await house.pupil(first))
    await house.receive(arrival(first, memo=notice.code, txn="of A"), arrival(first, txn="open"))
    await settle_waiting(database.worker(), "HPX")

    seen = {}
    for school in (first, second):
        scope = Desk((school.id,), (first.account_id,))
        found = await rows(database.api(), scope, "select provider_txn_id from bank_credit")
        decided = await rows(database.api(), scope, "select credit_id from credit_decision")
        seen[school.code] = ({row[0] for row in found}, len(decided))

    assert seen == {"A": ({"of A", "open"}, 2), "B": ({"open"}, 1)}


async def test_a_parent_sees_one_pupil_and_no_guardian_or_bank_money(
    database: TestDatabase, house: House
) -> None:
    school, pupil = await house.full("A", database)
    other = await house.pupil(school, "Lê Con Nhà Khác")
    await house.notice(other)
    api, scope = database.api(), Parent((school.id,), (pupil.id,), (school.account_id,))

    assert await rows(api, scope, "select id from student") == [(pupil.id,)]
    for table in ("invoice", "transfer", "pupil_balance"):
        found = await rows(api, scope, f"select distinct student_id from {table}")
        assert (table, found) == (table, [(pupil.id,)])
    assert await rows(api, scope, "select count(*) from invoice_line") == [(1,)]
    for table in ("guardian", "bank_credit", "credit_case", "delivery", "deed", "ledger_account"):
        assert await refused(api, scope, f"select 1 from {table}"), table
    assert await refused(api, scope, "update invoice set outstanding_dong = 0")
    elsewhere = Parent((school.id + 1,), (pupil.id,), ())
    assert await rows(api, elsewhere, "select 1 from student") == []


async def test_the_auditor_reads_every_table_and_writes_none(
    database: TestDatabase, house: House
) -> None:
    await house.full("A", database)
    operator = database.operator()

    unread = {"guardian", "connection_secret"}
    for table in BOUNDED.keys() - unread:
        assert await rows(operator, Auditor(), f"select 1 from {table} limit 1") == [(1,)], table
    for table in BOUNDED:
        assert await refused(operator, Auditor(), f"delete from {table}"), table
        assert await refused(operator, Auditor(), f"insert into {table} default values"), table
    for table in unread:
        assert await refused(operator, Auditor(), f"select 1 from {table}"), table


async def test_workers_know_neither_guardians_nor_users_and_pushers_no_pupil(
    database: TestDatabase, house: House
) -> None:
    school, _ = await house.full("A", database)
    worker = database.worker()
    settler = Settler((school.account_id,), (school.id,))

    for table in ("guardian", "staff_user", "web_session", "connection_secret", "delivery"):
        for scope in (settler, Pusher(), Folder(), Sweeper()):
            assert await refused(worker, scope, f"select 1 from {table}"), (scope.role, table)
    for table in ("student", "invoice", "transfer", "bank_credit", "school", "pupil_balance"):
        assert await refused(worker, Pusher(), f"select 1 from {table}"), table
        assert await refused(worker, Sweeper(), f"select 1 from {table}"), table
    assert await refused(worker, Sweeper(), "select payload from fact")
    assert await refused(worker, Folder(), "select student_id from transfer")
    assert len(await rows(worker, settler, "select name from student")) == 1
    assert await refused(database.api(), SignIn(), "select 1 from staff_user")


async def test_a_settler_of_one_account_cannot_touch_another(
    database: TestDatabase, house: House
) -> None:
    (mine, _), (theirs, _) = await house.full("A", database), await house.full("B", database)
    worker, scope = database.worker(), Settler((mine.account_id,), (mine.id,))

    for table in ("bank_credit", "credit_inbox", "bank_event", "credit_case", "credit_decision"):
        found = await rows(worker, scope, f"select distinct account_id from {table}")
        assert (table, found) == (table, [(mine.account_id,)])
    assert await refused(
        worker,
        scope,
        "insert into alarm (kind, account_id, source, item, facts, at)"
        f" values ('quarantined', {theirs.account_id}, gen_random_uuid(), 0, '{{}}', now())",
    )
