"""Writes of people: new ones and their grants (role loader). Nothing here is ever deleted."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from service.tables import staff_users


async def add_user(
    tx: AsyncConnection, login: str, name: str, password_hash: str, at: datetime
) -> bool:
    """Add a person; False, and nothing changed, if the login is taken."""
    new = insert(staff_users).values(
        login=login, name=name, password_hash=password_hash, made_at=at
    )
    added = new.on_conflict_do_nothing(index_elements=["login"]).returning(staff_users.c.id)
    return (await tx.execute(added)).first() is not None


async def add_grants(
    tx: AsyncConnection,
    user_id: int,
    role: str,
    places: Sequence[tuple[int | None, int | None]],
) -> int:
    """Grant a role at (school, unit) pairs; give how many grants are new.

    The person's row is locked by the caller, so that two commands do not grant the same twice.
    """
    values = {
        "user_id": user_id,
        "role": role,
        "schools": [school for school, _ in places],
        "units": [unit for _, unit in places],
    }
    return len((await tx.execute(_GRANT, values)).all())


_GRANT = text("""
insert into role_grant (user_id, role, school_id, unit_id)
select :user_id, :role, w.school_id, w.unit_id
  from unnest(cast(:schools as bigint[]), cast(:units as bigint[])) as w (school_id, unit_id)
 where not exists (
       select from role_grant g
        where g.user_id = :user_id and g.role = :role
          and g.school_id is not distinct from w.school_id
          and g.unit_id is not distinct from w.unit_id)
returning id
""")
