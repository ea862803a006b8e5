"""Tables of the ledger: one row is one transfer from an account to another, never changed."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Table,
    Text,
    UniqueConstraint,
    func,
)

from kernel.db import Xid8, metadata

ledger_accounts = Table(
    "ledger_account",
    metadata,
    Column("id", BigInteger, Identity(always=False), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("account_id", BigInteger, ForeignKey("account.id")),
    Column("school_id", BigInteger, ForeignKey("school.id")),
    Column("round_id", BigInteger),
    Column("fee_item_id", BigInteger, ForeignKey("fee_item.id")),
    UniqueConstraint(
        "kind",
        "account_id",
        "school_id",
        "round_id",
        "fee_item_id",
        name="uq_ledger_account_identity",
        postgresql_nulls_not_distinct=True,
    ),
    CheckConstraint("(account_id is null) <> (school_id is null)", name="one_owner"),
)

transfers = Table(
    "transfer",
    metadata,
    Column("id", BigInteger, Identity(always=False), primary_key=True),
    Column("debit_id", BigInteger, ForeignKey("ledger_account.id"), nullable=False),
    Column("credit_id", BigInteger, ForeignKey("ledger_account.id"), nullable=False),
    Column("amount_dong", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("reference", Text, nullable=False, unique=True),
    Column("reverses_id", BigInteger, ForeignKey("transfer.id"), unique=True),
    Column("account_id", BigInteger),
    Column("school_id", BigInteger),
    Column("invoice_id", BigInteger),
    Column("student_id", BigInteger),
    Column("bank_credit_id", BigInteger),
    Column("round_id", BigInteger),
    Column("fee_item_id", BigInteger),
    Column("period", Date),
    Column("value_on", Date),
    Column("method", Text),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("tx", Xid8, nullable=False, server_default=func.pg_current_xact_id()),
    CheckConstraint("amount_dong > 0", name="amount"),
    CheckConstraint("debit_id <> credit_id", name="two_sides"),
    CheckConstraint("account_id is not null or school_id is not null", name="owner"),
    Index("ix_transfer_invoice_id", "school_id", "invoice_id"),
    Index("ix_transfer_bank_credit_id", "account_id", "bank_credit_id"),
    Index("ix_transfer_tx_id", "tx", "id"),
)
