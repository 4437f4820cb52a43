"""An area has another code: rounds, teams, assignments, engagements and self-reports follow."""

from __future__ import annotations

from zhikun.accounts.models import Officer
from zhikun.places.uses import Succession
from zhikun.surveys.models import Assignment, Engagement, Round, SelfReport, Team


def follow(succession: Succession, _by: Officer | None) -> int:
    """All of them, finished ones too: who looks after the area now answers for what was done there. How many rows."""
    of_old = {"area_id": succession.old}
    return (
        Round.objects.filter(**of_old).update(area=succession.new)
        + Team.objects.filter(**of_old).update(area=succession.new)
        + Assignment.objects.filter(**of_old).update(area=succession.new)
        + Engagement.objects.filter(**of_old).update(area=succession.new)
        + SelfReport.objects.filter(**of_old).update(area=succession.new)
    )
