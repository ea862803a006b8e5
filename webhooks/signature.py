"""Sign, compare and check freshness: what every signed door shares. Pure.

No provider's format lives here, and no secret is kept, shown or put into an error.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import ParamSpec

_UNIX_SECONDS = re.compile(r"[0-9]{1,10}")

Asked = ParamSpec("Asked")


def hmac_sha256(secret: bytes, message: bytes) -> bytes:
    """Give the 32 bytes of HMAC-SHA256 (RFC 2104) of ``message`` under ``secret``."""
    return hmac.digest(secret, message, "sha256")


def hmac_sha256_hex(secret: bytes, message: bytes) -> str:
    """Give HMAC-SHA256 of ``message`` under ``secret`` as 64 lower-case hex digits."""
    return hmac_sha256(secret, message).hex()


def is_any_of(presented: bytes, accepted: Iterable[bytes]) -> bool:
    """Tell whether ``presented`` equals one of ``accepted``, in a time that does not say which.

    All are compared, also after a match, and by their digests: neither the length of an
    accepted value nor its place in the list shows in the time.
    """
    shown = hashlib.sha256(presented).digest()
    found = False
    for value in accepted:
        found |= hmac.compare_digest(shown, hashlib.sha256(value).digest())
    return found


def unix_seconds(text: str) -> int | None:
    """Read a timestamp header in unix seconds; None unless it is 1 to 10 ASCII digits.

    A sign, a fraction, an exponent, ``_``, blanks and the digits of other scripts are refused,
    though ``int`` and ``float`` would read them.

    >>> unix_seconds("1674087231"), unix_seconds("1674087231.5"), unix_seconds("１６７")
    (1674087231, None, None)
    """
    return int(text) if _UNIX_SECONDS.fullmatch(text) else None


def is_fresh(stamp: str, now: datetime, *, tolerance_s: int) -> bool:
    """Tell whether the timestamp header ``stamp`` lies within ``tolerance_s`` s of ``now``.

    Both sides of ``now`` are bounded, the bound itself is fresh; an unreadable stamp is stale.
    """
    seconds = unix_seconds(stamp)
    if seconds is None:
        return False
    drift = abs(now - datetime.fromtimestamp(seconds, UTC))
    return drift <= timedelta(seconds=tolerance_s)


def refusing_on_error(check: Callable[Asked, bool]) -> Callable[Asked, bool]:
    """Make a check that answers False where ``check`` raises.

    A stranger writes the input of a signature check: whatever breaks it is not signed, and
    must never become a 500 that the sender repeats.
    """

    @wraps(check)
    def answer(*args: Asked.args, **kwargs: Asked.kwargs) -> bool:
        try:
            return check(*args, **kwargs)
        except Exception:  # noqa: BLE001  the one place where any error has one meaning: refused
            return False

    return answer
