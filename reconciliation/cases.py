"""What a person does with money: lay it where it belongs, or take it off again with a reason.

Both are new rows; nothing of the history is changed, and no other credit is touched.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from kernel import audit
from kernel.errors import Conflict, Forbidden, Invalid, NotFound
from kernel.money import Dong
from payments import reads_ledger, reads_notices
from payments.notice import Notice
from payments.reads_ledger import KeptTransfer
from payments.settlement import close_work, open_work
from reconciliation import reads, writes
from reconciliation.matching import POLICY
from reconciliation.model import Action, Credit, Decision, NoticePart, PupilPart, Reason
from reconciliation.reversals import LAID
from reconciliation.settle import keep_decisions, lay_decision, source_of


class CaseUnknown(NotFound):
    """There is no such case, or none that this desk may see."""

    code = "case_unknown"


class CaseClosed(Conflict):
    """Someone was faster: the case is closed."""

    code = "case_closed"


class PartsUnequal(Invalid):
    """The parts do not sum to the credit, or a part does not fit its notice."""

    code = "parts_unequal"


class NothingToUndo(Conflict):
    """No money of this credit lies anywhere: there is nothing to take off."""

    code = "nothing_to_undo"


class CreditOfOthers(Forbidden):
    """Part of the credit lies at a school that this person does not keep the books of."""

    code = "credit_of_others"


@dataclass(frozen=True, slots=True)
class Assignment:
    """How a person splits a credit: amounts (đồng) for notices, the rest for pupils."""

    notices: tuple[NoticePart, ...]
    pupils: tuple[PupilPart, ...] = ()


async def assign(
    tx: AsyncConnection, case_id: int, assignment: Assignment, *, actor: str, now: datetime
) -> int:
    """Lay the money of an open case as a person says; give the credit's id.

    Raises CaseUnknown, CaseClosed, PartsUnequal; then nothing is written.
    """
    case = await reads.lock_open_case(tx, case_id)
    if case is None:
        raise CaseUnknown("no such case", case=case_id)
    row = await reads.lock_credit(tx, case.account_id, case.credit_id)
    if case.state != "open" or row is None:
        raise CaseClosed("this case was closed by someone else", case=case_id)
    credit = reads.credit_of(row)
    served = set(await reads.schools_of(tx, case.account_id))
    keys = [part.notice for part in assignment.notices]
    notices = await reads_notices.lock_notices(tx, keys) if keys else []
    _check(assignment, credit, {notice.key: notice.outstanding for notice in notices})
    if not {key[0] for key in (*keys, *(part.pupil for part in assignment.pupils))} <= served:
        raise PartsUnequal("the account does not serve a school of the split", field="notice")
    work = await open_work(tx, notices, [part.pupil for part in assignment.pupils], now)
    if any(part.pupil not in work.pupils for part in assignment.pupils):
        raise PartsUnequal("a pupil of the split is not of this school", field="pupils")
    decision = Decision(
        action=Action.SETTLED,
        evidence=("assigned_by_person",),
        notices=assignment.notices,
        pupils=assignment.pupils,
        policy=POLICY,
    )
    lay_decision(work, source_of(credit, f"case:{case.account_id}:{case_id}"), decision)
    await close_work(tx, work)
    others = await reads_notices.pupil_codes(tx, [part.pupil for part in assignment.pupils])
    await keep_decisions(
        tx, [(credit, decision)], notices, now=now, actor=actor, pupil_codes=others
    )
    await writes.close_case(tx, credit.account_id, credit.id, at=now, by=actor)
    await _audit(tx, "credit_assigned", credit, actor, now, case=case_id)
    return credit.id


def _check(
    assignment: Assignment, credit: Credit, outstanding: dict[tuple[int, int], Dong]
) -> None:
    parts = [*assignment.notices, *assignment.pupils]
    if any(part.amount <= 0 for part in parts):
        raise PartsUnequal("every part is above 0", field="amount_dong")
    keys = [part.notice for part in assignment.notices]
    if len(set(keys)) != len(keys):
        raise PartsUnequal("a notice stands twice in the split", field="notice")
    for part in assignment.notices:
        if part.notice not in outstanding:
            raise PartsUnequal("a notice of the split is not of this school", field="notice")
        if part.amount > outstanding[part.notice]:
            raise PartsUnequal(
                "a part is more than its notice still owes",
                field="amount_dong",
                outstanding_dong=outstanding[part.notice],
            )
    total = sum(part.amount for part in parts)
    if total != credit.amount:
        raise PartsUnequal(
            "the parts must sum to the credit", total_dong=total, credit_dong=credit.amount
        )


async def undo(
    tx: AsyncConnection,
    account_id: int,
    credit_id: int,
    *,
    reason: str,
    actor: str,
    now: datetime,
) -> None:
    """Take a credit's money off everything it lies on and open a case for it again.

    Only this credit's own rows get counter-rows. Raises CaseUnknown, Invalid without a reason,
    NothingToUndo, CreditSpent, and CreditOfOthers if the caller sees only part of what it lies on.
    """
    if not reason.strip():
        raise Invalid("an undo needs a reason", field="reason", rule="not empty")
    row = await reads.lock_credit(tx, account_id, credit_id)
    if row is None:
        raise CaseUnknown("no such credit", credit=credit_id)
    credit = reads.credit_of(row)
    laid, notices = await _standing(tx, credit)
    if not laid:
        raise NothingToUndo("no money of this credit lies anywhere", credit=credit_id)
    if sum(each.transfer.amount for each in laid) != row.amount_dong - row.left_dong:
        raise CreditOfOthers("part of this credit lies at another school")
    pupils = {(each.transfer.school_id or 0, each.transfer.student_id or 0) for each in laid}
    work = await open_work(tx, notices, sorted(pupils), now)
    for each in laid:
        work.take_off(each)
    await close_work(tx, work)
    decision = Decision(
        action=Action.CASE,
        reason=Reason.UNDONE_BY_PERSON,
        evidence=(Reason.UNDONE_BY_PERSON.value, f"reason:{reason.strip()}"),
        policy=POLICY,
    )
    await keep_decisions(tx, [(credit, decision)], [], now=now, actor=actor)
    await _audit(tx, "credit_undone", credit, actor, now, reason=reason.strip())


async def _standing(tx: AsyncConnection, credit: Credit) -> tuple[list[KeptTransfer], list[Notice]]:
    """Lock the notices a credit lies on, then read what stands: a cancelling may have moved it."""
    pair = [(credit.account_id, credit.id)]
    keys = {
        (each.transfer.school_id or 0, each.transfer.invoice_id or 0)
        for each in await reads_ledger.standing_of_credits(tx, pair, LAID)
        if each.transfer.invoice_id is not None
    }
    notices = await reads_notices.lock_notices(tx, keys) if keys else []
    return await reads_ledger.standing_of_credits(tx, pair, LAID), notices


async def _audit(
    tx: AsyncConnection, deed: str, credit: Credit, actor: str, now: datetime, **facts: object
) -> None:
    subject = f"credit:{credit.account_id}:{credit.id}"
    await audit.record(
        tx, audit.Deed(actor, deed, subject, now, account_id=credit.account_id), **facts
    )


def notice_parts(pairs: Sequence[tuple[tuple[int, int], int]]) -> tuple[NoticePart, ...]:
    """Make the notice parts of a split from (notice key, amount in đồng) pairs."""
    return tuple(NoticePart(key, Dong(amount)) for key, amount in pairs)
