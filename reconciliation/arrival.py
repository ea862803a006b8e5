"""The record of an event as it arrived. Pure: no I/O."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from reconciliation.model import BankEvent

Identity = tuple[int, str, str]


@dataclass(frozen=True, slots=True)
class Arrival:
    """One event as it arrived: its own id, and the account of ours that it names, if any."""

    event_id: str
    received_at: datetime
    source: str
    event: BankEvent
    account_id: int | None
    delivery_id: UUID | None = None
    raw: str | None = None
    note: str | None = None

    @property
    def identity(self) -> Identity:
        """Name the credit: account, provider, the provider's id."""
        return (self.account_id or 0, self.event.provider, self.event.provider_txn_id)
