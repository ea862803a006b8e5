"""Reads of the doors: connections by their path, endpoints, facts to tell, pushes that wait."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Row, func, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.outbox import facts
from payments.tables import unit_closure
from webhooks.tables import endpoints, pushes

PUSH_LOCK = 7278
"""First key of the advisory lock on an endpoint; the second is the endpoint's id."""


@dataclass(frozen=True, slots=True)
class KeptConnection:
    """A bank connection as the door finds it; secrets are still sealed."""

    id: int
    provider: str
    sandbox: bool
    options: dict[str, str]
    sealed: tuple[bytes, ...]
    accounts: dict[str, int]
    """Account number -> id of the connection's own accounts."""


async def connection_by_path(tx: AsyncConnection, public_id: str) -> KeptConnection | None:
    """Find an active connection by the secret part of its path."""
    rows = await tx.exec_driver_sql("select * from link.door($1)", (public_id,))
    row = rows.one_or_none()
    if row is None:
        return None
    return KeptConnection(
        id=row.connection_id,
        provider=row.provider,
        sandbox=row.sandbox,
        options={str(name): str(value) for name, value in row.options.items()},
        sealed=tuple(row.sealed),
        accounts=dict(zip(row.numbers, row.account_ids, strict=True)),
    )


async def active_endpoints(tx: AsyncConnection) -> list[Row[Any]]:
    """List the endpoints that want facts."""
    rows = await tx.execute(select(endpoints).where(endpoints.c.active).order_by(endpoints.c.id))
    return list(rows)


async def try_endpoint(tx: AsyncConnection, endpoint_id: int) -> bool:
    """Take the endpoint until the transaction ends, unless another worker has it."""
    found = await tx.execute(select(func.pg_try_advisory_xact_lock(PUSH_LOCK, endpoint_id)))
    return bool(found.scalar_one())


async def facts_since(tx: AsyncConnection, endpoint: Row[Any], limit: int) -> list[Row[Any]]:
    """Read the next facts after the endpoint's watermark that no open transaction can precede.

    Ids are not commit order: only facts of transactions older than every running one are read.
    """
    seen = tuple_(
        literal(endpoint.seen_tx, facts.c.tx.type), literal(endpoint.seen_seq, facts.c.seq.type)
    )
    statement = (
        select(facts.c.id, facts.c.seq, facts.c.tx, facts.c.school_id, facts.c.student_id)
        .where(
            tuple_(facts.c.tx, facts.c.seq) > seen,
            facts.c.tx < func.pg_snapshot_xmin(func.pg_current_snapshot()),
        )
        .order_by(facts.c.tx, facts.c.seq)
        .limit(limit)
    )
    return cast("list[Row[Any]]", list(await tx.execute(statement)))


async def schools_below(tx: AsyncConnection, unit_id: int) -> set[int]:
    """List the schools that belong to a unit today."""
    rows = await tx.execute(
        select(unit_closure.c.school_id).where(
            unit_closure.c.ancestor_id == unit_id, unit_closure.c.valid_to.is_(None)
        )
    )
    return set(rows.scalars())


async def pushes_due(
    tx: AsyncConnection, endpoint_id: int, now: datetime, limit: int
) -> list[Row[Any]]:
    """Read pushes that are due, oldest first; a pupil's later fact waits for the earlier one."""
    earlier = pushes.alias("earlier")
    statement = (
        select(
            pushes.c.fact_id,
            pushes.c.attempts,
            pushes.c.pupil,
            pushes.c.seq,
            facts.c.topic,
            facts.c.payload,
            facts.c.version,
            facts.c.at,
        )
        .join(facts, facts.c.id == pushes.c.fact_id)
        .where(
            pushes.c.endpoint_id == endpoint_id,
            pushes.c.state == "waiting",
            pushes.c.next_at <= now,
            ~select(earlier.c.seq)
            .where(
                earlier.c.endpoint_id == endpoint_id,
                earlier.c.state == "waiting",
                earlier.c.pupil == pushes.c.pupil,
                earlier.c.seq < pushes.c.seq,
            )
            .exists(),
        )
        .order_by(pushes.c.seq)
        .limit(limit)
    )
    return cast("list[Row[Any]]", list(await tx.execute(statement)))


async def work_waits(tx: AsyncConnection, now: datetime) -> bool:
    """Tell whether any endpoint has facts to take or pushes that are due."""
    seen = tuple_(endpoints.c.seen_tx, endpoints.c.seen_seq)
    newer = (
        select(facts.c.seq)
        .join(endpoints, tuple_(facts.c.tx, facts.c.seq) > seen)
        .where(endpoints.c.active)
        .exists()
    )
    due = (
        select(pushes.c.endpoint_id)
        .where(pushes.c.state == "waiting", pushes.c.next_at <= now)
        .exists()
    )
    found = await tx.execute(select(or_(newer, due)))
    return bool(found.scalar_one())


async def current_tx(tx: AsyncConnection) -> int:
    """Give the oldest running transaction: facts from here on are new to a fresh endpoint."""
    found = await tx.execute(select(func.pg_snapshot_xmin(func.pg_current_snapshot())))
    return int(found.scalar_one())
