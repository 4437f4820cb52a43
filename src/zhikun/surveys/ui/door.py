"""At the door: my assignments, the questionnaire, and what its script saves, tries and hands in."""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import quote, urlencode

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters

from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.audit.services import record as note
from zhikun.identity.masks import mask_name
from zhikun.identity.sealing import index_of
from zhikun.intake import survey
from zhikun.pages.errors import DomainError, shown_in
from zhikun.pages.frame import Crumb
from zhikun.pages.render import render_page
from zhikun.places.models import Area, Level
from zhikun.privacy import ring
from zhikun.registry.vocabulary import pack_in_force
from zhikun.surveys import events, known_before, selectors
from zhikun.surveys.answers import read
from zhikun.surveys.errors import AlreadyFound, SignaturesMissing, as_data
from zhikun.surveys.filed import current, form_in_force, given_rows, opened, rows_of
from zhikun.surveys.models import Assignment, Draft, Round, SelfReport, Team, Visit, VisitFile
from zhikun.surveys.results import result
from zhikun.surveys.services import assigning, drafts, files, visits
from zhikun.surveys.ui.office import TeamChoice

P = ParamSpec("P")
_MOST_TYPED = 4 * 1024 * 1024
_PNG = "data:image/png;base64,"


class BadRequest(DomainError):
    """What came is nothing that our script sends."""

    def __init__(self) -> None:
        super().__init__(_("没有看懂提交的内容。"), remedy=_("请刷新页面重试；已填的内容会保留。"))


