import fcntl
import os
import signal
import time
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from kernel.cluster import EmbeddedUnavailable, find_binaries
from kernel.embedded import USERS_LOCK, Server, attach, try_lock, wait_stopped
from tests.kernel.embedded_homes import (
    OWNER,
    answering,
    ask,
    begun,
    copied_home,
    heard,
    keepers,
    left_clean,
    postmaster_of,
    running,
    soon,
    starts,
)


@pytest.fixture
def home(tmp_path: Path) -> Generator[Path]:
    with left_clean(copied_home(tmp_path / "home")) as lent:
        yield lent


def test_first_start_makes_one_database_of_an_owner_who_is_no_superuser(tmp_path: Path) -> None:
    # given a new home
    home = tmp_path / "new"
    with left_clean(home), attach(home) as server:
        # when its catalogue and settings are read
        url = server.url("postgres", "postgres")
        databases = ask(
            url, "select datname, rolname from pg_database d join pg_roles r on r.oid = datdba"
            " where not datistemplate and datname <> 'postgres'"
        )  # fmt: skip
        roles = ask(
            url, "select rolname, rolsuper, rolcreaterole, rolcanlogin from pg_roles"
            " where rolname !~ '^pg_' and rolname <> 'postgres'"
        )  # fmt: skip
        names = (
            "listen_addresses fsync synchronous_commit max_connections data_checksums"
            " server_encoding timezone full_page_writes"
        )
        shown = [ask(url, f"show {name}")[0][0] for name in names.split()]
        # then there is one database, one owner, and nothing is traded for speed
        assert databases == [("hocphi", "hocphi_owner")]
        assert roles == [("hocphi_owner", False, True, True)]
        assert shown == ["", "on", "on", "100", "on", "UTF8", "UTC", "on"]
        assert (home.stat().st_mode & 0o777, server.socket_dir) == (0o700, home / "run")
        assert (server.bin_dir / "pg_dump").is_file()


def test_the_log_keeps_peoples_values_out(home: Path) -> None:
    # given a row with a name
    with attach(home) as server:
        ask(server.url(*OWNER), "create table pupil (name text primary key)")
        ask(server.url(*OWNER), "insert into pupil values ('Nguyễn Văn An')")
        # when a statement fails upon it
        with pytest.raises(psycopg.errors.UniqueViolation):
            ask(server.url(*OWNER), "insert into pupil values ('Nguyễn Văn An')")
    # then the log has the error without the value
    log = (home / "postgres.log").read_text()
    assert "pupil_pkey" in log
    assert "Nguyễn" not in log


def test_users_of_one_instant_share_one_server_made_once(tmp_path: Path) -> None:
    # given a home that does not exist
    home = tmp_path / "new" / "home"
    # when three programs attach at the same instant
    with ExitStack() as stack:
        programs = [stack.enter_context(begun(home)) for _ in range(3)]
        users = [heard(each) for each in programs]
        # then they share one postmaster under one keeper
        assert len({user.postmaster for user in users}) == 1
        assert all(answering(user.url) for user in users)
        assert len(keepers(home)) == 1
        assert starts(home) == 1
        # and the server lives until the last of them has gone
        for program in programs[:2]:
            program.communicate("\n", timeout=10)
        time.sleep(0.6)
        assert answering(users[2].url)
    assert wait_stopped(home)
    assert running(home) == set()


def test_rows_survive_stops_and_a_stop_leaves_nothing_behind(home: Path) -> None:
    # given a server that was used, with a second row
    with attach(home) as server:
        ask(server.url(*OWNER), "insert into kept values (43)")
    # when it has stopped
    assert wait_stopped(home)
    # then no process, socket or lock of it is left
    assert running(home) == set()
    assert keepers(home) == set()
    assert list((home / "run").iterdir()) == []
    assert not (home / "cluster/postmaster.pid").exists()
    # and the next user reads both rows
    with attach(home) as server:
        assert ask(server.url(*OWNER), "select n from kept order by n") == [(42,), (43,)]


