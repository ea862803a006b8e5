-- What policies read, and the fixed functions over link rows. Each is owned by hocphi_linker,
-- a role that can log in nowhere and sees link rows only.

create schema app;
grant usage on schema app to public;

create function app.ids(setting text) returns bigint[]
language sql stable parallel safe
return coalesce(string_to_array(nullif(current_setting('app.' || setting, true), ''), ',')::bigint[], '{}');

create function app.wide() returns boolean
language sql stable parallel safe
return coalesce(current_setting('app.wide', true) = 'on', false);

create function app.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'rows of % are never changed or deleted: add a counter-row', tg_table_name
    using errcode = 'restrict_violation';
end $$;

-- A reversal mirrors a transfer that its writer may see: row-level security is the writer's.
create function app.refuse_odd_reversal() returns trigger language plpgsql as $$
begin
  if not exists (select from public.transfer t
                  where t.id = new.reverses_id and t.reverses_id is null
                    and t.debit_id = new.credit_id and t.credit_id = new.debit_id
                    and t.amount_dong = new.amount_dong) then
    raise exception 'a reversal mirrors one transfer of its own books'
      using errcode = 'restrict_violation';
  end if;
  return new;
end $$;

create schema link;
grant usage on schema link to public;

create function link.door(wanted text)
returns table (connection_id bigint, provider text, sandbox boolean, options jsonb,
               sealed bytea[], account_ids bigint[], numbers text[])
language sql stable security definer set search_path = public, pg_temp
begin atomic
  select c.id, c.provider, c.sandbox, c.options,
         array(select s.sealed from connection_secret s
                where s.connection_id = c.id and s.active order by s.id),
         array(select a.id from connection_account ca join account a on a.id = ca.account_id
                where ca.connection_id = c.id order by a.id),
         array(select a.number from connection_account ca join account a on a.id = ca.account_id
                where ca.connection_id = c.id order by a.id)
    from connection c where c.public_id = wanted and c.active;
end;

create function link.page(wanted bytea)
returns table (school_id bigint, invoice_id bigint, student_id bigint, account_id bigint)
language sql stable security definer set search_path = public, pg_temp
begin atomic
  select t.school_id, t.invoice_id, t.student_id, c.account_id
    from page_token t
    join payment_code c on c.school_id = t.school_id and c.invoice_id = t.invoice_id
   where t.token_hash = wanted;
end;

create function link.codes(wanted text[])
returns table (code text, account_id bigint, school_id bigint, invoice_id bigint)
language sql stable security definer set search_path = public, pg_temp
begin atomic
  select c.code, c.account_id, c.school_id, c.invoice_id
    from payment_code c where c.code = any (wanted);
end;

create function link.staff(wanted text)
returns table (id bigint, name text, password_hash text)
language sql stable security definer set search_path = public, pg_temp
begin atomic
  select u.id, u.name, u.password_hash from staff_user u where u.login = wanted and u.active;
end;

create function link.grants(wanted bigint)
returns table (name text, role text, school_ids bigint[], account_ids bigint[], unit_ids bigint[])
language sql stable security definer set search_path = public, pg_temp
begin atomic
  with granted as (select u.name, g.role, g.school_id, g.unit_id
                     from staff_user u join role_grant g on g.user_id = u.id
                    where u.id = wanted and u.active),
       reached as (select g.name, g.role, g.unit_id, coalesce(g.school_id, c.school_id) as school_id
                     from granted g
                     left join unit_closure c on c.ancestor_id = g.unit_id
                      and c.valid_to is null)
  select r.name, r.role,
         coalesce(array_agg(distinct r.school_id) filter (where r.school_id is not null), '{}'),
         case r.role when 'operator' then array(select a.id from account a order by a.id)
                     else array(select distinct s.account_id from account_school s
                                 where s.school_id = any (array_agg(r.school_id))) end,
         coalesce(array_agg(distinct r.unit_id) filter (where r.unit_id is not null), '{}')
    from reached r group by r.name, r.role order by r.role;
end;

create function link.session_read(wanted bytea, at timestamptz) returns bytea
language sql stable security definer set search_path = public, pg_temp
begin atomic
  select content from web_session where key_hash = wanted and expires_at > at;
end;

create function link.session_keep(wanted bytea, new_content bytea, until timestamptz) returns void
language sql volatile security definer set search_path = public, pg_temp
begin atomic
  insert into web_session (key_hash, content, expires_at) values (wanted, new_content, until)
  on conflict (key_hash) do update set content = excluded.content, expires_at = excluded.expires_at;
end;

create function link.session_drop(wanted bytea) returns void
language sql volatile security definer set search_path = public, pg_temp
begin atomic
  delete from web_session where key_hash = wanted;
end;

create function link.session_expire(at timestamptz) returns void
language sql volatile security definer set search_path = public, pg_temp
begin atomic
  delete from web_session where expires_at <= at;
end;
