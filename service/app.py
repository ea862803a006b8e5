"""The web application of one API process: the bank door, the pages, the health routes."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from litestar import Litestar, Response
from litestar.config.compression import CompressionConfig
from litestar.exceptions import HTTPException
from litestar.static_files import create_static_files_router

from kernel.access import SignIn
from kernel.db import Database, refuse_strong_login
from kernel.errors import DomainError
from kernel.queue import make_broker
from service.actors import ringer_for
from service.instance import Instance
from service.pages import STATIC, STATIC_URL
from service.problems import domain_problem, http_problem, unexpected_problem
from service.routes_admin import admin_routes
from service.routes_desk_cases import case_routes
from service.routes_desk_credits import credit_routes
from service.routes_desk_home import home_routes
from service.routes_desk_invoices import invoice_routes
from service.routes_health import Health, health_routes
from service.routes_login import sign_in_parts
from service.routes_parent import ParentPages, parent_routes
from service.routes_rates import rates_routes
from webhooks.receive import Batcher
from webhooks.routes_banks import BankDoor, bank_route

PAGE_BYTES_MAX = 1_000_000

HEADERS = {
    "content-security-policy": (
        "default-src 'self'; style-src 'self'; img-src 'self' data:; script-src 'self';"
        " object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class Ground:
    """What the application stands on: one database login and what was read from the settings."""

    db: Database
    seal_key: bytes
    page_key: bytes
    public_url: str
    sandbox: bool


def add_headers(response: Response[object]) -> Response[object]:
    """Give every answer the headers that keep a page to itself."""
    for name, text in HEADERS.items():
        response.headers.setdefault(name, text)
    return response


def make_app(ground: Ground) -> Litestar:
    """Make the application; it opens nothing before the first request."""
    db, sandbox = ground.db, ground.sandbox
    door = BankDoor(db, Batcher(db), (ground.seal_key,), sandbox)
    signing = sign_in_parts(
        db, public_url=ground.public_url, sandbox=sandbox, page_secret=ground.page_key
    )

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncGenerator[None]:
        await refuse_strong_login(db, SignIn(), without="settler")
        yield
        await db.close()

    app = Litestar(
        route_handlers=[
            bank_route(door),
            *health_routes(Health(db, sandbox)),
            *parent_routes(ParentPages(db, sandbox)),
            *signing.route_handlers,
            *home_routes(db, sandbox=sandbox),
            *credit_routes(db, sandbox=sandbox),
            *case_routes(db, sandbox=sandbox),
            *invoice_routes(db, sandbox=sandbox),
            *rates_routes(db, sandbox=sandbox),
            *admin_routes(db, sandbox=sandbox),
            create_static_files_router(STATIC_URL, [STATIC], opt={"exclude_from_auth": True}),
        ],
        middleware=[*signing.middleware],
        csrf_config=signing.csrf_config,
        stores=signing.stores,
        exception_handlers={
            **signing.exception_handlers,
            DomainError: domain_problem,
            HTTPException: http_problem,
            Exception: unexpected_problem,
        },
        after_request=add_headers,
        compression_config=CompressionConfig(backend="gzip", minimum_size=1_000),
        request_max_body_size=PAGE_BYTES_MAX,
        openapi_config=None,
        logging_config=None,
        lifespan=[lifespan],
    )
    app.state["sandbox"] = sandbox
    return app


def app_of(instance: Instance) -> Litestar:
    """Make the application of a real instance, with a ringer for its bells."""
    ringer = ringer_for(make_broker(instance.broker_url))
    ringer.start()
    ground = Ground(
        db=instance.api_db(ring=ringer),
        seal_key=instance.seal_key,
        page_key=instance.page_key,
        public_url=instance.public_url,
        sandbox=instance.settings.sandbox,
    )
    return make_app(ground)
