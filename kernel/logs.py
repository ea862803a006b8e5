"""Structured logs: one JSON line per event on stderr, with names, memos and keys masked."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
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
_LONG_NUMBER = re.compile(r"(?<!\d)\d{4,12}(\d{4})(?!\d)")


def masked(value: object) -> object:
    """Mask the value for a log: numbers of 8-16 digits keep their last four, at any depth."""
    if isinstance(value, str):
        return _LONG_NUMBER.sub(MASK + r"\1", value)
    if isinstance(value, Mapping):
        facts = cast("Mapping[str, object]", value)
        return {key: masked_pair(key, each) for key, each in facts.items()}
    if isinstance(value, (list, tuple, set)):
        return [masked(each) for each in cast("list[object]", value)]
    return value


def masked_pair(key: str, value: object) -> object:
    """Mask a value by its key first: what a secret key names is never shown."""
    return MASK if key.lower() in _SECRET_KEYS and value is not None else masked(value)


def redact(_: object, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Mask every fact of a log event but its name (a structlog step)."""
    return {
        key: value if key in {"event", "level", "timestamp"} else masked_pair(key, value)
        for key, value in event.items()
    }


def start_logging(level: str = "info") -> None:
    """Send structlog and the standard library's warnings to stderr as JSON lines."""
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
