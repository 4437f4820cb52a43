"""Causes of hardship crossed: which come together at a line the reader sets, how many at once, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.roles import Right
from zhikun.analytics import crossing as domain
from zhikun.analytics.crossing import LINES, Crossed
from zhikun.analytics.errors import UnknownHere
from zhikun.analytics.ui import newer
from zhikun.analytics.ui.grids import (
    SAVE,
    Cell,
    Grid,
    Head,
    copy_mark,
    counted,
    list_url,
    saved,
    shade,
    way_up,
    with_parameters,
    with_query,
)
from zhikun.analytics.ui.statistics import named, newest_for
from zhikun.assessments.models import Run
from zhikun.assessments.results import causes_of
from zhikun.assessments.ui.common import Asked, asked, found
from zhikun.assessments.wanted import Wanted
from zhikun.documents.statistics import CauseLine, line_on
from zhikun.documents.values import shown_of
from zhikun.pages.frame import Crumb
from zhikun.pages.parts import Chart, Figure, Series, Tab
from zhikun.pages.render import render_page
from zhikun.places.models import Area

_GET = ("GET", "HEAD")
_MOST_COMBINATIONS = 10
_SEVERAL = 2
_STEPS = (1.0, 1.25, 1.5, 2.0)  # times the share of all places together: each begins a darker shade
_FEWEST_SHADED = 5
BY_PLACE = "place"


class CrossingForm(forms.Form):
    """Where, and from which score on a cause counts; both stand in the address."""

    place = forms.TypedChoiceField(label=gettext_lazy("地区"), required=False, coerce=int, empty_value=None)
    at = forms.TypedChoiceField(label=gettext_lazy("几分起算致困原因"), required=False, coerce=float, empty_value=None)

    # Kept when somebody asks for another place or line.
    by = forms.CharField(required=False, widget=forms.HiddenInput)
    pick = forms.MultipleChoiceField(required=False, widget=forms.MultipleHiddenInput)

    def __init__(self, data: QueryDict, places: Sequence[tuple[Any, str]], line: float, causes: Sequence[str]) -> None:
        asked = data.copy()
        if not asked.get("at"):
            asked["at"] = f"{line:g}"
        self._strange = asked["at"] not in {f"{one:g}" for one in LINES}
        if self._strange:  # the page counts at the pack's line, and the choice must say so
            asked["at"] = f"{line:g}"
        asked.setlist("pick", [name for name in causes if name in asked.getlist("pick")])
        super().__init__(asked)
        usual = _("{n} 分（认定线）").format(n=f"{line:g}")
        lines = [(f"{one:g}", usual if one == line else _("{n} 分").format(n=f"{one:g}")) for one in LINES]
        for name, told in {
            "place": [("", _("全部管辖地区")), *places],
            "at": lines,
            "pick": [(n, n) for n in causes],
        }.items():
            self.fields[name].choices = told  # type: ignore[attr-defined]  # choice fields

    def clean(self) -> dict[str, Any]:
        """A line that is not on the scale is named, not silently replaced."""
        if self._strange:
            self.add_error("at", _("没有这一档分数线，下面按认定线计算。请从 0.5 到 5 分中选一档。"))
        return self.cleaned_data


@dataclass(frozen=True)
class Page:
    """A run's causes at a line, as one officer asked for them."""

    request: HttpRequest
    asked: Asked
    causes: list[str]
    lacking: list[str]
    line: CauseLine
    at: float

    @property
    def at_words(self) -> str:
        """The line as it stands in addresses and sentences."""
        return f"{self.at:g}"

    @cached_property
    def crossed(self) -> Crossed:
        unit = domain.unit_below(self.asked.shown, self.asked.ranges)
        return domain.crossed(self.asked.run, self.asked.ranges, self.causes, self.at, unit)

    @cached_property
    def areas(self) -> dict[int, Area]:
        """The places below that were assessed."""
        return Area.objects.in_bulk([code for code in self.crossed.places if code])

    @cached_property
    def picked(self) -> list[str]:
        """The causes that were ticked, in the pack's order."""
        ticked = set(self.request.GET.getlist("pick"))
        return [name for name in self.causes if name in ticked]

    def title(self, cause: str) -> str:
        return shown_of(self.asked.pack, cause).title

    def named(self, causes: Sequence[str]) -> str:
        return "、".join(self.title(name) for name in causes)

    def url(self, wanted: Wanted, place: int | None = None) -> str:
        return list_url(self.asked.run, wanted, place or self.asked.place)

    def below(self, area: Area) -> Cell:
        """A place of a table, leading to the same page about it."""
        return Cell(area.name, with_query(self.request, place=str(area.pk)))

    def grid(
        self,
        name: str,
        title: str,
        heads: Sequence[Head],
        rows: Sequence[Sequence[Cell]],
        *,
        note: str = "",
        empty: str = "",
    ) -> Grid:
        return Grid(name, title, heads, rows, note, with_query(self.request, **{SAVE: name}), empty)


