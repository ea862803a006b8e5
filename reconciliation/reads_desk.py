"""Reads of the desk: money in, cases, one credit with everything that was decided about it.

Every read is bounded to the receiving accounts it is given, on top of the row policies: a credit
that belongs wholly to another school of a shared account is not seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import RowMapping, Select, and_, exists, literal, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.money import Dong
from reconciliation.model import Direction
from reconciliation.tables import bank_credits, credit_cases, credit_decisions

Place = tuple[datetime, int]
"""Where a list goes on: the time and the id of its last row."""


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision; ``allocations`` are (code, đồng), ``kept`` are (pupil code, đồng)."""

    at: datetime
    actor: str
    action: str
    reason: str | None
    evidence: tuple[str, ...]
    allocations: tuple[tuple[str, Dong], ...]
    kept: tuple[tuple[str, Dong], ...]
    suggested: tuple[tuple[str | None, str], ...]
    """(code, reason) of each suggestion."""


@dataclass(frozen=True, slots=True)
class DeskCredit:
    """A bank credit with its newest decision and the id of its open case, if it has one."""

    account_id: int
    id: int
    provider: str
    bank_ref: str | None
    amount: Dong
    left: Dong
    direction: Direction
    booked_at: datetime
    received_at: datetime
    payer_name: str | None
    payer_account: str | None
    memo: str
    state: str
    decision: Decided | None
    open_case: int | None


@dataclass(frozen=True, slots=True)
class DeskCase:
    """A case with its credit; ``newest`` tells whether the credit has no later one."""

    id: int
    credit: DeskCredit
    reason: str
    state: str
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    newest: bool = True


_decision = (
    select(credit_decisions)
    .where(
        credit_decisions.c.account_id == bank_credits.c.account_id,
        credit_decisions.c.credit_id == bank_credits.c.id,
    )
    .order_by(credit_decisions.c.id.desc())
    .limit(1)
    .lateral("decision")
)
_open_case = credit_cases.alias("open_case")
_later = credit_cases.alias("later")

_WITH_DECISION = bank_credits.outerjoin(_decision, true()).outerjoin(
    _open_case,
    and_(
        _open_case.c.account_id == bank_credits.c.account_id,
        _open_case.c.credit_id == bank_credits.c.id,
        _open_case.c.state == "open",
    ),
)
_OF_CASES = _WITH_DECISION.join(
    credit_cases,
    and_(
        credit_cases.c.account_id == bank_credits.c.account_id,
        credit_cases.c.credit_id == bank_credits.c.id,
    ),
)
_TOLD = (
    bank_credits,
    *(
        _decision.c[name].label(f"decision_{name}")
        for name in ("at", "actor", "action", "reason", "evidence", "parts", "suggestions")
    ),
    _open_case.c.id.label("open_case"),
)
_OF_CASE = (
    credit_cases.c.id.label("case_id"),
    credit_cases.c.reason.label("case_reason"),
    credit_cases.c.state.label("case_state"),
    credit_cases.c.opened_at,
    credit_cases.c.closed_at,
    credit_cases.c.closed_by,
    ~exists()
    .where(
        _later.c.account_id == credit_cases.c.account_id,
        _later.c.credit_id == credit_cases.c.credit_id,
        _later.c.id > credit_cases.c.id,
    )
    .label("newest"),
)


def _credits() -> Select[Any]:
    """Select credits, each with its newest decision and its open case."""
    return select(*_TOLD).select_from(_WITH_DECISION)


def _cases() -> Select[Any]:
    """Select cases with their credits."""
    return select(*_TOLD, *_OF_CASE).select_from(_OF_CASES)


def decided_of(row: RowMapping, prefix: str = "") -> Decided:
    """Make the record of a selected decision, whose columns may stand behind a prefix."""
    parts = cast("Mapping[str, Sequence[Mapping[str, Any]]]", row[f"{prefix}parts"])
    suggestions = cast("Sequence[Mapping[str, Any]]", row[f"{prefix}suggestions"])
    return Decided(
        at=row[f"{prefix}at"],
        actor=row[f"{prefix}actor"],
        action=row[f"{prefix}action"],
        reason=row[f"{prefix}reason"],
        evidence=tuple(row[f"{prefix}evidence"]),
        allocations=tuple(
            (each["code"], Dong(each["amount_dong"])) for each in parts["allocations"]
        ),
        kept=tuple((each["student"], Dong(each["amount_dong"])) for each in parts["credit"]),
        suggested=tuple((each["code"], each["reason"]) for each in suggestions),
    )


