"""Structured logs: one JSON line per event on stderr, with names, memos and keys masked."""

import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any, cast

import structlog

MASK = "…"
_SECRET_KEYS = frozenset(
    {
        *("payer_name", "payer_account", "student_name", "student", "guardian", "phone", "email"),
        *("account", "account_no", "number", "authorization", "secret", "password", "memo"),
        *("description", "cookie", "token", "raw", "body", "name", "holder", "url"),
    }
)
_LONG_NUMBER = re.compile(r"(?<!\d)\d{4,}(\d{4})(?!\d)")


def masked(value: object) -> object:
    """Mask the value for a log: numbers of 8 digits or more keep their last four, at any depth."""
    if isinstance(value, str):
        return _LONG_NUMBER.sub(MASK + r"\1", value)
    if isinstance(value, Mapping):
        facts = cast("Mapping[str, object]", value)
        return {str(key): masked_pair(str(key), each) for key, each in facts.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [masked(each) for each in cast("list[object]", value)]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return masked(str(value))


def masked_pair(key: str, value: object) -> object:
    """Mask a value by its key first: what a secret key names is never shown."""
    return MASK if key.lower() in _SECRET_KEYS and value is not None else masked(value)


def redact(_: object, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Mask every fact of a log event but its name (a structlog step)."""
    return {
        key: value if key in {"event", "level", "timestamp"} else masked_pair(key, value)
        for key, value in event.items()
    }


def short_trace(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Write an exception as its type, its first line and our own frames (a structlog step)."""
    given = event.pop("exc_info", None)
    cause = given if isinstance(given, BaseException) else sys.exc_info()[1] if given else None
    if cause is not None:
        frames = traceback.extract_tb(cause.__traceback__)
        ours = [each for each in frames if "site-packages" not in each.filename]
        event["cause"] = type(cause).__name__
        event["message"] = (str(cause).splitlines() or [""])[0][:300]
        event["where"] = [f"{Path(each.filename).name}:{each.lineno}" for each in ours[-6:]]
    return event


def start_logging(level: str = "info") -> None:
    """Send structlog and the standard library's warnings to stderr as JSON lines."""
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            short_trace,
            redact,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