@requires(Right.HOUSEHOLD_VIEW, methods=_GET)
def newest(request: HttpRequest) -> HttpResponse:
    """The causes of the run whose statistics the officer sees first."""
    run = newest_for(officer_of(request))
    if run is not None:
        query = request.GET.urlencode()
        url = reverse("analytics:crossing", args=[run.pk])
        return HttpResponseRedirect(f"{url}?{query}" if query else url)
    return render_page(request, "analytics/crossing.html", {"title": _("致困原因交叉表")})


@requires(Right.HOUSEHOLD_VIEW, methods=_GET)
def crossing(request: HttpRequest, run: UUID) -> HttpResponse:
    """Which causes come together, how many at once, in which combinations, and where."""
    one = found(request, run)
    if one.state != Run.State.DONE:
        return HttpResponseRedirect(reverse("assessments:run", args=[one.pk]))
    at = asked(request, one)
    if newer.asks_again(request):
        return newer.answered(request, at.officer, one, at.ranges)
    causes = causes_of(one)
    lacking = [name for name in at.pack.results.causes if name not in causes]
    line = line_on(at.pack, one.on)
    usual = domain.on_scale(line.level)
    form = CrossingForm(request.GET, at.places(), usual, causes)
    chosen = form.cleaned_data.get("at") if form.is_valid() else None
    _refuse_unknown(request, at.pack.results.causes, saves=form.is_valid())
    page = Page(request, at, causes, lacking, line, chosen or usual)
    by_place = request.GET.get("by") == BY_PLACE
    grids = [_places(page)] if by_place else [_matrix(page), _numbers(page), _combinations(page), _picked(page)]
    place = named(at)
    what = _("{place}，{day} 评估（编号 {run}），{at} 分起算").format(
        place=place, day=one.on.isoformat(), run=str(one.pk)[:8], at=page.at_words
    )
    file = saved(
        request, [one for one in grids if one] if causes else [],
        _("{place}_{day}_{at}分").format(place=place, day=one.on.isoformat(), at=page.at_words),
        copy_mark(what, at.officer, sample=at.pack.sample), run=str(one.pk), at=page.at_words,
    )  # fmt: skip
    if file is not None:
        return file
    context = {
        "title": _("{area}致困原因交叉表").format(area=place),
        "crumbs": [
            *way_up(one, at.place),
            Crumb(_("致困原因交叉表")),
        ],
        "run": one, "page": page, "form": form, "by_place": by_place,
        "watched": newer.watched(request, at.officer, one, at.ranges),
        "other_pack": newer.other_pack(at),
        "lacking": "、".join(page.title(name) for name in lacking),
        "figures": _figures(page) if causes else [],
        "grids": dict(zip(("places",) if by_place else ("matrix", "numbers", "combinations", "picked"), grids, strict=True)),
        "links": [
            ("chart-bar", _("信息统计"), with_parameters(reverse("analytics:statistics", args=[one.pk]), at.place)),
            ("trending-up", _("趋势"), with_parameters(reverse("analytics:trends"), at.place)),
        ],
        "sample": at.pack.sample,
        "chart": None if by_place or not causes else _chart(page),
        "picks": [(name, page.title(name), name in page.picked) for name in causes],
        "tabs": [
            Tab(_("交叉表"), with_query(request, by="", sort=""), current=not by_place),
            Tab(_("分地区"), with_query(request, by=BY_PLACE, pick=""), current=by_place),
        ],
    }  # fmt: skip
    return render_page(
        request, "analytics/crossing.html", context, fragment="results", status=422 if form.errors else 200
    )


