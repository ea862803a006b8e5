"""Makes the desk's lists of rows: money in, cases, the day, notices. Reads nothing itself."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from kernel.clock import vietnam_date
from kernel.errors import Invalid
from payments.reads_desk import DeskNotice
from reconciliation.reads_desk import Decided, DeskCase, DeskCredit
from reconciliation.reads_desk_history import Booked, OpenMoney
from reconciliation.settle import MACHINE
from service.cursors import cursor_of, moment_cursor
from service.desk_words import first_upper, reason_of, title_of
from service.formats import dong_text, month
from service.views_desk import (
    CaseRow,
    CasesView,
    CreditRow,
    CreditsView,
    HomeView,
    InvoiceRow,
    InvoicesView,
)

OUTCOMES: dict[str, tuple[str, ...]] = {
    "waiting": ("waiting",),
    "settled": ("settled",),
    "case": ("case",),
    "duplicate": (),
    "reversal": ("reversal", "reversed"),
    "ignored": ("ignored",),
    "failed": ("quarantined",),
}
"""Outcomes that people filter for -> states of a credit. A message told twice makes no credit."""

_OUTCOME = {state: outcome for outcome, states in OUTCOMES.items() for state in states}

Named = Mapping[str, DeskNotice]
"""Notices of the caller's schools by their payment code."""


def states_of(outcome: str) -> tuple[str, ...] | None:
    """Give the states of an outcome, None for all; raises Invalid for an unknown one."""
    if not outcome:
        return None
    if outcome not in OUTCOMES:
        raise Invalid("no such outcome", field="outcome")
    return OUTCOMES[outcome]


def codes_of(shown: Iterable[DeskCredit]) -> set[str]:
    """List the payment codes that the newest decisions of credits lay money on."""
    return {
        code
        for credit in shown
        if credit.decision is not None
        for code, _ in credit.decision.allocations
    }


def payer_of(credit: DeskCredit) -> str:
    """Name the payer as the bank did, the account masked."""
    account = f"***{credit.payer_account[-4:]}" if credit.payer_account else ""
    return " · ".join(each for each in (credit.payer_name, account) if each)


def placed(code: str, named: Named) -> str:
    """Name a notice by its child, or by its code where it is of another school."""
    notice = named.get(code)
    if notice is None:
        return f"phiếu {code}"
    return f"{notice.pupil_name} {notice.class_name}, phiếu {month(notice.period)}"


def split_text(decision: Decided, named: Named) -> str:
    """Say where a decision lays money, part by part."""
    parts = [f"{dong_text(amount)}: {placed(code, named)}" for code, amount in decision.allocations]
    parts += [f"{dong_text(amount)}: số dư của em {code}" for code, amount in decision.kept]
    return "; ".join(parts)


def why_of(credit: DeskCredit, named: Named) -> str:
    """Say whose money a credit is, or why it is nobody's yet."""
    decision = credit.decision
    if decision is None:
        return "Vừa nhận, máy sắp khớp"
    if credit.state == "reversed":
        return "Ngân hàng đã rút lại khoản này"
    if credit.state == "reversal":
        return "Ngân hàng đảo một khoản đã báo"
    if credit.state != "settled":
        return reason_of(decision.reason) if credit.state == "ignored" else _title(decision.reason)
    if len(decision.allocations) == 1 and not decision.kept:
        return placed(decision.allocations[0][0], named)
    return split_text(decision, named)


def _title(reason: str | None) -> str:
    return first_upper(title_of(reason))


def _url(credit: DeskCredit) -> str:
    if credit.open_case is not None:
        return f"/desk/cases/{credit.open_case}"
    return "" if credit.decision is None else f"/desk/credits/{credit.id}"


def credits_view(
    shown: Sequence[DeskCredit], named: Named, *, outcome: str, more: bool
) -> CreditsView:
    """Make the list of money in; ``more`` tells whether rows follow."""
    rows = tuple(
        CreditRow(
            id=str(credit.id),
            booked_at=credit.booked_at,
            amount=credit.amount,
            memo=credit.memo,
            payer=payer_of(credit),
            outcome=_OUTCOME[credit.state],
            why=why_of(credit, named),
            url=_url(credit),
        )
        for credit in shown
    )
    following = moment_cursor(shown[-1].received_at, shown[-1].id) if more else ""
    return CreditsView(rows, outcome=outcome, next=following)


def case_state(case: DeskCase) -> str:
    """Say what became of a case."""
    if case.state == "open":
        return "open"
    taken = case.credit.state == "reversed" and case.newest
    return "returned" if taken or case.closed_by == MACHINE else "assigned"


def case_row(case: DeskCase, today: date) -> CaseRow:
    """Make one row of the list of cases."""
    return CaseRow(
        id=str(case.id),
        booked_at=case.credit.booked_at,
        amount=case.credit.amount,
        reason=_title(case.reason),
        memo=case.credit.memo,
        age_days=max(0, (today - vietnam_date(case.credit.booked_at)).days),
        state=case_state(case),
    )


def cases_view(
    shown: Sequence[DeskCase], money: OpenMoney, *, now: datetime, closed: bool, more: bool
) -> CasesView:
    """Make the list of cases; ``more`` tells whether rows follow."""
    return CasesView(
        rows=tuple(case_row(case, vietnam_date(now)) for case in shown),
        open_count=money.count,
        open_total=money.total,
        closed=closed,
        next=moment_cursor(shown[-1].opened_at, shown[-1].id) if more else "",
    )


def home_view(
    booked: Booked, money: OpenMoney, oldest: Sequence[DeskCase], now: datetime
) -> HomeView:
    """Make the page of the day."""
    return HomeView(
        credits_today=booked.count,
        credits_total=booked.total,
        settled_today=booked.by_machine,
        open_count=money.count,
        open_total=money.total,
        oldest=tuple(case_row(case, vietnam_date(now)) for case in oldest),
    )


def invoice_row(notice: DeskNotice) -> InvoiceRow:
    """Make one row of the list of notices."""
    return InvoiceRow(
        id=str(notice.id),
        code=notice.code,
        state=notice.state.value,
        pupil_name=notice.pupil_name,
        pupil_code=notice.pupil_code,
        class_name=notice.class_name,
        period=notice.period,
        due_date=notice.due_date,
        due=notice.due,
        paid=notice.paid,
        outstanding=notice.outstanding,
    )


def invoices_view(
    shown: Sequence[DeskNotice], *, query: str, state: str, now: datetime, more: bool
) -> InvoicesView:
    """Make the list of notices; ``more`` tells whether rows follow."""
    return InvoicesView(
        rows=tuple(invoice_row(notice) for notice in shown),
        today=vietnam_date(now),
        query=query,
        state=state,
        next=cursor_of(shown[-1].pupil_sort, shown[-1].id) if more else "",
    )
