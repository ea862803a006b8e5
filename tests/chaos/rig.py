"""A private instance under fire: prepared once, run calmly or with kills, then looked at.

The bank and the contact book play in the test process, outside of what is killed.
"""

import asyncio
import base64
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import httpx

from kernel.access import Loader
from kernel.clock import utc_now
from kernel.embedded import attach, wait_stopped
from service.cli_export import export_invoices
from service.cli_import import import_bundle
from service.instance import Instance, open_instance
from service.receiver import Receiver
from service.synthetic import write_bundle
from service.synthetic_bank_rows import InvoiceRow
from tests.chaos.rig_kills import Strike, Victim, children_of, kill
from tests.chaos.rig_oracle import Outcome, look, plant_in, wait_at_rest
from tests.chaos.rig_plan import Plan, make_plan
from tests.chaos.rig_senders import Bank
from webhooks.setup import NewConnection, NewEndpoint, add_connection, add_endpoint

ROOT = Path(__file__).resolve().parents[2]
SHIM = Path(__file__).resolve().parent / "shim"
SECRET = b"secret-of-the-chaos-bank"
HEARD_BY = "whsec_" + base64.b64encode(b"r" * 32).decode()
UP = [sys.executable, "-c", "from service.cli import main; main()", "up"]
BURST, TRICKLE_S, SLOW_TRICKLE_S = 40, 0.2, 2.0
START_S, RECOVER_S, FINISH_S, REST_S = 60.0, 60.0, 120.0, 150.0


