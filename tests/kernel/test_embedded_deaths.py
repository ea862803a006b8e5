import os
import signal
import subprocess
from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest

from kernel.embedded import attach, wait_stopped
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


def test_killing_the_only_user_stops_the_server(home: Path) -> None:
    # given a program that has attached
    with begun(home) as program:
        user = heard(program)
        assert answering(user.url)
        # when it is killed
        program.kill()
        program.wait()
        # then the server is gone within a few seconds
        assert wait_stopped(home, limit_s=5)
        assert running(home) == set()


def test_a_killed_postmaster_is_restarted_even_under_a_busy_session(home: Path) -> None:
    with attach(home) as server:
        url = server.url(*OWNER)
        busy = "do $$ begin perform count(*) from generate_series(1, 4000000000) g; end $$"
        ask(url, "insert into kept values (44)")
        # given a session that computes and so does not notice
        with subprocess.Popen(
            [server.bin_dir / "psql", url, "-c", busy], stderr=subprocess.DEVNULL
        ) as session:
            seen = "select 1 from pg_stat_activity where state = 'active' and query ~ '^do'"
            assert soon(lambda: ask(url, seen))
            killed = postmaster_of(home)
            # when the postmaster is killed
            os.kill(killed, signal.SIGKILL)
            # then its keeper brings up another with every committed row
            assert soon(lambda: answering(url))
            session.wait(timeout=10)
        assert postmaster_of(home) != killed
        assert ask(url, "select n from kept order by n") == [(42,), (44,)]
        assert len(keepers(home)) == 1


def test_a_killed_keeper_is_followed_by_one_that_adopts_the_server(home: Path) -> None:
    with attach(home) as server:
        url = server.url(*OWNER)
        with psycopg.connect(url, autocommit=True) as session:
            before = postmaster_of(home)
            # given a keeper that was killed
            (first,) = keepers(home)
            os.kill(first, signal.SIGKILL)
            assert soon(lambda: not keepers(home))
            # when the next user comes
            with attach(home):
                # then another keeper serves the same postmaster and no session noticed
                assert soon(lambda: keepers(home) not in (set(), {first}))
                assert not soon(lambda: starts(home) > 1, limit_s=0.8)
                assert postmaster_of(home) == before
                assert session.execute("select n from kept").fetchall() == [(42,)]
        # and an adopted server that is killed is restarted too
        os.kill(before, signal.SIGKILL)
        assert soon(lambda: answering(url))
        assert postmaster_of(home) != before


def test_the_last_user_after_a_killed_keeper_still_has_the_server_stopped(home: Path) -> None:
    # given a user whose keeper is killed, and no other user to come
    with attach(home):
        for each in keepers(home):
            os.kill(each, signal.SIGKILL)
        assert soon(lambda: not keepers(home))
        assert running(home)
    # when it leaves, then the server is stopped
    assert wait_stopped(home)
    assert running(home) == set()


def test_a_lock_file_whose_pid_is_another_programs_by_now_blocks_nothing(home: Path) -> None:
    # given a keeper and a server killed together
    with begun(home) as program:
        user = heard(program)
        for each in (*keepers(home), user.postmaster):
            os.kill(each, signal.SIGKILL)
        program.kill()
    assert soon(lambda: not running(home))
    # and the pid of the server taken by a program that lives
    for lock in (home / "cluster/postmaster.pid", home / "run/.s.PGSQL.5432.lock"):
        text = lock.read_text()
        lock.write_text(text.replace(str(user.postmaster), str(os.getpid()), 1))
    # when the next user comes, then the server starts
    with attach(home) as server:
        assert ask(server.url(*OWNER), "select n from kept") == [(42,)]
