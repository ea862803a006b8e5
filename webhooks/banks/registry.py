"""Which bank providers there are: one line each. A module of this folder is an adapter.

Never an adapter for a bank that publishes no specification.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from kernel.errors import NotFound
from reconciliation.model import BankEvent
from webhooks.banks import sepay
from webhooks.model import Accepted, ConnectionView, Headers, Parsed, Reply, Unread


class Adapter(Protocol):
    """What the door and the bank simulator need of a provider; the module fits as it is.

    ``METHODS`` and ``SUFFIXES`` are what the provider calls, ``BODY_BYTES_MAX`` the cap before
    anything is read, ``OPTIONS`` the options of a connection with the words each may hold.
    """

    PROVIDER: str
    METHODS: frozenset[str]
    SUFFIXES: frozenset[str]
    BODY_BYTES_MAX: int
    OPTIONS: Mapping[str, frozenset[str]]

    def verify(
        self, raw: bytes, headers: Headers, connection: ConnectionView, now: datetime, /
    ) -> bool:
        """Tell whether the provider sent exactly these bytes. Never raises."""
        ...

    def parse(self, raw: bytes, headers: Headers, connection: ConnectionView, /) -> Parsed | Unread:
        """Read a verified body to bank events. Never raises."""
        ...

    def reply(self, accepted: Accepted, /) -> Reply:
        """Give the provider's exact "received"; only after the commit."""
        ...

    def refusal(self) -> Reply:
        """Give the one answer to what ``verify`` refuses."""
        ...

    def sign(
        self,
        secret: bytes,
        raw: bytes,
        /,
        *,
        timestamp: int,
        options: Mapping[str, str] | None = None,
    ) -> Headers:
        """Write the provider's own headers for ``raw``; simulator only."""
        ...

    def body(self, event: BankEvent, /) -> bytes:
        """Write an event as the provider tells it; simulator only."""
        ...


ADAPTERS: Mapping[str, Adapter] = MappingProxyType(
    {
        sepay.PROVIDER: sepay,
    }
)


class ProviderUnknown(NotFound):
    """No adapter has this name."""

    code = "provider_unknown"


def adapter(provider: str) -> Adapter:
    """Find the adapter named ``provider``; raises ProviderUnknown."""
    found = ADAPTERS.get(provider)
    if found is None:
        raise ProviderUnknown("no bank provider has this name", provider=provider)
    return found
