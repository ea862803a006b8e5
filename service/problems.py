"""The only place that knows which HTTP status an error has (problem+json, RFC 9457)."""

import json
from typing import Any

import structlog
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException

from kernel.errors import Conflict, DomainError, Forbidden, Invalid, NotFound, Unavailable
from service.pages import render
from service.views import ErrorView

log = structlog.get_logger()

STATUS: dict[type[DomainError], int] = {
    NotFound: 404,
    Invalid: 422,
    Conflict: 409,
    Forbidden: 403,
    Unavailable: 503,
}
PROBLEM = "application/problem+json"


def status_of(error: DomainError) -> int:
    """Give the HTTP status of a domain error."""
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)


def wants_page(request: Request[Any, Any, Any]) -> bool:
    """Tell whether a person with a browser asks."""
    return "text/html" in request.headers.get("accept", "")


def domain_problem(request: Request[Any, Any, Any], error: DomainError) -> Response[Any]:
    """Answer a domain error: a page for people, problem+json for programs."""
    status = status_of(error)
    if status >= 500:  # noqa: PLR2004  HTTP's server errors
        log.error("request_failed", code=error.code, path=request.url.path)
    return problem(request, status, error.code, str(error), error.facts)


def http_problem(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Answer the framework's own refusals in the same form."""
    codes = {404: "not_found", 405: "method_not_allowed", 401: "not_signed_in", 403: "forbidden"}
    code = codes.get(error.status_code, "request_refused")
    return problem(request, error.status_code, code, error.detail, {})


def unexpected_problem(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Answer our own mistakes: logged with their trace, shown without it."""
    log.error("request_broke", path=request.url.path, exc_info=error)
    return problem(request, 500, "internal_error", "internal error", {})


_WORDS: dict[int, tuple[str, str, str]] = {
    403: ("Không có quyền", "Vai trò của bạn không được làm việc này.", "Hỏi quản trị hệ thống."),
    409: ("Chưa làm được", "Có người vừa đổi dữ liệu này.", "Quay lại, xem rồi làm lại."),
    422: ("Chưa làm được", "Có chỗ nhập chưa đúng.", "Quay lại, sửa rồi gửi lại."),
    503: ("Hệ thống đang bận", "Máy chủ chưa trả lời kịp.", "Đợi một phút rồi mở lại."),
}
_BROKEN = ("Hệ thống gặp lỗi", "Lỗi ở phía chúng tôi, không phải ở bạn.", "Mở lại sau ít phút.")


def error_page(status: int, code: str, *, sandbox: bool) -> str:
    """Write the page a person sees instead: what happened, that nothing was written, what now."""
    if status == 404:  # noqa: PLR2004
        return render("not_found.html", sandbox=sandbox)
    title, cause, way_out = _WORDS.get(status, _BROKEN)
    view = ErrorView(title=title, cause=cause, way_out=way_out, code=code)
    return render("error.html", sandbox=sandbox, error=view)


def problem(
    request: Request[Any, Any, Any], status: int, code: str, title: str, facts: dict[str, object]
) -> Response[Any]:
    """Write a problem as a page or as problem+json."""
    headers = {"retry-after": "2"} if status == 503 else {}  # noqa: PLR2004
    if wants_page(request):
        page = error_page(status, code, sandbox=bool(request.app.state.get("sandbox")))
        return Response(page, status_code=status, media_type=MediaType.HTML, headers=headers)
    shown = {"type": f"/docs/errors#{code}", "code": code, "title": title, "status": status}
    body = json.dumps(shown | facts, ensure_ascii=False, default=str)
    return Response(body, status_code=status, media_type=PROBLEM, headers=headers)
