"""Ids made before the insert, so that a retry uses the same one (UUIDv7, RFC 9562)."""

import secrets
import time
from uuid import UUID

_RANDOM_BITS = 74
_VERSION = 0x7
_VARIANT = 0b10


def new_id() -> UUID:
    """Make a UUIDv7: 48 bits of milliseconds, then random bits. Sorts by time of making."""
    milliseconds = time.time_ns() // 1_000_000
    random = secrets.randbits(_RANDOM_BITS)
    high, low = random >> 62, random & ((1 << 62) - 1)
    return UUID(int=milliseconds << 80 | _VERSION << 76 | high << 64 | _VARIANT << 62 | low)