def said_in_json(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """A verb that refuses answers the page's script with its sentences."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except DomainError as error:
            return JsonResponse(as_data(error), status=error.status)

    return cast("Callable[Concatenate[HttpRequest, P], HttpResponse]", guarded)


@requires(Right.SURVEY_FILL, methods=("GET", "HEAD"))
def mine(request: HttpRequest) -> HttpResponse:
    """What my teams have still to visit, the returned ones first; how many are done is a number and nothing more."""
    officer = officer_of(request)
    open_ = Assignment.objects.to_fill(officer).select_related("household__head", "area", "round", "team")
    waiting = sorted(
        open_.distinct(),
        key=lambda one: (
            one.state != Assignment.State.RETURNED,
            one.due_on,
            one.area_id,
            one.household.number if one.household else "",
        ),
    )
    done = Assignment.objects.of_teams(officer).exclude(state=Assignment.State.CANCELLED).distinct()
    today = timezone.localdate()
    cards = [
        {
            "assignment": one,
            "who": mask_name(one.household.head.name) if one.household and one.household.head else _("新发现的家庭"),
            "late": one.due_on < today,
        }
        for one in waiting
    ]
    return render_page(
        request, "surveys/mine.html",
        {
            "title": _("我的入户"), "cards": cards, "today": today,
            "submitted": done.filter(state=Assignment.State.SUBMITTED).count(),
            "accepted": done.filter(state=Assignment.State.ACCEPTED).count(),
        },
    )  # fmt: skip


def assignment_to_fill(officer: Officer, pk: uuid.UUID) -> Assignment:
    """The assignment, if it is the officer's to fill in now; else it is not there."""
    found = Assignment.objects.to_fill(officer).select_related("household__area", "area", "round", "team").filter(pk=pk)
    one = found.first()
    if one is None:
        raise Http404
    return one


@requires(Right.SURVEY_FILL, methods=("GET", "HEAD"))
def fill(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The questionnaire of one household, from my draft or from what is on file."""
    officer = officer_of(request)
    assignment = assignment_to_fill(officer, pk)
    draft = Draft.objects.filter(assignment=assignment, officer=officer).first()
    note(
        events.OPENED, by=officer, household=assignment.household_id, area=assignment.area_id, looks=True,
        details={"assignment": str(assignment.pk)},
    )  # fmt: skip
    visit = Visit.objects.filter(assignment=assignment, state=Visit.State.RETURNED).order_by("-submitted_at").first()
    context = {
        "title": _("入户调查"),
        "crumbs": [Crumb(_("我的入户"), reverse("surveys:mine")), Crumb(_("入户调查"))],
        "assignment": assignment,
        "comments": selectors.comments_on(visit) if visit else [],
        "data": _page_data(assignment, officer, draft),
    }
    return render_page(request, "surveys/fill.html", context)


def _page_data(assignment: Assignment, officer: Officer, draft: Draft | None) -> dict[str, Any]:
    form = form_in_force()
    photos = VisitFile.objects.filter(assignment=assignment, visit__isnull=True, kind=VisitFile.Kind.PHOTO)
    return {
        "form": form.form,
        "questionnaire": form.hash,
        "answers": json.loads(draft.answers) if draft else _start(assignment),
        "known": known_before.hints(assignment),
        "sequence": draft.sequence if draft else 0,
        "today": timezone.localdate().isoformat(),
        "id": str(assignment.pk),
        "isNew": assignment.household_id is None,
        "village": str(assignment.area_id),
        "places": selectors.places_for(assignment),
        "team": [
            {"id": str(one.officer_id), "name": one.officer.name, "part": one.get_part_display()}
            for one in assignment.team.members.select_related("officer").order_by("part")
        ],
        "photos": [str(one.client) for one in photos],
        # What is kept on this device is sealed with it: after signing out nobody can read it there.
        "key": base64.b64encode(index_of(ring(), "survey_device", f"{officer.pk}:{assignment.pk}")).decode(),
        "urls": {
            name: reverse(f"surveys:{name}", args=[assignment.pk]) for name in ("draft", "trial", "submit", "photos")
        }
        | {"mine": reverse("surveys:mine")},
    }


def _start(assignment: Assignment) -> dict[str, Any]:
    """Of a household that reported itself and is not on file: its own answers; else what is on file."""
    report = SelfReport.objects.filter(assignment=assignment, household__isnull=True).first()
    if assignment.household is None and report is not None and report.answers:
        told: dict[str, Any] = json.loads(report.answers)
        return told
    return opened(assignment.household, assignment.pk) if assignment.household else {}


@requires(Right.SURVEY_FILL, methods=("POST",))
@said_in_json
def draft(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Keep what has been typed."""
    officer = officer_of(request)
    assignment = assignment_to_fill(officer, pk)
    told = body(request)
    sequence, answers = told.get("sequence"), told.get("answers")
    if (
        not isinstance(sequence, int)
        or isinstance(sequence, bool)
        or not isinstance(answers, dict)
        or not 0 < sequence < 2**53
    ):
        raise BadRequest
    kept = drafts.save(assignment, sequence, answers, str(told.get("questionnaire", ""))[:64], acting_officer=officer)
    return JsonResponse({"sequence": kept.sequence})


@requires(Right.SURVEY_FILL, methods=("POST",))
@said_in_json
def trial(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The provisional result of what has been answered so far, and what is still to ask. Nothing is kept."""
    assignment = assignment_to_fill(officer_of(request), pk)
    answers = body(request).get("answers")
    if not isinstance(answers, dict):
        raise BadRequest
    household = assignment.household
    filed = current(household) if household else {}
    rows = rows_of(household, filed) if household else None
    told = read(pack_in_force(), answers, rows, timezone.localdate(), given_rows(answers, assignment.pk))
    found = result(told, filed, rows, assignment.area_id, timezone.localdate())
    faults = [{"path": one.path, "title": one.title, "text": one.text} for one in told.faults]
    html = render_to_string("surveys/result.html", {"result": found, "open": len(told.open)}, request)
    return JsonResponse({"html": html, "faults": faults})


@requires(Right.SURVEY_FILL, methods=("POST",))
@sensitive_post_parameters()
@said_in_json
def submit(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Hand the visit in. Sent again under the same number it answers the same."""
    officer = officer_of(request)
    assignment = Assignment.objects.of_teams(officer).select_related("round", "team").filter(pk=pk).first()
    if assignment is None:
        raise Http404
    visit, _new = visits.submit(assignment, _handed(body(request)), acting_officer=officer)
    context = {"result": visit.provisional, "handed": True, "mine": reverse("surveys:mine")}
    return JsonResponse({"html": render_to_string("surveys/result.html", context, request)})


def _handed(told: dict[str, Any]) -> visits.Handed:
    """The visit as sent. Raises BadRequest for what our script never sends; what people forgot is the verb's matter."""
    try:
        signed = {uuid.UUID(who): _png(board) for who, board in dict(told.get("signed") or {}).items()}
        answers = told["answers"]
        if not isinstance(answers, dict):
            raise BadRequest
        return visits.Handed(
            client=uuid.UUID(str(told["client"])), questionnaire=str(told.get("questionnaire", "")), answers=answers,
            visited_on=date.fromisoformat(str(told.get("visited_on") or timezone.localdate().isoformat())[:10]),
            signed=signed, present=str(told.get("present") or ""), present_signed=_png(told.get("present_signed")),
            position=_position(told.get("position")), no_position=str(told.get("no_position") or ""),
            photos=[uuid.UUID(str(one)) for one in told.get("photos") or []],
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, InvalidOperation, AttributeError) as error:
        raise BadRequest from error


def _position(told: Any) -> visits.Position | None:
    if not isinstance(told, dict):
        return None
    latitude, longitude = (Decimal(str(told[name])).quantize(Decimal("0.000001")) for name in ("latitude", "longitude"))
    at = parse_datetime(str(told["at"]))
    if not (abs(latitude) <= 90 and abs(longitude) <= 180) or at is None:
        raise BadRequest
    return visits.Position(latitude, longitude, min(float(told.get("accuracy") or 0), 1e6), at)


def _png(board: Any) -> bytes:
    if not board:
        raise SignaturesMissing(_("还缺签名。"))
    if not isinstance(board, str) or not board.startswith(_PNG):
        raise BadRequest
    try:
        return base64.b64decode(board.removeprefix(_PNG), validate=True)
    except binascii.Error as error:
        raise BadRequest from error


@requires(Right.SURVEY_FILL, methods=("POST",))
@said_in_json
def photos(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Keep a photo, or take one back (`drop`). Sent again under the same number it is the same photo."""
    officer = officer_of(request)
    assignment = assignment_to_fill(officer, pk)
    try:
        client = uuid.UUID(request.POST.get("client", ""))
    except ValueError as error:
        raise BadRequest from error
    if request.POST.get("drop"):
        files.drop_photo(assignment, client, acting_officer=officer)
        return JsonResponse({"dropped": str(client)})
    upload = request.FILES.get("photo")
    if upload is None:
        raise BadRequest
    content = upload.read(files.MOST_BYTES + 1)
    files.add_photo(assignment, client, content, _moment(request.POST.get("taken_at", "")), acting_officer=officer)
    return JsonResponse({"client": str(client)})


def _moment(text: str) -> datetime | None:
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found is not None and timezone.is_aware(found) else None


def body(request: HttpRequest) -> dict[str, Any]:
    """What our script sent. Raises BadRequest for anything else."""
    if len(request.body) > _MOST_TYPED:
        raise BadRequest
    try:
        told = json.loads(request.body)
    except ValueError as error:
        raise BadRequest from error
    if not isinstance(told, dict):
        raise BadRequest
    return told


class FoundForm(forms.Form):
    """A household that nobody had on a list."""

    round = forms.ModelChoiceField(label=gettext_lazy("调查轮次"), queryset=Round.objects.none())
    team = TeamChoice(label=gettext_lazy("小组"), queryset=Team.objects.none())
    area = forms.ModelChoiceField(label=gettext_lazy("所在村（社区）"), queryset=Area.objects.none())
    how = forms.CharField(
        label=gettext_lazy("怎样发现的"), max_length=100, required=False,
        help_text=gettext_lazy("如“邻里反映”“走访途中”。不要写姓名。"),
    )  # fmt: skip

    def __init__(self, officer: Officer, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = selectors.teams_to_choose(Team.objects.filter(members__officer=officer))
        rounds = Round.objects.filter(assignments__team__in=teams, state=Round.State.OPEN).distinct()
        self.has_round = rounds.exists()
        mine = Area.objects.within(officer.reach(Right.SURVEY_FILL)).in_force(timezone.localdate())
        where = [one.area.range for one in teams] if teams else []  # a team finds households where it works
        villages = mine.within(where).filter(level=Level.VILLAGE)
        for name, queryset in (("round", rounds), ("team", teams), ("area", villages)):
            field = self.fields[name]
            if isinstance(field, forms.ModelChoiceField):
                only = list(queryset[:2])
                field.empty_label = str(_("请选择"))
                field.queryset = queryset
                field.initial = only[0].pk if len(only) == 1 else None  # nobody chooses from one


@requires(Right.SURVEY_FILL)
def found(request: HttpRequest) -> HttpResponse:
    """Register that a household was found on the way, and open its questionnaire.

    The address carries the number of the finding: pressed again, reloaded or gone back to after an answer that was lost,
    it is the same one; the way in gives every household a number of its own.
    """
    officer, client = officer_of(request), _client(request)
    if client is None:
        if request.method == "POST":
            raise BadRequest
        return HttpResponseRedirect(_found_url(uuid.uuid4()))
    form = FoundForm(officer, request.POST or None)
    used = request.method != "POST" and Assignment.objects.filter(assigned_by=officer, client=client).exists()
    notice = str(AlreadyFound()) if used else ""
    if request.method == "POST" and form.is_valid():
        with shown_in(form):
            told = form.cleaned_data
            finding = assigning.Finding(client, told["team"], told["area"], told["how"])
            try:
                made = assigning.found(told["round"], finding, acting_officer=officer)
            except AlreadyFound as error:
                used, notice = True, str(error)
            else:
                return HttpResponseRedirect(resolve_url("surveys:fill", made.pk))
    context = {
        "title": _("登记新发现的家庭"), "form": form, "submit": _("开始填写"), "up": reverse("surveys:mine"),
        "notice": notice if form.has_round else _("您的小组现在没有正在进行的调查轮次，还不能登记。请联系乡镇经办分派任务。"),
        "closed": not form.has_round,
        # What is sent from here on is another household.
        "action": _found_url(uuid.uuid4()) if used else "",
        "crumbs": [Crumb(_("我的入户"), reverse("surveys:mine")), Crumb(_("登记新发现的家庭"))],
    }  # fmt: skip
    again = 409 if used and request.method == "POST" else 200
    return render_page(request, "surveys/form.html", context, status=422 if form.errors else again)


def _client(request: HttpRequest) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.GET.get("client", ""))
    except ValueError:
        return None


def _found_url(client: uuid.UUID) -> str:
    return f"{reverse('surveys:found')}?{urlencode({'client': client})}"


@requires(Right.SURVEY_FILL, Right.SURVEY_MANAGE, methods=("GET", "HEAD"))
def workbook(request: HttpRequest) -> HttpResponse:
    """The same questionnaire as a workbook, for whoever has to do without scripts."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "survey.xlsx"
        survey.template(pack_in_force(), path)
        content = path.read_bytes()
    answer = HttpResponse(content, content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(str(_('入户调查表.xlsx')))}"
    return answer
