"""Outcomes: one line per bank event, in order, with the contract's keys and nothing of ours."""

import json

import pytest

from kernel.access import Auditor, Desk
from reconciliation import cases, outcomes
from reconciliation.cases import Assignment, notice_parts
from reconciliation.jobs import settle_waiting
from reconciliation.model import Direction
from tests.database import TestDatabase
from tests.rows import NOW, Planter, arrival

KEYS = ["event_id", "outcome", "allocations", "credit", "duplicate_of", "reverses", "suggestions",
        "evidence", "policy"]  # fmt: skip


@pytest.fixture
async def planter(database: TestDatabase):
    async with database.superuser() as su:
        yield Planter(su, database.operator())


async def exported(database: TestDatabase) -> tuple[list[dict], int]:
    async with database.operator().transaction(Auditor()) as tx:
        pieces = [piece async for piece in outcomes.outcome_lines(tx)]
    lines = [json.loads(line) for piece in pieces for line in piece.lines.splitlines()]
    assert sum(piece.told for piece in pieces) == len(lines)
    return lines, sum(piece.waiting for piece in pieces)


async def test_each_kind_of_event_has_its_line_in_order_of_arrival(database, planter):
    school, other = await planter.school("A"), await planter.school("B")
    pupil = await planter.pupil(school)
    notice = await planter.notice(pupil, 100_000)
    theirs = await planter.notice(await planter.pupil(other), 100_000)
    told = [
        arrival(school, 130_000, f"ck {notice.code}", txn="A", bank_ref="FT1"),
        arrival(school, 130_000, f"ck {notice.code}", txn="A", bank_ref="FT1"),
        arrival(school, 999, "khac", txn="A"),
        arrival(school, 5_000, "hoc phi"),
        arrival(school, 5_000, theirs.code),
        arrival(school, 130_000, "hoan", direction=Direction.OUT, related_bank_ref="FT1"),
        arrival(school, 7_000, "phi", direction=Direction.OUT),
    ]
    await planter.receive(*told)
    await settle_waiting(database.worker(), "HPX")
    late = arrival(school, 1_000, "cho")
    await planter.receive(late)

    lines, waiting = await exported(database)

    ids = [each.event_id for each in told]
    assert [line["event_id"] for line in lines] == ids
    assert waiting == 1
    assert all(list(line) == KEYS for line in lines)
    kinds = ["settled", "duplicate", "duplicate", "case", "case", "reversal", "ignored"]
    assert [line["outcome"] for line in lines] == kinds
    paid, again, differs, no_code, foreign, back, fee = lines
    assert paid["allocations"] == [
        {"external_id": notice.external_id, "code": notice.code, "amount_dong": 100_000}
    ]
    assert list(paid["allocations"][0]) == ["external_id", "code", "amount_dong"]
    assert paid["credit"] == [{"student": pupil.code, "amount_dong": 30_000}]
    assert list(paid["credit"][0]) == ["student", "amount_dong"]
    assert (again["duplicate_of"], again["evidence"]) == (ids[0], ["same_provider_id"])
    assert (differs["duplicate_of"], differs["evidence"]) == (
        ids[0],
        ["same_provider_id", "other_content"],
    )
    assert (no_code["evidence"], no_code["allocations"]) == (["no_code"], [])
    assert foreign["suggestions"] == [
        {"student": None, "code": theirs.code, "reason": "code_of_other_account"}
    ]
    assert list(foreign["suggestions"][0]) == ["student", "code", "reason"]
    assert (back["reverses"], back["evidence"]) == (ids[0], ["related_bank_ref"])
    assert fee["evidence"] == ["money_out"]
    assert all(line["policy"] for line in lines)


async def test_what_a_person_decided_last_is_the_outcome(database, planter):
    school = await planter.school()
    notice = await planter.notice(await planter.pupil(school), 100_000)
    first, second = arrival(school, 100_000, "hoc phi"), arrival(school, 40_000, "hoc phi")
    await planter.receive(first, second)
    await settle_waiting(database.worker(), "HPX")
    case, credit = await planter.su.fetchrow("select id, credit_id from credit_case order by id")
    scope = Desk((school.id,), (school.account_id,))

    async with database.api().transaction(scope) as tx:
        parts = Assignment(notice_parts([(notice.key, 100_000)]))
        await cases.assign(tx, case, parts, actor="user:1", now=NOW)
    assigned, _ = await exported(database)
    async with database.api().transaction(scope) as tx:
        await cases.undo(tx, school.account_id, credit, reason="nhầm", actor="user:1", now=NOW)
    undone, _ = await exported(database)

    assert [line["outcome"] for line in assigned] == ["settled", "case"]
    assert assigned[0]["evidence"] == ["assigned_by_person"]
    assert [line["outcome"] for line in undone] == ["case", "case"]
    assert undone[0]["evidence"] == ["undone_by_person", "reason:nhầm"]
    assert undone[0]["allocations"] == []


async def test_pages_join_without_a_gap_and_internal_ids_change_no_byte(
    database, planter, monkeypatch
):
    school = await planter.school()
    monkeypatch.setattr(outcomes, "CHUNK_EVENTS", 3)
    told = [arrival(school, 1_000 + place, "hoc phi") for place in range(7)]
    await planter.receive(*told[:4])
    await planter.su.execute("alter sequence bank_credit_id_seq restart 50000")
    await planter.su.execute("alter sequence bank_event_id_seq restart 90000")
    await planter.receive(*told[4:])
    await settle_waiting(database.worker(), "HPX")

    lines, _ = await exported(database)

    assert [line["event_id"] for line in lines] == [each.event_id for each in told]
    assert not [line for line in lines if "50000" in json.dumps(line)]
