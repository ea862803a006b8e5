"""The folding job: new transfers into monthly sums, under one lock; may run twice at no cost."""

import structlog

from kernel.access import Folder
from kernel.db import Database
from reports import reads, writes

log = structlog.get_logger()

FOLD_BELL = "fold"


async def fold_waiting(db: Database) -> int:
    """Fold what waits unless another worker does; give how many sums were touched."""
    async with db.transaction(Folder()) as tx:
        if not await reads.try_fold(tx):
            return 0
        touched = await writes.fold_new(tx)
    if touched:
        log.info("rates_folded", sums=touched)
    return touched
