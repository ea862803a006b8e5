"""Builders of rows for database tests: a school, its account, pupils, notices, bank events.

Planted by the superuser, with the books right: every notice has its issue and charge transfers.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from kernel.access import Loader
from kernel.db import Database
from kernel.money import Dong
from payments import ledger
from payments.model import (
    Transfer,
    TransferKind,
    fee_item,
    receivable,
    round_control,
)
from payments.reference import CodeBook
from payments.tokens import token_hash, token_of
from reconciliation import intake
from reconciliation.arrival import Arrival
from reconciliation.model import BankEvent, Direction, Method

KEY = bytes(range(32))
BOOK = CodeBook(prefix="HPX", key=KEY)
NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
PERIOD = date(2026, 11, 1)
_serial = count(1)


@dataclass(frozen=True, slots=True)
class School:
    """A school with one receiving account, one class, one round and one fee item."""

    id: int
    code: str
    unit_id: int
    account_id: int
    account_number: str
    class_id: int
    round_id: int
    fee_item_id: int


@dataclass(frozen=True, slots=True)
class Pupil:
    school: School
    id: int
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Issued:
    """A notice as it was planted."""

    pupil: Pupil
    id: int
    external_id: str
    code: str
    token: str
    due: int

    @property
    def key(self) -> tuple[int, int]:
        return (self.pupil.school.id, self.id)


@dataclass(slots=True)
class Planter:
    """Plants rows in one database; ``su`` is a superuser's asyncpg connection."""

    su: Any
    db: Database
    codes: count = field(default_factory=lambda: count(1))  # type: ignore[type-arg]

    async def school(self, code: str = "TH-1", *, account_of: School | None = None) -> School:
        one = self.su.fetchval
        unit = await one(
            "insert into unit (code, kind, name, valid_from) values ($1, 'commune', $2, $3)"
            " on conflict (code) do update set name = excluded.name returning id",
            f"U-{code}", f"Phường {code}", date(2025, 7, 1),
        )  # fmt: skip
        school = await one(
            "insert into school (code, name, level, ownership, unit_id)"
            " values ($1, $2, 'TH', 'public', $3) returning id",
            code, f"Trường Tiểu học {code}", unit,
        )  # fmt: skip
        await self.su.execute(
            "insert into unit_closure values ($1, $2, 'administrative', $3, null)",
            unit, school, date(2025, 7, 1),
        )  # fmt: skip
        number = account_of.account_number if account_of else f"0011{next(_serial):09d}"
        account = account_of.account_id if account_of else await one(
            "insert into account (number, bank_bin, holder, kind, proof)"
            " values ($1, '970403', $2, 'main', 'released') returning id",
            number, f"TRUONG {code}",
        )  # fmt: skip
        await self.su.execute("insert into account_school values ($1, $2)", account, school)
        grade = await one(
            "insert into school_class (school_id, code, school_year, grade, name)"
            " values ($1, '3A', '2026-2027', '3', '3A') returning id",
            school,
        )
        opened = await one(
            "insert into collection_round (school_id, period, source, state, opened_at)"
            " values ($1, $2, 'bundle', 'open', $3) returning id",
            school, PERIOD, NOW,
        )  # fmt: skip
        item = await one(
            "insert into fee_item (school_id, code, name, legal_class, unit, legal_basis)"
            " values ($1, 'TA', 'Tiền ăn bán trú', 'agreed', 'month', '') returning id",
            school,
        )
        return School(school, code, unit, account, number, grade, opened, item)

    async def pupil(self, school: School, name: str = "Nguyễn Minh An") -> Pupil:
        code = f"46{next(_serial):08d}"
        student = await self.su.fetchval(
            "insert into student (school_id, class_id, code, name, search_key, sort_key, status)"
            " values ($1, $2, $3, $4, lower($4), lower($4), 'studying') returning id",
            school.id, school.class_id, code, name,
        )  # fmt: skip
        await self.su.execute(
            "insert into pupil_balance (school_id, student_id) values ($1, $2)", school.id, student
        )
        return Pupil(school, student, code, name)

    async def notice(
        self, pupil: Pupil, due: int = 1_250_000, *, due_date: date = date(2026, 11, 30)
    ) -> Issued:
        school, number = pupil.school, next(self.codes)
        code, external = BOOK.make(number), f"N{number}"
        token = token_of(KEY, code)
        invoice = await self.su.fetchval(
            "insert into invoice (school_id, external_id, student_id, round_id, account_id, code,"
            " period, issued_at, due_date, due_dong, outstanding_dong, state)"
            " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::bigint, $10::bigint,"
            " case when $10::bigint = 0 then 'paid' else 'issued' end) returning id",
            school.id, external, pupil.id, school.round_id, school.account_id, code, PERIOD, NOW,
            due_date, due,
        )  # fmt: skip
        await self.su.execute(
            "insert into invoice_line values ($1, $2, 1, $3, 'Tiền ăn bán trú', $4)",
            school.id, invoice, school.fee_item_id, due,
        )  # fmt: skip
        await self.su.execute(
            "insert into payment_code values ($1, $2, $3, $4, $5)",
            code, number, school.account_id, school.id, invoice,
        )  # fmt: skip
        await self.su.execute(
            "insert into page_token values ($1, $2, $3, $4)",
            token_hash(token), school.id, invoice, pupil.id,
        )  # fmt: skip
        await self._book(pupil, invoice, due)
        return Issued(pupil, invoice, external, code, token, due)

    async def _book(self, pupil: Pupil, invoice: int, due: int) -> None:
        """Book the issue and its charge; here each notice is charged on its own."""
        if due == 0:
            return
        school = pupil.school
        control = round_control(school.id, school.round_id)
        issued = Transfer(
            debit=receivable(school.id),
            credit=control,
            amount=Dong(due),
            kind=TransferKind.ISSUED,
            reference=f"issue:{invoice}",
            at=NOW,
            school_id=school.id,
            invoice_id=invoice,
            student_id=pupil.id,
            round_id=school.round_id,
            period=PERIOD,
        )
        charged = replace(
            issued,
            debit=control,
            credit=fee_item(school.id, school.fee_item_id),
            kind=TransferKind.CHARGED,
            reference=f"charge:{school.round_id}:{school.fee_item_id}:{invoice}",
            invoice_id=None,
            student_id=None,
            fee_item_id=school.fee_item_id,
        )
        async with self.db.transaction(Loader()) as tx:
            await ledger.record(tx, [issued, charged])

    async def receive(self, *arrivals: Arrival) -> int:
        """Take events in as an operator's file would; give how many were new."""
        async with self.db.transaction(Loader()) as tx:
            return await intake.record(tx, list(arrivals))


def arrival(
    school: School, amount: int = 1_250_000, memo: str = "", *, txn: str | None = None,
    **changes: Any,
) -> Arrival:  # fmt: skip
    """Make one event on a school's account; ``changes`` replace fields of the BankEvent."""
    number = next(_serial)
    event = BankEvent(
        provider="sepay",
        provider_txn_id=txn or f"T{number}",
        account=school.account_number,
        amount=Dong(amount),
        direction=Direction.IN,
        booked_at=NOW,
        description=memo,
        bank_ref=f"FT{number:012d}",
        method=Method.TRANSFER,
    )
    return Arrival(
        event_id=f"E{number}",
        received_at=NOW,
        source="file",
        event=replace(event, **changes),
        account_id=school.account_id,
    )
