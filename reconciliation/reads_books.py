"""Reads that look for breaches of the books: one statement an invariant, on one snapshot each.

A constant below names what was looked at and whether it is broken, out of the named rows of
``_VIEWS``; what cannot be told (null) counts as broken. Nothing is mended here.
"""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.db import raw_connection
from kernel.money import Dong

_VIEWS = """
with moved as (  -- each transfer seen from both of its ledger accounts, debit above 0
  select l.kind as ledger, l.account_id as on_account, l.school_id as on_school,
         l.round_id as on_round, l.fee_item_id as on_item, t.kind, t.account_id, t.bank_credit_id,
         t.school_id, t.invoice_id, t.student_id, s.amount
    from transfer t
   cross join lateral (values (t.debit_id, t.amount_dong), (t.credit_id, -t.amount_dong))
                      s(ledger_id, amount)
    join ledger_account l on l.id = s.ledger_id),
on_notice as (  -- per notice what was issued on it and what money lies on it
  select school_id, invoice_id,
         coalesce(sum(amount) filter (where kind = 'issued'), 0) as issued,
         coalesce(-sum(amount) filter (where kind <> 'issued'), 0) as laid
    from moved where ledger = 'receivable' and invoice_id is not null
   group by school_id, invoice_id),
notice as (
  select i.*, coalesce(n.issued, 0) as issued, coalesce(n.laid, 0) as laid,
         i.state in ('cancelled', 'replaced') as undone
    from invoice i left join on_notice n on n.school_id = i.school_id and n.invoice_id = i.id),
money as (  -- bank credits that stand for money that came and was decided on
  select * from bank_credit where direction = 'in' and state not in ('waiting', 'reversed')),
checked (id, broken) as ("""

_COUNT = """)
select count(*) as looked_at, count(*) filter (where broken is not false) as breaches,
       (array_agg(id order by id) filter (where broken is not false))[1:$1::int] as examples
  from checked"""

TRANSFER_SIDES = """
select 'transfer ' || t.id,
       t.amount_dong <= 0 or t.debit_id = t.credit_id or d.id is null or c.id is null
       or f.kind is not null
          and not ((d.kind, c.kind) = (f.debit, f.credit) and (f.turns or t.reverses_id is null)
                or (c.kind, d.kind) = (f.debit, f.credit)
                   and (f.turns or t.reverses_id is not null))
       or t.account_id is distinct from coalesce(d.account_id, c.account_id)
       or t.school_id is distinct from coalesce(d.school_id, c.school_id)
       or coalesce(d.account_id <> c.account_id or d.school_id <> c.school_id, false)
  from transfer t
  left join ledger_account d on d.id = t.debit_id
  left join ledger_account c on c.id = t.credit_id
  left join (values ('issued', 'receivable', 'round_control', false),
                    ('charged', 'round_control', 'fee_item', true),
                    ('received', 'bank', 'suspense', false),
                    ('allocated', 'suspense', 'receivable', false),
                    ('credited', 'suspense', 'pupil_credit', false))
            f(kind, debit, credit, turns) on f.kind = t.kind"""

REVERSALS = """
select 'transfer ' || r.id,
       o.id is null or o.reverses_id is not null or o.amount_dong <> r.amount_dong
       or (o.debit_id, o.credit_id, o.kind) <> (r.credit_id, r.debit_id, r.kind)
       or row(o.account_id, o.bank_credit_id, o.school_id, o.invoice_id, o.student_id)
          is distinct from
          row(r.account_id, r.bank_credit_id, r.school_id, r.invoice_id, r.student_id)
       or count(*) over (partition by r.reverses_id) > 1
  from transfer r left join transfer o on o.id = r.reverses_id
 where r.reverses_id is not null"""

RECEIVED_ONCE = """
select 'credit ' || coalesce(c.account_id, r.account_id) || '/' || coalesce(c.id, r.bank_credit_id),
       c.id is null
       or coalesce(r.came, 0) <> (c.direction = 'in' and c.state <> 'waiting')::int
       or coalesce(r.went, 0) <> (c.direction = 'in' and c.state = 'reversed')::int
       or coalesce(r.amount, c.amount_dong) <> c.amount_dong
  from bank_credit c
  full join (select account_id, bank_credit_id, count(*) filter (where reverses_id is null) as came,
                    count(*) filter (where reverses_id is not null) as went,
                    sum(amount_dong) filter (where reverses_id is null) as amount
               from transfer where kind = 'received' group by account_id, bank_credit_id) r
    on r.account_id = c.account_id and r.bank_credit_id = c.id"""

