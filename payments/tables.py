"""Tables of schools, pupils, accounts and notices. Amounts are BIGINT đồng. No money moves here."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from kernel.db import metadata


def _id() -> Column[int]:
    return Column("id", BigInteger, Identity(always=False), nullable=False)


def _text(name: str, *, empty: bool = False) -> Column[str]:
    return Column(name, Text, nullable=empty)


units = Table(
    "unit",
    metadata,
    Column("id", BigInteger, Identity(always=False), primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    _text("kind"),
    _text("name"),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
)

unit_links = Table(
    "unit_link",
    metadata,
    Column("child_id", BigInteger, ForeignKey("unit.id"), nullable=False),
    Column("parent_id", BigInteger, ForeignKey("unit.id"), nullable=False),
    _text("relation"),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    PrimaryKeyConstraint("child_id", "relation", "valid_from"),
)

unit_successions = Table(
    "unit_succession",
    metadata,
    Column("predecessor_id", BigInteger, ForeignKey("unit.id"), nullable=False),
    Column("successor_id", BigInteger, ForeignKey("unit.id"), nullable=False),
    PrimaryKeyConstraint("predecessor_id", "successor_id"),
)

schools = Table(
    "school",
    metadata,
    Column("id", BigInteger, Identity(always=False), primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    _text("name"),
    _text("level"),
    _text("ownership"),
    Column("unit_id", BigInteger, ForeignKey("unit.id"), nullable=False),
)

unit_closure = Table(
    "unit_closure",
    metadata,
    Column("ancestor_id", BigInteger, ForeignKey("unit.id"), nullable=False),
    Column("school_id", BigInteger, ForeignKey("school.id"), nullable=False),
    _text("relation"),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    PrimaryKeyConstraint("ancestor_id", "school_id", "relation", "valid_from"),
    Index("ix_unit_closure_school_id", "school_id"),
)

accounts = Table(
    "account",
    metadata,
    Column("id", BigInteger, Identity(always=False), primary_key=True),
    _text("number"),
    _text("bank_bin"),
    _text("holder"),
    _text("kind"),
    Column("parent_id", BigInteger, ForeignKey("account.id")),
    Column("student_school_id", BigInteger),
    Column("student_id", BigInteger),
    _text("memo_prefix", empty=True),
    Column("proof", Text, nullable=False, server_default="unproved"),
    UniqueConstraint("bank_bin", "number"),
    ForeignKeyConstraint(["student_school_id", "student_id"], ["student.school_id", "student.id"]),
    CheckConstraint("proof in ('unproved', 'proved', 'released')", name="proof"),
    CheckConstraint("kind in ('main', 'static_va', 'order_va')", name="kind"),
)

account_schools = Table(
    "account_school",
    metadata,
    Column("account_id", BigInteger, ForeignKey("account.id"), nullable=False),
    Column("school_id", BigInteger, ForeignKey("school.id"), nullable=False),
    PrimaryKeyConstraint("account_id", "school_id"),
    Index("ix_account_school_school_id", "school_id"),
)

school_classes = Table(
    "school_class",
    metadata,
    Column("school_id", BigInteger, ForeignKey("school.id"), nullable=False),
    _id(),
    _text("code"),
    _text("school_year"),
    _text("grade"),
    _text("name"),
    PrimaryKeyConstraint("school_id", "id"),
    UniqueConstraint("school_id", "school_year", "code"),
)

students = Table(
    "student",
    metadata,
    Column("school_id", BigInteger, ForeignKey("school.id"), nullable=False),
    _id(),
    Column("class_id", BigInteger, nullable=False),
    _text("code"),
    _text("name"),
    _text("search_key"),
    _text("sort_key"),
    Column("birth_date", Date),
    _text("moet_code", empty=True),
    _text("status"),
    _text("virtual_account", empty=True),
    PrimaryKeyConstraint("school_id", "id"),
    UniqueConstraint("school_id", "code"),
    ForeignKeyConstraint(["school_id", "class_id"], ["school_class.school_id", "school_class.id"]),
    Index("ix_student_class_id", "school_id", "class_id"),
)

guardians = Table(
    "guardian",
    metadata,
    Column("school_id", BigInteger, nullable=False),
    _id(),
    Column("student_id", BigInteger, nullable=False),
    _text("name"),
    _text("phone", empty=True),
    _text("email", empty=True),
    PrimaryKeyConstraint("school_id", "id"),
    ForeignKeyConstraint(["school_id", "student_id"], ["student.school_id", "student.id"]),
    Index("ix_guardian_student_id", "school_id", "student_id"),
)

fee_items = Table(
    "fee_item",
    metadata,
    Column("id", BigInteger, Identity(always=False), primary_key=True),
    Column("school_id", BigInteger, ForeignKey("school.id")),
    _text("code"),
    _text("name"),
    _text("legal_class"),
    _text("unit"),
    Column("price_dong", BigInteger),
    _text("legal_basis"),
    UniqueConstraint("school_id", "code", postgresql_nulls_not_distinct=True),
    CheckConstraint("legal_class not in ('parents_fund', 'forbidden')", name="not_blocked"),
)

rounds = Table(
    "collection_round",
    metadata,
    Column("school_id", BigInteger, ForeignKey("school.id"), nullable=False),
    _id(),
    Column("period", Date, nullable=False),
    _text("source"),
    _text("state"),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("school_id", "id"),
)

invoices = Table(
    "invoice",
    metadata,
    Column("school_id", BigInteger, ForeignKey("school.id"), nullable=False),
    _id(),
    _text("external_id"),
    Column("student_id", BigInteger, nullable=False),
    Column("round_id", BigInteger, nullable=False),
    Column("account_id", BigInteger, ForeignKey("account.id"), nullable=False),
    _text("code"),
    Column("period", Date, nullable=False),
    Column("issued_at", DateTime(timezone=True), nullable=False),
    Column("due_date", Date, nullable=False),
    Column("due_dong", BigInteger, nullable=False),
    Column("outstanding_dong", BigInteger, nullable=False),
    _text("state"),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("paid_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("school_id", "id"),
    UniqueConstraint("school_id", "external_id"),
    ForeignKeyConstraint(["school_id", "student_id"], ["student.school_id", "student.id"]),
    ForeignKeyConstraint(
        ["school_id", "round_id"], ["collection_round.school_id", "collection_round.id"]
    ),
    CheckConstraint("outstanding_dong between 0 and due_dong", name="outstanding"),
    CheckConstraint(
        "case state when 'issued' then outstanding_dong = due_dong and due_dong > 0"
        " when 'partly_paid' then outstanding_dong > 0 and outstanding_dong < due_dong"
        " when 'paid' then outstanding_dong = 0"
        " when 'cancelled' then outstanding_dong = 0"
        " when 'replaced' then outstanding_dong = 0 else false end",
        name="state",
    ),
    Index("ix_invoice_student_id", "school_id", "student_id"),
    Index("ix_invoice_code", "school_id", "code"),
    postgresql_with={"fillfactor": 80},
)

invoice_lines = Table(
    "invoice_line",
    metadata,
    Column("school_id", BigInteger, nullable=False),
    Column("invoice_id", BigInteger, nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("fee_item_id", BigInteger, ForeignKey("fee_item.id"), nullable=False),
    _text("name"),
    Column("amount_dong", BigInteger, nullable=False),
    PrimaryKeyConstraint("school_id", "invoice_id", "line_no"),
    ForeignKeyConstraint(["school_id", "invoice_id"], ["invoice.school_id", "invoice.id"]),
)

pupil_balances = Table(
    "pupil_balance",
    metadata,
    Column("school_id", BigInteger, nullable=False),
    Column("student_id", BigInteger, nullable=False),
    Column("credit_dong", BigInteger, nullable=False, server_default="0"),
    Column("fact_version", BigInteger, nullable=False, server_default="0"),
    PrimaryKeyConstraint("school_id", "student_id"),
    ForeignKeyConstraint(["school_id", "student_id"], ["student.school_id", "student.id"]),
    CheckConstraint("credit_dong >= 0", name="credit"),
    postgresql_with={"fillfactor": 80},
)

payment_codes = Table(
    "payment_code",
    metadata,
    Column("code", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("account_id", BigInteger, nullable=False),
    Column("school_id", BigInteger, nullable=False),
    Column("invoice_id", BigInteger, nullable=False),
    UniqueConstraint("school_id", "invoice_id"),
)

page_tokens = Table(
    "page_token",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("school_id", BigInteger, nullable=False),
    Column("invoice_id", BigInteger, nullable=False),
    Column("student_id", BigInteger, nullable=False),
)

code_counter = Table(
    "code_counter",
    metadata,
    Column("single", Boolean, primary_key=True, server_default="true"),
    Column("next", BigInteger, nullable=False, server_default="0"),
    CheckConstraint("single", name="single"),
)
