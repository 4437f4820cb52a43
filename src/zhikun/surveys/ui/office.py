"""In the office: rounds and how far they are, assigning, reviewing, second looks."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.pages.errors import shown_in
from zhikun.pages.forms import DayInput
from zhikun.pages.frame import Crumb
from zhikun.pages.parts import Confirm
from zhikun.pages.render import render_page
from zhikun.pages.tables import Column, Table
from zhikun.places.models import Area, Level
from zhikun.surveys import selectors
from zhikun.surveys.models import Assignment, Round, Team, Visit
from zhikun.surveys.services import assigning, rounds

OFFICE = (Right.SURVEY_MANAGE, Right.SURVEY_REVIEW, Right.SURVEY_RECHECK)
TONES = {
    Assignment.State.ASSIGNED: "neutral", Assignment.State.STARTED: "progress", Assignment.State.SUBMITTED: "info",
    Assignment.State.RETURNED: "warning", Assignment.State.ACCEPTED: "success", Assignment.State.CANCELLED: "neutral",
}  # fmt: skip


def way(*crumbs: tuple[str, str]) -> list[Crumb]:
    """The way to a page: (title, address), the page itself last and without one."""
    return [Crumb(title, url) for title, url in crumbs]


class RoundForm(forms.Form):
    """A new round."""

    title = forms.CharField(label=gettext_lazy("名称"), max_length=60, help_text=gettext_lazy("如“2026 年度大摸排”。"))
    area = forms.ModelChoiceField(label=gettext_lazy("地区"), queryset=Area.objects.none())
    begins = forms.DateField(label=gettext_lazy("开始"), widget=DayInput, initial=timezone.localdate)
    ends = forms.DateField(label=gettext_lazy("结束"), widget=DayInput)
    percent = forms.DecimalField(
        label=gettext_lazy("复核比例（%）"), min_value=0, max_value=100, decimal_places=1, initial=5,
        help_text=gettext_lazy("县里从已通过的调查中抽多少来复核。5% 是示例参数，须由本地填报。"),
    )  # fmt: skip

    def __init__(self, officer: Officer, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = Area.objects.within(officer.reach(Right.SURVEY_MANAGE)).in_force(timezone.localdate())
        choose(self, "area", mine.filter(level__in=(Level.COUNTY, Level.TOWNSHIP)))


def choose(form: forms.Form, name: str, queryset: Any) -> None:
    """What may be chosen in a field: rows that have passed the officer's scope."""
    field = form.fields[name]
    if isinstance(field, forms.ModelChoiceField):
        field.empty_label = str(_("请选择") if field.required else _("不选"))
        field.queryset = queryset


@requires(Right.SURVEY_MANAGE, methods=("GET", "HEAD"))
def all_rounds(request: HttpRequest) -> HttpResponse:
    """The rounds of my area and of those above it, and the teams that make their visits."""
    officer = officer_of(request)
    found = Round.objects.visible_to(officer).select_related("area")
    columns = [
        Column("title", _("名称"), heading=True, link=lambda one: reverse("surveys:round", args=[one.pk])),
        Column("area", _("地区"), sort="area_id"),
        Column("begins", _("开始"), kind="day", sort="begins"),
        Column("ends", _("结束"), kind="day", sort="ends"),
        Column(
            "state", _("状态"), kind="status",
            value=lambda one: ("progress" if one.state == Round.State.OPEN else "neutral", one.get_state_display()),
        ),
    ]  # fmt: skip
    table = Table(
        request,
        found,
        columns,
        caption=_("调查轮次"),
        order="-begins",
        empty=_("还没有调查轮次。"),
        remedy=_("先“开展一轮调查”，再“组成小组”，然后在轮次页面上分派家庭。"),
    )
    context = {"title": _("调查轮次"), "table": table, "teams": selectors.teams_of(officer)}
    return render_page(request, "surveys/rounds.html", context)


@requires(Right.SURVEY_MANAGE)
def new_round(request: HttpRequest) -> HttpResponse:
    """Open a round."""
    officer = officer_of(request)
    form = RoundForm(officer, request.POST or None)
    if request.method == "POST" and form.is_valid():
        with shown_in(form):
            told = form.cleaned_data
            share = Decimal(told["percent"]) / 100
            new = rounds.NewRound(told["title"], told["area"], told["begins"], told["ends"], share)
            made = rounds.open_round(new, acting_officer=officer)
            messages.success(request, _("已开展“{title}”。请组成小组并分派家庭。").format(title=made.title))
            return HttpResponseRedirect(resolve_url("surveys:round", made.pk))
    return form_page(request, _("开展一轮调查"), form, _("开展"), (_("调查轮次"), reverse("surveys:rounds")))


