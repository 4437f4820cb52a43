"""Self-reports: the household's own pages (with a code, without signing in), and the office's."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from zhikun.accounts.access import officer_of, public, requires
from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.audit.services import record as note
from zhikun.pages.errors import shown_in
from zhikun.pages.forms import DayInput
from zhikun.pages.render import render_page
from zhikun.pages.tables import Column, Table
from zhikun.places.models import Area, Level
from zhikun.registry.models import Household
from zhikun.registry.vocabulary import pack_in_force
from zhikun.surveys import events, selectors
from zhikun.surveys.answers import of_same_age, prefilled
from zhikun.surveys.errors import CodeRefused
from zhikun.surveys.filed import current, form_in_force, rows_of
from zhikun.surveys.models import Round, SelfReport, Team
from zhikun.surveys.services import reports
from zhikun.surveys.ui.door import BadRequest, body, said_in_json
from zhikun.surveys.ui.office import TeamChoice, choose, way

_SESSION = "self_report"


class CodeForm(forms.Form):
    """The code on the slip."""

    code = forms.CharField(
        label=gettext_lazy("申报码"), max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
        help_text=gettext_lazy("村（居）委会或乡镇民生服务中心发给您的 12 位码，如 ABCD-EFGH-JKMN。"),
    )  # fmt: skip


@public
@never_cache
@sensitive_post_parameters("code")
def enter(request: HttpRequest) -> HttpResponse:
    """For a household: the code, then the questions."""
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with shown_in(form):
            found = reports.by_code(form.cleaned_data["code"])
            request.session[_SESSION] = str(found.pk)
            request.session.set_expiry(2 * 3600)
            return HttpResponseRedirect(resolve_url("surveys:self-fill"))
    context = {"title": _("困难家庭自行申报"), "form": form}
    return render_page(request, "surveys/self_enter.html", context, status=422 if form.errors else 200)


def _opened(request: HttpRequest) -> SelfReport | None:
    """The report that this browser has opened with its code, whatever became of it."""
    pk = request.session.get(_SESSION, "")
    return SelfReport.objects.select_related("household", "area").filter(pk=pk).first() if pk else None


def _waiting(request: HttpRequest) -> SelfReport | None:
    """The report that this browser has opened with its code, as long as it is open."""
    found = _opened(request)
    return found if found is not None and reports.is_open(found) else None


@public
@never_cache
def fill(request: HttpRequest) -> HttpResponse:
    """For a household: the questions. Of what is on file it is shown nothing but who belongs to it, masked.

    Some questions are asked by age: each member has a birthday today, with which they are as old as they are.
    """
    report = _waiting(request)
    if report is None:
        return HttpResponseRedirect(resolve_url("surveys:self-enter"))
    form = form_in_force()
    rows = rows_of(report.household, current(report.household)) if report.household else {}
    today = timezone.localdate()
    only_people = {"member": [replace(one, born_on=of_same_age(one.born_on, today)) for one in rows.get("member", [])]}
    data = {
        "form": form.form, "questionnaire": form.hash, "answers": prefilled(pack_in_force(), {}, only_people), "sequence": 0,
        "today": today.isoformat(), "id": str(report.pk), "isNew": report.household_id is None,
        "village": str(report.area_id), "places": [{"value": str(report.area_id), "text": report.area.name}],
        "urls": {"submit": reverse("surveys:self-send")}, "self": True,
    }  # fmt: skip
    return render_page(request, "surveys/self_fill.html", {"title": _("困难家庭自行申报"), "data": data})


@public
@never_cache
@sensitive_post_parameters()
@said_in_json
def send(request: HttpRequest) -> HttpResponse:
    """For a household: hand in what it says of itself. Sent again, because no answer came, it has arrived all the same."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    report = _opened(request)
    if report is None:
        raise CodeRefused
    told = body(request)
    answers = told.get("answers")
    if not isinstance(answers, dict):
        raise BadRequest
    reports.arrive(report, str(told.get("questionnaire", "")), answers)
    return JsonResponse({"html": "", "go": reverse("surveys:self-done")})


@public
def done(request: HttpRequest) -> HttpResponse:
    """For a household: it has arrived, and what happens now."""
    return render_page(request, "surveys/self_done.html", {"title": _("申报已收到")})


