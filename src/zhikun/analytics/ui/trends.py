"""The same place from one assessment to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.analytics import crossing, trends
from zhikun.analytics.trends import Point, Trend
from zhikun.analytics.ui.grids import (
    SAVE,
    Cell,
    Grid,
    Head,
    copy_mark,
    counted,
    list_url,
    saved,
    with_parameters,
    with_query,
)
from zhikun.assessments.models import Run
from zhikun.assessments.naming import category_words, pack_words
from zhikun.assessments.results import has_category
from zhikun.assessments.wanted import OPEN, Term, Wanted
from zhikun.documents.statistics import line_on
from zhikun.documents.values import shown_of
from zhikun.engine.packs.model import Pack
from zhikun.pages.frame import Crumb
from zhikun.pages.parts import Chart, Series, Tab
from zhikun.pages.render import render_page
from zhikun.places.models import Area, AreaRange
from zhikun.registry.selectors.places import offered
from zhikun.registry.selectors.search import scope
from zhikun.registry.vocabulary import pack_in_force, packs_in_force

MEASURES = {
    "households": gettext_lazy("评估的家庭"), "categories": gettext_lazy("类别"), "causes": gettext_lazy("致困原因"),
    "index": gettext_lazy("困难指数"),
}  # fmt: skip
FIRST = "households"
_FEWEST = 2
_MARK = "＊"


class TrendForm(forms.Form):
    """The place, and by which pack where there are several; it stands in the address."""

    place = forms.TypedChoiceField(label=gettext_lazy("地区"), required=False, coerce=int, empty_value=None)
    pack = forms.ChoiceField(label=gettext_lazy("政策包"), required=False)
    measure = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict, places: Sequence[tuple[Any, str]]) -> None:
        super().__init__(data)
        packs = packs_in_force()
        further = [(name, pack.title) for name, pack in packs.items() if pack is not pack_in_force()]
        choices = {"place": [("", _("全部管辖地区")), *places], "pack": [("", pack_in_force().title), *further]}
        if not further:
            del self.fields["pack"], choices["pack"]
        for name, told in choices.items():
            self.fields[name].choices = told  # type: ignore[attr-defined]  # choice fields


@dataclass(frozen=True)
class Line:
    """One line of the chart: the number that a run has for it (None: not there), and the list of that number, if it has one."""

    name: str
    value: Callable[[Point], float | None]
    wanted: Wanted | None
    tone: str = ""


@dataclass(frozen=True)
class Page:
    """What the page is about."""

    request: HttpRequest
    officer: Officer
    place: Area | None
    ranges: list[AreaRange]
    pack: Pack
    measure: str

    def list_of(self, run: Run, wanted: Wanted) -> str:
        return list_url(run, wanted, self.place)


@requires(Right.HOUSEHOLD_VIEW, methods=("GET", "HEAD"))
def over_time(request: HttpRequest) -> HttpResponse:
    """How a place's figures went from one assessment to the next, and who changed in between."""
    page = _asked(request)
    further = page.pack.id if page.pack is not pack_in_force() else ""
    runs, more = trends.runs_over(page.officer, page.ranges, further)
    others = trends.places_of_others(page.officer, page.ranges, further)
    if not runs and len(others) == 1 and page.place is None:  # a supervisor of one county's runs
        return HttpResponseRedirect(with_query(request, place=str(others[0][0].pk)))
    at = crossing.on_scale(line_on(page.pack, (runs[-1].on if runs else timezone.localdate())).level)
    told = trends.trend(runs, more, page.ranges, page.pack.results.causes, at)
    lines = _lines(page, told, at)
    enough = len(told.points) >= _FEWEST
    grid = _grid(page, told, lines)
    where = page.place.name if page.place else _("全部管辖地区")
    what = (
        _("{place}，{a} 至 {b} 的 {n} 次评估").format(
            place=where, a=runs[0].on.isoformat(), b=runs[-1].on.isoformat(), n=len(runs)
        )
        if runs
        else where
    )
    mark = copy_mark(what, page.officer, sample=page.pack.sample)
    file = saved(request, [grid] if enough else [], where, mark)
    if file is not None:
        return file
    places = [(one.code, one.title) for one in offered(page.officer, page.place)]
    measures = [
        Tab(str(title), with_query(request, measure="" if name == FIRST else name), current=name == page.measure)
        for name, title in _measures(page.pack).items()
    ]
    context = {
        "title": _("趋势"),
        "crumbs": [Crumb(_("信息统计"), reverse("analytics:newest")), Crumb(_("趋势"))],
        "form": TrendForm(request.GET, places),
        "tabs": measures,
        "told": told,
        "enough": enough,
        "chart": _chart(page, told, lines) if enough else None,
        "grid": grid,
        "runs": [_run_line(page, one, before) for one, before in _pairs(told.points)],
        "others": [(area, n, with_query(request, place=str(area.pk))) for area, n in others],
        "others_count": sum(n for _area, n in others),
        "at": f"{at:g}",
        "sample": page.pack.sample,
        "measure": page.measure,
    }
    return render_page(request, "analytics/trends.html", context, fragment="results")


def _asked(request: HttpRequest) -> Page:
    """Place, pack and measure of the address; a place that is not the officer's is not there (404)."""
    officer = officer_of(request)
    pack = packs_in_force().get(request.GET.get("pack", "") or pack_in_force().id)
    if pack is None:
        raise Http404
    text, place = request.GET.get("place", ""), None
    if text:
        code = int(text) if text.isascii() and text.isdigit() and len(text) == 12 else 0
        place = Area.objects.filter(pk=code).first()
        if place is None:
            raise Http404
    ranges = scope(officer, place.range if place else None)
    if not ranges:
        raise Http404
    measure = request.GET.get("measure", "") or FIRST
    if measure not in _measures(pack):
        raise Http404
    return Page(request, officer, place, ranges, pack, measure)


