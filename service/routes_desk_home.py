"""The first page of the desk: what came in today, what waits, the oldest first."""

from datetime import datetime, time, timedelta
from typing import Any

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from kernel.clock import VIETNAM, utc_now, vietnam_date
from kernel.db import Database
from reconciliation import reads_desk, reads_desk_history
from reconciliation.settle import MACHINE
from service.desk_pages import Asked, DeskPages, around
from service.desk_views import home_view
from service.staff import accountant_only

OLDEST = 5


def home_routes(db: Database, *, sandbox: bool) -> list[HTTPRouteHandler]:
    """Make the route handler of the first page."""
    pages = DeskPages(db, sandbox)

    @get("/desk", guards=[accountant_only])
    async def home(request: Asked) -> Response[Any]:
        staff, now = request.user, utc_now()
        midnight = datetime.combine(vietnam_date(now), time(), tzinfo=VIETNAM)
        async with db.transaction(staff.desk()) as tx:
            oldest = await reads_desk.case_page(
                tx, staff.accounts, state="open", after=None, limit=OLDEST
            )
            booked = await reads_desk_history.booked_between(
                tx,
                staff.accounts,
                since=midnight,
                until=midnight + timedelta(days=1),
                machine=MACHINE,
            )
            stands = await around(tx, staff, now)
        view = home_view(booked, stands.open, oldest, now)
        return pages.page(request, "desk_home.html", stands, current="home", home=view)

    return [home]
