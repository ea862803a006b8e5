"""Writes of a bundle's load: staging, its problems, units, schools, pupils, accounts, fee items.

Every statement takes whole sets, in the order of the lines; rows that are kept already are left
alone. Receivables are written by ``writes_bundle_notices``. Decides nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from string import Template

from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.db import raw_connection
from payments.reads_bundle import Check

LOAD_LOCK = 727_701
"""Advisory lock of all that stage: two loads never mix their lines."""

_STAGED = (
    "unit",
    "school",
    "account",
    "school_class",
    "student",
    "fee_item",
    "receivable",
    "receivable_line",
    "notice",
)

_PROBLEM_COLUMNS = ("file", "line", "field", "rule", "key", "follows")

_BEGIN = """
set local work_mem = '64MB';
set local jit = off;
create temp table load_problem (
  file text, line bigint, field text, rule text, key text, follows boolean) on commit drop;
create index on load_problem (file, line)
"""


async def run(tx: AsyncConnection, statement: str, *values: object) -> int:
    """Run one statement and give how many rows it wrote."""
    driver = await raw_connection(tx)
    status: str = await driver.execute(statement, *values)
    last = status.rsplit(" ", 1)[-1]
    return int(last) if last.isdigit() else 0


async def begin(tx: AsyncConnection) -> None:
    """Wait for the lock of loads, then empty staging; held until the transaction ends."""
    await run(tx, "select pg_advisory_xact_lock($1)", LOAD_LOCK)
    await empty(tx)
    await run(tx, _BEGIN)


async def empty(tx: AsyncConnection) -> None:
    """Empty the staging tables of a bundle."""
    await run(tx, "truncate " + ", ".join(f"staging.{table}" for table in _STAGED))


async def stage(tx: AsyncConnection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Copy rows, whole and in the order of its columns, into a staging table."""
    if rows:
        driver = await raw_connection(tx)
        await driver.copy_records_to_table(table, schema_name="staging", records=rows)


async def note(tx: AsyncConnection, found: Sequence[tuple[object, ...]]) -> None:
    """Write down problems (file, line, field, rule, key, follows) that single lines showed."""
    if found:
        driver = await raw_connection(tx)
        await driver.copy_records_to_table(
            "load_problem", records=found, columns=list(_PROBLEM_COLUMNS)
        )


_CHECK = Template("""
insert into load_problem (file, line, field, rule, key, follows)
select '$file', q.* from ($statement) q
""")


async def check(tx: AsyncConnection, wanted: Check) -> int:
    """Write down what breaks a rule; give how many problems that were."""
    text = _CHECK.substitute(file=wanted.file, statement=wanted.statement)
    return await run(tx, text)


_LEAVE_OUT = Template("""
delete from staging.$table t using load_problem p where p.file = '$file' and p.line = t.line
""")


async def leave_out(tx: AsyncConnection, file: str, table: str) -> None:
    """Take the lines with problems out of staging; their problems stay written down."""
    await run(tx, _LEAVE_OUT.substitute(file=file, table=table))


UNITS = """
insert into unit (code, kind, name, valid_from, valid_to)
select t.code, min(t.kind), min(t.name), min(t.valid_from),
       nullif(max(coalesce(t.valid_to, 'infinity')), 'infinity')
  from staging.unit t
 where not exists (select from unit k where k.code = t.code)
 group by t.code order by min(t.line)
"""

LINKS = """
insert into unit_link (child_id, parent_id, relation, valid_from, valid_to)
select c.id, p.id, t.relation, t.valid_from, t.valid_to
  from staging.unit t join unit c on c.code = t.code join unit p on p.code = t.parent
 where not exists (select from unit_link k
                    where (k.child_id, k.relation, k.valid_from) = (c.id, t.relation, t.valid_from))
 order by t.line
"""

SUCCESSIONS = """
insert into unit_succession (predecessor_id, successor_id)
select distinct p.id, s.id
  from staging.unit t cross join unnest(t.succeeds) o(code)
  join unit s on s.code = t.code join unit p on p.code = o.code
on conflict do nothing
"""

SCHOOLS = """
insert into school (code, name, level, ownership, unit_id)
select t.code, t.name, t.level, t.ownership, u.id
  from staging.school t join unit u on u.code = t.unit
 where not exists (select from school k where k.code = t.code)
 order by t.line
"""

CLOSURE_GONE = "delete from unit_closure"

CLOSURE = """
with recursive up (ancestor_id, school_id, relation, valid_from, valid_to) as (
  select u.id, s.id, r.relation, u.valid_from, u.valid_to
    from school s join unit u on u.id = s.unit_id
   cross join (values ('administrative'), ('professional'), ('area'), ('reporting')) r(relation)
  union
  select l.parent_id, up.school_id, up.relation,
         greatest(up.valid_from, l.valid_from, p.valid_from),
         least(up.valid_to, l.valid_to, p.valid_to)
    from up
    join unit_link l on l.child_id = up.ancestor_id and l.relation = up.relation
    join unit p on p.id = l.parent_id
   where greatest(up.valid_from, l.valid_from, p.valid_from)
         <= coalesce(least(up.valid_to, l.valid_to, p.valid_to), 'infinity'))
insert into unit_closure (ancestor_id, school_id, relation, valid_from, valid_to)
select ancestor_id, school_id, relation, valid_from,
       nullif(max(coalesce(valid_to, 'infinity')), 'infinity')
  from up group by ancestor_id, school_id, relation, valid_from
"""
"""A school stands below its own unit in every relation, and below what stands above that."""

CLASSES = """
insert into school_class (school_id, code, school_year, grade, name)
select s.id, t.code, t.school_year, t.grade, t.name
  from staging.school_class t join school s on s.code = t.school
 where not exists (select from school_class k where (k.school_id, k.school_year, k.code)
                                                  = (s.id, t.school_year, t.code))
 order by t.line
"""

