"""The five ways a caller can be wrong. No HTTP here: ``service/problems.py`` knows the status."""

from typing import ClassVar


class DomainError(Exception):
    """A promise of the caller is broken; ``code`` is constant, ``facts`` are safe to show."""

    code: ClassVar[str] = "domain_error"

    def __init__(self, detail: str = "", **facts: object) -> None:
        """Keep the sentence for people and the facts for programs."""
        super().__init__(detail or self.code)
        self.detail = detail
        self.facts = facts


class NotFound(DomainError):
    """No such thing, or none that this caller may know of."""

    code = "not_found"


class Invalid(DomainError):
    """The input breaks a rule; the facts name row, field and rule."""

    code = "invalid"


class Conflict(DomainError):
    """The input is well formed but the state of things forbids it."""

    code = "conflict"


class Forbidden(DomainError):
    """The caller's role lacks this verb on its own object."""

    code = "forbidden"


class Unavailable(DomainError):
    """Something we need does not answer now; trying again is right."""

    code = "unavailable"
