"""``hocphi up`` as an operator meets it: it starts from nothing, works, mends itself, and goes."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from kernel.embedded import wait_stopped
from tests.chaos.rig import ROOT, SECRET, Prepared, environment, prepare, up
from tests.chaos.rig_kills import child_of, children_of, postgres_of
from tests.chaos.rig_plan import Told
from tests.chaos.rig_senders import EXACT_REPLY, event_of
from tests.kernel.embedded_homes import keepers, soon
from webhooks.banks import sepay

STOP_S = 10.0


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepare(tmp_path_factory.mktemp("up"), schools=2, pupils=10, seed=3)


def ask(address: str, path: str = "") -> httpx.Response:
    return httpx.get(f"{address}{path}", trust_env=False, timeout=10)


def run_file(home: Path) -> dict[str, str]:
    return json.loads((home / "run.json").read_text(encoding="utf-8"))


def gone(home: Path, pids: set[int]) -> bool:
    """Whether these processes, the database and its keeper have all ended."""
    alive = {pid for pid in pids if Path(f"/proc/{pid}").exists()}
    return not (alive or postgres_of(home)[1] or keepers(home))


def verb(home: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run a verb as its own program."""
    program = [sys.executable, "-c", "from service.cli import main; main()", *words]
    return subprocess.run(
        program, env=environment(home), cwd=ROOT, capture_output=True, text=True, check=False
    )


def state_of(home: Path, external_id: str) -> str:
    exported = verb(home, "export", "invoices").stdout.splitlines()
    return next(row["state"] for row in map(json.loads, exported)
                if row["external_id"] == external_id)  # fmt: skip


def pay(base_url: str, prepared: Prepared, home: Path) -> tuple[str, httpx.Response]:
    """Pay the first open notice as the bank tells it; give its external id and the answer."""
    exported = verb(home, "export", "invoices").stdout.splitlines()
    row = json.loads(exported[0])
    account = next(each.account for each in prepared.plan.told
                   if each.group.endswith(row["external_id"]))  # fmt: skip
    told = Told("77", "one", account, row["due_dong"], row["memo"], again=False)
    raw = sepay.body(event_of(told))
    headers = dict(sepay.sign(SECRET, raw, timestamp=int(time.time())))
    path = prepared.paths[account]
    answer = httpx.post(f"{base_url}{path}", content=raw, headers=headers, trust_env=False)
    return row["external_id"], answer


def test_up_starts_on_a_fresh_home_answers_and_leaves_nothing(tmp_path: Path) -> None:
    # given
    home = tmp_path / "home"
    home.mkdir()

    # when
    with up(home, port=0) as (process, base_url):
        told = run_file(home)
        answers = [ask(base_url, path).status_code for path in ("/livez", "/readyz")]
        answers.append(ask(told["metrics_url"]).status_code)
        pids = {process.pid, *children_of(process.pid), *postgres_of(home)[1]}
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        status = process.wait(60)
        left_alone = soon(lambda: gone(home, pids), limit_s=STOP_S)
        took_s = time.monotonic() - began

    # then
    assert told["base_url"] == base_url
    assert told["pid"] == process.pid
    assert answers == [200, 200, 200]
    assert len(pids) > 5
    assert status == 0
    assert left_alone
    assert took_s < STOP_S
    assert not (home / "run.json").exists()


def test_a_signed_webhook_becomes_paid_and_a_second_up_still_knows(
    prepared: Prepared, tmp_path: Path
) -> None:
    # given
    home = prepared.copied(tmp_path / "home")

    # when
    with up(home, port=0) as (_, base_url):
        external_id, answer = pay(base_url, prepared, home)
        paid = soon(lambda: state_of(home, external_id) == "paid", limit_s=20)
        figures = ask(run_file(home)["metrics_url"]).text
    assert wait_stopped(home)
    with up(home, port=0) as (_, base_url):
        ready = ask(base_url, "/readyz").status_code
        kept = state_of(home, external_id)

    # then
    assert (answer.status_code, answer.content) == (200, EXACT_REPLY)
    assert paid
    assert 'hocphi_webhook_answers_total{provider="sepay",status="200"} 1.0' in figures
    assert (ready, kept) == (200, "paid")


@pytest.mark.parametrize("role", ["api", "worker"])
def test_a_killed_child_is_started_again(prepared: Prepared, tmp_path: Path, role: str) -> None:
    # given
    home = prepared.copied(tmp_path / "home")
    with up(home, port=0) as (process, base_url):
        before = set(children_of(process.pid))
        victim = child_of(process.pid, role)
        assert victim is not None

        # when
        os.kill(victim, signal.SIGKILL)

        # then
        assert soon(lambda: len(set(children_of(process.pid)) - {victim}) == len(before))
        fresh = set(children_of(process.pid)) - before
        assert len(fresh) == 1
        external_id, answer = pay(base_url, prepared, home)
        assert answer.status_code == 200
        assert soon(lambda: state_of(home, external_id) == "paid", limit_s=20)


def test_children_end_with_a_killed_parent_and_the_next_verb_works(
    prepared: Prepared, tmp_path: Path
) -> None:
    # given
    home = prepared.copied(tmp_path / "home")
    with up(home, port=0) as (process, _):
        pids = {*children_of(process.pid), *postgres_of(home)[1]}

        # when
        process.kill()
        process.wait()

        # then
        assert soon(lambda: gone(home, pids), limit_s=STOP_S)
    checked = verb(home, "books", "check")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert re.search(r"a notice is issued at its due +[1-9]", checked.stdout)
