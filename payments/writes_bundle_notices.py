"""Writes of a bundle's receivables: notices as given, their codes, books and facts, set by set.

The ledger rows have the meaning and references of ``payments.model``; they are written here as
sets because a province issues a million lines at once. Decides nothing.
"""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.db import raw_connection
from payments.writes_bundle import run

RESOLVE_NOTICES = """
create temp table load_main on commit drop as
select distinct on (o.school_id) o.school_id, a.id as account_id, a.proof <> 'unproved' as ready
  from account_school o join account a on a.id = o.account_id
 where a.kind = 'main'
 order by o.school_id, a.proof = 'unproved', a.id;
analyze load_main;
create temp table load_notice on commit drop as
select t.line, t.external_id, t.student, t.period, t.issued_at, t.due_date, t.due_dong,
       coalesce(s.found, 0) as found, s.school_id, s.student_id, m.account_id,
       m.ready as account_ready, k.id as kept_id
  from staging.receivable t
  left join (select code, count(*) as found, min(school_id) as school_id, min(id) as student_id
               from student where code in (select student from staging.receivable)
              group by code) s on s.code = t.student
  left join load_main m on m.school_id = s.school_id
  left join invoice k on k.school_id = s.school_id and k.external_id = t.external_id;
analyze load_notice;
create temp table load_line on commit drop as
select t.line, t.line_no, t.name, t.amount_dong, t.fee_item, coalesce(o.id, c.id) as fee_item_id,
       coalesce(o.legal_class, c.legal_class) as legal_class
  from staging.receivable_line t
  join load_notice n on n.line = t.line
  left join fee_item o on o.school_id = n.school_id and o.code = t.fee_item
  left join fee_item c on c.school_id is null and c.code = t.fee_item;
analyze load_line
"""
"""A fee item is the school's own, else the shared one. A notice is paid into the school's first
main account."""

RESOLVE_NEW = """
create temp table load_new on commit drop as
select line, row_number() over (order by line) - 1 as nth
  from load_notice n
 where n.kept_id is null
   and not exists (select from load_problem p
                    where p.file = 'receivables.jsonl' and p.line = n.line);
create index on load_new (nth);
analyze load_new
"""

ROUNDS = """
with opened as (
  insert into collection_round (school_id, period, source, state, opened_at)
  select n.school_id, n.period, 'bundle', 'collecting', $1
    from load_new w join load_notice n on n.line = w.line
   group by n.school_id, n.period order by min(n.line)
  returning school_id, id, period)
insert into load_round (school_id, round_id, period) select school_id, id, period from opened
"""

INVOICES = """
insert into invoice (school_id, external_id, student_id, round_id, account_id, code, period,
                     issued_at, due_date, due_dong, outstanding_dong, state, paid_at)
select n.school_id, n.external_id, n.student_id, r.round_id, n.account_id, c.code, n.period,
       n.issued_at, n.due_date, n.due_dong, n.due_dong,
       case when n.due_dong = 0 then 'paid' else 'issued' end,
       case when n.due_dong = 0 then n.issued_at end
  from load_new w
  join load_notice n on n.line = w.line
  join staging.notice c on c.line = w.line
  join load_round r on r.school_id = n.school_id and r.period = n.period
 order by w.line
"""

RESOLVE_INVOICES = """
create temp table load_invoice on commit drop as
select w.line, i.school_id, i.id as invoice_id, i.student_id, i.account_id, i.round_id, i.period
  from load_new w
  join load_notice n on n.line = w.line
  join invoice i on i.school_id = n.school_id and i.external_id = n.external_id;
analyze load_invoice
"""

LINES = """
insert into invoice_line (school_id, invoice_id, line_no, fee_item_id, name, amount_dong)
select i.school_id, i.invoice_id, l.line_no, l.fee_item_id, l.name, l.amount_dong
  from load_invoice i join load_line l on l.line = i.line order by l.line, l.line_no
"""

CODES = """
insert into payment_code (code, number, account_id, school_id, invoice_id)
select c.code, c.number, i.account_id, i.school_id, i.invoice_id
  from load_invoice i join staging.notice c on c.line = i.line order by i.line
"""

TOKENS = """
insert into page_token (token_hash, school_id, invoice_id, student_id)
select c.token_hash, i.school_id, i.invoice_id, i.student_id
  from load_invoice i join staging.notice c on c.line = i.line order by i.line
"""

LEDGER_ACCOUNTS = """
with items as (
  select distinct i.school_id, l.fee_item_id
    from load_invoice i join load_line l on l.line = i.line)
insert into ledger_account (kind, school_id, round_id, fee_item_id)
select distinct 'receivable', school_id, null::bigint, null::bigint from load_round
union all select 'round_control', school_id, round_id, null from load_round
union all select 'fee_item', school_id, null, fee_item_id from items
order by 2, 1, 3, 4
on conflict do nothing
"""

