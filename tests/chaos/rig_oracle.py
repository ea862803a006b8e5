"""Judges a run: against the plan, against itself, and against the undisturbed run.

It looks past every policy, as the superuser, and believes nobody: not the answers, not the
ledger's kept balances, not what was meant to be told.
"""

import io
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from kernel.access import Auditor, Loader
from reconciliation import books
from service.cli_export import export_invoices
from service.cli_export_outcomes import export_outcomes
from service.instance import Instance
from service.receiver import Receiver
from tests.chaos.rig_plan import Plan, Told


@dataclass(slots=True)
class Outcome:
    """Everything that must not depend on who was killed when."""

    credits: Counter[tuple[str, str, int]] = field(default_factory=Counter[tuple[str, str, int]])
    breaches: list[str] = field(default_factory=list[str])
    notices: dict[str, tuple[str, int, int]] = field(
        default_factory=dict[str, tuple[str, int, int]]
    )
    pupils: dict[str, int] = field(default_factory=dict[str, int])
    suspense: dict[str, int] = field(default_factory=dict[str, int])
    decided: dict[str, list[Any]] = field(default_factory=dict[str, list[Any]])
    """Group of the plan -> outcomes of its transactions, in no order."""
    told: dict[str, Any] = field(default_factory=dict[str, Any])
    """Notice -> the last fact about it."""
    told_count: Counter[str] = field(default_factory=Counter[str])
    """Pupil -> how many facts."""
    disorder: list[str] = field(default_factory=list[str])
    """Facts about a pupil heard for the first time after a later one."""
    stray: list[str] = field(default_factory=list[str])
    """Events that name another credit than their first, pushes that were given up."""


def plant_in(address: str, statements: Sequence[str]) -> None:
    """Change the database before a run: the faults of a sensitivity test."""
    with psycopg.connect(address, autocommit=True) as connection:
        for each in statements:
            connection.execute(each.encode())


def wait_at_rest(address: str, limit_s: float) -> None:
    """Wait until nothing waits: no credit, no fact, no push; raises AssertionError."""
    until = time.monotonic() + limit_s
    left: tuple[Any, ...] = ()
    while time.monotonic() < until:
        left = asked(address, _WAITING)[0]
        if not any(left):
            return
        time.sleep(0.25)
    raise AssertionError(f"after {limit_s} s still waiting: credits, facts, pushes {left}")


_WAITING = """
select (select count(*) from credit_inbox),
       (select count(*) from fact f join endpoint e on (f.tx, f.seq) > (e.seen_tx, e.seen_seq)),
       (select count(*) from push where state = 'waiting')
"""


def asked(address: str, words: str) -> list[tuple[Any, ...]]:
    """Ask the database, past every policy."""
    with psycopg.connect(address) as connection:
        return connection.execute(words.encode()).fetchall()


async def look(instance: Instance, address: str, plan: Plan, book: Receiver) -> Outcome:
    """Look at everything once all is at rest."""
    seen = Outcome()
    seen.credits.update(asked(address, _CREDITS))
    seen.suspense = dict(asked(address, _SUSPENSE))
    seen.pupils = dict(asked(address, _PUPILS))
    seen.breaches = await _breaches(instance)
    out = io.BytesIO()
    await export_invoices(instance, out)
    for line in map(json.loads, out.getvalue().splitlines()):
        seen.notices[line["external_id"]] = (line["state"], line["due_dong"], line["paid_dong"])
    out = io.BytesIO()
    await export_outcomes(instance, out)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    txns = dict(asked(address, "select event_id, provider_txn_id from bank_event"))
    _sort_outcomes(seen, lines, txns, plan.told)
    seen.stray += [f"given up: {each}" for (each,) in asked(address, _GIVEN_UP)]
    _sort_facts(seen, [book.facts[each]["data"] | {"type": book.facts[each]["type"]}
                       for each in book.order])  # fmt: skip
    return seen


_CREDITS = """
select a.number, c.provider_txn_id, c.amount_dong from bank_credit c join account a
    on a.id = c.account_id
"""
_SUSPENSE = """
select a.number, (select coalesce(sum(amount_dong), 0) from transfer where credit_id = l.id)::bigint
     - (select coalesce(sum(amount_dong), 0) from transfer where debit_id = l.id)::bigint
  from ledger_account l join account a on a.id = l.account_id where l.kind = 'suspense'
"""
_PUPILS = """
select s.code, b.credit_dong from pupil_balance b join student s
    on s.school_id = b.school_id and s.id = b.student_id
 where b.credit_dong > 0
"""
_GIVEN_UP = "select fact_id::text from push where state <> 'delivered'"


