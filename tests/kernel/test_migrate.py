"""Migrations on an empty database: up, down, up; a planted difference is found; two at once."""

import subprocess
import sys
from collections.abc import Generator
from uuid import uuid4

import psycopg
import pytest
from alembic.util import CommandError
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from kernel.embedded import Server
from kernel.migrate import (
    _alembic,  # pyright: ignore[reportPrivateUsage]
    check_migrations,
    logins_of,
    migrate,
    newest_version,
    version_of,
)
from kernel.settings import CHECKOUT
from migrations.policies import BOUNDED, UNBOUNDED
from tests.database import TestDatabase

pytestmark = pytest.mark.filterwarnings(
    "ignore:Did not recognize type 'xid8':sqlalchemy.exc.SAWarning"
)  # reflection knows no xid8, so the check compares every type but this one

MIGRATE = """
import sys
from sqlalchemy.engine import make_url
from kernel.migrate import logins_of, migrate
migrate(sys.argv[1], logins_of(*(make_url(each) for each in sys.argv[2:])))
"""


@pytest.fixture
def empty(server: Server) -> Generator[str]:
    """A database with nothing in it; gives its name."""
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as connection:
        connection.execute(f"create database {name} owner hocphi_owner".encode())
        yield name
        connection.execute(f"drop database {name} with (force)".encode())


def tables_of(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "select tablename from pg_tables where schemaname = 'public'"
        ).fetchall()
    return {row[0] for row in found}


def schemas_of(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "select nspname from pg_namespace where nspname !~ '^(pg_|information)'"
        ).fetchall()
    return {row[0] for row in found}


def test_up_down_and_up_again_leaves_what_the_code_describes(server: Server, empty: str) -> None:
    owner, su = server.url("hocphi_owner", empty), server.url("postgres", empty)
    assert version_of(su) is None

    check_migrations(owner)

    assert version_of(su) == newest_version()
    assert tables_of(su) == {*BOUNDED, *UNBOUNDED, "alembic_version"}


def test_down_takes_every_table_and_schema_away(server: Server, empty: str) -> None:
    owner, su = server.url("hocphi_owner", empty), server.url("postgres", empty)
    migrate(owner, [])
    assert schemas_of(su) == {"public", "app", "link", "staging", "dramatiq"}

    engine = create_engine(make_url(owner).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        _alembic(connection, "downgrade", "base")
        connection.commit()
    engine.dispose()

    assert tables_of(su) == {"alembic_version"}
    assert schemas_of(su) == {"public"}
    assert version_of(su) is None


@pytest.mark.parametrize(
    "difference",
    [
        "alter table student add column nickname text",
        "alter table invoice drop column paid_at",
        "alter table bank_credit alter column amount_dong type integer",
        "alter table transfer alter column at drop not null",
        "drop index ix_transfer_invoice_id",
        "alter table transfer drop constraint uq_transfer_reference",
        "alter table guardian drop constraint fk_guardian_school_id_student_id",
        "create table stray (id bigint primary key)",
    ],
)
async def test_the_check_finds_a_planted_difference(
    database: TestDatabase, difference: str
) -> None:
    owner = make_url(database.url("hocphi_owner")).set(drivername="postgresql+psycopg")
    engine = create_engine(owner)
    try:
        with engine.connect() as connection:
            _alembic(connection, "check")
            connection.rollback()
            with psycopg.connect(database.url("postgres"), autocommit=True) as su:
                su.execute(difference.encode())
            with pytest.raises(CommandError, match="New upgrade operations detected"):
                _alembic(connection, "check")
    finally:
        engine.dispose()


def test_two_migrations_at_once_both_end_well(server: Server, empty: str) -> None:
    owner = server.url("hocphi_owner", empty)
    logins = [server.url(each, empty) for each in ("hocphi", "hocphi_worker", "hocphi_operator")]
    with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as connection:
        made = connection.execute("select count(*) from pg_roles").fetchone()

        both = [
            subprocess.Popen(
                [sys.executable, "-c", MIGRATE, owner, *logins],
                cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )
            for _ in range(2)
        ]  # fmt: skip
        said = [each.communicate(timeout=120)[0] for each in both]

        assert ([each.returncode for each in both], said) == ([0, 0], ["", ""])
        assert connection.execute("select count(*) from pg_roles").fetchone() == made
    assert version_of(server.url("postgres", empty)) == newest_version()


def test_migrating_again_changes_nothing(server: Server, empty: str) -> None:
    owner, su = server.url("hocphi_owner", empty), server.url("postgres", empty)
    urls = [make_url(server.url(each, empty)) for each in ("hocphi", "hocphi_worker",
                                                           "hocphi_operator")]  # fmt: skip
    migrate(owner, logins_of(*urls))
    with psycopg.connect(su) as connection:
        before = connection.execute("select oid, relacl from pg_class order by oid").fetchall()

    migrate(owner, logins_of(*urls))

    with psycopg.connect(su) as connection:
        after = connection.execute("select oid, relacl from pg_class order by oid").fetchall()
    assert after == before
