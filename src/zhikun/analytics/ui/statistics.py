"""信息统计: what a run found in a place, as numbers that open into their lists, tables to save, pictures, and a page to print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.analytics import events
from zhikun.analytics.counting import counted
from zhikun.analytics.crossing import unit_below
from zhikun.analytics.errors import UnknownHere
from zhikun.analytics.statistics import Statistics
from zhikun.analytics.ui import newer
from zhikun.analytics.ui.grids import SAVE, copy_mark, saved, with_parameters
from zhikun.analytics.ui.saving import workbook
from zhikun.analytics.ui.statistics_grids import Builder
from zhikun.assessments.decided import decisions_so_far
from zhikun.assessments.models import Run
from zhikun.assessments.naming import pack_title, pack_words
from zhikun.assessments.results import pack_of
from zhikun.assessments.selectors import reach
from zhikun.assessments.ui.common import Asked, asked, found
from zhikun.assessments.ui.runs import moment
from zhikun.audit.services import record as note
from zhikun.pages.frame import Crumb
from zhikun.pages.parts import Detail
from zhikun.pages.render import render_page
from zhikun.places.models import Area, AreaRange

_GET = ("GET", "HEAD")
_MOST_RUNS = 30
_MOST_NAMED = 3
_MOST_DRAWN = 100  # pages remembered by a process, of a hundred thousand characters or so
WORKBOOK = "workbook"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class StatisticsForm(forms.Form):
    """Where, and what which assessment found; both stand in the address."""

    run = forms.TypedChoiceField(label=gettext_lazy("评估"), required=False, coerce=UUID, empty_value=None)
    place = forms.TypedChoiceField(label=gettext_lazy("地区"), required=False, coerce=int, empty_value=None)

    def __init__(
        self, data: QueryDict, run: Run, runs: Sequence[tuple[str, str]], places: Sequence[tuple[Any, str]]
    ) -> None:
        given = data.copy()
        if not given.get("run"):
            given["run"] = str(run.pk)
        super().__init__(given)
        for name, told in {"run": runs, "place": [("", _("全部管辖地区")), *places]}.items():
            self.fields[name].choices = told  # type: ignore[attr-defined]  # choice fields


@requires(Right.HOUSEHOLD_VIEW, methods=_GET)
def newest(request: HttpRequest) -> HttpResponse:
    """What the newest run found that covers all of the officer's areas; where none does, of the newest that covers some."""
    officer = officer_of(request)
    run = newest_for(officer)
    if run is not None:
        query = request.GET.urlencode()
        url = reverse("analytics:statistics", args=[run.pk])
        if not newer.asks_again(request):
            return HttpResponseRedirect(f"{url}?{query}" if query else url)
    reach = officer.reach(Right.HOUSEHOLD_VIEW)
    if newer.asks_again(request):
        return newer.answered(request, officer, None, reach)
    context = {
        "title": _("信息统计"), "crumbs": [Crumb(_("信息统计"))], "watched": newer.watched(request, officer, None, reach),
        "may_run": officer.may(Right.ASSESSMENT_RUN),
    }  # fmt: skip
    return render_page(request, "analytics/statistics.html", context)


@requires(Right.HOUSEHOLD_VIEW, methods=_GET)
def statistics(request: HttpRequest, run: UUID) -> HttpResponse:
    """What a run found in a place."""
    one = found(request, run)
    if one.state != Run.State.DONE:
        return HttpResponseRedirect(reverse("assessments:run", args=[one.pk]))
    at = asked(request, one)
    if newer.asks_again(request):
        return newer.answered(request, at.officer, one, at.ranges)
    form = StatisticsForm(request.GET, one, _runs(at), at.places())
    other = form.cleaned_data.get("run") if form.is_valid() else None
    if "run" in form.errors:
        raise UnknownHere(request.GET["run"])
    if other is not None and other != one.pk:
        page = reverse("analytics:statistics", args=[other])
        return HttpResponseRedirect(with_parameters(page, at.place))
    shown = _shown(at)
    if SAVE in request.GET:
        return _saved(request, at, shown)
    context = {
        "title": _("{area}信息统计").format(area=named(at)),
        "crumbs": [Crumb(_("信息统计"), reverse("analytics:newest")), Crumb(one.on.isoformat())],
        "run": one,
        "pack_title": pack_title(one),
        "asked": at,
        "watched": newer.watched(request, at.officer, one, at.ranges),
        "form": form,
        "body": _drawn(shown, get_language()),
        "lines": _lines(at),
        "workbook_url": with_parameters(request.path, at.place, **{SAVE: WORKBOOK}),
        "links": _links(at),
        "sample": at.pack.sample,
        "other_pack": newer.other_pack(at),
    }
    return render_page(request, "analytics/statistics.html", context)


def named(at: Asked) -> str:
    """What the place that the page is about is called: the one asked for, or what the officer may see of the run."""
    if at.place is not None:
        return at.place.name
    if [one for one in at.ranges if one != at.run.range]:
        areas = Area.objects.in_bulk([one.first for one in at.ranges])
        whole = [areas[one.first] for one in at.ranges if one.first in areas and areas[one.first].range == one]
        if len(whole) == len(at.ranges) <= _MOST_NAMED:
            return "、".join(area.name for area in whole)
        return _("{area}（本人管辖部分）").format(area=at.top.name)
    return at.top.name


