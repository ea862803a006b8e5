"""Reads of forms that were answered: the audit rows of their keys."""

import hashlib
from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.audit import deeds

FORM_LOCK = 7280
"""First key of the advisory lock on a form; the second comes from its key."""


async def lock_form(tx: AsyncConnection, subject: str) -> None:
    """Take turns with everybody who sends the same form, until the transaction ends."""
    second = int.from_bytes(hashlib.sha256(subject.encode()).digest()[:4], "big", signed=True)
    await tx.execute(select(func.pg_advisory_xact_lock(FORM_LOCK, second)))


async def form_answer(tx: AsyncConnection, subject: str, deed: str) -> Mapping[str, Any] | None:
    """Read what was answered to a form; None if it was not, or out of scope."""
    rows = await tx.execute(
        select(deeds.c.facts)
        .where(deeds.c.subject == subject, deeds.c.deed == deed)
        .order_by(deeds.c.id)
        .limit(1)
    )
    return cast("Mapping[str, Any] | None", rows.scalar_one_or_none())
