"""Takes bank events in: each credit once, by the database's own constraint; nothing is decided.

An event whose credit is known stays on record as a duplicate; one with other content under the
same id raises an alarm and changes nothing.
"""

import hashlib
from collections.abc import Sequence
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.alarms import Alarm, AlarmKind, sound
from kernel.queue import ring
from reconciliation import reads_intake, writes_intake
from reconciliation.arrival import Arrival, Identity
from reconciliation.model import BankEvent

SETTLE_BELL = "settle"


def digest_of(event: BankEvent) -> bytes:
    """Digest what must not differ between two tellings of one credit (length-prefixed fields)."""
    digest = hashlib.sha256()
    for each in (event.account, str(event.amount), event.direction.value, event.description):
        field = each.encode()
        digest.update(len(field).to_bytes(4, "big") + field)
    return digest.digest()


async def record(tx: AsyncConnection, arrivals: Sequence[Arrival]) -> int:
    """Keep events in their order; give how many new credits they brought.

    Twice the same event id changes nothing. Bells ring after the commit.
    """
    if not arrivals:
        return 0
    placed = [each for each in arrivals if each.account_id is not None]
    unique: dict[Identity, Arrival] = {}
    for each in placed:
        unique.setdefault(each.identity, each)
    new = await writes_intake.add_credits(tx, list(unique.values())) if unique else set[Identity]()
    known = [identity for identity in unique if identity not in new]
    digests = await reads_intake.first_digests(tx, known) if known else {}
    digests |= {identity: digest_of(unique[identity].event) for identity in new}
    firsts = {unique[identity].event_id for identity in new}
    await writes_intake.add_events(
        tx, [(each, each.event_id in firsts, digest_of(each.event)) for each in arrivals]
    )
    await sound(tx, [_alarm(each) for each in placed if _differs(each, digests)])
    if new:
        ring(tx, SETTLE_BELL)
    return len(new)


def _differs(arrival: Arrival, digests: dict[Identity, bytes]) -> bool:
    first = digests.get(arrival.identity)
    return first is not None and first != digest_of(arrival.event)


def _alarm(arrival: Arrival) -> Alarm:
    return Alarm(
        kind=AlarmKind.OTHER_CONTENT,
        source=arrival.delivery_id or uuid5(NAMESPACE_URL, f"event:{arrival.event_id}"),
        item=0,
        at=arrival.received_at,
        account_id=arrival.account_id,
        facts={"event_id": arrival.event_id, "provider_txn_id": arrival.event.provider_txn_id},
    )
