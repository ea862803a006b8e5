"""Settles the waiting credits of one receiving account: decide, lay, record, tell; all or nothing.

The caller holds the account (advisory lock) and has counted the attempt in another transaction.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.clock import vietnam_date
from kernel.money import Dong
from payments import reads_notices
from payments.model import MethodClass, Transfer, TransferKind, bank, suspense
from payments.notice import Notice
from payments.settlement import Source, Work, close_work, open_work
from reconciliation import reads, writes
from reconciliation.matching import decide_all
from reconciliation.memo import codes_in
from reconciliation.model import Action, Credit, Decision, Method

MACHINE = "machine"


async def settle(
    tx: AsyncConnection, waiting: Sequence[Credit], *, now: datetime, prefix: str
) -> list[Decision]:
    """Settle incoming credits of one account, in order; give the decisions made."""
    account_id = waiting[0].account_id
    codes = {credit.id: codes_in(credit.description, prefix) for credit in waiting}
    owners = await reads.code_owners(tx, {code for found in codes.values() for code in found})
    named = {
        (owner.school_id, owner.invoice_id)
        for owner in owners.values()
        if owner.account_id == account_id
    }
    notices = await reads_notices.lock_named_and_open(tx, named, account_id) if named else []
    decisions = decide_all(waiting, codes, owners, notices)
    work = await open_work(tx, notices, [], now)
    for credit, decision in zip(waiting, decisions, strict=True):
        lay_decision(work, source_of(credit, f"credit:{account_id}:{credit.id}"), decision)
    await close_work(tx, work, [received(credit, now) for credit in waiting])
    await keep_decisions(tx, list(zip(waiting, decisions, strict=True)), notices, now=now)
    await writes.leave_inbox(tx, account_id, [credit.id for credit in waiting])
    return decisions


def source_of(credit: Credit, deed: str) -> Source:
    """Describe a credit as a source of money; the rates count it by its booking day."""
    counter = credit.method is Method.COUNTER
    return Source(
        account_id=credit.account_id,
        credit_id=credit.id,
        deed=deed,
        value_on=vietnam_date(credit.booked_at),
        booked_at=credit.booked_at,
        method=MethodClass.COUNTER if counter else MethodClass.NONCASH,
    )


def received(credit: Credit, now: datetime) -> Transfer:
    """Make the transfer that says money of this credit came to the account: once a credit."""
    return Transfer(
        debit=bank(credit.account_id),
        credit=suspense(credit.account_id),
        amount=credit.amount,
        kind=TransferKind.RECEIVED,
        reference=f"received:{credit.account_id}:{credit.id}",
        at=now,
        account_id=credit.account_id,
        bank_credit_id=credit.id,
        value_on=vietnam_date(credit.booked_at),
    )


def lay_decision(work: Work, source: Source, decision: Decision) -> None:
    """Lay the parts of a decision on the work in hand."""
    for part in decision.notices:
        work.lay(source, part.notice, part.amount)
    for kept in decision.pupils:
        work.keep(source, kept.pupil, kept.amount)


async def keep_decisions(
    tx: AsyncConnection,
    decided: Sequence[tuple[Credit, Decision]],
    notices: Sequence[Notice],
    *,
    now: datetime,
    actor: str = MACHINE,
    pupil_codes: Mapping[tuple[int, int], str] | None = None,
) -> None:
    """Write decisions, the state they give their credits, and a case for each undecided one."""
    by_key = {notice.key: notice for notice in notices}
    codes = {notice.pupil: notice.student_code for notice in notices} | dict(pupil_codes or {})
    await writes.set_states(tx, [_state(credit, decision) for credit, decision in decided])
    await writes.add_decisions(
        tx,
        [
            decision_row(credit, decision, by_key, codes) | {"at": now, "actor": actor}
            for credit, decision in decided
        ],
    )
    await writes.open_cases(
        tx,
        [
            {
                "account_id": credit.account_id,
                "credit_id": credit.id,
                "reason": decision.reason.value,
                "opened_at": now,
            }
            for credit, decision in decided
            if decision.action is Action.CASE and decision.reason is not None
        ],
    )


def _state(credit: Credit, decision: Decision) -> writes.CreditState:
    laid = sum(part.amount for part in decision.notices)
    laid += sum(part.amount for part in decision.pupils)
    schools = {part.notice[0] for part in decision.notices}
    schools |= {part.pupil[0] for part in decision.pupils}
    return writes.CreditState(
        account_id=credit.account_id,
        credit_id=credit.id,
        state=decision.action.value,
        left=Dong(credit.amount - laid),
        school_id=schools.pop() if len(schools) == 1 else None,
    )


def decision_row(
    credit: Credit,
    decision: Decision,
    notices: dict[tuple[int, int], Notice],
    pupil_codes: dict[tuple[int, int], str],
) -> dict[str, Any]:
    """Write a decision down as a row; its parts carry codes, so that it reads alone for ever."""
    allocations = [
        {
            "external_id": notices[part.notice].external_id,
            "code": notices[part.notice].code,
            "amount_dong": part.amount,
        }
        for part in decision.notices
    ]
    kept = [
        {"student": pupil_codes[part.pupil], "amount_dong": part.amount} for part in decision.pupils
    ]
    return {
        "account_id": credit.account_id,
        "credit_id": credit.id,
        "action": decision.action.value,
        "reason": decision.reason.value if decision.reason else None,
        "parts": {"allocations": allocations, "credit": kept},
        "evidence": list(decision.evidence),
        "suggestions": [
            {"student": each.student, "code": each.code, "reason": each.reason}
            for each in decision.suggestions
        ],
        "policy": decision.policy,
    }
