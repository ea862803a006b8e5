"""``hocphi bench``: the lines it prints, its own checks, and the sender that it trusts."""

import asyncio
import os
import re
import subprocess
import sys
from itertools import islice

import pytest

from kernel.clock import real_now
from payments.qr_image import png
from reconciliation.model import Direction
from service import bench_decide, bench_qr, bench_sender, bench_start, bench_webhook, cli_bench
from service.bench_load import Knocks, Load
from service.bench_runs import (
    CheckFailed,
    Figure,
    Scale,
    alternate,
    number,
    percentile,
    result_line,
    times_better,
)
from service.cli_bench import BENCHES, Bench
from tests.program import run_program
from webhooks.banks import sepay
from webhooks.model import ConnectionView, Parsed

PROMISED = (
    "decide.per_s decide.p99_ms settle.per_s settle.ratio webhook.per_s webhook.p99_ms"
    " webhook.ratio webhook.floor_ratio import.pupils_per_s qr.png_per_cpu_s page.p99_ms"
    " page.ratio page.bytes start.seconds idle.rss_mb"
)
LINE = re.compile(
    r"RESULT (?P<name>[a-z]+\.[a-z0-9_]+) (?P<value>[0-9.]+) (?P<unit>[a-zA-Z/]+)"
    r" baseline=(?P<baseline>-|[0-9.]+) ratio=(?P<ratio>-|[0-9.]+)"
)


def tiny_qr(_: Scale) -> list[Figure]:
    return bench_qr.measure(pictures=2, rounds=2)


def tiny_decide(_: Scale) -> list[Figure]:
    return bench_decide.measure(open_codes=60, credits_count=60, rounds=2)


def wrong_qr(_: Scale) -> list[Figure]:
    return bench_qr.measure(pictures=2, rounds=1, draw=lambda text: png(f"{text}0"))


@pytest.mark.parametrize(("name", "measure"), [("qr", tiny_qr), ("decide", tiny_decide)])
def test_a_benchmark_prints_a_line_for_each_of_its_figures(monkeypatch, name, measure):
    monkeypatch.setitem(BENCHES, name, Bench(measure, BENCHES[name].names))

    ran = run_program("bench", name)

    found = [LINE.fullmatch(line) for line in ran.stdout.splitlines() if "RESULT" in line]
    assert ran.exit_code == 0
    assert all(found)
    assert [line["name"] for line in found if line] == BENCHES[name].names.split()
    assert all(float(line["value"]) > 0 for line in found if line)
    assert all(float(line["baseline"]) > 0 and float(line["ratio"]) > 0 for line in found if line)


def test_every_promised_name_belongs_to_one_benchmark():
    names = [name for each in BENCHES.values() for name in each.names.split()]

    assert len(names) == len(set(names))
    assert set(PROMISED.split()) <= set(names)


def test_a_figure_that_is_missing_ends_with_1(monkeypatch):
    monkeypatch.setitem(BENCHES, "qr", Bench(lambda _: [], BENCHES["qr"].names))

    ran = run_program("bench", "qr")

    assert ran.exit_code == 1
    assert "RESULT" not in ran.stdout


def test_a_benchmark_whose_own_check_fails_ends_with_1_and_prints_no_figure(monkeypatch):
    monkeypatch.setitem(BENCHES, "qr", Bench(wrong_qr, BENCHES["qr"].names))

    ran = run_program("bench", "qr")

    assert ran.exit_code == 1
    assert "RESULT" not in ran.stdout
    assert ran.stderr.startswith("hocphi: the benchmark's own check failed: every picture")
    assert ran.stderr.count("\n") == 1


def test_all_goes_on_after_a_failure_and_still_ends_with_1(monkeypatch):
    monkeypatch.setattr(
        cli_bench,
        "BENCHES",
        {
            "qr": Bench(wrong_qr, BENCHES["qr"].names),
            "decide": Bench(tiny_decide, BENCHES["decide"].names),
        },
    )

    ran = run_program("bench", "all")

    assert ran.exit_code == 1
    assert "hocphi: bench qr: " in ran.stderr
    assert "RESULT decide.per_s " in ran.stdout


def test_an_unknown_name_ends_with_2_and_lists_the_known_ones():
    ran = run_program("bench", "speed")

    assert ran.exit_code == 2
    assert all(f"'{name}'" in ran.stderr for name in [*BENCHES, "all"])


