"""How fast credits are decided: reading the memo, finding the code, laying the money. Pure.

All open notices of one account are candidates for every credit, which is more than the settling
job ever hands over at once. Never touches a database.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from random import Random

from kernel.money import Dong
from kernel.text import squash
from payments.model import InvoiceState
from payments.notice import Notice
from payments.reference import CodeBook
from reconciliation.matching import decide, decide_all
from reconciliation.memo import codes_in
from reconciliation.model import Action, CodeOwner, Credit, Decision, Direction
from service.bench_runs import Figure, Scale, alternate, check, compared, percentile
from service.synthetic_memos import dressed, payer, retyped, without_code

ROUNDS = 5
OPEN_CODES = 5_000
CREDITS: dict[Scale, int] = {Scale.SMALL: 500, Scale.PROVINCE: 5_000, Scale.NATION: 5_000}
ACCOUNT, SCHOOL = 1, 1
BANKS = ("970415", "970418", "970422", "970416", "970436", "970432", "970405")
NOW = datetime(2026, 11, 9, 3, tzinfo=UTC)
_NO_CODE_EACH = 25
"""Every 25th memo names no code."""

CodesOf = Callable[[str], list[str]]


@dataclass(frozen=True, slots=True)
class Field:
    """One account's open notices, where its codes belong, and credits with what is right."""

    notices: Sequence[Notice]
    owners: Mapping[str, CodeOwner]
    credits: Sequence[Credit]
    named: Sequence[int | None]


def bench_decide(scale: Scale) -> list[Figure]:
    """Measure decisions a second of one processor and the slowest hundredth of them."""
    return measure(open_codes=OPEN_CODES, credits_count=CREDITS[scale], rounds=ROUNDS)


def measure(
    *, open_codes: int, credits_count: int, rounds: int, read: CodesOf = codes_in
) -> list[Figure]:
    """Decide credits in their bank's words with ``read`` and by trying every open code.

    Raises CheckFailed if either decides a credit otherwise than its payer meant.
    """
    field = field_of(open_codes, credits_count)

    def by_trying(memo: str) -> list[str]:
        text = squash(memo)
        return [code for code in field.owners if code in text]

    values = alternate(
        rounds, {"ours": lambda: _per_s(field, read), "tried": lambda: _per_s(field, by_trying)}
    )
    slow = [percentile(_times_ms(field, read), 99) for _ in range(rounds)]
    slow_tried = [percentile(_times_ms(field, by_trying), 99)]
    what = f"{open_codes} open codes, CPU time; baseline: each open code searched in the memo"
    per_s = compared("decide.per_s", "credits/s", what, values["ours"], values["tried"])
    ms = sorted(slow)[len(slow) // 2]
    p99 = Figure("decide.p99_ms", ms, "ms", slow_tried[0], slow_tried[0] / ms, "one credit")
    return [per_s, p99]


def field_of(open_codes: int, credits_count: int) -> Field:
    """Make the notices and the credits, the same every time."""
    book = CodeBook(key=b"benchmark of hocphi")
    rng = Random(7)  # noqa: S311  a sample
    notices = [_notice(book.make(serial), serial) for serial in range(open_codes)]
    owners = {each.code: CodeOwner(each.code, ACCOUNT, SCHOOL, each.id) for each in notices}
    made: list[Credit] = []
    named: list[int | None] = []
    for serial, notice in enumerate(rng.choices(notices, k=credits_count)):
        sender = payer(rng)
        if serial % _NO_CODE_EACH == 0:
            memo = without_code(rng, sender=sender, day=NOW)
            named.append(None)
        else:
            typed = retyped(rng, f"{notice.code} hoc phi")
            bank = rng.choice(BANKS)
            memo = dressed(rng, typed, bank_bin=bank, account="0011", sender=sender, day=NOW)
            named.append(notice.id)
        made.append(Credit(ACCOUNT, serial + 1, notice.due, Direction.IN, memo, NOW))
    return Field(notices, owners, made, named)


def _notice(code: str, serial: int) -> Notice:
    due = Dong(400_000 + 1_000 * (serial % 900))
    return Notice(
        school_id=SCHOOL,
        id=serial + 1,
        account_id=ACCOUNT,
        student_id=serial + 1,
        student_code=f"HS{serial:06d}",
        school_code="TH-PB1",
        external_id=f"N{serial}",
        code=code,
        period=date(2026, 11, 1),
        due_date=date(2026, 11, 25),
        due=due,
        outstanding=due,
        state=InvoiceState.ISSUED,
        version=1,
    )


def _per_s(field: Field, read: CodesOf) -> float:
    began = time.process_time()
    codes = {credit.id: read(credit.description) for credit in field.credits}
    decisions = decide_all(field.credits, codes, field.owners, field.notices)
    took = time.process_time() - began
    wrong = [each for each in zip(decisions, field.named, strict=True) if not _right(*each)]
    check(holds=not wrong, promise="every credit goes where its payer meant")
    return len(field.credits) / took


def _right(decision: Decision, named: int | None) -> bool:
    """Tell whether a decision is about the notice meant; one paid before leaves a surplus."""
    if named is None:
        return decision.action is Action.CASE
    laid = {part.notice[1] for part in decision.notices}
    kept = {part.pupil[1] for part in decision.pupils}
    return decision.action is Action.SETTLED and laid | kept == {named}


def _times_ms(field: Field, read: CodesOf) -> list[float]:
    current = {notice.key: notice for notice in field.notices}
    times: list[float] = []
    for credit in field.credits:
        began = time.process_time_ns()
        decide(credit, read(credit.description), field.owners, current)
        times.append((time.process_time_ns() - began) / 1e6)
    return times
