"""Reads of the desk: the connections of some receiving accounts, when they spoke, their alarms.

Never reads what a bank sent, and never the path of a connection, which is a secret.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.alarms import alarms
from webhooks.tables import connection_accounts, deliveries

CONNECTIONS_MAX = 100
ALARMS_MAX = 200


@dataclass(frozen=True, slots=True)
class Heard:
    """A connection, its accounts among those asked for, and its last deliveries, newest first."""

    id: int
    provider: str
    active: bool
    account_ids: tuple[int, ...]
    at: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class OpenAlarm:
    """An alarm that nobody has cleared."""

    id: int
    kind: str
    connection_id: int | None
    account_id: int | None
    at: datetime
    facts: dict[str, Any]


async def connections_heard(tx: AsyncConnection, account_ids: Sequence[int]) -> list[Heard]:
    """Read the connections bound to accounts, lowest id first, each with its last deliveries."""
    rows = await tx.exec_driver_sql(_HEARD, (list(account_ids), CONNECTIONS_MAX))
    return [
        Heard(row.id, row.provider, row.active, tuple(row.account_ids), tuple(row.heard))
        for row in rows
    ]


_HEARD = """
select c.id, c.provider, c.active,
       array(select ca.account_id from connection_account ca
              where ca.connection_id = c.id and ca.account_id = any ($1::bigint[])
              order by ca.account_id) as account_ids,
       array(select d.received_at from delivery d where d.connection_id = c.id
              order by d.received_at desc limit 20) as heard
  from connection c
 where c.id in (select ca.connection_id from connection_account ca
                 where ca.account_id = any ($1::bigint[]))
 order by c.id limit $2
"""


async def delivered_since(
    tx: AsyncConnection, connection_ids: Collection[int], since: datetime
) -> dict[int, int]:
    """Count the deliveries of connections since a moment; a silent one is absent."""
    rows = await tx.execute(
        select(deliveries.c.connection_id, func.count().label("count"))
        .where(
            deliveries.c.connection_id.in_(list(connection_ids)), deliveries.c.received_at >= since
        )
        .group_by(deliveries.c.connection_id)
    )
    return {row.connection_id: int(row[1]) for row in rows}


async def open_alarms(
    tx: AsyncConnection, account_ids: Sequence[int], connection_ids: Collection[int]
) -> list[OpenAlarm]:
    """Read the alarms of accounts and connections that are not cleared, newest first."""
    rows = await tx.execute(
        select(alarms)
        .where(
            alarms.c.cleared_at.is_(None),
            or_(
                alarms.c.account_id.in_(account_ids),
                alarms.c.connection_id.in_(list(connection_ids)),
            ),
        )
        .order_by(alarms.c.at.desc(), alarms.c.id.desc())
        .limit(ALARMS_MAX)
    )
    return [
        OpenAlarm(row.id, row.kind, row.connection_id, row.account_id, row.at, dict(row.facts))
        for row in rows
    ]


async def account_of_alarm(
    tx: AsyncConnection, account_ids: Sequence[int], alarm_id: int
) -> int | None:
    """Find an account, among those asked for, that an alarm speaks of; None if there is none."""
    bound = connection_accounts
    rows = await tx.execute(
        select(func.coalesce(alarms.c.account_id, bound.c.account_id).label("account_id"))
        .outerjoin(bound, bound.c.connection_id == alarms.c.connection_id)
        .where(
            alarms.c.id == alarm_id,
            func.coalesce(alarms.c.account_id, bound.c.account_id).in_(account_ids),
        )
        .order_by("account_id")
        .limit(1)
    )
    return rows.scalar_one_or_none()