def form_page(request: HttpRequest, title: str, form: forms.Form, submit: str, up: tuple[str, str]) -> HttpResponse:
    """A page with one form."""
    context = {"title": title, "form": form, "submit": submit, "up": up[1], "crumbs": way(up, (title, ""))}
    return render_page(request, "surveys/form.html", context, status=422 if form.errors else 200)


if TYPE_CHECKING:  # the class takes no parameter while it runs
    _TeamField = forms.ModelChoiceField[Team]
else:
    _TeamField = forms.ModelChoiceField


class TeamChoice(_TeamField):
    """A team by its place and its people: every township has its 一组. Its queryset comes from `selectors.teams_to_choose`."""

    def label_from_instance(self, obj: Any) -> str:
        people = "、".join(one.officer.name for one in obj.members.all())
        return _("{team}（{area}：{people}）").format(team=obj.title, area=obj.area, people=people)


class AssignForm(forms.Form):
    """Households to give to a team: a village as a whole, or numbers."""

    team = TeamChoice(label=gettext_lazy("小组"), queryset=Team.objects.none())
    area = forms.ModelChoiceField(
        label=gettext_lazy("整村分派"), queryset=Area.objects.none(), required=False,
        help_text=gettext_lazy("本轮还没有分派的家庭一次全部分给这个小组。"),
    )  # fmt: skip
    numbers = forms.CharField(
        label=gettext_lazy("或按户编号分派"), required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("每行一个户编号。"),
    )  # fmt: skip
    due_on = forms.DateField(label=gettext_lazy("完成期限"), widget=DayInput)

    def __init__(self, officer: Officer, given: Round, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["due_on"].initial = max(given.ends, timezone.localdate())
        teams = selectors.teams_to_choose(Team.objects.visible_to(officer))
        choose(self, "team", teams)
        mine = Area.objects.within(officer.reach(Right.SURVEY_MANAGE))
        choose(self, "area", selectors.villages_of(given, mine))
        self.has_team = teams.exists()

    def clean(self) -> dict[str, Any] | None:
        told = super().clean() or {}
        if not self.errors and bool(told.get("area")) == bool((told.get("numbers") or "").split()):
            raise forms.ValidationError(_("请选一个村，或者写户编号，二者选一。"))
        return told


@requires(*OFFICE)
def one_round(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """How far a round is, village by village; who manages it assigns households here."""
    officer = officer_of(request)
    given = get_object_or_404(Round.objects.visible_to(officer).select_related("area"), pk=pk)
    manages = officer.may(Right.SURVEY_MANAGE)
    form = AssignForm(officer, given, request.POST or None) if manages and given.state == Round.State.OPEN else None
    if request.method == "POST":
        if form is None:
            raise Http404
        if form.is_valid():
            with shown_in(form):
                _assign(request, officer, given, form.cleaned_data)
                return HttpResponseRedirect(resolve_url("surveys:round", given.pk))
    villages = selectors.progress(given, officer)
    context = {
        "title": given.title, "round": given, "villages": villages, "form": form,
        "total": sum(one.total for one in villages), "accepted": sum(one.accepted for one in villages),
        "closing": _closing(given) if officer.may(Right.SURVEY_MANAGE, given.area_id) else None,
        "may_draw": officer.may(Right.SURVEY_RECHECK), "manages": manages,
        "crumbs": way((_("调查轮次"), reverse("surveys:rounds") if manages else ""), (given.title, "")),
    }  # fmt: skip
    return render_page(request, "surveys/round.html", context, status=422 if form is not None and form.errors else 200)


def _closing(given: Round) -> Confirm | None:
    """The question before a round ends; None where it has ended."""
    if given.state != Round.State.OPEN:
        return None
    left = Assignment.objects.filter(round=given, state__in=Assignment.UNFINISHED).count()
    return Confirm(
        _("结束这一轮"), _("结束“{title}”？").format(title=given.title), reverse("surveys:close-round", args=[given.pk]),
        yes=_("结束"), danger=True,
        consequence=_("还有 {n} 户没有提交；结束后不能再填写和提交，已提交的仍可审核。").format(n=left),
    )  # fmt: skip


def _assign(request: HttpRequest, officer: Officer, given: Round, told: dict[str, Any]) -> None:
    if told["area"]:
        count = assigning.by_village(given, told["team"], told["area"], told["due_on"], acting_officer=officer)
        unknown: list[str] = []
    else:
        numbers = told["numbers"].split()
        count, unknown = assigning.by_list(given, told["team"], numbers, told["due_on"], acting_officer=officer)
    messages.success(request, _("已分派 {n} 户给“{team}”。").format(n=count, team=told["team"].title))
    if unknown:
        text = _("有 {n} 个编号没有对应的在册家庭，或不在您的管理范围：{some}")
        messages.warning(request, text.format(n=len(unknown), some="、".join(unknown[:10])))


@requires(Right.SURVEY_MANAGE, methods=("POST",))
def close_round(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """End a round."""
    officer = officer_of(request)
    given = get_object_or_404(Round.objects.visible_to(officer), pk=pk)
    rounds.close_round(given, acting_officer=officer)
    messages.success(request, _("“{title}”已结束。").format(title=given.title))
    return HttpResponseRedirect(resolve_url("surveys:round", given.pk))


@requires(*OFFICE, methods=("GET", "HEAD"))
def assignments(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The households of a round: what stands behind each number of its page."""
    officer = officer_of(request)
    given = get_object_or_404(Round.objects.visible_to(officer), pk=pk)
    found = Assignment.objects.visible_to(officer).filter(round=given).select_related("household", "area", "team")
    area, state = request.GET.get("area", ""), request.GET.get("state", "")
    if area:
        found = found.filter(area_id=int(area)) if area.isdecimal() and len(area) == 12 else found.none()
    states = {"waiting": [Assignment.State.ASSIGNED, Assignment.State.STARTED]}.get(state, [state] if state else [])
    found = found.filter(state__in=states) if states else found.exclude(state=Assignment.State.CANCELLED)
    columns = [
        Column(
            "number", _("户编号"), heading=True, sort="household__number",
            value=lambda one: one.household.number if one.household else _("新发现"),
            link=lambda one: reverse("surveys:assignment", args=[one.pk]),
        ),
        Column("area", _("村（社区）"), sort="area_id"),
        Column("team", _("小组")),
        Column("due_on", _("期限"), kind="day", sort="due_on"),
        Column("state", _("状态"), kind="status", value=lambda one: (TONES[one.state], one.get_state_display())),
    ]  # fmt: skip
    table = Table(
        request, found, columns, caption=_("入户任务"), order="number", target="results", empty=_("没有这样的入户任务。"),
    )  # fmt: skip
    context = {
        "title": _("入户任务"), "table": table, "round": given, "narrowed": _narrowed(area, state),
        "crumbs": way((given.title, reverse("surveys:round", args=[given.pk])), (_("入户任务"), "")),
    }  # fmt: skip
    return render_page(request, "surveys/assignments.html", context, fragment="results")


def _narrowed(area: str, state: str) -> str:
    """What the list was narrowed down to, in words; empty where it is whole."""
    place = Area.objects.filter(pk=int(area)).first() if area.isdecimal() and len(area) == 12 else None
    titles = {**dict(Assignment.State.choices), "waiting": Assignment.State.ASSIGNED.label}
    return " · ".join(str(one) for one in (place, titles.get(state)) if one)


@requires(*OFFICE)
def assignment(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """One assignment: its visit if there is one; before that who has it, and the way to take it back."""
    officer = officer_of(request)
    one = get_object_or_404(
        Assignment.objects.visible_to(officer).select_related("household", "area", "team", "round"), pk=pk
    )
    if request.method == "POST":
        assigning.take_back(one, acting_officer=officer)
        messages.success(request, _("已收回，可以重新分派。"))
        return HttpResponseRedirect(resolve_url("surveys:assignments", one.round_id))
    visit = one.visits.order_by("-submitted_at").first()
    moved = visit is not None and not Visit.objects.visible_to(officer).filter(pk=visit.pk).exists()
    if visit is not None and not moved:
        return HttpResponseRedirect(resolve_url("surveys:visit", visit.pk))
    may_take_back = officer.may(Right.SURVEY_MANAGE, one.area_id) and assigning.may_be_taken_back(one)
    context = {
        "title": _("入户任务"), "one": one, "tone": TONES[Assignment.State(one.state)], "may_take_back": may_take_back,
        "moved": moved, "unreviewed": assigning.may_be_taken_back(one) and assigning.has_left(one) and visit is not None,
        "crumbs": way((one.round.title, reverse("surveys:round", args=[one.round_id])), (_("入户任务"), "")),
    }  # fmt: skip
    return render_page(request, "surveys/assignment.html", context)
