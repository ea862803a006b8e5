"""The sign-in of staff: ``/login``, ``/logout``, and ``sign_in_parts`` for the application.

A failed try costs the same work and gets the same answer whether the person exists or not; the
log never says who tried. Who may do what afterwards: ``staff``.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import structlog
from litestar import MediaType, Response, get, post
from litestar.config.csrf import CSRFConfig
from litestar.handlers import HTTPRouteHandler
from litestar.middleware import DefineMiddleware
from litestar.response import Redirect
from litestar.stores.base import Store

from kernel.access import SignIn
from kernel.clock import real_now
from kernel.db import Database
from service.csrf import PlainTokens, cookie_rule, csrf_of, form_token
from service.pages import render
from service.passwords import Passwords
from service.people import login_of
from service.problems import http_problem, wants_page
from service.reads_people import grants_of, person_by_login
from service.sessions import STORE, Now, SessionConfig, SessionStore, end_session
from service.staff import (
    AnyRequest,
    SignInFirst,
    Staff,
    StaffMiddleware,
    sign_in,
    staff_of_grants,
    staff_or_none,
)
from service.views import LoginView

log = structlog.get_logger()

LOGIN_PATH, LOGOUT_PATH = "/login", "/logout"
FORM_BYTES_MAX = 16_384
PATH_MAX = 2_000
WRONG = "Tên đăng nhập hoặc mật khẩu không đúng."
NO_STORE = {"cache-control": "no-store"}

_OWN_PATH = re.compile(r"/(?!/)[A-Za-z0-9/._~%+,:;@!$&'()*?=-]*")


def own_path(asked: str) -> str:
    r"""Give back a path of our own, with its query; empty for whatever else is asked for.

    A browser reads ``//host``, ``/\host`` and paths with tabs or line ends in them as another
    host: only plain characters pass. The sign-in itself is no place to go on to.
    """
    if len(asked) > PATH_MAX or not _OWN_PATH.fullmatch(asked):
        return ""
    path = asked.partition("?")[0].rstrip("/")
    return "" if path in {LOGIN_PATH, LOGOUT_PATH, ""} else asked


@dataclass(frozen=True, slots=True)
class SignInPages:
    """What the sign-in needs."""

    db: Database
    passwords: Passwords
    store: SessionStore
    sandbox: bool

    async def load(self, user_id: int, login: str) -> Staff | None:
        """Read what a person may do now; None if they are switched off or have no role."""
        async with self.db.transaction(SignIn()) as tx:
            return staff_of_grants(user_id, login, await grants_of(tx, user_id))

    async def recognise(self, typed: str, password: str) -> Staff | None:
        """Find the person of a login and password; None at the same cost for any other pair."""
        login = login_of(typed)
        async with self.db.transaction(SignIn()) as tx:
            person = await person_by_login(tx, login or "")
        verdict = await self.passwords.check(password, person.password_hash if person else None)
        if person is None or login is None or not verdict.right:
            return None
        if verdict.outdated:
            log.info("password_hash_outdated", user_id=person.user_id)
        return await self.load(person.user_id, login)

    async def enter(self, request: AnyRequest, staff: Staff, asked: str) -> Response[Any]:
        """Begin the session and go where the person wanted to go, else to their day's page."""
        sign_in(request, staff)
        await self.store.delete_expired()
        log.info("staff_signed_in", user_id=staff.user_id)
        return Redirect(own_path(asked) or staff.home, status_code=303, headers=NO_STORE)

    def page(self, view: LoginView, *, status: int = 200) -> Response[Any]:
        """Write the sign-in page."""
        shown = render("login.html", sandbox=self.sandbox, login=view)
        return Response(shown, status_code=status, media_type=MediaType.HTML, headers=NO_STORE)


async def _typed(request: AnyRequest) -> dict[str, str]:
    """Read the form's fields; one that is missing, doubled or a file counts as empty."""
    form = await request.form()
    fields = {name: form.getall(name, []) for name in ("username", "password", "next")}
    return {
        name: given[0] if len(given) == 1 and isinstance(given[0], str) else ""
        for name, given in fields.items()
    }


