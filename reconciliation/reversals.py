"""Money that leaves an account: undoes the credit it names by counter-rows, or is set aside."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.money import Dong
from payments import ledger, reads_ledger, reads_notices
from payments.model import TransferKind
from payments.settlement import CreditSpent, close_work, open_work
from reconciliation import reads, writes
from reconciliation.matching import POLICY
from reconciliation.model import Action, Credit, Decision, Reason
from reconciliation.settle import MACHINE, keep_decisions

LAID = (TransferKind.ALLOCATED, TransferKind.CREDITED)


async def settle_out(tx: AsyncConnection, credit: Credit, *, now: datetime) -> Decision:
    """Decide one outgoing movement: a reversal of a known credit, else ignored with its reason.

    A reversal needs the bank's own reference to one single credit of the same amount.
    """
    decision = await _decide_out(tx, credit, now)
    await keep_decisions(tx, [(credit, decision)], [], now=now)
    await writes.leave_inbox(tx, credit.account_id, [credit.id])
    return decision


async def _decide_out(tx: AsyncConnection, credit: Credit, now: datetime) -> Decision:
    if credit.related_bank_ref is None:
        return _ignored(Reason.MONEY_OUT)
    named = await reads.lock_reversed(tx, credit.account_id, credit.related_bank_ref, credit.amount)
    if len(named) != 1:
        return _ignored(Reason.REVERSAL_UNKNOWN)
    original = reads.credit_of(named[0])
    try:
        await _undo(tx, original, now)
    except CreditSpent:
        return _ignored(Reason.REVERSAL_BLOCKED)
    await writes.set_states(
        tx,
        [writes.CreditState(original.account_id, original.id, "reversed", Dong(0), None)],
    )
    await writes.close_case(tx, original.account_id, original.id, at=now, by=MACHINE)
    return Decision(
        action=Action.REVERSAL,
        evidence=("related_bank_ref", f"reverses:{original.id}"),
        policy=POLICY,
    )


async def _undo(tx: AsyncConnection, original: Credit, now: datetime) -> None:
    """Reverse everything that stands from a credit, its arrival too."""
    pair = (original.account_id, original.id)
    standing = await reads_ledger.standing_of_credits(tx, [pair], [*LAID, TransferKind.RECEIVED])
    laid = [each for each in standing if each.transfer.kind in LAID]
    keys = {
        (each.transfer.school_id or 0, each.transfer.invoice_id or 0)
        for each in laid
        if each.transfer.invoice_id is not None
    }
    notices = await reads_notices.lock_notices(tx, keys) if keys else []
    pupils = {(each.transfer.school_id or 0, each.transfer.student_id or 0) for each in laid}
    work = await open_work(tx, notices, sorted(pupils), now)
    for each in laid:
        work.take_off(each)
    arrivals = [each for each in standing if each.transfer.kind is TransferKind.RECEIVED]
    await close_work(tx, work, [])
    await ledger.record(tx, [ledger.reversal(each, at=now) for each in arrivals])


def _ignored(reason: Reason) -> Decision:
    return Decision(action=Action.IGNORED, reason=reason, evidence=(reason.value,), policy=POLICY)
