"""Tables of sign-in: staff, their roles, their sessions. No money, no pupil."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Table,
    Text,
)

from kernel.db import metadata

staff_users = Table(
    "staff_user",
    metadata,
    Column("id", BigInteger, Identity(always=False), primary_key=True),
    Column("login", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("active", Boolean, nullable=False, server_default="true"),
    Column("made_at", DateTime(timezone=True), nullable=False),
)

role_grants = Table(
    "role_grant",
    metadata,
    Column("id", BigInteger, Identity(always=False), primary_key=True),
    Column("user_id", BigInteger, ForeignKey("staff_user.id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("school_id", BigInteger, ForeignKey("school.id")),
    Column("unit_id", BigInteger, ForeignKey("unit.id")),
    CheckConstraint("role in ('accountant', 'officer', 'operator')", name="role"),
    CheckConstraint(
        "case role when 'accountant' then school_id is not null and unit_id is null"
        " when 'officer' then unit_id is not null and school_id is null"
        " else school_id is null and unit_id is null end",
        name="place",
    ),
    Index("ix_role_grant_user_id", "user_id"),
)

web_sessions = Table(
    "web_session",
    metadata,
    Column("key_hash", LargeBinary, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Index("ix_web_session_expires_at", "expires_at"),
)
