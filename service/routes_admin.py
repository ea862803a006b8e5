"""Bank connections of the caller's accounts: when they spoke, what is wrong, clearing of alarms."""

from datetime import datetime, time
from typing import Any

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from kernel.clock import VIETNAM, utc_now, vietnam_date
from kernel.db import Database
from kernel.errors import NotFound
from payments.reads_desk import account_names
from service.connection_views import connection_rows
from service.desk_pages import Asked, DeskPages, actor_of, around, id_of, lead_to, no_such_page
from service.staff import accountant_or_operator
from webhooks import clearing, reads_desk

LIST = "/admin/connections"


def admin_routes(db: Database, *, sandbox: bool) -> list[HTTPRouteHandler]:
    """Make the route handlers of bank connections."""
    pages = DeskPages(db, sandbox)

    @get(LIST, guards=[accountant_or_operator])
    async def connection_list(request: Asked) -> Response[Any]:
        staff, now = request.user, utc_now()
        midnight = datetime.combine(vietnam_date(now), time(), tzinfo=VIETNAM)
        async with db.transaction(staff.admin()) as tx:
            heard = await reads_desk.connections_heard(tx, staff.connected)
            ids = [each.id for each in heard]
            today = await reads_desk.delivered_since(tx, ids, midnight)
            alarms = await reads_desk.open_alarms(tx, staff.connected, ids)
            banks = await account_names(tx, staff.connected)
            stands = await around(tx, staff, now)
        rows = connection_rows(heard, today, alarms, banks, now)
        return pages.page(
            request, "admin_connections.html", stands, current="connections", connections=rows
        )

    @post("/admin/alarms/{alarm_id:str}/clear", guards=[accountant_or_operator])
    async def clear(request: Asked, alarm_id: FromPath[str]) -> Response[Any]:
        staff, wanted = request.user, id_of(alarm_id)
        try:
            async with db.transaction(staff.admin()) as tx:
                actor = actor_of(staff)
                await clearing.clear(tx, staff.connected, wanted, actor=actor, now=utc_now())
        except NotFound as unknown:
            raise no_such_page() from unknown
        return lead_to(f"{LIST}?done=cleared")

    return [connection_list, clear]
