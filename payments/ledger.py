"""Records transfers: the only file that adds rows to the ledger. Never changes or deletes one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.errors import Conflict
from payments import reads_ledger, writes_ledger
from payments.model import Transfer
from payments.reads_ledger import KeptTransfer


class TransferExists(Conflict):
    """A transfer with this reference is in the books already."""

    code = "transfer_exists"


async def record(tx: AsyncConnection, transfers: Sequence[Transfer]) -> None:
    """Add transfers to the books in one statement; all or none, each reference once.

    Raises TransferExists, with the transaction still usable, if any reference is known.
    """
    if not transfers:
        return
    sides = {side for each in transfers for side in (each.debit, each.credit)}
    ids = await reads_ledger.account_ids(tx, sides)
    missing = sorted(sides - ids.keys(), key=repr)
    if missing:
        await writes_ledger.add_accounts(tx, missing)
        ids = await reads_ledger.account_ids(tx, sides)
    added = await writes_ledger.add_transfers(tx, transfers, ids)
    if added != len(transfers):
        raise TransferExists("a transfer with this reference is in the books already")


def reversal(kept: KeptTransfer, *, at: datetime) -> Transfer:
    """Make the counter-row of a kept transfer: same amount, sides turned, linked to it."""
    return replace(
        kept.transfer,
        debit=kept.transfer.credit,
        credit=kept.transfer.debit,
        reference=f"reverse:{kept.id}",
        reverses_id=kept.id,
        at=at,
    )
