"""How far a deadline is, in working days of the official calendar, in words and with a shape."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.monitoring.models import RaisedWarning
from zhikun.workdays import Calendar, days_left, load_calendar

#: Within so many working days a deadline is shown as near.
NEAR = 3


@cache
def calendar() -> Calendar:
    """The official calendar as the program has it."""
    return load_calendar()


@dataclass(frozen=True)
class Due:
    """A deadline: its day, whether it may still move, and how it stands today."""

    day: date | None
    provisional: bool
    words: str
    tone: str

    @property
    def overdue(self) -> bool:
        return self.tone == "danger"


def due_of(one: RaisedWarning, today: date | None = None) -> Due:
    """How the deadline of a warning stands today. What needs no visit any more has no days left."""
    on = today or timezone.localdate()
    if one.deadline is None:
        return Due(None, False, _("期限算不出"), "unknown")
    if one.state != RaisedWarning.State.WAITING:
        return Due(one.deadline, one.provisional, "", "neutral")
    if one.deadline < on:
        left = days_left(calendar(), on, one.deadline)
        # A deadline on a day off ends with no working day passed yet, and has passed all the same.
        late = _("已超期 {n} 个工作日").format(n=-left) if left else _("已超期")
        return Due(one.deadline, one.provisional, late, "danger")
    left = days_left(calendar(), on, one.deadline)
    if left is None:
        return Due(one.deadline, one.provisional, "", "neutral")
    if one.deadline == on:
        return Due(one.deadline, one.provisional, _("今天到期"), "warning")
    return Due(
        one.deadline, one.provisional, _("还有 {n} 个工作日").format(n=left), "warning" if left <= NEAR else "neutral"
    )
