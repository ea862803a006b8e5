"""The small process behind an embedded PostgreSQL: ``python -m kernel.keeper HOME [LOCK]``.

It is the parent of ``postgres``: it makes the cluster once, starts the server, reaps and restarts
it when it dies, and stops it when the last user has let go of users.lock. It holds keeper.lock as
long as it lives, so there is never a second one. Never talks SQL and never decides where a server
lives: ``kernel/embedded.py`` starts it with that decided.
"""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import FrameType

from kernel.clock import real_now
from kernel.cluster import PORT, SHORT, Place, environment, make_cluster, read_place
from kernel.embedded import KEEPER_LOCK, SERVER_LOG, USERS_LOCK, answers, try_lock

_LOOK_S, _LOOK_EARLY_S = 0.2, 0.05
_LOCK_WORD = 2
_BACK_OFF_S = (0.1, 2.0)
_FIRST_TRIES = 3
_STOP_LIMIT_S = 60.0
_LEFT_LIMIT_S = 5.0
_LOG_BYTES_MAX = 10_000_000
_OURS = ("postgres", "unshare", "setpriv")
"""What a process of a cluster is called, before and after it has become ``postgres``."""


@dataclass(frozen=True, slots=True)
class Postmaster:
    """A running server: our child, or the child of a keeper that died (``child`` is None)."""

    pid: int
    child: subprocess.Popen[bytes] | None = None

    def gone(self, name: str) -> bool:
        """Tell whether it has ended; reaps it if it is our child."""
        if self.child is not None:
            return self.child.poll() is not None
        return not _is_of(Path(f"/proc/{self.pid}"), name)

    def wait_gone(self, name: str, limit_s: float) -> bool:
        """Wait for its end; False if it still runs after ``limit_s`` seconds."""
        until = time.monotonic() + limit_s
        while not self.gone(name):
            if time.monotonic() > until:
                return False
            time.sleep(0.02)
        return True


def cluster_name(place: Place) -> str:
    """Name a cluster after its folder and inode, as its processes show it in their titles."""
    there = place.files.stat()
    return SHORT + sha256(f"{place.files}:{there.st_dev}:{there.st_ino}".encode()).hexdigest()[:16]


def processes_of(name: str) -> set[int]:
    """Find the living processes of a cluster (a zombie shows no title and is not among them)."""
    return {int(each.name) for each in Path("/proc").glob("[0-9]*") if _is_of(each, name)}


def _is_of(each: Path, name: str) -> bool:
    try:
        named = name.encode() in (each / "cmdline").read_bytes()
        return named and (each / "comm").read_text(encoding="utf-8").strip() in _OURS
    except OSError:
        return False


