"""The bank door as a bank sees it: real HTTP on a loopback port, a real database behind it."""

import asyncio
import json
import socket
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from litestar import Litestar

from kernel.access import Loader
from kernel.clock import real_now
from tests.database import TestDatabase
from tests.rows import NOW, Planter, School, arrival
from webhooks.banks import sepay
from webhooks.receive import PENDING_MAX, Batcher, Knock
from webhooks.routes_banks import BankDoor, Call, bank_route
from webhooks.setup import NewConnection, add_connection

SECRET, SEAL = b"a bank's own secret", bytes(32)
CAP = sepay.BODY_BYTES_MAX
RECEIVED = (200, b'{"success":true}')


class Street:
    """A running door with one school's connection behind it, and a client in front of it."""

    def __init__(self, su: Any, school: School, door: BankDoor, path: str, port: int) -> None:
        self.su, self.school, self.door, self.path, self.port = su, school, door, path, port
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
        self.http = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", limits=limits, timeout=60, trust_env=False
        )

    def body(self, txn: int = 1) -> bytes:
        return sepay.body(arrival(self.school, 500_000, "hoc phi", txn=str(txn)).event)

    async def post(self, raw: bytes, path: str = "") -> httpx.Response:
        return await self.http.post(path or self.path, content=raw, headers=dict(signature(raw)))

    async def raw_call(self, head: str, *pieces: bytes) -> bytes:
        """Send a request piece by piece, never the last one; give what the door answered."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(f"POST {self.path} HTTP/1.1\r\nhost: x\r\n{head}\r\n\r\n".encode())
            for piece in pieces:
                writer.write(piece)
            return await asyncio.wait_for(reader.readuntil(b"}"), 10)
        finally:
            writer.close()

    async def count(self, what: str) -> int:
        return int(await self.su.fetchval(f"select count(*) from {what}"))


def signature(raw: bytes) -> Mapping[str, str]:
    return sepay.sign(SECRET, raw, timestamp=int(real_now().timestamp()))


async def connect(database: TestDatabase, school: School, *, sandbox: bool = False) -> str:
    new = NewConnection("sepay", [school.account_number], SECRET, {}, sandbox=sandbox)
    async with database.operator().transaction(Loader()) as tx:
        public_id = await add_connection(tx, new, seal_key=SEAL, actor="test", now=NOW)
    return f"/webhooks/sepay/{public_id}"


@asynccontextmanager
async def serving(door: BankDoor) -> AsyncGenerator[int]:
    """Serve the door alone by uvicorn on a free port of the loopback."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    app = Litestar([bank_route(door)], openapi_config=None)
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="critical", lifespan="off", timeout_keep_alive=60)
    )
    running = asyncio.create_task(server._serve([listener]))  # pyright: ignore[reportPrivateUsage]
    while not server.started:  # noqa: ASYNC110  uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await running
        listener.close()


@pytest.fixture
async def street(database: TestDatabase) -> AsyncGenerator[Street]:
    async with database.superuser() as su:
        school = await Planter(su, database.operator()).school()
        path = await connect(database, school)
        api = database.api()
        door = BankDoor(api, Batcher(api), (SEAL,), sandbox=False)
        async with serving(door) as port:
            made = Street(su, school, door, path, port)
            async with made.http:
                yield made


@asynccontextmanager
async def held(database: TestDatabase) -> AsyncGenerator[None]:
    async with database.superuser() as holder, holder.transaction():
        await holder.execute("lock table delivery in access exclusive mode")
        yield


async def writer_waits(street: Street) -> int:
    while True:
        pid = await street.su.fetchval(
            "select pid from pg_locks where not granted and relation = 'delivery'::regclass"
        )
        if pid:
            return int(pid)
        await asyncio.sleep(0.01)