def _figures(page: Page) -> list[Figure]:
    told, at = page.crossed, page.at
    several, some, open_ = told.at_least(_SEVERAL), told.at_least(1), told.exactly[None]
    among = _("在分数全部已知的家庭中") if open_ else ""

    def figure(title: str, n: int, wanted: Wanted, note: str = "", tone: str = "") -> Figure:
        return Figure(title, n, _("户"), note=note, tone=tone, url=page.url(wanted) if n else "")

    return [
        figure(_("评估的家庭"), told.households, Wanted()),
        figure(_("有致困原因"), some, domain.so_many(1, at, ">="), among),
        figure(_("两种及以上原因"), several, domain.so_many(_SEVERAL, at, ">="), among),
        figure(
            _("有几种原因，尚不能确定"), open_, domain.so_many(None, at), _("有的分数还不知道，不当作没有困难"),
            "warning" if open_ else "",
        ),
    ]  # fmt: skip


def _matrix(page: Page) -> Grid:
    told, at, causes = page.crossed, page.at, page.causes
    pairs = told.pairs
    most = max((n for (a, b), n in pairs.items() if a != b), default=0)
    rows = []
    for a in causes:
        cells = [
            counted(
                pairs[a, b], page.url(domain.together((a, b), at)), shade=0 if a == b else shade(pairs[a, b], most),
                strong=a == b,
            )
            for b in causes
        ]  # fmt: skip
        open_ = counted(told.unknown(a), page.url(domain.not_known(a)))
        rows.append([Cell(page.title(a)), *cells, open_])
    heads = [Head(_("致困原因")), *(Head(page.title(name)) for name in causes), Head(_("分数未知"))]
    return page.grid(
        "matrix", _("两种原因同时存在的家庭（户）"), heads, rows,
        note=_("对角线（粗体）是有这一种原因的家庭。两种原因的分数都已知、都达到分数线的家庭才计入；一户可以出现在多格，各格不能相加。"),
    )  # fmt: skip


def _numbers(page: Page) -> Grid:
    heads = [Head(_("同时有几种原因")), Head(_("户数"))]
    return page.grid("numbers", _("同时有几种原因"), heads, [
        [Cell(words), counted(n, url, page.crossed.households)] for words, n, url in _exactly(page)
    ])  # fmt: skip


def _chart(page: Page) -> Chart:
    told = _exactly(page)
    series = Series(_("户数"), [n for _w, n, _u in told], [url if n else "" for _w, n, url in told])
    return Chart(
        title=_("按原因的种数"), kind="bar", categories=[words for words, _n, _u in told], series=[series], unit=_("户"),
        note=_("各项相加等于评估的家庭。"),
    )  # fmt: skip


def _exactly(page: Page) -> list[tuple[str, int, str]]:
    """Words, households, list: up to the largest number of causes that occurs, and those of whom it cannot be said."""
    told = page.crossed.exactly
    last = max((number for number, n in told.items() if number is not None and n), default=0)
    words = {0: _("没有"), None: _("尚不能确定")}
    return [
        (words.get(number) or _("{n} 种").format(n=number), told[number], page.url(domain.so_many(number, page.at)))
        for number in [*range(last + 1), None]
    ]


def _combinations(page: Page) -> Grid:
    told, known = page.crossed, page.crossed.households - page.crossed.exactly[None]
    rows = []
    for causes, n in told.combinations[:_MOST_COMBINATIONS]:
        url = page.url(domain.exactly_these(causes, page.causes, page.at))
        rows.append([Cell(page.named(causes)), counted(n, url, known)])
    open_ = told.exactly[None]
    words = _("只有这几种原因、其他原因的分数都已知且没有达到分数线的家庭。占比是在分数全部已知的 {n} 户中的占比。")
    more = _("还有 {n} 户有的分数不知道，没有计入。").format(n=f"{open_:,}") if open_ else ""
    return page.grid(
        "combinations", _("最常见的组合"), [Head(_("恰好是这些原因")), Head(_("户数"))], rows,
        note=words.format(n=f"{known:,}") + more, empty=_("没有家庭的分数达到分数线。"),
    )  # fmt: skip


