"""The settling job: takes account after account, its waiting credits in order of arrival.

Every job may run twice and beside others: an account that another worker holds is passed by, and
what is no longer waiting is not found.
"""

from dataclasses import dataclass

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.access import Settler, Sweeper
from kernel.alarms import Alarm, AlarmKind, sound
from kernel.clock import utc_now
from kernel.db import Database
from kernel.ids import new_id
from kernel.money import Dong
from payments import ledger
from reconciliation import reads, writes
from reconciliation.matching import POLICY
from reconciliation.model import Action, Credit, Decision, Direction, Reason
from reconciliation.reversals import settle_out
from reconciliation.settle import keep_decisions, received, settle

log = structlog.get_logger()

BATCH = 500
RETRY_BATCH = 20
ATTEMPTS_TOGETHER = 2
FAILURES_MAX = 8
"""Failures in a row before an account is left for the next sweep."""

ATTEMPTS_MAX = 5
"""Attempts 1 and 2 are in company; the three after them alone, then the credit is set aside."""


@dataclass(frozen=True, slots=True)
class Settling:
    """What one run of the job did."""

    decided: int = 0
    failed: int = 0

    def plus(self, other: "Settling") -> "Settling":
        """Add two runs up."""
        return Settling(self.decided + other.decided, self.failed + other.failed)


async def settle_waiting(db: Database, prefix: str) -> Settling:
    """Settle everything that waits now, account by account; failures are logged and counted."""
    async with db.transaction(Sweeper()) as tx:
        account_ids = await reads.accounts_waiting(tx)
    done = Settling()
    for account_id in account_ids:
        done = done.plus(await settle_account(db, account_id, prefix))
    return done


async def settle_account(db: Database, account_id: int, prefix: str) -> Settling:
    """Settle one account until its inbox is empty or another worker holds it."""
    async with db.transaction(Settler((account_id,), ())) as tx:
        schools = await reads.schools_of(tx, account_id)
    scope = Settler((account_id,), tuple(schools))
    done, in_a_row = Settling(), 0
    while True:
        try:
            decided = await _settle_some(db, scope, account_id, prefix)
        except (DBAPIError, AssertionError, ValueError, KeyError) as cause:
            log.exception("settling_failed", account_id=account_id, cause=type(cause).__name__)
            done = done.plus(Settling(failed=1))
            away = isinstance(cause, DBAPIError) and cause.connection_invalidated
            in_a_row += 1
            if away or in_a_row >= FAILURES_MAX:
                return done  # the sweeper rings again
            continue
        in_a_row = 0
        if decided == 0:
            return done
        done = done.plus(Settling(decided=decided))


async def _settle_some(db: Database, scope: Settler, account_id: int, prefix: str) -> int:
    """Decide the next few credits in one transaction; 0 if none waits or the account is held."""
    async with db.transaction(scope) as tx:
        if not await reads.try_account(tx, account_id):
            return 0
        head = await reads.inbox_head(tx, account_id, BATCH)
        if not head:
            return 0
        attempts = head[0][1]
        taken = taken_together(head)
        if attempts >= ATTEMPTS_MAX:
            await _set_aside(tx, taken[0])
            return 1
        async with db.transaction(scope) as counting:
            await writes.count_attempt(counting, account_id, [credit.id for credit in taken])
        if taken[0].direction is Direction.OUT:
            await settle_out(tx, taken[0], now=utc_now())
        else:
            await settle(tx, taken, now=utc_now(), prefix=prefix)
    log.info("credits_settled", account_id=account_id, decided=len(taken))
    return len(taken)


def taken_together(head: list[tuple[Credit, int]]) -> list[Credit]:
    """Choose from the head of an inbox what is decided in one go.

    Money out goes alone, so that a reversal finds its credit decided. Credits that failed before
    go in small company, then alone, so that one bad row cannot hold up its neighbours.
    """
    first, attempts = head[0]
    limit = BATCH if attempts == 0 else RETRY_BATCH if attempts < ATTEMPTS_TOGETHER else 1
    if first.direction is Direction.OUT:
        limit = 1
    taken: list[Credit] = []
    for credit, tried in head[:limit]:
        if tried != attempts or (taken and credit.direction is Direction.OUT):
            break
        taken.append(credit)
    return taken


async def _set_aside(tx: AsyncConnection, credit: Credit) -> None:
    """Give a credit that cannot be decided to a person, with an alarm; its money is suspended."""
    now = utc_now()
    decision = Decision(
        action=Action.CASE,
        reason=Reason.FAILED_THRICE,
        evidence=(Reason.FAILED_THRICE.value,),
        policy=POLICY,
    )
    await ledger.record(tx, [received(credit, now)])
    await keep_decisions(tx, [(credit, decision)], [], now=now)
    await writes.leave_inbox(tx, credit.account_id, [credit.id])
    alarm = Alarm(
        kind=AlarmKind.QUARANTINED,
        source=new_id(),
        item=0,
        at=now,
        account_id=credit.account_id,
        facts={"credit_id": credit.id, "amount_dong": Dong(credit.amount)},
    )
    await sound(tx, [alarm])
