"""A small good bundle as lists of lines, for tests to change, write to a folder and load."""

import copy
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kernel.access import Loader
from kernel.db import Database
from migrations.policies import BOUNDED, UNBOUNDED
from payments.bundle import Loaded, load
from payments.bundle_notices import LoadTerms
from payments.reference import CodeBook
from tests.database import TestDatabase

KEY = bytes(range(32))
BOOK = CodeBook(prefix="HPX", key=KEY)
NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)

Bundle = dict[str, list[Any]]


def unit(code: str, kind: str, parent: str | None, **changes: Any) -> dict[str, Any]:
    row = {
        "code": code,
        "kind": kind,
        "name": f"Đơn vị {code}",
        "parent": parent,
        "relation": "administrative",
        "valid_from": "2025-07-01",
        "valid_to": None,
        "succeeds": [],
    }
    return row | changes


def student(code: str, school: str, *, school_class: str = "3A", **changes: Any) -> dict[str, Any]:
    row = {
        "code": code,
        "school": school,
        "class": school_class,
        "name": "Nguyễn Minh An",
        "birth_date": "2018-02-28",
        "moet_code": None,
        "status": "studying",
        "virtual_account": None,
        "guardians": [{"name": "Nguyễn Văn Bình", "phone": "0912345678", "email": None}],
    }
    return row | changes


def receivable(external_id: str, pupil: str, *amounts: int, **changes: Any) -> dict[str, Any]:
    row = {
        "external_id": external_id,
        "student": pupil,
        "period": "2026-11",
        "issued_at": "2026-11-01T08:00:00+07:00",
        "due_date": "2026-11-25",
        "lines": [
            {"fee_item": code, "name": f"Khoản {code}", "amount_dong": amount}
            for code, amount in zip(("TA", "NU", "TA"), amounts, strict=False)
        ],
    }
    return row | changes


def small_bundle() -> Bundle:
    """Two schools below a commune: one public with two accounts, one private; four notices."""
    schools = (("TH-1", "public"), ("TH-2", "private"))
    numbers = (("00110001", "TH-1"), ("00110002", "TH-1"), ("00110003", "TH-2"))
    return copy.deepcopy(
        {
            "units": [
                unit("46", "province", None, valid_from="1989-06-30"),
                unit("479", "district", "46", valid_from="2010-02-09", valid_to="2025-06-30"),
                unit("19960", "commune", "46", succeeds=["479"]),
            ],
            "schools": [
                {"code": code, "name": f"Trường {code}", "level": "TH", "ownership": owner,
                 "unit": "19960"}
                for code, owner in schools
            ],
            "accounts": [
                {"number": number, "bank": "970403", "holder": f"TRUONG {school}",
                 "schools": [school], "kind": "main", "parent": None, "student": None,
                 "memo_prefix": None}
                for number, school in numbers
            ],
            "classes": [
                {"code": "3A", "school": code, "school_year": "2026-2027", "grade": "3",
                 "name": "Lớp 3A"}
                for code, _ in schools
            ],
            "students": [student("S1", "TH-1"), student("S2", "TH-1"), student("S3", "TH-2")],
            "fee_items": [
                {"code": code, "school": school, "name": f"Khoản {code}", "legal_class": kind,
                 "unit": "month", "price_dong": None, "legal_basis": ""}
                for code, school, kind in (
                    ("TA", None, "agreed"), ("NU", None, "service"), ("NU", "TH-2", "agreed"),
                    ("HP", None, "tuition"),
                )
            ],
            "receivables": [
                receivable("N1", "S1", 900_000, 350_000),
                receivable("N2", "S2", 500_000, -600_000, 200_000),
                receivable("N3", "S3", 700_000, -1),
                receivable("N4", "S1", 100, -100),
            ],
        }
    )  # fmt: skip


def write(folder: Path, bundle: Mapping[str, list[Any]]) -> Path:
    """Write the files of a bundle; a line given as text stands as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in bundle.items():
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        (folder / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return folder


def terms(*, keep_good: bool = False, key: bytes = KEY) -> LoadTerms:
    return LoadTerms(
        code_book=CodeBook(prefix="HPX", key=key),
        page_key=KEY,
        actor="operator:test",
        now=NOW,
        keep_good=keep_good,
    )


async def load_bundle(
    db: Database, folder: Path, bundle: Mapping[str, list[Any]], *, keep_good: bool = False
) -> Loaded:
    """Write a bundle and load it in a transaction of its own."""
    write(folder, bundle)
    async with db.transaction(Loader()) as tx:
        return await load(tx, folder, terms(keep_good=keep_good), told=lambda *_: None)


TABLES = [*BOUNDED, *UNBOUNDED]


async def everything(database: TestDatabase) -> dict[str, list[Any]]:
    """Read every row of every table that a load may write."""
    async with database.superuser() as su:
        return {
            table: sorted(str(row) for row in await su.fetch(f"select * from {table}"))
            for table in TABLES
        }
