"""Writes of the doors: raw deliveries, connections, endpoints, pushes and their attempts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.db import raw_connection
from webhooks.tables import (
    connection_accounts,
    connection_secrets,
    connections,
    endpoints,
    push_attempts,
    pushes,
)


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One delivery to keep: its bytes as they came, headers and problems as JSON text."""

    id: UUID
    connection_id: int
    received_at: datetime
    raw: bytes
    headers: str
    state: str
    problems: str


async def add_deliveries(tx: AsyncConnection, rows: Sequence[DeliveryRow]) -> None:
    """Keep deliveries in one statement."""
    driver = await raw_connection(tx)
    await driver.execute(
        _DELIVERIES,
        [row.id for row in rows],
        [row.connection_id for row in rows],
        [row.received_at for row in rows],
        [row.raw for row in rows],
        [row.headers for row in rows],
        [row.state for row in rows],
        [row.problems for row in rows],
    )


_DELIVERIES = """
insert into delivery (id, connection_id, received_at, raw, headers, state, problems)
select i, c, t, r, h::jsonb, s, p::jsonb
  from unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::bytea[], $5::text[], $6::text[],
              $7::text[]) as d(i, c, t, r, h, s, p)
"""


async def add_connection(
    tx: AsyncConnection, values: dict[str, Any], account_ids: Sequence[int], sealed: bytes
) -> int:
    """Add a bank connection, bind it to its accounts, keep its sealed secret; give its id."""
    made = await tx.execute(insert(connections).values(values).returning(connections.c.id))
    connection_id = int(made.scalar_one())
    await tx.execute(
        insert(connection_accounts),
        [{"connection_id": connection_id, "account_id": each} for each in account_ids],
    )
    await tx.execute(insert(connection_secrets).values(connection_id=connection_id, sealed=sealed))
    return connection_id


async def add_endpoint(tx: AsyncConnection, values: dict[str, Any]) -> int | None:
    """Add an endpoint; None if its address is known."""
    made = await tx.execute(
        upsert(endpoints).values(values).on_conflict_do_nothing().returning(endpoints.c.id)
    )
    return made.scalar_one_or_none()


async def add_pushes(tx: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Add pushes that wait; a fact goes to an endpoint once."""
    if rows:
        await tx.execute(upsert(pushes).on_conflict_do_nothing(), list(rows))


async def move_watermark(tx: AsyncConnection, endpoint_id: int, seen_tx: int, seen: int) -> None:
    """Remember how far an endpoint has taken facts."""
    await tx.execute(
        update(endpoints)
        .where(endpoints.c.id == endpoint_id)
        .values(seen_tx=seen_tx, seen_seq=seen)
    )


async def disable_endpoint(tx: AsyncConnection, endpoint_id: int) -> None:
    """Stop sending to an endpoint that is gone."""
    await tx.execute(update(endpoints).where(endpoints.c.id == endpoint_id).values(active=False))


async def hold(
    tx: AsyncConnection, endpoint_id: int, fact_ids: Sequence[UUID], until: datetime
) -> None:
    """Keep pushes from being due until then: they are under way."""
    await tx.execute(
        update(pushes)
        .where(pushes.c.endpoint_id == endpoint_id, pushes.c.fact_id.in_(list(fact_ids)))
        .values(next_at=until)
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attempt of a push came to."""

    fact_id: UUID
    state: str
    attempts: int
    next_at: datetime
    done_at: datetime | None
    status: int | None
    problem: str | None
    took_ms: int


async def keep_outcomes(
    tx: AsyncConnection, endpoint_id: int, outcomes: Sequence[Outcome], now: datetime
) -> None:
    """Write the outcome of attempts and add them to the delivery log."""
    driver = await raw_connection(tx)
    await driver.execute(
        _OUTCOMES,
        endpoint_id,
        [each.fact_id for each in outcomes],
        [each.state for each in outcomes],
        [each.attempts for each in outcomes],
        [each.next_at for each in outcomes],
        [each.done_at for each in outcomes],
    )
    await tx.execute(
        insert(push_attempts),
        [
            {
                "endpoint_id": endpoint_id,
                "fact_id": each.fact_id,
                "at": now,
                "status": each.status,
                "problem": each.problem,
                "took_ms": each.took_ms,
            }
            for each in outcomes
        ],
    )


_OUTCOMES = """
update push p set state = n.state, attempts = n.attempts, next_at = n.next_at, done_at = n.done_at
  from unnest($2::uuid[], $3::text[], $4::int[], $5::timestamptz[], $6::timestamptz[])
       as n(fact_id, state, attempts, next_at, done_at)
 where p.endpoint_id = $1 and p.fact_id = n.fact_id and p.state = 'waiting'
"""
