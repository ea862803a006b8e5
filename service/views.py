"""What the parents' pages, the sign-in and the error page show, one frozen record a page.

Values only: strings, whole đồng, days and aware moments. Nothing here reads, decides or formats.
"""

from dataclasses import dataclass
from datetime import date, datetime

from kernel.money import Dong

LOOK_AGAIN_S = 5
"""Seconds between two looks of a waiting page without script."""

LOOKS_MAX = 24
"""Looks of a waiting page without script: two minutes of them, then a button."""


@dataclass(frozen=True, slots=True)
class SchoolView:
    """The school on top of a parent's page and its contact at the bottom."""

    name: str
    """Full name as people say it."""
    place: str
    """Commune and province; empty if unknown."""
    crest: str
    """Two or three letters for the square beside the name."""
    contact_name: str = ""
    """Whom to ask about money; empty hides the line's name."""
    contact_phone: str = ""
    """Phone as written for people; empty hides the number."""
    office_hours: str = ""
    """When that person answers, e.g. ``07:30–16:30``."""


@dataclass(frozen=True, slots=True)
class LineView:
    """One line of a notice, with the reason it is there."""

    name: str
    """The fee item's name."""
    reason: str
    """How the amount came about, in words; empty if the name says it all."""
    amount: Dong
    """Đồng; below 0 for a deduction."""


@dataclass(frozen=True, slots=True)
class PaymentView:
    """Money that was laid on a notice."""

    received_at: datetime
    """When the bank booked it (aware)."""
    amount: Dong
    """Đồng laid on this notice, above 0."""
    method: str
    """In words: ``Chuyển khoản``, ``Tiền mặt``, ``Số dư của em``."""
    bank_ref: str = ""
    """The bank's reference; empty if there is none."""
    receipt_no: str = ""
    """Number of the receipt; empty until one is written."""


@dataclass(frozen=True, slots=True)
class NoticeView:
    """One notice in one state: what ``notice.html`` shows."""

    token: str
    """The secret of the address ``/p/{token}``."""
    state: str
    """``issued``, ``partly_paid``, ``paid``, ``cancelled`` or ``replaced``."""
    school: SchoolView
    """Who asks for the money."""
    pupil_name: str
    """The child's full name."""
    class_name: str
    """E.g. ``3A2``."""
    period: date
    """Any day of the month that is billed."""
    due_date: date
    """Last day to pay, in Vietnam."""
    today: date
    """Today in Vietnam, by the one clock."""
    due: Dong
    """Đồng to pay in all; the lines add up to it."""
    paid: Dong
    """Đồng already laid on this notice."""
    outstanding: Dong
    """Đồng still to pay; the QR carries exactly this."""
    surplus: Dong
    """Đồng that came in beyond the amount, kept as the child's balance."""
    lines: tuple[LineView, ...]
    """What the amount is made of."""
    payments: tuple[PaymentView, ...]
    """What has come in, oldest first."""
    bank_name: str
    """Short name of the receiving bank."""
    account_number: str
    """The school's own account, never masked."""
    account_holder: str
    """The receiver as a bank's application shows it."""
    memo: str
    """The whole transfer text: the account's prefix and the code."""
    qr_svg: str
    """Ready SVG markup drawn by us, shown unescaped; empty while no QR may be shown."""
    replaced_by: str = ""
    """Address of the notice that replaces this one; empty if none."""
    notice_pdf: bool = False
    """Whether ``/p/{token}/notice.pdf`` answers."""
    receipt_pdf: bool = False
    """Whether ``/p/{token}/receipt.pdf`` answers."""


@dataclass(frozen=True, slots=True)
class ReceivedView:
    """The page after "Tôi đã chuyển xong", while the notice is not paid yet."""

    token: str
    """The secret of the address."""
    state: str
    """``waiting`` for the bank, or ``looking``: money came and a person looks whose it is."""
    school: SchoolView
    """Who waits with the parent."""
    pupil_name: str
    """The child's full name."""
    class_name: str
    """E.g. ``3A2``."""
    period: date
    """Any day of the month that is billed."""
    outstanding: Dong
    """Đồng still to pay, as far as the books know now."""
    paid: Dong
    """Đồng already laid on this notice."""
    bank_name: str
    """Short name of the bank whose message is awaited."""
    looks: int = 0
    """How often the page looked again without script (``lan`` of the address), from 0."""


@dataclass(frozen=True, slots=True)
class LoginView:
    """The sign-in of staff."""

    csrf_token: str
    """Goes back as ``_csrf_token``."""
    next_url: str = ""
    """Where to go afterwards, a path of our own; empty for the start page."""
    username: str = ""
    """What was typed before; it stays after an error."""
    error: str = ""
    """One sentence, the same for an unknown name and a wrong password; empty at first."""
    ask_code: bool = False
    """Whether the six digits of an authenticator are asked for too."""


@dataclass(frozen=True, slots=True)
class ErrorView:
    """A deed or a page that failed, for people."""

    title: str
    """What happened, in a few words."""
    cause: str
    """Why, in one sentence."""
    way_out: str
    """What to do now, in one sentence."""
    nothing_written: bool = True
    """Whether it is certain that nothing was written; said first."""
    code: str = ""
    """The constant error code; empty if there is none."""
    request_id: str = ""
    """What the operator can look for; empty if there is none."""
    back_url: str = ""
    """Where the button leads, a path of our own; empty hides it."""
