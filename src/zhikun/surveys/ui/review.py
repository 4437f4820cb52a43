"""Looking through visits: the review, and the county's second look at some of them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.audit.services import record as note
from zhikun.pages.errors import shown_in
from zhikun.pages.render import render_page
from zhikun.pages.tables import Column, Table
from zhikun.surveys import events, selectors
from zhikun.surveys.models import Recheck, Round, Visit, VisitFile
from zhikun.surveys.services import files, rechecks, visits
from zhikun.surveys.ui.office import OFFICE, way


@requires(Right.SURVEY_REVIEW, methods=("GET", "HEAD"))
def queue(request: HttpRequest) -> HttpResponse:
    """Visits that wait for review, the longest first."""
    found = Visit.objects.visible_to(officer_of(request), Right.SURVEY_REVIEW).filter(state=Visit.State.SUBMITTED)
    columns = [
        Column(
            "number", _("户编号"), heading=True,
            value=lambda one: one.household.number if one.household else _("新发现"),
            link=lambda one: reverse("surveys:visit", args=[one.pk]),
        ),
        Column("area", _("村（社区）"), value="assignment.area"),
        Column("round", _("轮次"), value="assignment.round"),
        Column("visited_on", _("入户日期"), kind="day", sort="visited_on"),
        Column("submitted_at", _("提交时间"), kind="moment", sort="submitted_at"),
    ]  # fmt: skip
    shown = found.select_related("household", "assignment__area", "assignment__round")
    table = Table(
        request, shown, columns, caption=_("待审核的入户调查"), order="submitted_at",
        empty=_("没有待审核的入户调查。"), remedy=_("小组提交以后会出现在这里。"),
    )  # fmt: skip
    return render_page(request, "surveys/table.html", {"title": _("入户审核"), "table": table})


class ReturnForm(forms.Form):
    """Why a visit goes back: about one answer, or as a whole."""

    question = forms.CharField(
        label=gettext_lazy("哪一项"), required=False, max_length=240, widget=forms.Select,
        help_text=gettext_lazy("选了的，小组打开问卷时能一步跳到那里。"),
    )  # fmt: skip
    text = forms.CharField(
        label=gettext_lazy("意见"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("写明哪里不对、要补什么。不要写身份证号。"),
    )  # fmt: skip

    def __init__(self, parts: Sequence[selectors.Part], data: Any = None) -> None:
        super().__init__(data)
        asked = [(part.title, [(f"{a.path}|{a.title}", a.title) for a in part.answers]) for part in parts]
        self.fields["question"].widget.choices = [("", _("整份")), *((t, some) for t, some in asked if some)]


@requires(*OFFICE)
def visit(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """A visit beside what was known before, with photos and signatures; accept it or send it back."""
    officer = officer_of(request)
    found = Visit.objects.visible_to(officer).select_related(
        "household", "assignment__area", "assignment__round", "assignment__team", "submitted_by", "decided_by"
    )
    one = get_object_or_404(found, pk=pk)
    if request.method == "POST" and request.POST.get("decision") == "accept":
        done = visits.accept(one, acting_officer=officer)
        told = _("已通过，写入 {n} 号档案。").format(n=done.household.number if done.household else "")
        messages.success(request, told)
        return HttpResponseRedirect(resolve_url("surveys:queue"))
    waits = one.state == Visit.State.SUBMITTED
    compared = selectors.compared_visit(one) if waits else selectors.as_handed_in(one)
    form = ReturnForm(compared.parts, request.POST if request.method == "POST" else None)
    may_decide = _may_decide(officer, one)
    if request.method == "POST" and form.is_valid():
        with shown_in(form) if may_decide else nullcontext():  # without the form on the page, the page of a refusal
            _give_back(one, form, officer)
            messages.success(request, _("已退回小组补正。"))
            return HttpResponseRedirect(resolve_url("surveys:queue"))
    note(
        events.VISIT_SEEN, by=officer, household=one.household_id, area=one.assignment.area_id, looks=True,
        details={"visit": str(one.pk)},
    )  # fmt: skip
    context = {
        "title": _("入户调查"), "visit": one, "form": form, "parts": compared.parts, "faults": compared.told.faults,
        "photos": selectors.photos_of(one), "signatures": selectors.signatures_of(one),
        "comments": selectors.comments_on(one), "surveyors": list(one.surveyors.all()),
        "alone": one.state != Visit.State.SUBMITTED,
        "may_decide": may_decide,
        "crumbs": way(_come_from(one, officer), (_("入户调查"), "")),
    }  # fmt: skip
    return render_page(request, "surveys/visit.html", context, status=422 if form.errors else 200)


def _come_from(one: Visit, officer: Officer) -> tuple[str, str]:
    """The list above a visit: what waits for review, or, for whoever only assigns, the round."""
    if officer.may(Right.SURVEY_REVIEW):
        return _("入户审核"), reverse("surveys:queue")
    return one.assignment.round.title, reverse("surveys:assignments", args=[one.assignment.round_id])


def _may_decide(officer: Officer, one: Visit) -> bool:
    """Whether the visit waits for a decision that is this officer's to make."""
    surveyed = set(one.surveyors.values_list("pk", flat=True)) | {one.submitted_by_id}
    waits = one.state == Visit.State.SUBMITTED and officer.may(Right.SURVEY_REVIEW, one.assignment.area_id)
    return waits and officer.pk not in surveyed


