"""Prepares the demo's instance: sample schools, a bank connection, a receiver, two people."""

import io
import json
from dataclasses import dataclass
from pathlib import Path

from kernel.access import Loader
from kernel.clock import utc_now
from service.cli_export import export_invoices
from service.cli_import import import_bundle
from service.cli_people import add_user
from service.instance import Instance
from service.passwords import Passwords
from service.people import NewPerson, Role
from service.receiver import Receiver
from service.synthetic import write_bundle
from service.synthetic_bank_rows import InvoiceRow
from webhooks.setup import NewConnection, NewEndpoint, add_connection, add_endpoint

SCHOOLS, PUPILS, SEED = 4, 40, 7
SCHOOL = "TH-PB1"
ACCOUNT = "0011012345678"
STAFF, OFFICER = "ketoan", "canbo"
PASSWORD = "cay phuong vi do"  # noqa: S105  the demo's own, printed on the screen
ACTOR = "demo"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the demo plays with: the first pupil's notice, a second one, others of the school."""

    first: InvoiceRow
    second: InvoiceRow
    others: tuple[InvoiceRow, ...]
    lines: tuple[tuple[str, int], ...]
    notices: int


async def prepare(instance: Instance, folder: Path, receiver: Receiver) -> Prepared:
    """Load the sample bundle and set up doors and people."""
    write_bundle(folder, schools=SCHOOLS, pupils_per_school=PUPILS, seed=SEED)
    await import_bundle(instance, folder, dry_run=False, keep_good=False)
    db = instance.operator_db()
    now = utc_now()
    try:
        async with db.transaction(Loader()) as tx:
            bank = NewConnection("sepay", [ACCOUNT], b"demo-secret-of-sepay", {}, sandbox=True)
            await add_connection(tx, bank, seal_key=instance.seal_key, actor=ACTOR, now=now)
            for url, kind in ((receiver.url, "contact-book"),):
                heard = NewEndpoint(url, kind, receiver.secret, "standard", None, sandbox=True)
                await add_endpoint(tx, heard, seal_key=instance.seal_key, actor=ACTOR, now=now)
        for person in (
            NewPerson(STAFF, "Lê Thị Thanh Tâm", Role.ACCOUNTANT, schools=(SCHOOL,)),
            NewPerson(OFFICER, "Phan Văn Hòa", Role.OFFICER, units=(_province(folder),)),
        ):
            await add_user(
                db, person, ask=lambda: PASSWORD, passwords=Passwords(), actor=ACTOR, now=now
            )
    finally:
        await db.close()
    exported = await _exported(instance)
    others = tuple(each for each in exported[2:] if each.school == SCHOOL)
    return Prepared(exported[0], exported[1], others, _lines(folder), len(exported))


async def _exported(instance: Instance) -> list[InvoiceRow]:
    out = io.BytesIO()
    await export_invoices(instance, out)
    return [InvoiceRow(**json.loads(line)) for line in out.getvalue().splitlines()]


def _province(folder: Path) -> str:
    lines = (folder / "units.jsonl").read_text(encoding="utf-8").splitlines()
    return next(unit["code"] for unit in map(json.loads, lines) if unit["kind"] == "province")


def _lines(folder: Path) -> tuple[tuple[str, int], ...]:
    with (folder / "receivables.jsonl").open(encoding="utf-8") as file:
        first = json.loads(file.readline())
    return tuple((line["name"], line["amount_dong"]) for line in first["lines"])
