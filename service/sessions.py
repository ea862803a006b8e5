"""Sessions of staff: kept in PostgreSQL by the hash of their key, named by one cookie.

A key is made here and nowhere else: one that the store does not hold is never used, and each
sign-in or change of privilege gets a fresh one. Nobody is recognised here: see ``staff``.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie, MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.middleware.session.server_side import (
    ServerSideSessionBackend,
    ServerSideSessionConfig,
)
from litestar.stores.base import Store
from litestar.types import Empty, Message, Scopes
from msgspec import Struct, msgpack
from sqlalchemy import DateTime, LargeBinary, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.access import SignIn
from kernel.db import Database

IDLE_S = 30 * 60
"""Seconds without a request after which a session ends."""

ABSOLUTE_S = 12 * 60 * 60
"""Seconds after sign-in at which a session ends, whatever happens."""

RENEW_AFTER_S = 60
"""A session in use is written again at most once in so many seconds."""

STORE = "sessions"
OUTSIDE = ["^/webhooks(/|$)"]
"""The bank door: no session, no staff, no CSRF token."""

SESSION_LOCK = 7279
"""First key of the advisory lock on a session; the second comes from the hash of its key."""

_FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
_VISIT = "hocphi_visit"
_MARK, _BEGUN, _BEGAN, _KEPT = "_mark", "begun", "_began_at", "_kept_at"

Connection = ASGIConnection[Any, Any, Any, Any]
Now = Callable[[], datetime]


class _Row(Struct, array_like=True):
    until: datetime
    value: bytes


@dataclass(frozen=True, slots=True)
class SessionStore(Store):
    """Keeps values under the SHA-256 of their key, through fixed functions (role signin)."""

    db: Database
    now: Now

    async def set(
        self, key: str, value: str | bytes, expires_in: int | timedelta | None = None
    ) -> None:
        """Keep ``value`` for ``expires_in`` seconds, ``ABSOLUTE_S`` if not given."""
        async with self.db.transaction(SignIn()) as tx:
            await self._keep(tx, key, value, expires_in)

    async def get(self, key: str, renew_for: int | timedelta | None = None) -> bytes | None:
        """Give the value of a key that is kept and not expired; perhaps keep it for longer."""
        row = await self._row(key)
        if row is not None and renew_for is not None:
            await self.replace(key, key, row.value, renew_for)
        return None if row is None else row.value

    async def replace(
        self, old: str, key: str, value: bytes, expires_in: int | timedelta | None
    ) -> bool:
        """Keep ``value`` under ``key`` in the place of ``old``, which may be the same.

        Where ``old`` is not kept any more nothing is written and the answer is False: a request
        that was on its way when its session ended must not bring it back.
        """
        async with self.db.transaction(SignIn()) as tx:
            await _lock(tx, old)
            if await _read(tx, old, self.now()) is None:
                return False
            if old != key:
                await tx.execute(select(func.link.session_drop(_hashed(old))))
            await self._keep(tx, key, value, expires_in)
        return True

    async def delete(self, key: str) -> None:
        """Forget a key for good."""
        async with self.db.transaction(SignIn()) as tx:
            await _lock(tx, key)
            await tx.execute(select(func.link.session_drop(_hashed(key))))

    async def delete_all(self) -> None:
        """Forget every key: everybody signs in again."""
        await self._expire(_FOREVER)

    async def delete_expired(self) -> None:
        """Forget what has expired."""
        await self._expire(self.now())

    async def exists(self, key: str) -> bool:
        """Tell whether a key is kept and not expired."""
        return await self._row(key) is not None

    async def expires_in(self, key: str) -> int | None:
        """Tell the seconds a key is still kept; None for an unknown one."""
        row = await self._row(key)
        return None if row is None else int((row.until - self.now()).total_seconds())

    async def _row(self, key: str) -> _Row | None:
        async with self.db.transaction(SignIn()) as tx:
            return await _read(tx, key, self.now())

    async def _keep(
        self, tx: AsyncConnection, key: str, value: str | bytes, lifetime: int | timedelta | None
    ) -> None:
        span = lifetime if isinstance(lifetime, timedelta) else timedelta(seconds=lifetime or 0)
        until = self.now() + (span or timedelta(seconds=ABSOLUTE_S))
        row = _Row(until, value.encode() if isinstance(value, str) else value)
        content = literal(msgpack.encode(row), LargeBinary)
        await tx.execute(select(func.link.session_keep(_hashed(key), content, _moment(until))))

    async def _expire(self, at: datetime) -> None:
        async with self.db.transaction(SignIn()) as tx:
            await tx.execute(select(func.link.session_expire(_moment(at))))


def _hashed(key: str) -> Any:  # noqa: ANN401  a bound value of SQL
    return literal(hashlib.sha256(key.encode()).digest(), LargeBinary)


def _moment(at: datetime) -> Any:  # noqa: ANN401  a bound value of SQL
    return literal(at, DateTime(timezone=True))


async def _lock(tx: AsyncConnection, key: str) -> None:
    """Take turns with everybody who ends or renews this session, until the transaction ends."""
    second = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big", signed=True)
    await tx.execute(select(func.pg_advisory_xact_lock(SESSION_LOCK, second)))


async def _read(tx: AsyncConnection, key: str, now: datetime) -> _Row | None:
    wanted = func.link.session_read(_hashed(key), _moment(now), type_=LargeBinary)
    content = cast("bytes | None", (await tx.execute(select(wanted))).scalar_one())
    return None if content is None else msgpack.decode(content, type=_Row)


@dataclass(slots=True)
class _Visit:
    """What one request came with: the key if the store holds it, and what is kept under it."""

    fresh: str
    known: str | None = None
    before: dict[str, Any] = field(default_factory=dict[str, Any])


class FreshKeys(ServerSideSessionBackend):
    """Litestar's backend, but keys come from us alone and nothing is written for a stranger."""

    async def load_from_connection(self, connection: Connection) -> dict[str, Any]:
        """Read the session of the presented key; an unknown key counts as none."""
        visit = _Visit(self.generate_session_id())
        connection.scope[_VISIT] = visit  # type: ignore[literal-required]
        presented = connection.cookies.get(self.config.key, "")
        if presented:
            kept = await self.config.get_store_from_app(connection.scope["app"]).get(presented)
            if kept is not None:
                visit.known, visit.before = presented, self.deserialize_data(kept)
        return dict(visit.before)

    def get_session_id(self, connection: Connection) -> str:
        """Give the presented key if the store holds it, else a fresh one."""
        visit = _visit(connection)
        return visit.known or visit.fresh

    async def store_in_message(
        self,
        scope_session: Any,  # noqa: ANN401  Litestar's union of every kind of session
        message: Message,
        connection: Connection,
    ) -> None:
        """Write what the request made of the session, and name its key where it is new."""
        visit = _visit(connection)
        store = cast("SessionStore", self.config.get_store_from_app(connection.scope["app"]))
        session = {} if scope_session is Empty else dict(cast("dict[str, Any]", scope_session))
        if not session:
            await self._end(store, visit, message)
            return
        now = int(store.now().timestamp())
        mark = session.pop(_MARK, None)
        begun = visit.known is None or mark == _BEGUN
        session[_BEGAN] = now if begun else visit.before[_BEGAN]
        due = now - int(visit.before.get(_KEPT, 0)) >= RENEW_AFTER_S
        if not (mark or due or session != visit.before):
            return
        session[_KEPT] = now
        lifetime = min(IDLE_S, int(session[_BEGAN]) + ABSOLUTE_S - now)
        key = visit.fresh if mark or visit.known is None else visit.known
        content = self.serialize_data(session)
        if begun:
            await self._begin(store, visit, content, lifetime)
        elif not await store.replace(str(visit.known), key, content, lifetime):
            return
        self._name(message, key, lifetime)

    async def _begin(
        self, store: SessionStore, visit: _Visit, content: bytes, lifetime: int
    ) -> None:
        if visit.known is not None:
            await store.delete(visit.known)
        await store.set(visit.fresh, content, lifetime)

    async def _end(self, store: SessionStore, visit: _Visit, message: Message) -> None:
        if visit.known is not None:
            await store.delete(visit.known)
            self._name(message, "", 0)

    def _name(self, message: Message, key: str, lifetime: int) -> None:
        config = self.config
        cookie = Cookie(
            key=config.key,
            value=key,
            path="/",
            max_age=lifetime,
            secure=config.secure,
            httponly=True,
            samesite="lax",
        )
        MutableScopeHeaders.from_message(message).add("set-cookie", cookie.to_header(header=""))


def _visit(connection: Connection) -> _Visit:
    return cast("_Visit", connection.scope[_VISIT])  # type: ignore[literal-required]


@dataclass
class SessionConfig(ServerSideSessionConfig):
    """Litestar's configuration with our backend; ``key`` and ``secure`` follow the address."""

    _backend_class = FreshKeys

    max_age: int = IDLE_S
    store: str = STORE
    scopes: Scopes = field(default_factory=lambda: {ScopeType.HTTP})
    exclude: str | list[str] | None = field(default_factory=lambda: list(OUTSIDE))
    exclude_opt_key: str = "exclude_from_auth"


def begin_session(connection: Connection, content: dict[str, Any]) -> None:
    """Begin a session at sign-in, under a fresh key; what was before is gone."""
    connection.set_session(content | {_MARK: _BEGUN})


def renew_key(connection: Connection) -> None:
    """Give the session a fresh key, for every change of privilege; its age goes on."""
    if connection.scope.get("session"):
        connection.scope["session"][_MARK] = "moved"  # type: ignore[index]


def end_session(connection: Connection) -> None:
    """End the session, in the store too."""
    connection.set_session({})
