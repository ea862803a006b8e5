-- Where COPY may write: one load at a time, emptied before and after. Text as read, checked set-wise.

create schema staging;

create table staging.unit (
  line bigint, code text, kind text, name text, parent text, relation text,
  valid_from date, valid_to date, succeeds text[]);
create table staging.school (
  line bigint, code text, name text, level text, ownership text, unit text);
create table staging.account (
  line bigint, number text, bank_bin text, holder text, schools text[], kind text,
  parent text, student text, memo_prefix text);
create table staging.school_class (
  line bigint, code text, school text, school_year text, grade text, name text);
create table staging.student (
  line bigint, code text, school text, class text, name text, search_key text, sort_key text,
  birth_date date, moet_code text, status text, virtual_account text, guardians jsonb);
create table staging.fee_item (
  line bigint, code text, school text, name text, legal_class text, unit text,
  price_dong bigint, legal_basis text);
create table staging.receivable (
  line bigint, external_id text, student text, period date, issued_at timestamptz, due_date date,
  due_dong bigint);
create table staging.receivable_line (
  line bigint, line_no integer, fee_item text, name text, amount_dong bigint);
create table staging.notice (
  line bigint, code text, number bigint, token_hash bytea);
create table staging.event (
  line bigint, event_id text, received_at timestamptz, provider text, provider_txn_id text,
  bank_ref text, account text, virtual_account text, amount_dong bigint, direction text,
  booked_at timestamptz, transacted_at timestamptz, payer_account text, payer_name text,
  description text, related_bank_ref text, order_id text, method text, digest bytea, raw jsonb);
