"""The bank knocks: check, keep the raw bytes, take the credits in, and only then answer.

Requests that arrive while a batch commits form the next one (natural group commit, no timer).
A bad request cannot fail its neighbours: a failing batch is written one by one. Never decides
whose money it is.
"""

import asyncio
import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from kernel.access import Door
from kernel.alarms import Alarm, AlarmKind, sound
from kernel.db import Database
from kernel.errors import Unavailable
from kernel.ids import new_id
from reconciliation import intake
from reconciliation.arrival import Arrival
from webhooks import writes
from webhooks.model import Headers, Parsed, Unread
from webhooks.reads import KeptConnection

log = structlog.get_logger()

BATCH = 500
PENDING_MAX = 5_000
_AWAY = ("08", "53", "57P")
"""Classes of SQLSTATE: no connection, out of resources, shutting down or still starting."""

_UNKEPT_HEADERS = frozenset({"authorization", "cookie", "x-secret-key", "secure-token"})


class DoorFull(Unavailable):
    """More messages wait than the database can take now; the bank should try again soon."""

    code = "door_full"


@dataclass(frozen=True, slots=True)
class Knock:
    """One verified delivery: whose connection, which bytes, what they say."""

    connection: KeptConnection
    received_at: datetime
    raw: bytes
    headers: Headers
    read: Parsed | Unread
    id: UUID = field(default_factory=new_id)


@dataclass(slots=True)
class Batcher:
    """Writes knocks in batches, one batch in flight; each caller waits for its own commit."""

    db: Database
    pending: deque[tuple[Knock, "asyncio.Future[None]"]] = field(
        default_factory=deque[tuple[Knock, "asyncio.Future[None]"]]
    )
    writing: "asyncio.Task[None] | None" = None

    async def keep(self, knock: Knock) -> None:
        """Return once ``knock`` is committed; raises DoorFull, or what the database said."""
        if len(self.pending) >= PENDING_MAX:
            raise DoorFull("too many messages wait to be written")
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.pending.append((knock, kept))
        if self.writing is None or self.writing.done():
            self.writing = asyncio.create_task(self._write_all())
        await kept

    async def _write_all(self) -> None:
        while self.pending:
            count = min(len(self.pending), BATCH)
            batch = [self.pending.popleft() for _ in range(count)]
            try:
                await self._write([knock for knock, _ in batch])
            except Exception as cause:
                log.exception("batch_failed", knocks=len(batch), cause=type(cause).__name__)
                if database_away(cause):
                    _fail(batch, Unavailable("the database does not answer"))
                else:
                    await self._one_by_one(batch)
            else:
                for _, kept in batch:
                    if not kept.done():
                        kept.set_result(None)

    async def _one_by_one(self, batch: Sequence[tuple[Knock, "asyncio.Future[None]"]]) -> None:
        for knock, kept in batch:
            try:
                await self._write([knock])
            except Exception as cause:  # noqa: BLE001  handed to the one caller it belongs to
                if not kept.done():
                    kept.set_exception(cause)
            else:
                if not kept.done():
                    kept.set_result(None)

    async def _write(self, knocks: Sequence[Knock]) -> None:
        connections = tuple({knock.connection.id for knock in knocks})
        accounts = {each for knock in knocks for each in knock.connection.accounts.values()}
        async with self.db.transaction(Door(connections, tuple(accounts))) as tx:
            await writes.add_deliveries(tx, [_delivery(knock) for knock in knocks])
            await intake.record(tx, [each for knock in knocks for each in _arrivals(knock)])
            await sound(tx, [alarm for knock in knocks for alarm in _alarms(knock)])


def database_away(cause: Exception) -> bool:
    """Tell whether the database, not the rows, is why a write failed."""
    if isinstance(cause, DBAPIError):
        return cause.connection_invalidated or _sqlstate(cause).startswith(_AWAY)
    return isinstance(cause, (OSError, TimeoutError, PoolTimeout))


def _sqlstate(cause: DBAPIError) -> str:
    """Give PostgreSQL's five-letter code of an error, or nothing."""
    return str(getattr(cause.orig, "sqlstate", None) or "")


def _fail(batch: Sequence[tuple[Knock, "asyncio.Future[None]"]], cause: Exception) -> None:
    for _, kept in batch:
        if not kept.done():
            kept.set_exception(cause)


def _delivery(knock: Knock) -> writes.DeliveryRow:
    shown = {name: text for name, text in knock.headers.items() if name not in _UNKEPT_HEADERS}
    unread = isinstance(knock.read, Unread)
    return writes.DeliveryRow(
        id=knock.id,
        connection_id=knock.connection.id,
        received_at=knock.received_at,
        raw=knock.raw,
        headers=json.dumps(shown),
        state="unread" if unread else "read",
        problems=json.dumps([alarm.facts | {"kind": alarm.kind} for alarm in _alarms(knock)]),
    )


def _arrivals(knock: Knock) -> list[Arrival]:
    """Make arrivals of the items that name the connection's own accounts, and of no others."""
    if isinstance(knock.read, Unread):
        return []
    return [
        Arrival(
            event_id=f"{knock.id}:{item}",
            received_at=knock.received_at,
            source="webhook",
            event=event,
            account_id=knock.connection.accounts[event.account],
            delivery_id=knock.id,
        )
        for item, event in enumerate(knock.read.events, start=1)
        if event.account in knock.connection.accounts
    ]


def _alarms(knock: Knock) -> list[Alarm]:
    """Say what of a delivery needs a person: unread, unread items, items of foreign accounts."""

    def alarm(kind: AlarmKind, item: int, **facts: str) -> Alarm:
        return Alarm(
            kind=kind,
            source=knock.id,
            item=item,
            at=knock.received_at,
            connection_id=knock.connection.id,
            facts=dict(facts),
        )

    if isinstance(knock.read, Unread):
        return [alarm(AlarmKind.UNREAD_DELIVERY, 0, reason=knock.read.reason)]
    odd = [
        alarm(AlarmKind.UNREAD_ITEM, problem.item, field=problem.field, rule=problem.rule)
        for problem in knock.read.problems
    ]
    foreign = [
        alarm(AlarmKind.FOREIGN_ACCOUNT, item, account=event.account[-4:])
        for item, event in enumerate(knock.read.events, start=1)
        if event.account not in knock.connection.accounts
    ]
    return [*odd, *foreign]
