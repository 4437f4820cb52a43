"""The pages of runs: the list of them, starting one, one run while it goes on and what it found."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.assessments import followers, selectors
from zhikun.assessments.models import Run
from zhikun.assessments.naming import category_words, fact_words, flag_words, pack_words
from zhikun.assessments.selectors import Overview
from zhikun.assessments.services import run as running
from zhikun.assessments.ui.common import Asked, address, asked, found
from zhikun.assessments.ui.forms import PlaceForm, StartForm
from zhikun.assessments.wanted import ANY, DECIDED, OPEN, TO_DECIDE, Wanted
from zhikun.jobs.models import Job
from zhikun.pages import formats
from zhikun.pages.errors import shown_in
from zhikun.pages.frame import Crumb
from zhikun.pages.parts import Detail, Figure, JobState, Progress
from zhikun.pages.render import render_page, wants_fragment
from zhikun.pages.tables import Column, Table
from zhikun.places.models import Area
from zhikun.registry.vocabulary import packs_in_force

TONES = {"active": "progress", "done": "success", "same": "neutral", "stopped": "neutral"}
_MOST_MISSING = 10  # open questions shown on the page of a run
_GET = ("GET", "HEAD")


@requires(Right.HOUSEHOLD_VIEW, methods=_GET)
def runs(request: HttpRequest) -> HttpResponse:
    """The runs over the officer's areas, the newest first."""
    officer = officer_of(request)
    rows = Run.objects.visible_to(officer).filter(state__in=(Run.State.ACTIVE, Run.State.DONE))
    names = dict(Area.objects.filter(pk__in=rows.values("area")).values_list("pk", "name"))
    columns = [
        Column("on", _("评估日"), kind="day", sort="on", heading=True, link=lambda r: reverse("assessments:run", args=[r.pk])),
        Column("area", _("地区"), value=lambda r: names.get(r.area, r.area)),
        Column("pack", _("政策包"), value=pack_words, wide=True),
        Column("state", _("状态"), value=lambda r: formats.status(TONES[r.state], r.get_state_display())),
        Column("started_by", _("发起人"), value=lambda r: str(r.started_by) if r.started_by else _("平台"), wide=True),
        Column("started_at", _("发起时间"), kind="moment", sort="started_at"),
    ]  # fmt: skip
    table = Table(
        request, rows.select_related("started_by__organisation"), columns, caption=_("评估"), order="-started_at",
        target="results", empty=_("还没有评估过。"), remedy=_("由县级审查人员发起评估；完成后，各级在这里查看本地区的结果。"),
    )  # fmt: skip
    context = {
        "title": _("评估"), "crumbs": [Crumb(_("评估"))], "table": table, "may_run": officer.may(Right.ASSESSMENT_RUN),
    }  # fmt: skip
    return render_page(request, "assessments/runs.html", context, fragment="results")


@requires(Right.ASSESSMENT_RUN)
def start(request: HttpRequest) -> HttpResponse:
    """Assess an area as of a day by the pack in force."""
    officer = officer_of(request)
    form = StartForm(officer, request.POST or None)
    if request.method == "POST" and form.is_valid():
        with shown_in(form):
            area = form.areas[form.cleaned_data["area"]]
            made, new = running.start(area, form.cleaned_data["on"], form.cleaned_data["pack"], acting_officer=officer)
            if not new:
                messages.warning(request, _("同样的评估正在进行，下面就是；没有再发起一次。"))
            return HttpResponseRedirect(reverse("assessments:run", args=[made.pk]))
    context = {
        "title": _("发起评估"),
        "crumbs": [Crumb(_("评估"), reverse("assessments:runs")), Crumb(_("发起评估"))],
        "form": form,
        "packs": list(packs_in_force().values()),
    }
    return render_page(request, "assessments/start.html", context, status=422 if form.errors else 200)


