"""Pages from templates: one Jinja environment, its filters, and ``render``.

Every value is escaped and an unknown name is an error. Nothing here reads the database or a
setting; a template gets records of ``views*`` and formats them with the filters of ``formats``.
"""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from payments.words import amount_in_words
from service import formats
from service.views import LOOK_AGAIN_S, LOOKS_MAX

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
STATIC = TEMPLATES / "static"
STATIC_URL = "/static"

_FILTERS = {
    "bar_width": formats.bar_width,
    "day": formats.day,
    "days_left": formats.days_left,
    "digits": formats.digits,
    "dong": formats.dong_text,
    "dotted": formats.dotted,
    "hour": formats.hour,
    "in_words": amount_in_words,
    "iso": formats.iso,
    "moment": formats.moment,
    "month": formats.month,
    "month_words": formats.month_words,
    "percent": formats.percent,
}


def render(name: str, **context: object) -> str:
    """Write the page ``name`` with ``context``.

    Every page needs ``sandbox`` (bool). Beside it: ``notice.html`` notice, ``received.html``
    received, ``not_found.html`` nothing, ``login.html`` login, ``error.html`` error; behind the
    sign-in each needs ``shell`` and: ``desk_home`` home, ``desk_credits`` credits, ``desk_cases``
    cases, ``desk_case`` case, ``desk_invoices`` invoices, ``desk_invoice`` invoice, ``rates``
    rates, ``admin_connections`` connections (rows). ``desk_error.html`` needs shell and error.
    Raises jinja2.UndefinedError for a name or a state that no template knows.
    """
    return _environment().get_template(name).render(context)


def static_url(name: str) -> str:
    """Give the address of a static file, with its hash, so that it may be kept for a year."""
    return f"{STATIC_URL}/{name}?v={_fingerprint(name)}"


@cache
def _fingerprint(name: str) -> str:
    return sha256((STATIC / name).read_bytes()).hexdigest()[:12]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    # Jinja's own annotations name the types of its built-ins only.
    cast("dict[str, object]", environment.filters).update(_FILTERS)
    cast("dict[str, object]", environment.globals).update(
        look_again_s=LOOK_AGAIN_S, looks_max=LOOKS_MAX, static_url=static_url
    )
    return environment
