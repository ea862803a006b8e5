"""Checks a staged bundle's receivables and issues them: codes in line order, books, facts, audit.

Never computes a fee: amounts stand as the bundle gives them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.errors import Conflict
from kernel.outbox import PUSH_BELL
from kernel.queue import ring
from payments import reads_bundle_notices as reads
from payments import writes_bundle, writes_bundle_notices
from payments.reference import CodeBook
from payments.tokens import token_hash, token_of
from payments.writes_bundle import run

CHUNK_CODES = 10_000


class CodesTaken(Conflict):
    """The next codes are in use: HOCPHI_CODE_KEY or the prefix has changed under kept notices."""

    code = "codes_taken"


@dataclass(frozen=True, slots=True)
class LoadTerms:
    """Under what a bundle is loaded: by whom, when, with which codes and links.

    ``keep_good``: bad lines are left out instead of refusing the whole.
    """

    code_book: CodeBook
    page_key: bytes = field(repr=False)
    actor: str
    now: datetime
    keep_good: bool


async def check(tx: AsyncConnection, *, told: Callable[[str, int], None]) -> None:
    """Resolve what the staged receivables name and write down every problem."""
    await run(tx, writes_bundle_notices.RESOLVE_NOTICES)
    for each in reads.RECEIVABLE_CHECKS:
        await writes_bundle.check(tx, each)
    told("checked receivables", 0)


async def publish(
    tx: AsyncConnection, terms: LoadTerms, *, told: Callable[[str, int], None]
) -> dict[str, int]:
    """Issue the good receivables that are not kept yet; raises CodesTaken."""
    fresh = await writes_bundle_notices.resolve_new(tx)
    if fresh:
        await _stage_codes(tx, terms, fresh)
        added = await writes_bundle_notices.add_notices(tx, at=terms.now)
        assert added == fresh, "a notice was lost between staging and its table"
        told("added notices", fresh)
        await writes_bundle_notices.add_books(tx, at=terms.now)
        await writes_bundle_notices.add_facts(tx, at=terms.now)
        ring(tx, PUSH_BELL)
        told("added books and facts", fresh)
    return {"receivables": fresh}


async def _stage_codes(tx: AsyncConnection, terms: LoadTerms, fresh: int) -> None:
    """Make codes and link hashes in the order of the lines and stage them."""
    first = await writes_bundle_notices.take_numbers(tx, fresh)
    after = -1
    while lines := await reads.new_lines(tx, after=after, limit=CHUNK_CODES):
        rows: list[tuple[object, ...]] = []
        for line, nth in lines:
            code = terms.code_book.make(first + nth)
            rows.append((line, code, first + nth, token_hash(token_of(terms.page_key, code))))
        await writes_bundle.stage(tx, "notice", rows)
        after = lines[-1][1]
    if await reads.codes_taken(tx):
        raise CodesTaken("codes to be given out are in use: has HOCPHI_CODE_KEY changed?")


async def close(
    tx: AsyncConnection, terms: LoadTerms, *, added: Mapping[str, int], lines: Mapping[str, int]
) -> None:
    """Write the load into the audit if it changed anything, and empty staging."""
    if any(added.values()):
        facts = msgspec.json.encode({"added": added, "lines": lines}).decode()
        await writes_bundle.add_deed(tx, actor=terms.actor, facts=facts, at=terms.now)
    await writes_bundle.empty(tx)
