"""Writes of the rates: the monthly sums and how far they have been folded."""

from sqlalchemy.ext.asyncio import AsyncConnection

from reports.reads import MEASURED, WATERMARK


async def fold_new(tx: AsyncConnection) -> int:
    """Add the transfers that no open transaction can precede to the sums; move the watermark.

    Ids are not commit order: what is taken is exactly the transactions from the watermark up to
    the oldest that still runs. Gives how many sums were touched. The caller holds the folding.
    """
    rows = await tx.exec_driver_sql(_FOLD)
    return int(rows.scalar_one())


_FOLD = f"""
with span as (
  select seen_tx as low, pg_snapshot_xmin(pg_current_snapshot()) as high
    from rate_watermark where name = '{WATERMARK}'),
added as (
  insert into rate_sum as s (school_id, measure, month, amount_dong)
  select f.school_id, f.measure, f.month, sum(f.amount)
    from ({MEASURED} and t.tx >= (select low from span) and t.tx < (select high from span)) as f
   group by f.school_id, f.measure, f.month
   order by f.school_id, f.measure, f.month
  on conflict (school_id, measure, month)
  do update set amount_dong = s.amount_dong + excluded.amount_dong
  returning 1),
moved as (
  update rate_watermark w set seen_tx = span.high, as_of = now() from span
   where w.name = '{WATERMARK}' returning 1)
select count(*) from added, (select count(*) from moved) as m
"""  # noqa: S608  constants of this file