async def _breaches(instance: Instance) -> list[str]:
    db = instance.operator_db()
    try:
        async with db.transaction(Auditor()) as tx:
            found = await books.check(tx)
        async with db.transaction(Loader()) as tx:
            found.append(await books.check_links(tx))
    finally:
        await db.close()
    return [f"{each.name}: {each.examples}" for each in found if each.breaches]


def _sort_outcomes(
    seen: Outcome, lines: Sequence[Any], txns: Mapping[str, str], told: Sequence[Told]
) -> None:
    """File outcomes under the group of their transaction; repeats must name their own first."""
    groups = {each.txn: each for each in told}
    for line in lines:
        txn = txns[line["event_id"]]
        if line["outcome"] == "duplicate":
            if txns.get(line["duplicate_of"]) != txn or len(line["evidence"]) != 1:
                seen.stray.append(f"a repeat of {txn} is called {line}")
            continue
        if txn not in groups:
            seen.stray.append(f"nobody told {txn}")
            continue
        kept = {name: each for name, each in line.items() if name != "event_id"}
        filed = seen.decided.setdefault(groups[txn].group, [])
        filed.append(json.dumps([groups[txn].amount, kept], sort_keys=True))
    for filed in seen.decided.values():
        filed.sort()


def _sort_facts(seen: Outcome, facts: Sequence[Any]) -> None:
    """File what the contact book heard, in the order of first hearing."""
    versions: dict[str, int] = defaultdict(int)
    for fact in facts:
        student, version = str(fact["student"]), int(fact["version"])
        if version <= versions[student]:
            seen.disorder.append(f"{student}: {version} after {versions[student]}")
        versions[student] = max(versions[student], version)
        last = seen.told.get(fact["external_id"])
        if last is None or last["version"] < version:
            seen.told[fact["external_id"]] = fact
        seen.told_count[student] += 1


def judge(seen: Outcome, plan: Plan, acked: Mapping[str, int]) -> list[str]:
    """Name what is wrong with a run by the plan alone: the truth of whoever sent the money."""
    return list(_wrong(seen, plan, acked))


def _wrong(seen: Outcome, plan: Plan, acked: Mapping[str, int]) -> Iterator[str]:
    right = Counter((each.account, each.txn, each.amount) for each in plan.told)
    yield from (f"unacknowledged: {each.txn}" for each in plan.told if not acked.get(each.txn))
    yield from (f"lost: {each}" for each in right - seen.credits)
    yield from (f"doubled or nobody's: {each}" for each in seen.credits - right)
    yield from (f"books: {each}" for each in seen.breaches)
    for external_id, (state, due, paid) in seen.notices.items():
        if paid != plan.paid[external_id]:
            yield f"{external_id}: {paid} laid, not {plan.paid[external_id]}"
        fitting = "issued" if not paid else "paid" if paid == due else "partly_paid"
        if state != fitting:
            yield f"{external_id}: {state} with {paid} of {due}"
        yield from _untold(seen, external_id)
    if seen.pupils != +plan.kept:
        yield f"pupil credit: {sorted(seen.pupils.items() ^ (+plan.kept).items())[:5]}"
    if +Counter(seen.suspense) != +plan.suspended:
        yield f"suspense: {sorted(seen.suspense.items() ^ (+plan.suspended).items())}"
    yield from (f"out of order: {each}" for each in seen.disorder)
    yield from (f"stray: {each}" for each in seen.stray)


def _untold(seen: Outcome, external_id: str) -> Iterator[str]:
    state, due, paid = seen.notices[external_id]
    fact = seen.told.get(external_id)
    if state == "issued":
        if fact is not None:
            yield f"{external_id}: told though nothing changed"
    elif fact is None:
        yield f"{external_id}: {state} was never told"
    else:
        amounts = (fact["state"], fact["due_dong"], fact["paid_dong"], fact["outstanding_dong"])
        if (fact["type"], *amounts) != (f"invoice.{state}", state, due, paid, due - paid):
            yield f"{external_id}: {state} {paid} but last told {fact['type']} {amounts}"


def differences(stormy: Outcome, calm: Outcome) -> list[str]:
    """Name where a run ended differently from the undisturbed one."""
    found: list[str] = []
    for name in ("credits", "notices", "pupils", "suspense", "decided", "told", "told_count"):
        left, right = dict(getattr(stormy, name)), dict(getattr(calm, name))
        odd = [key for key in left.keys() | right.keys() if left.get(key) != right.get(key)]
        found += [
            f"{name} {key}: {left.get(key)} / {right.get(key)}" for key in sorted(odd, key=str)
        ]
    return found
