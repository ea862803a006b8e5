"""The bank door over HTTP: method and suffix as the provider fixes them, its exact reply out."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog
from litestar import asgi
from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Send
from litestar.types import Scope as HttpScope
from prometheus_client import Counter

from kernel.access import SignIn
from kernel.clock import utc_now
from kernel.db import Database
from kernel.errors import Unavailable
from kernel.sealing import unseal
from webhooks import reads
from webhooks.banks.registry import ADAPTERS
from webhooks.model import Accepted, ConnectionView, Reply
from webhooks.reads import KeptConnection
from webhooks.receive import Batcher, Knock, database_away

log = structlog.get_logger()

KEEP_CONNECTION_S = 5.0
CACHE_MAX = 10_000
NOT_FOUND = Reply(404, b'{"code":"not_found"}', "application/json")
WRONG_METHOD = Reply(405, b'{"code":"method_not_allowed"}', "application/json")
TOO_LARGE = Reply(413, b'{"code":"body_too_large"}', "application/json")
BUSY = Reply(503, b'{"code":"unavailable"}', "application/json")

knocks_counted = Counter(
    "hocphi_webhook_answers", "Answers of the bank door", ["provider", "status"]
)


@dataclass(slots=True)
class BankDoor:
    """What the door holds in one API process: the batcher and the connections it has seen."""

    db: Database
    batcher: Batcher
    seal_keys: tuple[bytes, ...]
    sandbox: bool
    seen: dict[str, tuple[float, KeptConnection | None]] = field(
        default_factory=dict[str, tuple[float, KeptConnection | None]]
    )

    async def connection(self, provider: str, public_id: str) -> KeptConnection | None:
        """Find a connection of this instance's mode; looked up again after a few seconds."""
        kept = self.seen.get(public_id)
        if kept is None or kept[0] < time.monotonic():
            found = await self._look_up(public_id)
            if len(self.seen) >= CACHE_MAX:
                self.seen.clear()
            kept = (time.monotonic() + KEEP_CONNECTION_S, found)
            self.seen[public_id] = kept
        found = kept[1]
        fits = found is not None and (found.provider, found.sandbox) == (provider, self.sandbox)
        return found if fits else None

    async def _look_up(self, public_id: str) -> KeptConnection | None:
        """Read a connection; raises Unavailable, for a 503, while the database is away."""
        try:
            async with self.db.transaction(SignIn()) as tx:
                return await reads.connection_by_path(tx, public_id)
        except Exception as cause:
            if database_away(cause):
                raise Unavailable("the database does not answer") from cause
            raise

    async def answer(self, call: "Call") -> Reply:
        """Check, keep and answer one call; the bank hears success only past the commit."""
        adapter = ADAPTERS.get(call.provider)
        kept = await self.connection(call.provider, call.public_id) if adapter else None
        if adapter is None or kept is None or call.suffix not in adapter.SUFFIXES:
            return NOT_FOUND
        if call.method not in adapter.METHODS:
            return WRONG_METHOD
        raw = await call.body(adapter.BODY_BYTES_MAX)
        if raw is None:
            return TOO_LARGE
        view = ConnectionView(
            provider=kept.provider,
            accounts=frozenset(kept.accounts),
            secrets=tuple(unseal(each, *self.seal_keys) for each in kept.sealed),
            options=kept.options,
            sandbox=kept.sandbox,
        )
        now = utc_now()
        if not adapter.verify(raw, call.headers, view, now):
            log.warning("delivery_refused", connection_id=kept.id)
            return adapter.refusal()
        read = adapter.parse(raw, call.headers, view)
        knock = Knock(kept, now, raw, call.headers, read)
        await self.batcher.keep(knock)
        return adapter.reply(Accepted(str(knock.id), 1))


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP call at the door, before its body is read."""

    method: str
    provider: str
    public_id: str
    suffix: str
    headers: Mapping[str, str]
    receive: Receive

    async def body(self, most: int) -> bytes | None:
        """Read the body, counting; None once it is over ``most`` bytes or the caller is gone."""
        length = self.headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()) or int(length) > most:
            return None
        pieces: list[bytes] = []
        size, more = 0, True
        while more:
            message = await self.receive()
            if message["type"] != "http.request":
                return None
            pieces.append(message.get("body", b""))
            size += len(pieces[-1])
            more = message.get("more_body", False)
            if size > most:
                return None
        return b"".join(pieces)


def _call(scope: HttpScope, receive: Receive) -> Call:
    path = scope["path"].removeprefix("/webhooks/")
    provider, _, rest = path.partition("/")
    public_id, _, suffix = rest.partition("/")
    headers = {name.decode("latin-1").lower(): text.decode("latin-1")
               for name, text in scope["headers"]}  # fmt: skip
    method = str(scope.get("method", ""))
    return Call(method, provider, public_id, suffix, headers, receive)


def bank_route(door: BankDoor) -> ASGIRouteHandler:
    """Make the route handler of the bank door."""

    @asgi("/webhooks", is_mount=True, copy_scope=False)
    async def knock(scope: HttpScope, receive: Receive, send: Send) -> None:
        path = str(scope.get("raw_path", b"").decode("latin-1").split("?")[0] or scope["path"])
        call = _call({**scope, "path": path}, receive)  # type: ignore[misc, typeddict-item]
        try:
            reply = await door.answer(call)
        except Unavailable as cause:
            log.error("knock_deferred", code=cause.code)  # noqa: TRY400  no trace wanted
            reply = BUSY
        known = call.provider if call.provider in ADAPTERS else "unknown"
        knocks_counted.labels(known, str(reply.status)).inc()
        await _send(send, reply)

    return knock


async def _send(send: Send, reply: Reply) -> None:
    headers = [
        (b"content-type", reply.content_type.encode()),
        (b"content-length", str(len(reply.body)).encode()),
    ]
    if reply.status == BUSY.status:
        headers.append((b"retry-after", b"2"))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body, "more_body": False})
