"""Proves the books: every invariant, what it looked at and what breaks it. Never mends anything.

Amounts are compared to the đồng. Each invariant is one statement on one snapshot, so the check may
run while money moves.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from payments.allocation import Line, spread
from reconciliation import reads_books
from reconciliation.reads_books import PaidNotice

EXAMPLES = 5
SPREAD_SAMPLE = 500

INVARIANTS: dict[str, str] = {
    "a transfer has two fitting sides": reads_books.TRANSFER_SIDES,
    "a reversal mirrors its original, once": reads_books.REVERSALS,
    "a decided credit is received once": reads_books.RECEIVED_ONCE,
    "a credit's rest is what is not laid": reads_books.CREDIT_LEFT,
    "suspense is the rest of open cases": reads_books.SUSPENSE,
    "bank is received less reversed": reads_books.BANK,
    "money in lies somewhere": reads_books.CONSERVED,
    "a notice is issued at its due": reads_books.NOTICE_ISSUED,
    "outstanding is due less laid": reads_books.NOTICE_OUTSTANDING,
    "nothing lies on an undone notice": reads_books.NOTICE_CLOSED,
    "no notice takes more than its due": reads_books.NOTICE_OVER,
    "lines sum to the due": reads_books.NOTICE_LINES,
    "a notice has one code, its own": reads_books.NOTICE_CODE,
    "receivable is the sum outstanding": reads_books.RECEIVABLE,
    "pupil credit is as the ledger says": reads_books.PUPIL_CREDIT,
    "a round's control is 0": reads_books.ROUND_CONTROL,
    "a fee item is what notices charge": reads_books.FEE_ITEM,
    "the inbox holds what waits": reads_books.INBOX,
    "an undecided credit has one open case": reads_books.OPEN_CASE,
    "the newest decision tells the state": reads_books.DECISION,
    "a credit was first told once": reads_books.TOLD_ONCE,
}
SPREAD = "paid money spreads over the lines"
LINK = "a notice has one link, its pupil's"


@dataclass(frozen=True, slots=True)
class Finding:
    """One invariant: how many rows it speaks of, how many break it, the first of those."""

    name: str
    looked_at: int
    breaches: int
    examples: tuple[str, ...] = ()


async def check(tx: AsyncConnection) -> list[Finding]:
    """Check every invariant of the books within ``tx`` (role Auditor)."""
    return [finding async for finding in findings(tx)]


async def findings(tx: AsyncConnection) -> AsyncGenerator[Finding]:
    """Check invariant after invariant within ``tx`` (role Auditor), telling each at once."""
    for name, rows in INVARIANTS.items():
        yield await _finding(tx, name, rows)
    yield spread_finding(await reads_books.some_paid_notices(tx, limit=SPREAD_SAMPLE))


async def check_links(tx: AsyncConnection) -> Finding:
    """Check the parents' links within ``tx`` (role Loader: no other may see them)."""
    return await _finding(tx, LINK, reads_books.NOTICE_LINK)


async def _finding(tx: AsyncConnection, name: str, rows: str) -> Finding:
    counted = await reads_books.count_breaches(tx, rows, examples=EXAMPLES)
    return Finding(name, counted.looked_at, counted.breaches, counted.examples)


def spread_finding(sample: Sequence[PaidNotice]) -> Finding:
    """Check on a sample that paid money can be told per line."""
    broken = [notice.name for notice in sample if not _spreads(notice)]
    return Finding(SPREAD, len(sample), len(broken), tuple(broken[:EXAMPLES]))


def _spreads(notice: PaidNotice) -> bool:
    try:
        parts = spread(notice.paid, [Line(amount) for amount in notice.lines])
    except ValueError:
        return False
    return sum(parts) == notice.paid and len(parts) == len(notice.lines)
