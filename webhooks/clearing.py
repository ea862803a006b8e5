"""Clears an alarm: a person says that they have looked. What it spoke of stays in the books."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from kernel import audit
from kernel.errors import NotFound
from webhooks import reads_desk, writes_alarms


class AlarmUnknown(NotFound):
    """There is no such alarm, or none of the caller's accounts."""

    code = "alarm_unknown"


async def clear(
    tx: AsyncConnection, account_ids: Sequence[int], alarm_id: int, *, actor: str, now: datetime
) -> None:
    """Clear an alarm of these accounts; one that is cleared already stays as it is.

    Raises AlarmUnknown.
    """
    account_id = await reads_desk.account_of_alarm(tx, account_ids, alarm_id)
    if account_id is None:
        raise AlarmUnknown("no such alarm")
    if await writes_alarms.clear_alarm(tx, alarm_id, at=now, by=actor):
        deed = audit.Deed(actor, "alarm_cleared", f"alarm:{alarm_id}", now, account_id=account_id)
        await audit.record(tx, deed)