def _give_back(one: Visit, form: ReturnForm, officer: Officer) -> None:
    path, _bar, title = form.cleaned_data["question"].partition("|")
    visits.give_back(one, [visits.Comment(form.cleaned_data["text"], path, title)], acting_officer=officer)


@requires(*OFFICE, methods=("GET", "HEAD"))
def visit_file(request: HttpRequest, pk: uuid.UUID, file: uuid.UUID) -> HttpResponse:
    """A photo or signature of a visit that the officer may see."""
    officer = officer_of(request)
    one = get_object_or_404(Visit.objects.visible_to(officer).select_related("assignment"), pk=pk)
    found = get_object_or_404(VisitFile, pk=file, visit=one)
    note(
        events.FILE_SEEN, by=officer, household=one.household_id, area=one.assignment.area_id, looks=True,
        details={"file": str(found.pk)},
    )  # fmt: skip
    answer = HttpResponse(b"".join(files.content_of(found)), content_type=found.content_type)
    answer["Content-Disposition"] = "inline"
    return answer


@requires(Right.SURVEY_RECHECK, methods=("POST",))
def draw(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Draw the sample of a round."""
    officer = officer_of(request)
    given = get_object_or_404(Round.objects.visible_to(officer), pk=pk)
    count = rechecks.draw(given, request.POST.get("seed", ""), acting_officer=officer)
    messages.success(request, _("抽中 {n} 户需要复核。").format(n=count))
    return HttpResponseRedirect(resolve_url("surveys:rechecks"))


@requires(Right.SURVEY_RECHECK, methods=("GET", "HEAD"))
def all_rechecks(request: HttpRequest) -> HttpResponse:
    """The sample: what is still to be looked at again, and what was found."""
    officer = officer_of(request)
    found = Recheck.objects.visible_to(officer).select_related("visit__household", "visit__assignment__area", "round")
    tones = {"open": "progress", "agrees": "success", "differs": "warning", "failed": "danger"}
    columns = [
        Column(
            "number", _("户编号"), heading=True, value="visit.household.number",
            link=lambda one: reverse("surveys:recheck", args=[one.pk]),
        ),
        Column("area", _("村（社区）"), value="visit.assignment.area"),
        Column("round", _("轮次")),
        Column("seed", _("抽样种子")),
        Column("result", _("结果"), kind="status", value=lambda one: (tones[one.result], one.get_result_display())),
    ]  # fmt: skip
    table = Table(
        request,
        found.order_by("result", "drawn_at", "pk"),
        columns,
        caption=_("调查复核"),
        empty=_("还没有抽取复核样本。"),
        remedy=_("有户通过审核以后，到轮次页面点“抽样”。"),
    )
    open_rounds = Round.objects.visible_to(officer)
    return render_page(
        request,
        "surveys/rechecks.html",
        {"title": _("调查复核"), "table": table, "rounds": open_rounds, "today": timezone.localdate()},
    )


class RecheckForm(forms.Form):
    """What the second look comes to. What was found otherwise stands beside the answers."""

    result = forms.ChoiceField(
        label=gettext_lazy("复核结果"), choices=Recheck.Result.choices[1:], widget=forms.RadioSelect
    )
    remark = forms.CharField(
        label=gettext_lazy("说明"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("不合格的要写明理由：不合格的户在第三方结算时扣回。"),
    )  # fmt: skip


@requires(Right.SURVEY_RECHECK)
def recheck(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """One second look: what the visit said, with room beside it for what was found again."""
    officer = officer_of(request)
    found = Recheck.objects.visible_to(officer).select_related(
        "visit__household", "visit__assignment__area", "round", "checked_by"
    )
    one = get_object_or_404(found, pk=pk)
    parts = selectors.to_look_again(one.visit)
    typed = {answer.path: request.POST.get(answer.path, "").strip() for part in parts for answer in part.answers}
    form = RecheckForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        was = {answer.path: answer.now for part in parts for answer in part.answers}
        differing = {path: (was[path], now) for path, now in typed.items() if now}
        with shown_in(form):
            told = form.cleaned_data
            rechecks.conclude(one, told["result"], differing, told["remark"], acting_officer=officer)
            messages.success(request, _("复核结果已登记。"))
            return HttpResponseRedirect(resolve_url("surveys:rechecks"))
    note(
        events.VISIT_SEEN, by=officer, household=one.visit.household_id, area=one.visit.assignment.area_id, looks=True,
        details={"visit": str(one.visit_id), "recheck": str(one.pk)},
    )  # fmt: skip
    context = {
        "title": _("调查复核"), "one": one, "form": form,
        "parts": [(part, [(answer, typed[answer.path]) for answer in part.answers]) for part in parts if part.answers],
        "is_open": one.result == Recheck.Result.OPEN, "differences": selectors.differences_of(one),
        "crumbs": way((_("调查复核"), reverse("surveys:rechecks")), (_("复核一户"), "")),
    }  # fmt: skip
    return render_page(request, "surveys/recheck.html", context, status=422 if form.errors else 200)
