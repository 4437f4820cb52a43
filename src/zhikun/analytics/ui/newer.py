"""A page about the newest run of a place notices that a newer one is made, and that it is done; of an old one it says how old.

    watched(request, ...)     what the page draws: `{% include "analytics/_newer.html" %}`; None where an older run was chosen
    answered(request, ...)    what the page gets when it asks again by itself

Who opened the page while an assessment was going on gets the new numbers by themselves; who was reading when it began is only
told, and leads themselves there: numbers do not change under somebody's eyes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.accounts.sessions import POLL_HEADER
from zhikun.analytics.ui.grids import with_query
from zhikun.assessments.models import Run, RunQuerySet
from zhikun.assessments.naming import pack_words
from zhikun.assessments.services.run import job_of
from zhikun.assessments.ui.common import Asked
from zhikun.pages.render import wants_fragment
from zhikun.places.models import AreaRange

#: Seconds between two questions: while an assessment goes on, and else.
_SOON, _LATER = 1, 20
#: What the page knew when it asked last: it stands in the header of its question.
_KNEW = "X-Zhikun-Seen"


class State(StrEnum):
    """What there is to tell."""

    NEWEST = "newest"
    AWAITED = "awaited"  # going on since before the page was opened: the page goes over to it by itself
    GOING_ON = "going-on"
    SAME = "same"
    NEWER = "newer"


@dataclass(frozen=True)
class Watched:
    """How a page asks whether there is a newer run, and what it says. `newer`: the address of the same page about it."""

    state: State
    url: str
    newer: str = ""

    @property
    def every(self) -> int:
        """Seconds to the next question; 0: there is nothing more to ask."""
        return 0 if self.state is State.NEWER else _SOON if self.is_going_on else _LATER

    @property
    def is_going_on(self) -> bool:
        """Whether an assessment is under way."""
        return self.state in (State.AWAITED, State.GOING_ON)


def watched(request: HttpRequest, officer: Officer, run: Run | None, ranges: Sequence[AreaRange]) -> Watched | None:
    """What a page about a run says when it is opened; None where an older run was chosen. `run` None: there is none yet."""
    if _newest(officer, run, ranges) != run:
        return None
    state = State.AWAITED if _goes_on(officer, run, ranges) else State.NEWEST
    return Watched(state, with_query(request))


def asks_again(request: HttpRequest) -> bool:
    """Whether it is the page that asks, not a person."""
    return wants_fragment(request) and POLL_HEADER in request.headers


def answered(request: HttpRequest, officer: Officer, run: Run | None, ranges: Sequence[AreaRange]) -> HttpResponse:
    """What an open page is told when it asks again; nothing (204) while there is nothing new."""
    said = request.headers.get(_KNEW, "")
    knew = State(said) if said in list(State) else State.NEWEST
    going_on = _goes_on(officer, run, ranges)  # first: a run that ends in between is then among the finished ones
    newest = _newest(officer, run, ranges)
    if newest is not None and newest != run:
        return _newer(request, newest, by_itself=knew is State.AWAITED)
    if going_on:
        state = State.AWAITED if knew is State.AWAITED else State.GOING_ON
    else:
        state = State.SAME if knew in (State.AWAITED, State.GOING_ON) else knew
    return HttpResponse(status=204) if state is knew else _drawn(request, Watched(state, with_query(request)))


def _newer(request: HttpRequest, newest: Run, *, by_itself: bool) -> HttpResponse:
    match = request.resolver_match
    view = f"analytics:{match.url_name if match and match.kwargs else 'statistics'}"
    query = request.GET.copy()
    query.pop("run", None)  # the choice of a run on the page
    url = reverse(view, args=[newest.pk]) + (f"?{query.urlencode()}" if query else "")
    if not by_itself:
        return _drawn(request, Watched(State.NEWER, request.path, url))
    messages.success(request, _("评估已完成，这里是最新的结果。"))
    response = HttpResponse()
    response["HX-Redirect"] = url
    return response


def other_pack(at: Asked) -> tuple[str, str] | None:
    """The pack that a run was assessed by and the one whose lines and titles a page shows, where these are not the same."""
    return None if at.pack.hash == at.run.pack_hash else (pack_words(at.run), f"{at.pack.title} {at.pack.version}")


def _drawn(request: HttpRequest, told: Watched) -> HttpResponse:
    return HttpResponse(render_to_string("analytics/_newer.html", {"watched": told}, request))


def _like(officer: Officer, run: Run | None, ranges: Sequence[AreaRange]) -> RunQuerySet:
    """Runs that could take the run's place: by the same kind of pack, over all that the page is about."""
    rows = Run.objects.visible_to(officer)
    if run is None:
        return rows.usual()
    rows = rows.usual() if run.is_usual else rows.filter(pack=run.pack)
    return rows.covering(ranges)


def _newest(officer: Officer, run: Run | None, ranges: Sequence[AreaRange]) -> Run | None:
    return _like(officer, run, ranges).finished().first()


def _goes_on(officer: Officer, run: Run | None, ranges: Sequence[AreaRange]) -> bool:
    """Whether work on such a run is under way; one that failed or was cancelled stays active, and is not."""
    active = _like(officer, run, ranges).filter(state=Run.State.ACTIVE)
    if run is not None:
        active = active.filter(on__gte=run.on)
    return any(job is not None and not job.has_ended for job in map(job_of, active))
