"""The desk's pages as an application of their own, for tests: whoever the header names is in."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
from litestar import Litestar
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, Receive, Scope, Send

from kernel.access import Auditor
from kernel.errors import DomainError
from reconciliation.books import check
from reconciliation.jobs import settle_waiting
from service.problems import domain_problem, http_problem
from service.routes_admin import admin_routes
from service.routes_desk_cases import case_routes
from service.routes_desk_credits import credit_routes
from service.routes_desk_home import home_routes
from service.routes_desk_invoices import invoice_routes
from service.staff import Staff
from tests.database import TestDatabase
from tests.rows import Planter, School, arrival

NAME = "Lê Thị Thanh Tâm"
HTML = {"accept": "text/html"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclass
class Desk:
    """A browser at the desk; ``people`` are who may come in, by login."""

    database: TestDatabase
    planter: Planter
    people: dict[str, Staff] = field(default_factory=dict)

    def hire(self, login: str, *schools: School, roles: tuple[str, ...] = ("accountant",)) -> Staff:
        self.people[login] = Staff(
            user_id=len(self.people) + 1,
            login=login,
            name=NAME,
            roles=frozenset(roles),
            schools=tuple(sorted(school.id for school in schools)),
            accounts=tuple(sorted({school.account_id for school in schools})),
        )
        return self.people[login]

    def browser(self, login: str | None = "tam") -> httpx.AsyncClient:
        db, people = self.database.api(), self.people

        class Gate:
            def __init__(self, app: ASGIApp) -> None:
                self.app = app

            async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
                scope["user"] = people.get(login or "")
                await self.app(scope, receive, send)

        rooms = (home_routes, credit_routes, case_routes, invoice_routes, admin_routes)
        app = Litestar(
            [route for room in rooms for route in room(db, sandbox=True)],
            middleware=[Gate],
            exception_handlers={DomainError: domain_problem, HTTPException: http_problem},
            openapi_config=None,
        )
        app.state["sandbox"] = True
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://desk.test", headers=HTML
        )

    async def settle(self) -> None:
        await settle_waiting(self.database.worker(), "HPX")

    async def case_of(self, txn: str) -> int:
        return await self.planter.su.fetchval(
            "select max(k.id) from credit_case k join bank_credit c on c.id = k.credit_id"
            " where c.provider_txn_id = $1",
            txn,
        )

    async def credit_of(self, txn: str) -> int:
        return await self.planter.su.fetchval(
            "select id from bank_credit where provider_txn_id = $1", txn
        )

    async def notice(self, notice: Any) -> tuple[str, int]:
        row = await self.planter.su.fetchrow(
            "select state, outstanding_dong from invoice where id = $1", notice.id
        )
        return row["state"], row["outstanding_dong"]

    async def kept_for(self, pupil: Any) -> int:
        return await self.planter.su.fetchval(
            "select credit_dong from pupil_balance where student_id = $1", pupil.id
        )

    async def rows(self, table: str) -> int:
        return await self.planter.su.fetchval(f"select count(*) from {table}")

    async def breaches(self) -> dict[str, tuple[str, ...]]:
        """What is wrong in the books; empty when all is right."""
        async with self.database.operator().transaction(Auditor()) as tx:
            return {each.name: each.examples for each in await check(tx) if each.breaches}


def key_in(page: str, action: str) -> str:
    """The hidden key of the form that posts to ``action``."""
    form = page[page.index(f'action="{action}"') :]
    found = re.search(r'name="idempotency_key" value="([^"]+)"', form)
    assert found, f"no key in the form of {action}"
    return found[1]


async def assign(browser, case: int, pairs, *, key="key-number-1", rest="", note=""):
    fields = [("idempotency_key", key)]
    for notice, amount in pairs:
        code = notice if isinstance(notice, str) else notice.code
        fields += [("code", code), ("amount", amount)]
    fields += [("rest_to", rest), ("note", note)]
    return await browser.post(f"/desk/cases/{case}/assign", content=urlencode(fields), headers=FORM)


async def undo(browser, path: str, *, key="undo-number-1", reason="nhầm em"):
    return await browser.post(f"{path}/undo", data={"idempotency_key": key, "reason": reason})


async def suspended(desk: Desk, amount: int, txn: str = "A", code: str = "TH-1") -> School:
    """A school with one case of ``amount``, whose accountant is ``tam``."""
    school = await desk.planter.school(code)
    desk.hire("tam", school)
    await desk.planter.receive(arrival(school, amount, "hoc phi thang 11", txn=txn))
    await desk.settle()
    return school
