"""What a desk does with a case or a credit: assign and undo, each told once however often sent.

The caller opens the transaction; a refused deed leaves nothing behind in it.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from kernel import audit
from reconciliation import cases, reads, reads_desk
from reconciliation.cases import Assignment, NothingToUndo
from reconciliation.reads_desk import DeskCase, DeskCredit
from reconciliation.reads_desk_history import NOTE_DEED
from service.desk_pages import actor_of
from service.once import Form, keep_answer
from service.staff import Staff


@dataclass(frozen=True, slots=True)
class Sent:
    """A form of the desk: who sent it, when, and by which key."""

    staff: Staff
    form: Form
    now: datetime


async def assign_once(
    tx: AsyncConnection, sent: Sent, case: DeskCase, assignment: Assignment, note: str
) -> str:
    """Assign a case as the form says, keep the note; give where to go now.

    Raises what ``cases.assign`` raises.
    """
    actor, account_id = actor_of(sent.staff), case.credit.account_id
    await cases.assign(tx, case.id, assignment, actor=actor, now=sent.now)
    if note:
        subject = f"credit:{account_id}:{case.credit.id}"
        deed = audit.Deed(actor, NOTE_DEED, subject, sent.now, account_id=account_id)
        await audit.record(tx, deed, note=note)
    location = f"/desk/cases/{case.id}?done=assigned"
    await keep_answer(tx, sent.form, location, now=sent.now, account_id=account_id)
    return location


async def undo_once(
    tx: AsyncConnection, sent: Sent, credit: DeskCredit, case: DeskCase | None, reason: str
) -> str:
    """Undo what a credit was laid on, if all of it is this person's to undo; give where to go.

    A case that has a later one undoes nothing. Raises CreditOfOthers and what ``cases.undo`` does.
    """
    await reads.lock_credit(tx, credit.account_id, credit.id)
    fresh = await reads_desk.credit_by_id(tx, sent.staff.accounts, credit.id)
    if fresh is None or (case is not None and not case.newest):
        raise NothingToUndo("this was undone or decided again since")
    actor = actor_of(sent.staff)
    await cases.undo(tx, fresh.account_id, fresh.id, reason=reason, actor=actor, now=sent.now)
    opened = await reads_desk.credit_by_id(tx, sent.staff.accounts, credit.id)
    assert opened is not None
    assert opened.open_case is not None
    location = f"/desk/cases/{opened.open_case}?done=undone"
    await keep_answer(tx, sent.form, location, now=sent.now, account_id=credit.account_id)
    return location
