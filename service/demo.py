"""One payment as a new user sees it: schools, notice, QR, bank, page, contact book, rate.

Everything is real and on this machine: a fresh database, the running service, a signed webhook,
a receiver of its own. It is a sandbox; its clock begins on 22 November 2026.
"""

import asyncio
import base64
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import click
import httpx

from kernel.embedded import wait_stopped
from kernel.errors import Unavailable
from service.bank_simulator import base_url
from service.demo_setup import OFFICER, PASSWORD, STAFF, Prepared, prepare
from service.demo_stops import Stops, page_path, pay_and_watch, show_before
from service.instance import Instance, open_instance
from service.receiver import Receiver

START_S = 60.0
STOP_S = 40.0
SANDBOX = {
    "HOCPHI_MODE": "sandbox",
    "HOCPHI_CLOCK": "2026-11-22T08:00:00+07:00",
    "HOCPHI_CODE_KEY": "6d" * 32,
    "HOCPHI_API_PROCESSES": "1",
    "HOCPHI_LOG_LEVEL": "error",
    "HOCPHI_PORT": "0",
}
_UNSET = ("DATABASE_URL", "MIGRATE_DATABASE_URL", "BROKER_URL", "HOCPHI_BASE_URL")


class DemoBroken(Unavailable):
    """The service of the demo did not start."""

    code = "demo_broken"


def run_demo(*, stay: bool) -> list[str]:
    """Run the demo in a folder of its own; give the names of what was missing."""
    with tempfile.TemporaryDirectory(prefix="hocphi-") as folder:
        for name in _UNSET:
            os.environ.pop(name, None)
        os.environ.update(SANDBOX | {"HOCPHI_HOME": folder})
        receiver = Receiver("whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())
        receiver.start()
        try:
            with open_instance() as instance:
                return _play(instance, receiver, Path(folder), stay=stay)
        finally:
            receiver.stop()
            wait_stopped(Path(folder))


def _play(instance: Instance, receiver: Receiver, folder: Path, *, stay: bool) -> list[str]:
    stops = Stops()
    click.echo("hocphi demo: a fresh database, sample schools, no real money\n")
    prepared = asyncio.run(prepare(instance, folder / "bundle", receiver))
    with running_service(instance):
        base = base_url(instance)
        with httpx.Client(base_url=base, trust_env=False, timeout=30) as client:
            show_before(stops, prepared, client)
            pay_and_watch(stops, instance, prepared, client, receiver)
            stops.tell_missing()
            if stay and not stops.missing:
                _stay(base, prepared)
    return stops.missing


@contextmanager
def running_service(instance: Instance) -> Generator[None]:
    """Run ``hocphi up`` beside us until the end of the block; raises DemoBroken."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from service.cli import main; main()", "up", "--port", "0"],
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_ready(instance, process)
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_ready(instance: Instance, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            raise DemoBroken("the service ended while starting", status=process.returncode)
        try:
            if httpx.get(f"{base_url(instance)}/readyz", trust_env=False).is_success:
                return
        except (httpx.HTTPError, Unavailable):
            pass
        time.sleep(0.1)
    raise DemoBroken("the service did not become ready")


def _stay(base: str, prepared: Prepared) -> None:
    path = page_path(prepared.second.pay_url)
    click.echo(
        f"\nA second notice waits: {base}{path}\n"
        f"Pay it from another terminal:\n"
        f"  HOCPHI_HOME={os.environ['HOCPHI_HOME']}"
        f" .venv/bin/hocphi pay {prepared.second.code}\n"
        f"Desk:  {base}/login   {STAFF} / {PASSWORD}\n"
        f"Rates: {base}/login   {OFFICER} / {PASSWORD}\n"
        "Ctrl-C ends it."
    )
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        click.echo("\nstopped")
