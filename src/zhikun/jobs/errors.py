"""How work may end early, and what may be refused about it."""

from __future__ import annotations

from zhikun.pages.errors import Conflict, DomainError


class UnknownKind(LookupError):
    """Code asks for a kind of work that no app registered."""


class JobFailed(DomainError):
    """Raised by work that cannot succeed however often it is tried. Its sentences are shown as they are: no personal data."""


class JobCancelled(Exception):
    """The officer cancelled; `Progress.check` raises it."""


class WorkerStopping(Exception):
    """The worker was told to end; the work goes back to the queue with its checkpoint."""


class LeaseLost(Exception):
    """Another worker holds the work by now: whatever this transaction wrote must not stand."""


class JobMovedOn(Conflict):
    """What was asked of the work no longer fits the state it is in."""
