"""Brings a database to today's shape and gives its logins their roles. Run by the owner only."""

from collections.abc import Iterable
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO

import psycopg
from alembic import command
from alembic.config import Config
from psycopg import sql
from sqlalchemy import create_engine
from sqlalchemy.engine import URL, Connection, make_url

from kernel.access import API_ROLES, ROLES, WORKER_ROLES
from kernel.db import ROLE_PREFIX
from kernel.errors import Unavailable
from kernel.settings import CHECKOUT

MIGRATION_LOCK = 727_701
"""Held by one migrating process at a time, until its connection ends."""


class LoginInherits(Unavailable):
    """A login would hold its roles' rights without taking them: it must be NOINHERIT."""

    code = "login_inherits"


@dataclass(frozen=True, slots=True)
class Login:
    """A login and the roles it may take; the password is set where the login is made here."""

    name: str
    password: str | None
    roles: tuple[str, ...]


def logins_of(api: URL, worker: URL, operator: URL) -> list[Login]:
    """Name the three logins of an instance with the roles each may take."""
    return [
        Login(api.username or "", _password(api), (*API_ROLES, "queue")),
        Login(worker.username or "", _password(worker), (*WORKER_ROLES, "queue")),
        Login(operator.username or "", _password(operator), (*ROLES, "queue")),
    ]


def _password(url: URL) -> str | None:
    return str(url.password) if url.password is not None else None


def migrate(owner_url: str, logins: Iterable[Login]) -> None:
    """Upgrade to the newest revision, then make missing logins and grant their roles."""
    engine = create_engine(make_url(owner_url).set(drivername="postgresql+psycopg"))
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("select pg_advisory_lock(%s)", (MIGRATION_LOCK,))
            connection.commit()
            _alembic(connection, "upgrade", "head")
            for login in logins:
                _grant(connection, login)
            connection.commit()
    finally:
        engine.dispose()


def newest_version() -> str:
    """Name the newest revision that this code knows."""
    names = (path.stem for path in (CHECKOUT / "migrations" / "versions").glob("2*.py"))
    return max(names)


def version_of(url: str) -> str | None:
    """Read the revision of a database; None if it was never migrated."""
    with psycopg.connect(url) as connection:
        exists = connection.execute("select to_regclass('public.alembic_version')").fetchone()
        if exists is None or exists[0] is None:
            return None
        found = connection.execute("select version_num from alembic_version").fetchone()
        return None if found is None else str(found[0])


def analyse(owner_url: str) -> None:
    """Let the database count its rows anew: after a load its plans are far off until it does."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("analyze")


def check_migrations(owner_url: str) -> None:
    """Go up, down and up again, then compare tables with the code; raises on any difference."""
    engine = create_engine(make_url(owner_url).set(drivername="postgresql+psycopg"))
    try:
        for verb, revision in (("upgrade", "head"), ("downgrade", "base"), ("upgrade", "head")):
            with engine.connect() as connection:
                _alembic(connection, verb, revision)
                connection.commit()
        with engine.connect() as connection:
            _alembic(connection, "check")
    finally:
        engine.dispose()


def _alembic(connection: Connection, verb: str, *revision: str) -> None:
    config = Config(str(CHECKOUT / "alembic.ini"))
    config.attributes["connection"] = connection
    with redirect_stdout(StringIO()):
        getattr(command, verb)(config, *revision)


def _grant(connection: Connection, login: Login) -> None:
    name = sql.Identifier(login.name)
    found = connection.exec_driver_sql(
        "select rolinherit from pg_roles where rolname = %s", (login.name,)
    ).scalar()
    if found is None:
        made = sql.SQL("create role {} login noinherit").format(name)
        if login.password:
            made += sql.SQL(" password {}").format(sql.Literal(login.password))
        connection.exec_driver_sql(made.as_string())
    elif found:
        raise LoginInherits(
            f"the login {login.name} must be NOINHERIT: alter role {login.name} noinherit"
        )
    for role in login.roles:
        granted = sql.SQL("grant {} to {}").format(sql.Identifier(ROLE_PREFIX + role), name)
        connection.exec_driver_sql(granted.as_string())
