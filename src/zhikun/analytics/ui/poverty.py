"""The page of multidimensional poverty: H, A and M0 for a cutoff that the user moves, with the list behind every count."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhikun.accounts.access import requires
from zhikun.accounts.roles import Right
from zhikun.analytics import poverty
from zhikun.analytics.crossing import unit_below
from zhikun.analytics.poverty import CAUSES, Counted, Design, Indicator, Measured
from zhikun.analytics.ui.folds import Cell, Fold, Row
from zhikun.analytics.ui.grids import list_url, way_up
from zhikun.assessments.models import Run
from zhikun.assessments.ui.common import Asked, asked, found
from zhikun.assessments.wanted import Term, Unreadable, Wanted, fraction
from zhikun.documents.statistics import line_on
from zhikun.pages.frame import Crumb
from zhikun.pages.parts import Chart, Figure, Series
from zhikun.pages.render import render_page
from zhikun.places.models import Area

_GET = ("GET", "HEAD")
_ByCutoff = Sequence[tuple[Fraction, Counted]]
#: What a row of the form for a design of one's own starts with.
_USE, _LINE, _WEIGHT, _BELOW = "use", "line-", "weight-", "below-"


class FilterForm(forms.Form):
    """Design, cutoff and place; they stand in the address."""

    place = forms.TypedChoiceField(label=gettext_lazy("地区"), required=False, coerce=int, empty_value=None)
    design = forms.ChoiceField(label=gettext_lazy("指标方案"), required=False)
    k = forms.CharField(label=gettext_lazy("临界值 k"), required=False, max_length=20)

    def __init__(self, data: Any, at: Asked, offered: Sequence[Design], chosen: Design) -> None:
        shown = data.copy()
        shown.setdefault("k", str(chosen.cutoff))
        shown["design"] = chosen.code
        super().__init__(shown)
        known = {one.code: one.title for one in (*offered, chosen)}
        self.fields["place"].choices = [("", _("全部管辖地区")), *at.places()]  # type: ignore[attr-defined]  # a choice field
        self.fields["design"].choices = list(known.items())  # type: ignore[attr-defined]  # the same
        self.fields["k"].help_text = _("权数合计达到 k 算多维贫困；最大 {w}").format(w=number(chosen.whole))
        self._at, self._chosen = at, chosen

    def clean_k(self) -> Fraction:
        """More than nothing, and no more than all weights together."""
        try:
            cutoff = fraction(self.cleaned_data["k"].strip())
            poverty.check(self._chosen, cutoff, self._at.run)
        except Unreadable:
            raise forms.ValidationError(
                _("“临界值 k”不是可用的数。请写大于 0 的整数、小数或分数，如 2、0.5、1/3。")
            ) from None
        if cutoff > self._chosen.whole:
            raise forms.ValidationError(
                _("“临界值 k”不能超过权数合计 {w}，否则没有一户会算贫困。请写小一些的数。").format(
                    w=number(self._chosen.whole)
                )
            )
        return cutoff


@requires(Right.HOUSEHOLD_VIEW, methods=_GET)
def page(request: HttpRequest, run: UUID) -> HttpResponse:
    """How many households lack several things at once, what they lack, and where."""
    of = found(request, run)
    if of.state != Run.State.DONE:
        return HttpResponseRedirect(reverse("assessments:run", args=[run]))
    at = asked(request, of)
    wrong = ""
    if _USE in request.GET:
        try:
            return HttpResponseRedirect(_with_design(request, at, _own(request)))
        except Unreadable as error:
            wrong = _(
                "“{t}”读不出来：起算线写数字，权数写大于 0 的整数、小数或分数（如 1/3），每项指标只能选一种。"
            ).format(t=str(error))
    design, offered = _design(request, at)
    context: dict[str, Any] = {
        "title": _("多维贫困"),
        "crumbs": [
            *way_up(at.run, at.place),
            Crumb(_("多维贫困")),
        ],
        "run": of,
        "asked": at,
        "design": design,
        "fold": _fold(at, design, wrong),
        "may_try": at.officer.may(Right.POLICY_TRY),
    }
    if design is not None:
        form = FilterForm(request.GET, at, offered, design)
        context["form"] = form
        if form.is_valid():
            context |= _measured(at, design, form.cleaned_data["k"])
    status = 422 if wrong or (context.get("form") is not None and context["form"].errors) else 200
    return render_page(request, "analytics/poverty.html", context, fragment="results", status=status)


def _design(request: HttpRequest, at: Asked) -> tuple[Design | None, list[Design]]:
    """The design asked for; one that cannot be read is not there."""
    offered = poverty.designs(at.pack, at.run)
    code = request.GET.get("design", "")
    if not code or code == CAUSES:
        return (offered[0] if offered else None), offered
    try:
        return poverty.written(code, at.run, at.pack), offered
    except Unreadable:
        raise Http404 from None


def _own(request: HttpRequest) -> str:
    """The design that the form below describes, as it stands in an address. Raises Unreadable."""
    parts = []
    for name in dict.fromkeys(request.GET.getlist(_USE)):
        line = request.GET.get(f"{_LINE}{name}", "").strip()
        weight = request.GET.get(f"{_WEIGHT}{name}", "").strip() or "1"
        fraction(weight)
        sign = "<" if request.GET.get(f"{_BELOW}{name}") == "on" else ">="
        text = f"{name}{sign}{line}" if line else f"{name}=true"
        parts.append(text if weight == "1" else f"{text}*{weight}")
    return ";".join(parts)


def _with_design(request: HttpRequest, at: Asked, text: str) -> str:
    poverty.written(text, at.run, at.pack)
    place = {"place": request.GET["place"]} if request.GET.get("place") else {}
    return f"{request.path}?{urlencode(place | {'design': text})}"


def _fold(at: Asked, design: Design | None, wrong: str) -> Fold:
    """The form for a design of one's own, with the one on the page filled in."""
    heads = (_("指标"), _("起算线"), _("低于此线才算"), _("权数"))
    used = {one.name: one for one in design.indicators} if design else {}
    line = line_on(at.pack, at.run.on).level
    rows = []
    for name, title, kind in poverty.candidates(at.pack, at.run):
        one = used.get(name)
        written = f"{line:g}" if kind == "number" and name in at.pack.results.causes else ""
        if one is not None and isinstance(one.lack.term.value, float):
            written = f"{one.lack.term.value:g}"
        below = one is not None and one.lack.term.relation == "<"
        cells = [
            Cell(f"{_LINE}{name}", written, decimal=True) if kind == "number" else Cell(words=_("是")),
            Cell(f"{_BELOW}{name}", ticked=below) if kind == "number" else Cell(),
            Cell(f"{_WEIGHT}{name}", str(one.lack.weight) if one is not None else "1"),
        ]
        rows.append(Row(name, title, one is not None, list(zip(heads[1:], cells, strict=True))))
    return Fold(
        _("自己选指标、起算线和权数"), _USE, heads, rows, _("按这些指标计算"), is_open=bool(wrong) or design is None, wrong=wrong,
        hidden=at.here,
    )  # fmt: skip


