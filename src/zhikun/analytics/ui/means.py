"""The page of the proxy means test: asked by a form, worked out in the background, shown with its errors and its score card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.roles import Right
from zhikun.analytics import events, fitting, sheets
from zhikun.analytics.fit_lists import AT_LINE, BY_CUTOFF, Chosen
from zhikun.analytics.fits import Fit
from zhikun.analytics.fitting import Question
from zhikun.analytics.limits import USEFUL_SHARE
from zhikun.analytics.services import fit as fits
from zhikun.analytics.ui.folds import Cell, Fold, Row
from zhikun.analytics.ui.grids import way_up
from zhikun.analytics.ui.means_lists import Numbers
from zhikun.analytics.ui.means_lists import address as list_address
from zhikun.analytics.ui.poverty import large, share
from zhikun.assessments.models import Run
from zhikun.assessments.ui.common import Asked, asked, found
from zhikun.assessments.wanted import written
from zhikun.audit.services import record as note
from zhikun.engine.run.display import number
from zhikun.jobs.models import Job
from zhikun.measures.design import Unknowns
from zhikun.measures.errors import MeasureError
from zhikun.measures.targeting import SHARES
from zhikun.measures.values import Named, named
from zhikun.pages.errors import Notice, shown_in
from zhikun.pages.frame import Crumb
from zhikun.pages.parts import Chart, Figure, JobState, Progress, Series
from zhikun.pages.render import render_page, wants_fragment
from zhikun.places.models import Area
from zhikun.wording import amount_text

_FACT, _BANDS, _AGAIN = "fact", "bands-", "again"
_MOST_BANDS, _MOST_FACTS = 12, 30
_MOST_EARLIER = 10

UNKNOWN_WORDS = {
    Unknowns.LEAVE_OUT.value: gettext_lazy("不参加估计，也不推算"),
    Unknowns.OWN_LEVEL.value: gettext_lazy("“不清楚”自成一级（数字须分段）"),
}


class FitForm(forms.Form):
    """What is told, by what, and who counts as poor. The facts with their bands are rows of a table beside the fields."""

    target = forms.ChoiceField(label=gettext_lazy("推算什么"))
    line = forms.FloatField(
        label=gettext_lazy("困难线"), min_value=0.01, max_value=1e9,
        help_text=gettext_lazy("实际低于这个数的算困难，用来数漏保和误保；单位与推算的数相同。"),
    )  # fmt: skip
    log = forms.BooleanField(
        label=gettext_lazy("取对数"), required=False,
        help_text=gettext_lazy("收入通常取对数；没有收入的户没有对数，不能参加，可能正是最困难的，可去掉再估计一次比较。"),
    )  # fmt: skip
    unknowns = forms.ChoiceField(label=gettext_lazy("有事实不清楚的户"), choices=list(UNKNOWN_WORDS.items()))
    weight = forms.ChoiceField(label=gettext_lazy("每户的权数"), required=False)

    def __init__(self, at: Asked, data: QueryDict | None = None, earlier: Question | None = None) -> None:
        targets = fitting.targets(at.pack, at.run)
        self.facts = fitting.predictors(at.pack, at.run)
        line = fitting.usual_line(at.pack, at.run, targets[0]) if targets else None
        initial: dict[str, Any] = {"log": True, "line": line}
        if earlier is not None:
            initial = {name: getattr(earlier, name) for name in ("target", "line", "log", "unknowns", "weight")}
        # 500, as people write it, not 500.0
        initial["line"] = written(initial["line"]) if initial["line"] is not None else None
        super().__init__(data, initial=initial)
        units = dict.fromkeys(one.unit for one in targets if one.unit)
        if len(units) == 1:
            self.fields["line"].label = _("困难线（{u}）").format(u=next(iter(units)))
        elif line is not None and earlier is None:
            self.fields["line"].help_text = _("{h}填好的是“{t}”的标准，单位 {u}。").format(
                h=self.fields["line"].help_text, t=targets[0].title, u=targets[0].unit
            )
        self._typed = data
        weights = [("", _("每户一份")), *((one.name, one.title) for one in fitting.weights(at.pack, at.run))]
        self.fields["target"].choices = [(one.name, _heading(one)) for one in targets]  # type: ignore[attr-defined]  # a choice field
        self.fields["weight"].choices = weights  # type: ignore[attr-defined]  # the same
        self._earlier = dict(earlier.predictors) if earlier is not None else {}

    @property
    def rows(self) -> list[tuple[Named, bool, str]]:
        """The facts to tick, with their bands as they were typed."""
        told = []
        for one in self.facts:
            if self._typed is not None:
                ticked, bands = one.name in self._typed.getlist(_FACT), self._typed.get(f"{_BANDS}{one.name}", "")
            else:
                ticked = one.name in self._earlier
                bands = ",".join(f"{band:g}" for band in self._earlier.get(one.name, ()))
            told.append((one, ticked, bands))
        return told

    def clean(self) -> dict[str, Any]:
        """At least one fact; bands are rising numbers."""
        given: dict[str, Any] = super().clean() or {}
        ticked = [(one, bands) for one, used, bands in self.rows if used]
        if not ticked or len(ticked) > _MOST_FACTS:
            raise forms.ValidationError(_("请在下面勾选推算所依据的事实，一至 {n} 项。").format(n=_MOST_FACTS))
        given["predictors"] = tuple((one.name, _bands(one, bands)) for one, bands in ticked)
        if given.get("unknowns") == Unknowns.OWN_LEVEL.value:
            plain = [one.title for one, bands in ticked if one.type == "number" and not bands.strip()]
            if plain:
                raise forms.ValidationError(
                    _("“{t}”是没有分段的数字，“不清楚”不能自成一级。请写上分段，或改为“不参加估计”。").format(
                        t="、".join(plain))
                )  # fmt: skip
        return given

    @property
    def question(self) -> Question:
        """What was asked."""
        given = self.cleaned_data
        return Question(
            given["target"], given["predictors"], given["line"], given["log"], given["unknowns"], given["weight"]
        )


def _bands(one: Named, text: str) -> tuple[float, ...]:
    """The numbers at which a new band begins: 2,4."""
    if one.type != "number" or not text.strip():
        return ()
    try:
        bands = tuple(float(part) for part in text.replace("，", ",").split(","))
    except ValueError:
        bands = ()
    if (
        not bands
        or len(bands) > _MOST_BANDS
        or list(bands) != sorted(set(bands))
        or not all(abs(b) < 1e9 for b in bands)
    ):
        raise forms.ValidationError(
            _("“{t}”的分段“{b}”读不出来。请写从小到大的数，用逗号隔开，如 2,4。").format(t=one.title, b=text)
        )
    return bands


@requires(Right.POLICY_TRY)
def page(request: HttpRequest, run: UUID) -> HttpResponse:
    """Ask for a fit, or look at one."""
    of = found(request, run)
    if of.state != Run.State.DONE:
        return HttpResponseRedirect(reverse("assessments:run", args=[run]))
    at = asked(request, of)
    chosen = _chosen(request, at)
    earlier = Question.of(chosen.asked) if chosen is not None else None
    form = FitForm(at, request.POST or None, earlier)
    if _AGAIN in request.POST and chosen is not None and earlier is not None and _lost(at, earlier) is None:
        made, _new = fits.start(earlier, of, chosen.range, acting_officer=at.officer)
        return HttpResponseRedirect(address(at, made))
    if request.method == "POST" and form.is_valid() and len(at.ranges) == 1:
        with shown_in(form):
            made, new = fits.start(form.question, of, at.ranges[0], acting_officer=at.officer)
            if not new:
                messages.info(request, _("同样的模型已经估计过，下面就是；没有再估计一次。"))
            return HttpResponseRedirect(address(at, made))
    job = fits.job_of(chosen) if chosen is not None and chosen.finished_at is None else None
    if chosen is not None and chosen.finished_at is not None and _polled(request):
        response = HttpResponse()
        response["HX-Redirect"] = address(at, chosen)
        return response
    is_shown = chosen is not None and chosen.finished_at is not None and fitting.is_kept(chosen.pk)
    context: dict[str, Any] = {
        "title": _("准家计调查模型"),
        "crumbs": [
            *way_up(at.run, at.place),
            Crumb(_("准家计调查模型")),
        ],
        "run": of,
        "form": form,
        "fold": _fold(at, form, is_open=not is_shown or bool(form.errors)),
        "job": _progress(at, chosen, job) if chosen is not None and job is not None else None,
        "earlier": _earlier(at, chosen),
    }
    if chosen is not None and earlier is not None and chosen.finished_at is not None:
        if is_shown:
            context |= _shown(at, chosen, earlier)
        else:
            messages.warning(request, _("这个模型的数字在数据文件夹里找不到了。请用下面填好的条件再估计一次。"))
    return render_page(
        request, "analytics/means.html", context, fragment="job", status=422 if form.errors else 200
    )  # fmt: skip


@requires(Right.POLICY_TRY, methods=("GET", "HEAD"))
def file(request: HttpRequest, run: UUID, fit: UUID, name: str) -> HttpResponse:
    """The figures of a fit as a workbook, or one table of them as CSV."""
    one = Fit.objects.visible_to(officer_of(request)).finished().filter(pk=fit, run=found(request, run)).first()
    if one is None or name not in sheets.FILES or not fitting.is_kept(one.pk):
        raise Http404
    content, kind = sheets.made(name, one, fitting.kept(one.pk))
    note(
        events.SAVED, by=officer_of(request), area=one.area, looks=True, details={"run": str(one.run_id), "table": name}
    )
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f"attachment; filename={name}"
    return response


def address(at: Asked, fit: Fit) -> str:
    """The page with a fit on it."""
    query = ({"place": str(at.place.pk)} if at.place else {}) | {"fit": str(fit.pk)}
    return f"{reverse('analytics:means', args=[at.run.pk])}?{urlencode(query)}"


def _chosen(request: HttpRequest, at: Asked) -> Fit | None:
    """The fit asked for; of another run or of an area that is not the officer's it is not there."""
    text = request.GET.get("fit", "")
    if not text:
        return None
    try:
        key = UUID(text)
    except ValueError:
        raise Http404 from None
    one = Fit.objects.visible_to(at.officer).select_related("run").filter(pk=key, run=at.run).first()
    if one is None:
        raise Http404
    return one


