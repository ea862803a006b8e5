"""How many bank messages a second are checked, committed and answered, and how fast.

The product's own service takes real signed bodies from 64 connections of another process.
Beside it: a plain handler that writes the same rows, the same door without batches, and pgbench
inserting single rows with as many clients, which is as much as the database alone can do.
"""

import asyncio
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from statistics import median

from kernel.access import Auditor, Loader
from kernel.clock import utc_now
from kernel.cluster import find_binaries
from kernel.db import Database
from service import reads_bench, writes_bench
from service.bench_doors import other_doors
from service.bench_load import Heard, Knocks, Load, send
from service.bench_places import bench_instance, serving
from service.bench_runs import Figure, Scale, alternate, check, compared, ratio_only, tell
from service.bench_samples import Sample, load_sample, prove_books
from service.instance import Instance
from webhooks.setup import NewConnection, add_connection

CONNECTIONS = 64
STEADY_PER_S, STEADY_SHARE = 1_000, 0.6
SECRET = b"benchmark of hocphi"
FIRST_APART = 1_000_000
SECONDS: dict[Scale, float] = {Scale.SMALL: 1.2, Scale.PROVINCE: 5.0, Scale.NATION: 20.0}
TRANSFERS = 2_000
MOST_PER_S = 8_000

_TPS = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)
_DONE = re.compile(r"^number of transactions actually processed: ([0-9]+)", re.MULTILINE)


def bench_webhook(scale: Scale) -> list[Figure]:
    """Measure the bank door at 64 connections and at a steady rate."""
    return measure(seconds=SECONDS[scale], rounds=3)


def measure(*, seconds: float, rounds: int) -> list[Figure]:
    """Run the loads; raises CheckFailed unless every message became exactly its rows."""
    with bench_instance() as instance:
        sample = load_sample(instance, schools=4, pupils=500)
        sender = _Sender(sample, asyncio.run(_connected(instance, sample)), seconds)
        asyncio.run(_make_floor(instance))
        with serving(instance) as port:
            ours = partial(sender.per_s, port, "/webhooks/sepay")
            sender.per_s(port, "/webhooks/sepay")
            floors = alternate(
                rounds, {"ours": ours, "floor": lambda: _floor_per_s(instance, seconds)}
            )
            with other_doors(instance) as other:
                for path in ("/webhooks/sepay", "/plain"):
                    sender.per_s(other, path)
                doors = alternate(
                    rounds,
                    {
                        "ours": ours,
                        "plain": partial(sender.per_s, other, "/plain"),
                        "single": partial(sender.per_s, other, "/webhooks/sepay"),
                    },
                )
            offered = _steady(median(floors["ours"] + doors["ours"]))
            steady = [sender.heard(port, "/webhooks/sepay", offered) for _ in range(rounds)]
        asyncio.run(_count_rows(instance, sender.good))
        prove_books(instance)
    return _figures(floors, doors, steady, offered)


