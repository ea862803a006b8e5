"""Reads of what became of bank events, page by page by key. Writes nothing, decides nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.db import raw_connection


class KeptAllocation(msgspec.Struct, frozen=True):
    """A part of a decision that lies on a notice; the keys are in the order of the contract."""

    external_id: str | None
    code: str
    amount_dong: int


class KeptCredit(msgspec.Struct, frozen=True):
    """A part of a decision that is kept for a pupil."""

    student: str
    amount_dong: int


class KeptSuggestion(msgspec.Struct, frozen=True):
    """Where an undecided credit may belong."""

    student: str | None
    code: str | None
    reason: str


class KeptParts(msgspec.Struct, frozen=True):
    """The parts of a decision as they were written down."""

    allocations: list[KeptAllocation]
    credit: list[KeptCredit]


@dataclass(frozen=True, slots=True)
class KeptDecision:
    """The newest decision on a credit; ``reversed_event`` is the event of the credit it undid."""

    action: str
    parts: KeptParts
    suggestions: list[KeptSuggestion]
    evidence: list[str]
    policy: str
    reversed_event: str | None


@dataclass(frozen=True, slots=True)
class EventOutcome:
    """One bank event: the first to tell its credit or not, and what was decided on that credit.

    ``first_event`` is None where the event names no account of ours.
    """

    id: int
    event_id: str
    note: str | None
    is_first: bool
    first_event: str | None
    other_content: bool
    decision: KeptDecision | None


_PAGE = """
select e.id, e.event_id, e.note, e.is_first, f.event_id as first_event,
       coalesce(f.digest <> e.digest, false) as other_content, d.action, d.parts, d.suggestions,
       d.evidence, d.policy, o.event_id as reversed_event
  from (select * from bank_event where id > $1 order by id limit $2) e
  left join bank_event f on f.account_id = e.account_id and f.provider = e.provider
   and f.provider_txn_id = e.provider_txn_id and f.is_first
  left join bank_credit c on e.is_first and c.account_id = e.account_id
   and c.provider = e.provider and c.provider_txn_id = e.provider_txn_id
  left join lateral (select * from credit_decision x
                      where x.account_id = c.account_id and x.credit_id = c.id
                      order by x.id desc limit 1) d on true
  left join bank_credit r on d.action = 'reversal' and r.account_id = c.account_id
   and r.id = (select substr(v, 10)::bigint from jsonb_array_elements_text(d.evidence) v
                where v ~ '^reverses:[0-9]+$' limit 1)
  left join bank_event o on o.account_id = r.account_id and o.provider = r.provider
   and o.provider_txn_id = r.provider_txn_id and o.is_first
 order by e.id
"""


async def outcome_page(tx: AsyncConnection, *, after: int, limit: int) -> list[EventOutcome]:
    """Read the next events after an id, in order of arrival (role Auditor)."""
    driver = await raw_connection(tx)
    return [
        EventOutcome(
            id=row["id"],
            event_id=row["event_id"],
            note=row["note"],
            is_first=row["is_first"],
            first_event=row["first_event"],
            other_content=row["other_content"],
            decision=_decision(row),
        )
        for row in await driver.fetch(_PAGE, after, limit)
    ]


def _decision(row: Any) -> KeptDecision | None:  # noqa: ANN401  asyncpg has no public stubs
    if row["action"] is None:
        return None
    return KeptDecision(
        action=row["action"],
        parts=msgspec.convert(row["parts"], type=KeptParts),
        suggestions=msgspec.convert(row["suggestions"], type=list[KeptSuggestion]),
        evidence=msgspec.convert(row["evidence"], type=list[str]),
        policy=row["policy"],
        reversed_event=row["reversed_event"],
    )


async def known_events(
    tx: AsyncConnection, event_ids: Sequence[str]
) -> dict[str, tuple[str, str, bytes]]:
    """Find events taken in before (role Loader): id -> (provider, the provider's id, digest)."""
    driver = await raw_connection(tx)
    return {
        row["event_id"]: (row["provider"], row["provider_txn_id"], row["digest"])
        for row in await driver.fetch(_KNOWN, event_ids)
    }


_KNOWN = """
select event_id, provider, provider_txn_id, digest from bank_event where event_id = any ($1)
"""