@requires(Right.HOUSEHOLD_VIEW, methods=_GET)
def run(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One run: how far it is; when it is done, what it found in the officer's areas."""
    one = found(request, pk)
    if one.same_as_id is not None:
        messages.info(request, _("家庭的情况、政策包和评估日都与这次评估相同，没有重新计算。"))
        return _away(request, reverse("assessments:run", args=[one.same_as_id]))
    if one.state != Run.State.DONE:
        return _under_way(request, one)
    if wants_fragment(request) and request.headers.get("X-Zhikun-Poll"):
        return _away(request, reverse("assessments:run", args=[pk]))
    at = asked(request, one)
    told = selectors.overview(one, at.ranges)
    context = {
        "title": _("{area}的评估").format(area=at.top.name),
        "crumbs": [Crumb(_("评估"), reverse("assessments:runs")), Crumb(one.on.isoformat())],
        "run": one,
        "asked": at,
        "figures": _figures(at, told),
        "categories": [
            (category_words(at.pack, one_.code), one_.households, at.list_url(category=one_.code or OPEN))
            for one_ in told.categories
        ],
        "flags": _flags(at, told),
        "missing": [
            (fact_words(at.pack, c.code), c.households, at.list_url(missing=c.code or ""))
            for c in told.missing[:_MOST_MISSING]
        ],
        "places": [
            (one_, address("assessments:run", one, {"place": str(one_.area.pk)}), _of_place(one, one_.area), one_.undetermined)
            for one_ in selectors.by_place(one, at.ranges, at.shown)
        ],
        "form": PlaceForm(request.GET, at.places()),
        "others": _others(at.officer, one),
        "lines": _lines(one),
        "sample": at.pack.sample,
        "pages": followers.pages(one),
    }  # fmt: skip
    return render_page(request, "assessments/run.html", context, fragment="results")


def after(request: HttpRequest, otherwise: int) -> int:
    """Where the page begins; anything that is no number is the beginning."""
    text = request.GET.get("after", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else otherwise


def _away(request: HttpRequest, url: str) -> HttpResponse:
    """Another page: by itself where HTMX asked for a part of this one."""
    if not wants_fragment(request):
        return HttpResponseRedirect(url)
    response = HttpResponse()
    response["HX-Redirect"] = url
    return response


def _under_way(request: HttpRequest, one: Run) -> HttpResponse:
    job = running.job_of(one)
    officer = officer_of(request)
    mine = job is not None and Job.objects.visible_to(officer).filter(pk=job.pk).exists()
    counts = job.checkpoint.get("state", {}) if job is not None else {}
    area = Area.objects.get(pk=one.area)
    context = {
        "title": _("{area}的评估").format(area=area.name),
        "crumbs": [Crumb(_("评估"), reverse("assessments:runs")), Crumb(one.on.isoformat())],
        "run": one,
        "job": _progress(one, job, mine) if job is not None and one.state == Run.State.ACTIVE else None,
        "counts": [
            Figure(title, counts.get(name), _("户"), note=_("共 {n} 户").format(n=f"{counts.get('households', 0):,}"))
            for name, title in (("read", _("已读取")), ("assessed", _("已评估")), ("written", _("已写入")))
        ] if counts else [],
        "lines": _lines(one),
        "may_run": officer.may(Right.ASSESSMENT_RUN, one.area),
    }  # fmt: skip
    return render_page(request, "assessments/under_way.html", context, fragment="job")


def _progress(one: Run, job: Job, mine: bool) -> Progress:
    ending = job.state == Job.State.RUNNING and job.cancel_asked
    message = _("正在停下……") if ending else job.error if job.state == Job.State.FAILED else ""
    return Progress(
        job.title, cast("JobState", job.state), reverse("assessments:run", args=[one.pk]), job.done, job.total, message,
        cancel_url=reverse("jobs:cancel", args=[job.pk]) if mine and not job.has_ended and not ending else "",
        retry_url=reverse("jobs:retry", args=[job.pk]) if mine and job.state in {"failed", "cancelled"} else "",
        id="job",
    )  # fmt: skip


def _figures(at: Asked, told: Overview) -> list[Figure]:
    return [
        Figure(_("评估的家庭"), told.households, _("户"), url=at.list_url()),
        Figure(
            _("尚不能确定"), told.undetermined, _("户"), note=_("还缺情况，不当作没有困难"),
            tone="warning" if told.undetermined else "", url=at.list_url(undetermined="on"),
        ),
        _flagged(at, told),
    ]  # fmt: skip


def _flagged(at: Asked, told: Overview) -> Figure:
    """Who has flags that nobody has decided on yet, and, told apart, of how many none is left."""
    left = selectors.count_of(at.run, at.ranges, Wanted(flag=ANY, decided=TO_DECIDE))
    note = _("另有 {n} 户的提示已由人认定").format(n=f"{told.flagged - left:,}") if told.flagged > left else ""
    url = at.list_url(flag=ANY, decided=TO_DECIDE)
    return Figure(_("有提示须由人确认"), left, _("户"), note=note, url=url if left else "")


def _flags(at: Asked, told: Overview) -> list[tuple[str, tuple[int, str], tuple[int, str]]]:
    """Each flag with the households in which it is still to be decided, and those in which it is."""
    found = []
    for one in told.flags:
        code = one.code or ""
        done = selectors.count_of(at.run, at.ranges, Wanted(flag=code, decided=DECIDED))
        found.append((
            flag_words(at.pack, one.code), (one.households - done, at.list_url(flag=code, decided=TO_DECIDE)),
            (done, at.list_url(flag=code, decided=DECIDED)),
        ))  # fmt: skip
    return found


def _lines(one: Run) -> list[Detail]:
    return [
        Detail(_("评估日"), one.on, "day"),
        Detail(_("政策包"), pack_words(one)),
        Detail(_("发起人"), str(one.started_by) if one.started_by else _("平台")),
        Detail(_("发起时间"), one.started_at, "moment"),
        *([Detail(_("完成时间"), one.finished_at, "moment")] if one.finished_at else []),
        *([Detail(_("最近核对"), one.current_at, "moment", note=_("那时家庭情况仍与这次评估相同"))]
          if one.current_at and one.finished_at and one.current_at > one.finished_at else []),
    ]  # fmt: skip


def _others(officer: Officer, one: Run) -> list[tuple[str, str]]:
    """The finished runs that this one can be compared with: of areas that overlap."""
    rows = Run.objects.visible_to(officer).finished().exclude(pk=one.pk)
    rows = rows.filter(area__lte=one.area_last, area_last__gte=one.area)[:20]
    names = dict(Area.objects.filter(pk__in=[row.area for row in rows]).values_list("pk", "name"))
    told = _("{area} {on}（{at} 发起，{pack}）")
    return [
        (
            reverse(
                "assessments:compare", args=[row.pk, one.pk] if row.started_at < one.started_at else [one.pk, row.pk]
            ),
            told.format(
                area=names.get(row.area, row.area), on=row.on.isoformat(), at=moment(row), pack=pack_words(row)
            ),
        )
        for row in rows
    ]


def moment(one: Run) -> str:
    """When it was asked for, which tells two runs of one day apart."""
    return timezone.localtime(one.started_at).strftime("%m-%d %H:%M")


def _of_place(one: Run, area: Area) -> str:
    return address("assessments:households", one, {"place": str(area.pk), "undetermined": "on"})
