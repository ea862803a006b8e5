"""Writes of the intake: credits once each, events as told, the inbox of what waits."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.db import raw_connection
from reconciliation.arrival import Arrival, Identity


async def add_credits(tx: AsyncConnection, arrivals: Sequence[Arrival]) -> set[Identity]:
    """Add credits in order and put the new ones into the inbox; give the identities that are new.

    One statement per table; a credit that is known is left as it is, whoever was first.
    """
    driver = await raw_connection(tx)
    columns = zip(*(_credit(each) for each in arrivals), strict=True)
    rows = await driver.fetch(_CREDITS, *(list(column) for column in columns))
    if rows:
        await driver.execute(_INBOX, [row[0] for row in rows], [row[1] for row in rows])
    return {(row[0], row[2], row[3]) for row in rows}


def _credit(each: Arrival) -> tuple[object, ...]:
    event = each.event
    return (
        each.account_id,
        event.provider,
        event.provider_txn_id,
        event.bank_ref,
        event.virtual_account,
        event.amount,
        event.direction.value,
        event.booked_at,
        event.transacted_at,
        event.payer_account,
        event.payer_name,
        event.description,
        event.related_bank_ref,
        event.order_id,
        event.method.value,
        each.received_at,
        each.delivery_id,
    )


_CREDITS = """
insert into bank_credit (account_id, provider, provider_txn_id, bank_ref, virtual_account,
                         amount_dong, left_dong, direction, booked_at, transacted_at,
                         payer_account, payer_name, description, related_bank_ref, order_id,
                         method, received_at, delivery_id)
select a, p, t, b, v, n, n, d, k, x, pa, pn, m, r, o, h, w, y
  from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[],
              $7::text[], $8::timestamptz[], $9::timestamptz[], $10::text[], $11::text[],
              $12::text[], $13::text[], $14::text[], $15::text[], $16::timestamptz[],
              $17::uuid[]) with ordinality
       as e(a, p, t, b, v, n, d, k, x, pa, pn, m, r, o, h, w, y, place)
 order by place
on conflict (account_id, provider, provider_txn_id) do nothing
returning account_id, id, provider, provider_txn_id
"""

_INBOX = """
insert into credit_inbox (account_id, credit_id)
select * from unnest($1::bigint[], $2::bigint[])
"""


async def add_events(tx: AsyncConnection, events: Sequence[tuple[Arrival, bool, bytes]]) -> None:
    """Add events as told: (arrival, whether it brought the credit, digest). Known ids stay."""
    driver = await raw_connection(tx)
    columns = zip(
        *(
            (
                each.event_id,
                each.source,
                each.account_id,
                each.event.provider,
                each.event.provider_txn_id,
                first,
                each.note,
                digest,
                each.received_at,
                each.raw,
                each.delivery_id,
            )
            for each, first, digest in events
        ),
        strict=True,
    )
    await driver.execute(_EVENTS, *(list(column) for column in columns))


_EVENTS = """
insert into bank_event (event_id, source, account_id, provider, provider_txn_id, is_first, note,
                        digest, received_at, raw, delivery_id)
select e, s, a, p, t, f, n, g, w, r::jsonb, y
  from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::boolean[],
              $7::text[], $8::bytea[], $9::timestamptz[], $10::text[], $11::uuid[])
       with ordinality as x(e, s, a, p, t, f, n, g, w, r, y, place)
 order by place
on conflict do nothing
"""