CREDIT_LEFT = """
select 'credit ' || c.account_id || '/' || c.id,
       case when c.direction = 'out' then h.held is not null
            when c.state = 'waiting' then h.held is not null or c.left_dong <> c.amount_dong
            else c.left_dong <> coalesce(h.held, 0)
              or (c.left_dong = 0) <> (c.state in ('settled', 'reversed')) end
  from bank_credit c
  left join (select account_id, bank_credit_id, -sum(amount) as held from moved
              where ledger = 'suspense' group by account_id, bank_credit_id) h
    on h.account_id = c.account_id and h.bank_credit_id = c.id"""

SUSPENSE = """
select 'account ' || coalesce(l.id, c.id), coalesce(l.balance, 0) <> coalesce(c.undecided, 0)
  from (select on_account as id, -sum(amount) as balance from moved where ledger = 'suspense'
         group by on_account) l
  full join (select account_id as id, sum(left_dong) as undecided from money
              where state <> 'settled' group by account_id) c on c.id = l.id"""

BANK = """
select 'account ' || coalesce(l.id, c.id), coalesce(l.balance, 0) <> coalesce(c.stands, 0)
  from (select on_account as id, sum(amount) as balance from moved where ledger = 'bank'
         group by on_account) l
  full join (select account_id as id, sum(amount_dong) as stands from money
              group by account_id) c on c.id = l.id"""

CONSERVED = """
select 'account ' || coalesce(l.id, c.id), coalesce(c.stands, 0) <> coalesce(l.lies, 0)
  from (select coalesce(on_account, account_id) as id, -sum(amount) as lies from moved
         where ledger in ('receivable', 'pupil_credit', 'suspense')
           and coalesce(on_account, account_id) is not null
         group by coalesce(on_account, account_id)) l
  full join (select account_id as id, sum(amount_dong) as stands from money
              group by account_id) c on c.id = l.id"""

NOTICE_ISSUED = """
select 'notice ' || school_id || '/' || id, issued <> case when undone then 0 else due_dong end
  from notice"""

NOTICE_OUTSTANDING = """
select 'notice ' || school_id || '/' || id, outstanding_dong <> due_dong - laid
       or state <> case outstanding_dong when 0 then 'paid' when due_dong then 'issued'
                                         else 'partly_paid' end
  from notice where not undone"""

NOTICE_CLOSED = """
select 'notice ' || school_id || '/' || id, laid <> 0 or outstanding_dong <> 0
  from notice where undone"""

NOTICE_OVER = """
select 'notice ' || school_id || '/' || id, laid not between 0 and due_dong from notice"""

NOTICE_LINES = """
select 'notice ' || i.school_id || '/' || i.id, i.due_dong is distinct from l.total
  from invoice i
  left join (select school_id, invoice_id, sum(amount_dong) as total from invoice_line
              group by school_id, invoice_id) l
    on l.school_id = i.school_id and l.invoice_id = i.id"""

NOTICE_CODE = """
select 'notice ' || coalesce(i.school_id, c.school_id) || '/' || coalesce(i.id, c.invoice_id),
       (i.code, i.account_id) is distinct from (c.code, c.account_id)
       or count(*) over (partition by i.school_id, i.id) > 1
  from invoice i full join payment_code c on c.school_id = i.school_id and c.invoice_id = i.id"""

NOTICE_LINK = """
select 'notice ' || coalesce(i.school_id, t.school_id) || '/' || coalesce(i.id, t.invoice_id),
       i.student_id is distinct from t.student_id
       or count(*) over (partition by i.school_id, i.id) > 1
  from invoice i full join page_token t on t.school_id = i.school_id and t.invoice_id = i.id"""

RECEIVABLE = """
select 'school ' || coalesce(l.id, n.id), coalesce(l.balance, 0) <> coalesce(n.owed, 0)
  from (select on_school as id, sum(amount) as balance from moved where ledger = 'receivable'
         group by on_school) l
  full join (select school_id as id, sum(outstanding_dong) as owed from invoice
              group by school_id) n on n.id = l.id"""

PUPIL_CREDIT = """
select 'pupil ' || coalesce(b.school_id, l.school_id) || '/'
       || coalesce(b.student_id, l.student_id),
       coalesce(b.credit_dong, 0) <> coalesce(l.balance, 0)
  from pupil_balance b
  full join (select on_school as school_id, student_id, -sum(amount) as balance from moved
              where ledger = 'pupil_credit' group by on_school, student_id) l
    on l.school_id = b.school_id and l.student_id = b.student_id"""

