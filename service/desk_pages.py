"""What every page of the desk shares: what stands around it, its paths, its forms, its answers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from litestar import MediaType, Request, Response
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.db import Database
from kernel.errors import Invalid, NotFound
from payments import reads_desk as notices_read
from payments.banks import bank_name
from reconciliation import reads_desk_history
from reconciliation.reads_desk_history import OpenMoney
from service.desk_words import DONE
from service.pages import render
from service.shell import shell_of
from service.staff import Staff
from service.views_desk import PulseView
from webhooks.reads_desk import Heard, connections_heard

Asked = Request[Staff, Any, Any]

NO_STORE = {"cache-control": "no-store"}
ROWS = 50
SILENT_LEAST = timedelta(hours=12)
SILENT_TIMES = 6
FIELDS_MAX = 500
ASKED_MAX = 500
FIELD_CHARS_MAX = 2_000

_ID = re.compile(r"[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a page: the school's name, the open cases, the pulse of the banks."""

    place: str
    open: OpenMoney
    pulses: tuple[PulseView, ...]


def id_of(text: str) -> int:
    """Read an id of a path; raises NotFound, the same as for an unknown one."""
    if not _ID.fullmatch(text):
        raise no_such_page()
    return int(text)


def no_such_page() -> NotFound:
    """Make the one answer to unknown and to foreign ids."""
    return NotFound("no such page")


def actor_of(staff: Staff) -> str:
    """Name a person in the books, so that a row reads alone for ever: name and login."""
    return f"{staff.name} ({staff.login})"


def is_silent(heard: Sequence[datetime], now: datetime) -> bool:
    """Tell whether a bank is silent for much longer than between its last messages.

    ``heard`` is newest first; less than half a day is never silence.
    """
    if not heard:
        return False
    usual = (heard[0] - heard[-1]) // max(1, len(heard) - 1)
    return now - heard[0] > max(SILENT_LEAST, SILENT_TIMES * usual)


def pulses_of(
    heard: Sequence[Heard], banks: dict[int, tuple[str, str]], now: datetime
) -> tuple[PulseView, ...]:
    """Say of each bank when it last spoke, by the connection that spoke last."""
    last: dict[str, Heard] = {}
    for connection in heard:
        names = {bank_name(banks[each][0]) for each in connection.account_ids if each in banks}
        for name in sorted(names) if connection.active else ():
            if name not in last or last[name].at[:1] < connection.at[:1]:
                last[name] = connection
    return tuple(
        PulseView(name, each.at[0] if each.at else None, silent=is_silent(each.at, now))
        for name, each in last.items()
    )


async def around(tx: AsyncConnection, staff: Staff, now: datetime) -> Around:
    """Read what stands around every page of this person."""
    names = await notices_read.school_names(tx, staff.schools)
    banks = await notices_read.account_names(tx, staff.accounts)
    heard = await connections_heard(tx, staff.accounts)
    more = f" và {len(names) - 1} trường khác" if len(names) > 1 else ""
    return Around(
        place=f"{names[0]}{more}" if names else "",
        open=await reads_desk_history.open_money(tx, staff.accounts),
        pulses=pulses_of(heard, banks, now),
    )


@dataclass(frozen=True, slots=True)
class DeskPages:
    """What the routes of the desk share."""

    db: Database
    sandbox: bool

    def page(
        self,
        request: Asked,
        template: str,
        stands: Around,
        *,
        current: str,
        status: int = 200,
        **context: object,
    ) -> Response[Any]:
        """Write a page of the desk."""
        shell = shell_of(
            request,
            current,
            stands.place,
            open_cases=stands.open.count,
            pulses=stands.pulses,
            done=DONE.get(request.query_params.get("done", ""), ""),
        )
        shown = render(template, sandbox=self.sandbox, shell=shell, **context)
        return Response(shown, status_code=status, media_type=MediaType.HTML, headers=NO_STORE)


def lead_to(location: str) -> Response[Any]:
    """Lead to a page after a deed."""
    return Redirect(location, status_code=303, headers=NO_STORE)


def asked(request: Asked, name: str) -> str:
    """Give one parameter of the address, trimmed; empty if it is missing, cut if it is long."""
    return request.query_params.get(name, "").strip()[:ASKED_MAX].replace("\0", "")


async def fields_of(request: Asked) -> list[tuple[str, str]]:
    """Read a form's fields in order; raises Invalid for a file and for a form beyond all bounds."""
    form = await request.form()
    fields = cast("list[tuple[str, object]]", list(form.multi_items()))
    said = [(name, text) for name, text in fields if isinstance(text, str)]
    long = any(len(text) > FIELD_CHARS_MAX or "\0" in text for _, text in said)
    if len(said) != len(fields) or len(said) > FIELDS_MAX or long:
        raise Invalid("this is not a form of ours", field="form")
    return said


def field_of(fields: Sequence[tuple[str, str]], name: str) -> str:
    """Give the field of this name; empty if it is missing or stands twice."""
    given = [text for each, text in fields if each == name]
    return given[0] if len(given) == 1 else ""