RESOLVE_STUDENTS = """
create temp table load_class on commit drop as
select distinct on (k.school_id, k.code) k.school_id, k.code, k.id
  from (select distinct s.id, s.code from staging.student t join school s on s.code = t.school) s
  join school_class k on k.school_id = s.id
  left join staging.school_class t
    on (t.school, t.school_year, t.code) = (s.code, k.school_year, k.code)
 order by k.school_id, k.code, t.line is null, k.school_year desc;
analyze load_class;
create temp table load_student on commit drop as
select t.line, s.id as school_id, c.id as class_id, k.id as kept_id
  from staging.student t
  left join school s on s.code = t.school
  left join load_class c on c.school_id = s.id and c.code = t.class
  left join student k on k.school_id = s.id and k.code = t.code;
analyze load_student
"""
"""A class code means the class of the bundle, else the kept one of the latest school year."""

STUDENTS = """
insert into student (school_id, class_id, code, name, search_key, sort_key, birth_date, moet_code,
                     status, virtual_account)
select r.school_id, r.class_id, t.code, t.name, t.search_key, t.sort_key, t.birth_date,
       t.moet_code, t.status, t.virtual_account
  from staging.student t join load_student r on r.line = t.line
 where r.kept_id is null order by t.line
"""

GUARDIANS = """
insert into guardian (school_id, student_id, name, phone, email)
select k.school_id, k.id, g.value ->> 'name', g.value ->> 'phone', g.value ->> 'email'
  from staging.student t
  join load_student r on r.line = t.line and r.kept_id is null
  join student k on k.school_id = r.school_id and k.code = t.code
 cross join jsonb_array_elements(t.guardians) with ordinality g(value, nth)
 order by t.line, g.nth
"""

BALANCES = """
insert into pupil_balance (school_id, student_id)
select k.school_id, k.id
  from staging.student t
  join load_student r on r.line = t.line and r.kept_id is null
  join student k on k.school_id = r.school_id and k.code = t.code
 order by t.line
"""

RESOLVE_ACCOUNTS = """
create temp table load_account on commit drop as
select t.line, t.bank_bin, t.number,
       exists (select from account k where (k.bank_bin, k.number) = (t.bank_bin, t.number)) as kept
  from staging.account t;
create temp table load_opened (account_id bigint, school_id bigint) on commit drop
"""

ACCOUNTS = """
insert into account (number, bank_bin, holder, kind, parent_id, student_school_id, student_id,
                     memo_prefix, proof)
select t.number, t.bank_bin, t.holder, t.kind, p.id, s.school_id, s.id, t.memo_prefix, 'released'
  from staging.account t
  join load_account r on r.line = t.line and not r.kept
  left join account p on (p.bank_bin, p.number, p.kind) = (t.bank_bin, t.parent, 'main')
  left join (student s join school c on c.id = s.school_id)
    on s.code = t.student and c.code = any (t.schools)
 where (t.kind = 'main') = $1
 order by t.line
"""
"""Main accounts first ($1 true), then what hangs on them."""

ACCOUNT_SCHOOLS = """
with opened as (
  insert into account_school (account_id, school_id)
  select a.id, s.id
    from staging.account t
    join account a on (a.bank_bin, a.number) = (t.bank_bin, t.number)
   cross join unnest(t.schools) with ordinality o(code, nth)
    join school s on s.code = o.code
   where not exists (select from account_school k where (k.account_id, k.school_id) = (a.id, s.id))
   order by t.line, o.nth
  returning account_id, school_id)
insert into load_opened (account_id, school_id) select account_id, school_id from opened
"""

ACCOUNT_DEEDS = """
insert into deed (account_id, school_id, actor, deed, subject, facts, at)
select o.account_id, o.school_id, $1,
       case when r.kept then 'account.opened_to_school' else 'account.released' end,
       'account:' || o.account_id,
       jsonb_build_object('by', 'import bundle', 'bank_bin', a.bank_bin, 'number', a.number,
                          'school', s.code), $2
  from load_opened o
  join account a on a.id = o.account_id
  join load_account r on (r.bank_bin, r.number) = (a.bank_bin, a.number)
  join school s on s.id = o.school_id
 order by r.line, o.school_id
"""
"""Who may pay whom is the operator's deed: one row of the audit for each account and school."""

FEE_ITEMS = """
insert into fee_item (school_id, code, name, legal_class, unit, price_dong, legal_basis)
select s.id, t.code, t.name, t.legal_class, t.unit, t.price_dong, t.legal_basis
  from staging.fee_item t left join school s on s.code = t.school
 where not exists (select from fee_item k
                    where k.code = t.code and k.school_id is not distinct from s.id)
 order by t.line
"""


async def add_accounts(tx: AsyncConnection) -> int:
    """Add accounts as released, main ones first; give how many are new."""
    mains = await run(tx, ACCOUNTS, True)  # noqa: FBT003
    return mains + await run(tx, ACCOUNTS, False)  # noqa: FBT003


async def open_accounts(tx: AsyncConnection, *, actor: str, at: datetime) -> int:
    """Open accounts to their schools and write each into the audit; give how many."""
    opened = await run(tx, ACCOUNT_SCHOOLS)
    await run(tx, ACCOUNT_DEEDS, actor, at)
    return opened


_DEED = """
insert into deed (actor, deed, subject, facts, at) values ($1, 'bundle.imported', 'bundle', $2, $3)
"""


async def add_deed(tx: AsyncConnection, *, actor: str, facts: str, at: datetime) -> None:
    """Write the load into the audit; ``facts`` is JSON. The loader may not read deeds back."""
    await run(tx, _DEED, actor, facts, at)