def _measured(at: Asked, design: Design, cutoff: Fraction) -> dict[str, Any]:
    """What the page shows of a design at a cutoff."""
    unit = unit_below(at.shown, at.ranges)
    told = poverty.measured(at.run, at.ranges, design, cutoff, unit)
    by_k = poverty.by_cutoff(at.run, at.ranges, design, unit)
    contributions = [told.total.group.low.contributions[one.name] for one in design.indicators]
    return {
        "cutoff": number(cutoff),
        "figures": _figures(at, design, cutoff, told.total),
        "total": told.total,
        "lines": [_line(at, design, cutoff, told.total, one) for one in design.indicators],
        "contributed": share(sum(one or 0.0 for one in contributions)) if told.total.poor else "",
        "places": _places(at, design, cutoff, told) if unit else [],
        "cutoffs": _cutoffs(at, design, cutoff, by_k),
        "charts": _charts(at, design, cutoff, told.total, by_k),
        "bounds": bool(told.total.incomplete),
    }


def _figures(at: Asked, design: Design, cutoff: Fraction, total: Counted) -> list[Figure]:
    low, high = total.group.low, total.group.high
    return [
        Figure(_("评估的家庭"), total.households, _("户"), url=to_list(at, Wanted()) if total.households else ""),
        Figure(_("多维贫困家庭"), total.poor, _("户"), url=to_list(at, design.poor(cutoff)) if total.poor else ""),
        Figure(_("贫困发生率 H"), large(bounds(low.headcount, high.headcount)), kind="text", note=_("多维贫困家庭占全部家庭")),
        Figure(_("平均剥夺份额 A"), large(bounds(low.intensity, high.intensity)), kind="text", note=_("贫困家庭平均被剥夺的份额")),
        Figure(_("多维贫困指数 M0"), large(bounds(low.adjusted, high.adjusted, plain=True)), kind="text", note=_("H 乘以 A")),
        Figure(
            _("是否贫困尚不能确定"), total.undetermined, _("户"), tone="warning" if total.undetermined else "",
            note=_("有指标未知，不当作没有被剥夺"),
            url=to_list(at, design.undetermined(cutoff)) if total.undetermined else "",
        ),
        Figure(_("有指标未知"), total.incomplete, _("户"),
               url=to_list(at, design.incomplete()) if total.incomplete else ""),
    ]  # fmt: skip