def newest_for(officer: Officer) -> Run | None:
    """The newest run that covers all of the officer's areas; where none does, the newest that covers some."""
    runs = Run.objects.visible_to(officer).finished().usual()
    return runs.covering(officer.reach(Right.HOUSEHOLD_VIEW)).first() or runs.first()


@dataclass(frozen=True)
class Shown:
    """What the numbers of a page depend on, and nothing else: the same page is drawn once for all who may see so much.

    `below`: the places that have a page of their own, by code and name. `decisions`: how many there are on flags, and the last.
    """

    run: Run
    pack: str
    place: int | None
    here: int
    ranges: tuple[AreaRange, ...]
    unit: int
    below: tuple[tuple[int, str], ...]
    decisions: tuple[int, datetime | None]

    def builder(self) -> Builder:
        """The numbers with their words."""
        pack = pack_of(self.run)
        told = Statistics(self.run, pack, counted(self.run, self.ranges, self.unit))
        return Builder(told, self.run, self.place, dict(self.below), self.here, self.ranges)


def _shown(at: Asked) -> Shown:
    unit, here = unit_below(at.shown, at.ranges), at.shown.pk
    codes = counted(at.run, at.ranges, unit).places
    below = Area.objects.filter(pk__in=[code for code in codes if code != here]).values_list("pk", "name")
    place = at.place.pk if at.place else None
    areas = tuple(at.ranges)
    return Shown(at.run, at.pack.hash, place, here, areas, unit, tuple(sorted(below)), decisions_so_far())


@lru_cache(maxsize=_MOST_DRAWN)
def _drawn(shown: Shown, _language: str | None) -> SafeString:
    """Everything between the choice of place and the basis. Finished runs never change; what people decided on flags is told by `Shown`."""
    builder = shown.builder()
    context = {
        "figures": builder.figures(), "panels": builder.panels(), "no_causes": not builder.told.pack.results.causes,
    }  # fmt: skip
    return render_to_string("analytics/_statistics_body.html", context)


def _runs(at: Asked) -> list[tuple[str, str]]:
    """The finished runs of the place, the newest first; the one that is shown is always among them."""
    shown = at.ranges
    rows = Run.objects.visible_to(at.officer).finished()
    rows = rows.filter(area__lte=max(one.last for one in shown), area_last__gte=min(one.first for one in shown))
    runs = {one.pk: one for one in rows[:_MOST_RUNS]} | {at.run.pk: at.run}
    areas = dict(Area.objects.filter(pk__in={one.area for one in runs.values()}).values_list("pk", "name"))
    words = _("{day} {area}（{at} 发起，{pack}）")
    return [
        (
            str(one.pk),
            words.format(
                day=one.on.isoformat(), area=areas.get(one.area, one.area), at=moment(one),
                pack=pack_words(one),
            ),
        )
        for one in sorted(runs.values(), key=lambda one: one.current_at or one.started_at, reverse=True)
    ]  # fmt: skip


def _lines(at: Asked) -> list[Detail]:
    run = at.run
    return [
        Detail(_("地区"), named(at)),
        Detail(_("评估日"), run.on, "day"),
        Detail(_("政策包"), pack_words(run)),
        Detail(_("完成时间"), run.finished_at, "moment"),
        Detail(_("评估编号"), str(run.pk)),
    ]


def _links(at: Asked) -> list[tuple[str, str, str]]:
    """The other pages about the same run and place: icon, words, address."""
    crossing, poverty, means = (
        with_parameters(reverse(f"analytics:{name}", args=[at.run.pk]), at.place)
        for name in ("crossing", "poverty", "means")
    )
    may_try = bool(reach(at.officer, at.run, at.place, Right.POLICY_TRY))
    return [
        ("table", _("致困原因交叉表"), crossing), ("scale", _("多维贫困"), poverty),
        *([("adjustments", _("准家计调查模型"), means)] if may_try else []),
        ("trending-up", _("趋势"), with_parameters(reverse("analytics:trends"), at.place)),
        ("users", _("家庭名单"), at.list_url()),
    ]  # fmt: skip


def _saved(request: HttpRequest, at: Asked, shown: Shown) -> HttpResponse:
    """A table as CSV, or all of them as a workbook."""
    panels, place, chosen = shown.builder().panels(), named(at), request.GET.get(SAVE)
    grids = [one.grid for one in panels]
    what = _("{place}，{day} 评估（编号 {run}）").format(
        place=place, day=at.run.on.isoformat(), run=str(at.run.pk)[:8]
    )  # fmt: skip
    sample = at.pack.sample or any(one.sample for one in panels if chosen in {WORKBOOK, one.grid.name})
    mark = copy_mark(what, at.officer, sample=sample)
    if chosen != WORKBOOK:
        file = saved(request, grids, f"{place}_{at.run.on.isoformat()}", mark, run=str(at.run.pk))
        if file is None:
            raise Http404
        return file
    rows = sum(len(grid.rows) for grid in grids)
    details = {"run": str(at.run.pk), "table": _("全部统计表"), "rows": rows}
    note(events.SAVED, by=at.officer, area=at.place.pk if at.place else None, looks=True, details=details)
    title = _("{place}信息统计（评估日 {day}）").format(place=place, day=at.run.on.isoformat())
    about = [(str(line.label), str(line.value)) for line in _lines(at) if line.kind == "text"]
    answer = HttpResponse(workbook(title, grids, mark, about), content_type=_XLSX)
    name = _("{place}信息统计_{day}.xlsx").format(place=place, day=at.run.on.isoformat())
    answer["Content-Disposition"] = content_disposition_header(True, name)
    return answer
