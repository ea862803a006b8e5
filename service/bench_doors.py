"""The doors that the bank door is measured against, served by processes as the product's are.

``/webhooks/...``: the product's own door, but a transaction for each request.
``/plain/...``: a plain handler that writes the same rows with one statement a table.
Never part of the product's application.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from litestar import Litestar, Request, Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from kernel.access import Door
from kernel.clock import utc_now
from kernel.queue import make_broker
from kernel.sealing import unseal
from service import writes_bench
from service.actors import ringer_for
from service.bench_places import ended
from service.child import run_child
from service.instance import Instance
from service.up import listen
from webhooks.banks import sepay
from webhooks.model import ConnectionView, Parsed
from webhooks.receive import Batcher, Knock
from webhooks.routes_banks import BankDoor, bank_route


@dataclass(slots=True)
class OneByOne(Batcher):
    """Writes each knock in a transaction of its own, as many at once as the pool allows."""

    async def keep(self, knock: Knock) -> None:
        """Return once ``knock`` is committed."""
        await self._write([knock])


def plain_route(door: BankDoor) -> HTTPRouteHandler:
    """Make a handler as one writes it first: check, read, insert, commit, answer."""

    @post("/plain/{public_id:str}", status_code=200)
    async def knock(public_id: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
        kept = await door.connection(sepay.PROVIDER, public_id)
        if kept is None:
            return Response(b"", status_code=404)
        raw = await request.body()
        headers = {name.lower(): text for name, text in request.headers.items()}
        secrets = tuple(unseal(each, *door.seal_keys) for each in kept.sealed)
        accounts = frozenset(kept.accounts)
        view = ConnectionView(kept.provider, accounts, secrets, kept.options, kept.sandbox)
        now = utc_now()
        read = sepay.parse(raw, headers, view)
        if not sepay.verify(raw, headers, view, now) or not isinstance(read, Parsed):
            return Response(b"", status_code=401)
        (event,) = read.events
        account_id = kept.accounts[event.account]
        told = writes_bench.PlainDelivery(event, account_id, kept.id, raw, headers, now)
        async with door.db.transaction(Door((kept.id,), (account_id,))) as tx:
            await writes_bench.add_one_by_one(tx, told)
        return Response(b'{"success":true}', media_type="application/json")

    return knock


def serve(instance: Instance) -> None:
    """Serve both doors on the socket that the parent opened."""
    ringer = ringer_for(make_broker(instance.broker_url))
    ringer.start()
    db = instance.api_db(ring=ringer)
    door = BankDoor(db, OneByOne(db), (instance.seal_key,), instance.settings.sandbox)
    app = Litestar([bank_route(door), plain_route(door)], openapi_config=None, logging_config=None)
    listener = socket.socket(fileno=int(os.environ["HOCPHI_LISTEN_FD"]))
    config = uvicorn.Config(app, log_config=None, access_log=False, backlog=1024)
    uvicorn.Server(config).run(sockets=[listener])


@contextmanager
def other_doors(instance: Instance) -> Generator[int]:
    """Serve the other doors with as many processes as the product has; give their port."""
    listener = listen(0)
    alive, held = os.pipe()
    passed = {"HOCPHI_ALIVE_FD": str(alive), "HOCPHI_LISTEN_FD": str(listener.fileno())}
    log = instance.settings.home_folder / "other-doors.log"
    with ExitStack() as children, log.open("ab") as told:
        children.callback(os.close, alive)
        children.callback(os.close, held)
        children.enter_context(listener)
        for _ in range(instance.settings.number("api_processes")):
            child = subprocess.Popen(
                [sys.executable, "-m", "service.bench_doors"],
                env=dict(os.environ) | passed,
                pass_fds=[alive, listener.fileno()],
                stdout=told,
                stderr=told,
            )
            children.enter_context(ended(child))
        yield int(listener.getsockname()[1])


if __name__ == "__main__":
    run_child(serve)
