"""What stands around every page behind the sign-in: who, where, which pages."""

from typing import Any

from litestar import Request

from kernel.clock import utc_now
from service.csrf import form_token
from service.people import Role
from service.staff import Staff
from service.views_desk import DeskShell, PulseView

PAGES: dict[str, frozenset[str]] = {
    Role.ACCOUNTANT: frozenset({"home", "credits", "cases", "invoices", "rates", "connections"}),
    Role.OFFICER: frozenset({"rates"}),
    Role.OPERATOR: frozenset({"connections"}),
}
ROLE_NAMES: dict[str, str] = {
    Role.ACCOUNTANT: "Kế toán",
    Role.OFFICER: "Cán bộ quản lý",
    Role.OPERATOR: "Quản trị hệ thống",
}


def shell_of(
    request: Request[Staff, Any, Any],
    current: str,
    place: str,
    *,
    open_cases: int = 0,
    pulses: tuple[PulseView, ...] = (),
    done: str = "",
) -> DeskShell:
    """Make the surroundings of a page for the person who is signed in."""
    staff = request.user
    roles = [role for role in ROLE_NAMES if role in staff.roles]
    return DeskShell(
        user_name=staff.name,
        role_name=", ".join(ROLE_NAMES[role] for role in roles),
        place_name=place,
        pages=frozenset().union(*(PAGES[role] for role in roles)),
        current=current,
        now=utc_now(),
        csrf_token=form_token(request),
        open_cases=open_cases,
        pulses=pulses,
        done=done,
    )
