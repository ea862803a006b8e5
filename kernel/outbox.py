"""Facts for others, staged in the transaction that makes them true. Never sent from here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Table, Text, Uuid, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.db import Xid8, metadata
from kernel.ids import new_id
from kernel.queue import ring

PUSH_BELL = "push"

facts = Table(
    "fact",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("seq", BigInteger, Identity(always=True), nullable=False),
    Column("topic", Text, nullable=False),
    Column("school_id", BigInteger, nullable=False),
    Column("student_id", BigInteger),
    Column("version", BigInteger, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("tx", Xid8, nullable=False, server_default=func.pg_current_xact_id()),
    Index("ix_fact_tx_seq", "tx", "seq"),
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that has become true. ``version`` grows per pupil, so an older one can be told.

    ``payload`` is thin: ids, state, amounts in whole đồng under ``*_dong``; never a name.
    """

    topic: str
    school_id: int
    student_id: int | None
    version: int
    payload: dict[str, Any]
    at: datetime
    id: UUID = field(default_factory=new_id)


async def stage(tx: AsyncConnection, staged: Sequence[Fact]) -> None:
    """Write facts into the outbox and note the bell; they exist if and only if ``tx`` commits."""
    if not staged:
        return
    rows = [
        {
            "id": fact.id,
            "topic": fact.topic,
            "school_id": fact.school_id,
            "student_id": fact.student_id,
            "version": fact.version,
            "payload": fact.payload,
            "at": fact.at,
        }
        for fact in staged
    ]
    await tx.execute(facts.insert().inline(), rows)
    ring(tx, PUSH_BELL)
