"""People's deeds: who did what, when, to whose rows. Rows are added, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Table, Text, insert
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.db import metadata

deeds = Table(
    "deed",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("school_id", BigInteger),
    Column("account_id", BigInteger),
    Column("actor", Text, nullable=False),
    Column("deed", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("facts", JSONB, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Index("ix_deed_subject", "subject"),
)


@dataclass(frozen=True, slots=True)
class Deed:
    """One deed of a person or an operator's command; ``subject`` is like ``case:12``."""

    actor: str
    deed: str
    subject: str
    at: datetime
    school_id: int | None = None
    account_id: int | None = None


async def record(tx: AsyncConnection, deed: Deed, **facts: object) -> None:
    """Add a deed to the audit in the transaction that does it; ``facts`` are JSON values."""
    values: Mapping[str, object] = {
        "school_id": deed.school_id,
        "account_id": deed.account_id,
        "actor": deed.actor,
        "deed": deed.deed,
        "subject": deed.subject,
        "at": deed.at,
        "facts": facts,
    }
    await tx.execute(insert(deeds).values(values).inline())
