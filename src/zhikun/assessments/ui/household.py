"""One household's assessment: its page, a person's decision on a flag, and the report as PDF."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.assessments import events
from zhikun.assessments.errors import FlagNotRaised
from zhikun.assessments.models import FlagDecision, Run
from zhikun.assessments.naming import category_words, pack_words
from zhikun.assessments.opening import Opened, opened
from zhikun.assessments.past import past
from zhikun.assessments.report import report_of
from zhikun.assessments.services.deciding import RIGHT, decide_flag, flag_words, raised_now
from zhikun.assessments.services.provisional import Figure, plan_on
from zhikun.audit.services import record as note
from zhikun.documents import FontsMissing
from zhikun.documents.values import shown_of
from zhikun.engine.packs.model import Pack
from zhikun.engine.run import FactsError
from zhikun.pages.errors import DomainError, shown_in
from zhikun.pages.frame import Crumb
from zhikun.pages.render import render_page
from zhikun.registry.models import Household
from zhikun.registry.panels import shared
from zhikun.registry.selectors.file import looked_lately, unmasked_now, visible
from zhikun.registry.ui.asked import first_time
from zhikun.registry.ui.household import crumbs
from zhikun.wording import SAMPLE_MARK

_GET = ("GET", "HEAD")


class DecisionForm(forms.Form):
    """What the officer found, and why. `seen`: the facts and the decision that they had before them."""

    decision = forms.ChoiceField(
        label=gettext_lazy("认定"), choices=FlagDecision.Decision.choices, widget=forms.RadioSelect
    )
    reason = forms.CharField(
        label=gettext_lazy("理由"), max_length=200, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("写明查看了什么、依据什么。不要写姓名和号码。"),
    )  # fmt: skip
    seen = forms.CharField(widget=forms.HiddenInput)


@requires(Right.HOUSEHOLD_VIEW, methods=_GET)
def assessment(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The proposal as of today, every figure down to who recorded the fact, and what is open; `?run=`: as that run found it."""
    officer = officer_of(request)
    found = shared(visible(officer, pk))
    if "run" in request.GET:
        return _of_run(request, officer, found)
    context: dict[str, Any] = {
        "title": _("{n} 号家庭的评估").format(n=found.number),
        "crumbs": [*crumbs(found, link=True), Crumb(_("评估"))],
        "household": found,
    }
    if found.state != Household.State.OPEN:
        return render_page(request, "assessments/household.html", {**context, "problem": _closed()})
    try:
        at = opened(found, officer)
    except FactsError as error:
        return render_page(request, "assessments/household.html", {**context, "problem": str(error)})
    if not looked_lately(found, officer, events.OPENED):
        details = {"pack": at.plan.pack.id, "on": at.on.isoformat(), "full": at.unmasked}
        note(
            events.OPENED, by=officer, household=found.pk, subject=found.number, area=found.area_id, looks=True,
            details=details,
        )  # fmt: skip
    context |= _shown(at) | {
        "may_decide": found.state == Household.State.OPEN and officer.may(RIGHT, found.area_id),
        "may_unmask": officer.may(Right.HOUSEHOLD_UNMASK, found.area_id), "sample_words": SAMPLE_MARK,
    }  # fmt: skip
    return render_page(request, "assessments/household.html", context)


def _of_run(request: HttpRequest, officer: Officer, found: Household) -> HttpResponse:
    """The same household as a run of before found it: `?run=` names the run; one that is not the officer's is not there (404)."""
    try:
        key = uuid.UUID(request.GET["run"])
    except ValueError:
        raise Http404 from None
    run = Run.objects.visible_to(officer).finished().filter(pk=key).first()
    if run is None:
        raise Http404
    told = past(found, run)
    if first_time(request.session, request.get_full_path()):
        details = {"run": str(run.pk), "pack": run.pack, "on": run.on.isoformat(), "full": False}
        note(
            events.OPENED, by=officer, household=found.pk, subject=found.number, area=found.area_id, looks=True,
            details=details,
        )  # fmt: skip
    newest = reverse("assessments:household", args=[found.pk])
    context = {
        "title": _("{n} 号家庭 {on} 的评估").format(n=found.number, on=run.on.isoformat()),
        "crumbs": [*crumbs(found, link=True), _back(found), Crumb(run.on.isoformat())],
        "household": found, "run": run, "past": told, "pack_words": pack_words(run),
        "open": found.state == Household.State.OPEN,
        "newest_url": f"{newest}?run={told.newer.pk}" if told.newer is not None else "",
    }  # fmt: skip
    return render_page(request, "assessments/household_run.html", context)


