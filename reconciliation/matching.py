"""Decides whose money a credit is, from its memo and the notices of its account. Pure.

Only an exact checked code of the credited account settles; everything else is a case. No clock,
no SQL, no guess written down.
"""

from collections.abc import Mapping, Sequence

from kernel.money import Dong
from payments.allocation import allocate
from payments.notice import Notice, paid_by
from reconciliation.model import (
    Action,
    CodeOwner,
    Credit,
    Decision,
    NoticePart,
    PupilPart,
    Reason,
    Suggestion,
)

POLICY = "2026-11-exact-code"

Keyed = dict[tuple[int, int], Notice]


def decide_all(
    credits_in_order: Sequence[Credit],
    codes: Mapping[int, Sequence[str]],
    owners: Mapping[str, CodeOwner],
    notices: Sequence[Notice],
) -> list[Decision]:
    """Decide credits in their order, each on what the earlier ones have left.

    ``codes`` gives the exact codes found in each credit's memo, ``owners`` where known codes
    belong, ``notices`` the locked notices of the account that these credits may touch.
    """
    current: Keyed = {notice.key: notice for notice in notices}
    decisions: list[Decision] = []
    for credit in credits_in_order:
        decision = decide(credit, codes.get(credit.id, ()), owners, current)
        for part in decision.notices:
            current[part.notice] = paid_by(current[part.notice], part.amount, credit.booked_at)
        decisions.append(decision)
    return decisions


def decide(
    credit: Credit,
    found: Sequence[str],
    owners: Mapping[str, CodeOwner],
    notices: Mapping[tuple[int, int], Notice],
) -> Decision:
    """Decide one incoming credit; the same input always gives the same decision."""
    known = [owners[code] for code in found if code in owners]
    own = [owner for owner in known if owner.account_id == credit.account_id]
    if not found:
        return _case(Reason.NO_CODE)
    if not known:
        return _case(Reason.UNKNOWN_CODE, *(f"unknown_code:{code}" for code in found))
    if len(known) > 1:
        return _case(
            Reason.SEVERAL_CODES,
            *(f"exact_code:{owner.code}" for owner in known),
            suggestions=[_suggestion(owner, credit, notices) for owner in known],
        )
    if not own:
        return _case(
            Reason.OTHER_ACCOUNT,
            f"exact_code:{known[0].code}",
            suggestions=[_suggestion(known[0], credit, notices)],
        )
    return _settle(credit, notices[own[0].school_id, own[0].invoice_id], notices)


def _settle(credit: Credit, named: Notice, notices: Mapping[tuple[int, int], Notice]) -> Decision:
    """Lay the credit on the named notice, then where the rest fits, else keep it for the pupil."""
    others = sorted(
        (
            each
            for each in notices.values()
            if each.pupil == named.pupil and each.key != named.key and each.state.open
        ),
        key=lambda each: (each.due_date, each.id),
    )
    open_others = [part for each in others if (part := each.open_part) is not None]
    parts, surplus = allocate(credit.amount, named.open_part, open_others)
    assert sum(part.amount for part in parts) + surplus == credit.amount
    evidence = [f"exact_code:{named.code}"]
    if not named.state.open:
        evidence.append(f"notice_{named.state}")
    elif credit.amount == named.outstanding:
        evidence.append("amount_equal")
    elif credit.amount < named.outstanding:
        evidence.append("amount_below")
    else:
        evidence.append("amount_above")
    if any(part.invoice_id != named.id for part in parts):
        evidence.append("rest_fits_other_notice")
    if surplus:
        evidence.append(f"kept_for_pupil:{surplus}")
    return Decision(
        action=Action.SETTLED,
        evidence=tuple(evidence),
        notices=tuple(
            NoticePart((named.school_id, part.invoice_id), part.amount) for part in parts
        ),
        pupils=(PupilPart(named.pupil, Dong(surplus)),) if surplus else (),
        policy=POLICY,
    )


def _case(reason: Reason, *evidence: str, suggestions: Sequence[Suggestion] = ()) -> Decision:
    return Decision(
        action=Action.CASE,
        reason=reason,
        evidence=(reason.value, *evidence),
        suggestions=tuple(suggestions),
        policy=POLICY,
    )


def _suggestion(
    owner: CodeOwner, credit: Credit, notices: Mapping[tuple[int, int], Notice]
) -> Suggestion:
    """Suggest the owner of a code; a pupil of another account's school stays unnamed."""
    notice = notices.get((owner.school_id, owner.invoice_id))
    if owner.account_id != credit.account_id or notice is None:
        return Suggestion(None, owner.code, "code_of_other_account")
    return Suggestion(notice.student_code, owner.code, "exact_code")
