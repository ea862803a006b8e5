"""The export tells each notice with what its payer needs, in a fixed order of keys."""

import json
from pathlib import Path
from typing import Any

import pytest

from kernel.access import Auditor
from payments.export_invoices import invoice_lines
from payments.tokens import token_of
from payments.vietqr import decode
from tests.database import TestDatabase
from tests.payments.bundles import BOOK, KEY, load_bundle, receivable, small_bundle

KEYS = [
    "external_id", "code", "memo", "student", "school", "due_dong", "paid_dong", "state",
    "pay_url", "qr_payload",
]  # fmt: skip


async def exported(database: TestDatabase, *, page: int = 2_000) -> list[dict[str, Any]]:
    async with database.operator().transaction(Auditor()) as tx:
        pieces = [
            piece
            async for piece in invoice_lines(
                tx, public_url="https://pay.example", page_key=KEY, page=page
            )
        ]
    return [json.loads(line) for line in b"".join(pieces).splitlines()]


async def test_a_notice_is_exported_with_its_link_and_a_qr_that_reads_back(
    database: TestDatabase, tmp_path: Path
) -> None:
    bundle = small_bundle()
    bundle["accounts"][0]["memo_prefix"] = "SEVQR"
    await load_bundle(database.operator(), tmp_path, bundle)

    first, *_ = await exported(database)

    code = BOOK.make(0)
    assert list(first) == KEYS
    qr = decode(first.pop("qr_payload"))
    assert first == {
        "external_id": "N1",
        "code": code,
        "memo": f"SEVQR {code}",
        "student": "S1",
        "school": "TH-1",
        "due_dong": 1_250_000,
        "paid_dong": 0,
        "state": "issued",
        "pay_url": f"https://pay.example/p/{token_of(KEY, code)}",
    }
    assert (qr.bank_bin, qr.account, qr.amount) == ("970403", "00110001", 1_250_000)
    assert qr.purpose == f"SEVQR {code}"


@pytest.mark.parametrize(
    ("state", "outstanding", "paid", "asked"),
    [
        ("partly_paid", 250_000, 1_000_000, 250_000),
        ("paid", 0, 1_250_000, None),
        ("cancelled", 0, 0, None),
        ("replaced", 0, 0, None),
    ],
)
async def test_the_qr_asks_for_what_is_outstanding_while_a_notice_is_open(
    database: TestDatabase,
    tmp_path: Path,
    state: str,
    outstanding: int,
    paid: int,
    asked: int | None,
) -> None:
    await load_bundle(database.operator(), tmp_path, small_bundle())
    async with database.superuser() as su:
        await su.execute(
            "update invoice set state = $1, outstanding_dong = $2 where external_id = 'N1'",
            state,
            outstanding,
        )

    first, *_ = await exported(database)

    assert (first["state"], first["paid_dong"]) == (state, paid)
    assert decode(first["qr_payload"]).amount == asked


async def test_an_account_that_is_not_proved_shows_no_qr(
    database: TestDatabase, tmp_path: Path
) -> None:
    await load_bundle(database.operator(), tmp_path, small_bundle())
    async with database.superuser() as su:
        await su.execute("update account set proof = 'unproved' where number = '00110001'")

    lines = await exported(database)

    assert [line["qr_payload"] is None for line in lines] == [True, True, True, False]


async def test_every_notice_is_exported_once_by_school_over_many_pages(
    database: TestDatabase, tmp_path: Path
) -> None:
    bundle = small_bundle()
    bundle["receivables"] = [receivable(f"N{each}", "S3" if each % 2 else "S1", 5) for each in
                             range(10)]  # fmt: skip
    await load_bundle(database.operator(), tmp_path, bundle)

    lines = await exported(database, page=3)

    assert [line["external_id"] for line in lines] == [
        f"N{each}" for each in (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
    ]