def _polled(request: HttpRequest) -> bool:
    return wants_fragment(request) and bool(request.headers.get("X-Zhikun-Poll"))


def _progress(at: Asked, fit: Fit, job: Job) -> Progress:
    mine = Job.objects.visible_to(at.officer).filter(pk=job.pk).exists()
    message = job.error if job.state == Job.State.FAILED else ""
    return Progress(
        job.title, cast("JobState", job.state), address(at, fit), job.done, job.total, message,
        cancel_url=reverse("jobs:cancel", args=[job.pk]) if mine and job.state == Job.State.WAITING else "",
        retry_url=reverse("jobs:retry", args=[job.pk]) if mine and job.reference and job.has_ended else "",
        id="job",
    )  # fmt: skip


def _fold(at: Asked, form: FitForm, *, is_open: bool) -> Fold:
    """The form for a fit: the facts to tick, each with its bands."""
    heads = (_("依据的事实"), _("分段（数字可以分段，如 2,4：不到 2、2 至不到 4、4 及以上）"))
    instead = None
    if len(at.ranges) > 1:
        instead = (_("您的管辖地区分成几处。"), _("请先在评估页选定一个地区再估计。"))
    elif not form.fields["target"].choices:  # type: ignore[attr-defined]  # a choice field
        instead = (_("这次评估没有按元计算的收入或支出。"), _("请用有家庭收入计算规则的政策包评估后再估计。"))
    rows = [
        Row(one.name, _heading(one), ticked,
            [(_("分段"), Cell(f"{_BANDS}{one.name}", bands) if one.type == "number" else Cell())])
        for one, ticked, bands in form.rows
    ]  # fmt: skip
    about = _("在 {area} 这次评估的家庭上估计，在后台进行。").format(area=at.shown.name)
    return Fold(
        _("估计一个模型"), _FACT, heads, rows, _("开始估计"), is_open=is_open, post=True, about=about, instead=instead
    )  # fmt: skip