ROUND_CONTROL = """
select 'round ' || on_school || '/' || on_round, sum(amount) <> 0
  from moved where ledger = 'round_control' group by on_school, on_round"""

FEE_ITEM = """
select 'fee item ' || coalesce(l.school_id, n.school_id) || '/' || coalesce(l.item, n.item),
       coalesce(l.balance, 0) <> coalesce(n.charged, 0)
  from (select on_school as school_id, on_item as item, -sum(amount) as balance from moved
         where ledger = 'fee_item' group by on_school, on_item) l
  full join (select i.school_id, p.fee_item_id as item, sum(p.amount_dong) as charged
               from invoice_line p
               join invoice i on i.school_id = p.school_id and i.id = p.invoice_id
              where i.state not in ('cancelled', 'replaced')
              group by i.school_id, p.fee_item_id) n
    on n.school_id = l.school_id and n.item = l.item"""

INBOX = """
select 'credit ' || coalesce(c.account_id, w.account_id) || '/' || coalesce(c.id, w.credit_id),
       c.state is null or (c.state = 'waiting') <> (w.credit_id is not null)
  from bank_credit c
  full join credit_inbox w on w.account_id = c.account_id and w.credit_id = c.id"""

OPEN_CASE = """
select 'credit ' || c.account_id || '/' || c.id,
       (c.state in ('case', 'quarantined'))::int <> coalesce(k.open, 0)
  from bank_credit c
  left join (select account_id, credit_id, count(*) as open from credit_case
              where state = 'open' group by account_id, credit_id) k
    on k.account_id = c.account_id and k.credit_id = c.id"""

DECISION = """
select 'credit ' || c.account_id || '/' || c.id,
       case c.state when 'reversed' then d.id is null
                    else coalesce(d.action, 'waiting') <> c.state end
       or coalesce(d.action, '') = 'settled' and c.amount_dong <>
          (select coalesce(sum((p ->> 'amount_dong')::bigint), 0)
             from jsonb_array_elements((d.parts -> 'allocations') || (d.parts -> 'credit')) p)
  from bank_credit c
  left join (select distinct on (account_id, credit_id) * from credit_decision
              order by account_id, credit_id, id desc) d
    on d.account_id = c.account_id and d.credit_id = c.id"""

TOLD_ONCE = """
select 'credit ' || coalesce(c.account_id, e.account_id) || '/'
       || coalesce(c.id::text, e.provider_txn_id), c.id is null or coalesce(e.told, 0) <> 1
  from bank_credit c
  full join (select account_id, provider, provider_txn_id, count(*) as told from bank_event
              where is_first group by account_id, provider, provider_txn_id) e
    on e.account_id = c.account_id and e.provider = c.provider
   and e.provider_txn_id = c.provider_txn_id"""


@dataclass(frozen=True, slots=True)
class Counted:
    """How many rows an invariant speaks of, how many break it, and the first of those."""

    looked_at: int
    breaches: int
    examples: tuple[str, ...]


async def count_breaches(tx: AsyncConnection, rows: str, *, examples: int) -> Counted:
    """Count what ``rows`` (a constant of this file) looks at and finds broken, in one statement."""
    driver = await raw_connection(tx)
    found = await driver.fetchrow(_VIEWS + rows + _COUNT, examples)
    return Counted(found["looked_at"], found["breaches"], tuple(found["examples"] or ()))


@dataclass(frozen=True, slots=True)
class PaidNotice:
    """A notice with money on it and the amounts of its lines, in order (đồng)."""

    name: str
    paid: Dong
    lines: tuple[Dong, ...]


async def some_paid_notices(tx: AsyncConnection, *, limit: int) -> list[PaidNotice]:
    """Read a few notices with money on them, others each day."""
    driver = await raw_connection(tx)
    return [
        PaidNotice(row["name"], row["paid"], tuple(row["lines"]))
        for row in await driver.fetch(_PAID_NOTICES, limit)
    ]


_PAID_NOTICES = """
select 'notice ' || i.school_id || '/' || i.id as name, i.due_dong - i.outstanding_dong as paid,
       array(select l.amount_dong from invoice_line l
              where l.school_id = i.school_id and l.invoice_id = i.id order by l.line_no) as lines
  from (select school_id, id, due_dong, outstanding_dong from invoice
         where state in ('partly_paid', 'paid')
         order by hashtext(code || current_date::text), code limit $1) i
"""


async def credits_waiting(tx: AsyncConnection) -> int:
    """Count the credits that wait for a decision (role Sweeper or Auditor)."""
    driver = await raw_connection(tx)
    return await driver.fetchval("select count(*) from credit_inbox")
