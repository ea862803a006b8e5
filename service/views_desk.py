"""What the desk shows: the shell around each page, money in, the cases, notices, connections.

Values only, like ``views``. One case has ``views_case``, the rates have ``views_rates``.
"""

from dataclasses import dataclass
from datetime import date, datetime

from kernel.money import Dong
from service.views import LineView, PaymentView


@dataclass(frozen=True, slots=True)
class PulseView:
    """When a bank was last heard."""

    bank_name: str
    """Short name of the bank."""
    heard_at: datetime | None
    """Its last message (aware); None if it never spoke."""
    silent: bool
    """Whether it is silent for longer than usual."""


@dataclass(frozen=True, slots=True)
class DeskShell:
    """What stands around every page behind the sign-in."""

    user_name: str
    """Who is signed in."""
    role_name: str
    """The role in words, e.g. ``Kế toán``."""
    place_name: str
    """The school, or the unit of an officer."""
    pages: frozenset[str]
    """What this person may open: ``home credits cases invoices rates connections``."""
    current: str
    """The one of ``pages`` that is open; empty for none."""
    now: datetime
    """The one clock (aware)."""
    csrf_token: str
    """Goes back as ``_csrf_token`` from every form."""
    open_cases: int = 0
    """How many cases are open, beside their menu entry."""
    pulses: tuple[PulseView, ...] = ()
    """The banks this person's accounts are at."""
    done: str = ""
    """The deed just done, told once: ``Đã ghi phân bổ.``; empty for none."""


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One thing that happened; rows are only ever added."""

    at: datetime
    """When (aware)."""
    who: str
    """A person's name, or ``Máy``."""
    kind: str
    """``received``, ``suspended``, ``assigned``, ``reversed`` or ``noted``."""
    text: str
    """What was done, in words."""
    detail: str = ""
    """Reason, reference, and what was not touched; empty for none."""


@dataclass(frozen=True, slots=True)
class CreditRow:
    """One movement on an account, in the list of money in."""

    id: str
    """Id of the credit."""
    booked_at: datetime
    """When the bank booked it (aware)."""
    amount: Dong
    """Đồng, above 0."""
    memo: str
    """The bank's text exactly as received."""
    payer: str
    """Name and masked account of the payer; empty if the bank does not say."""
    outcome: str
    """``waiting``, ``settled``, ``case``, ``duplicate``, ``reversal``, ``ignored``, ``failed``."""
    why: str
    """Whose money it is, or the reason of the outcome, in words."""
    url: str = ""
    """The notice or case it led to; empty if there is none."""


@dataclass(frozen=True, slots=True)
class CreditsView:
    """One page of money in, newest first."""

    rows: tuple[CreditRow, ...]
    """At most one page of rows."""
    outcome: str = ""
    """The outcome that is filtered for; empty for all."""
    next: str = ""
    """Cursor of the next page; empty on the last."""


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case in the list of suspended money."""

    id: str
    """Id of the case."""
    booked_at: datetime
    """When the bank booked the credit (aware)."""
    amount: Dong
    """Đồng in suspense."""
    reason: str
    """Why it waits, in words."""
    memo: str
    """The bank's text exactly as received."""
    age_days: int
    """Whole days since it was booked."""
    state: str
    """``open``, ``assigned``, ``returned`` or ``ignored``."""


@dataclass(frozen=True, slots=True)
class CasesView:
    """One page of cases, oldest first."""

    rows: tuple[CaseRow, ...]
    """At most one page of rows."""
    open_count: int
    """All open cases of this person's accounts."""
    open_total: Dong
    """Đồng in all of them."""
    closed: bool = False
    """Whether the list shows the cases that are done."""
    next: str = ""
    """Cursor of the next page; empty on the last."""


@dataclass(frozen=True, slots=True)
class HomeView:
    """What waits today and what came in."""

    credits_today: int
    """Credits booked today."""
    credits_total: Dong
    """Đồng of them."""
    settled_today: int
    """How many of them were settled without a person."""
    open_count: int
    """All open cases."""
    open_total: Dong
    """Đồng in all of them."""
    oldest: tuple[CaseRow, ...]
    """The first few open cases, oldest first."""


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """One notice in a list, and the head of its own page."""

    id: str
    """Id of the invoice."""
    code: str
    """Its payment code."""
    state: str
    """``issued``, ``partly_paid``, ``paid``, ``cancelled`` or ``replaced``."""
    pupil_name: str
    """Full name of the child."""
    pupil_code: str
    """The child's code."""
    class_name: str
    """E.g. ``3A2``."""
    period: date
    """Any day of the month that is billed."""
    due_date: date
    """Last day to pay, in Vietnam."""
    due: Dong
    """Đồng to pay in all."""
    paid: Dong
    """Đồng laid on it."""
    outstanding: Dong
    """Đồng still to pay."""


@dataclass(frozen=True, slots=True)
class InvoicesView:
    """One page of notices."""

    rows: tuple[InvoiceRow, ...]
    """At most one page of rows."""
    today: date
    """Today in Vietnam."""
    query: str = ""
    """What was searched for."""
    state: str = ""
    """The state that is filtered for; empty for all."""
    next: str = ""
    """Cursor of the next page; empty on the last."""


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """One notice as the school sees it."""

    row: InvoiceRow
    """Its head."""
    today: date
    """Today in Vietnam."""
    lines: tuple[LineView, ...]
    """What the amount is made of."""
    payments: tuple[PaymentView, ...]
    """What has come in, oldest first."""
    history: tuple[HistoryRow, ...]
    """Newest first."""
    account: str
    """Receiving bank and account number."""
    memo: str
    """The whole transfer text."""
    page_url: str
    """Address of the parent's page; empty if it may not be shown."""
    cancel_key: str = ""
    """``idempotency_key`` of the cancel form; empty if the notice cannot be cancelled."""
    cancel_reason: str = ""
    """What was typed as the reason; it stays after an error."""
    errors: tuple[str, ...] = ()
    """Why the form was refused; nothing was written then."""


@dataclass(frozen=True, slots=True)
class AlarmView:
    """Something an operator must look at."""

    at: datetime
    """Since when (aware)."""
    text: str
    """What is wrong and what to do, in words."""
    id: str = ""
    """Its id, for the button that clears it; empty hides the button."""


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """One bank connection."""

    id: str
    """Id of the connection."""
    provider: str
    """Name of the provider."""
    accounts: tuple[str, ...]
    """Bank and number of the accounts it is bound to."""
    state: str
    """``live``, ``silent``, ``new`` (nothing came yet) or ``stopped``."""
    last_delivery_at: datetime | None
    """Its last delivery (aware); None if there was none."""
    deliveries_today: int
    """Deliveries since midnight in Vietnam."""
    alarms: tuple[AlarmView, ...] = ()
    """Open alarms, newest first."""
