"""What the pages of runs share: finding the run, the place asked for, and what codes are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest
from django.urls import reverse

from zhikun.accounts.access import officer_of
from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.assessments.errors import NotKept
from zhikun.assessments.models import Run
from zhikun.assessments.naming import category_words, fact_words, flag_words
from zhikun.assessments.results import is_kept, pack_of
from zhikun.assessments.selectors import cut
from zhikun.assessments.wanted import Wanted
from zhikun.engine.packs.model import Pack
from zhikun.places.models import Area, AreaRange
from zhikun.registry.selectors.places import offered
from zhikun.registry.selectors.search import scope

__all__ = ["Asked", "address", "asked", "category_words", "fact_words", "flag_words", "found", "further"]


@dataclass(frozen=True)
class Asked:
    """A finished run, or what was made of one, as one officer asked for it: the areas they may see of it, cut to a place.

    `right`: by which they see it. `within`: the areas that it covers.
    """

    officer: Officer
    run: Run
    top: Area
    place: Area | None
    ranges: list[AreaRange]
    pack: Pack
    right: Right
    within: Sequence[AreaRange]

    @property
    def shown(self) -> Area:
        """The place that the page is about."""
        return self.place or self.top

    def places(self) -> list[tuple[int, str]]:
        """The places to choose from: those in which the officer holds the right, as far as it covers them, and the one shown."""
        told = offered(self.officer, self.place, self.right)
        found = {one.code: one.title for one in told if any(a.first <= one.code <= a.last for a in self.within)}
        if self.place is not None:  # also one above their own, that a figure of the page led to
            found.setdefault(self.place.pk, self.place.name)
        return sorted(found.items())

    def list_url(self, **wanted: str) -> str:
        """The list behind a figure of the place that is shown."""
        return address("assessments:households", self.run, [*self.here, *wanted.items()])

    def list_of(self, wanted: Wanted) -> str:
        """The list of exactly these."""
        return address("assessments:households", self.run, [*self.here, *wanted.query()])

    @property
    def here(self) -> list[tuple[str, str]]:
        """The place, as it stands in addresses."""
        return [("place", str(self.place.pk))] if self.place else []


def asked(
    request: HttpRequest, run: Run, right: Right = Right.HOUSEHOLD_VIEW, within: Sequence[AreaRange] | None = None
) -> Asked:
    """The run for who asks; `within`: what of its area is covered, if not all. A place that is not theirs is not there (404)."""
    officer = officer_of(request)
    text = request.GET.get("place", "")
    place = None
    if text:
        code = int(text) if text.isascii() and text.isdigit() and len(text) == 12 else 0
        place = Area.objects.filter(pk=code).first()
        if place is None:
            raise Http404
    covered = [run.range] if within is None else within
    ranges = cut(scope(officer, place.range if place else None, right), covered)
    if not ranges:
        raise Http404
    return Asked(officer, run, Area.objects.get(pk=run.area), place, ranges, pack_of(run), right, covered)


def found(request: HttpRequest, pk: UUID) -> Run:
    """The run, if a part of it is the officer's; else it is not there. Raises NotKept where its results are gone."""
    one = Run.objects.visible_to(officer_of(request)).select_related("started_by__organisation").filter(pk=pk).first()
    if one is None:
        raise Http404
    if one.has_results and not is_kept(one):
        raise NotKept(one)
    return one


def address(view: str, run: Run, query: Mapping[str, str] | Sequence[tuple[str, str]]) -> str:
    """A page of a run with its filters."""
    pairs = query.items() if isinstance(query, Mapping) else query
    told = [(key, value) for key, value in pairs if value]
    return reverse(view, args=[run.pk]) + (f"?{urlencode(told)}" if told else "")


def further(request: HttpRequest, position: int | None) -> str:
    """The same list, from after this position on; from its beginning where there is none."""
    query = request.GET.copy()
    query.pop("after", None)
    if position is not None:
        query["after"] = str(position)
    return f"{request.path}?{query.urlencode()}" if query else request.path
