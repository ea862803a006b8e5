"""Finds rows that wait and says which bells to ring: a lost bell costs one sweep, never money."""

from kernel.access import Folder, Sweeper
from kernel.clock import utc_now
from kernel.db import Database
from kernel.outbox import PUSH_BELL
from reconciliation.intake import SETTLE_BELL
from reconciliation.reads import accounts_waiting
from reports import reads as reports_reads
from reports.jobs import FOLD_BELL
from webhooks.reads import work_waits

SWEEP_S = 5.0


async def waiting_bells(db: Database) -> frozenset[str]:
    """Look once at every queue of rows; give the bells that should ring."""
    bells: set[str] = set()
    async with db.transaction(Sweeper()) as tx:
        if await accounts_waiting(tx):
            bells.add(SETTLE_BELL)
        if await work_waits(tx, utc_now()):
            bells.add(PUSH_BELL)
    async with db.transaction(Folder()) as tx:
        if await reports_reads.fold_waits(tx):
            bells.add(FOLD_BELL)
    return frozenset(bells)
