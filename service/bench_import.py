"""How fast a bundle becomes schools, pupils and issued notices, by the operator's real deed.

The baseline does far less: it keeps the lines of pupils and notices as they are, one statement
each, without a check, a code, the ledger or a fact.
"""

import asyncio
import json
import time
from itertools import count, islice
from pathlib import Path

from kernel.db import Database
from service import reads_bench, writes_bench
from service.bench_places import bench_instance, copy_of
from service.bench_runs import Figure, Scale, alternate, check, compared
from service.bench_samples import SIZES, prove_books, write_sample
from service.cli_import import import_bundle
from service.instance import Instance
from service.synthetic import BundleFacts

ROUNDS: dict[Scale, int] = {Scale.SMALL: 3, Scale.PROVINCE: 1, Scale.NATION: 1}
LINES_SINGLY = 2_000


def bench_import(scale: Scale) -> list[Figure]:
    """Measure pupils a second, each with their notices."""
    schools, pupils = SIZES[scale]
    return measure(schools=schools, pupils=pupils, rounds=ROUNDS[scale])


def measure(*, schools: int, pupils: int, rounds: int) -> list[Figure]:
    """Load a bundle into fresh databases; raises CheckFailed if a line or the books are wrong."""
    with bench_instance() as instance:
        folder = instance.settings.home_folder / "bundle"
        facts = write_sample(folder, schools=schools, pupils=pupils)
        serials = count(1)

        def fresh() -> Instance:
            return copy_of(instance, f"bench_{next(serials)}")

        values = alternate(
            rounds,
            {
                "ours": lambda: _loaded_per_s(fresh(), folder, facts),
                "singly": lambda: asyncio.run(_kept_per_s(fresh(), folder)),
            },
        )
    what = f"{facts.students} pupils, {facts.receivables} notices; baseline: lines kept unread"
    return [compared("import.pupils_per_s", "pupils/s", what, values["ours"], values["singly"])]


def _loaded_per_s(instance: Instance, folder: Path, facts: BundleFacts) -> float:
    began = time.perf_counter()
    loaded = asyncio.run(import_bundle(instance, folder, dry_run=False, keep_good=False))
    took = time.perf_counter() - began
    for kind in ("schools", "students", "receivables"):
        name = {"receivables": "invoices"}.get(kind, kind)
        added = loaded.added.get(name, loaded.added.get(kind))
        check(holds=added == getattr(facts, kind), promise=f"every line of {kind} is loaded")
    prove_books(instance)
    return facts.students / took


async def _kept_per_s(instance: Instance, folder: Path) -> float:
    """Keep pupils and as many notices, a statement a line; give pupils a second."""
    database = Database.connect(instance.owner_url, pool_size=1)
    try:
        async with database.engine.begin() as tx:
            await writes_bench.make_lines(tx)
        began = time.perf_counter()
        kept = 0
        async with database.engine.begin() as tx:
            for name, key in (("students", "code"), ("receivables", "external_id")):
                with (folder / f"{name}.jsonl").open("rb") as lines:
                    for line in islice(lines, LINES_SINGLY):
                        row = json.loads(line)
                        await writes_bench.add_line(tx, name, row[key], row)
                        kept += 1
        took = time.perf_counter() - began
        async with database.engine.begin() as tx:
            there = await reads_bench.line_rows(tx)
    finally:
        await database.close()
    check(holds=there == kept, promise="every line is kept once")
    return kept / 2 / took
