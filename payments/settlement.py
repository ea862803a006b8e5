"""Lays money of bank credits on notices and pupils, and takes it off again, in one transaction.

Whoever decided comes with locked notices; here the ledger, the notices, the pupils' balances and
the facts move together. Never decides, and never lays more than fits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from kernel import outbox
from kernel.errors import Conflict
from kernel.money import Dong
from payments import ledger, reads_notices, writes_notices
from payments.model import (
    MethodClass,
    Topic,
    Transfer,
    TransferKind,
    pupil_credit,
    receivable,
    suspense,
)
from payments.notice import Notice, paid_by, reopened_by, topic_of
from payments.reads_ledger import KeptTransfer


class NoticeChanged(Conflict):
    """Someone changed the notice between the look and the deed; nothing was written."""

    code = "notice_changed"


class CreditSpent(Conflict):
    """The pupil's credit has been used since; undo that first."""

    code = "credit_spent"


@dataclass(frozen=True, slots=True)
class Source:
    """The bank credit that money comes from; ``deed`` makes references of one laying unique."""

    account_id: int
    credit_id: int
    deed: str
    value_on: date
    booked_at: datetime
    method: MethodClass


@dataclass(slots=True)
class Work:
    """Work in hand: notices and pupils as they will be; written once, at the end."""

    now: datetime
    notices: dict[tuple[int, int], Notice]
    pupils: dict[tuple[int, int], tuple[Dong, int]]
    before: dict[tuple[int, int], Notice] = field(default_factory=dict[tuple[int, int], Notice])
    transfers: list[Transfer] = field(default_factory=list[Transfer])
    facts: list[outbox.Fact] = field(default_factory=list[outbox.Fact])

    def lay(self, source: Source, key: tuple[int, int], amount: Dong) -> None:
        """Lay ``amount`` (đồng) of a credit on a notice."""
        notice = self.notices[key]
        self._turn(paid_by(notice, amount, source.booked_at))
        self.transfers.append(
            Transfer(
                debit=suspense(source.account_id),
                credit=receivable(notice.school_id),
                amount=amount,
                kind=TransferKind.ALLOCATED,
                reference=f"{source.deed}:notice:{notice.school_id}:{notice.id}",
                at=self.now,
                account_id=source.account_id,
                school_id=notice.school_id,
                invoice_id=notice.id,
                student_id=notice.student_id,
                bank_credit_id=source.credit_id,
                period=notice.period,
                value_on=source.value_on,
                method=source.method,
            )
        )

    def keep(self, source: Source, pupil: tuple[int, int], amount: Dong) -> None:
        """Keep ``amount`` (đồng) of a credit for a pupil."""
        school_id, student_id = pupil
        credit, version = self.pupils[pupil]
        self.pupils[pupil] = (Dong(credit + amount), version)
        self.transfers.append(
            Transfer(
                debit=suspense(source.account_id),
                credit=pupil_credit(school_id),
                amount=amount,
                kind=TransferKind.CREDITED,
                reference=f"{source.deed}:pupil:{school_id}:{student_id}",
                at=self.now,
                account_id=source.account_id,
                school_id=school_id,
                student_id=student_id,
                bank_credit_id=source.credit_id,
                value_on=source.value_on,
                method=source.method,
            )
        )

    def take_off(self, kept: KeptTransfer) -> None:
        """Undo one laying by its counter-row; raises CreditSpent if a pupil's credit is gone."""
        laid = kept.transfer
        school_id, student_id = laid.school_id or 0, laid.student_id or 0
        if laid.kind is TransferKind.ALLOCATED:
            self._turn(reopened_by(self.notices[school_id, laid.invoice_id or 0], laid.amount))
        else:
            credit, version = self.pupils[school_id, student_id]
            if credit < laid.amount:
                raise CreditSpent("the pupil's credit from this money has been used since")
            self.pupils[school_id, student_id] = (Dong(credit - laid.amount), version)
        self.transfers.append(ledger.reversal(kept, at=self.now))

    def turn(self, after: Notice) -> None:
        """Write another change of a notice that no money moves with (a cancelling)."""
        self._turn(after)

    def _turn(self, after: Notice) -> None:
        current = self.notices[after.key]
        self.before.setdefault(after.key, current)
        self.notices[after.key] = after
        credit, version = self.pupils[after.pupil]
        self.pupils[after.pupil] = (credit, version + 1)
        self.facts.append(notice_fact(topic_of(current, after), after, version + 1, self.now))


def notice_fact(topic: Topic, notice: Notice, version: int, now: datetime) -> outbox.Fact:
    """Make the thin fact about a notice: codes, state and amounts, no names."""
    return outbox.Fact(
        topic=topic.value,
        school_id=notice.school_id,
        student_id=notice.student_id,
        version=version,
        payload={
            "school": notice.school_code,
            "student": notice.student_code,
            "external_id": notice.external_id,
            "code": notice.code,
            "period": f"{notice.period:%Y-%m}",
            "state": notice.state.value,
            "due_dong": notice.due,
            "paid_dong": notice.due - notice.outstanding
            if notice.state.value != "cancelled"
            else 0,
            "outstanding_dong": notice.outstanding,
        },
        at=now,
    )


async def open_work(
    tx: AsyncConnection, notices: Sequence[Notice], others: Sequence[tuple[int, int]], now: datetime
) -> Work:
    """Lock the pupils of these locked notices (and ``others``) and take the work in hand."""
    pupils = sorted({notice.pupil for notice in notices} | set(others))
    balances = await reads_notices.lock_pupils(tx, pupils) if pupils else {}
    return Work(now, {notice.key: notice for notice in notices}, balances)


async def close_work(tx: AsyncConnection, work: Work, received: Sequence[Transfer] = ()) -> None:
    """Write the work in hand: ledger, notices, pupils, facts; all or nothing."""
    await ledger.record(tx, [*received, *work.transfers])
    changed = [(before, work.notices[key]) for key, before in sorted(work.before.items())]
    if changed and await writes_notices.update_notices(tx, changed) != len(changed):
        raise NoticeChanged("a notice was changed by someone else; nothing was written")
    balances: Mapping[tuple[int, int], tuple[Dong, int]] = work.pupils
    if balances:
        await writes_notices.update_pupils(tx, balances)
    await outbox.stage(tx, work.facts)
