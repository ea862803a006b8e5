"""Suspended money: the list of cases, one case, assigning it, undoing that."""

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
from reconciliation.reads_desk import DeskCase
from service.case_deeds import Sent, assign_once, undo_once
from service.case_form import split_of, typed_of
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
from service.desk_views import cases_view
from service.desk_words import refusal_of
from service.once import answered, form_of
from service.problems import status_of
from service.staff import accountant_only

KEEP_MAX = 60
REFUSED = 422


@dataclass(frozen=True, slots=True)
class CasePages:
    """The pages of one case, and what its two forms do."""

    pages: DeskPages

    async def show(
        self, request: Asked, case_id: int, looking: Looking, status: int = 200
    ) -> Response[Any]:
        """Show a case; raises NotFound, the same for an unknown and a foreign one."""
        async with self.pages.db.transaction(request.user.desk()) as tx:
            case = await self._case(tx, request, case_id)
            view = await case_view(tx, request.user, case.credit, case, looking)
            stands = await around(tx, request.user, utc_now())
        return self.pages.page(
            request, "desk_case.html", stands, current="cases", status=status, case=view
        )

    async def assign(self, request: Asked, case_id: int) -> Response[Any]:
        """Assign a case as the form says, or show the form again with what is wrong."""
        fields = await fields_of(request)
        typed = typed_of(fields)
        sent = self._sent(request, fields)
        looking = Looking(keep=tuple(typed.codes), typed=typed)
        try:
            async with self.pages.db.transaction(request.user.desk()) as tx:
                case = await self._case(tx, request, case_id)
                location = await answered(tx, sent.form)
                if location is not None:
                    return lead_to(location)
                known = await notices_read.notices_by_code(tx, request.user.schools, typed.codes)
                split = split_of(typed, case.credit.amount, known)
                if split.assignment is not None:
                    return lead_to(await assign_once(tx, sent, case, split.assignment, typed.note))
            looking = Looking(keep=looking.keep, typed=typed, split=split)
            return await self.show(request, case_id, looking, REFUSED)
        except NotFound:
            raise
        except DomainError as refused:
            looking = Looking(keep=looking.keep, typed=typed, errors=(refusal_of(refused),))
            return await self.show(request, case_id, looking, status_of(refused))

    async def undo(self, request: Asked, case_id: int) -> Response[Any]:
        """Undo what was assigned, or show the page again with what is wrong."""
        fields = await fields_of(request)
        sent = self._sent(request, fields)
        try:
            async with self.pages.db.transaction(request.user.desk()) as tx:
                case = await self._case(tx, request, case_id)
                location = await answered(tx, sent.form)
                if location is None:
                    reason = field_of(fields, "reason")
                    location = await undo_once(tx, sent, case.credit, case, reason)
            return lead_to(location)
        except NotFound:
            raise
        except DomainError as refused:
            looking = Looking(errors=(refusal_of(refused),))
            return await self.show(request, case_id, looking, status_of(refused))

    async def _case(self, tx: AsyncConnection, request: Asked, case_id: int) -> DeskCase:
        case = await reads_desk.case_by_id(tx, request.user.accounts, case_id)
        if case is None:
            raise no_such_page()
        return case

    def _sent(self, request: Asked, fields: list[tuple[str, str]]) -> Sent:
        key = field_of(fields, "idempotency_key")
        actor = actor_of(request.user)
        form = form_of(key, actor=actor, path=request.url.path, fields=fields)
        return Sent(request.user, form, utc_now())


def case_routes(db: Database, *, sandbox: bool) -> list[HTTPRouteHandler]:
    """Make the route handlers of suspended money."""
    pages = DeskPages(db, sandbox)
    one = CasePages(pages)

    @get("/desk/cases", guards=[accountant_only])
    async def case_list(request: Asked) -> Response[Any]:
        staff, now, closed = request.user, utc_now(), asked(request, "closed") == "1"
        after = moment_key(asked(request, "next"))
        async with db.transaction(staff.desk()) as tx:
            state = "closed" if closed else "open"
            found = await reads_desk.case_page(
                tx, staff.accounts, state=state, after=after, limit=ROWS + 1
            )
            stands = await around(tx, staff, now)
        view = cases_view(found[:ROWS], stands.open, now=now, closed=closed, more=len(found) > ROWS)
        return pages.page(request, "desk_cases.html", stands, current="cases", cases=view)

    @get("/desk/cases/{case_id:str}", guards=[accountant_only])
    async def case_page(request: Asked, case_id: FromPath[str]) -> Response[Any]:
        keep = tuple(request.query_params.getall("keep", []))[:KEEP_MAX]
        looking = Looking(query=asked(request, "q"), keep=keep)
        return await one.show(request, id_of(case_id), looking)

    @post("/desk/cases/{case_id:str}/assign", guards=[accountant_only])
    async def assign(request: Asked, case_id: FromPath[str]) -> Response[Any]:
        return await one.assign(request, id_of(case_id))

    @post("/desk/cases/{case_id:str}/undo", guards=[accountant_only])
    async def undo(request: Asked, case_id: FromPath[str]) -> Response[Any]:
        return await one.undo(request, id_of(case_id))

    return [case_list, case_page, assign, undo]
