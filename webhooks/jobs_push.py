"""Tells others: takes an endpoint's waiting facts, sends them, writes what came of it.

No transaction is open while HTTP runs. A crash in between sends a fact again under the same id;
receivers deduplicate on it. Never sends a fact before its transaction has committed.
"""

import asyncio
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, assert_never

import httpx
import structlog
from sqlalchemy import Row

from kernel.access import Pusher
from kernel.clock import real_now, utc_now
from kernel.db import Database
from kernel.sealing import unseal
from webhooks import reads, writes
from webhooks.model import OutgoingFact
from webhooks.targets.standard import Delivered, EndpointGone, GivenUp, RetryAt, judge, request

log = structlog.get_logger()

BATCH = 200
AT_ONCE = 8
TIMEOUT_S = 15.0
JITTER_BP = 1_000
"""Retries spread by up to a tenth, so that receivers coming back are not hit all at once."""

HOLD_S = 20
"""While a batch is under way its pushes are not due again; a crash costs this long at most."""


@dataclass(frozen=True, slots=True)
class Sender:
    """What sending needs: the database, the keys of sealed secrets, an HTTP client."""

    db: Database
    seal_keys: tuple[bytes, ...]
    http: httpx.AsyncClient


def make_client() -> httpx.AsyncClient:
    """Make the HTTP client of the pushes: bounded in time, following no redirect."""
    return httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False)


async def push_waiting(sender: Sender) -> int:
    """Tell every endpoint what waits for it; give how many facts were delivered."""
    async with sender.db.transaction(Pusher()) as tx:
        endpoints = await reads.active_endpoints(tx)
    return sum([await push_endpoint(sender, endpoint) for endpoint in endpoints])


async def push_endpoint(sender: Sender, endpoint: Row[Any]) -> int:
    """Tell one endpoint its facts until none is due; a failing receiver stops the round."""
    delivered = 0
    while True:
        await take_facts(sender.db, endpoint.id)
        due = await _hold_due(sender.db, endpoint.id)
        if not due:
            return delivered
        secret = unseal(endpoint.sealed, *sender.seal_keys)
        outcomes = await _send_all(sender, endpoint, secret, due)
        now = utc_now()
        async with sender.db.transaction(Pusher()) as tx:
            await writes.keep_outcomes(tx, endpoint.id, [each for each, _ in outcomes], now)
            if any(gone for _, gone in outcomes):
                await writes.disable_endpoint(tx, endpoint.id)
                log.warning("endpoint_gone", endpoint_id=endpoint.id)
        good = sum(each.state == "delivered" for each, _ in outcomes)
        delivered += good
        log.info("facts_pushed", endpoint_id=endpoint.id, delivered=good, tried=len(outcomes))
        if good == 0:
            return delivered


async def take_facts(db: Database, endpoint_id: int) -> None:
    """Turn new facts into pushes of this endpoint, in commit order, past its watermark."""
    more = True
    while more:
        async with db.transaction(Pusher()) as tx:
            if not await reads.try_endpoint(tx, endpoint_id):
                return
            endpoint = next(
                (each for each in await reads.active_endpoints(tx) if each.id == endpoint_id), None
            )
            if endpoint is None:
                return
            found = await reads.facts_since(tx, endpoint, BATCH * 5)
            more = len(found) == BATCH * 5
            if not found:
                return
            wanted = (
                None
                if endpoint.unit_id is None
                else await reads.schools_below(tx, endpoint.unit_id)
            )
            now = utc_now()
            await writes.add_pushes(
                tx,
                [
                    {
                        "endpoint_id": endpoint_id,
                        "fact_id": each.id,
                        "seq": each.seq,
                        "pupil": f"{each.school_id}:{each.student_id or each.id}",
                        "next_at": now,
                    }
                    for each in found
                    if wanted is None or each.school_id in wanted
                ],
            )
            await writes.move_watermark(tx, endpoint_id, found[-1].tx, found[-1].seq)


async def _hold_due(db: Database, endpoint_id: int) -> list[Row[Any]]:
    """Claim what is due: while held it is not due for another worker."""
    now = utc_now()
    async with db.transaction(Pusher()) as tx:
        if not await reads.try_endpoint(tx, endpoint_id):
            return []
        due = await reads.pushes_due(tx, endpoint_id, now, BATCH)
        if due:
            until = now + timedelta(seconds=HOLD_S)
            await writes.hold(tx, endpoint_id, [row.fact_id for row in due], until)
    return due


async def _send_all(
    sender: Sender, endpoint: Row[Any], secret: bytes, due: Sequence[Row[Any]]
) -> list[tuple[writes.Outcome, bool]]:
    """Send facts, a few at once; give each outcome and whether the receiver is gone."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(row: Row[Any]) -> tuple[writes.Outcome, bool]:
        async with places:
            return await _send(sender, endpoint.url, secret, row)

    return await asyncio.gather(*(one(row) for row in due))


async def _send(
    sender: Sender, url: str, secret: bytes, row: Row[Any]
) -> tuple[writes.Outcome, bool]:
    fact = OutgoingFact(
        id=row.fact_id,
        topic=row.topic,
        occurred_at=row.at,
        payload=row.payload | {"version": row.version},
    )
    asked = request(fact, secret, url=url, attempt_at=real_now())
    began = time.monotonic()
    status: int | None = None
    retry_after: str | None = None
    problem: str | None = None
    try:
        answer = await sender.http.post(url, content=asked.body, headers=dict(asked.headers))
        status, retry_after = answer.status_code, answer.headers.get("retry-after")
    except (httpx.HTTPError, httpx.InvalidURL) as cause:
        problem = type(cause).__name__
    took_ms = int((time.monotonic() - began) * 1000)
    return _outcome(row, status, retry_after, problem, took_ms, utc_now())


def _outcome(
    row: Row[Any],
    status: int | None,
    retry_after: str | None,
    problem: str | None,
    took_ms: int,
    now: datetime,
) -> tuple[writes.Outcome, bool]:
    attempts = row.attempts + 1
    real = real_now()  # a Retry-After date is in the receiver's real time, whatever our clock
    jitter_bp = secrets.randbelow(JITTER_BP)
    verdict = judge(status, retry_after, attempts, real, jitter_bp=jitter_bp)
    gone = False
    match verdict:
        case Delivered():
            state, next_at, done_at = "delivered", now, now
        case RetryAt(at):
            state, next_at, done_at = "waiting", now + (at - real), None
        case GivenUp():
            state, next_at, done_at = "given_up", now, now
        case EndpointGone():
            state, next_at, done_at, gone = "given_up", now, now, True
        case _:
            assert_never(verdict)
    outcome = writes.Outcome(
        row.fact_id, state, attempts, next_at, done_at, status, problem, took_ms
    )
    return outcome, gone
