"""Alembic's entry: runs on the connection kernel/migrate.py gives, else MIGRATE_DATABASE_URL."""

from alembic import context
from sqlalchemy import create_engine
from sqlalchemy.engine import Connection, make_url

import kernel.alarms
import kernel.audit
import kernel.outbox
import payments.tables
import payments.tables_ledger
import reconciliation.tables
import reports.tables
import service.tables
import webhooks.tables
from kernel.db import metadata
from kernel.settings import read_settings

ROOMS = (
    kernel.alarms,
    kernel.audit,
    kernel.outbox,
    payments.tables,
    payments.tables_ledger,
    reconciliation.tables,
    reports.tables,
    service.tables,
    webhooks.tables,
)


def ours(thing: object, name: str | None, kind: str, _reflected: object, _compared: object) -> bool:
    """Compare only the tables of the rooms: staging and the queue are made by plain SQL."""
    return not (kind == "table" and getattr(thing, "schema", None)) and name is not None


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_object=ours,
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    address = make_url(read_settings().migrate_database_url).set(drivername="postgresql+psycopg")
    with create_engine(address).connect() as opened:
        run(opened)
