"""What the pages of runs share: finding the run, the place asked for, and what codes are called."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from zhikun.accounts.access import officer_of
from zhikun.accounts.models import Officer
from zhikun.assessments.models import Run
from zhikun.assessments.selectors import OPEN, reach
from zhikun.documents.values import shown_of
from zhikun.engine.packs.model import Pack
from zhikun.places.models import Area, AreaRange
from zhikun.registry.selectors.places import offered
from zhikun.registry.vocabulary import pack_in_force


@dataclass(frozen=True)
class Asked:
    """A finished run as one officer asked for it: the areas they may see of it, cut to a place."""

    officer: Officer
    run: Run
    top: Area
    place: Area | None
    ranges: list[AreaRange]
    pack: Pack

    @property
    def shown(self) -> Area:
        """The place that the page is about."""
        return self.place or self.top

    def places(self) -> list[tuple[int, str]]:
        """The places to choose from: those of the officer that the run covers."""
        told = offered(self.officer, self.place)
        found = {one.code: one.title for one in told if self.run.area <= one.code <= self.run.area_last}
        if self.place is not None:  # also one above their own, that a figure of the page led to
            found.setdefault(self.place.pk, self.place.name)
        return sorted(found.items())

    def list_url(self, **wanted: str) -> str:
        """The list behind a figure of the place that is shown."""
        query = ({"place": str(self.place.pk)} if self.place else {}) | wanted
        return address("assessments:households", self.run, query)


def asked(request: HttpRequest, run: Run) -> Asked:
    """The run for who asks. A place that is not theirs, or of which the run knows nothing, is not there (404)."""
    officer = officer_of(request)
    text = request.GET.get("place", "")
    place = None
    if text:
        code = int(text) if text.isascii() and text.isdigit() and len(text) == 12 else 0
        place = Area.objects.filter(pk=code).first()
        if place is None:
            raise Http404
    ranges = reach(officer, run, place)
    if not ranges:
        raise Http404
    return Asked(officer, run, Area.objects.get(pk=run.area), place, ranges, pack_in_force())


def found(request: HttpRequest, pk: UUID) -> Run:
    """The run, if a part of it is the officer's; else it is not there."""
    one = Run.objects.visible_to(officer_of(request)).select_related("started_by__organisation").filter(pk=pk).first()
    if one is None:
        raise Http404
    return one


def address(view: str, run: Run, query: dict[str, str]) -> str:
    """A page of a run with its filters."""
    told = {key: value for key, value in query.items() if value}
    return reverse(view, args=[run.pk]) + (f"?{urlencode(told)}" if told else "")


def category_words(pack: Pack, code: str | None) -> str:
    """What a category is called; none yet says so."""
    if code is None or code == OPEN:
        return _("尚不能确定")
    return shown_of(pack, pack.results.category).text(code) if pack.results.category else str(code)


def flag_words(pack: Pack, code: str | None) -> str:
    """What a flag is called."""
    for name in pack.results.flags:
        labels = shown_of(pack, name).labels
        if code is not None and code in labels:
            return labels[code]
    return str(code)


def fact_words(pack: Pack, path: str | None) -> str:
    """What a fact is called: 成员·健康状况."""
    entity, _dot, name = str(path).partition(".")
    fact = pack.facts.get((entity, name))
    title = fact.title if fact else name
    return title if entity == "household" or entity not in pack.entities else f"{pack.entities[entity].title}·{title}"
