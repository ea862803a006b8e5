"""Tokens against forged forms: Litestar's, with our cookie, and hostile ones refused quietly.

Which address makes cookies secure is decided here too. Nobody is recognised here.
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from litestar import Request
from litestar.config.csrf import CSRFConfig
from litestar.enums import RequestEncodingType
from litestar.exceptions import PermissionDeniedException
from litestar.handlers import HTTPRouteHandler
from litestar.template.base import csrf_token
from litestar.types import ASGIApp, Receive, Scope, Send

from kernel.settings import SettingInvalid
from service.sessions import OUTSIDE

FIELD, HEADER = "_csrf_token", "x-csrf-token"
_FORMS = {RequestEncodingType.URL_ENCODED, RequestEncodingType.MULTI_PART}

AnyRequest = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class CookieRule:
    """How this instance names its cookies; a secure one is bound to host and https."""

    secure: bool

    def name(self, word: str) -> str:
        """Name a cookie: ``__Host-`` before it where it is secure."""
        return f"__Host-{word}" if self.secure else word


def cookie_rule(public_url: str, *, sandbox: bool) -> CookieRule:
    """Decide from the address that people type whether cookies are bound to https.

    Raises SettingInvalid for plain http, unless the address is this machine or a sandbox.
    """
    address = urlsplit(public_url)
    if address.scheme == "https":
        return CookieRule(secure=True)
    loopback = address.hostname in {"127.0.0.1", "::1", "localhost"}
    if address.scheme == "http" and (loopback or sandbox):
        return CookieRule(secure=False)
    raise SettingInvalid(
        "HOCPHI_PUBLIC_URL is https:// where people sign in for real", setting="public_url"
    )


def csrf_of(page_secret: bytes, rule: CookieRule) -> CSRFConfig:
    """Protect every unsafe method but the bank door's; the token goes in form or header.

    The cookie's name changes with the key, for a token of another key would never be replaced.
    """
    secret = hmac.new(page_secret, b"hocphi csrf", hashlib.sha256).hexdigest()
    mark = hashlib.sha256(secret.encode()).hexdigest()[:8]
    return CSRFConfig(
        secret=secret,
        cookie_name=rule.name(f"hocphi-csrf-{mark}"),
        header_name=HEADER,
        cookie_secure=rule.secure,
        cookie_httponly=True,
        cookie_samesite="lax",
        exclude=list(OUTSIDE),
    )


def form_token(request: AnyRequest) -> str:
    """Give the token that every form of a page sends back as ``_csrf_token``."""
    return csrf_token({"request": request})


class PlainTokens:
    """Refuses a token that is no plain text, on which Litestar's comparison would break."""

    def __init__(self, app: ASGIApp, config: CSRFConfig) -> None:
        """Take the configuration whose middleware stands behind this one."""
        self.app = app
        self.config = config

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look at the tokens of an unsafe request; raises PermissionDeniedException."""
        if isinstance(scope.get("route_handler"), HTTPRouteHandler):  # the bank door is none
            request = AnyRequest(scope, receive=receive)
            if request.method not in self.config.safe_methods:
                await self._refuse_strange(request)
        await self.app(scope, receive, send)

    async def _refuse_strange(self, request: AnyRequest) -> None:
        tokens: list[object] = [request.cookies.get(self.config.cookie_name, "")]
        tokens.append(request.headers.get(HEADER, ""))
        if not tokens[1] and request.content_type[0] in _FORMS:
            tokens += (await request.form()).getall(FIELD, [])
        if not all(isinstance(each, str) and each.isascii() for each in tokens):
            await (await request.form()).close()
            raise PermissionDeniedException("CSRF token verification failed")
