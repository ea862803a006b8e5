"""A form is answered once: who sends it again hears the same answer, and nothing is done twice.

The key stands hidden in the form; it and the answer are a row of the audit, written in the
transaction of the deed. A deed that failed leaves no row, so the form can be mended and sent.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from kernel import audit
from kernel.errors import Conflict, Invalid
from service.reads_once import form_answer, lock_form

FORM_DEED = "form_answered"
_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")
_UNSAID = {"_csrf_token", "idempotency_key"}


class FormReused(Conflict):
    """The form's key was used for something else; load the page again."""

    code = "form_reused"


@dataclass(frozen=True, slots=True)
class Form:
    """A form as it was sent: its key, who sent it, a digest of where and what."""

    key: str
    actor: str
    digest: str

    @property
    def subject(self) -> str:
        """Name the form in the audit."""
        return f"form:{self.key}"


def form_of(key: str, *, actor: str, path: str, fields: Iterable[tuple[str, str]]) -> Form:
    """Name a form that was sent; raises Invalid for a key that no page of ours has made."""
    if not _KEY.fullmatch(key):
        raise Invalid("the form has no key: load the page again", field="idempotency_key")
    said = sorted((name, text) for name, text in fields if name not in _UNSAID)
    digest = hashlib.sha256(repr((actor, path, said)).encode()).hexdigest()
    return Form(key, actor, digest)


async def answered(tx: AsyncConnection, form: Form) -> str | None:
    """Give where this form led when it was sent before; None if it is new.

    Whoever sends it at the same time waits here until the first is through. Raises FormReused.
    """
    await lock_form(tx, form.subject)
    facts = await form_answer(tx, form.subject, FORM_DEED)
    if facts is None:
        return None
    if facts["digest"] != form.digest:
        raise FormReused("this form was used for something else")
    return str(facts["location"])


async def keep_answer(
    tx: AsyncConnection,
    form: Form,
    location: str,
    *,
    now: datetime,
    school_id: int | None = None,
    account_id: int | None = None,
) -> None:
    """Keep where a form leads, beside the deed that it asked for."""
    deed = audit.Deed(
        form.actor, FORM_DEED, form.subject, now, school_id=school_id, account_id=account_id
    )
    await audit.record(tx, deed, digest=form.digest, location=location)