def _measures(pack: Pack) -> dict[str, Any]:
    """What can be followed with this pack."""
    results = pack.results
    there = {"categories": results.category, "causes": results.causes, "index": results.index}
    return {name: title for name, title in MEASURES.items() if there.get(name, True)}


def _lines(page: Page, told: Trend, at: float) -> list[Line]:
    if page.measure == "categories":
        return [_category_line(page.pack, code) for code in _codes(page.pack, told)]
    if page.measure == "causes":
        return [
            Line(
                shown_of(page.pack, name).title, _of_cause(name),
                Wanted(terms=(Term(name, ">=", at),)),
            )
            for name in page.pack.results.causes
        ]  # fmt: skip
    if page.measure == "index":
        return [
            Line(_("平均"), lambda one: one.found.mean, None),
            Line(_("中位数"), lambda one: one.found.median, None),
        ]
    return [
        Line(_("评估的家庭"), lambda one: one.found.households, Wanted()),
        Line(_("尚不能确定"), lambda one: one.found.undetermined, Wanted(undetermined=True), "unknown"),
    ]


def _of_cause(name: str) -> Callable[[Point], float | None]:
    return lambda one: one.found.causes.get(name)


def _category_line(pack: Pack, code: str | None) -> Line:
    """A category that nobody has is none of them; one that the run's own pack did not have was not asked, and is not told."""

    def value(one: Point) -> float | None:
        nobody = 0 if code is None or has_category(one.run, code) else None
        return one.found.categories.get(code, nobody)

    return Line(category_words(pack, code), value, Wanted(category=code or OPEN), "" if code else "unknown")


def _codes(pack: Pack, told: Trend) -> list[str | None]:
    """The categories that any of the runs has, in the pack's order; those of other packs after them, the open ones last."""
    there = {code for point in told.points for code in point.found.categories}
    ours = [code for code in shown_of(pack, pack.results.category).labels if code in there]
    others = sorted(code for code in there if code is not None and code not in ours)
    return [*ours, *others, *([None] if None in there else [])]


def _cells(page: Page, told: Trend, line: Line) -> list[tuple[float | None, str]]:
    found = []
    for point in told.points:
        value = line.value(point)
        url = page.list_of(point.run, line.wanted) if line.wanted is not None and value else ""
        found.append((round(value, 2) if isinstance(value, float) else value, url))
    return found


def _gap(page: Page) -> str:
    """What it means that a run has no number: its pack did not have the category or cause. Of an index it is unknown."""
    return _("没有此项") if page.measure in {"categories", "causes"} else ""


def _chart(page: Page, told: Trend, lines: Sequence[Line]) -> Chart:
    series = []
    for line in lines:
        cells = _cells(page, told, line)
        series.append(Series(line.name, [value for value, _url in cells], [url for _value, url in cells], line.tone))
    index = page.measure == "index"
    return Chart(
        title=page.place.name if page.place else _("全部管辖地区"),
        kind="line",
        categories=[_day(point) for point in told.points],
        series=series,
        unit=shown_of(page.pack, page.pack.results.index).unit if index else _("户"),
        urls=[_run_url(page, point.run) for point in told.points],
        note=_("评估日按先后等距排列，间隔的长短不代表时间。"),
        gap=_gap(page),
    )


def _grid(page: Page, told: Trend, lines: Sequence[Line]) -> Grid:
    """The numbers of the chart as they are saved."""
    columns = [_cells(page, told, line) for line in lines]
    rows = []
    for at, point in enumerate(told.points):
        cells = [
            Cell(_gap(page) or None if value is None else value, url) for value, url in (one[at] for one in columns)
        ]
        rows.append([Cell(_day(point)), Cell(pack_words(point.run)), *cells])
    heads = [Head(_("评估日")), Head(_("政策包")), *(Head(line.name) for line in lines)]
    title = _("{what}的趋势").format(what=MEASURES[page.measure])
    return Grid("trend", title, heads, rows, save_url=with_query(page.request, **{SAVE: "trend"}))


@dataclass(frozen=True)
class RunLine:
    """One run in the list below the chart."""

    run: Run
    url: str
    pack: str
    same_pack: bool | None
    compare_url: str
    households: Cell
    indexless: Cell


def _run_line(page: Page, one: Point, before: Point | None) -> RunLine:
    compare = ""
    if before is not None:
        compare = with_parameters(reverse("assessments:compare", args=[before.run.pk, one.run.pk]), page.place)
    wanted = Wanted(terms=(Term("_index", "=", None),))
    return RunLine(
        one.run, _run_url(page, one.run), pack_words(one.run), one.same_pack, compare,
        counted(one.found.households, page.list_of(one.run, Wanted())),
        counted(one.found.indexless, page.list_of(one.run, wanted) if page.pack.results.index else ""),
    )  # fmt: skip


def _pairs(points: Sequence[Point]) -> list[tuple[Point, Point | None]]:
    """Each run with the one before, the latest first."""
    return list(zip(points, [None, *points], strict=False))[::-1]


def _day(point: Point) -> str:
    return point.run.on.isoformat() + (_MARK if point.same_pack is False else "")


def _run_url(page: Page, run: Run) -> str:
    return with_parameters(reverse("analytics:statistics", args=[run.pk]), page.place)