def _earlier(at: Asked, chosen: Fit | None) -> list[tuple[str, str, Fit, str]]:
    """Fits of this run that the officer may see, beside the one on the page, each with the list of who took part."""
    rows = Fit.objects.visible_to(at.officer).finished().filter(run=at.run)
    others = [one for one in rows[: _MOST_EARLIER + 1] if chosen is None or one.pk != chosen.pk][:_MOST_EARLIER]
    names = dict(Area.objects.filter(pk__in=[one.area for one in others]).values_list("pk", "name"))
    place = {one.pk: names.get(one.area, str(one.area)) for one in others}
    return [
        (place[one.pk], _told(at, Question.of(one.asked)), one,
         list_address(one, Chosen("fitted")) if one.households and fitting.has_lists(one.pk) else "")
        for one in others
    ]  # fmt: skip


def _told(at: Asked, question: Question) -> str:
    """What a fit was asked, in words."""
    titles = [_named(at, name).title for name, _bands_ in question.predictors]
    return _("推算{t}，依据{f}").format(t=_named(at, question.target).title, f="、".join(titles))


def _named(at: Asked, name: str) -> Named:
    """What the pack calls a value; what it had then and no longer has, by its code."""
    try:
        return named(at.pack, name)
    except MeasureError:
        return Named(name, name, "number")


