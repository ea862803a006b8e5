"""Publishes a staged bundle's units, schools, classes, pupils, accounts and fee items.

File by file: check, leave bad lines out, add what is not kept yet; the next file's references
then mean kept rows only. Money and notices come after, in ``bundle_notices``.
"""

from collections.abc import Callable, Iterable

from sqlalchemy.ext.asyncio import AsyncConnection

from payments import reads_bundle as checks
from payments import reads_bundle_notices as late_checks
from payments import writes_bundle as writes
from payments.bundle_notices import LoadTerms
from payments.reads_bundle import Check
from payments.writes_bundle import run


async def publish(
    tx: AsyncConnection, terms: LoadTerms, *, told: Callable[[str, int], None]
) -> dict[str, int]:
    """Check and add everything but receivables; give how many rows of each kind are new."""
    added = await _units(tx)
    added["schools"] = await _schools(tx, moved=added["units"] + added["unit_links"])
    told("added units and schools", added["units"] + added["schools"])
    added["classes"] = await _classes(tx)
    added["students"] = await _students(tx)
    told("added pupils", added["students"])
    added |= await _accounts(tx, terms)
    await _check(tx, late_checks.FEE_ITEM_CHECKS, "fee_item")
    added["fee_items"] = await run(tx, writes.FEE_ITEMS)
    told("added accounts and fee items", added["accounts"] + added["fee_items"])
    return added


async def _check(tx: AsyncConnection, wanted: Iterable[Check], table: str) -> None:
    """Run the checks of one file and take what they find out of staging."""
    file = ""
    for each in wanted:
        await writes.check(tx, each)
        file = each.file
    await writes.leave_out(tx, file, table)


async def _units(tx: AsyncConnection) -> dict[str, int]:
    await _check(tx, checks.UNIT_CHECKS, "unit")
    await _check(tx, checks.UNIT_TREE_CHECKS, "unit")
    added = {"units": await run(tx, writes.UNITS), "unit_links": await run(tx, writes.LINKS)}
    for each in checks.SUCCESSION_CHECKS:
        await writes.check(tx, each)
    added["unit_successions"] = await run(tx, writes.SUCCESSIONS)
    return added


async def _schools(tx: AsyncConnection, *, moved: int) -> int:
    """Add schools; if they or the tree are new, say again who stands below whom."""
    await _check(tx, checks.SCHOOL_CHECKS, "school")
    added = await run(tx, writes.SCHOOLS)
    if added or moved:
        await run(tx, writes.CLOSURE_GONE)
        await run(tx, writes.CLOSURE)
    return added


async def _classes(tx: AsyncConnection) -> int:
    await _check(tx, checks.CLASS_CHECKS, "school_class")
    return await run(tx, writes.CLASSES)


async def _students(tx: AsyncConnection) -> int:
    await run(tx, writes.RESOLVE_STUDENTS)
    await _check(tx, checks.STUDENT_CHECKS, "student")
    added = await run(tx, writes.STUDENTS)
    await run(tx, writes.GUARDIANS)
    await run(tx, writes.BALANCES)
    return added


async def _accounts(tx: AsyncConnection, terms: LoadTerms) -> dict[str, int]:
    await _check(tx, late_checks.ACCOUNT_CHECKS, "account")
    await _check(tx, late_checks.ACCOUNT_PARENT_CHECKS, "account")
    await run(tx, writes.RESOLVE_ACCOUNTS)
    accounts = await writes.add_accounts(tx)
    opened = await writes.open_accounts(tx, actor=terms.actor, at=terms.now)
    return {"accounts": accounts, "account_schools": opened}
