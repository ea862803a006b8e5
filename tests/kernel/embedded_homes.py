"""What the tests of the embedded PostgreSQL share: other programs that attach, homes, looks."""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psycopg

from kernel.cluster import read_place
from kernel.embedded import attach, wait_stopped
from kernel.keeper import cluster_name, processes_of

IS_ROOT = os.geteuid() == 0
ROOT = Path(__file__).resolve().parents[2]
PACKAGES = Path(psycopg.__file__).parents[1]
OWNER = ("hocphi_owner", "hocphi")

USER = """
import json, os, sys
from pathlib import Path
from kernel.cluster import EmbeddedUnavailable
from kernel.embedded import attach
home = Path(sys.argv[1])
try:
    with attach(home) as server:
        url = server.url("hocphi_owner", "hocphi")
        line = (Path(json.loads((home / "server.json").read_text())["files"]) / "postmaster.pid")
        print(line.read_text().split()[0], url, flush=True)
        sys.stdin.readline()
except EmbeddedUnavailable as error:
    print("unavailable:", error, flush=True)
"""


@dataclass(frozen=True, slots=True)
class User:
    """Another program that has attached, and what it saw."""

    program: subprocess.Popen[str]
    said: str

    @property
    def postmaster(self) -> int:
        return int(self.said.split()[0])

    @property
    def url(self) -> str:
        return self.said.split()[1]


@contextmanager
def begun(
    home: Path, *, prefix: tuple[str, ...] = (), python: str = sys.executable, **more: str
) -> Generator[subprocess.Popen[str]]:
    """A program that attaches, says what it sees and stays until its input ends."""
    path = os.pathsep.join([str(ROOT), str(PACKAGES)])
    with subprocess.Popen(
        [*prefix, python, "-c", USER, str(home)],
        cwd="/",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": path} | more,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        try:
            yield program
        finally:
            if program.poll() is None:
                program.communicate("\n", timeout=30)


def heard(program: subprocess.Popen[str]) -> User:
    assert program.stdout is not None
    return User(program, program.stdout.readline().strip())


def ask(url: str, words: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(words.encode())
        return found.fetchall() if found.description else []


def soon(true: Callable[[], object], limit_s: float = 8.0) -> bool:
    until = time.monotonic() + limit_s
    while not true():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def answering(url: str) -> bool:
    try:
        return bool(ask(url, "select 1"))
    except psycopg.OperationalError:
        return False


@cache
def made_home() -> Path:
    """A stopped home with the row 42 in it, made once in a run and only copied."""
    folder = Path(tempfile.mkdtemp(prefix="hp-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with attach(folder / "home") as server:
        ask(server.url(*OWNER), "create table kept as select 42 as n")
    assert wait_stopped(folder / "home")
    return folder / "home"


def copied_home(home: Path) -> Path:
    """Fill ``home`` with the cluster of ``made_home``."""
    source = made_home() / "cluster"
    home.mkdir(mode=0o700)
    subprocess.run(["cp", "-a", "--sparse=always", source, home / "cluster"], check=True)
    return home


@contextmanager
def left_clean(home: Path) -> Generator[Path]:
    """Lend a home and insist that no process of its cluster is left in the end."""
    yield home
    assert wait_stopped(home)
    assert running(home) == set()


def running(home: Path) -> set[int]:
    """The processes of the home's cluster."""
    place = read_place(home)
    assert place is not None
    return processes_of(cluster_name(place))


def keepers(home: Path) -> set[int]:
    words = f"kernel.keeper\0{home}\0".encode()
    found: set[int] = set()
    for each in Path("/proc").glob("[0-9]*"):
        try:
            if words in (each / "cmdline").read_bytes():
                found.add(int(each.name))
        except OSError:
            continue
    return found


def postmaster_of(home: Path) -> int:
    return int((home / "cluster/postmaster.pid").read_text().split()[0])


def starts(home: Path) -> int:
    return (home / "postgres.log").read_text().count("starting PostgreSQL")