def _shown(at: Asked, fit: Fit, question: Question) -> dict[str, Any]:
    """A finished fit in figures, tables and charts."""
    told, target, numbers = fitting.kept(fit.pk), _named(at, question.target), Numbers.of(fit)
    return {
        "fit": fit,
        "fitted": told,
        "area_name": Area.objects.filter(pk=fit.area).values_list("name", flat=True).first() or str(fit.area),
        "words": _told(at, question),
        "target": target,
        "question": question,
        "figures": _figures(told, numbers),
        "unlisted": numbers.counts is None, "lost": _lost(at, question), "weighted": numbers.weighted,
        "left": [(reason, numbers.drawn(n, f"left-{which}")) for which, (reason, n) in enumerate(told["left_out"])],
        "meaning": _meaning(told, target, question), "useless": _useless(told), "useless_why": str(USEFUL_SHARE.why),
        "line_words": number(question.line, target.unit),
        "coefficients": [
            (one["title"], *(f"{one[name]:.6g}" for name in ("value", "error", "low", "high")), f"{one['p']:.4f}")
            for one in told["coefficients"]
        ],
        "cutoffs": [_cutoff(one, at_share, numbers) for one, at_share in zip(told["cutoffs"], SHARES, strict=True)],
        "curve": _curve(told["cutoffs"], target, question),
        "card": told["card"]["lines"],
        "base": told["card"]["base"],
        "files": [(reverse("analytics:means-file", args=[fit.run_id, fit.pk, name]), title)
                  for name, title in sheets.FILES.items()],
    }  # fmt: skip


def _figures(told: Mapping[str, Any], numbers: Numbers) -> list[Figure]:
    line = told["cutoffs"][0]
    poor = line["poor"] + line["untold_poor"]
    left = told["area_households"] - told["households"]
    of_weight = _("{n} 户").format(n=f"{numbers.households('poor'):,}") if numbers.weighted and numbers.counts else ""
    unseen = told["unseen_r_squared"]
    return [
        Figure(_("评估的家庭"), told["area_households"], _("户"), url=numbers.url("all")),
        Figure(_("参加估计"), told["households"], _("户"), url=numbers.url("fitted")),
        Figure(_("没有参加"), left, _("户"), note=_("原因见下") if left else "", tone="warning" if left else "", url=numbers.url("left")),
        Figure(_("决定系数 R²"), large(f"{told['r_squared']:.4f}"), kind="text", note=_("调整后 {a}").format(a=f"{told['adjusted']:.4f}")),
        Figure(_("没有见过的户 R²"), None if unseen is None else large(f"{unseen:.4f}"), kind="text",
               note=_("分 {k} 份交叉检验").format(k=told["folds"])),
        Figure(_("实际低于困难线"), round(poor, 2), _("份") if numbers.weighted else _("户"), note=of_weight, url=numbers.url("poor")),
    ]  # fmt: skip