def _line(at: Asked, design: Design, cutoff: Fraction, total: Counted, one: Indicator) -> dict[str, Any]:
    """One indicator: how many lack it, how many of them are poor, what part of M0 it makes."""
    low, high, term = total.group.low, total.group.high, one.lack.term
    lacking, poor, unknown = total.lacking(one.name), total.poor_and_lacking(one.name), total.unknown(one.name)
    return {
        "title": one.title,
        "line": one.line,
        "weight": number(one.lack.weight),
        "lacking": (lacking, to_list(at, Wanted(terms=(term,))) if lacking else ""),
        "uncensored": bounds(low.uncensored[one.name], high.uncensored[one.name]),
        "poor": (poor, to_list(at, design.poor(cutoff, term)) if poor else ""),
        "censored": bounds(low.censored[one.name], high.censored[one.name]),
        "contribution": share(low.contributions[one.name]),
        "unknown": (unknown, to_list(at, Wanted(terms=(Term(one.name, "=", None),))) if unknown else ""),
    }


def _places(at: Asked, design: Design, cutoff: Fraction, told: Measured) -> list[dict[str, Any]]:
    """The places directly below, each with its part of M0."""
    rows = []
    for area in Area.objects.filter(pk__in=told.places).order_by("code"):
        one, place = told.places[area.pk], area.pk
        low, high = one.group.low, one.group.high
        rows.append({
            "name": area.name,
            "url": at_design(at, design, cutoff, str(place)),
            "households": (one.households, to_list(at, Wanted(), place) if one.households else ""),
            "poor": (one.poor, to_list(at, design.poor(cutoff), place) if one.poor else ""),
            "headcount": bounds(low.headcount, high.headcount),
            "intensity": bounds(low.intensity, high.intensity),
            "adjusted": bounds(low.adjusted, high.adjusted, plain=True),
            "contribution": share(one.group.contribution_low),
            "undetermined": (
                one.undetermined, to_list(at, design.undetermined(cutoff), place) if one.undetermined else ""
            ),
        })  # fmt: skip
    return rows


