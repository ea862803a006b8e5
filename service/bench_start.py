"""How long the first start of everything takes, and how much memory it holds when idle.

Memory is the proportional share (Pss) of all our processes; of PostgreSQL's processes without
the shared buffers, which the operator sets.
"""

import os
import time
from pathlib import Path
from statistics import median

from kernel.settings import read_settings
from service.bench_places import bench_home, ended, start, wait_ready
from service.bench_runs import Figure, Scale, check, tell
from service.instance import Instance

ROUNDS: dict[Scale, int] = {Scale.SMALL: 3, Scale.PROVINCE: 5, Scale.NATION: 5}
IDLE_S = 2.5
KEEPER = b"kernel.keeper"


def bench_start(scale: Scale) -> list[Figure]:
    """Measure a fresh start to the first 200 of /readyz, a second start, and the idle memory."""
    return measure(rounds=ROUNDS[scale])


def measure(*, rounds: int) -> list[Figure]:
    """Start everything in fresh homes, and again in the same ones; medians of all rounds."""
    fresh: list[float] = []
    again: list[float] = []
    held: list[tuple[float, float]] = []
    for turn in range(rounds):
        tell(f"start {turn + 1} of {rounds}")
        with bench_home() as home:
            took_s, memory = _start_once(home)
            fresh.append(took_s)
            held.append(memory)
            again.append(_start_once(home, idle_s=0)[0])
    tell("")
    ours, database = (median(values) for values in zip(*held, strict=True))
    what = "empty folder to /readyz: cluster, tables, API, worker; baseline: the second start"
    parts = f"{ours:.0f} MB Python, {database:.0f} MB PostgreSQL without shared buffers"
    first, second = median(fresh), median(again)
    return [
        Figure("start.seconds", first, "s", second, second / first, what),
        Figure("idle.rss_mb", ours + database, "MB", what=parts),
    ]


def _start_once(home: Path, idle_s: float = IDLE_S) -> tuple[float, tuple[float, float]]:
    """Run ``hocphi up`` once: seconds until ready, then its idle memory (ours, PostgreSQL)."""
    (home / "run.json").unlink(missing_ok=True)
    instance = Instance(read_settings(), "", "", "", "")
    with (home / "up.log").open("ab") as log:
        began = time.perf_counter()
        with ended(start("up", log.fileno())) as process:
            wait_ready(instance, process)
            took_s = time.perf_counter() - began
            time.sleep(idle_s)
            pids = family({process.pid} | keepers(home))
            memory = memory_mb(pids)
            least = 3 + instance.settings.number("api_processes")
            check(holds=len(pids) > least, promise="every process is counted")
    check(holds=process.returncode == 0, promise="the service stops cleanly")
    return took_s, memory


def keepers(home: Path) -> set[int]:
    """Find the keeper of the database in ``home``: it belongs to nobody's family."""
    return {
        int(each.name)
        for each in Path("/proc").glob("[0-9]*")
        if _read(each / "cmdline").split(b"\0")[2:4] == [KEEPER, os.fsencode(home)]
    }


def family(roots: set[int]) -> set[int]:
    """List these processes and all that descend from them."""
    parents: dict[int, int] = {}
    for each in Path("/proc").glob("[0-9]*"):
        words = _read(each / "stat").rpartition(b")")[2].split()
        if words:
            parents[int(each.name)] = int(words[1])
    found = set(roots)
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def memory_mb(pids: set[int]) -> tuple[float, float]:
    """Sum the proportional memory (MB): Python's, and PostgreSQL's without shared buffers."""
    ours = database = 0
    for pid in pids:
        lines = _read(Path(f"/proc/{pid}/smaps_rollup")).decode().splitlines()
        shares = {
            name: int(rest.split()[0])
            for name, sign, rest in (line.partition(":") for line in lines)
            if sign and rest.endswith("kB")
        }
        if _read(Path(f"/proc/{pid}/comm")).strip() == b"postgres":
            database += shares.get("Pss", 0) - shares.get("Pss_Shmem", 0)
        else:
            ours += shares.get("Pss", 0)
    return ours / 1024, database / 1024


def _read(path: Path) -> bytes:
    """Read a file of /proc; empty once its process is gone."""
    try:
        return path.read_bytes()
    except OSError:
        return b""