def sign_in_routes(pages: SignInPages) -> tuple[HTTPRouteHandler, ...]:
    """Make the route handlers of sign-in and sign-out."""

    @get(LOGIN_PATH, include_in_schema=False)
    async def login_page(request: AnyRequest) -> Response[Any]:
        asked = request.query_params.get("next", "")
        staff = staff_or_none(request)
        if staff is not None:
            return Redirect(own_path(asked) or staff.home, status_code=303, headers=NO_STORE)
        return pages.page(LoginView(form_token(request), next_url=own_path(asked)))

    @post(LOGIN_PATH, request_max_body_size=FORM_BYTES_MAX, include_in_schema=False)
    async def login(request: AnyRequest) -> Response[Any]:
        typed = await _typed(request)
        staff = await pages.recognise(typed["username"], typed["password"])
        if staff is not None:
            return await pages.enter(request, staff, typed["next"])
        log.warning("signin_failed")
        view = LoginView(
            csrf_token=form_token(request),
            next_url=own_path(typed["next"]),
            username=typed["username"],
            error=WRONG,
        )
        return pages.page(view, status=401)

    @post(LOGOUT_PATH, request_max_body_size=FORM_BYTES_MAX, include_in_schema=False)
    async def logout(request: AnyRequest) -> Response[Any]:
        staff = staff_or_none(request)
        if staff is not None:
            log.info("staff_signed_out", user_id=staff.user_id)
        end_session(request)
        return Redirect(LOGIN_PATH, status_code=303, headers=NO_STORE)

    return login_page, login, logout


def ask_to_sign_in(request: AnyRequest, refused: SignInFirst) -> Response[Any]:
    """Answer SignInFirst: lead a person to the sign-in and back, tell a program 401."""
    if not wants_page(request):
        return http_problem(request, refused)
    query = request.scope["query_string"].decode("latin-1")
    asked = quote(request.scope["path"]) + (f"?{query}" if query else "")
    back = own_path(asked) if request.method == "GET" else ""
    path = LOGIN_PATH + (f"?{urlencode({'next': back})}" if back else "")
    return Redirect(path, status_code=303, headers=NO_STORE)


@dataclass(frozen=True, slots=True)
class SignInParts:
    """What the application plugs in, each under the argument of Litestar of the same name.

    ``route_handlers`` and ``middleware`` are spread into the lists (the order of the middlewares
    counts), ``exception_handlers`` into the map; ``csrf_config`` and
    ``stores`` are given as they are. Guards of other routes: ``staff.accountant_only`` and its
    like; a page's forms carry ``csrf.form_token(request)``.
    """

    route_handlers: tuple[HTTPRouteHandler, ...]
    middleware: tuple[DefineMiddleware, ...]
    csrf_config: CSRFConfig
    stores: dict[str, Store]
    exception_handlers: dict[type[Exception], Callable[[AnyRequest, SignInFirst], Response[Any]]]


def sign_in_parts(
    db: Database,
    *,
    public_url: str,
    sandbox: bool,
    page_secret: bytes,
    passwords: Passwords | None = None,
    now: Now = real_now,
) -> SignInParts:
    """Make everything that signs staff in, for one application.

    Cookies are secure where ``public_url`` is https; the CSRF key is derived from
    ``page_secret``. Time-outs go by the machine's clock, not by a sandbox's. Raises
    SettingInvalid for plain http on a real instance that others can reach.
    """
    rule = cookie_rule(public_url, sandbox=sandbox)
    store = SessionStore(db, now)
    pages = SignInPages(db, passwords or Passwords(), store, sandbox)
    session = SessionConfig(key=rule.name("hocphi"), secure=rule.secure)
    csrf = csrf_of(page_secret, rule)
    return SignInParts(
        route_handlers=sign_in_routes(pages),
        middleware=(
            session.middleware,
            DefineMiddleware(StaffMiddleware, load=pages.load),
            DefineMiddleware(PlainTokens, config=csrf),
        ),
        csrf_config=csrf,
        stores={STORE: store},
        exception_handlers={SignInFirst: ask_to_sign_in},
    )