async def test_one_webhook_a_thousand_times_at_once_is_one_credit(
    database: TestDatabase, street: Street
) -> None:
    raw, left = street.body(), iter(range(1_000))
    answers: list[httpx.Response] = []

    async def knock_on() -> None:
        for _ in left:
            answers.append(await street.post(raw))  # noqa: PERF401  64 of these share one list

    await asyncio.gather(*(knock_on() for _ in range(64)))
    said = Counter((each.status_code, each.content) for each in answers)
    assert said == {RECEIVED: 1_000}
    assert {each.headers["content-type"] for each in answers} == {"application/json"}
    assert await street.count("bank_credit") == 1
    assert await street.count("delivery") == 1_000
    kept = await street.su.fetchrow("select count(distinct raw) n, min(raw) raw from delivery")
    assert (kept["n"], kept["raw"]) == (1, raw)
    assert await street.count("bank_event") == 1_000
    assert await street.count("bank_event where is_first") == 1
    assert await street.count("alarm") == 0
    assert database.rung == [frozenset({"settle"})]


async def test_what_is_not_signed_is_refused_and_not_kept(street: Street) -> None:
    raw = street.body()
    stale = sepay.sign(SECRET, raw, timestamp=int(real_now().timestamp()) - 301)
    other = sepay.sign(b"another secret", raw, timestamp=int(real_now().timestamp()))
    bare = {"content-type": "application/json"}

    answers = [
        await street.http.post(street.path, content=body, headers=dict(headers))
        for body, headers in (
            *((raw, stale), (raw, other), (raw, bare), (raw + b" ", signature(raw))),
            *((b"", bare), (b"\xff\x00", bare), (raw[:-1], signature(raw))),
        )
    ]

    assert {(each.status_code, each.content) for each in answers} == {(401, b'{"success":false}')}
    assert (await street.count("delivery"), await street.count("alarm")) == (0, 0)


async def test_whatever_is_not_this_instances_connection_gets_one_constant_404(
    database: TestDatabase, street: Street
) -> None:
    raw, public_id = street.body(), street.path.rsplit("/", 1)[1]
    sandbox = await connect(database, street.school, sandbox=True)
    stopped = await connect(database, street.school)
    await street.su.execute(
        "update connection set active = false where public_id = $1", stopped.rsplit("/", 1)[1]
    )
    paths = (
        *("/webhooks/sepay/unknown", f"/webhooks/casso/{public_id}", sandbox, stopped),
        *(f"/webhooks/SEPAY/{public_id}", f"{street.path}/suffix", f"{street.path}x"),
        *("/webhooks/sepay/", "/webhooks/sepay", "/webhooks/", f"/webhooks//{public_id}"),
        *(f"/webhooks/sepay/{public_id}%00", "/webhooks/sepay/'%20or%201=1--"),
    )

    answers = [await street.post(raw, path) for path in paths]
    answers.append(await street.http.get("/webhooks/sepay/unknown"))
    for method in ("GET", "PUT", "DELETE", "OPTIONS"):
        assert (await street.http.request(method, street.path)).status_code == 405

    def shape(answer: httpx.Response) -> tuple[int, bytes, tuple[tuple[str, str], ...]]:
        headers = tuple((name, text) for name, text in answer.headers.items() if name != "date")
        return answer.status_code, answer.content, headers

    assert len({shape(each) for each in answers}) == 1
    assert answers[0].status_code == 404
    assert await street.count("delivery") == 0


async def test_a_body_over_the_cap_is_refused_before_it_has_come(street: Street) -> None:
    declared = await street.raw_call(f"content-length: {CAP + 1}")
    chunk = b"8000\r\n" + bytes(0x8000) + b"\r\n"
    chunked = await street.raw_call("transfer-encoding: chunked", chunk, chunk, b"1\r\nx\r\n")

    for answer in (declared, chunked):
        assert (answer[:13], answer[-25:]) == (b"HTTP/1.1 413 ", b'{"code":"body_too_large"}')
    padded = street.body()[:-1]
    exact = padded + b',"x":"' + b"x" * (CAP - len(padded) - 8) + b'"}'
    assert (await street.post(exact)).status_code == 200
    assert await street.su.fetchval("select length(raw) from delivery") == CAP


