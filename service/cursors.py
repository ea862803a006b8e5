"""Cursors of lists: the key of the last row, written so that it fits an address. Pure."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import cast

from kernel.errors import Invalid

CURSOR_MAX = 2_000
ID_MAX = 2**63 - 1


class CursorMalformed(Invalid):
    """A cursor is not one that a list has given out; the fact is ``field``."""

    code = "cursor_malformed"


def cursor_of(key: str, number: int) -> str:
    """Write the key of a row: a text and an id."""
    return urlsafe_b64encode(json.dumps([key, number]).encode()).decode()


def key_of(cursor: str) -> tuple[str, int] | None:
    """Read a cursor; None for an empty one. Raises CursorMalformed."""
    if not cursor:
        return None
    malformed = CursorMalformed("begin this list again", field="next")
    try:
        read = cast("object", json.loads(urlsafe_b64decode(cursor[:CURSOR_MAX].encode())))
    except ValueError as cause:
        raise malformed from cause
    match read:
        case [str(key), int(number)] if 0 <= number <= ID_MAX and "\0" not in key:
            return (key, number)
        case _:
            raise malformed


def moment_cursor(at: datetime, number: int) -> str:
    """Write the key of a row in a list by time."""
    return cursor_of(at.isoformat(), number)


def moment_key(cursor: str) -> tuple[datetime, int] | None:
    """Read a cursor of a list by time; None for an empty one. Raises CursorMalformed."""
    found = key_of(cursor)
    if found is None:
        return None
    try:
        at = datetime.fromisoformat(found[0])
    except ValueError as cause:
        raise CursorMalformed("begin this list again", field="next") from cause
    if at.tzinfo is None:
        raise CursorMalformed("begin this list again", field="next")
    return (at, found[1])
