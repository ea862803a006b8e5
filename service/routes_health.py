"""Whether a process lives and whether it can serve; its figures for operators on their own port."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from litestar import MediaType, Response, get
from litestar.handlers import HTTPRouteHandler
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy.exc import SQLAlchemyError

from kernel.access import SignIn
from kernel.clock import utc_now
from kernel.db import Database

READY_S = 2.0
CLOCK_HEADER = "x-hocphi-now"
"""A sandbox tells its clock, so that the bank simulator signs by it."""


@dataclass(frozen=True, slots=True)
class Health:
    """What the health routes look at."""

    db: Database
    sandbox: bool

    async def ready(self) -> bool:
        """Tell whether the database takes a scoped transaction now."""
        try:
            async with asyncio.timeout(READY_S), self.db.transaction(SignIn()):
                return True
        except (SQLAlchemyError, OSError, TimeoutError):
            return False


def health_routes(health: Health) -> list[HTTPRouteHandler]:
    """Make the route handlers of the health pages."""

    @get("/livez", media_type=MediaType.TEXT)
    async def livez() -> Response[str]:
        headers = {CLOCK_HEADER: utc_now().isoformat()} if health.sandbox else {}
        return Response("ok", headers=headers)

    @get("/readyz", media_type=MediaType.TEXT)
    async def readyz() -> Response[str]:
        good = await health.ready()
        return Response("ok" if good else "database", status_code=200 if good else 503)

    return [livez, readyz]


def share_metrics(folder: Path) -> None:
    """Let every process started from here write its figures into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for old in folder.glob("*.db"):
        old.unlink()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def serve_metrics(port: int, folder: Path) -> None:
    """Serve the sum of all processes' figures at /metrics on its own port, on this machine."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call]
    start_http_server(port, addr="127.0.0.1", registry=registry)