def start(place: Place, name: str) -> Postmaster:
    """Take over a server that still runs, else start one; never a second on one cluster."""
    pid = _pid_in(place.files / "postmaster.pid")
    if pid in processes_of(name):
        return Postmaster(pid)
    _end_leftovers(name)
    _clear_misleading(place, name)
    settings = {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": '"' + str(place.socket_dir).replace('"', '""') + '"',
        "unix_socket_permissions": "0700",
        "cluster_name": name,
        "max_connections": "100",
        "fsync": "on",
        "synchronous_commit": "on",
        "recovery_init_sync_method": "syncfs",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
    words = [word for each, value in settings.items() for word in ("-c", f"{each}={value}")]
    with (place.home / SERVER_LOG).open("ab") as log:
        child = subprocess.Popen(  # noqa: S603  our own words
            place.command("postgres", "-D", str(place.files), *words),
            cwd="/",
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    return Postmaster(child.pid, child)


def stop(postmaster: Postmaster, name: str) -> None:
    """Stop a server fast (sessions end, everything is on disk), at the latest at once."""
    for wish in (signal.SIGINT, signal.SIGQUIT):
        with contextlib.suppress(ProcessLookupError):
            os.kill(postmaster.pid, wish)
        if postmaster.wait_gone(name, _STOP_LIMIT_S):
            return
    _say("postgres does not stop")


def _pid_in(lock_file: Path) -> int:
    """Read the pid on the first line of PostgreSQL's own lock file; 0 if there is none."""
    try:
        return int(lock_file.read_text(encoding="utf-8").split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return 0


def _end_leftovers(name: str) -> None:
    """Tell sessions without a postmaster to end, as it would have, and wait for them.

    PostgreSQL refuses to start beside them, and a busy one does not notice by itself.
    """
    until = time.monotonic() + _LEFT_LIMIT_S
    while (left := processes_of(name)) and time.monotonic() < until:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT)
        time.sleep(0.05)


def _clear_misleading(place: Place, name: str) -> None:
    """Remove lock files whose pid is alive but not ours: a zombie, or another program since.

    PostgreSQL clears away a file with a dead pid itself; over such a one it would give up for
    ever. Where no process of the cluster lives and none listens, nothing is locked.
    """
    if processes_of(name) or _listens(place):
        return
    for file in (place.files / "postmaster.pid", place.socket_dir / f".s.PGSQL.{PORT}.lock"):
        pid = abs(_pid_in(file))
        if pid and Path(f"/proc/{pid}").exists():
            _say(f"removed {file.name} of pid {pid}")
            file.unlink(missing_ok=True)


def _listens(place: Place) -> bool:
    """Tell whether anyone listens, also one that refuses for now or runs in another container."""
    with socket.socket(socket.AF_UNIX) as line:
        try:
            line.connect(str(place.socket_dir / f".s.PGSQL.{PORT}"))
        except OSError:
            return False
    return True


class Keeper:
    """The loop: restart what died, stop when nobody uses it or when told to."""

    def __init__(self, place: Place) -> None:
        """Start the server of ``place``."""
        self.place = place
        self.name = cluster_name(place)
        self.told = False
        self.ready = self.ever_ready = False
        self.failures = 0
        self.postmaster = start(place, self.name)

    def tell(self, _number: int, _frame: FrameType | None) -> None:
        """Ask the loop to stop (SIGTERM, SIGINT)."""
        self.told = True

    def keep(self) -> bool:
        """Serve until nobody uses the server; False if it never came up.

        A server that is still starting is never stopped for want of users: its recovery would
        begin again and again. The users' lock is held to the end, so the next user waits.
        """
        while True:
            gone = self.postmaster.gone(self.name)
            self._note_ready(gone=gone)
            if self.told or ((self.ready or gone) and self._alone()):
                if not gone:
                    stop(self.postmaster, self.name)
                return True
            if gone and not self._restart():
                return False
            time.sleep(_LOOK_S if self.ready else _LOOK_EARLY_S)

    def _note_ready(self, *, gone: bool) -> None:
        if gone:
            self.ready = False
        elif not self.ready and answers(self.place):
            _say(f"postgres {self.postmaster.pid} is ready")
            self.ready = self.ever_ready = True
            self.failures = 0

    def _alone(self) -> bool:
        return try_lock(self.place.home / USERS_LOCK, fcntl.LOCK_EX) is not None

    def _restart(self) -> bool:
        _say(f"postgres {self.postmaster.pid} ended by itself")
        if not self.ever_ready and self.failures == _FIRST_TRIES:
            return False
        first, longest = _BACK_OFF_S
        time.sleep(min(first * 2**self.failures, longest))
        self.failures += 1
        self.postmaster = start(self.place, self.name)
        return True


def main() -> int:
    """Keep the server of the home in the first argument, detached; 1 if it does not come up."""
    home = Path(sys.argv[1])
    given = int(sys.argv[2]) if len(sys.argv) > _LOCK_WORD else None
    lock = given if given is not None else try_lock(home / KEEPER_LOCK, fcntl.LOCK_EX)
    place = read_place(home)
    if lock is None or place is None:
        _say("another keeper serves this home, or nobody has attached to it yet")
        return 1
    os.set_inheritable(lock, False)  # noqa: FBT003  it takes no keyword
    if os.fork():
        os._exit(0)  # our caller waits for this process only
    os.chdir("/")
    with contextlib.suppress(FileNotFoundError):
        if (home / SERVER_LOG).stat().st_size > _LOG_BYTES_MAX:
            (home / SERVER_LOG).replace(home / f"{SERVER_LOG}.1")
    try:
        make_cluster(place)
    except (OSError, subprocess.CalledProcessError):
        _say("the cluster cannot be made; the lines above say why")
        return 1
    keeper = Keeper(place)
    for wish in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wish, keeper.tell)
    kept = keeper.keep()
    if place.socket_dir.name.startswith(SHORT):
        with contextlib.suppress(OSError):
            place.socket_dir.rmdir()
    return 0 if kept else 1


def _say(words: str) -> None:
    sys.stderr.write(f"{real_now().isoformat(timespec='milliseconds')} keeper: {words}\n")


if __name__ == "__main__":
    sys.exit(main())