def _credit_of(row: RowMapping) -> DeskCredit:
    return DeskCredit(
        account_id=row["account_id"],
        id=row["id"],
        provider=row["provider"],
        bank_ref=row["bank_ref"],
        amount=Dong(row["amount_dong"]),
        left=Dong(row["left_dong"]),
        direction=Direction(row["direction"]),
        booked_at=row["booked_at"],
        received_at=row["received_at"],
        payer_name=row["payer_name"],
        payer_account=row["payer_account"],
        memo=row["description"],
        state=row["state"],
        decision=decided_of(row, "decision_") if row["decision_at"] else None,
        open_case=row["open_case"],
    )


async def credit_page(
    tx: AsyncConnection,
    account_ids: Sequence[int],
    *,
    states: Sequence[str] | None,
    after: Place | None,
    limit: int,
) -> list[DeskCredit]:
    """Read credits by time of arrival, newest first; ``states`` None means all."""
    newest = (bank_credits.c.received_at.desc(), bank_credits.c.id.desc())
    page = (
        select(bank_credits.c.account_id, bank_credits.c.id)
        .where(bank_credits.c.account_id.in_(account_ids))
        .order_by(*newest)
        .limit(limit)
    )
    if states is not None:
        page = page.where(bank_credits.c.state.in_(states))
    if after is not None:
        place = tuple_(bank_credits.c.received_at, bank_credits.c.id)
        page = page.where(place < tuple_(literal(after[0]), literal(after[1])))
    shown = page.correlate(None).subquery("shown")  # first the page, then what belongs to its rows
    key = tuple_(bank_credits.c.account_id, bank_credits.c.id)
    statement = _credits().where(key.in_(select(shown.c.account_id, shown.c.id)))
    rows = await tx.execute(statement.order_by(*newest))
    return [_credit_of(row) for row in rows.mappings()]


async def credit_by_id(
    tx: AsyncConnection, account_ids: Sequence[int], credit_id: int
) -> DeskCredit | None:
    """Read one credit; None for an unknown and for a foreign one."""
    rows = await tx.execute(
        _credits().where(bank_credits.c.account_id.in_(account_ids), bank_credits.c.id == credit_id)
    )
    row = rows.mappings().one_or_none()
    return None if row is None else _credit_of(row)


def _case_of(row: RowMapping) -> DeskCase:
    return DeskCase(
        id=row["case_id"],
        credit=_credit_of(row),
        reason=row["case_reason"],
        state=row["case_state"],
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
        closed_by=row["closed_by"],
        newest=row["newest"],
    )


async def case_page(
    tx: AsyncConnection,
    account_ids: Sequence[int],
    *,
    state: str,
    after: Place | None,
    limit: int,
) -> list[DeskCase]:
    """Read the cases in ``state`` (open or closed), oldest first."""
    oldest = (credit_cases.c.opened_at, credit_cases.c.id)
    page = (
        select(credit_cases.c.account_id, credit_cases.c.id)
        .where(credit_cases.c.account_id.in_(account_ids), credit_cases.c.state == state)
        .order_by(*oldest)
        .limit(limit)
    )
    if after is not None:
        place = tuple_(*oldest)
        page = page.where(place > tuple_(literal(after[0]), literal(after[1])))
    shown = page.correlate(None).subquery("shown")  # first the page, then what belongs to its rows
    key = tuple_(credit_cases.c.account_id, credit_cases.c.id)
    statement = _cases().where(key.in_(select(shown.c.account_id, shown.c.id)))
    rows = await tx.execute(statement.order_by(*oldest))
    return [_case_of(row) for row in rows.mappings()]


async def case_by_id(
    tx: AsyncConnection, account_ids: Sequence[int], case_id: int
) -> DeskCase | None:
    """Read one case; None for an unknown and for a foreign one."""
    rows = await tx.execute(
        _cases().where(credit_cases.c.account_id.in_(account_ids), credit_cases.c.id == case_id)
    )
    row = rows.mappings().one_or_none()
    return None if row is None else _case_of(row)
