"""The list behind a number of a proxy means test as an export takes it: as many rows as the number, each with actual and told value.

A told value is a hint whom to visit first and no result of the household: the title and the first line of the file say so.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.analytics import fit_lists
from zhikun.analytics.errors import FitGone, UnknownHere
from zhikun.analytics.exporting import rows_of
from zhikun.analytics.fit_lists import Chosen
from zhikun.analytics.fits import Fit
from zhikun.analytics.fitting import Question, has_lists
from zhikun.analytics.sheets import proposal
from zhikun.assessments.exporting import known_value, sample_line
from zhikun.assessments.naming import pack_words
from zhikun.assessments.results import pack_of
from zhikun.assessments.selectors import cut
from zhikun.documents.values import shown_of
from zhikun.engine.packs.model import Pack
from zhikun.places.models import Area
from zhikun.registry.errors import NotAllowedHere
from zhikun.registry.selectors.search import scope
from zhikun.registry.services.exporting_sources import Listing

SOURCE = "fit"
_PREFIX = "fit."
Values = Mapping[str, Any]


class Lists:
    """The lists of fits as a source of exports: fit, place, and which of its households."""

    def asked(self, query: QueryDict, officer: Officer) -> dict[str, Any]:
        """The fit, the place and the list of an address; 404 for what is not the officer's, or cannot be read."""
        place = query.get("place", "")
        if place and not (place.isascii() and place.isdigit() and len(place) == 12):
            raise Http404
        what: dict[str, Any] = {
            "fit": query.get("fit", ""), "place": int(place) if place else None,
            "which": query.get("which", ""), "at": query.get("at", ""),
        }  # fmt: skip
        try:
            fit, _place = _found(what, officer)
            fit_lists.read(what["which"], what["at"], fit)
        except (NotAllowedHere, UnknownHere):
            raise Http404 from None
        return what

    def listing(self, what: Mapping[str, Any], officer: Officer) -> Listing:
        """The list as of now: a fit never changes, but officers' areas and households' homes do."""
        fit, place = _found(what, officer)
        chosen, pack = fit_lists.read(what["which"], what["at"], fit), pack_of(fit.run)
        seen = fit_lists.reach(officer, fit, place)
        ranges = cut(seen, scope(officer, place.range if place else None, Right.HOUSEHOLD_EXPORT))
        columns = columns_for(Question.of(fit.asked), pack)
        asked = urlencode([*([("place", str(place.pk))] if place else []), *chosen.query])
        return Listing(
            title=_("准家计调查模型的家庭名单"),
            url=f"{reverse('analytics:means-households', args=[fit.run_id, fit.pk])}?{asked}",
            seen=fit_lists.count_of(fit, seen, chosen), count=fit_lists.count_of(fit, ranges, chosen),
            columns={name: title for name, (title, _value) in columns.items()},
            rows=lambda size: rows_of(partial(fit_lists.part_of, fit, ranges, chosen), columns, size), usual=list(columns),
            lines=_lines(fit, place, chosen, pack),
            codes={"fit": str(fit.pk), "run": str(fit.run_id), "asked": asked},
            place=place.pk if place else None,
        )  # fmt: skip

    def title(self, column: str) -> str | None:
        """What it is called whatever was told."""
        plain = {
            "actual": _("实际的数"), "told": _("推算的数"), "weight": _("权数"), "fitted": _("参加估计"),
        }  # fmt: skip
        return plain.get(column.removeprefix(_PREFIX)) if column.startswith(_PREFIX) else None


def columns_for(question: Question, pack: Pack) -> dict[str, tuple[str, Callable[[Values], object]]]:
    """The columns of the file, by name: title, and the value out of what is kept of a household."""
    heading, value = shown_of(pack, question.target).heading, known_value(pack, question.target)

    def told(values: Values) -> object:
        return _("推算不了") if values["told"] is None else value(values["told"])

    found: dict[str, tuple[str, Callable[[Values], object]]] = {
        "actual": (_("{t}：实际").format(t=heading), lambda values: value(values["actual"])),
        "told": (_("{t}：推算").format(t=heading), told),
        "fitted": (_("参加估计"), fitted_words),
    }
    if question.weight:
        weight = known_value(pack, question.weight)
        found["weight"] = (shown_of(pack, question.weight).heading, lambda values: weight(values["weight"]))
    return {_PREFIX + name: one for name, one in found.items()}


def fitted_words(values: Values) -> str:
    """Whether a household took part, else why not."""
    return _("参加") if values["fitted"] else "；".join(values["reasons"])


def _found(what: Mapping[str, Any], officer: Officer) -> tuple[Fit, Area | None]:
    try:
        key = uuid.UUID(str(what["fit"]))
    except ValueError:
        raise NotAllowedHere from None
    fit = Fit.objects.visible_to(officer).finished().select_related("run").filter(pk=key).first()
    place = Area.objects.filter(pk=what["place"]).first() if what["place"] else None
    if fit is None or (what["place"] and place is None) or not fit_lists.reach(officer, fit, place):
        raise NotAllowedHere
    if not has_lists(fit.pk):
        raise FitGone
    return fit, place


def _lines(fit: Fit, place: Area | None, chosen: Chosen, pack: Pack) -> list[tuple[str, str]]:
    area = place or Area.objects.filter(pk=fit.area).first()
    return [
        (_("准家计调查模型"), proposal()),
        (_("评估"), f"{fit.run.on.isoformat()} {pack_words(fit.run)}"),
        (_("地区"), area.name if area else str(fit.area)),
        (_("名单"), fit_lists.words(chosen, fit, pack)),
        *sample_line(pack),
    ]
