"""Reads of people: who signs in and what they may reach, through fixed functions; codes."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ARRAY, BigInteger, Text, column, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from payments.tables import schools, units
from service.tables import staff_users


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """An active person as the sign-in finds them."""

    user_id: int
    password_hash: str


@dataclass(frozen=True, slots=True)
class Granted:
    """One role of a person and the ids it reaches; an officer's schools lie below the units."""

    name: str
    role: str
    schools: tuple[int, ...]
    accounts: tuple[int, ...]
    units: tuple[int, ...]


async def person_by_login(tx: AsyncConnection, login: str) -> KnownPerson | None:
    """Find an active person by login (role signin)."""
    found = func.link.staff(login).table_valued(column("id", BigInteger), "password_hash")
    row = (await tx.execute(select(found.c.id, found.c.password_hash))).one_or_none()
    return None if row is None else KnownPerson(row.id, row.password_hash)


async def grants_of(tx: AsyncConnection, user_id: int) -> list[Granted]:
    """List what an active person may do now, a record a role (role signin)."""
    ids = ARRAY(BigInteger)
    found = func.link.grants(user_id).table_valued(
        column("name", Text),
        column("role", Text),
        column("school_ids", ids),
        column("account_ids", ids),
        column("unit_ids", ids),
    )
    rows = (await tx.execute(select(found).order_by(found.c.role))).all()
    return [
        Granted(
            row.name,
            row.role,
            tuple(sorted(row.school_ids)),
            tuple(sorted(row.account_ids)),
            tuple(sorted(row.unit_ids)),
        )
        for row in rows
    ]


async def schools_by_code(tx: AsyncConnection, codes: Sequence[str]) -> dict[str, int]:
    """Find the ids of schools by their codes (role loader)."""
    found = await tx.execute(select(schools.c.code, schools.c.id).where(schools.c.code.in_(codes)))
    return {row.code: row.id for row in found}


async def units_by_code(tx: AsyncConnection, codes: Sequence[str]) -> dict[str, int]:
    """Find the ids of units by their codes (role loader)."""
    found = await tx.execute(select(units.c.code, units.c.id).where(units.c.code.in_(codes)))
    return {row.code: row.id for row in found}


async def locked_user(tx: AsyncConnection, login: str) -> int | None:
    """Find a person's id and lock their row until the transaction ends (role loader)."""
    wanted = select(staff_users.c.id).where(staff_users.c.login == login).with_for_update()
    return (await tx.execute(wanted)).scalar_one_or_none()


async def is_known(tx: AsyncConnection, login: str) -> bool:
    """Tell whether a login is taken (role loader)."""
    wanted = select(staff_users.c.id).where(staff_users.c.login == login)
    return (await tx.execute(wanted)).first() is not None