class HandForm(forms.Form):
    """To whom a code is handed."""

    number = forms.CharField(
        label=gettext_lazy("户编号"), max_length=40, required=False,
        help_text=gettext_lazy("已有档案的家庭填户编号；没有档案的留空，选村。"),
    )  # fmt: skip
    area = forms.ModelChoiceField(label=gettext_lazy("村（社区）"), queryset=Area.objects.none(), required=False)

    def __init__(self, officer: Officer, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.officer = officer
        choose(self, "area", Area.objects.within(officer.reach(Right.SURVEY_MANAGE)).filter(level=Level.VILLAGE))

    def clean(self) -> dict[str, Any] | None:
        told = super().clean() or {}
        number = (told.get("number") or "").strip()
        mine = Household.objects.visible_to(self.officer, Right.SURVEY_MANAGE).open().select_related("area")
        told["household"] = mine.filter(number=number).first() if number else None
        if number and told["household"] is None:
            raise forms.ValidationError(_("没有这个编号的在册家庭，或不在您的管理范围。请核对户编号。"))
        if not number and not told.get("area"):
            raise forms.ValidationError(_("请填户编号，或者选村（社区）。"))
        return told


@requires(Right.SURVEY_MANAGE)
def all_reports(request: HttpRequest) -> HttpResponse:
    """Hand out codes; what came back under them."""
    officer = officer_of(request)
    form, code = HandForm(officer, request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        with shown_in(form):
            told = form.cleaned_data
            area = told["household"].area if told["household"] else told["area"]
            _report, code = reports.hand_code(area, told["household"], acting_officer=officer)
            form = HandForm(officer)
    tones = {"handed": "neutral", "arrived": "warning", "taken": "success", "refused": "neutral"}
    columns = [
        Column(
            "handed_at", _("发码时间"), kind="moment", sort="handed_at", heading=True,
            link=lambda one: reverse("surveys:report", args=[one.pk]),
        ),
        Column("village", _("村（社区）"), sort="lives_in"),
        Column("household", _("户编号"), value=lambda one: one.household.number if one.household else _("没有档案")),
        Column(
            "state", _("状态"), kind="status", sort="state",
            value=lambda one: (tones[one.state], one.get_state_display()),
        ),
    ]  # fmt: skip
    found = SelfReport.objects.visible_to(officer).select_related("area", "household__area")
    found = found.annotate(lives_in=Coalesce("household__area_id", "area_id"))
    table = Table(
        request,
        found,
        columns,
        caption=_("自行申报"),
        order="-handed_at",
        empty=_("还没有发过申报码。"),
        remedy=_("在上面发码；家庭填报后在这里受理。"),
    )
    context = {
        "title": _("自行申报"), "table": table, "form": form, "code": code, "days": reports.VALID_DAYS,
        "address": request.build_absolute_uri(reverse("surveys:self-enter")),
    }  # fmt: skip
    return render_page(request, "surveys/reports.html", context, status=422 if form.errors else 200)


class TakeForm(forms.Form):
    """Who verifies a report."""

    round = forms.ModelChoiceField(label=gettext_lazy("调查轮次"), queryset=Round.objects.none())
    team = TeamChoice(label=gettext_lazy("小组"), queryset=Team.objects.none())
    due_on = forms.DateField(label=gettext_lazy("完成期限"), widget=DayInput)

    def __init__(self, officer: Officer, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self, "round", Round.objects.visible_to(officer).filter(state=Round.State.OPEN))
        choose(self, "team", selectors.teams_to_choose(Team.objects.visible_to(officer)))


@requires(Right.SURVEY_MANAGE)
def one_report(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """One report beside the file: take it up for verification, or refuse it with a reason."""
    officer = officer_of(request)
    found = SelfReport.objects.visible_to(officer).select_related("area", "household__area")
    one = get_object_or_404(found, pk=pk)
    form = TakeForm(officer, request.POST if request.POST.get("decision") == "take" else None)
    if request.method == "POST":
        if request.POST.get("decision") == "refuse":
            reports.refuse(one, request.POST.get("reason", ""), acting_officer=officer)
            messages.success(request, _("已登记不受理。"))
            return HttpResponseRedirect(resolve_url("surveys:reports"))
        if form.is_valid():
            with shown_in(form):
                told = form.cleaned_data
                visit = reports.Verification(told["round"], told["team"], told["due_on"])
                reports.take(one, visit, acting_officer=officer)
                messages.success(request, _("已受理，并派小组入户核实。"))
                return HttpResponseRedirect(resolve_url("surveys:reports"))
    note(
        events.REPORT_SEEN, by=officer, household=one.household_id, area=one.place, looks=True,
        details={"report": str(one.pk)},
    )  # fmt: skip
    context = {
        "title": _("自行申报"), "one": one, "form": form, "is_open": one.state == SelfReport.State.ARRIVED,
        "expired": not reports.is_open(one),
        "parts": selectors.compared_report(one).parts if one.answers else [],
        "crumbs": way((_("自行申报"), reverse("surveys:reports")), (_("申报内容"), "")),
    }  # fmt: skip
    return render_page(request, "surveys/report.html", context, status=422 if form.errors else 200)
