"""An operator looks after the bank connections of every account, and keeps nobody's books."""

import pytest

from kernel.access import SignIn
from service.people import Role
from service.reads_people import Granted
from service.staff import staff_of_grants
from tests.rows import NOW, Planter


@pytest.fixture
async def planter(database):
    async with database.superuser() as su:
        yield Planter(su, database.operator())


async def test_an_operators_grant_reaches_every_account_and_no_school(database, planter):
    schools = [await planter.school(code) for code in ("A", "B")]
    user = await planter.su.fetchval(
        "insert into staff_user (login, name, password_hash, made_at)"
        " values ('van.hanh', 'Vận Hành', 'x', $1) returning id",
        NOW,
    )
    await planter.su.execute("insert into role_grant (user_id, role) values ($1, 'operator')", user)

    async with database.api().transaction(SignIn()) as tx:
        row = (await tx.exec_driver_sql("select * from link.grants($1)", (user,))).one()

    assert row.role == "operator"
    assert sorted(row.account_ids) == sorted(school.account_id for school in schools)
    assert list(row.school_ids) == []


def test_an_operator_opens_connections_without_a_desk():
    staff = staff_of_grants(1, "van.hanh", [Granted("Vận Hành", Role.OPERATOR, (), (7, 8), ())])

    assert staff is not None
    assert (staff.accounts, staff.connected) == ((), (7, 8))
    assert (staff.desk().accounts, staff.admin().accounts) == ((), (7, 8))
