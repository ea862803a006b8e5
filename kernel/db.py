"""Transactions with a scope, the only way to the database. Never autocommit, never without a scope.

``async with db.transaction(scope) as tx`` sets the role and its bounds in one round trip, local
to the transaction. After the commit the bells noted on it go to the ringer.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import MetaData, NullPool, bindparam, func, select
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.types import UserDefinedType

from kernel.access import Scope
from kernel.errors import Unavailable

ROLE_PREFIX = "hocphi_"
BELLS = "bells"
BOUNDS = ("schools", "accounts", "connections", "students", "wide")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id, for reading "everything since" by watermark."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Name the type in DDL."""
        return "xid8"


cast("dict[str, type[object]]", ischema_names)["xid8"] = Xid8  # so that reflection knows it


class LoginTooStrong(Unavailable):
    """The login would switch the row policies off, so the program does not start with it."""

    code = "login_too_strong"


def sqlalchemy_url(url: str) -> URL:
    """Turn ``postgresql://…`` into the URL of the asyncpg driver."""
    return make_url(url).set(drivername="postgresql+asyncpg")


async def raw_connection(tx: AsyncConnection) -> Any:  # noqa: ANN401  asyncpg has no public stubs
    """Give the asyncpg connection below ``tx``, for COPY and for hot unnest statements."""
    fairy = await tx.get_raw_connection()
    return fairy.driver_connection


Ringing = Callable[[frozenset[str]], None]


def _silent(_: frozenset[str]) -> None:
    """Ring nothing: the sweeper will find the rows."""


@dataclass(frozen=True, slots=True)
class Database:
    """One login's pool of connections and what to do with its bells after a commit."""

    engine: AsyncEngine
    ring: Ringing = _silent

    @classmethod
    def connect(
        cls, url: str, *, ring: Ringing = _silent, pool_size: int = 8, pooled: bool = True
    ) -> "Database":
        """Prepare a pool for ``url``; nothing is opened yet."""
        options: dict[str, Any] = {
            "connect_args": {
                "timeout": 10,
                "command_timeout": 600,
                "server_settings": {"application_name": "hocphi", "TimeZone": "UTC"},
            }
        }
        if pooled:
            options |= {"pool_size": pool_size, "max_overflow": 0, "pool_timeout": 10}
        else:
            options |= {"poolclass": NullPool}
        engine = create_async_engine(sqlalchemy_url(url), hide_parameters=True, **options)
        return cls(engine, ring)

    @asynccontextmanager
    async def transaction(self, scope: Scope) -> AsyncGenerator[AsyncConnection]:
        """Open a transaction bounded by ``scope``; commit at the end, then ring its bells."""
        async with self.engine.connect() as tx:
            tx.info[BELLS] = set[str]()
            async with tx.begin():
                await enter(tx, scope)
                yield tx
            bells = cast("set[str]", tx.info.pop(BELLS))
        if bells:
            self.ring(frozenset(bells))

    async def close(self) -> None:
        """Close every connection of the pool."""
        await self.engine.dispose()


async def enter(tx: AsyncConnection, scope: Scope) -> None:
    """Take the scope's role and bounds until the transaction ends, in one round trip."""
    await tx.execute(_ENTER, parameters_of(scope))


def parameters_of(scope: Scope) -> dict[str, str]:
    """List every bound, the empty ones too, so that nothing of an earlier block can remain."""
    bounds: Mapping[str, str] = scope.bounds()
    return {"role": ROLE_PREFIX + scope.role} | {name: bounds.get(name, "") for name in BOUNDS}


_ENTER = select(
    *(func.set_config(f"app.{name}", bindparam(name), True) for name in BOUNDS),  # noqa: FBT003
    func.set_config("role", bindparam("role"), True),  # noqa: FBT003  local to the transaction
)


async def refuse_strong_login(database: Database, scope: Scope, *, without: str = "") -> None:
    """Refuse to go on if policies would not hold for this login.

    Raises LoginTooStrong if the login, or any role that it may take, is a superuser, owns tables
    or has BYPASSRLS, or if the login may take the role ``without``.
    """
    async with database.engine.connect() as bare:  # before any role: the login itself is asked
        found = (await bare.exec_driver_sql(_STRENGTH, (ROLE_PREFIX + without,))).one()
    if found.strong:
        raise LoginTooStrong(
            "the database login is a superuser, owns the tables or has BYPASSRLS: "
            "give DATABASE_URL a NOINHERIT login made by hocphi migrate",
            login=found.login,
        )
    if found.reaches:
        raise LoginTooStrong(
            f"the login may take the role {ROLE_PREFIX}{without}, which this process must not",
            login=found.login,
        )
    async with database.transaction(scope):
        pass  # the role itself can be taken


_STRENGTH = """
select session_user::text as login,
       exists (select from pg_roles r
                where pg_has_role(session_user, r.oid, 'MEMBER')
                  and (r.rolsuper or r.rolbypassrls
                       or exists (select from pg_class c
                                   where c.relowner = r.oid and c.relkind = 'r'))) as strong,
       coalesce((select pg_has_role(session_user, r.oid, 'MEMBER')
                   from pg_roles r where r.rolname = $1), false) as reaches
"""