def test_credits_decided_otherwise_than_meant_are_no_figure():
    with pytest.raises(CheckFailed, match="where its payer meant"):
        bench_decide.measure(open_codes=30, credits_count=30, rounds=1, read=lambda _: [])


def test_every_other_round_runs_backwards_and_ratios_pair_within_a_round():
    order: list[str] = []

    def run(name: str) -> float:
        order.append(name)
        return float(len(order))

    values = alternate(3, {name: lambda name=name: run(name) for name in ("a", "b")})

    assert order == ["a", "b", "b", "a", "a", "b"]
    assert values == {"a": [1, 4, 5], "b": [2, 3, 6]}
    assert times_better([10, 20, 90], [5, 2, 30]) == 3


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "-"), (12345.6, "12346"), (45.67, "45.7"), (9.876, "9.88"), (0.0371, "0.037")],
)
def test_a_value_shows_the_digits_that_count(value, shown):
    assert number(value) == shown


def test_a_line_without_baseline_has_dashes():
    assert result_line(Figure("a.b", 2, "ms")) == "RESULT a.b 2.00 ms baseline=- ratio=-"


def test_a_percentile_is_a_value_that_was_measured():
    assert percentile(range(1, 201), 99) == 198
    assert percentile([5], 99) == 5


@pytest.mark.parametrize(("most", "steady"), [(9_000, 1_000), (1_000, 600), (40, 10)])
def test_the_steady_rate_is_one_that_the_machine_bears(most, steady):
    assert bench_webhook._steady(most) == steady


def test_the_sender_signs_what_the_door_accepts_and_tells_each_number_once():
    knocks = Knocks("/webhooks/sepay/x", b"secret-of-it", [("0011", "HPX 1", 5_000)], first=70)
    view = ConnectionView("sepay", frozenset({"0011"}), (b"secret-of-it",), {}, sandbox=False)
    load = Load(port=1, connections=1, seconds=1, count=2, knocks=knocks)
    numbers: list[str] = []

    for asked in islice(bench_sender.requests_of(load), 2):
        head, _, raw = asked.request.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        read = sepay.parse(raw, headers, view)

        assert first == "POST /webhooks/sepay/x HTTP/1.1"
        assert int(headers["content-length"]) == len(raw)
        assert sepay.verify(raw, headers, view, real_now())
        assert isinstance(read, Parsed)
        assert (read.events[0].amount, read.events[0].direction) == (5_000, Direction.IN)
        numbers.append(read.events[0].provider_txn_id)

    assert numbers == ["70", "71"]


async def answers(body: bytes, *, offered: int | None = None) -> bench_sender.Heard:
    """Send a short load to a server that gives every request one answer, in two pieces."""

    ended = asyncio.Semaphore(0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readline():
            while await reader.readline() != b"\r\n":
                pass
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
            await asyncio.sleep(0.002)
            writer.write(body)
        writer.close()
        await writer.wait_closed()
        ended.release()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        heard = await bench_sender.send(
            Load(
                port=server.sockets[0].getsockname()[1],
                connections=3,
                seconds=0.2,
                count=20,
                offered_per_s=offered,
                pages=[("/a", "code A"), ("/b", "code A")],
            )
        )
        for _ in range(3):
            await ended.acquire()
    return heard


@pytest.mark.parametrize(("offered", "sent"), [(None, 20), (50, 10)])
async def test_the_sender_counts_whole_answers_that_hold_what_they_must(offered, sent):
    heard = await answers(b"<p>code A</p>", offered=offered)

    assert (heard.sent, heard.good, heard.bytes_max, heard.first_bad) == (sent, sent, 13, "")
    assert 0 < heard.p50_ms <= heard.p99_ms


async def test_an_answer_without_what_it_must_hold_is_not_good():
    heard = await answers(b"<p>code B</p>")

    assert (heard.sent, heard.good) == (20, 0)
    assert heard.first_bad.startswith("HTTP/1.1 200 OK")


def test_memory_counts_a_process_and_its_children():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        pids = bench_start.family({os.getpid()})
        child.communicate(b"\n")

    ours, database = bench_start.memory_mb({os.getpid()})
    assert {os.getpid(), child.pid} <= pids
    assert ours > 5
    assert database == 0
