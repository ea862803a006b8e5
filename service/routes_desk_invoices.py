"""Notices: find one, see its lines and its money, cancel it."""

from dataclasses import dataclass
from typing import Any

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.clock import utc_now
from kernel.db import Database
from kernel.errors import DomainError, Invalid, NotFound
from payments import adjust, reads_desk
from payments.model import InvoiceState
from payments.reads_desk import DeskNotice, NoticeFilter
from service.cursors import key_of
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
from service.desk_views import invoices_view
from service.desk_words import refusal_of
from service.notice_page import invoice_view
from service.once import answered, form_of, keep_answer
from service.problems import status_of
from service.staff import accountant_only

LIST = "/desk/invoices"


@dataclass(frozen=True, slots=True)
class InvoicePages:
    """The page of one notice, and what its form does."""

    pages: DeskPages

    async def show(
        self,
        request: Asked,
        invoice_id: int,
        *,
        reason: str = "",
        errors: tuple[str, ...] = (),
        status: int = 200,
    ) -> Response[Any]:
        """Show a notice; raises NotFound, the same for an unknown and a foreign one."""
        now = utc_now()
        async with self.pages.db.transaction(request.user.desk()) as tx:
            notice = await self._notice(tx, request, invoice_id)
            view = await invoice_view(tx, notice, now, reason=reason, errors=errors)
            stands = await around(tx, request.user, now)
        return self.pages.page(
            request, "desk_invoice.html", stands, current="invoices", status=status, invoice=view
        )

    async def cancel(self, request: Asked, invoice_id: int) -> Response[Any]:
        """Cancel a notice, or show it again with what is wrong."""
        fields = await fields_of(request)
        reason, actor = field_of(fields, "reason"), actor_of(request.user)
        key, path = field_of(fields, "idempotency_key"), request.url.path
        form = form_of(key, actor=actor, path=path, fields=fields)
        now, location = utc_now(), f"{LIST}/{invoice_id}?done=cancelled"
        try:
            async with self.pages.db.transaction(request.user.desk()) as tx:
                notice = await self._notice(tx, request, invoice_id)
                if await answered(tx, form) is None:
                    await adjust.cancel(tx, *notice.key, reason=reason, actor=actor, now=now)
                    await keep_answer(tx, form, location, now=now, school_id=notice.school_id)
            return lead_to(location)
        except NotFound:
            raise
        except DomainError as refused:
            return await self.show(
                request,
                invoice_id,
                reason=reason,
                errors=(refusal_of(refused),),
                status=status_of(refused),
            )

    async def _notice(self, tx: AsyncConnection, request: Asked, invoice_id: int) -> DeskNotice:
        notice = await reads_desk.notice_by_id(tx, request.user.schools, invoice_id)
        if notice is None:
            raise no_such_page()
        return notice


def invoice_routes(db: Database, *, sandbox: bool) -> list[HTTPRouteHandler]:
    """Make the route handlers of notices."""
    pages = DeskPages(db, sandbox)
    one = InvoicePages(pages)

    @get(LIST, guards=[accountant_only])
    async def invoice_list(request: Asked) -> Response[Any]:
        state, query = asked(request, "state"), asked(request, "q")
        if state and state not in set(InvoiceState):
            raise Invalid("no such state", field="state")
        staff, now = request.user, utc_now()
        wanted = NoticeFilter(text=query, state=state, after=key_of(asked(request, "next")))
        async with db.transaction(staff.desk()) as tx:
            found = await reads_desk.notices(tx, staff.schools, wanted, ROWS + 1)
            stands = await around(tx, staff, now)
        more = len(found) > ROWS
        view = invoices_view(found[:ROWS], query=query, state=state, now=now, more=more)
        return pages.page(request, "desk_invoices.html", stands, current="invoices", invoices=view)

    @get(LIST + "/{invoice_id:str}", guards=[accountant_only])
    async def invoice_page(request: Asked, invoice_id: FromPath[str]) -> Response[Any]:
        return await one.show(request, id_of(invoice_id))

    @post(LIST + "/{invoice_id:str}/cancel", guards=[accountant_only])
    async def cancel(request: Asked, invoice_id: FromPath[str]) -> Response[Any]:
        return await one.cancel(request, id_of(invoice_id))

    return [invoice_list, invoice_page, cancel]