def _shown(at: Opened) -> dict[str, Any]:
    """What the page draws of an opened assessment."""
    pack = at.plan.pack
    steps = {str(one["id"]) for one in at.told.explanation["steps"]}
    heads = [one for one in (at.told.category, at.told.index) if one is not None]
    titles = {one.name: one.title for one in at.told.causes}
    return {
        "at": at, "pack": pack, "told": at.told, "flags": [(one, at.grounds(one)) for one in at.flags],
        "heads": [_figure(one, steps) for one in heads],
        "causes": [_figure(one, steps) for one in at.told.causes],
        "others": [_figure(one, steps) for one in at.told.others],
        "steps": at.steps(),
        "changes": [one["text"] for one in at.explanation["changes"]],
        "former": [(one, flag_words(pack, one.flag)) for one in at.former],
        "kept_category": category_words(pack, at.kept.category) if at.kept else "",
        "kept_index": _index(pack, at.kept.index) if at.kept and at.kept.index is not None else "",
        "alike_median": _index(pack, at.alike.median) if at.alike else "",
        "alike_index": _index(pack, at.alike.index) if at.alike else "",
        "alike_cause": titles.get(at.alike.cause, at.alike.cause) if at.alike else "",
    }  # fmt: skip


def _figure(one: Figure, steps: set[str]) -> dict[str, Any]:
    """A figure with the place of the tree into which it opens."""
    unknown = one.value is None
    unit = "" if unknown or one.display.endswith(one.unit) else one.unit
    return {
        "title": one.title, "text": _("未知") if unknown else one.display, "unit": unit, "unknown": unknown,
        "anchor": f"step-{one.name}" if one.name in steps else "",
    }  # fmt: skip


@requires(RIGHT)
def decide(request: HttpRequest, pk: uuid.UUID, flag: str) -> HttpResponse:
    """Confirm or override what the machine raised. `row` in the address: the member or thing that it is about."""
    officer = officer_of(request)
    found = visible(officer, pk, RIGHT)
    row = request.GET.get("row", "")
    try:
        raised = raised_now(found, flag, row)
    except FlagNotRaised as refused:
        messages.warning(request, str(refused))
        return HttpResponseRedirect(reverse("assessments:household", args=[pk]))
    form = DecisionForm(request.POST or None, initial={"seen": raised.seen})
    status = 200
    if request.method == "POST" and form.is_valid():
        with shown_in(form):
            try:
                decide_flag(
                    found, flag, row=row, acting_officer=officer, seen=form.cleaned_data["seen"],
                    decision=form.cleaned_data["decision"], reason=form.cleaned_data["reason"],
                )  # fmt: skip
            except DomainError as refused:
                status = refused.status
                if status == 409:
                    raised = raised_now(found, flag, row)
                    again = request.POST.copy()
                    again["seen"] = raised.seen
                    form.data = again
                raise
            messages.success(request, _("已记下您的认定。系统的建议不变，两者并列显示。"))
            return HttpResponseRedirect(reverse("assessments:household", args=[pk]) + "#flags")
    title = _("认定：{t}").format(t=raised.told["title"])
    context = {
        "title": title, "crumbs": [*crumbs(found, link=True), _back(found), Crumb(title)], "household": found,
        "form": form, "flag": raised, "grounds": opened(found, officer).grounds(raised),
        "sample_words": SAMPLE_MARK,
    }  # fmt: skip
    return render_page(
        request,
        "assessments/decide.html",
        context,
        status=status if status > 200 else 422 if form.errors else 200,
    )


@requires(Right.HOUSEHOLD_VIEW, methods=_GET)
def report(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """综合评估报告 as PDF, on record. `?full`: with full particulars, for who has unmasked the household just now."""
    officer = officer_of(request)
    found = visible(officer, pk)
    full = "full" in request.GET
    if full and unmasked_now(found, officer) is None:
        if not officer.may(Right.HOUSEHOLD_UNMASK, found.area_id):
            raise Http404
        messages.info(request, _("报告上要有完整的姓名和号码，请先写明查看的理由，再回到评估页下载。"))
        return HttpResponseRedirect(reverse("registry:unmask", args=[pk]))
    if found.state != Household.State.OPEN:
        raise DomainError(_("这份报告现在不能生成。"), why=_closed(), remedy=_("请查看这一户的经过和以前的评估批次。"))
    try:
        content = report_of(opened(found, officer), officer, full=full)
    except (FactsError, FontsMissing) as error:
        raise DomainError(_("这份报告现在不能生成。"), why=str(error), remedy=_("请按说明处理后再试。")) from None
    note(
        events.REPORT_MADE, by=officer, household=found.pk, subject=found.number, area=found.area_id, looks=True,
        details={"full": full, "pack": plan_on(timezone.localdate()).pack.id},
    )  # fmt: skip
    response = HttpResponse(content, content_type="application/pdf")
    # The name says nothing about the people.
    name = content_disposition_header(False, _("综合评估报告-{n}.pdf").format(n=found.number))
    response["Content-Disposition"] = name or "inline"
    response["Cache-Control"] = "private, no-store"
    return response


def _index(pack: Pack, value: float) -> str:
    """The index with as many digits as everywhere else."""
    return shown_of(pack, pack.results.index or "").text(value)


def _closed() -> str:
    return _("这份档案已经销户或者并入别的户，没有在册的人，不再评估。以前的评估结果保存在各批评估里。")


def _back(found: Household) -> Crumb:
    return Crumb(_("评估"), reverse("assessments:household", args=[found.pk]))
