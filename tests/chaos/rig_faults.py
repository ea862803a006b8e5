"""Faults that the oracle must find, planted in child processes by the shim. Never in the product.

Each replaces one function by a version that a hurried colleague could have written.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciliation import writes_intake
from webhooks import jobs_push
from webhooks.receive import Batcher, Knock
from webhooks.tables import pushes

ASYNC_COMMIT = ["alter database hocphi set synchronous_commit = off"]
"""PostgreSQL answers before the disk: visible only when it is killed."""

NO_IDENTITY = [
    "alter table bank_credit drop constraint uq_bank_credit_account_id_provider_provider_txn_id"
]
"""Without its constraint the database no longer keeps a credit from coming in twice."""


def plant(fault: str) -> None:
    """Plant a fault by its name; raises KeyError for an unknown one."""
    FAULTS[fault]()


def reply_before_commit() -> None:
    """Let the door answer as soon as the knock is in memory."""
    Batcher.keep = _keep_in_memory


async def _keep_in_memory(self: Batcher, knock: Knock) -> None:
    self.pending.append((knock, asyncio.get_running_loop().create_future()))
    if self.writing is None or self.writing.done():
        self.writing = asyncio.create_task(self._write_all())  # pyright: ignore[reportPrivateUsage]


def credit_per_delivery() -> None:
    """Let each delivery of a transaction make a credit."""
    plain = writes_intake._CREDITS  # pyright: ignore[reportPrivateUsage]
    clause = "on conflict (account_id, provider, provider_txn_id) do nothing\n"
    assert clause in plain
    writes_intake._CREDITS = plain.replace(clause, "")  # pyright: ignore[reportPrivateUsage]


def delivered_before_sending() -> None:
    """Let a push count as delivered once somebody has taken it."""
    jobs_push.writes.hold = _mark_delivered


async def _mark_delivered(
    tx: AsyncConnection, endpoint_id: int, fact_ids: Sequence[UUID], until: datetime
) -> None:
    await tx.execute(
        update(pushes)
        .where(pushes.c.endpoint_id == endpoint_id, pushes.c.fact_id.in_(list(fact_ids)))
        .values(state="delivered", done_at=until)
    )


FAULTS = {
    "reply_before_commit": reply_before_commit,
    "credit_per_delivery": credit_per_delivery,
    "delivered_before_sending": delivered_before_sending,
}
