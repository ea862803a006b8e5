"""Tables of the two doors: connections and raw deliveries in, endpoints and pushes out."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from kernel.db import Xid8, metadata

connections = Table(
    "connection",
    metadata,
    Column("id", BigInteger, Identity(always=False), primary_key=True),
    Column("public_id", Text, nullable=False, unique=True),
    Column("provider", Text, nullable=False),
    Column("sandbox", Boolean, nullable=False),
    Column("options", JSONB, nullable=False),
    Column("active", Boolean, nullable=False, server_default="true"),
    Column("made_at", DateTime(timezone=True), nullable=False),
)

connection_accounts = Table(
    "connection_account",
    metadata,
    Column("connection_id", BigInteger, ForeignKey("connection.id"), nullable=False),
    Column("account_id", BigInteger, ForeignKey("account.id"), nullable=False),
    PrimaryKeyConstraint("connection_id", "account_id"),
    Index("ix_connection_account_account_id", "account_id"),
)

connection_secrets = Table(
    "connection_secret",
    metadata,
    Column("id", BigInteger, Identity(always=False), primary_key=True),
    Column("connection_id", BigInteger, ForeignKey("connection.id"), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("active", Boolean, nullable=False, server_default="true"),
    Index("ix_connection_secret_connection_id", "connection_id"),
)

deliveries = Table(
    "delivery",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("connection_id", BigInteger, ForeignKey("connection.id"), nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("problems", JSONB, nullable=False),
    CheckConstraint("state in ('read', 'unread')", name="state"),
    Index("ix_delivery_connection_id", "connection_id", "received_at"),
)

endpoints = Table(
    "endpoint",
    metadata,
    Column("id", BigInteger, Identity(always=False), primary_key=True),
    Column("url", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("profile", Text, nullable=False),
    Column("unit_id", BigInteger, ForeignKey("unit.id")),
    Column("sandbox", Boolean, nullable=False),
    Column("active", Boolean, nullable=False, server_default="true"),
    Column("seen_tx", Xid8, nullable=False),
    Column("seen_seq", BigInteger, nullable=False, server_default="0"),
    Column("made_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("kind in ('contact-book', 'dashboard')", name="kind"),
)

pushes = Table(
    "push",
    metadata,
    Column("endpoint_id", BigInteger, ForeignKey("endpoint.id"), nullable=False),
    Column("fact_id", Uuid, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("pupil", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="waiting"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_at", DateTime(timezone=True), nullable=False),
    Column("done_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("endpoint_id", "fact_id"),
    CheckConstraint("state in ('waiting', 'delivered', 'given_up')", name="state"),
    Index(
        "ix_push_waiting",
        "endpoint_id",
        "pupil",
        "seq",
        postgresql_where=text("state = 'waiting'"),
    ),
)

push_attempts = Table(
    "push_attempt",
    metadata,
    Column("id", BigInteger, Identity(always=False), primary_key=True),
    Column("endpoint_id", BigInteger, nullable=False),
    Column("fact_id", Uuid, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("status", Integer),
    Column("problem", Text),
    Column("took_ms", Integer, nullable=False),
    Index("ix_push_attempt_fact_id", "endpoint_id", "fact_id"),
)
