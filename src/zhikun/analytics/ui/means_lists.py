"""The households behind a number of a proxy means test, and how the numbers of its page lead there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.roles import Right
from zhikun.analytics import events, fit_lists
from zhikun.analytics.fit_exporting import SOURCE, fitted_words
from zhikun.analytics.fit_lists import AT_LINE, Chosen
from zhikun.analytics.fits import Fit
from zhikun.analytics.fitting import Question, has_lists
from zhikun.analytics.trials import Listed
from zhikun.analytics.ui.grids import way_up
from zhikun.analytics.ui.poverty import large
from zhikun.assessments.selectors import cut
from zhikun.assessments.ui.common import Asked, asked, found, further
from zhikun.assessments.ui.runs import after
from zhikun.audit.services import record as note
from zhikun.documents.values import shown_of
from zhikun.pages import formats
from zhikun.pages.frame import Crumb
from zhikun.pages.render import render_page
from zhikun.registry.selectors.search import scope
from zhikun.registry.ui.asked import first_time


@dataclass(frozen=True)
class Numbers:
    """The numbers of a fit as its page draws them, each with its list. `counts` None: it kept no households, nothing can be listed."""

    fit: Fit
    counts: Mapping[Chosen, int] | None
    weighted: bool

    @classmethod
    def of(cls, fit: Fit) -> Numbers:
        """Those of a finished fit."""
        counts = fit_lists.counts(fit) if has_lists(fit.pk) else None
        return cls(fit, counts, bool(fit.asked.get("weight")))

    def households(self, which: str, at: int = AT_LINE) -> int:
        """How many households a list has."""
        return self.counts[Chosen(which, at)] if self.counts is not None else 0

    def url(self, which: str, at: int = AT_LINE) -> str:
        """The list; of nobody there is none."""
        return address(self.fit, Chosen(which, at)) if self.households(which, at) else ""

    def drawn(self, figure: float, which: str, at: int = AT_LINE) -> SafeString:
        """A number with its list; where households have weights, their sum and beside it how many households that is."""
        if not self.households(which, at):
            return formats.count(figure)
        n, url = self.households(which, at), self.url(which, at)
        linked = format_html('<a href="{}">{}</a>', url, formats.count(n, _("户") if self.weighted else ""))
        return format_html("{}（{}）", formats.count(figure), linked) if self.weighted else linked


@dataclass(frozen=True)
class At(Asked):
    """A fit as an officer asked for it."""

    fit: Fit


class ListForm(forms.Form):
    """Which households, and where."""

    place = forms.TypedChoiceField(label=gettext_lazy("地区"), required=False, coerce=int, empty_value=None)
    which = forms.ChoiceField(label=gettext_lazy("名单"))
    at = forms.ChoiceField(label=gettext_lazy("列入线"), required=False)

    def __init__(self, at: At, data: QueryDict) -> None:
        shown = data.copy()
        shown.setdefault("at", str(AT_LINE))
        super().__init__(shown)
        self.fields["place"].choices = [("", _("模型的全部地区")), *at.places()]  # type: ignore[attr-defined]  # a choice field
        self.fields["which"].choices = fit_lists.choices(at.fit)  # type: ignore[attr-defined]  # the same
        self.fields["at"].choices = fit_lists.cutoffs(at.fit, at.pack)  # type: ignore[attr-defined]  # the same


@requires(Right.POLICY_TRY, methods=("GET", "HEAD"))
def households(request: HttpRequest, run: UUID, fit: UUID) -> HttpResponse:
    """The households behind a number of a fit, fifty at a time, each with what it has and what it was told."""
    of = found(request, run)
    one = Fit.objects.visible_to(officer_of(request)).finished().select_related("run").filter(pk=fit, run=of).first()
    if one is None:
        raise Http404
    at = At(**vars(asked(request, of, Right.POLICY_TRY, [one.range])), fit=one)
    if "which" not in request.GET or not has_lists(
        one.pk
    ):  # the filters were put back; or the page offers to fit it again
        return HttpResponseRedirect(page_of(one))
    chosen = fit_lists.read(request.GET["which"], request.GET.get("at", ""), one)
    listed = fit_lists.listed(one, at.ranges, chosen, at.officer, after(request, -1))
    if first_time(request.session, request.get_full_path()):
        details = {"fit": str(one.pk), "asked": urlencode(chosen.query), "count": listed.count, "shown": len(listed.lines)}  # fmt: skip
        note(events.FIT_LISTED, by=at.officer, area=at.place.pk if at.place else one.area, looks=True, details=details)
    question = Question.of(one.asked)
    context = {
        "title": _("准家计调查模型：{k}").format(k=fit_lists.words(chosen, one, at.pack)),
        "crumbs": [
            *way_up(at.run, at.place),
            Crumb(_("准家计调查模型"), page_of(one)), Crumb(_("家庭名单")),
        ],
        "run": of, "form": ListForm(at, request.GET), "listed": listed, "total": f"{listed.count:,}",
        "lines": _lines(at, question, listed), "heading": shown_of(at.pack, question.target).heading,
        "weight": shown_of(at.pack, question.weight).heading if question.weight else "",
        "export": _export(at, chosen) if listed.count else "",
        "next": further(request, listed.next) if listed.next is not None else "",
        "first": further(request, None) if "after" in request.GET else "",
    }  # fmt: skip
    return render_page(request, "analytics/means_households.html", context, fragment="results")


def page_of(fit: Fit) -> str:
    """The page with a fit on it."""
    return f"{reverse('analytics:means', args=[fit.run_id])}?{urlencode({'fit': fit.pk})}"


def address(fit: Fit, chosen: Chosen) -> str:
    """The list of exactly these."""
    return f"{reverse('analytics:means-households', args=[fit.run_id, fit.pk])}?{urlencode(chosen.query)}"


def _lines(at: At, question: Question, listed: Listed) -> list[dict[str, Any]]:
    shown = shown_of(at.pack, question.target)

    def drawn(value: float | None, unknown: str) -> SafeString:
        return formats.text(unknown) if value is None else large(shown.text(value, in_column=True))

    return [
        {
            "household": line.household, "actual": drawn(line.values["actual"], _("尚不能确定")),
            "told": drawn(line.values["told"], _("推算不了")), "weight": line.values["weight"],
            "fitted": fitted_words(line.values),
        }
        for line in listed.lines
    ]  # fmt: skip


def _export(at: At, chosen: Chosen) -> str:
    """Where the same list is exported; nowhere without the right here."""
    if not cut(at.ranges, scope(at.officer, at.place.range if at.place else None, Right.HOUSEHOLD_EXPORT)):
        return ""
    return f"{reverse('exports:new')}?{urlencode([('list', SOURCE), ('fit', str(at.fit.pk)), *at.here, *chosen.query])}"
