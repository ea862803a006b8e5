"""The sender of the benchmarks: a process that speaks plain HTTP on kept-alive connections.

Requests are written and signed before the clock starts. Never imported by the product.
"""

import asyncio
import re
import sys
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import cycle, islice
from typing import cast

import msgspec
import uvloop

from kernel.clock import real_now
from kernel.money import dong
from reconciliation.model import BankEvent, Direction
from service.bench_load import Heard, Knocks, Load
from service.bench_runs import percentile
from webhooks.banks import sepay

_HEAD_END = b"\r\n\r\n"
_STATUS_OK = b"HTTP/1.1 200 "
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_SHOWN = 120
_LAST_S = 20.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, and a text that a good answer holds."""

    request: bytes
    wanted: bytes


def requests_of(load: Load) -> Iterator[Asked]:
    """Write the requests of a load one by one."""
    host = f"host: 127.0.0.1:{load.port}\r\n"
    if load.knocks is not None:
        return _knocks(load.knocks, host, real_now())
    pages = ((f"GET {path} HTTP/1.1\r\n{host}\r\n", wanted) for path, wanted in load.pages)
    return cycle(Asked(request.encode(), wanted.encode()) for request, wanted in pages)


def _knocks(knocks: Knocks, host: str, now: datetime) -> Iterator[Asked]:
    stamp = int(now.timestamp())
    for serial, (account, memo, amount) in enumerate(cycle(knocks.transfers), knocks.first):
        event = BankEvent(
            provider=sepay.PROVIDER,
            provider_txn_id=str(serial),
            account=account,
            amount=dong(amount),
            direction=Direction.IN,
            booked_at=now,
            description=memo,
            bank_ref=f"FT{serial:014d}",
        )
        raw = sepay.body(event)
        headers = sepay.sign(knocks.secret, raw, timestamp=stamp)
        lines = "".join(f"{name}: {text}\r\n" for name, text in headers.items())
        head = f"POST {knocks.path} HTTP/1.1\r\n{host}{lines}content-length: {len(raw)}\r\n\r\n"
        yield Asked(head.encode() + raw, b'{"success":true}')


@dataclass(slots=True)
class Sending:
    """A load under way: requests to send, connections that are free, times of what came back."""

    load: Load
    asked: deque[Asked]
    free: "deque[Line]" = field(default_factory=deque["Line"])
    late: deque[float] = field(default_factory=deque[float])
    times_ms: list[float] = field(default_factory=list[float])
    sent: int = 0
    bytes_max: int = 0
    first_bad: str = ""
    until: float = 0.0
    last: float = 0.0
    all_back: asyncio.Event = field(default_factory=asyncio.Event)

    def next(self, line: "Line") -> None:
        """Give a free connection its next request, or let it rest."""
        if self.late:
            self.give(line, self.late.popleft())
        elif self.load.offered_per_s is None and self.asked and time.perf_counter() < self.until:
            self.give(line, time.perf_counter())
        else:
            self.free.append(line)
            if len(self.free) == self.load.connections:
                self.all_back.set()

    def give(self, line: "Line", due: float) -> None:
        """Send the next request on a connection; it was due at ``due``."""
        self.sent += 1
        line.ask(self.asked.popleft(), due)

    def heard(self, line: "Line", *, good: bool, size: int, shown: bytes) -> None:
        """Note an answer."""
        self.last = time.perf_counter()
        if good:
            self.times_ms.append((self.last - line.due) * 1e3)
            self.bytes_max = max(self.bytes_max, size)
        elif not self.first_bad:
            self.first_bad = shown[:_SHOWN].decode("latin-1")
        self.next(line)

    async def offer(self) -> None:
        """Start requests by the clock, whatever the answers do."""
        assert self.load.offered_per_s is not None
        began = time.perf_counter()
        for number in range(int(self.load.offered_per_s * self.load.seconds)):
            due = began + number / self.load.offered_per_s
            if due > time.perf_counter():
                await asyncio.sleep(due - time.perf_counter())
            self.all_back.clear()
            if self.free:
                self.give(self.free.popleft(), due)
            else:
                self.late.append(due)


class Line(asyncio.Protocol):
    """One connection: a request out, its whole answer in, the next one."""

    def __init__(self, sending: Sending) -> None:
        """Belong to a load."""
        self.sending = sending
        self.answer = b""
        self.due = 0.0
        self.wanted = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's own class

    def ask(self, asked: Asked, due: float) -> None:
        """Send one request."""
        assert self.transport is not None
        self.due, self.wanted, self.answer = due, asked.wanted, b""
        self.transport.write(asked.request)

    def close(self) -> None:
        """Hang up."""
        if self.transport is not None:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Collect an answer; once it is whole, judge it."""
        self.answer += data
        head, ended, body = self.answer.partition(_HEAD_END)
        length = _LENGTH.search(head) if ended else None
        if length is None or len(body) < int(length[1]):
            return
        good = head.startswith(_STATUS_OK) and self.wanted in body
        self.sending.heard(self, good=good, size=len(body), shown=self.answer)


async def send(load: Load) -> Heard:
    """Send a load and wait for its last answer (20 s at most; what is missing is not good)."""
    sending = Sending(load, deque(islice(requests_of(load), load.count)))
    loop = asyncio.get_running_loop()
    lines = [
        (await loop.create_connection(lambda: Line(sending), "127.0.0.1", load.port))[1]
        for _ in range(load.connections)
    ]
    began = time.perf_counter()
    sending.until = began + load.seconds
    for line in lines:
        sending.next(line)
    if load.offered_per_s is not None:
        await sending.offer()
    try:
        async with asyncio.timeout(load.seconds + _LAST_S):
            await sending.all_back.wait()
    except TimeoutError:
        sending.first_bad = sending.first_bad or "an answer did not come"
    for line in lines:
        line.close()
    times = sending.times_ms
    return Heard(
        sent=sending.sent,
        good=len(times),
        seconds=sending.last - began,
        p50_ms=percentile(times, 50) if times else 0.0,
        p99_ms=percentile(times, 99) if times else 0.0,
        bytes_max=sending.bytes_max,
        first_bad=sending.first_bad,
    )


if __name__ == "__main__":
    asked_for = msgspec.json.decode(sys.stdin.buffer.read(), type=Load)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(send(asked_for))))