ISSUED = """
insert into transfer (debit_id, credit_id, amount_dong, kind, reference, school_id, invoice_id,
                      student_id, round_id, period, at)
select d.id, c.id, n.due_dong, 'issued', 'issue:' || i.invoice_id, i.school_id, i.invoice_id,
       i.student_id, i.round_id, i.period, $1
  from load_invoice i
  join load_notice n on n.line = i.line and n.due_dong > 0
  join ledger_account d on d.kind = 'receivable' and d.school_id = i.school_id
  join ledger_account c on c.kind = 'round_control' and c.school_id = i.school_id
   and c.round_id = i.round_id
 order by i.line
"""

CHARGED = """
with charged as (
  select i.school_id, i.round_id, l.fee_item_id, sum(l.amount_dong)::bigint as amount
    from load_invoice i join load_line l on l.line = i.line
   group by i.school_id, i.round_id, l.fee_item_id)
insert into transfer (debit_id, credit_id, amount_dong, kind, reference, school_id, round_id,
                      fee_item_id, at)
select case when c.amount > 0 then r.id else f.id end,
       case when c.amount > 0 then f.id else r.id end,
       abs(c.amount), 'charged', 'charge:' || c.round_id || ':' || c.fee_item_id, c.school_id,
       c.round_id, c.fee_item_id, $1
  from charged c
  join ledger_account r on r.kind = 'round_control' and r.school_id = c.school_id
   and r.round_id = c.round_id
  join ledger_account f on f.kind = 'fee_item' and f.school_id = c.school_id
   and f.fee_item_id = c.fee_item_id
 where c.amount <> 0
 order by c.round_id, c.fee_item_id
"""

LOCK_BALANCES = """
select from pupil_balance b
 where (b.school_id, b.student_id) in (select school_id, student_id from load_invoice)
 order by b.school_id, b.student_id for update
"""

FACTS = """
insert into fact (id, topic, school_id, student_id, version, payload, at)
select gen_random_uuid(), 'invoice.issued', i.school_id, i.student_id,
       b.fact_version + row_number() over (partition by i.school_id, i.student_id order by i.line),
       jsonb_build_object(
         'school', s.code, 'student', n.student, 'external_id', n.external_id, 'code', c.code,
         'state', case when n.due_dong = 0 then 'paid' else 'issued' end,
         'period', to_char(i.period, 'YYYY-MM'), 'due_dong', n.due_dong,
         'outstanding_dong', n.due_dong), $1
  from load_invoice i
  join load_notice n on n.line = i.line
  join staging.notice c on c.line = i.line
  join school s on s.id = i.school_id
  join pupil_balance b on b.school_id = i.school_id and b.student_id = i.student_id
 order by i.line
"""

VERSIONS = """
update pupil_balance b set fact_version = b.fact_version + n.facts
  from (select school_id, student_id, count(*) as facts from load_invoice group by 1, 2) n
 where (b.school_id, b.student_id) = (n.school_id, n.student_id)
"""

_ROUND_TABLE = """
create temp table load_round (school_id bigint, round_id bigint, period date) on commit drop
"""


async def resolve_new(tx: AsyncConnection) -> int:
    """Set apart the good receivables that are not kept yet; give how many there are."""
    await run(tx, RESOLVE_NEW)
    driver = await raw_connection(tx)
    return int(await driver.fetchval("select count(*) from load_new"))


async def take_numbers(tx: AsyncConnection, count: int) -> int:
    """Take the next ``count`` sequence numbers of the codes; give the first."""
    driver = await raw_connection(tx)
    first = await driver.fetchval(
        "update code_counter set next = next + $1 returning next - $1", count
    )
    return int(first)


async def add_notices(tx: AsyncConnection, *, at: datetime) -> int:
    """Add the rounds and notices whose codes are staged, with their lines, codes and links."""
    await run(tx, _ROUND_TABLE)
    await run(tx, ROUNDS, at)
    added = await run(tx, INVOICES)
    await run(tx, RESOLVE_INVOICES)
    await run(tx, LINES)
    await run(tx, CODES)
    await run(tx, TOKENS)
    return added


async def add_books(tx: AsyncConnection, *, at: datetime) -> None:
    """Add the transfers of the new notices: each round's control account ends at 0."""
    await run(tx, LEDGER_ACCOUNTS)
    await run(tx, ISSUED, at)
    await run(tx, CHARGED, at)


async def add_facts(tx: AsyncConnection, *, at: datetime) -> None:
    """Stage one fact a new notice, counted on in each pupil's versions by line."""
    await run(tx, LOCK_BALANCES)
    await run(tx, FACTS, at)
    await run(tx, VERSIONS)
