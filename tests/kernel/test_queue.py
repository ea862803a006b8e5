"""Bells: rung from their own thread, together where they wait together, and never fatal."""

import threading
import time
from collections import Counter
from typing import Any

import dramatiq
import pytest
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.brokers.redis import RedisBroker

from kernel.queue import Ringer, make_broker
from kernel.settings import SettingInvalid


def bells(*jobs: str) -> frozenset[str]:
    return frozenset(jobs)


def test_a_bell_is_rung_from_another_thread() -> None:
    rung: list[tuple[str, str]] = []
    ringer = Ringer({"push": lambda: rung.append(("push", threading.current_thread().name))})
    ringer.start()

    ringer(bells("push"))
    ringer.stop()

    assert rung == [("push", "ringer")]


def test_bells_that_wait_together_become_one_each() -> None:
    rung: Counter[str] = Counter()
    at_work, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        rung["slow"] += 1
        at_work.set()
        assert go_on.wait(10)

    ringer = Ringer({
        "slow": slow,
        "push": lambda: rung.update(["push"]),
        "settle": lambda: rung.update(["settle"]),
    })  # fmt: skip
    ringer.start()
    ringer(bells("slow"))
    assert at_work.wait(10)
    for _ in range(1_000):
        ringer(bells("push", "settle"))
    go_on.set()
    ringer.stop()

    assert rung == {"slow": 1, "push": 1, "settle": 1}


def test_a_bell_rung_while_its_job_is_being_sent_is_rung_again() -> None:
    rung: list[int] = []
    at_work, go_on = threading.Event(), threading.Event()

    def send() -> None:
        rung.append(1)
        at_work.set()
        assert go_on.wait(10)

    ringer = Ringer({"push": send})
    ringer.start()
    ringer(bells("push"))
    assert at_work.wait(10)
    ringer(bells("push"))
    go_on.set()
    ringer.stop()

    assert len(rung) == 2


def test_a_caller_never_waits_for_a_sender() -> None:
    go_on = threading.Event()
    ringer = Ringer({"push": lambda: go_on.wait(10)})
    ringer.start()

    before = time.monotonic()
    for _ in range(100):
        ringer(bells("push"))
    took = time.monotonic() - before
    go_on.set()
    ringer.stop()

    assert took < 1


def test_a_sender_that_fails_or_is_unknown_does_not_stop_the_bells() -> None:
    rung: list[str] = []

    def fail() -> None:
        raise ConnectionError("the broker is away")

    ringer = Ringer({"fail": fail, "push": lambda: rung.append("push")})
    ringer.start()
    for job in ("fail", "unknown", "push", "fail"):
        ringer(bells(job))
        time.sleep(0.02)
    ringer(bells("a job nobody has", "fail", "push"))
    ringer.stop()

    assert rung == ["push", "push"]


def test_bells_rung_before_the_start_are_kept_and_the_stop_rings_what_waits() -> None:
    rung: list[str] = []
    ringer = Ringer({"push": lambda: rung.append("push"), "settle": lambda: rung.append("settle")})
    ringer(bells("push", "settle"))
    assert rung == []

    ringer.start()
    ringer.stop()

    assert sorted(rung) == ["push", "settle"]


def test_stopping_what_never_started_is_harmless() -> None:
    Ringer({}).stop()


@pytest.mark.parametrize("url", ["", "kafka://x", "http://x", "postgresqlite://x", "sqlite:///x"])
def test_a_broker_that_nobody_knows_is_refused(url: str) -> None:
    with pytest.raises(SettingInvalid, match="BROKER_URL"):
        make_broker(url)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("amqp://guest:guest@127.0.0.1:1/", RabbitmqBroker),
        ("amqps://guest:guest@127.0.0.1:1/", RabbitmqBroker),
        ("redis://127.0.0.1:1/0", RedisBroker),
    ],
)
def test_the_scheme_chooses_the_broker_and_nothing_is_opened_yet(url: str, kind: Any) -> None:
    before = dramatiq.broker.global_broker
    try:
        assert type(make_broker(url)) is kind
    finally:
        dramatiq.broker.global_broker = before