def _picked(page: Page) -> Grid | None:
    """Households in which all the ticked causes reach the line: in all, and by place."""
    if not page.picked:
        return None
    wanted = domain.together(page.picked, page.at)

    def line(first: Cell, told: Crossed, place: int | None) -> list[Cell]:
        return [
            first, counted(told.households, page.url(Wanted(), place)),
            counted(told.having(page.picked), page.url(wanted, place), told.households),
        ]  # fmt: skip

    below = [
        line(page.below(page.areas[code]), told, code)
        for code, told in page.crossed.places.items()
        if code in page.areas
    ]
    heads = [Head(_("地区")), Head(_("评估的家庭")), Head(_("同时有"))]
    return page.grid(
        "picked", _("同时有{causes}").format(causes=page.named(page.picked)), heads,
        [line(Cell(_("合计")), page.crossed, None), *below],
        note=_("所选原因的分数都已知、都达到分数线的家庭；有没有别的原因不论。"),
    )  # fmt: skip


def _refuse_unknown(request: HttpRequest, causes: Sequence[str], *, saves: bool) -> None:
    """What no page of this kind has is refused: left out, the page would count something else than was asked for."""
    given = request.GET
    known = {"pick": {"", *causes}, "sort": {"", *causes}, "by": {"", BY_PLACE}}
    for name, values in known.items():
        for text in given.getlist(name):
            if text not in values:
                raise UnknownHere(text)
    if not saves and SAVE in given:
        raise UnknownHere(given.get("at", ""))


def _places(page: Page) -> Grid:
    """Causes at the line by place: how many, and what part of those assessed there."""
    told = [(page.areas[code], one) for code, one in page.crossed.places.items() if code in page.areas]
    sort = page.request.GET.get("sort", "")
    if sort in page.causes:
        told.sort(key=lambda pair: -pair[1].having([sort]) / pair[1].households)
    everywhere = {name: page.crossed.having([name]) / page.crossed.households for name in page.causes if told}
    rows = []
    whole = (Cell(_("合计")), None, page.crossed)
    for first, code, one in [whole, *((page.below(area), area.pk, one) for area, one in told)]:
        cells = []
        for name in page.causes if told else []:
            n = one.having([name])
            dark = _above(n, one.households, everywhere[name]) if code else 0
            cells.append(counted(n, page.url(domain.together([name], page.at), code), one.households, dark))
        assessed = counted(one.households, page.url(Wanted(), code))
        several = counted(
            one.at_least(_SEVERAL), page.url(domain.so_many(_SEVERAL, page.at, ">="), code), one.households
        )
        open_ = counted(one.exactly[None], page.url(domain.so_many(None, page.at), code))
        rows.append([first, assessed, *cells, several, open_])
    heads = [
        Head(_("地区"), with_query(page.request, sort=""), current=False), Head(_("评估的家庭")),
        *(Head(page.title(n), with_query(page.request, sort=n), current=n == sort) for n in page.causes),
        Head(_("两种及以上")), Head(_("尚不能确定")),
    ]  # fmt: skip
    return page.grid(
        "places", _("各地区有这种原因的家庭（户，占当地评估家庭）"), heads, rows if told else [],
        note=_(
            "占比以当地评估的全部家庭为分母，分数未知的也在内。有颜色的高于合计占比，由浅到深：高一点、四分之一、一半、一倍以上；"
            "不足 {n} 户的不标。点原因名称，按占比从高到低排。"
        ).format(n=_FEWEST_SHADED),
        empty=_("这里没有再往下的地区。"),
    )  # fmt: skip


def _above(n: int, households: int, everywhere: float) -> int:
    """How dark a place is drawn: by how much its share is above that of all places together; a handful is chance."""
    if n < _FEWEST_SHADED or not everywhere:
        return 0
    return sum(n / households > everywhere * step for step in _STEPS)
