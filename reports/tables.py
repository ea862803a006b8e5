"""Tables of the rates: monthly sums per school, folded from append-only transfers."""

from sqlalchemy import BigInteger, Column, Date, ForeignKey, PrimaryKeyConstraint, Table, Text
from sqlalchemy import DateTime as _DateTime

from kernel.db import Xid8, metadata

rate_sums = Table(
    "rate_sum",
    metadata,
    Column("school_id", BigInteger, ForeignKey("school.id"), nullable=False),
    Column("measure", Text, nullable=False),
    Column("month", Date, nullable=False),
    Column("amount_dong", BigInteger, nullable=False),
    PrimaryKeyConstraint("school_id", "measure", "month"),
)

rate_watermark = Table(
    "rate_watermark",
    metadata,
    Column("name", Text, primary_key=True),
    Column("seen_tx", Xid8, nullable=False),
    Column("seen_id", BigInteger, nullable=False),
    Column("as_of", _DateTime(timezone=True), nullable=False),
)
