"""What may go wrong while people work: what happened, why, and what to do."""

from __future__ import annotations

from typing import ClassVar


class DomainError(Exception):
    """A verb refused. Apps derive theirs and say it in the words of the work, without personal data.

    `what` happened, `why` the rule stands (the clause, the other officer's change), `remedy`: what to do now. `field`
    names the form field that it is about, if it is about one.
    """

    status: ClassVar[int] = 422

    def __init__(self, what: str, *, why: str = "", remedy: str = "", field: str = "") -> None:
        self.what = what
        self.why = why
        self.remedy = remedy
        self.field = field
        super().__init__(" ".join(part for part in (what, why, remedy) if part))


class Conflict(DomainError):
    """Somebody else changed the same thing first."""

    status = 409
