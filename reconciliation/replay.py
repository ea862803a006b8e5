"""Takes the events of a file in, as the operator's deed: any registered account may be named.

What was taken in before changes nothing, whatever the file now says of it. Never decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from reconciliation import intake, reads_intake, reads_outcomes
from reconciliation.arrival import Arrival
from reconciliation.event_lines import ToldEvent
from reconciliation.model import BankEvent

SOURCE = "file"
UNREGISTERED = "unregistered_account"
AMBIGUOUS = "ambiguous_account"

Known = tuple[str, str, bytes]


@dataclass(frozen=True, slots=True)
class Taken:
    """What some events of a file did: new credits, tellings of known ones, accounts not ours.

    ``changed`` lists the lines whose event id is known with other content.
    """

    events: int = 0
    new: int = 0
    homeless: int = 0
    changed: tuple[int, ...] = ()

    @property
    def duplicates(self) -> int:
        """Events that told what was known already."""
        return self.events - self.new - self.homeless

    def plus(self, other: "Taken") -> "Taken":
        """Add two counts up."""
        return Taken(
            self.events + other.events,
            self.new + other.new,
            self.homeless + other.homeless,
            self.changed + other.changed,
        )


def content_of(event: BankEvent) -> Known:
    """Tell what must not differ between two tellings of one event id."""
    return (event.provider, event.provider_txn_id, intake.digest_of(event))


async def take(tx: AsyncConnection, told: Sequence[ToldEvent]) -> Taken:
    """Take events in, in their order, within ``tx`` (role Loader); each event id only once."""
    known = await reads_outcomes.known_events(tx, [each.event_id for each in told])
    accounts = await reads_intake.accounts_by_number(tx, {each.event.account for each in told})
    fresh: dict[str, Arrival] = {}
    changed: list[int] = []
    for each in told:
        content = content_of(each.event)
        if each.event_id not in known:
            known[each.event_id] = content
            fresh[each.event_id] = _arrival(each, accounts.get(each.event.account, []))
        elif known[each.event_id] != content:
            changed.append(each.line)
    arrivals = list(fresh.values())
    new = await intake.record(tx, arrivals) if arrivals else 0
    homeless = sum(arrival.account_id is None for arrival in arrivals)
    return Taken(len(told), new, homeless, tuple(changed))


def _arrival(told: ToldEvent, account_ids: Sequence[int]) -> Arrival:
    one = len(account_ids) == 1
    return Arrival(
        event_id=told.event_id,
        received_at=told.received_at,
        source=SOURCE,
        event=told.event,
        account_id=account_ids[0] if one else None,
        raw=told.raw,
        note=None if one else AMBIGUOUS if account_ids else UNREGISTERED,
    )
