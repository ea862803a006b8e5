"""The shapes of a bundle's lines, one struct per file, and what a single value must look like.

Each type's description is the rule that a person reads. Never reads a file, never looks anything
up. Fields that may be null may also be left out; unknown fields are refused.
"""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from kernel.money import DONG_MAX

_NO_CONTROL = r"[^\x00-\x1f\x7f]"

Code = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=100,
        pattern=rf"\A(?!\s){_NO_CONTROL}+(?<!\s)\Z",
        description="must be text of 1 to 100 characters without blanks at its ends",
    ),
]
"""A code is text and kept letter for letter (leading zeros too)."""

Name = Annotated[
    str,
    Meta(
        max_length=500,
        pattern=r"\A[^\x00-\x08\x0e-\x1b\x7f]*\S[^\x00-\x08\x0e-\x1b\x7f]*\Z",
        description="must be text of 1 to 500 characters",
    ),
]
Free = Annotated[
    str,
    Meta(
        max_length=500,
        pattern=r"\A[^\x00-\x08\x0e-\x1b\x7f]*\Z",
        description="must be text of at most 500 characters",
    ),
]
Day = Annotated[date, Meta(description="must be a day: YYYY-MM-DD")]
Moment = Annotated[
    datetime, Meta(tz=True, description="must be a time with offset: 2026-10-01T08:00:00+07:00")
]
Amount = Annotated[
    int, Meta(ge=-DONG_MAX, le=DONG_MAX, description="must be a whole number of dong")
]
Price = Annotated[
    int, Meta(ge=0, le=DONG_MAX, description="must be a whole number of dong, 0 or more")
]
Month = Annotated[
    str, Meta(pattern=r"\A20[0-9]{2}-(0[1-9]|1[0-2])\Z", description="must be a month: YYYY-MM")
]
SchoolYear = Annotated[
    str,
    Meta(pattern=r"\A20[0-9]{2}-20[0-9]{2}\Z", description="must be a school year: 2026-2027"),
]
Level = Annotated[
    str,
    Meta(
        pattern=r"\A[A-Z][A-Z0-9]{1,9}([-_+&,][A-Z0-9]{1,10}){0,4}\Z",
        description="must be a level such as MN, TH, THCS, THPT",
    ),
]
"""The list of levels is open: schools of several levels and continuing education have their own."""

AccountNumber = Annotated[
    str,
    Meta(
        pattern=r"\A[0-9A-Za-z]{1,19}\Z", description="must be 1 to 19 letters and digits, no blank"
    ),
]

UnitKind = Annotated[
    Literal[
        "ministry",
        "province",
        "department",
        "district",
        "education_office",
        "commune",
        "cluster",
        "school",
        "campus",
    ],
    Meta(
        description="must be one of ministry, province, department, district, education_office,"
        " commune, cluster, school, campus"
    ),
]
Relation = Annotated[
    Literal["administrative", "professional", "area", "reporting"],
    Meta(description="must be one of administrative, professional, area, reporting"),
]
Ownership = Annotated[
    Literal["public", "private", "people_founded"],
    Meta(description="must be one of public, private, people_founded"),
]
AccountKind = Annotated[
    Literal["main", "static_va", "order_va"],
    Meta(description="must be one of main, static_va, order_va"),
]
Status = Annotated[
    Literal["studying", "reserved", "transferred", "left", "graduated"],
    Meta(description="must be one of studying, reserved, transferred, left, graduated"),
]
LegalClass = Annotated[
    Literal[
        "tuition",
        "state_funds",
        "agreed",
        "service",
        "service_optional",
        "pass_through",
        "voluntary",
        "statutory_fee",
        "donation",
        "parents_fund",
        "forbidden",
    ],
    Meta(
        description="must be one of tuition, state_funds, agreed, service, service_optional,"
        " pass_through, voluntary, statutory_fee, donation, parents_fund, forbidden"
    ),
]


class Shape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What all lines share: a field that is not named is refused."""


class UnitLine(Shape, frozen=True):
    """One line of ``units.jsonl``: a unit under one parent; further parents on further lines.

    ``valid_to`` is the last day.
    """

    code: Code
    kind: UnitKind
    name: Name
    relation: Relation
    valid_from: Day
    parent: Code | None = None
    valid_to: Day | None = None
    succeeds: list[Code] = []


class SchoolLine(Shape, frozen=True):
    """One line of ``schools.jsonl``."""

    code: Code
    name: Name
    level: Level
    ownership: Ownership
    unit: Code


class AccountLine(Shape, frozen=True):
    """One line of ``accounts.jsonl``."""

    number: AccountNumber
    bank: Code
    holder: Name
    schools: list[Code]
    kind: AccountKind
    parent: AccountNumber | None = None
    student: Code | None = None
    memo_prefix: Code | None = None


class ClassLine(Shape, frozen=True):
    """One line of ``classes.jsonl``."""

    code: Code
    school: Code
    school_year: SchoolYear
    grade: Name
    name: Name


class GuardianShape(Shape, frozen=True):
    """A guardian inside a pupil's line."""

    name: Name
    phone: Free | None = None
    email: Free | None = None


class StudentLine(Shape, frozen=True):
    """One line of ``students.jsonl``."""

    code: Code
    school: Code
    school_class: Code = msgspec.field(name="class")
    name: Name
    status: Status
    birth_date: Day | None = None
    moet_code: Code | None = None
    virtual_account: AccountNumber | None = None
    guardians: list[GuardianShape] = []


class FeeItemLine(Shape, frozen=True):
    """One line of ``fee_items.jsonl``; without school it belongs to the shared catalogue."""

    code: Code
    name: Name
    legal_class: LegalClass
    unit: Free
    legal_basis: Free
    school: Code | None = None
    price_dong: Price | None = None


class ChargeShape(Shape, frozen=True):
    """One line of a notice; it may be negative or 0."""

    fee_item: Code
    name: Name
    amount_dong: Amount


class ReceivableLine(Shape, frozen=True):
    """One line of ``receivables.jsonl``: one notice, issued as given."""

    external_id: Code
    student: Code
    period: Month
    issued_at: Moment
    due_date: Day
    lines: list[ChargeShape]
