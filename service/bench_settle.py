"""How fast credits are taken in and settled in batches, beside one transaction for each.

The usual mix of transfers (clean, dressed, partial, twice, foreign, reversed) arrives in the
bank's order; blocks of it go alternately to the product's job and to the same deeds one by one.
Every outcome is compared with what its payer meant, and the books are checked.
"""

import asyncio
import io
import json
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from kernel.access import Loader, Settler, Sweeper
from kernel.clock import utc_now
from kernel.db import Database
from reconciliation import reads
from reconciliation.event_lines import ToldEvent, read_event
from reconciliation.jobs import settle_waiting
from reconciliation.model import Direction
from reconciliation.replay import take
from reconciliation.reversals import settle_out
from reconciliation.settle import settle
from service.bench_places import bench_instance
from service.bench_runs import Figure, Scale, alternate, check, compared, ratio_only, tell
from service.bench_samples import SEED, SIZES, load_sample, prove_books
from service.cli_export_outcomes import export_outcomes
from service.instance import Instance
from service.synthetic_bank_rows import InvoiceRow, TruthRow
from service.synthetic_events import truth_path, write_events

CHUNK = 500
"""Events of one transaction of the intake, as many as the bank door writes at once."""

Given = TypeVar("Given")


@dataclass(frozen=True, slots=True)
class SettleSize:
    """How much is loaded and settled: schools, pupils a school, events of a block."""

    schools: int
    pupils: int
    ours: int
    singly: int
    rounds: int = 3

    @property
    def events(self) -> int:
        """Events of all blocks."""
        return (self.ours + self.singly) * self.rounds


BLOCKS: dict[Scale, tuple[int, int]] = {
    Scale.SMALL: (500, 150),
    Scale.PROVINCE: (30_000, 500),
    Scale.NATION: (100_000, 500),
}


def bench_settle(scale: Scale) -> list[Figure]:
    """Measure credits a second from the telling to the settled books."""
    return measure(SettleSize(*SIZES[scale], *BLOCKS[scale]))


def measure(size: SettleSize) -> list[Figure]:
    """Settle blocks both ways; raises CheckFailed if an outcome or the books are wrong."""
    with bench_instance() as instance:
        sample = load_sample(instance, schools=size.schools, pupils=size.pupils)
        events, truths = _told(instance, sample.invoices, size.events)
        check(holds=len(events) == size.events, promise="the sample has events enough")
        coming = iter(events)

        def run(
            deed: Callable[[Instance, Sequence[ToldEvent]], Coroutine[None, None, float]],
            count: int,
        ) -> float:
            return asyncio.run(deed(instance, list(islice(coming, count))))

        values = alternate(
            size.rounds,
            {"ours": lambda: run(_batched, size.ours), "singly": lambda: run(_singly, size.singly)},
        )
        _compare(instance, truths)
        prove_books(instance)
    what = f"taken in and settled, {len(sample.accounts)} accounts; baseline: one by one"
    ours, singly = values["ours"], values["singly"]
    return [
        compared("settle.per_s", "events/s", what, ours, singly),
        ratio_only("settle.ratio", "batches by the same deeds one by one", ours, singly),
    ]


def _told(
    instance: Instance, invoices: Sequence[InvoiceRow], count: int
) -> tuple[list[ToldEvent], list[TruthRow]]:
    """Invent ``count`` events and what is right for each."""
    tell("inventing bank events")
    path = instance.settings.home_folder / "events.jsonl"
    write_events(invoices, path, seed=SEED, count=count)
    lines = path.read_bytes().splitlines()
    told = [read_event(path.name, number, line) for number, line in enumerate(lines, 1)]
    events = [each for each in told if isinstance(each, ToldEvent)]
    truths = [TruthRow(**json.loads(line)) for line in truth_path(path).read_bytes().splitlines()]
    return events, truths


def _chunks(rows: Sequence[Given], length: int) -> Iterator[Sequence[Given]]:
    return (rows[at : at + length] for at in range(0, len(rows), length))


async def _opened(instance: Instance) -> tuple[Database, Database]:
    """Open both logins and their first connections before the clock runs."""
    operator, worker = instance.operator_db(), instance.worker_db(ring=lambda _: None)
    async with operator.transaction(Loader()), worker.transaction(Sweeper()):
        return operator, worker


async def _batched(instance: Instance, events: Sequence[ToldEvent]) -> float:
    """Take a block in by chunks and settle it by the product's own job; give events a second."""
    operator, worker = await _opened(instance)
    try:
        began = time.perf_counter()
        for chunk in _chunks(events, CHUNK):
            async with operator.transaction(Loader()) as tx:
                await take(tx, chunk)
        done = await settle_waiting(worker, instance.settings.code_prefix)
        took = time.perf_counter() - began
    finally:
        await operator.close()
        await worker.close()
    check(holds=not done.failed, promise="no batch fails")
    return len(events) / took


async def _singly(instance: Instance, events: Sequence[ToldEvent]) -> float:
    """Take and settle event after event by the same deeds; give events a second.

    A transaction to take, one to find the account, one to settle: no attempt is counted and no
    empty inbox looked at, so it does a little less than the job.
    """
    operator, worker = await _opened(instance)
    try:
        began = time.perf_counter()
        for event in events:
            async with operator.transaction(Loader()) as tx:
                taken = await take(tx, [event])
            if taken.new:
                await _settle_one(worker, instance.settings.code_prefix)
        took = time.perf_counter() - began
    finally:
        await operator.close()
        await worker.close()
    return len(events) / took


async def _settle_one(worker: Database, prefix: str) -> None:
    async with worker.transaction(Sweeper()) as tx:
        (account_id,) = await reads.accounts_waiting(tx)
    async with worker.transaction(Settler((account_id,), ())) as tx:
        schools = await reads.schools_of(tx, account_id)
    async with worker.transaction(Settler((account_id,), tuple(schools))) as tx:
        held = await reads.try_account(tx, account_id)
        ((credit, _),) = await reads.inbox_head(tx, account_id, 1)
        check(holds=held, promise="nobody else settles")
        if credit.direction is Direction.OUT:
            await settle_out(tx, credit, now=utc_now())
        else:
            await settle(tx, [credit], now=utc_now(), prefix=prefix)


def _compare(instance: Instance, truths: Sequence[TruthRow]) -> None:
    """Compare every outcome with the truth; raises CheckFailed naming the first that differs."""
    out = io.BytesIO()
    waiting = asyncio.run(export_outcomes(instance, out))
    check(holds=not waiting, promise="nothing waits")
    told = {row["event_id"]: row["outcome"] for row in map(json.loads, out.getvalue().splitlines())}
    wrong = [each for each in truths if told.get(each.event_id) not in each.outcomes]
    shown = f"{wrong[0].kind}: {told.get(wrong[0].event_id)}" if wrong else ""
    check(holds=not wrong, promise=f"every outcome is right ({len(wrong)} differ; {shown})")
