"""Worker, API and PostgreSQL die in the middle of their work, and nothing shows of it afterwards.

The rig itself is on trial too: it must find each fault that is planted.
"""

import sys
from pathlib import Path
from statistics import median

import pytest

from tests.chaos.rig import Prepared, Run, prepare, run
from tests.chaos.rig_faults import ASYNC_COMMIT, NO_IDENTITY
from tests.chaos.rig_kills import Strike, Victim, strikes_of
from tests.chaos.rig_oracle import differences, judge

pytestmark = pytest.mark.chaos

SEED = 20_261_122
KILLS = {Victim.WORKER: 10, Victim.API: 10, Victim.POSTGRES: 6, Victim.POSTMASTER: 4}
OVERLAPPING = 4
SLOW_S = 0.3
"""The contact book takes its time, so that kills fall into the middle of pushes."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepare(tmp_path_factory.mktemp("small"), schools=4, pupils=40, seed=SEED)


def wrong(stormy: Run, prepared: Prepared) -> list[str]:
    return judge(stormy.outcome, prepared.plan, stormy.bank.acked)


def report(stormy: Run) -> str:
    """Say what was killed and how soon work went on."""
    lines = [f"\nseed {SEED}: {len(stormy.bank.told)} transactions in {stormy.took_s:.0f} s"]
    lines += [
        f"{victim}: {stormy.fire.made[victim]} kills, mended after"
        f" {median(times):.1f} s (median), {max(times):.1f} s (most)"
        for victim, times in sorted(stormy.fire.mended_s.items())
    ]
    heard = len(stormy.book.order)
    lines.append(f"the bank heard {dict(stormy.bank.answers)}")
    lines.append(f"the contact book heard {heard} facts, {stormy.book.repeats} of them twice\n")
    return "\n".join(lines)


@pytest.mark.timeout(600)
def test_kills_leave_the_books_and_the_receiver_as_the_undisturbed_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # given
    prepared = prepare(tmp_path / "prepared", schools=6, pupils=140, seed=SEED)
    calm = run(prepared, tmp_path / "calm")

    # when
    strikes = strikes_of(KILLS, seed=SEED, extra=OVERLAPPING)
    stormy = run(prepared, tmp_path / "stormy", strikes)
    with capsys.disabled():
        sys.stdout.write(report(stormy))

    # then
    made = stormy.fire.made
    assert min(made[Victim.WORKER], made[Victim.API]) >= 10
    assert made[Victim.POSTGRES] + made[Victim.POSTMASTER] >= 10
    assert stormy.book.repeats > 0, "no kill fell into the middle of a push"
    assert wrong(calm, prepared) == []
    assert wrong(stormy, prepared) == []
    assert differences(stormy.outcome, calm.outcome) == []


def strikes(victim: Victim, count: int = 3) -> list[Strike]:
    return strikes_of({victim: count}, seed=SEED)


def test_the_oracle_finds_a_reply_before_the_commit(small: Prepared, tmp_path: Path) -> None:
    # when
    stormy = run(small, tmp_path / "home", strikes(Victim.POSTGRES), fault="reply_before_commit")

    # then
    assert [each for each in wrong(stormy, small) if each.startswith("lost")]


def test_the_oracle_finds_a_credit_per_delivery(small: Prepared, tmp_path: Path) -> None:
    # when
    stormy = run(
        small,
        tmp_path / "home",
        strikes(Victim.API),
        fault="credit_per_delivery",
        plant=NO_IDENTITY,
    )

    # then
    assert [each for each in wrong(stormy, small) if each.startswith("doubled")]


def test_the_oracle_finds_a_commit_before_the_disk(small: Prepared, tmp_path: Path) -> None:
    # when
    stormy = run(small, tmp_path / "home", strikes(Victim.POSTGRES), plant=ASYNC_COMMIT)

    # then
    assert [each for each in wrong(stormy, small) if each.startswith("lost")]


def test_the_oracle_finds_a_push_marked_before_sending(small: Prepared, tmp_path: Path) -> None:
    # when
    stormy = run(
        small,
        tmp_path / "home",
        strikes(Victim.WORKER),
        fault="delivered_before_sending",
        slow_s=SLOW_S,
    )

    # then
    assert [each for each in wrong(stormy, small) if "told" in each]


def test_the_oracle_finds_nothing_in_a_short_sound_run(small: Prepared, tmp_path: Path) -> None:
    # when
    stormy = run(
        small, tmp_path / "home", strikes_of(dict.fromkeys(Victim, 1), seed=SEED), slow_s=SLOW_S
    )

    # then
    assert wrong(stormy, small) == []
