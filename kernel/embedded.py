"""Attach to the embedded PostgreSQL of one HOCPHI_HOME, starting it where none runs. Linux only.

users.lock   held shared by every user: a killed user lets go of it, and the last one frees it
keeper.lock  held by the one keeper: whoever gets it may, and must, start the next keeper
server.json  the ``Place`` of the server

Never starts, stops or signals ``postgres`` itself (``kernel/keeper.py`` does) and never opens a
port: the only way in is a Unix socket inside a 0700 folder.
"""

import fcntl
import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from kernel.cluster import (
    PORT,
    SUPERUSER,
    EmbeddedUnavailable,
    Place,
    choose_place,
    find_binaries,
    read_place,
)

START_LIMIT_S = 30.0
KEEPER_LOCK, USERS_LOCK = "keeper.lock", "users.lock"
KEEPER_LOG, SERVER_LOG = "keeper.log", "postgres.log"

_CHECKOUT = Path(__file__).resolve().parent.parent
_LOOK_S = 0.02
_STARTS_MAX = 2
_TAIL_LINES = 4
_READY = b"Z\0\0\0\5I"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, good for as long as it is attached."""

    home: Path
    bin_dir: Path
    socket_dir: Path

    def url(self, user: str, database: str) -> str:
        """Name a database for asyncpg and psycopg; the port is said so that no PGPORT moves it."""
        host = quote(str(self.socket_dir), safe="/")
        login, name = quote(user, safe=""), quote(database, safe="")
        return f"postgresql://{login}@/{name}?host={host}&port={PORT}"


@contextmanager
def attach(home: Path) -> Generator[Server]:
    """Use the server of ``home`` for the block; it runs until its last user has gone.

    Safe beside any number of other users, also ones that start or end at the same instant.
    Raises EmbeddedUnavailable when it cannot run here or is not ready within 30 s.
    """
    home = home.resolve()
    until = time.monotonic() + START_LIMIT_S
    _make_home(home)
    using = _using(home, until)
    try:
        place = _ready_place(home, until)
        try:
            yield Server(home, find_binaries(), place.socket_dir)
        finally:
            _leave_kept(home)
    finally:
        os.close(using)


def wait_stopped(home: Path, *, limit_s: float = 10.0) -> bool:
    """Wait until no keeper serves ``home``; False if one still does after ``limit_s`` seconds."""
    until = time.monotonic() + limit_s
    while (home / KEEPER_LOCK).exists():
        lock = try_lock(home / KEEPER_LOCK, fcntl.LOCK_SH)
        if lock is not None:
            os.close(lock)
            return True
        if time.monotonic() > until:
            return False
        time.sleep(_LOOK_S)
    return True


def try_lock(path: Path, kind: int) -> int | None:
    """Take a lock (LOCK_SH or LOCK_EX) if it is free; closing the descriptor gives it back."""
    opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(opened, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(opened)
        return None
    return opened


def answers(place: Place) -> bool:
    """Ask whether a session of the superuser can be had there now (a real one, then closed)."""
    facts = f"user\0{SUPERUSER}\0database\0postgres\0\0".encode()
    hello = struct.pack("!II", len(facts) + 8, 3 << 16) + facts
    with socket.socket(socket.AF_UNIX) as line, suppress(OSError):
        line.settimeout(2)
        line.connect(str(place.socket_dir / f".s.PGSQL.{PORT}"))
        line.sendall(hello)
        heard = b""
        while part := line.recv(4096):
            heard += part
            if heard.endswith(_READY):
                line.sendall(b"X\0\0\0\4")
                return True
    return False


def _make_home(home: Path) -> None:
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = home.stat().st_uid
        if owner == os.geteuid():
            home.chmod(0o700)
    except OSError as error:
        raise EmbeddedUnavailable(f"HOCPHI_HOME cannot be made: {error}") from error
    if owner != os.geteuid():
        raise EmbeddedUnavailable(f"HOCPHI_HOME {home} belongs to another user (uid {owner})")


def _using(home: Path, until: float) -> int:
    """Become a user; wait out a keeper that is just stopping the server."""
    while (lock := try_lock(home / USERS_LOCK, fcntl.LOCK_SH)) is None:
        if time.monotonic() > until:
            raise EmbeddedUnavailable(f"the server in {home} is still stopping")
        time.sleep(_LOOK_S)
    return lock


def _leave_kept(home: Path) -> None:
    """Give a keeper that died meanwhile a follower, who will stop the server."""
    with suppress(EmbeddedUnavailable, OSError):
        if (lock := try_lock(home / KEEPER_LOCK, fcntl.LOCK_EX)) is not None:
            _start_keeper(home, lock)


def _ready_place(home: Path, until: float) -> Place:
    """Wait until the server answers, starting a keeper where there is none, at most twice."""
    starts = 0
    while time.monotonic() < until:
        if (lock := try_lock(home / KEEPER_LOCK, fcntl.LOCK_EX)) is not None:
            if starts == _STARTS_MAX:
                os.close(lock)
                break
            _start_keeper(home, lock)
            starts += 1
        place = read_place(home)
        if place and place.home == home and answers(place):
            return place
        time.sleep(_LOOK_S)
    last = " | ".join([*_last_lines(home / KEEPER_LOG), *_last_lines(home / SERVER_LOG)])
    raise EmbeddedUnavailable(f"PostgreSQL in {home} did not start: {last}")


def _start_keeper(home: Path, lock: int) -> None:
    """Choose the place and start a keeper that inherits the lock, then let go of our end."""
    environment = dict(os.environ)
    environment["PYTHONPATH"] = os.pathsep.join(
        [str(_CHECKOUT), *filter(None, [environment.get("PYTHONPATH")])]
    )
    command = [sys.executable, "-m", "kernel.keeper", str(home), str(lock)]
    try:
        choose_place(home).write()
        with (home / KEEPER_LOG).open("ab") as log:
            subprocess.run(  # noqa: S603  our own words
                command,
                check=False,
                cwd=_CHECKOUT,
                env=environment,
                pass_fds=[lock],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
    except OSError as error:
        raise EmbeddedUnavailable(f"nothing can be started in {home}: {error}") from error
    finally:
        os.close(lock)


def _last_lines(log: Path) -> list[str]:
    if not log.is_file():
        return []
    return log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:]
