"""What a benchmark loads before it measures, and the proof of the books after it."""

import asyncio
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from kernel.access import Auditor, Loader
from reconciliation import books
from service.bench_places import analyse
from service.bench_runs import Scale, check, tell
from service.cli_export import export_invoices
from service.cli_import import import_bundle
from service.instance import Instance
from service.synthetic import BundleFacts, write_bundle
from service.synthetic_bank_rows import InvoiceRow
from service.synthetic_orders import Order, order_of

SEED = 7
SIZES: dict[Scale, tuple[int, int]] = {
    Scale.SMALL: (4, 500),
    Scale.PROVINCE: (590, 463),
    Scale.NATION: (41_000, 560),
}
"""Schools and pupils a school; the province is a real one's size, the nation has 23 million."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A loaded bundle: what was written, and its notices in an order drawn by the seed."""

    facts: BundleFacts
    orders: Sequence[Order]

    @property
    def invoices(self) -> list[InvoiceRow]:
        """The notices as the export tells them."""
        return [each.invoice for each in self.orders]

    @property
    def accounts(self) -> list[str]:
        """The receiving accounts."""
        return sorted({each.account for each in self.orders})


def write_sample(folder: Path, *, schools: int, pupils: int) -> BundleFacts:
    """Write the sample bundle."""
    tell(f"writing a bundle of {schools * pupils} pupils")
    return write_bundle(folder, schools=schools, pupils_per_school=pupils, seed=SEED)


def load_sample(instance: Instance, *, schools: int, pupils: int) -> Sample:
    """Load a sample bundle by the operator's real deed and read its notices back."""
    folder = instance.settings.home_folder / "bundle"
    facts = write_sample(folder, schools=schools, pupils=pupils)
    tell("loading the bundle")
    loaded = asyncio.run(import_bundle(instance, folder, dry_run=False, keep_good=False))
    check(holds=loaded.added["students"] == facts.students, promise="every pupil is loaded")
    analyse(instance)
    out = io.BytesIO()
    asyncio.run(export_invoices(instance, out))
    rows = [InvoiceRow(**json.loads(line)) for line in out.getvalue().splitlines()]
    Random(SEED).shuffle(rows)  # noqa: S311  a sample, the same every time
    payable = [row for row in rows if row.qr_payload is not None]
    orders = [
        order_of(row, row.qr_payload or "", position=place) for place, row in enumerate(payable)
    ]
    check(holds=len(orders) == facts.receivables, promise="every notice is issued")
    return Sample(facts, orders)


def prove_books(instance: Instance) -> None:
    """Check every invariant of the books; raises CheckFailed naming the broken ones."""
    tell("checking the books")
    broken = asyncio.run(_broken(instance))
    check(holds=not broken, promise=f"the books are clean ({', '.join(broken)})")


async def _broken(instance: Instance) -> list[str]:
    database = instance.operator_db()
    try:
        async with database.transaction(Auditor()) as tx:
            found = await books.check(tx)
        async with database.transaction(Loader()) as tx:
            found.append(await books.check_links(tx))
    finally:
        await database.close()
    return [each.name for each in found if each.breaches]
