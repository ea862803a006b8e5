"""The lines of a bundle's files, in the key order of the bundle's format.

Shapes for writing samples only: what an import accepts is decided where it is read. Days and
times are already text here, amounts are whole đồng.
"""

import msgspec


class UnitRow(msgspec.Struct, frozen=True):
    """One line of ``units.jsonl``."""

    code: str
    kind: str
    name: str
    parent: str | None
    relation: str
    valid_from: str
    valid_to: str | None
    succeeds: list[str]


class SchoolRow(msgspec.Struct, frozen=True):
    """One line of ``schools.jsonl``."""

    code: str
    name: str
    level: str
    ownership: str
    unit: str


class AccountRow(msgspec.Struct, frozen=True):
    """One line of ``accounts.jsonl``; ``bank`` is a BIN."""

    number: str
    bank: str
    holder: str
    schools: list[str]
    kind: str = "main"
    parent: str | None = None
    student: str | None = None
    memo_prefix: str | None = None


class ClassRow(msgspec.Struct, frozen=True):
    """One line of ``classes.jsonl``."""

    code: str
    school: str
    school_year: str
    grade: str
    name: str


class GuardianRow(msgspec.Struct, frozen=True):
    """A guardian inside a pupil's line; siblings repeat the same one."""

    name: str
    phone: str | None
    email: str | None


class StudentRow(msgspec.Struct, frozen=True):
    """One line of ``students.jsonl``."""

    code: str
    school: str
    school_class: str = msgspec.field(name="class")
    name: str
    birth_date: str | None
    moet_code: str | None
    status: str
    virtual_account: str | None
    guardians: list[GuardianRow]


class FeeItemRow(msgspec.Struct, frozen=True):
    """One line of ``fee_items.jsonl``; without school it belongs to the shared catalogue."""

    code: str
    school: str | None
    name: str
    legal_class: str
    unit: str
    price_dong: int | None
    legal_basis: str


class LineRow(msgspec.Struct, frozen=True):
    """One line of a notice; it may be negative."""

    fee_item: str
    name: str
    amount_dong: int


class ReceivableRow(msgspec.Struct, frozen=True):
    """One line of ``receivables.jsonl``: one issued notice."""

    external_id: str
    student: str
    period: str
    issued_at: str
    due_date: str
    lines: list[LineRow]

    @property
    def due_dong(self) -> int:
        """Sum the lines (đồng)."""
        return sum(line.amount_dong for line in self.lines)
