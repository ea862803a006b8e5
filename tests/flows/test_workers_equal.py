"""The same bundle and the same events give the same outcomes, however many workers settle them."""

import asyncio
import io
import json
import os
import random
import sys
from collections.abc import Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from kernel.access import Auditor, Sweeper
from kernel.embedded import Server
from kernel.settings import CHECKOUT, Settings
from payments.reference import CodeBook
from reconciliation import books
from reconciliation.jobs import settle_waiting
from reconciliation.reads_books import credits_waiting
from service import cli_import_events
from service.cli_export import export_invoices
from service.cli_export_outcomes import export_outcomes
from service.cli_import import import_bundle
from service.cli_import_events import import_events
from service.instance import Instance
from tests.database import TestDatabase
from tests.fresh import fresh_database
from tests.payments.bundles import KEY, receivable, small_bundle, student, write
from tests.told import event_line, write_events

EVENTS = 600
PUPILS = 60
ACCOUNTS = {"TH-1": "00110001", "TH-2": "00110003", "TH-3": "00110004", "TH-4": "00110004"}


def bundle() -> dict[str, list[Any]]:
    """Four schools, two of them on one account, and a few notices for each pupil."""
    made = small_bundle()
    made["schools"] += [made["schools"][0] | {"code": code} for code in ("TH-3", "TH-4")]
    shared = made["accounts"][0] | {"number": "00110004", "schools": ["TH-3", "TH-4"]}
    made["accounts"] = [row for row in made["accounts"] if row["number"] != "00110002"] + [shared]
    made["classes"] += [made["classes"][0] | {"school": code} for code in ("TH-3", "TH-4")]
    schools = list(ACCOUNTS)
    made["students"] += [student(f"P{each}", schools[each % 4]) for each in range(PUPILS)]
    made["receivables"] += [
        receivable(f"R{each}-{turn}", f"P{each}", 100_000 + 10_000 * (each % 7), 50_000 * turn)
        for turn in range(3)
        for each in range(PUPILS)
    ]
    return made


def events(notices: list[dict[str, Any]], rng: random.Random) -> Iterator[dict[str, Any]]:
    """Tell of payments of every kind; many touch the same pupil, so that order matters."""
    unknown = CodeBook(prefix="HPX", key=KEY).make(9_999_999)
    told: list[dict[str, Any]] = []
    for number in range(EVENTS):
        notice, other = rng.sample(notices, 2)
        account, due = ACCOUNTS[notice["school"]], notice["due_dong"] or 1
        row = event_line(
            f"E{number}",
            bank_ref=f"FT{number}",
            account=account,
            amount_dong=rng.choice([due, due, max(1, due // 2), due * 2, due + 50_000]),
            description=f"CK {notice['code']} ct",
        )
        known = rng.choice(told) if told else row
        kind = rng.randrange(16)
        row |= {
            0: {"description": "hoc phi thang 11"},
            1: {"description": unknown},
            2: {"description": f"{notice['code']} {other['code']}"},
            3: {"account": ACCOUNTS[other["school"]]},
            4: {"account": "99999999"},
            5: {key: known[key] for key in row if key != "event_id"},
            6: {"provider_txn_id": known["provider_txn_id"], "account": known["account"]},
            7: {"direction": "out", "account": known["account"],
                "amount_dong": known["amount_dong"], "related_bank_ref": known["bank_ref"],
                "description": "hoan tra"},
            8: {"direction": "out", "description": "phi"},
        }.get(kind, {})  # fmt: skip
        told.append(row)
        yield row


@asynccontextmanager
async def instance_with(server: Server, folder: Path):
    """A fresh instance that has the bundle."""
    async with fresh_database(server) as database:
        settings = Settings(code_key=KEY.hex(), page_key=KEY.hex())
        urls = ("hocphi", "hocphi_worker", "hocphi_operator", "hocphi_owner")
        instance = Instance(settings, *(database.url(login) for login in urls))
        await import_bundle(instance, folder / "bundle", dry_run=False, keep_good=False)
        yield instance, database


async def settle_until(database: TestDatabase, told: asyncio.Event, rng: random.Random) -> None:
    """Be one worker with a pool of its own, until everything told is decided."""
    pool = database.worker()
    while True:
        complete = told.is_set()
        done = await settle_waiting(pool, "HPX")
        assert done.failed == 0
        async with pool.transaction(Sweeper()) as tx:
            if complete and not await credits_waiting(tx):
                return
        await asyncio.sleep(rng.random() / 50)


async def run_with(server: Server, folder: Path, workers: int, *, shift: int = 0) -> bytes:
    """Take the events in while ``workers`` settle; give the outcomes."""
    async with instance_with(server, folder) as (instance, database):
        if shift:  # other internal ids must not show
            async with database.superuser() as su:
                for table in ("bank_credit", "bank_event", "transfer", "credit_decision"):
                    await su.execute(f"alter sequence {table}_id_seq restart {shift}")
        told = asyncio.Event()

        async def tell() -> None:
            await import_events(instance, folder / "events.jsonl")
            told.set()

        rng = random.Random(workers)
        settling = [settle_until(database, told, rng) for _ in range(workers)]
        await asyncio.gather(tell(), *settling)
        return await outcomes_of(instance, database)


async def outcomes_of(instance: Instance, database: TestDatabase) -> bytes:
    """Export the outcomes; the books must be right too."""
    out = io.BytesIO()
    assert await export_outcomes(instance, out) == 0
    async with database.operator().transaction(Auditor()) as tx:
        assert [each for each in await books.check(tx) if each.breaches] == []
    return out.getvalue()


@pytest.fixture
async def folder(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the bundle, and events for the codes that it gets."""
    write(tmp_path / "bundle", bundle())
    async with instance_with(server, tmp_path) as (instance, _):
        out = io.BytesIO()
        await export_invoices(instance, out)
    notices = [json.loads(line) for line in out.getvalue().splitlines()]
    write_events(tmp_path / "events.jsonl", events(notices, random.Random(7)))
    monkeypatch.setattr(cli_import_events, "CHUNK_LINES", 40)
    return tmp_path


async def test_one_two_and_four_workers_give_the_same_bytes(server, folder):
    one = await run_with(server, folder, 1)
    two = await run_with(server, folder, 2, shift=70_000)
    four = await run_with(server, folder, 4)

    lines = [json.loads(line) for line in one.splitlines()]
    assert len(lines) == EVENTS
    kinds = {"settled", "case", "duplicate", "reversal", "ignored"}
    assert {line["outcome"] for line in lines} == kinds
    assert two == one
    assert four == one


async def test_two_processes_give_the_same_bytes_as_one_worker(server, folder):
    one = await run_with(server, folder, 1)

    async with instance_with(server, folder) as (instance, database):
        await import_events(instance, folder / "events.jsonl")
        environment = os.environ | {
            "DATABASE_URL": instance.api_url,
            "WORKER_DATABASE_URL": instance.worker_url,
            "MIGRATE_DATABASE_URL": instance.owner_url,
            "HOCPHI_HOME": str(folder / "home"),
        }
        command = (sys.executable, "-c", "from service.cli import main; main()")
        settling = [
            await asyncio.create_subprocess_exec(
                *command, "settle", "--until-empty", cwd=CHECKOUT, env=environment,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            )
            for _ in range(2)
        ]  # fmt: skip
        said = [await each.communicate() for each in settling]

        assert [each.returncode for each in settling] == [0, 0], said
        counts = [int(out.split()[1]) for out, _ in said]
        async with database.superuser() as su:
            assert sum(counts) == await su.fetchval("select count(*) from bank_credit")
        assert await outcomes_of(instance, database) == one
