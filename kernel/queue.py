"""Bells: a job to look at its rows. A bell carries no facts and may be lost, doubled or late.

``ring(tx, job)`` notes the bell on the transaction; after the commit the process's one Ringer
coalesces bells and enqueues them off the event loop. Never an ``actor.send()`` in a request.
"""

import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import dramatiq
import structlog
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import AsyncIO
from dramatiq_postgres import PostgresBroker
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.db import BELLS
from kernel.settings import SettingInvalid

log = structlog.get_logger()

HEARTBEAT_TTL_S = 10.0
QUEUE_ROLE = "hocphi_queue"


def ring(tx: AsyncConnection, job: str) -> None:
    """Note that ``job`` has work once this transaction has committed."""
    tx.info[BELLS].add(job)


def make_broker(url: str) -> dramatiq.Broker:
    """Make the broker that a URL names; PostgreSQL is the default and only rings bells.

    Raises SettingInvalid for a scheme that is none of postgresql, amqp, redis.
    """
    scheme = url.split(":", 1)[0].removesuffix("s")
    broker: dramatiq.Broker
    match scheme:
        case "postgresql" | "postgre":
            broker = PostgresBroker(
                url=_queue_login(url),
                results=False,
                heartbeat_interval=HEARTBEAT_TTL_S / 3,
                heartbeat_ttl=HEARTBEAT_TTL_S,
                maintenance_interval=HEARTBEAT_TTL_S,
                purge_maxage="1 day",
            )
        case "amqp":
            broker = RabbitmqBroker(url=url)
        case "redi" | "redis":
            broker = RedisBroker(
                url=url, heartbeat_timeout=int(HEARTBEAT_TTL_S * 1000), maintenance_chance=1_000_000
            )
        case _:
            raise SettingInvalid(
                "BROKER_URL is postgresql://, amqp:// or redis://", setting="broker_url"
            )
    broker.add_middleware(AsyncIO())
    dramatiq.set_broker(broker)
    return broker


def _queue_login(url: str) -> str:
    """Let the broker's own connections take the one role that may touch the queue."""
    extra = {"maxconn": "4", "options": f"-c role={QUEUE_ROLE}"}
    plain = make_url(url).set(drivername="postgresql").update_query_dict(extra)
    return plain.render_as_string(hide_password=False)


@dataclass(slots=True)
class Ringer:
    """Rings bells from its own thread: equal bells that wait together become one message."""

    senders: Mapping[str, Callable[[], object]]
    _waiting: "queue.SimpleQueue[str | None]" = field(default_factory=queue.SimpleQueue[str | None])
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread; bells rung before are kept."""
        self._thread = threading.Thread(target=self._run, name="ringer", daemon=True)
        self._thread.start()

    def __call__(self, jobs: frozenset[str]) -> None:
        """Ring these jobs soon; never blocks the caller."""
        for job in jobs:
            self._waiting.put(job)

    def stop(self, timeout_s: float = 5.0) -> None:
        """Ring what waits, then end the thread."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join(timeout_s)

    def _run(self) -> None:
        going = True
        while going:
            jobs = {self._waiting.get()}
            while not self._waiting.empty():
                jobs.add(self._waiting.get_nowait())
            going = None not in jobs
            for job in sorted(job for job in jobs if job is not None):
                self._send(job)

    def _send(self, job: str) -> None:
        try:
            self.senders[job]()
        except Exception as cause:  # noqa: BLE001  the sweeper rings again; a bell may be lost
            log.warning("bell_lost", job=job, cause=type(cause).__name__)