def test_a_user_who_comes_while_the_server_stops_gets_a_running_one(home: Path) -> None:
    # given users who come at every moment of a stop
    for gap_s in (0.0, 0.15, 0.22, 0.3, 0.35):
        # when one has attached
        with attach(home) as server:
            # then the server is there, and stays
            assert ask(server.url(*OWNER), "select n from kept") == [(42,)]
            assert len(keepers(home)) == 1
        time.sleep(gap_s)


def test_a_user_waits_while_a_server_is_slow_to_stop(home: Path) -> None:
    # given a server that hangs when its last user leaves
    with attach(home):
        assert soon(lambda: "is ready" in (home / "keeper.log").read_text())
        hung = postmaster_of(home)
        os.kill(hung, signal.SIGSTOP)
    try:
        # when someone would use it
        def busy() -> bool:
            lock = try_lock(home / USERS_LOCK, fcntl.LOCK_SH)
            if lock is not None:
                os.close(lock)
            return lock is None

        # then nobody can before it has stopped
        assert soon(busy)
        assert not soon(lambda: not busy(), limit_s=0.6)
    finally:
        os.kill(hung, signal.SIGCONT)
    with attach(home) as server:
        assert ask(server.url(*OWNER), "select n from kept") == [(42,)]
        assert postmaster_of(home) != hung


def test_two_homes_are_independent(home: Path, tmp_path: Path) -> None:
    # given two servers
    second = copied_home(tmp_path / "second")
    with left_clean(second), begun(home) as program, attach(second) as other:
        user = heard(program)
        assert user.postmaster != postmaster_of(second)
        ask(user.url, "insert into kept values (45)")
        # when one loses its user
        program.communicate("\n", timeout=10)
        assert wait_stopped(home)
        # then the other runs on and has not seen its row
        assert ask(other.url(*OWNER), "select n from kept") == [(42,)]


words = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1)


@given(folder=words, user=words, database=words)
@example(folder="/a b,c", user="a/b@c", database="d/e?f")
def test_a_url_says_exactly_its_parts(folder: str, user: str, database: str) -> None:
    # given any folder, user and database, when a url is made and read back
    server = Server(Path("/"), Path("/"), Path("/x" + folder))
    read = conninfo_to_dict(server.url(user, database))
    # then they are what they were
    said = {"user": user, "dbname": database, "host": str(server.socket_dir), "port": "5432"}
    assert read == said


def test_a_server_that_cannot_start_says_why(home: Path) -> None:
    # given a cluster of another version
    (home / "cluster/PG_VERSION").write_text("11\n")
    # when it is attached to, then the error has the last words of the log
    with pytest.raises(EmbeddedUnavailable, match="initialized by PostgreSQL version 11"):
        attach(home).__enter__()
    assert soon(lambda: not keepers(home))


def test_a_cluster_that_cannot_be_made_says_why_and_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given an initdb that fails half-way
    postgres = find_binaries() / "postgres"
    (tmp_path / "postgres").symlink_to(postgres)
    (tmp_path / "initdb").write_text("#!/bin/sh\nmkdir $2\necho 'disk is full' >&2\nexit 1\n")
    (tmp_path / "initdb").chmod(0o755)
    monkeypatch.setenv("PG_BIN", str(tmp_path))
    # when someone attaches, then that is said
    with pytest.raises(EmbeddedUnavailable, match="disk is full"):
        attach(tmp_path / "home").__enter__()
    # and with an initdb that works a whole cluster is made in its place
    monkeypatch.delenv("PG_BIN")
    with left_clean(tmp_path / "home"), attach(tmp_path / "home") as server:
        assert answering(server.url(*OWNER))
        assert not list((tmp_path / "home").glob("making-*"))


def test_a_wrong_pg_bin_is_named_and_never_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given PG_BIN without programs, when someone attaches, then that is said
    monkeypatch.setenv("PG_BIN", str(tmp_path))
    with pytest.raises(EmbeddedUnavailable, match="PG_BIN"), attach(tmp_path / "home"):
        pass
