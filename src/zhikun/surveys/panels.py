"""入户调查 on the household's page, under 照片和材料: its visits, and the photos of those that were accepted.

The photos are those of the visit, not copies: what the review has not accepted, and what was withdrawn with its recording,
shows none. Signatures stay with the visit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhikun.accounts.models import Officer
from zhikun.pages.asked import Asked
from zhikun.registry.models import Household
from zhikun.registry.panels import Panel
from zhikun.surveys.models import Visit, VisitFile
from zhikun.surveys.models.round import OFFICE

_visits = Asked(lambda pk: Visit.objects.filter(household=pk).select_related("assignment__round", "recording"))
_TONES = {Visit.State.SUBMITTED: "progress", Visit.State.RETURNED: "warning", Visit.State.ACCEPTED: "success"}


@dataclass(frozen=True)
class Visited:
    """One visit as the panel shows it. `open`: the officer may look at the visit itself."""

    visit: Visit
    tone: str
    state: str
    surveyors: str
    photos: list[VisitFile]
    open: bool
    why: str  # what the review said of one that was given back


def panel() -> Panel:
    """The panel, as the registry takes it."""
    return Panel("surveys", gettext_lazy("入户调查"), "surveys/panel.html", context, among_documents=True)


def context(household: Household, officer: Officer) -> dict[str, Any] | None:
    """The visits to the household, the latest first; None where nobody has been there.

    In three queries; one more for those who look after surveys here, where a visit was given back.
    """
    photos = VisitFile.objects.filter(kind=VisitFile.Kind.PHOTO).order_by("taken_at", "added_at")
    found = _visits(household.pk)
    prefetch_related_objects(found, "surveyors", Prefetch("files", photos, to_attr="photos"))
    surveys = any(officer.may(right, household.area_id) for right in OFFICE)
    prefetch_related_objects([one for one in found if surveys and one.state == Visit.State.RETURNED], "comments")
    latest_first = sorted(found, key=lambda one: (one.visited_on, one.submitted_at), reverse=True)
    visits = [_visited(one, officer, surveys=surveys) for one in latest_first]
    first = next((one for one in visits if one.photos), visits[0] if visits else None)
    return {"visits": visits, "unfolded": first, "household": household} if visits else None


def _visited(visit: Visit, officer: Officer, *, surveys: bool) -> Visited:
    withdrawn = visit.recording is not None and visit.recording.withdrawn_at is not None
    state = Visit.State(visit.state)
    return Visited(
        visit,
        "neutral" if withdrawn else _TONES[state],
        _("已撤回") if withdrawn else str(state.label),
        "、".join(one.name for one in visit.surveyors.all()),
        visit.photos if state == Visit.State.ACCEPTED and not withdrawn else [],  # type: ignore[attr-defined]  # prefetched above
        any(officer.may(right, visit.assignment.area_id) for right in OFFICE),
        "；".join(one.text for one in visit.comments.all()) if surveys and state == Visit.State.RETURNED else "",
    )
