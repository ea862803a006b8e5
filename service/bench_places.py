"""Where a benchmark runs: an instance of its own with a real database, and its running service.

fsync stays on, logins, roles and policies are the product's. Nothing is left behind.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import psycopg
from sqlalchemy.engine import make_url

from kernel.cluster import ELSEWHERE, SUPERUSER, read_place
from kernel.embedded import attach, wait_stopped
from kernel.errors import Unavailable
from kernel.logs import start_logging
from service.bank_simulator import base_url
from service.bench_runs import CheckFailed, tell
from service.instance import API, OPERATOR, OWNER, WORKER, Instance, open_instance

START_S, STOP_S = 90.0, 40.0
LOOK_S = 0.02
PROGRAM = (sys.executable, "-c", "from service.cli import main; main()")
_OURS = {
    "DATABASE_URL": "",
    "MIGRATE_DATABASE_URL": "",
    "BROKER_URL": "",
    "HOCPHI_BASE_URL": "",
    "HOCPHI_MODE": "live",
    "HOCPHI_CLOCK": "",
    "HOCPHI_CODE_KEY": "6d" * 32,
    "HOCPHI_METRICS_PORT": "",
    "HOCPHI_PUBLIC_URL": "",
}
"""What a benchmark must not take from the outside; every other setting is the user's."""


@contextmanager
def bench_home() -> Generator[Path]:
    """Make an empty HOCPHI_HOME for the block; its server is stopped and its files removed."""
    with tempfile.TemporaryDirectory(prefix="hocphi-bench-") as name:
        folder = Path(name).resolve()
        with _environment(_OURS | {"HOCPHI_HOME": name}):
            try:
                yield folder
            finally:
                tell("stopping")
                wait_stopped(folder)
                _clear_elsewhere(folder)
                tell("")


@contextmanager
def bench_instance() -> Generator[Instance]:
    """Open a fresh instance with its own embedded database for the block."""
    with bench_home():
        tell("starting a fresh database")
        with open_instance() as instance:
            start_logging("warning")
            yield instance


@contextmanager
def _environment(words: Mapping[str, str]) -> Generator[None]:
    """Set variables for the block and give back what was there."""
    before = {name: os.environ.get(name) for name in words}
    os.environ.update(words)
    try:
        yield
    finally:
        for name, old in before.items():
            if old is None:
                del os.environ[name]
            else:
                os.environ[name] = old


def _clear_elsewhere(home: Path) -> None:
    """Remove a cluster that could not live in its home."""
    place = read_place(home)
    if place is None:
        return
    if ELSEWHERE in place.files.parents:
        shutil.rmtree(place.files.parents[1], ignore_errors=True)
    elif home not in place.socket_dir.parents:
        shutil.rmtree(place.socket_dir, ignore_errors=True)


def copy_of(instance: Instance, name: str) -> Instance:
    """Copy the instance's database, to which nobody is connected; give the instance on it."""
    with attach(instance.settings.home_folder) as server:
        with psycopg.connect(server.url(SUPERUSER, SUPERUSER), autocommit=True) as connection:
            connection.execute(f"create database {name} template hocphi owner {OWNER}".encode())
        api, worker, operator, owner = (
            server.url(login, name) for login in (API, WORKER, OPERATOR, OWNER)
        )
    return replace(instance, api_url=api, worker_url=worker, operator_url=operator, owner_url=owner)


def analyse(instance: Instance) -> None:
    """Let PostgreSQL learn the loaded tables, as its autovacuum does within a minute."""
    with attach(instance.settings.home_folder) as server:
        url = server.url(SUPERUSER, str(make_url(instance.api_url).database))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("vacuum (analyze)")


@contextmanager
def serving(instance: Instance, verb: str = "serve") -> Generator[int]:
    """Run ``hocphi serve`` (or another verb) for the block, logs into a file; give its port."""
    log = instance.settings.home_folder / f"{verb}.log"
    with log.open("wb") as told, ended(start(verb, told.fileno())) as process:
        wait_ready(instance, process)
        yield port_of(instance)


def start(verb: str, log: int) -> "subprocess.Popen[bytes]":
    """Start a verb of the program on a free port; its log goes to the descriptor ``log``."""
    return subprocess.Popen(  # noqa: S603  our own words
        [*PROGRAM, verb, "--port", "0"], stdout=log, stderr=log
    )


@contextmanager
def ended(process: "subprocess.Popen[bytes]") -> Generator["subprocess.Popen[bytes]"]:
    """End a process after the block: asked first, then killed."""
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_ready(instance: Instance, process: "subprocess.Popen[bytes]") -> None:
    """Wait for the first 200 of /readyz; raises CheckFailed if it does not come."""
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(f"{base_url(instance)}/readyz", trust_env=False).is_success:
                return
        except (httpx.HTTPError, Unavailable):
            pass
        time.sleep(LOOK_S)
    raise CheckFailed("the service did not become ready")


def port_of(instance: Instance) -> int:
    """Give the port of the running service."""
    return int(base_url(instance).rsplit(":", 1)[1])
