"""Checks of a staged bundle's accounts, fee items and receivables, and what a load reads back.

The checks have the form of ``reads_bundle``. ``load_notice`` and ``load_line`` hold receivables
with their references resolved; ``writes_bundle`` makes them. Writes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.db import raw_connection
from payments.reads_bundle import (
    ACCOUNTS,
    FEE_ITEMS,
    SCHOOLS,
    STUDENTS,
    Check,
    differs,
    twice,
    unknown,
)

RECEIVABLES = "receivables.jsonl"

_ACCOUNT_STUDENT = """
select t.line, 'student',
       format(case when s.found = 0 then 'no school of this account has or keeps a pupil %s'
                   else 'several schools of this account have a pupil %s' end, t.student),
       t.number,
       s.found = 0 and exists (select from load_problem p
                                where p.file = 'students.jsonl' and p.key = t.student)
  from staging.account t
  cross join lateral (
    select count(*) as found
      from student k join school c on c.id = k.school_id
     where k.code = t.student and c.code = any (t.schools)) s
 where t.student is not null and s.found <> 1
"""

ACCOUNT_CHECKS = (
    twice(ACCOUNTS, "staging.account", "number", by="bank_bin, number", key="number"),
    unknown(
        ACCOUNTS,
        field="format('schools[%s]', s.nth - 1)",
        noun="school",
        value="s.code",
        of=SCHOOLS,
        source="staging.account t cross join unnest(t.schools) with ordinality s(code, nth)"
        " left join school k on k.code = s.code",
        missing="k.id is null",
        key="t.number",
    ),
    Check(ACCOUNTS, _ACCOUNT_STUDENT),
    differs(
        ACCOUNTS,
        source="staging.account t"
        " join account k on k.bank_bin = t.bank_bin and k.number = t.number"
        " left join account p on p.id = k.parent_id"
        " left join student s on s.school_id = k.student_school_id and s.id = k.student_id",
        key="t.number",
        pairs=(
            ("holder", "t.holder", "k.holder"),
            ("kind", "t.kind", "k.kind"),
            ("parent", "t.parent", "p.number"),
            ("student", "t.student", "s.code"),
            ("memo_prefix", "t.memo_prefix", "k.memo_prefix"),
        ),
    ),
)
ACCOUNT_PARENT_CHECKS = (
    unknown(
        ACCOUNTS,
        field="'parent'",
        noun="at its bank, main account",
        value="t.parent",
        of=ACCOUNTS,
        source="staging.account t"
        " left join account k on (k.bank_bin, k.number, k.kind) = (t.bank_bin, t.parent, 'main')"
        " left join staging.account o"
        " on (o.bank_bin, o.number, o.kind) = (t.bank_bin, t.parent, 'main')",
        missing="t.parent is not null and k.id is null and o.line is null",
        key="t.number",
    ),
)

FEE_ITEM_CHECKS = (
    twice(FEE_ITEMS, "staging.fee_item", "code", by="coalesce(school, ''), code"),
    unknown(
        FEE_ITEMS,
        field="'school'",
        noun="school",
        value="t.school",
        of=SCHOOLS,
        source="staging.fee_item t left join school k on k.code = t.school",
        missing="t.school is not null and k.id is null",
    ),
    differs(
        FEE_ITEMS,
        source="staging.fee_item t left join school s on s.code = t.school join fee_item k"
        " on k.code = t.code and k.school_id is not distinct from s.id",
        key="t.code",
        pairs=(
            ("name", "t.name", "k.name"),
            ("legal_class", "t.legal_class", "k.legal_class"),
            ("unit", "t.unit", "k.unit"),
            ("price_dong", "t.price_dong", "k.price_dong"),
            ("legal_basis", "t.legal_basis", "k.legal_basis"),
        ),
    ),
)

_AMBIGUOUS = """
select line, 'student', format('pupils of %s schools have this code', found), external_id, false
  from load_notice where found > 1
"""

_NO_ACCOUNT = """
select n.line, 'student',
       case when n.account_id is null then format('school %s has no main account', s.code)
            else format('the account of school %s is not proved yet', s.code) end,
       n.external_id, false
  from load_notice n join school s on s.id = n.school_id
 where n.found = 1 and n.kept_id is null and n.account_ready is not true
"""

_PUBLIC_TUITION = """
select n.line, format('lines[%s].amount_dong', l.line_no - 1),
       'tuition of a public school is 0 since school year 2025-2026 (NQ 217/2025/QH15)',
       n.external_id, false
  from load_notice n
  join school s on s.id = n.school_id and s.ownership = 'public'
  join load_line l on l.line = n.line and l.legal_class = 'tuition' and l.amount_dong > 0
 where n.period >= date '2025-09-01'
"""

_OTHER_LINES = """
with ours as (
  select n.line, count(*) as lines, count(k.line_no) as same
    from load_notice n
    join load_line l on l.line = n.line
    left join invoice_line k on k.school_id = n.school_id and k.invoice_id = n.kept_id
     and k.line_no = l.line_no and k.fee_item_id = l.fee_item_id and k.name = l.name
     and k.amount_dong = l.amount_dong
   where n.kept_id is not null group by n.line),
theirs as (
  select n.line, count(*) as lines
    from load_notice n
    join invoice_line k on k.school_id = n.school_id and k.invoice_id = n.kept_id group by n.line)
