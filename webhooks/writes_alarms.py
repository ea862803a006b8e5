"""Writes of alarms: who cleared them, and when."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.alarms import alarms


async def clear_alarm(tx: AsyncConnection, alarm_id: int, *, at: datetime, by: str) -> bool:
    """Clear an alarm that nobody has cleared; tell whether it was open."""
    done = await tx.execute(
        update(alarms)
        .where(alarms.c.id == alarm_id, alarms.c.cleared_at.is_(None))
        .values(cleared_at=at, cleared_by=by)
    )
    return done.rowcount == 1