def _cutoffs(at: Asked, design: Design, cutoff: Fraction, by_k: _ByCutoff) -> list[dict[str, Any]]:
    """The whole at each cutoff: what moving k does."""
    return [
        {
            "k": number(k),
            "url": at_design(at, design, k),
            "current": k == cutoff,
            "poor": (one.poor, to_list(at, design.poor(k)) if one.poor else ""),
            "headcount": bounds(one.group.low.headcount, one.group.high.headcount),
            "intensity": bounds(one.group.low.intensity, one.group.high.intensity),
            "adjusted": bounds(one.group.low.adjusted, one.group.high.adjusted, plain=True),
            "undetermined": (one.undetermined, to_list(at, design.undetermined(k)) if one.undetermined else ""),
        }
        for k, one in by_k
    ]


def _charts(at: Asked, design: Design, cutoff: Fraction, total: Counted, by_k: _ByCutoff) -> list[Chart]:
    """What each indicator makes of M0, and how H and M0 fall as k rises."""
    names = [one.title for one in design.indicators] if total.poor else []
    parts = [per_cent(total.group.low.contributions[one.name]) for one in design.indicators]
    urls = [to_list(at, design.poor(cutoff, one.lack.term)) for one in design.indicators]
    note = _("各项相加是 100%。k = {k}，未知的按没有被剥夺算。").format(k=number(cutoff))
    series = [Series(_("贡献"), parts)] if total.poor else []
    drawn = [
        Chart(
            _("各项指标对 M0 的贡献"), "bar", names, series, unit="%", sample=True, urls=urls if total.poor else [], note=note,
        )
    ]  # fmt: skip
    if len(by_k) > 1:
        drawn.append(
            Chart(
                _("k 取不同值时的 H 和 M0"), "line", [f"k={number(k)}" for k, _one in by_k],
                [
                    Series("H", [per_cent(one.group.low.headcount) for _k, one in by_k]),
                    Series("M0", [per_cent(one.group.low.adjusted) for _k, one in by_k]),
                ],
                unit="%", sample=True, urls=[at_design(at, design, k) for k, _one in by_k],
                note=_("未知的按没有被剥夺算；M0 也写成百分数。"),
            )
        )  # fmt: skip
    return drawn


def to_list(at: Asked, wanted: Wanted, place: int | None = None) -> str:
    """The list of the households that a figure counts."""
    return list_url(at.run, wanted, place or at.place)


def at_design(at: Asked, design: Design, cutoff: Fraction, place: str = "") -> str:
    """The same page for another cutoff or place."""
    code = place or (str(at.place.pk) if at.place else "")
    told = {"place": code, "design": "" if design.code == CAUSES else design.code, "k": str(cutoff)}
    query = urlencode({key: value for key, value in told.items() if value})
    return f"{reverse('analytics:poverty', args=[at.run.pk])}?{query}"


def number(value: Fraction) -> str:
    """A weight or cutoff: whole, with no more decimals than it has, or as a fraction."""
    text = f"{float(value):.4f}".rstrip("0").rstrip(".")
    return text if Fraction(text) == value else str(value)


def share(value: float | None) -> str:
    """A part of 1 in per cent with two decimals; a dash where there is nothing to share."""
    return "–" if value is None else f"{value:.2%}"


def per_cent(value: float | None) -> float | None:
    """The same as a number of a chart."""
    return None if value is None else round(value * 100, 2)


def large(text: str) -> SafeString:
    """A figure in words, in the letters of a number."""
    return format_html('<span class="zk-number">{}</span>', text)


def bounds(low: float | None, high: float | None, *, plain: bool = False) -> str:
    """A figure under both readings of what is unknown; one number where they agree."""
    texts = ["–" if one is None else f"{one:.4f}" if plain else f"{one:.2%}" for one in (low, high)]
    return texts[0] if texts[0] == texts[1] else _("{a} 至 {b}").format(a=texts[0], b=texts[1])
