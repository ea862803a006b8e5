"""The bank of a chaos run: sends the plan as signed webhooks, again until it is acknowledged.

It runs in the test, outside of what is killed, and remembers what it was told: the ground truth.
"""

import threading
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

import httpx

from kernel.money import dong
from reconciliation.model import BankEvent, Direction
from tests.chaos.rig_plan import BOOKED_AT, Told
from webhooks.banks import sepay

SENDERS = 8
TIMEOUT_S = 15.0
EXACT_REPLY = b'{"success":true}'


@dataclass(slots=True)
class Bank:
    """Eight senders that take a ticket for each new transaction of the plan."""

    base_url: str
    paths: Mapping[str, str]
    """Account number -> webhook path of its connection."""
    secret: bytes
    told: Sequence[Told]
    acked: Counter[str] = field(default_factory=Counter[str])
    """Provider's id -> how many deliveries of it were acknowledged."""
    answers: Counter[str] = field(default_factory=Counter[str])
    """Status or failure -> how often."""
    ack_times: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    """(sent, acknowledged) of each acknowledged delivery."""
    tickets: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    broken: list[BaseException] = field(default_factory=list[BaseException])
    _waiting: deque[Told] = field(default_factory=deque[Told])
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _threads: list[threading.Thread] = field(default_factory=list[threading.Thread])
    _gone: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Start the senders; they wait for tickets."""
        self._waiting.extend(self.told)
        for number in range(SENDERS):
            thread = threading.Thread(target=self._send_all, args=(number,), daemon=True)
            thread.start()
            self._threads.append(thread)

    @property
    def left(self) -> int:
        """How many transactions nobody has begun to send."""
        return len(self._waiting)

    def finish(self, limit_s: float) -> None:
        """Give tickets for all that is left and wait for the last acknowledgement."""
        self.tickets.release(len(self.told) + SENDERS)
        until = time.monotonic() + limit_s
        for thread in self._threads:
            thread.join(max(0.1, until - time.monotonic()))
        alive = sum(thread.is_alive() for thread in self._threads)
        self._gone.set()
        assert not self.broken, self.broken
        assert not alive, f"{alive} senders hear no acknowledgement"

    def _send_all(self, number: int) -> None:
        late: list[Told] = []
        rng = Random(number)
        try:
            with httpx.Client(base_url=self.base_url, trust_env=False, timeout=TIMEOUT_S) as client:
                while True:
                    self.tickets.acquire()
                    try:
                        each = self._waiting.popleft()
                    except IndexError:
                        break
                    self._until_acked(client, each)
                    if each.again:
                        late.append(each)
                    if late and rng.random() < 0.3:
                        self._until_acked(client, late.pop(0))
                for each in late:
                    self._until_acked(client, each)
        except BaseException as cause:
            self.broken.append(cause)
            raise

    def _until_acked(self, client: httpx.Client, each: Told) -> None:
        raw = sepay.body(event_of(each))
        while not self._gone.is_set():
            sent = time.monotonic()
            try:
                headers = sepay.sign(self.secret, raw, timestamp=int(time.time()))
                answer = client.post(self.paths[each.account], content=raw, headers=dict(headers))
                heard = f"{answer.status_code}"
                good = answer.status_code == 200 and answer.content == EXACT_REPLY
            except httpx.HTTPError as cause:
                heard, good = type(cause).__name__, False
            with self._lock:
                self.answers[heard] += 1
                if good:
                    self.acked[each.txn] += 1
                    self.ack_times.append((sent, time.monotonic()))
            if good:
                return
            time.sleep(0.1)


def event_of(each: Told) -> BankEvent:
    """Make the event that SePay tells of one transaction."""
    return BankEvent(
        provider=sepay.PROVIDER,
        provider_txn_id=each.txn,
        account=each.account,
        amount=dong(each.amount),
        direction=Direction.IN,
        booked_at=BOOKED_AT,
        description=each.memo,
        bank_ref=f"FT{each.txn:0>14}",
    )
