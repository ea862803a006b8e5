"""Reads of exported notices, page by page by key. Writes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.db import raw_connection
from kernel.money import Dong
from payments.model import InvoiceState


@dataclass(frozen=True, slots=True)
class ExportedInvoice:
    """A notice with what its payer needs; amounts in đồng."""

    school_id: int
    invoice_id: int
    external_id: str
    code: str
    student: str
    school: str
    due: Dong
    outstanding: Dong
    state: InvoiceState
    bank_bin: str
    account: str
    account_ready: bool
    memo_prefix: str | None


_PAGE = """
select i.school_id, i.id, i.external_id, i.code, p.code as student, s.code as school, i.due_dong,
       i.outstanding_dong, i.state, a.bank_bin, a.number, a.proof <> 'unproved' as ready,
       a.memo_prefix
  from (select * from invoice where (school_id, id) > ($1, $2)
         order by school_id, id limit $3) i
  join school s on s.id = i.school_id
  join student p on p.school_id = i.school_id and p.id = i.student_id
  join account a on a.id = i.account_id
 order by i.school_id, i.id
"""


async def invoice_page(
    tx: AsyncConnection, *, after: tuple[int, int], limit: int
) -> Sequence[ExportedInvoice]:
    """Read the next notices after (school id, invoice id), in that order."""
    driver = await raw_connection(tx)
    return [
        ExportedInvoice(
            school_id=row["school_id"],
            invoice_id=row["id"],
            external_id=row["external_id"],
            code=row["code"],
            student=row["student"],
            school=row["school"],
            due=Dong(row["due_dong"]),
            outstanding=Dong(row["outstanding_dong"]),
            state=InvoiceState(row["state"]),
            bank_bin=row["bank_bin"],
            account=row["number"],
            account_ready=row["ready"],
            memo_prefix=row["memo_prefix"],
        )
        for row in await driver.fetch(_PAGE, *after, limit)
    ]
