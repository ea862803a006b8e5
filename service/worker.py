"""A worker process: runs the jobs when their bells ring, and sweeps for rows nobody rang for."""

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import FrameType

import structlog
from dramatiq import Worker
from dramatiq.asyncio import get_event_loop_thread
from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError

from kernel.access import Folder, Settler
from kernel.db import Database, refuse_strong_login
from kernel.outbox import PUSH_BELL
from kernel.queue import Ringer, make_broker
from kernel.sealing import SealBroken
from reconciliation.intake import SETTLE_BELL
from reconciliation.jobs import settle_waiting
from reports.jobs import FOLD_BELL, fold_waiting
from service.actors import declare
from service.instance import Instance
from service.sweeper import SWEEP_S, waiting_bells
from webhooks.jobs_push import Sender, make_client, push_waiting

log = structlog.get_logger()

THREADS = 4

jobs_counted = Counter("hocphi_jobs", "Runs of jobs", ["job", "outcome"])


@dataclass(slots=True)
class OneAtATime:
    """Runs a job once at a time in this process; a bell meanwhile makes it run once more.

    So many bells never fill the worker's threads with jobs that wait for each other.
    """

    running: bool = False
    again: bool = False

    async def run(self, job: Callable[[], Awaitable[None]]) -> None:
        """Run ``job``, or tell the one that runs to look again."""
        self.again = True
        if self.running:
            return
        self.running = True
        try:
            while self.again:
                self.again = False
                await job()
        finally:
            self.running = False


@dataclass(slots=True)
class Jobs:
    """The jobs of one worker process; its pool opens on the one event loop that runs them."""

    instance: Instance
    ringer: Ringer | None = None
    _db: Database | None = None
    _sender: Sender | None = None
    _pushing: OneAtATime = field(default_factory=OneAtATime)
    _settling: OneAtATime = field(default_factory=OneAtATime)
    _folding: OneAtATime = field(default_factory=OneAtATime)

    @property
    def db(self) -> Database:
        """The workers' login, opened on first need."""
        if self._db is None:
            self._db = self.instance.worker_db(ring=self._ring)
        return self._db

    @property
    def sender(self) -> Sender:
        """What pushing needs, made on first need."""
        if self._sender is None:
            self._sender = Sender(self.db, (self.instance.seal_key,), make_client())
        return self._sender

    def _ring(self, bells: frozenset[str]) -> None:
        if self.ringer is not None:
            self.ringer(bells)

    async def settle(self) -> None:
        """Settle what waits; then the rates have news."""
        await self._settling.run(self._settle)

    async def _settle(self) -> None:
        done = await settle_waiting(self.db, self.instance.settings.code_prefix)
        jobs_counted.labels("settle", "failed" if done.failed else "done").inc()
        if done.decided:
            self._ring(frozenset({FOLD_BELL}))

    async def push(self) -> None:
        """Tell the receivers what waits."""
        await self._pushing.run(self._push)

    async def _push(self) -> None:
        await push_waiting(self.sender)
        jobs_counted.labels("push", "done").inc()

    async def fold(self) -> None:
        """Fold new transfers into the monthly sums."""
        await self._folding.run(self._fold)

    async def _fold(self) -> None:
        await fold_waiting(self.db)
        jobs_counted.labels("fold", "done").inc()

    async def sweep(self) -> None:
        """Ring for rows that wait; the database may be away for a while."""
        try:
            self._ring(await waiting_bells(self.db))
        except (SQLAlchemyError, OSError, TimeoutError, SealBroken) as cause:
            log.warning("sweep_failed", cause=type(cause).__name__)


def run_worker(instance: Instance) -> None:
    """Run until SIGINT or SIGTERM; what is under way is finished first."""
    asyncio.run(_refuse_strong(instance))
    broker = make_broker(instance.worker_broker_url)
    jobs = Jobs(instance)
    actors = declare(broker, {SETTLE_BELL: jobs.settle, PUSH_BELL: jobs.push, FOLD_BELL: jobs.fold})
    jobs.ringer = Ringer({bell: actor.send for bell, actor in actors.items()})
    jobs.ringer.start()
    worker = Worker(broker, worker_threads=THREADS)
    worker.start()
    stop = threading.Event()

    def hear(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, hear)
    loop = get_event_loop_thread()
    assert loop is not None, "the AsyncIO middleware starts the event loop"
    log.info("worker_started", threads=THREADS)
    while not stop.is_set():
        loop.run_coroutine(jobs.sweep())
        stop.wait(SWEEP_S)
    jobs.ringer.stop()
    worker.stop(timeout=20_000)
    broker.close()
    log.info("worker_stopped")


async def _refuse_strong(instance: Instance) -> None:
    db = instance.worker_db(ring=lambda _: None)
    try:
        await refuse_strong_login(db, Settler((), ()), without="desk")
        await refuse_strong_login(db, Folder(), without="loader")
    finally:
        await db.close()
