"""A small application around the sign-in, people to try it, and a clock that tests move."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any

from argon2 import Parameters, Type
from httpx import Response
from litestar import Litestar, Request, asgi, get, post
from litestar.exceptions import HTTPException
from litestar.testing import AsyncTestClient

from kernel.db import Database
from kernel.errors import DomainError
from service.cli_people import add_user
from service.passwords import Passwords
from service.people import NewPerson, Role
from service.problems import domain_problem, http_problem, unexpected_problem
from service.routes_login import SignInParts, sign_in_parts
from service.sessions import SessionStore, renew_key
from service.staff import (
    accountant_only,
    officer_or_accountant,
    operator_only,
    staff_of,
)
from tests.database import TestDatabase
from tests.rows import Planter

SECURE, PLAIN = "https://hocphi.test", "http://127.0.0.1:8080"
SESSION, PLAIN_SESSION = "__Host-hocphi", "hocphi"
PASSWORD = "mật khẩu dài và riêng"
PAGE_SECRET = bytes(range(32))
CHEAP = Parameters(Type.ID, 19, 16, 32, time_cost=1, memory_cost=8, parallelism=1)
BROWSER = {"accept": "text/html,application/xhtml+xml"}
TOKEN = re.compile(r'name="_csrf_token" value="([^"]+)"')


@get("/desk/probe", guards=[accountant_only])
async def desk_probe(request: Request[Any, Any, Any]) -> dict[str, Any]:
    staff = staff_of(request)
    bounds = {"desk": staff.desk().bounds(), "reports": staff.reports().bounds()}
    return {"login": staff.login, "name": staff.name, "roles": sorted(staff.roles)} | bounds


@get("/rates/probe", guards=[officer_or_accountant])
async def rates_probe(request: Request[Any, Any, Any]) -> dict[str, Any]:
    return dict(staff_of(request).reports().bounds())


@get("/admin/probe", guards=[operator_only])
async def admin_probe(request: Request[Any, Any, Any]) -> str:
    return staff_of(request).login


@post("/desk/deed", guards=[accountant_only], status_code=200)
async def deed(request: Request[Any, Any, Any]) -> str:
    return "done"


@get("/desk/step-up", guards=[accountant_only])
async def step_up(request: Request[Any, Any, Any]) -> str:
    renew_key(request)
    return "stepped up"


@get("/p/notice")
async def notice(request: Request[Any, Any, Any]) -> str:
    return str(request.get_session_id())


@asgi("/webhooks", is_mount=True, copy_scope=False)
async def bank_door(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok", "more_body": False})


ROUTES = (desk_probe, rates_probe, admin_probe, deed, step_up, notice, bank_door)


def application(parts: SignInParts, db: Database) -> Litestar:
    """Plug the parts in as the real application does."""
    return Litestar(
        route_handlers=[*parts.route_handlers, *ROUTES],
        middleware=[*parts.middleware],
        csrf_config=parts.csrf_config,
        stores=parts.stores,
        exception_handlers={
            DomainError: domain_problem,
            HTTPException: http_problem,
            Exception: unexpected_problem,
            **parts.exception_handlers,
        },
        openapi_config=None,
        on_shutdown=[db.close],
    )


@dataclass(slots=True)
class Rig:
    """One database with people in it; every client has an application of its own over it."""

    database: TestDatabase
    su: Any
    planter: Planter
    now: datetime = field(default_factory=lambda: datetime(2026, 11, 22, 1, tzinfo=UTC))
    passwords: Passwords = field(default_factory=lambda: Passwords(CHEAP))

    def pass_time(self, **span: float) -> None:
        self.now += timedelta(**span)

    def clock(self) -> datetime:
        return self.now

    def store(self) -> SessionStore:
        return SessionStore(self.database.api(), self.clock)

    async def person(
        self,
        login: str = "ke.toan",
        role: Role = Role.ACCOUNTANT,
        *,
        schools: tuple[str, ...] = (),
        units: tuple[str, ...] = (),
    ) -> int:
        places = schools or ("TH-1",) if role is Role.ACCOUNTANT else ()
        new = NewPerson(login, "Trần Thị Bình", role, places, units)
        added = await add_user(
            self.database.operator(),
            new,
            ask=lambda: PASSWORD,
            passwords=self.passwords,
            actor="test",
            now=self.now,
        )
        return added.user_id

    async def switch_off(self, login: str) -> None:
        await self.su.execute("update staff_user set active = false where login = $1", login)

    async def sessions(self) -> int:
        return await self.su.fetchval("select count(*) from web_session")

    @asynccontextmanager
    async def client(
        self, public_url: str = SECURE, *, page_secret: bytes = PAGE_SECRET
    ) -> AsyncGenerator[AsyncTestClient[Litestar]]:
        db = Database.connect(self.database.url("hocphi"), pool_size=2)
        parts = sign_in_parts(
            db,
            public_url=public_url,
            sandbox=False,
            page_secret=page_secret,
            passwords=self.passwords,
            now=self.clock,
        )
        async with AsyncTestClient(application(parts, db), base_url=public_url) as client:
            client.follow_redirects = False
            yield client


@asynccontextmanager
async def opened(database: TestDatabase) -> AsyncGenerator[Rig]:
    """Open a rig with one school, TH-1 below the commune U-TH-1."""
    async with database.superuser() as su:
        rig = Rig(database, su, Planter(su, database.operator()))
        await rig.planter.school("TH-1")
        yield rig


async def token_for(client: AsyncTestClient[Litestar]) -> str:
    """Look at the sign-in page and give its token."""
    page = await client.get("/login", headers=BROWSER)
    found = TOKEN.search(page.text)
    assert found, page.text
    return found[1]


async def sign_in(
    client: AsyncTestClient[Litestar],
    login: str = "ke.toan",
    password: str = PASSWORD,
    next_url: str = "",
    token: str | None = None,
) -> Response:
    """Fill the sign-in form in and send it."""
    fields = {
        "_csrf_token": await token_for(client) if token is None else token,
        "username": login,
        "password": password,
        "next": next_url,
    }
    return await client.post("/login", data=fields, headers=BROWSER)


def cookies_set(response: Response) -> dict[str, Any]:
    """Read the cookies that an answer sets, with their attributes."""
    jar: SimpleCookie = SimpleCookie()
    for line in response.headers.get_list("set-cookie"):
        jar.load(line)
    return dict(jar)
