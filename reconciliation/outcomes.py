"""Tells per bank event what became of it, as JSON lines that depend on bundle and events alone.

No internal id, no time and no name leaves: two instances that got the same give the same bytes.
Never decides and never looks at the ledger: a decision tells its own parts.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Literal

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciliation.reads_outcomes import (
    EventOutcome,
    KeptAllocation,
    KeptCredit,
    KeptDecision,
    KeptSuggestion,
    outcome_page,
)

CHUNK_EVENTS = 1_000
INTAKE_POLICY = "2026-11-intake"
"""The rule of what is decided at the door: known credits, accounts that are not ours."""

SAME_ID, OTHER_CONTENT, NOT_OURS = "same_provider_id", "other_content", "unregistered_account"
_INTERNAL = "reverses:"

Kind = Literal["settled", "case", "duplicate", "reversal", "ignored"]
_OUTCOMES: dict[str, Kind] = {
    "settled": "settled",
    "case": "case",
    "undone": "case",
    "quarantined": "case",
    "reversal": "reversal",
    "ignored": "ignored",
}


class OutcomeLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the export; the order of the fields is part of the contract."""

    event_id: str
    outcome: Kind
    allocations: list[KeptAllocation] = []
    credit: list[KeptCredit] = []
    duplicate_of: str | None = None
    reverses: str | None = None
    suggestions: list[KeptSuggestion] = []
    evidence: list[str]
    policy: str


@dataclass(frozen=True, slots=True)
class Piece:
    """Some lines of the export, how many events they tell, and how many still wait."""

    lines: bytes
    told: int
    waiting: int


async def outcome_lines(tx: AsyncConnection) -> AsyncGenerator[Piece]:
    """Give JSON lines in pieces, in order of the events' arrival, within ``tx`` (role Auditor).

    An event whose credit waits for its decision has no line yet.
    """
    encoder = msgspec.json.Encoder()
    after = 0
    while page := await outcome_page(tx, after=after, limit=CHUNK_EVENTS):
        lines = [line for each in page if (line := line_of(each)) is not None]
        yield Piece(encoder.encode_lines(lines), len(lines), len(page) - len(lines))
        after = page[-1].id


def line_of(event: EventOutcome) -> OutcomeLine | None:
    """Lay out one event; None while its credit waits."""
    if event.is_first:
        return _decided(event.event_id, event.decision) if event.decision else None
    if event.first_event is None:
        return OutcomeLine(
            event_id=event.event_id,
            outcome="ignored",
            evidence=[event.note or NOT_OURS],
            policy=INTAKE_POLICY,
        )
    return OutcomeLine(
        event_id=event.event_id,
        outcome="duplicate",
        duplicate_of=event.first_event,
        evidence=[SAME_ID, OTHER_CONTENT] if event.other_content else [SAME_ID],
        policy=INTAKE_POLICY,
    )


def _decided(event_id: str, decision: KeptDecision) -> OutcomeLine:
    return OutcomeLine(
        event_id=event_id,
        outcome=_OUTCOMES[decision.action],
        allocations=decision.parts.allocations,
        credit=decision.parts.credit,
        reverses=decision.reversed_event,
        suggestions=decision.suggestions,
        evidence=[each for each in decision.evidence if not each.startswith(_INTERNAL)],
        policy=decision.policy,
    )
