"""Breaches of the books to plant, by invariant: cases of one or more statements each.

A case ends at a line of two dashes; its last statement is the breach and must change rows.
"""

PLANTED = {
    "a transfer has two fitting sides": """
alter table transfer drop constraint ck_transfer_amount;
update transfer set amount_dong = -amount_dong where kind = 'received'
--
alter table transfer drop constraint ck_transfer_two_sides;
update transfer set debit_id = credit_id where kind = 'credited'
--
update transfer set debit_id = 999999 where kind = 'allocated'
--
update transfer set kind = 'credited' where kind = 'allocated'
--
update transfer set debit_id = credit_id, credit_id = debit_id where kind = 'issued'
--
update transfer set account_id = account_id + 1 where kind = 'received'
""",
    "a reversal mirrors its original, once": """
update transfer set amount_dong = amount_dong + 1 where reverses_id is not null
--
update transfer set reverses_id = 999999 where reverses_id is not null and kind = 'received'
--
update transfer set bank_credit_id = 1 where reverses_id is not null
--
update transfer r set reverses_id = o.id from transfer o where r.kind = 'received' and
r.reverses_id is not null and o.reverses_id is not null and o.kind = 'allocated'
--
alter table transfer drop constraint uq_transfer_reverses_id;
insert into transfer (debit_id, credit_id, amount_dong, kind, reference, reverses_id, at,
account_id, school_id, invoice_id, student_id, bank_credit_id) select debit_id, credit_id,
amount_dong, kind, 'twice', reverses_id, at, account_id, school_id, invoice_id, student_id,
bank_credit_id from transfer where reverses_id is not null limit 1
""",
    "a decided credit is received once": """
delete from transfer where kind = 'received' and bank_credit_id = (select id from bank_credit
where provider_txn_id = 'full')
--
delete from transfer where kind = 'received' and reverses_id is not null
--
insert into transfer (debit_id, credit_id, amount_dong, kind, reference, at, account_id,
bank_credit_id) select debit_id, credit_id, amount_dong, kind, 'again', at, account_id,
bank_credit_id from transfer where kind = 'received' limit 1
--
update transfer set bank_credit_id = 999999 where kind = 'received'
--
update bank_credit set state = 'waiting' where provider_txn_id = 'full'
--
update bank_credit set direction = 'out' where provider_txn_id = 'full'
""",
    "a credit's rest is what is not laid": """
update bank_credit set left_dong = 1 where provider_txn_id = 'full'
--
update bank_credit set left_dong = left_dong - 1 where provider_txn_id = 'case'
--
update bank_credit set left_dong = 1 where provider_txn_id = 'waits'
--
update bank_credit set state = 'settled' where provider_txn_id = 'case'
--
update bank_credit set left_dong = 5 where provider_txn_id = 'back'
--
update bank_credit set direction = 'out' where provider_txn_id = 'part'
""",
    "suspense is the rest of open cases": """
update bank_credit set left_dong = left_dong - 1 where provider_txn_id = 'case'
--
update transfer set amount_dong = amount_dong + 1 where kind = 'credited'
""",
    "bank is received less reversed": """
update transfer set amount_dong = amount_dong - 1 where kind = 'received'
--
update bank_credit set amount_dong = amount_dong + 1 where provider_txn_id = 'over'
""",
    "money in lies somewhere": """
update bank_credit set amount_dong = amount_dong + 1 where provider_txn_id = 'case'
--
delete from transfer where kind = 'received'
--
update bank_credit set state = 'reversed' where provider_txn_id = 'case'
""",
    "a notice is issued at its due": """
delete from transfer where kind = 'issued' and invoice_id = (select min(id) from invoice)
--
update invoice set state = 'cancelled', outstanding_dong = 0 where state = 'issued'
""",
    "outstanding is due less laid": """
update invoice set outstanding_dong = outstanding_dong - 1 where state = 'partly_paid'
--
delete from transfer where kind = 'allocated' and reverses_id is null
--
alter table invoice drop constraint ck_invoice_state;
update invoice set state = 'issued' where state = 'paid'
""",
    "nothing lies on an undone notice": """
update invoice set state = 'replaced', outstanding_dong = 0 where state = 'partly_paid'
""",
    "no notice takes more than its due": """
update transfer set amount_dong = amount_dong + 600000 where kind = 'allocated' and reverses_id
is null
--
delete from transfer where kind = 'allocated' and reverses_id is null
""",
    "lines sum to the due": """
update invoice_line set amount_dong = amount_dong + 1 where invoice_id = (select max(invoice_id)
from invoice_line)
--
delete from invoice_line
""",
    "a notice has one code, its own": """
delete from payment_code where invoice_id = (select min(id) from invoice)
--
update payment_code set account_id = account_id + 1
--
update payment_code set invoice_id = 999999 where number = 1
--
update invoice set code = code || 'X'
--
alter table payment_code drop constraint uq_payment_code_school_id_invoice_id;
insert into payment_code select code || 'Y', number + 99, account_id, school_id, invoice_id from
payment_code where number = 1
""",
    "a notice has one link, its pupil's": """
delete from page_token where invoice_id = (select min(id) from invoice)
--
update page_token set student_id = student_id + 1
--
update page_token set invoice_id = 999999
--
insert into page_token select token_hash || token_hash, school_id, invoice_id, student_id from
page_token
""",
    "receivable is the sum outstanding": """
update invoice set outstanding_dong = outstanding_dong - 1 where state = 'partly_paid'
--
delete from transfer where kind = 'issued'
""",
    "pupil credit is as the ledger says": """
update pupil_balance set credit_dong = credit_dong + 1
--
update transfer set student_id = 1 where kind = 'credited'
--
delete from transfer where kind = 'credited'
""",
    "a round's control is 0": """
delete from transfer where kind = 'charged' and id = (select max(id) from transfer where kind =
'charged')
--
update transfer set amount_dong = amount_dong + 1 where kind = 'issued'
""",
    "a fee item is what notices charge": """
update transfer set amount_dong = amount_dong + 1 where kind = 'charged'
--
update invoice_line set amount_dong = amount_dong - 1
--
update invoice set state = 'cancelled', outstanding_dong = 0 where state = 'issued'
""",
    "the inbox holds what waits": """
delete from credit_inbox
--
insert into credit_inbox select account_id, id from bank_credit where id = (select id from
bank_credit where provider_txn_id = 'full')
--
insert into credit_inbox (account_id, credit_id) values (1, 999999)
""",
    "an undecided credit has one open case": """
delete from credit_case where state = 'open'
--
update credit_case set state = 'open' where state = 'closed'
--
drop index uq_credit_case_open;
insert into credit_case (account_id, credit_id, reason, opened_at) select account_id, credit_id,
reason, opened_at from credit_case where state = 'open'
""",
    "the newest decision tells the state": """
delete from credit_decision where action = 'settled'
--
update credit_decision set action = 'case' where action = 'settled'
--
update credit_decision set parts = jsonb_set(parts, '{allocations,0,amount_dong}', '1') where
action = 'settled'
--
insert into credit_decision (account_id, credit_id, at, actor, action, parts, evidence,
suggestions, policy) select account_id, id, received_at, 'x', 'settled', '{"allocations": [],
"credit": []}', '[]', '[]', '' from bank_credit where state = 'waiting'
""",
    "a credit was first told once": """
update bank_event set is_first = false where provider_txn_id = 'case'
--
update bank_event set provider_txn_id = 'part' where provider_txn_id = 'full'
""",
    "paid money spreads over the lines": """
update invoice_line set amount_dong = 10
--
delete from invoice_line
""",
}
