"""The list behind a number of a trial as an export takes it: as many rows as the number, each household before and after.

A trial is its officer's own, and so is its export. Nothing in the file is a result of the household: the title says that it is a trial.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.analytics import trials
from zhikun.analytics.errors import TrialGone
from zhikun.analytics.models import Trial
from zhikun.analytics.trial_words import change_words, chosen_words
from zhikun.analytics.trials import Chosen
from zhikun.analytics.trying import is_done
from zhikun.assessments.exporting import known_value, sample_line
from zhikun.assessments.naming import category_words, pack_words
from zhikun.assessments.results import pack_of
from zhikun.assessments.selectors import cut
from zhikun.documents.values import shown_of
from zhikun.engine.packs.model import Pack
from zhikun.places.models import Area
from zhikun.registry.errors import NotAllowedHere
from zhikun.registry.selectors.search import scope
from zhikun.registry.services.exporting_sources import Listing, Row
from zhikun.registry.vocabulary import packs_in_force

SOURCE = "trial"
_PREFIX = "trial."
Values = Mapping[str, Any]


class Lists:
    """The lists of trials as a source of exports: trial, place, and which of its households."""

    def asked(self, query: QueryDict, officer: Officer) -> dict[str, Any]:
        """The trial, the place and the kind of an address; 404 for what is not the officer's, or cannot be read."""
        place = query.get("place", "")
        if place and not (place.isascii() and place.isdigit() and len(place) == 12):
            raise Http404
        what = {
            "trial": query.get("trial", ""), "place": int(place) if place else None,
            **{name: query.get(name, "") for name in ("change", "was", "now")},
        }  # fmt: skip
        try:
            trial, _place = _found(what, officer)
        except NotAllowedHere:
            raise Http404 from None
        if not trials.is_known(trial, _chosen(what)):
            raise Http404
        return what

    def listing(self, what: Mapping[str, Any], officer: Officer) -> Listing:
        """The list as of now: a trial never changes, but officers' areas and households' homes do."""
        trial, place = _found(what, officer)
        chosen, pack = _chosen(what), pack_of(trial.run)
        seen = trials.reach(officer, trial, place)
        ranges = cut(seen, scope(officer, place.range if place else None, Right.HOUSEHOLD_EXPORT))
        columns = columns_for(pack)
        query = {"place": str(place.pk) if place else "", "change": chosen.kind, "was": chosen.was, "now": chosen.now}
        asked = urlencode({name: value for name, value in query.items() if value})
        return Listing(
            title=_("试算的家庭名单"), url=f"{reverse('analytics:trial-households', args=[trial.pk])}?{asked}",
            seen=trials.count_of(trial, seen, chosen), count=trials.count_of(trial, ranges, chosen),
            columns={name: title for name, (title, _value) in columns.items()},
            rows=lambda size: rows_of(partial(trials.part_of, trial, ranges, chosen), columns, size), usual=list(columns),
            lines=_lines(trial, place, chosen, pack),
            codes={"trial": str(trial.pk), "run": str(trial.run_id), "asked": asked},
            place=place.pk if place else None,
        )  # fmt: skip

    def title(self, column: str) -> str | None:
        """As the platform's own pack calls it, else the first of the others that has it."""
        found = (columns_for(pack).get(column) for pack in packs_in_force().values())
        return next((told[0] for told in found if told is not None), None)


def columns_for(pack: Pack) -> dict[str, tuple[str, Callable[[Values], object]]]:
    """The columns of the file, by name: title, and the value out of what a household has before and after."""
    shown = pack.results
    found: dict[str, tuple[str, Callable[[Values], object]]] = {}

    def pair(name: str, title: str, told: Callable[[Any], object]) -> None:
        found[f"{_PREFIX}was_{name}"] = (_("{t}：现行").format(t=title), lambda values: told(values.get(f"was_{name}")))
        found[f"{_PREFIX}is_{name}"] = (
            _("{t}：改动后（试算）").format(t=title),
            lambda values: told(values.get(f"is_{name}")),
        )

    if shown.category:
        pair("category", shown_of(pack, shown.category).heading, lambda code: category_words(pack, code))
    if shown.index:
        pair("index", shown_of(pack, shown.index).heading, known_value(pack, shown.index))
    if shown.amount:
        pair("amount", shown_of(pack, shown.amount).heading, known_value(pack, shown.amount))
    return found


def _chosen(what: Mapping[str, Any]) -> Chosen:
    return Chosen(what["change"], what["was"], what["now"])


def _found(what: Mapping[str, Any], officer: Officer) -> tuple[Trial, Area | None]:
    try:
        key = uuid.UUID(str(what["trial"]))
    except ValueError:
        raise NotAllowedHere from None
    trial = Trial.objects.visible_to(officer).select_related("run").filter(pk=key).first()
    place = Area.objects.filter(pk=what["place"]).first() if what["place"] else None
    if trial is None or (what["place"] and place is None) or not trials.reach(officer, trial, place):
        raise NotAllowedHere
    if trial.state != Trial.State.DONE or not is_done(trial.key):
        raise TrialGone
    return trial, place


def rows_of(
    part_after: Callable[[int, int], Sequence[tuple[uuid.UUID, Values]]],
    columns: Mapping[str, tuple[str, Callable[[Values], object]]],
    size: int,
) -> Iterator[list[Row]]:
    """A list in its order, part by part along the positions. `part_after(position, size)`: households and what is kept of each."""
    after = -1
    while True:
        part = part_after(after, size)
        if part:
            yield [Row(who, {name: value(values) for name, (_t, value) in columns.items()}) for who, values in part]
            after = part[-1][1]["position"]
        if len(part) < size:
            return


def _lines(trial: Trial, place: Area | None, chosen: Chosen, pack: Pack) -> list[tuple[str, str]]:
    whole = Area.objects.filter(pk=trial.run.area).first() if place is None else None
    area = place.name if place else _("{area}（您管辖的范围内）").format(area=whole.name if whole else trial.run.area)
    return [
        (_("政策试算"), _("{c}。试算不改变任何家庭的结果。").format(c=change_words(trial.changes))),
        (_("评估"), f"{trial.run.on.isoformat()} {pack_words(trial.run)}"),
        (_("地区"), area),
        (_("变化"), chosen_words(chosen, pack)),
        *sample_line(pack),
    ]
