"""Builds lines of an export and reads invented events back; asks the generator nothing."""

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from payments.vietqr import VietQr, encode
from service.synthetic_bank_rows import InvoiceRow

SCHOOL_OF = {"0011012345678": "A", "0000000000001": "B", "0000000000002": "C"}
BANK_OF = {"0011012345678": "970403", "0000000000001": "970415", "0000000000002": "970422"}

Told = list[tuple[dict[str, Any], dict[str, Any]]]


def make_invoice(
    number: int,
    *,
    account: str = "0011012345678",
    due: int = 1_250_000,
    paid: int = 0,
    state: str = "issued",
) -> InvoiceRow:
    symbols = random.Random(number).choices("0123456789CFHJKMNPRTVXG", k=11)
    code = "HPX" + "".join(symbols)
    memo = f"SEVQR {code}" if BANK_OF[account] == "970415" else code
    return InvoiceRow(
        external_id=f"R{number}",
        code=code,
        memo=memo,
        student=f"46{number:08d}",
        school=SCHOOL_OF[account],
        due_dong=due,
        paid_dong=paid,
        state=state,
        pay_url=None,
        qr_payload=encode(VietQr(bank_bin=BANK_OF[account], account=account, purpose=memo)),
    )


def make_invoices(count: int) -> Iterator[InvoiceRow]:
    accounts = list(SCHOOL_OF)
    for number in range(count):
        yield make_invoice(number, account=accounts[number % 3], due=200_000 + number % 997 * 1_000)


def told(out: Path) -> Told:
    events, truths = (
        [json.loads(line) for line in path.read_bytes().splitlines()]
        for path in (out, out.with_suffix(".truth.jsonl"))
    )
    return list(zip(events, truths, strict=True))


def of_kind(rows: Told, *kinds: str) -> Told:
    return [row for row in rows if row[1]["kind"] in kinds]


def squashed(text: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", text.upper())


def write_lines(path: Path, invoices: list[InvoiceRow]) -> Path:
    path.write_bytes(msgspec.json.Encoder().encode_lines(invoices))
    return path
