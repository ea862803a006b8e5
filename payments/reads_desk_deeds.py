"""Reads of what people did to a notice, from the audit."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.audit import deeds

CANCEL_DEED = "notice_cancelled"
DEEDS_MAX = 50


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Who cancelled a notice, when and why."""

    at: datetime
    actor: str
    reason: str


def notice_subject(school_id: int, invoice_id: int) -> str:
    """Name a notice in the audit."""
    return f"invoice:{school_id}:{invoice_id}"


async def cancelled(tx: AsyncConnection, school_id: int, invoice_id: int) -> list[Cancelled]:
    """Read the cancellings of a notice, in order: one, or none."""
    rows = await tx.execute(
        select(deeds.c.at, deeds.c.actor, deeds.c.facts)
        .where(
            deeds.c.subject == notice_subject(school_id, invoice_id), deeds.c.deed == CANCEL_DEED
        )
        .order_by(deeds.c.id)
        .limit(DEEDS_MAX)
    )
    return [Cancelled(row.at, row.actor, str(row.facts.get("reason", ""))) for row in rows]
