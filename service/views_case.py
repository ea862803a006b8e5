"""What the page of one case shows: the bank's words, the split, the history.

Values only, like ``views``.
"""

from dataclasses import dataclass
from datetime import date, datetime

from kernel.money import Dong
from service.views_desk import HistoryRow


@dataclass(frozen=True, slots=True)
class MemoPart:
    """A piece of the bank's text; all pieces in order are the text."""

    text: str
    """The piece exactly as received."""
    marked: bool = False
    """Whether the machine read a code or a name in it."""


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """One reason for or against, in words."""

    kind: str
    """``for``, ``against`` or ``missing``."""
    text: str
    """The sentence; never a bare score."""


@dataclass(frozen=True, slots=True)
class CandidateView:
    """A notice the case's money could pay: one row of the assign form."""

    code: str
    """The notice's code; goes back as ``code`` beside its ``amount``."""
    pupil_name: str
    """Full name of the child."""
    pupil_code: str
    """The child's code."""
    class_name: str
    """E.g. ``5A1``."""
    period: date
    """Any day of the month that is billed."""
    outstanding: Dong
    """Đồng still to pay."""
    amount_text: str = ""
    """What stands in the field: our proposal, or what was typed; empty for nothing."""
    error: str = ""
    """What is wrong with that field; empty if nothing is."""
    evidence: tuple[EvidenceView, ...] = ()
    """Reasons for and against this child."""


@dataclass(frozen=True, slots=True)
class RestChoice:
    """A pupil who may keep what is left over as a balance."""

    pupil_code: str
    """Goes back as ``rest_to``."""
    label: str
    """Name and class."""
    chosen: bool = False
    """Whether it is selected."""


@dataclass(frozen=True, slots=True)
class CaseView:
    """One case: what the bank said, the split, the history."""

    id: str
    """Id of the case."""
    state: str
    """``open``, ``assigned``, ``returned`` or ``ignored``."""
    amount: Dong
    """Đồng of the credit."""
    title: str
    """The kind of case in a few words."""
    reason: str
    """Why the machine would not decide, in a sentence."""
    memo: tuple[MemoPart, ...]
    """The bank's text in pieces."""
    payer: str
    """Name and masked account of the payer; empty if the bank does not say."""
    account: str
    """Receiving bank and account number."""
    booked_at: datetime
    """When the bank booked it (aware)."""
    bank_ref: str
    """The bank's reference; empty if there is none."""
    source: str
    """Where the news came from, e.g. ``SePay`` or ``Sao kê``."""
    history: tuple[HistoryRow, ...]
    """Newest first."""
    evidence: tuple[EvidenceView, ...] = ()
    """Reasons that hold for the case as a whole."""
    candidates: tuple[CandidateView, ...] = ()
    """Rows of the assign form: proposals first, then what a search found."""
    rest_choices: tuple[RestChoice, ...] = ()
    """Who may keep what is left over."""
    query: str = ""
    """What was searched for; empty for nothing."""
    found: int = 0
    """How many notices that search found."""
    errors: tuple[str, ...] = ()
    """Why the form was refused; nothing was written then."""
    assign_key: str = ""
    """``idempotency_key`` of the assign form."""
    undo_key: str = ""
    """``idempotency_key`` of the undo form; empty if nothing can be undone."""
    undo_text: str = ""
    """What an undo would take back, in words."""
    who_may: str = ""
    """Who may decide here, if not this person; empty if this person may."""
    note_text: str = ""
    """What was typed as a note; it stays after an error."""
    url: str = ""
    """Address of a credit that no case was needed for; empty for a case."""
