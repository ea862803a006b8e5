"""One load on a running service, sent by a second process: what to send, what was heard."""

import subprocess
import sys

import msgspec

from service.bench_runs import CheckFailed, check

SPARE_S = 60.0


class Knocks(msgspec.Struct, frozen=True):
    """Signed webhooks to send: the path, its secret, and (account, memo, đồng) to tell in turn.

    Transaction numbers begin at ``first``; each is told once.
    """

    path: str
    secret: bytes
    transfers: list[tuple[str, str, int]]
    first: int


class Load(msgspec.Struct, frozen=True):
    """What to send to ``port`` from ``connections`` for ``seconds``, at most ``count`` requests.

    With ``offered_per_s`` requests start by the clock, without it as soon as a connection is
    free. ``pages`` are paths with a text that their answer must hold.
    """

    port: int
    connections: int
    seconds: float
    count: int
    offered_per_s: int | None = None
    pages: list[tuple[str, str]] = []
    knocks: Knocks | None = None


class Heard(msgspec.Struct, frozen=True):
    """What the sender heard. Times of a steady load count from when a request was due."""

    sent: int
    good: int
    seconds: float
    p50_ms: float
    p99_ms: float
    bytes_max: int
    first_bad: str

    @property
    def per_s(self) -> float:
        """Good answers a second."""
        return self.good / self.seconds


def send(load: Load) -> Heard:
    """Send a load from a process of its own; raises CheckFailed unless every answer is good."""
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "service.bench_sender"],
            input=msgspec.json.encode(load),
            stdout=subprocess.PIPE,
            check=True,
            timeout=load.seconds + SPARE_S,
        )
    except subprocess.SubprocessError as cause:
        raise CheckFailed(f"the sender failed: {type(cause).__name__}") from cause
    heard = msgspec.json.decode(ran.stdout, type=Heard)
    check(
        holds=heard.sent == heard.good > 0,
        promise=f"every request is answered well ({heard.good} of {heard.sent}; {heard.first_bad})",
    )
    return heard
