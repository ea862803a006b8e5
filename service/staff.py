"""Who is signed in and what they may do: the record, the middleware that loads it, the guards.

Grants are read at every request, never remembered. Which rows a role reaches is the database's.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException
from litestar.handlers import BaseRouteHandler
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import ASGIApp

from kernel.access import Desk, Reports
from kernel.errors import Forbidden
from service.people import Role
from service.reads_people import Granted
from service.sessions import begin_session, end_session, renew_key

_USER, _LOGIN, _ROLES = "user_id", "login", "roles"

Connection = ASGIConnection[Any, Any, Any, Any]
AnyRequest = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Staff:
    """A person who is signed in, with the ids their grants reach at this request.

    ``schools`` and ``accounts`` are the accountant's; an officer's ``units`` reach schools for
    reading rates only, which stand in ``reported`` beside the accountant's own; an operator's
    ``operated`` are all accounts, for their bank connections only.
    """

    user_id: int
    login: str
    name: str
    roles: frozenset[str]
    schools: tuple[int, ...] = ()
    accounts: tuple[int, ...] = ()
    units: tuple[int, ...] = ()
    reported: tuple[int, ...] = ()
    operated: tuple[int, ...] = ()

    @property
    def connected(self) -> tuple[int, ...]:
        """The accounts whose bank connections this person looks after."""
        return self.operated or self.accounts

    def admin(self) -> Desk:
        """Bound a transaction to the connections this person looks after, and their schools."""
        return Desk(self.schools, self.connected)

    def desk(self) -> Desk:
        """Bound a transaction to the schools and accounts this person keeps the books of."""
        return Desk(self.schools, self.accounts)

    def reports(self) -> Reports:
        """Bound a transaction to the schools whose rates this person may read."""
        return Reports(self.reported)

    @property
    def home(self) -> str:
        """The page to begin the day with."""
        if Role.ACCOUNTANT in self.roles:
            return "/desk"
        return "/rates" if Role.OFFICER in self.roles else "/admin/connections"


def staff_of_grants(user_id: int, login: str, granted: Sequence[Granted]) -> Staff | None:
    """Make the record of a person's grants; None if they have none or are switched off."""
    if not granted:
        return None
    by_role = {each.role: each for each in granted}
    none = Granted("", "", (), (), ())
    desk = by_role.get(Role.ACCOUNTANT, none)
    officer = by_role.get(Role.OFFICER, none)
    return Staff(
        user_id=user_id,
        login=login,
        name=granted[0].name,
        roles=frozenset(by_role),
        schools=desk.schools,
        accounts=desk.accounts,
        units=officer.units,
        reported=tuple(sorted({*desk.schools, *officer.schools})),
        operated=by_role.get(Role.OPERATOR, none).accounts,
    )


LoadStaff = Callable[[int, str], Awaitable[Staff | None]]


class StaffMiddleware(AbstractAuthenticationMiddleware):
    """Puts Staff into ``scope["user"]``, None for a stranger; needs the session's middleware."""

    def __init__(self, app: ASGIApp, load: LoadStaff) -> None:
        """Take the deed that reads a person's grants."""
        super().__init__(app)
        self.load = load

    async def authenticate_request(self, connection: Connection) -> AuthenticationResult:
        """Load who the session names; one who is switched off or lost all roles is signed out."""
        session = cast("dict[str, Any]", connection.scope.get("session") or {})
        if _USER not in session:
            return AuthenticationResult(user=None, auth=None)
        staff = await self.load(int(session[_USER]), str(session[_LOGIN]))
        if staff is None:
            end_session(connection)
        elif session.get(_ROLES) != sorted(staff.roles):
            session[_ROLES] = sorted(staff.roles)
            renew_key(connection)
        return AuthenticationResult(user=staff, auth=None)


def sign_in(request: AnyRequest, staff: Staff) -> None:
    """Begin the session of ``staff`` under a fresh key."""
    content = {_USER: staff.user_id, _LOGIN: staff.login, _ROLES: sorted(staff.roles)}
    begin_session(request, content)


class SignInFirst(NotAuthorizedException):
    """Nobody is signed in: a page leads to the sign-in, a program hears 401."""


class RoleLacks(Forbidden):
    """Your role may not do this; the fact ``needs`` names those that may."""

    code = "role_lacks"


def staff_or_none(connection: Connection) -> Staff | None:
    """Give who is signed in, if somebody is."""
    user = connection.scope.get("user")
    return user if isinstance(user, Staff) else None


def staff_of(connection: Connection) -> Staff:
    """Give who is signed in; raises SignInFirst."""
    staff = staff_or_none(connection)
    if staff is None:
        raise SignInFirst("sign in first")
    return staff


def accountant_only(connection: Connection, _: BaseRouteHandler) -> None:
    """Let accountants through; raises SignInFirst, RoleLacks."""
    _need(connection, Role.ACCOUNTANT)


def officer_or_accountant(connection: Connection, _: BaseRouteHandler) -> None:
    """Let officers and accountants through; raises SignInFirst, RoleLacks."""
    _need(connection, Role.OFFICER, Role.ACCOUNTANT)


def operator_only(connection: Connection, _: BaseRouteHandler) -> None:
    """Let operators through; raises SignInFirst, RoleLacks."""
    _need(connection, Role.OPERATOR)


def accountant_or_operator(connection: Connection, _: BaseRouteHandler) -> None:
    """Let accountants and operators through; raises SignInFirst, RoleLacks."""
    _need(connection, Role.ACCOUNTANT, Role.OPERATOR)


def _need(connection: Connection, *roles: Role) -> None:
    if not staff_of(connection).roles & set(roles):
        raise RoleLacks("your role may not do this", needs=[role.value for role in roles])
