"""The pages of payment rates: a unit, the units or schools below it, two sums beside each rate."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from litestar import MediaType, Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.clock import month_of, utc_now, vietnam_date
from kernel.db import Database
from kernel.errors import Invalid, NotFound
from reports import reads
from reports.rates import R1, R5A, Definition, Rate, Rates, rates_of, total
from service.pages import render
from service.shell import shell_of
from service.staff import Staff, officer_or_accountant
from service.views_rates import Crumb, PeriodChoice, RateRow, RatesView, RateView

_PERIOD = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")


class PeriodMalformed(Invalid):
    """A period is a month such as 2026-11."""

    code = "period_malformed"


@dataclass(frozen=True, slots=True)
class Place:
    """What is open: the path down to it, the rows below it, and the schools behind each row."""

    name: str
    url: str
    rows_name: str
    path: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, str, frozenset[int]], ...]

    @property
    def school_ids(self) -> set[int]:
        """Every school behind the rows."""
        return {school_id for _, _, behind in self.rows for school_id in behind}


def read_period(text: str | None) -> date | None:
    """Read ``YYYY-MM`` to the first day of the month; raises PeriodMalformed."""
    if text is None or text == "":
        return None
    found = _PERIOD.fullmatch(text)
    if found is None:
        raise PeriodMalformed("a period is a month such as 2026-11", field="period")
    return date(int(found[1]), int(found[2]), 1)


async def place_of_unit(tx: AsyncConnection, staff: Staff, code: str) -> Place:
    """Open a unit at or below a granted one; raises NotFound, the same for unknown ones."""
    path = await reads.path_to(tx, code, staff.units)
    if not path:
        raise NotFound("no such unit")
    opened = path[-1]
    children = await reads.children_of(tx, opened.id)
    below = await reads.schools_below(tx, [opened.id, *(child.id for child in children)])
    direct = below[opened.id] - {each for child in children for each in below[child.id]}
    school_rows = await reads.school_rows(tx, direct)
    rows = [
        (child.name, f"/rates/{child.code}", frozenset(below[child.id]))
        for child in children
        if below[child.id]
    ]
    rows += _schools(school_rows)
    return Place(
        name=opened.name,
        url=f"/rates/{opened.code}",
        rows_name="Xã, phường" if children else "Trường",
        path=tuple((each.name, f"/rates/{each.code}") for each in path),
        rows=tuple(rows),
    )


def _schools(rows: list[Row[Any]]) -> list[tuple[str, str, frozenset[int]]]:
    return [(row.name, "", frozenset({row.id})) for row in rows]


async def place_of_staff(tx: AsyncConnection, staff: Staff) -> Place:
    """Open what a person may see first: their unit, or the schools whose books they keep."""
    if staff.units:
        first = (await reads.units_by_id(tx, staff.units))[0]
        return await place_of_unit(tx, staff, first.code)
    rows = await reads.school_rows(tx, staff.schools)
    name = rows[0].name if len(rows) == 1 else "Các trường của tôi"
    return Place(name, "/rates", "Trường", ((name, "/rates"),), tuple(_schools(rows)))


def _name(definition: Definition) -> str:
    return f"{definition.id} bản {definition.version}"


def _view(rate: Rate) -> RateView:
    return RateView(rate.numerator, rate.denominator)


def _row(name: str, url: str, rates: Rates) -> RateRow:
    return RateRow(name=name, url=url, r1=_view(rates.r1), r5a=_view(rates.r5a))


def view_of(place: Place, sums: reads.Sums, month: date, months: list[date]) -> RatesView:
    """Make the page's record; the total is the sum of the rows."""
    query = f"?period={month:%Y-%m}"
    by_school: Mapping[int, Rates] = {school_id: rates_of(each) for school_id, each in sums.items()}
    rows = [
        (name, url, total(by_school.get(each, Rates()) for each in behind))
        for name, url, behind in place.rows
    ]
    whole = total(rates for _, _, rates in rows)
    chosen = sorted({month, *months}, reverse=True)
    last = len(place.path) - 1
    return RatesView(
        unit_name=place.name,
        unit_url=place.url,
        rows_name=place.rows_name,
        crumbs=tuple(
            Crumb(name, "" if step == last else url + query)
            for step, (name, url) in enumerate(place.path)
        ),
        month=month,
        periods=tuple(PeriodChoice(f"{each:%Y-%m}", each) for each in chosen),
        total=_row(place.name, "", whole),
        rows=tuple(_row(name, url + query if url else "", rates) for name, url, rates in rows),
        known_at=utc_now(),
        r1_id=_name(R1),
        r5a_id=_name(R5A),
    )


def rates_routes(db: Database, *, sandbox: bool) -> list[HTTPRouteHandler]:
    """Make the route handlers of the rates."""

    async def page(
        request: Request[Staff, Any, Any], code: str | None, period: str | None
    ) -> Response[str]:
        staff = request.user
        wanted = read_period(period)
        async with db.transaction(staff.reports()) as tx:
            place = await (place_of_unit(tx, staff, code) if code else place_of_staff(tx, staff))
            months = await reads.months_seen(tx, place.school_ids)
            month = wanted or (months[0] if months else month_of(vietnam_date(utc_now())))
            sums = await reads.sums_of_month(tx, place.school_ids, month)
        shell = shell_of(request, "rates", place.name)
        view = view_of(place, sums, month, months)
        shown = render("rates.html", sandbox=sandbox, shell=shell, rates=view)
        return Response(shown, media_type=MediaType.HTML, headers={"cache-control": "no-store"})

    @get("/rates", media_type=MediaType.HTML, guards=[officer_or_accountant])
    async def own(
        request: Request[Staff, Any, Any], period: FromQuery[str | None] = None
    ) -> Response[str]:
        return await page(request, None, period)

    @get("/rates/{unit:str}", media_type=MediaType.HTML, guards=[officer_or_accountant])
    async def unit_rates(
        request: Request[Staff, Any, Any],
        unit: FromPath[str],
        period: FromQuery[str | None] = None,
    ) -> Response[str]:
        return await page(request, unit, period)

    return [own, unit_rates]