select n.line, 'lines', 'differ from what is kept', n.external_id, false
  from load_notice n join ours using (line) left join theirs using (line)
 where ours.same <> ours.lines or theirs.lines is distinct from ours.lines
"""

_NOTICE_CONTENT = """
(to_jsonb(t) - 'line')::text ||
(select string_agg(format('%s %s %s', l.fee_item, l.name, l.amount_dong), '|' order by l.line_no)
   from load_line l where l.line = t.line)
"""

RECEIVABLE_CHECKS = (
    unknown(
        RECEIVABLES,
        field="'student'",
        noun="pupil",
        value="t.student",
        of=STUDENTS,
        source="load_notice t",
        missing="t.found = 0",
        key="t.external_id",
    ),
    Check(RECEIVABLES, _AMBIGUOUS),
    twice(
        RECEIVABLES,
        "load_notice",
        "external_id",
        by="school_id, external_id",
        key="external_id",
        content=_NOTICE_CONTENT,
    ),
    Check(RECEIVABLES, _NO_ACCOUNT),
    unknown(
        RECEIVABLES,
        field="format('lines[%s].fee_item', t.line_no - 1)",
        noun="fee item",
        value="t.fee_item",
        of=FEE_ITEMS,
        source="load_line t join load_notice n on n.line = t.line",
        missing="t.fee_item_id is null and n.found = 1",
        key="n.external_id",
    ),
    Check(RECEIVABLES, _PUBLIC_TUITION),
    differs(
        RECEIVABLES,
        source="load_notice t join invoice k on k.school_id = t.school_id and k.id = t.kept_id",
        key="t.external_id",
        pairs=(
            ("student", "t.student_id", "k.student_id"),
            ("period", "t.period", "k.period"),
            ("issued_at", "t.issued_at", "k.issued_at"),
            ("due_date", "t.due_date", "k.due_date"),
            ("lines", "t.due_dong", "k.due_dong"),
        ),
    ),
    Check(RECEIVABLES, _OTHER_LINES),
)


@dataclass(frozen=True, slots=True)
class FoundProblem:
    """A problem as the checks wrote it down."""

    file: str
    line: int
    field: str
    rule: str


async def problems(
    tx: AsyncConnection, files: Sequence[str], *, follows: bool, limit: int
) -> tuple[int, list[FoundProblem]]:
    """Count the problems and read the first ones in order of files and lines.

    Without ``follows``, lines that only rest on a bad one are passed over.
    """
    driver = await raw_connection(tx)
    rows = await driver.fetch(
        "select file, line, field, rule, count(*) over () as found from load_problem"
        " where $1 or not follows order by array_position($2::text[], file), line, field"
        " limit $3",
        follows,
        list(files),
        limit,
    )
    listed = [FoundProblem(row["file"], row["line"], row["field"], row["rule"]) for row in rows]
    return (int(rows[0]["found"]) if rows else 0), listed


async def bad_lines(tx: AsyncConnection) -> dict[str, int]:
    """Count the lines with problems, per file."""
    driver = await raw_connection(tx)
    rows = await driver.fetch(
        "select file, count(distinct line) as lines from load_problem group by file"
    )
    return {row["file"]: row["lines"] for row in rows}


async def opened_accounts(tx: AsyncConnection) -> list[tuple[str, str, str]]:
    """List (BIN, account number, school code) of what this load released or opened, by line."""
    driver = await raw_connection(tx)
    rows = await driver.fetch(
        "select a.bank_bin, a.number, s.code from load_opened o join account a on a.id ="
        " o.account_id join school s on s.id = o.school_id join load_account r"
        " on (r.bank_bin, r.number) = (a.bank_bin, a.number) order by r.line, s.id"
    )
    return [(row["bank_bin"], row["number"], row["code"]) for row in rows]


_STAGED_KEYS = """
select (select count(distinct code) from staging.unit) as units,
       (select count(*) from staging.school) as schools,
       (select count(*) from staging.account) as accounts,
       (select count(*) from staging.school_class) as classes,
       (select count(*) from staging.student) as students,
       (select count(*) from staging.fee_item) as fee_items,
       (select count(*) from load_notice n
         where not exists (select from load_problem p
                            where p.file = 'receivables.jsonl' and p.line = n.line)) as receivables
"""


async def staged_keys(tx: AsyncConnection) -> dict[str, int]:
    """Count what good lines name, by kind, new and kept ones together."""
    driver = await raw_connection(tx)
    return {kind: int(rows) for kind, rows in (await driver.fetchrow(_STAGED_KEYS)).items()}


async def new_lines(tx: AsyncConnection, *, after: int, limit: int) -> list[tuple[int, int]]:
    """Read the next (line, nth) of the notices to make, in the order of their lines."""
    driver = await raw_connection(tx)
    rows = await driver.fetch(
        "select line, nth from load_new where nth > $1 order by nth limit $2", after, limit
    )
    return [(row["line"], row["nth"]) for row in rows]


async def codes_taken(tx: AsyncConnection) -> bool:
    """Say whether a staged code is in use already, which no one key can bring about."""
    driver = await raw_connection(tx)
    return bool(
        await driver.fetchval(
            "select exists (select from staging.notice n join payment_code p on p.code = n.code)"
        )
    )
