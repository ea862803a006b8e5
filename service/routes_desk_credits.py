"""Money in: the list of credits, and one credit that needed no case, with its undo."""

from dataclasses import dataclass
from typing import Any

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.clock import utc_now
from kernel.db import Database
from kernel.errors import DomainError, NotFound
from payments import reads_desk as notices_read
from reconciliation import reads_desk
from reconciliation.reads_desk import DeskCredit
from service.case_deeds import Sent, undo_once
from service.case_page import Looking, case_view
from service.cursors import moment_key
from service.desk_pages import (
    ROWS,
    Asked,
    DeskPages,
    actor_of,
    around,
    asked,
    field_of,
    fields_of,
    id_of,
    lead_to,
    no_such_page,
)
from service.desk_views import codes_of, credits_view, states_of
from service.desk_words import refusal_of
from service.once import answered, form_of
from service.problems import status_of
from service.staff import accountant_only

LIST = "/desk/credits"


@dataclass(frozen=True, slots=True)
class CreditPages:
    """The page of one credit, and what its form does."""

    pages: DeskPages

    async def show(
        self, request: Asked, credit_id: int, looking: Looking, status: int = 200
    ) -> Response[Any]:
        """Show a credit, or lead to its open case; raises NotFound, the same for a foreign one."""
        async with self.pages.db.transaction(request.user.desk()) as tx:
            credit = await self._credit(tx, request, credit_id)
            if credit.open_case is not None and not looking.errors:
                return lead_to(f"/desk/cases/{credit.open_case}")
            case = None
            if credit.open_case is not None:
                case = await reads_desk.case_by_id(tx, request.user.accounts, credit.open_case)
            view = await case_view(tx, request.user, credit, case, looking)
            stands = await around(tx, request.user, utc_now())
        return self.pages.page(
            request, "desk_case.html", stands, current="credits", status=status, case=view
        )

    async def undo(self, request: Asked, credit_id: int) -> Response[Any]:
        """Undo what the machine or a person settled, or show the page with what is wrong."""
        fields = await fields_of(request)
        key, actor = field_of(fields, "idempotency_key"), actor_of(request.user)
        form = form_of(key, actor=actor, path=request.url.path, fields=fields)
        try:
            async with self.pages.db.transaction(request.user.desk()) as tx:
                credit = await self._credit(tx, request, credit_id)
                location = await answered(tx, form)
                if location is None:
                    sent = Sent(request.user, form, utc_now())
                    reason = field_of(fields, "reason")
                    location = await undo_once(tx, sent, credit, None, reason)
            return lead_to(location)
        except NotFound:
            raise
        except DomainError as refused:
            looking = Looking(errors=(refusal_of(refused),))
            return await self.show(request, credit_id, looking, status_of(refused))

    async def _credit(self, tx: AsyncConnection, request: Asked, credit_id: int) -> DeskCredit:
        credit = await reads_desk.credit_by_id(tx, request.user.accounts, credit_id)
        if credit is None or credit.decision is None:
            raise no_such_page()
        return credit


def credit_routes(db: Database, *, sandbox: bool) -> list[HTTPRouteHandler]:
    """Make the route handlers of money in."""
    pages = DeskPages(db, sandbox)
    one = CreditPages(pages)

    @get(LIST, guards=[accountant_only])
    async def credit_list(request: Asked) -> Response[Any]:
        staff, outcome = request.user, asked(request, "outcome")
        states, after = states_of(outcome), moment_key(asked(request, "next"))
        async with db.transaction(staff.desk()) as tx:
            found = await reads_desk.credit_page(
                tx, staff.accounts, states=states, after=after, limit=ROWS + 1
            )
            codes = codes_of(found)
            named = await notices_read.notices_by_code(tx, staff.schools, codes)
            stands = await around(tx, staff, utc_now())
        view = credits_view(found[:ROWS], named, outcome=outcome, more=len(found) > ROWS)
        return pages.page(request, "desk_credits.html", stands, current="credits", credits=view)

    @get(LIST + "/{credit_id:str}", guards=[accountant_only])
    async def credit_page(request: Asked, credit_id: FromPath[str]) -> Response[Any]:
        return await one.show(request, id_of(credit_id), Looking())

    @post(LIST + "/{credit_id:str}/undo", guards=[accountant_only])
    async def undo(request: Asked, credit_id: FromPath[str]) -> Response[Any]:
        return await one.undo(request, id_of(credit_id))

    return [credit_list, credit_page, undo]