async def test_the_door_stops_reading_at_the_first_piece_over_the_cap() -> None:
    asked: list[int] = []

    async def receive() -> Any:
        asked.append(1)
        return {"type": "http.request", "body": bytes(1_000), "more_body": True}

    async def hang_up() -> Any:
        return {"type": "http.disconnect"}

    call = Call("POST", "sepay", "x", "", {}, receive)
    assert await call.body(4_500) is None
    assert len(asked) == 5
    assert await Call("POST", "sepay", "x", "", {}, hang_up).body(4_500) is None
    for odd in ("-1", "1e3", "", "４", "9" * 30):
        call = Call("POST", "sepay", "x", "", {"content-length": odd}, receive)
        assert await call.body(4_500) is None
    assert len(asked) == 5


async def test_a_body_nobody_can_read_is_kept_and_alarmed_and_the_bank_hears_success(
    street: Street,
) -> None:
    bodies = (b'{"id":', b"[]", b'{"id":1,"id":2}', b"\xff", b"[" * 500, b'{"id":NaN}')

    answers = [await street.post(raw) for raw in bodies]

    assert {(each.status_code, each.content) for each in answers} == {RECEIVED}
    kept = await street.su.fetch("select raw from delivery where state = 'unread' order by id")
    assert [row["raw"] for row in kept] == list(bodies)
    alarms = await street.su.fetch("select kind, facts from alarm order by id")
    assert {row["kind"] for row in alarms} == {"unread_delivery"}
    assert [json.loads(row["facts"])["reason"] for row in alarms] == [
        *("not_json", "not_an_object", "duplicate_key", "not_utf8", "too_deep", "not_json")
    ]
    assert await street.count("bank_credit") == 0


async def test_the_bank_hears_nothing_before_the_commit_and_5xx_when_it_fails(
    database: TestDatabase, street: Street
) -> None:
    async with held(database):
        knocking = asyncio.create_task(street.post(street.body(1)))
        await writer_waits(street)
        await asyncio.sleep(0.1)
        assert not knocking.done()
    assert (await knocking).status_code == 200

    await street.su.execute(
        "create function no() returns trigger language plpgsql as"
        " $$ begin raise exception 'secret words'; end $$;"
        "create constraint trigger late after insert on delivery"
        " deferrable initially deferred for each row execute function no()"
    )
    refused = await street.post(street.body(2))
    assert refused.status_code >= 500
    assert b"secret words" not in refused.content
    assert await street.count("bank_credit where provider_txn_id = '2'") == 0
    await street.su.execute("drop trigger late on delivery")
    assert (await street.post(street.body(2))).status_code == 200


async def test_a_backend_killed_under_a_knock_answers_success_only_with_a_row(
    database: TestDatabase, street: Street
) -> None:
    await street.post(street.body(1))
    async with held(database):
        knocking = asyncio.create_task(street.post(street.body(2)))
        await street.su.execute("select pg_terminate_backend($1)", await writer_waits(street))
        await asyncio.sleep(0.2)
    answer = await knocking

    kept = await street.count("bank_credit where provider_txn_id = '2'")
    assert (answer.status_code == 200, answer.status_code >= 500) == (kept == 1, kept == 0)
    assert (await street.post(street.body(2))).status_code == 200
    assert await street.count("bank_credit where provider_txn_id = '2'") == 1


async def test_a_full_door_says_when_to_come_back(database: TestDatabase, street: Street) -> None:
    batcher, future = street.door.batcher, asyncio.get_running_loop().create_future
    async with held(database):
        knocking = asyncio.create_task(street.post(street.body(1)))
        await writer_waits(street)
        kept = await street.door.connection("sepay", street.path.rsplit("/", 1)[1])
        assert kept is not None
        read = sepay.parse(raw := street.body(2), {}, None)  # type: ignore[arg-type]
        one = Knock(kept, real_now(), raw, {}, read)
        batcher.pending.extend((one, future()) for _ in range(PENDING_MAX))
        full = await street.post(street.body(3))
        batcher.pending.clear()
    assert (full.status_code, full.headers["retry-after"]) == (503, "2")
    assert full.content == b'{"code":"unavailable"}'
    assert (await knocking).status_code == 200
    assert await street.count("delivery") == 1
