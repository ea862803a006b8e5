"""Alarms: what a person must look at. Raised with the rows they speak of, cleared by a person."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.db import metadata


class AlarmKind(StrEnum):
    """What an alarm is about."""

    FOREIGN_ACCOUNT = "foreign_account"
    UNREAD_DELIVERY = "unread_delivery"
    UNREAD_ITEM = "unread_item"
    OTHER_CONTENT = "other_content"
    QUARANTINED = "quarantined"


alarms = Table(
    "alarm",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("connection_id", BigInteger),
    Column("account_id", BigInteger),
    Column("source", Uuid, nullable=False),
    Column("item", Integer, nullable=False),
    Column("facts", JSONB, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("cleared_at", DateTime(timezone=True)),
    Column("cleared_by", Text),
    UniqueConstraint("kind", "source", "item"),
)


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm; (kind, source, item) is raised once, ``source`` being a delivery or a deed."""

    kind: AlarmKind
    source: UUID
    item: int
    at: datetime
    connection_id: int | None = None
    account_id: int | None = None
    facts: dict[str, Any] = field(default_factory=dict[str, Any])


async def sound(tx: AsyncConnection, sounded: Sequence[Alarm]) -> None:
    """Raise alarms; one that was raised before stays as it is."""
    if not sounded:
        return
    rows = [
        {
            "kind": alarm.kind.value,
            "source": alarm.source,
            "item": alarm.item,
            "at": alarm.at,
            "connection_id": alarm.connection_id,
            "account_id": alarm.account_id,
            "facts": alarm.facts,
        }
        for alarm in sounded
    ]
    await tx.execute(insert(alarms).on_conflict_do_nothing().inline(), rows)