def environment(home: Path, **more: str) -> dict[str, str]:
    """Make the environment of one private instance."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    ours = {
        "HOCPHI_HOME": str(home),
        "HOCPHI_MODE": "sandbox",
        "HOCPHI_CODE_KEY": "5c" * 32,
        "HOCPHI_PAGE_KEY": "5d" * 32,
        "HOCPHI_SEAL_KEY": "5e" * 32,
        "HOCPHI_LOG_LEVEL": "warning",
        "PYTHONPATH": str(ROOT),
    }
    return kept | ours | more


@contextmanager
def opened(home: Path) -> Generator[Instance]:
    """Open the instance of a home in this process."""
    with mock.patch.dict(os.environ, environment(home), clear=True), open_instance() as instance:
        yield instance


@dataclass(frozen=True, slots=True)
class Prepared:
    """A stopped home with schools, notices and bank connections, only ever copied."""

    home: Path
    plan: Plan
    paths: dict[str, str]

    def copied(self, home: Path) -> Path:
        """Copy the cluster to a home of its own."""
        home.mkdir(mode=0o700)
        shutil.copytree(self.home / "cluster", home / "cluster")
        return home


def prepare(folder: Path, *, schools: int, pupils: int, seed: int) -> Prepared:
    """Import a sample bundle, add a SePay connection to each account, draw the plan."""
    home, bundle = folder / "home", folder / "bundle"
    write_bundle(bundle, schools=schools, pupils_per_school=pupils, seed=seed)
    lines = (bundle / "accounts.jsonl").read_text(encoding="utf-8").splitlines()
    numbers = [json.loads(line)["number"] for line in lines]
    with opened(home) as instance:
        asyncio.run(import_bundle(instance, bundle, dry_run=False, keep_good=False))
        paths = asyncio.run(_connect(instance, numbers))
        out = io.BytesIO()
        asyncio.run(export_invoices(instance, out))
    assert wait_stopped(home)
    rows = [InvoiceRow(**json.loads(line)) for line in out.getvalue().splitlines()]
    return Prepared(home, make_plan(rows, seed=seed), paths)


async def _connect(instance: Instance, numbers: Sequence[str]) -> dict[str, str]:
    db = instance.operator_db()
    paths: dict[str, str] = {}
    try:
        async with db.transaction(Loader()) as tx:
            for number in numbers:
                new = NewConnection("sepay", [number], SECRET, {}, sandbox=True)
                made = await add_connection(
                    tx, new, seal_key=instance.seal_key, actor="rig", now=utc_now()
                )
                paths[number] = f"/webhooks/sepay/{made}"
    finally:
        await db.close()
    return paths


async def _listen(instance: Instance, receiver: Receiver) -> None:
    db = instance.operator_db()
    new = NewEndpoint(receiver.url, "contact-book", HEARD_BY, "standard", None, sandbox=True)
    try:
        async with db.transaction(Loader()) as tx:
            await add_endpoint(tx, new, seal_key=instance.seal_key, actor="rig", now=utc_now())
    finally:
        await db.close()


@dataclass(slots=True)
class ContactBook(Receiver):
    """A receiver that takes its time, and notes when it heard."""

    slow_s: float = 0.01
    heard_at: list[float] = field(default_factory=list[float])

    def hear(self, body: bytes, headers: dict[str, str]) -> int:
        """Think a while, then hear as any receiver does."""
        time.sleep(self.slow_s)
        self.heard_at.append(time.monotonic())
        return Receiver.hear(self, body, headers)


@dataclass(slots=True)
class Fire:
    """Kills according to a list while work is under way, and measures the mending."""

    home: Path
    parent: int
    bank: Bank
    book: ContactBook
    made: Counter[Victim] = field(default_factory=Counter[Victim])
    mended_s: dict[Victim, list[float]] = field(default_factory=dict[Victim, list[float]])

    def run(self, strikes: Sequence[Strike]) -> None:
        """Make every strike: a burst of work, a pause, the kill, then the mending."""
        for place, strike in enumerate(strikes):
            share = self.bank.left // (len(strikes) - place)
            self.bank.tickets.release(max(1, min(BURST, share // 2)))
            time.sleep(strike.pause_s)
            while not kill(strike.victim, self.parent, self.home):
                time.sleep(0.05)
            killed = time.monotonic()
            self.made[strike.victim] += 1
            next_at_once = place + 1 < len(strikes) and strikes[place + 1].at_once
            if not next_at_once:
                self._mended(strike.victim, killed, share)

    def _mended(self, victim: Victim, killed: float, share: int) -> None:
        """Wait until the bank is acknowledged and the contact book hears again.

        Meanwhile a trickle of about half this strike's ``share`` of the plan keeps work coming.
        """
        until, given = killed + RECOVER_S, 0
        acked = heard = None
        while acked is None or heard is None:
            assert time.monotonic() < until, f"{victim}: no work done {RECOVER_S} s after its kill"
            self.bank.tickets.release()
            given += 1
            time.sleep(TRICKLE_S if given < share // 2 else SLOW_TRICKLE_S)
            acked = acked or next((at for sent, at in self.bank.ack_times if sent > killed), None)
            heard = heard or next((at for at in self.book.heard_at if at > killed + 0.3), None)
        self.mended_s.setdefault(victim, []).append(
            (heard if victim is Victim.WORKER else acked) - killed
        )


@dataclass(slots=True)
class Run:
    """What one run came to."""

    outcome: Outcome
    bank: Bank
    book: ContactBook
    fire: Fire
    took_s: float


def run(
    prepared: Prepared,
    home: Path,
    strikes: Sequence[Strike] = (),
    *,
    fault: str = "",
    plant: Sequence[str] = (),
    slow_s: float = 0.01,
) -> Run:
    """Send the whole plan to a fresh copy, strike meanwhile, wait for rest, look at everything.

    ``fault`` names one of the shim's faults for the children, ``plant`` is SQL run before.
    """
    began = time.monotonic()
    prepared.copied(home)
    book = ContactBook(HEARD_BY, slow_s=slow_s)
    book.start()
    try:
        with opened(home) as instance, attach(home) as server:
            asyncio.run(_listen(instance, book))
            address = server.url("postgres", "hocphi")
            plant_in(address, plant)
            with up(home, fault=fault) as (process, base_url):
                bank = Bank(base_url, prepared.paths, SECRET, prepared.plan.told)
                fire = Fire(home, process.pid, bank, book)
                bank.start()
                fire.run(strikes)
                bank.finish(FINISH_S)
                wait_at_rest(address, REST_S)
            outcome = asyncio.run(look(instance, address, prepared.plan, book))
    finally:
        book.stop()
    assert wait_stopped(home)
    return Run(outcome, bank, book, fire, time.monotonic() - began)


def free_port() -> int:
    """Find a port that is free, with its neighbour 1000 above for the metrics."""
    with socket.socket() as first:
        first.bind(("127.0.0.1", 0))
        return int(first.getsockname()[1])


@contextmanager
def up(
    home: Path, *, fault: str = "", port: int | None = None
) -> Generator[tuple["subprocess.Popen[bytes]", str]]:
    """Run ``hocphi up`` on a fixed port until the end of the block, then stop it cleanly."""
    given = environment(home)
    if fault:
        given |= {"RIG_FAULT": fault, "PYTHONPATH": f"{SHIM}{os.pathsep}{ROOT}"}
    chosen = free_port() if port is None else port
    with (home / "up.log").open("ab") as log:
        process = subprocess.Popen(
            [*UP, "--port", str(chosen)], env=given, cwd=ROOT, stdout=log, stderr=log
        )
    try:
        yield process, wait_ready(process, home)
    finally:
        left = set(children_of(process.pid))
        if process.poll() is None:
            process.terminate()
        process.wait(40)
        assert not {pid for pid in left if Path(f"/proc/{pid}").exists()}


def wait_ready(process: "subprocess.Popen[bytes]", home: Path) -> str:
    """Wait until the service answers ready; give its address from the run file."""
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        assert process.poll() is None, (home / "up.log").read_text(encoding="utf-8")[-2000:]
        try:
            told = json.loads((home / "run.json").read_text(encoding="utf-8"))
            base_url = str(told["base_url"])
            if told["pid"] == process.pid and _ready(base_url):
                return base_url
        except (OSError, ValueError, httpx.HTTPError):
            pass
        time.sleep(0.1)
    raise AssertionError((home / "up.log").read_text(encoding="utf-8")[-2000:])


def _ready(base_url: str) -> bool:
    return httpx.get(f"{base_url}/readyz", trust_env=False, timeout=5).is_success