def _lost(at: Asked, question: Question) -> str | None:
    """A value that was asked for and that the pack no longer has."""
    for name in (question.target, *(one for one, _bands_ in question.predictors), question.weight):
        try:
            named(at.pack, name) if name else None
        except MeasureError:
            return name
    return None


def _told_share(told: Mapping[str, Any]) -> float:
    """What part of the differences the model tells: of households that it had not seen, where that was counted."""
    unseen = told["unseen_r_squared"]
    return float(told["adjusted"] if unseen is None else unseen)


def _meaning(told: Mapping[str, Any], target: Named, question: Question) -> str:
    """What R² says, in plain words."""
    share = max(0.0, min(1.0, _told_share(told)))
    what = _("{t}的对数").format(t=target.title) if question.log else target.title
    return _(
        "R² 说的是：各户{t}高低的差别，有多少能由所选的事实说明。1 是完全说准，0 是与一律按平均数猜一样。"
        "用到没有见过的户，这个模型大约说明 {a}，其余 {b} 说明不了。"
    ).format(t=what, a=f"{share:.0%}", b=f"{1 - share:.0%}")


def _useless(told: Mapping[str, Any]) -> Notice | None:
    """A warning where the model tells too little to be used."""
    share = _told_share(told)
    if share * 100 >= USEFUL_SHARE.value:
        return None
    why = _("能说明的不到 {n}%，推算出来的先后与实际的先后差得很远。").format(n=USEFUL_SHARE.value)
    if share <= 0:
        why = _("用到没有见过的户，比一律按平均数猜还差。")
    return Notice(
        _("这个模型几乎没有用，不要据它安排走访。"), why,
        _("请换一些与收入更有关的事实、给数字分段，或者等调查的户多一些再估计。"), "warning",
    )  # fmt: skip


def _cutoff(one: Mapping[str, Any], at: int, numbers: Numbers) -> dict[str, Any]:
    """A line of the errors: each number with its list, the rates between them."""

    def drawn(name: str, which: str) -> SafeString:
        return numbers.drawn(round(one[name], 2), which, at if which in BY_CUTOFF else AT_LINE)

    return {
        "cutoff": amount_text(one["cutoff"], in_column=True), "is_line": one["cutoff"] == one["line"],
        "cells": [
            (_("困难"), drawn("poor", "poor-told")), (_("列入"), drawn("reached", "reached")),
            (_("漏保"), drawn("missed", "missed")), (_("漏保率"), share(one["undercoverage"])),
            (_("误保"), drawn("leaked", "leaked")), (_("误保率"), share(one["leakage"])),
            (_("推算不了"), drawn("untold", "untold")), (_("其中困难"), drawn("untold_poor", "untold-poor")),
        ],
    }  # fmt: skip


def _curve(cutoffs: Sequence[Mapping[str, Any]], target: Named, question: Question) -> Chart:
    """Both errors by cut-off: the one falls as the other rises."""

    def rates(name: str) -> list[float | None]:
        return [None if one[name] is None else round(one[name] * 100, 2) for one in cutoffs]

    return Chart(
        _("漏保率和误保率"), "line", [amount_text(one["cutoff"]) for one in cutoffs],
        [Series(_("漏保率"), rates("undercoverage")), Series(_("误保率"), rates("leakage"))], unit="%",
        note=_("横轴是列入线（{u}）：推算低于它的列入。困难线 {l}。").format(u=target.unit, l=number(question.line, target.unit)),
    )  # fmt: skip


def _heading(one: Named) -> str:
    return f"{one.title}（{one.unit}）" if one.unit and f"（{one.unit}）" not in one.title else one.title