def _steady(most_per_s: float) -> int:
    """Give the steady rate: 1,000 a second, or three fifths of what the machine bears now."""
    return min(STEADY_PER_S, int(most_per_s * STEADY_SHARE) // 50 * 50 or 10)


def _figures(
    floors: dict[str, list[float]], doors: dict[str, list[float]], steady: list[Heard], offered: int
) -> list[Figure]:
    both = floors["ours"] + doors["ours"]
    per_s = compared("webhook.per_s", "messages/s", "", doors["ours"], doors["plain"])
    what = f"{CONNECTIONS} connections; baseline: a plain handler, the same rows"
    return [
        Figure(per_s.name, median(both), per_s.unit, per_s.baseline, per_s.ratio, what),
        ratio_only("webhook.ratio", "by that plain handler", doors["ours"], doors["plain"]),
        ratio_only(
            "webhook.batch_ratio",
            "by the same door, a transaction each",
            doors["ours"],
            doors["single"],
        ),
        ratio_only(
            "webhook.floor_ratio",
            f"by pgbench, one row an insert, {CONNECTIONS} clients",
            floors["ours"],
            floors["floor"],
        ),
        Figure(
            "webhook.p99_ms",
            median(each.p99_ms for each in steady),
            "ms",
            what=f"at a steady {offered}/s, from when it was due",
        ),
        Figure("webhook.steady_per_s", offered, "messages/s", what="offered for webhook.p99_ms"),
    ]


@dataclass(slots=True)
class _Sender:
    """Sends loads of one connection's messages; no transaction number is told twice."""

    sample: Sample
    public_id: str
    seconds: float
    turn: Callable[[], int] = count(1).__next__
    good: int = 0

    def heard(self, port: int, path: str, offered: int | None = None) -> Heard:
        """Send one load to a door."""
        transfers = [
            (each.account, each.invoice.memo, each.open_dong) for each in self.sample.orders
        ]
        first = self.turn() * FIRST_APART
        heard = send(
            Load(
                port=port,
                connections=CONNECTIONS,
                seconds=self.seconds,
                count=int(self.seconds * MOST_PER_S),
                offered_per_s=offered,
                knocks=Knocks(f"{path}/{self.public_id}", SECRET, transfers[:TRANSFERS], first),
            )
        )
        self.good += heard.good
        return heard

    def per_s(self, port: int, path: str) -> float:
        """Send one load as fast as it is answered; give messages a second."""
        return self.heard(port, path).per_s


async def _connected(instance: Instance, sample: Sample) -> str:
    """Add a bank connection bound to every account; give the secret part of its path."""
    database = instance.operator_db()
    new = NewConnection("sepay", sample.accounts, SECRET, {}, sandbox=instance.settings.sandbox)
    try:
        async with database.transaction(Loader()) as tx:
            return await add_connection(
                tx, new, seal_key=instance.seal_key, actor="benchmark", now=utc_now()
            )
    finally:
        await database.close()


async def _make_floor(instance: Instance) -> None:
    database = Database.connect(instance.owner_url, pool_size=1)
    async with database.engine.begin() as tx:
        await writes_bench.make_floor(tx)
    await database.close()


def _floor_per_s(instance: Instance, seconds: float) -> float:
    """Let pgbench insert rows one by one; raises CheckFailed unless each of them is there."""
    before = asyncio.run(_floor_rows(instance))
    script = instance.settings.home_folder / "floor.sql"
    script.write_text(writes_bench.FLOOR_SCRIPT, encoding="utf-8")
    words = ["-n", "-M", "prepared", "-c", str(CONNECTIONS), "-j", "2", "-T", str(-int(-seconds))]
    ran = subprocess.run(  # noqa: S603  our own words
        [find_binaries() / "pgbench", *words, "-f", str(script), instance.owner_url],
        capture_output=True,
        text=True,
        check=False,
    )
    tps, done = _TPS.search(ran.stdout), _DONE.search(ran.stdout)
    failed = ran.returncode or tps is None or done is None
    check(holds=not failed, promise=f"pgbench runs ({ran.stderr[-300:]})")
    assert tps is not None
    assert done is not None
    added = asyncio.run(_floor_rows(instance)) - before
    check(holds=added == int(done[1]), promise=f"pgbench keeps its rows ({added}, {done[1]})")
    return float(tps[1])


async def _floor_rows(instance: Instance) -> int:
    database = Database.connect(instance.owner_url, pool_size=1)
    async with database.engine.begin() as tx:
        rows = await reads_bench.floor_rows(tx)
    await database.close()
    return rows


async def _count_rows(instance: Instance, sent: int) -> None:
    """Compare the rows of the door with the messages that were answered well."""
    tell("counting rows")
    database = instance.operator_db()
    try:
        async with database.transaction(Auditor()) as tx:
            rows = await reads_bench.door_rows(tx)
    finally:
        await database.close()
    whole = {rows.deliveries, rows.credits_kept, rows.waiting, rows.events} == {sent}
    check(holds=whole, promise=f"rows kept are messages sent ({rows}, {sent} sent)")
