"""Writes of notices and pupils' balances: conditional updates of rows that are locked."""

from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.db import raw_connection
from kernel.money import Dong
from payments.notice import Notice


async def update_notices(tx: AsyncConnection, changed: Sequence[tuple[Notice, Notice]]) -> int:
    """Write (before, after) of notices; give how many rows still were as before."""
    driver = await raw_connection(tx)
    rows = await driver.fetch(
        _NOTICES,
        [before.school_id for before, _ in changed],
        [before.id for before, _ in changed],
        [before.version for before, _ in changed],
        [after.outstanding for _, after in changed],
        [after.state.value for _, after in changed],
        [after.version for _, after in changed],
        [after.paid_at for _, after in changed],
    )
    return len(rows)


async def update_pupils(
    tx: AsyncConnection, balances: Mapping[tuple[int, int], tuple[Dong, int]]
) -> None:
    """Write the credit (đồng) and the fact version of pupils whose rows are locked."""
    driver = await raw_connection(tx)
    await driver.execute(
        _PUPILS,
        [school for school, _ in balances],
        [student for _, student in balances],
        [credit for credit, _ in balances.values()],
        [version for _, version in balances.values()],
    )


_NOTICES = """
update invoice i
   set outstanding_dong = n.outstanding, state = n.state, version = n.version, paid_at = n.paid_at
  from unnest($1::bigint[], $2::bigint[], $3::int[], $4::bigint[], $5::text[], $6::int[],
              $7::timestamptz[]) as n(school_id, id, seen, outstanding, state, version, paid_at)
 where i.school_id = n.school_id and i.id = n.id and i.version = n.seen
returning i.id
"""

_PUPILS = """
update pupil_balance b set credit_dong = n.credit, fact_version = n.version
  from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])
       as n(school_id, student_id, credit, version)
 where b.school_id = n.school_id and b.student_id = n.student_id
"""
