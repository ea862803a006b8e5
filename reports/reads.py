"""Reads of the rates: sums per school for a month, the unit tree, what waits to be folded."""

from collections.abc import Collection
from datetime import date
from typing import Any, cast

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from payments.tables import schools, unit_closure, unit_links, units
from payments.tables_ledger import transfers
from reports.tables import rate_watermark

WATERMARK = "transfers"
FOLD_LOCK = 7279


Sums = dict[int, dict[str, int]]
"""Sums in đồng of one month, by school and measure."""


async def sums_of_month(tx: AsyncConnection, school_ids: Collection[int], month: date) -> Sums:
    """Read folded sums and add the transfers after the watermark, in one statement."""
    rows = await tx.exec_driver_sql(_SUMS, (list(school_ids), month))
    found: Sums = {}
    for row in rows:
        found.setdefault(row.school_id, {})[row.measure] = int(row.amount)
    return found


MEASURED = """
  select t.school_id, m.measure, m.month,
         case when t.reverses_id is null then t.amount_dong else -t.amount_dong end as amount
    from transfer t
   cross join lateral (values
         ('due', t.period, t.kind = 'issued'),
         ('paid', t.period, t.kind = 'allocated'),
         (t.method, date_trunc('month', t.value_on)::date,
          t.kind = 'allocated' and t.method <> 'neutral')) as m(measure, month, wanted)
   where m.wanted and t.school_id is not null
"""
"""Every transfer as what it adds to the monthly sums; a counter-row takes off what it undoes."""

_SUMS = f"""
with watermark as (select seen_tx from rate_watermark where name = '{WATERMARK}'),
     fresh as ({MEASURED} and t.tx >= (select seen_tx from watermark)
               and t.school_id = any ($1::bigint[]))
select school_id, measure, sum(amount) as amount
  from (select school_id, measure, amount_dong as amount from rate_sum
         where school_id = any ($1::bigint[]) and month = $2::date
        union all
        select school_id, measure, amount from fresh where month = $2::date) as known
 group by school_id, measure
"""  # noqa: S608  constants of this file


async def months_seen(tx: AsyncConnection, school_ids: Collection[int]) -> list[date]:
    """List the months that have sums, newest first, at most three years of them."""
    rows = await tx.exec_driver_sql(_MONTHS, (list(school_ids),))
    return list(rows.scalars())


_MONTHS = f"""
with watermark as (select seen_tx from rate_watermark where name = '{WATERMARK}'),
     fresh as ({MEASURED} and t.tx >= (select seen_tx from watermark)
               and t.school_id = any ($1::bigint[]))
select month from rate_sum where school_id = any ($1::bigint[])
union select month from fresh order by month desc limit 36
"""  # noqa: S608  constants of this file


async def school_rows(tx: AsyncConnection, school_ids: Collection[int]) -> list[Row[Any]]:
    """Read schools (id, code, name, unit_id) by name."""
    rows = await tx.execute(
        select(schools.c.id, schools.c.code, schools.c.name, schools.c.unit_id)
        .where(schools.c.id.in_(list(school_ids)))
        .order_by(schools.c.name, schools.c.id)
    )
    return cast("list[Row[Any]]", list(rows))


async def units_by_id(tx: AsyncConnection, unit_ids: Collection[int]) -> list[Row[Any]]:
    """Read units by id, in order of their names."""
    rows = await tx.execute(
        select(units).where(units.c.id.in_(list(unit_ids))).order_by(units.c.name, units.c.id)
    )
    return list(rows)


async def children_of(tx: AsyncConnection, unit_id: int) -> list[Row[Any]]:
    """Read the units directly below a unit today, in order of their names."""
    rows = await tx.execute(
        select(units)
        .join(unit_links, unit_links.c.child_id == units.c.id)
        .where(
            unit_links.c.parent_id == unit_id,
            unit_links.c.valid_to.is_(None),
            units.c.valid_to.is_(None),
        )
        .order_by(units.c.name, units.c.id)
    )
    return list(rows)


async def schools_below(tx: AsyncConnection, unit_ids: Collection[int]) -> dict[int, set[int]]:
    """List the schools below each unit today."""
    rows = await tx.execute(
        select(unit_closure.c.ancestor_id, unit_closure.c.school_id).where(
            unit_closure.c.ancestor_id.in_(list(unit_ids)), unit_closure.c.valid_to.is_(None)
        )
    )
    found: dict[int, set[int]] = {unit_id: set() for unit_id in unit_ids}
    for row in rows:
        found[row.ancestor_id].add(row.school_id)
    return found


async def path_to(tx: AsyncConnection, code: str, granted: Collection[int]) -> list[Row[Any]]:
    """Read the units from a granted one down to the unit of ``code``; empty if none leads there."""
    rows = await tx.exec_driver_sql(_PATH, (code, list(granted)))
    return list(rows)


_PATH = """
with recursive up as (
  select u.id, u.code, u.name, 0 as level from unit u where u.code = $1
  union all
  select p.id, p.code, p.name, up.level + 1
    from up
    join unit_link l on l.child_id = up.id and l.valid_to is null
    join unit p on p.id = l.parent_id
   where not up.id = any ($2::bigint[]) and up.level < 12)
select id, code, name, level from up
 where exists (select from up where id = any ($2::bigint[]))
 order by level desc
"""


async def try_fold(tx: AsyncConnection) -> bool:
    """Take the folding until the transaction ends, unless another worker has it."""
    found = await tx.execute(select(func.pg_try_advisory_xact_lock(FOLD_LOCK)))
    return bool(found.scalar_one())


async def fold_waits(tx: AsyncConnection) -> bool:
    """Tell whether transfers wait to be folded."""
    seen = (
        select(rate_watermark.c.seen_tx).where(rate_watermark.c.name == WATERMARK).scalar_subquery()
    )
    found = await tx.execute(
        select(
            select(transfers.c.id)
            .where(
                transfers.c.tx >= seen,
                transfers.c.tx < func.pg_snapshot_xmin(func.pg_current_snapshot()),
            )
            .exists()
        )
    )
    return bool(found.scalar_one())
