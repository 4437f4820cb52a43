"""The pages of work in the background: one's own, that of one's areas, one piece of it."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from zhikun.jobs import selectors, services
from zhikun.jobs.kinds import KINDS
from zhikun.jobs.models import MANAGE, Asker, Job, JobQuerySet
from zhikun.pages import formats
from zhikun.pages.access import requires
from zhikun.pages.frame import Crumb
from zhikun.pages.parts import Detail, JobState, Progress, Tab
from zhikun.pages.render import render_page
from zhikun.pages.tables import Column, Table


class Filter(forms.Form):
    """What a list is narrowed down to; it stands in the address."""

    state = forms.ChoiceField(label=gettext_lazy("状态"), required=False)
    kind = forms.ChoiceField(label=gettext_lazy("任务"), required=False)

    def __init__(self, data: Any, jobs: JobQuerySet) -> None:
        super().__init__(data)
        every = [("", _("全部"))]
        for name, choices in (("state", list(Job.State.choices)), ("kind", selectors.kinds_seen(jobs))):
            cast("forms.ChoiceField", self.fields[name]).choices = [*every, *choices]


@requires()
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """What the officer asked for."""
    return _list(request, Job.objects.asked_by(_officer(request)), _("我的后台任务"), others=False)


@requires(MANAGE)
@require_GET
def everybodys(request: HttpRequest) -> HttpResponse:
    """What was asked for in the officer's areas, and the platform's own daily work."""
    return _list(request, Job.objects.managed_by(_officer(request)), _("辖区内的后台任务"), others=True)


@requires()
@require_GET
def job(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """One piece of work: how far it is, how it ended, what can be done."""
    found = _visible(request, job_id)
    context = {
        "title": found.title,
        "crumbs": [Crumb(_("后台任务"), reverse("jobs:mine")), Crumb(found.title)],
        "job": _progress(found),
        "lines": _details(found),
    }
    return render_page(request, "jobs/job.html", context, fragment="job")


@requires()
@require_POST
def cancel(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Asks the work to end."""
    done = services.cancel(_visible(request, job_id), acting_officer=request.user)
    if done.has_ended:
        messages.success(request, _("任务已取消。"))
    else:
        messages.info(request, _("已通知后台停下，做到下一个检查点就会停止；已经做完的部分会保留。"))
    return redirect("jobs:job", job_id)


@requires()
@require_POST
def retry(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Puts the work back into the queue."""
    services.retry(_visible(request, job_id), acting_officer=request.user)
    messages.success(request, _("任务已重新排队，会从中断的地方接着做。"))
    return redirect("jobs:job", job_id)


def _officer(request: HttpRequest) -> Asker:
    return cast("Asker", request.user)


def _visible(request: HttpRequest, job_id: UUID) -> Job:
    found = selectors.visible_job(job_id, _officer(request))
    if found is None:
        raise Http404
    return found


def _list(request: HttpRequest, jobs: JobQuerySet, title: str, *, others: bool) -> HttpResponse:
    form = Filter(request.GET, jobs)
    shown = selectors.listed(jobs, **form.cleaned_data) if form.is_valid() else jobs.none()
    columns = [
        Column("title", _("任务"), link=lambda one: reverse("jobs:job", args=[one.pk]), wide=True, heading=True),
        Column("state", _("状态"), value=_state),
        Column("percent", _("进度"), value=_how_far),
        *([Column("officer", _("发起人"), value=_who, wide=True)] if others else []),
        Column("asked_at", _("提交时间"), kind="moment", sort="asked_at"),
        Column("ended_at", _("结束时间"), value=lambda one: formats.moment(one.ended_at) if one.ended_at else "—"),
    ]
    empty = (
        _("没有后台任务。") if not any(request.GET.get(name) for name in form.fields) else _("没有符合条件的后台任务。")
    )
    remedy = _("导入、导出等要花时间的工作会在这里显示进度。")
    table = Table(
        request, shown, columns, caption=title, order="-asked_at", target="results", empty=empty, remedy=remedy
    )
    context = {"title": title, "crumbs": [Crumb(title)], "form": form, "table": table, "tabs": _tabs(request, others)}
    return render_page(request, "jobs/list.html", context, fragment="results")


def _tabs(request: HttpRequest, others: bool) -> list[Tab]:
    """Both lists, for those who have both."""
    if not _officer(request).reach(MANAGE):
        return []
    return [
        Tab(_("我的"), reverse("jobs:mine"), current=not others),
        Tab(_("辖区内全部"), reverse("jobs:all"), current=others),
    ]


def _state(one: Job) -> SafeString:
    """The mark that the page of the job shows."""
    shown = Progress(one.title, cast("JobState", one.state), "")
    return formats.status(shown.tone, shown.words)


def _who(one: Job) -> str:
    return str(one.officer) if one.officer is not None else _("平台（每日例行）")


def _how_far(one: Job) -> str:
    if one.state == Job.State.DONE or one.total is None:
        return f"{one.done:,} {one.unit}".rstrip() if one.done else "—"
    return f"{one.percent}%"


def _progress(one: Job) -> Progress:
    here = reverse("jobs:job", args=[one.pk])
    known = KINDS.get(one.kind)
    link = known.link(one.arguments, one.result) if known and known.link and one.state == Job.State.DONE else ""
    ending = one.state == Job.State.RUNNING and one.cancel_asked
    return Progress(
        one.title, cast("JobState", one.state), here, one.done, one.total, _message(one),
        cancel_url="" if one.has_ended or ending else reverse("jobs:cancel", args=[one.pk]),
        retry_url=reverse("jobs:retry", args=[one.pk]) if one.state in {"failed", "cancelled"} and known else "",
        result_url=link, id="job",
    )  # fmt: skip


def _message(one: Job) -> str:
    if one.state == Job.State.DONE:
        return str(one.result.get("text", ""))
    if one.state == Job.State.FAILED:
        return one.error + (_("错误编号：{n}。").format(n=one.reference) if one.reference else "")
    if one.state == Job.State.RUNNING and one.cancel_asked:
        return _("正在停下……")
    if one.state == Job.State.WAITING and one.due_at is not None and one.due_at > timezone.now():
        at = timezone.localtime(one.due_at).strftime("%H:%M:%S")
        if one.failures:
            return _("上次没有做完，{t} 后会自动再试（错误编号：{n}）。").format(t=at, n=one.reference)
        return _("{t} 后开始。").format(t=at)
    return ""


def _details(one: Job) -> list[Detail]:
    """What stays as it is while the work goes on; the rest stands in the part that is asked for again and again."""
    known = KINDS.get(one.kind)
    return [
        Detail(_("任务类型"), str(known.title) if known else one.kind),
        Detail(_("发起人"), _who(one)),
        Detail(_("提交时间"), one.asked_at, "moment"),
        # The beginning tells one from the other; the log has the whole.
        Detail(_("任务编号"), str(one.pk)[:8]),
    ]
