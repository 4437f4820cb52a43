"""The pages of imports: the list, uploading, one batch with what was found in it, what is done about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.audit.services import record as note
from zhikun.jobs.models import Job
from zhikun.pages import formats
from zhikun.pages.errors import shown_in
from zhikun.pages.frame import Crumb
from zhikun.pages.parts import Confirm, Figure, JobState, Progress, Tab
from zhikun.pages.render import render_page
from zhikun.pages.tables import Column, Table
from zhikun.places.models import Area
from zhikun.registry import events
from zhikun.registry.models import ImportBatch, ImportRow
from zhikun.registry.models.importing import ImportBatchQuerySet
from zhikun.registry.services import importing
from zhikun.registry.services import importing_files as files
from zhikun.registry.services.importing_check import message_of
from zhikun.registry.ui.imports_forms import UploadForm
from zhikun.registry.ui.imports_template import empty_workbook

State = ImportBatch.State
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAKERS = (Right.HOUSEHOLD_IMPORT,)
BOTH = (Right.HOUSEHOLD_IMPORT, Right.IMPORT_APPROVE)
TONES = {
    State.CHECKING: "progress", State.CHECKED: "neutral", State.SUBMITTED: "warning", State.RETURNED: "warning",
    State.REFUSED: "danger", State.APPROVED: "progress", State.COMMITTED: "success", State.UNDOING: "progress",
    State.UNDONE: "neutral", State.DROPPED: "neutral", State.UNREADABLE: "danger",
}  # fmt: skip
_WORK = {
    State.CHECKING: "registry.import_check",
    State.APPROVED: "registry.import_commit",
    State.UNDOING: "registry.import_undo",
}


@requires(*BOTH)
def batches(request: HttpRequest) -> HttpResponse:
    """The batches of the officer's areas, the newest first."""
    return _list(request, ImportBatch.objects.visible_to(officer_of(request)), _("批量导入"), waiting=False)


@requires(Right.IMPORT_APPROVE)
def waiting(request: HttpRequest) -> HttpResponse:
    """The batches that wait for a second person."""
    rows = ImportBatch.objects.visible_to(officer_of(request)).filter(state=State.SUBMITTED)
    return _list(request, rows, _("导入审核"), waiting=True)


def _list(request: HttpRequest, rows: ImportBatchQuerySet, title: str, *, waiting: bool) -> HttpResponse:
    officer = officer_of(request)
    rows = rows.select_related("uploaded_by__organisation").defer("messages")
    columns = [
        Column("file_name", _("文件"), link=_address, heading=True, wide=True),
        Column("state", _("状态"), value=lambda b: formats.status(TONES[State(b.state)], State(b.state).label)),
        Column("ready", _("可入库户数"), value=lambda b: b.counts.get("ready"), kind="count"),
        Column("rejected", _("退回户数"), value=lambda b: b.counts.get("rejected"), kind="count"),
        Column("observed_on", _("情况日期"), kind="day", sort="observed_on"),
        Column("uploaded_by", _("上传人"), value=lambda b: str(b.uploaded_by), wide=True),
        Column("uploaded_at", _("上传时间"), kind="moment", sort="uploaded_at"),
    ]
    table = Table(
        request, rows, columns, caption=_("导入批次"), order="-uploaded_at", target="results",
        empty=_("没有等待审核的批次。") if waiting else _("还没有导入过文件。"),
        remedy=_("填好调查表后，由经办人员上传；检查通过后送另一人审核。"),
    )  # fmt: skip
    context = {
        "title": title,
        "crumbs": [Crumb(title)],
        "table": table,
        "tabs": _lists(officer, waiting),
        "may_upload": officer.may(Right.HOUSEHOLD_IMPORT),
    }
    return render_page(request, "registry/import_list.html", context, fragment="results")


def _lists(officer: Officer, waiting: bool) -> list[Tab]:
    """Both lists, for those who have both."""
    if not officer.may(Right.IMPORT_APPROVE):
        return []
    return [
        Tab(_("待审核"), reverse("imports:waiting"), current=waiting),
        Tab(_("全部批次"), reverse("imports:list"), current=not waiting),
    ]


@requires(*MAKERS)
def new(request: HttpRequest) -> HttpResponse:
    """Upload a file; the same file again leads to its batch."""
    officer = officer_of(request)
    form = UploadForm(
        officer, request.POST or None, request.FILES or None, initial={"observed_on": timezone.localdate()}
    )
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        with shown_in(form):
            done = importing.upload(
                given["file"], name=given["file"].name, area=form.areas[given["area"]],
                observed_on=given["observed_on"], acting_officer=officer,
            )  # fmt: skip
            if done.known:
                messages.warning(request, _("这个文件已经上传过，下面就是那个批次；没有再收一份。"))
            else:
                messages.success(request, _("文件已加密收下，正在检查。检查不会改动任何档案。"))
            return HttpResponseRedirect(_address(done.batch))
    context = {
        "title": _("上传调查表"),
        "crumbs": [Crumb(_("批量导入"), reverse("imports:list")), Crumb(_("上传调查表"))],
        "form": form,
    }
    return render_page(request, "registry/import_new.html", context, status=422 if form.errors else 200)


@requires(*MAKERS)
def template(request: HttpRequest) -> HttpResponse:
    """The empty workbook of the questionnaire in force."""
    response = HttpResponse(empty_workbook(), content_type=WORKBOOK)
    response["Content-Disposition"] = content_disposition_header(True, _("调查表模板.xlsx"))
    return response


@requires(*BOTH)
def batch(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One batch: how far it is, what was found, what can be done."""
    officer = officer_of(request)
    found = _visible(officer, pk)
    view = request.GET.get("view", "")
    if view not in {"problems", "messages", "households"}:  # what there is to look at
        view = _first_view(found)
    context = {
        "title": found.file_name,
        "crumbs": [Crumb(_("批量导入"), reverse("imports:list")), Crumb(found.file_name)],
        "batch": found,
        "area": Area.objects.filter(pk=found.area).first(),
        "status": formats.status(TONES[State(found.state)], State(found.state).label),
        "figures": _figures(found),
        "job": _progress(found, officer),
        "rejects": files.has(found.pk, "rejects") and _is_maker(found, officer),
        "confirms": [verb.asked(found) for verb in VERBS.values() if verb.open_to(found, officer)],
        "waits_for_other": found.state == State.SUBMITTED and not importing.can_approve(found, officer),
        "tabs": _tabs(request, found, view),
        "view": view,
        "summary": found.counts.get("summary", []),
        "table": _table(request, found, view),
    }
    return render_page(request, "registry/import_batch.html", context, fragment="results")


def _first_view(found: ImportBatch) -> str:
    """What a batch opens with: why it cannot be read, what is wrong in it, or the households that come in."""
    if found.state == State.UNREADABLE:
        return "messages"
    return "problems" if found.counts.get("summary") or not found.counts.get("ready") else "households"


@requires(*BOTH)
def progress(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How far the work behind the batch is; once it has ended, the page is read anew."""
    officer = officer_of(request)
    found = _visible(officer, pk)
    job = _progress(found, officer)
    if request.headers.get("HX-Request") != "true":
        return HttpResponseRedirect(_address(found))
    if job is None or not job.is_active:
        response = HttpResponse()
        response["HX-Refresh"] = "true"
        return response
    return render_page(request, "registry/import_progress.html", {"job": job}, fragment="job")


@requires(*MAKERS)
def rejects(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The workbook that goes back, with full numbers as the file had them: to who brought that file, and on record."""
    officer = officer_of(request)
    found = _visible(officer, pk)
    if not _is_maker(found, officer) or not files.has(found.pk, "rejects"):
        raise Http404
    chunks = files.content(found.pk, "rejects")
    note(
        events.EXPORTED, by=officer, subject=str(found.pk), area=found.area, looks=True,
        details={"what": "rejects", "households": found.counts.get("rejected", 0)},
    )  # fmt: skip
    response = StreamingHttpResponse(chunks, content_type=WORKBOOK)
    response["Content-Disposition"] = content_disposition_header(True, _("{name}-退回.xlsx").format(name=_stem(found)))
    return cast("HttpResponse", response)


@requires(*BOTH, methods=("POST",))
def act(request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
    """Submit, approve, send back, refuse, drop or undo."""
    officer = officer_of(request)
    found = _visible(officer, pk)
    known = VERBS.get(verb)
    if known is None:
        raise Http404
    known.do(found, officer, request.POST.get("reason", ""))
    messages.success(request, str(known.done))
    return HttpResponseRedirect(_address(found))


@dataclass(frozen=True)
class Verb:
    """One thing that can be done about a batch: in which states, by whom, what is asked before and said after."""

    name: str
    states: tuple[State, ...]
    may: Callable[[ImportBatch, Officer], bool]
    do: Callable[[ImportBatch, Officer, str], None]
    label: Any
    question: Any
    done: Any
    consequence: Any = ""
    reason: Any = ""
    danger: bool = False

    def open_to(self, found: ImportBatch, officer: Officer) -> bool:
        return found.state in self.states and self.may(found, officer)

    def asked(self, found: ImportBatch) -> Confirm:
        return Confirm(
            self.label, self.question, reverse("imports:act", args=[found.pk, self.name]),
            consequence=self.consequence, danger=self.danger, reason=self.reason,
        )  # fmt: skip


def _is_maker(found: ImportBatch, officer: Officer) -> bool:
    return found.uploaded_by_id == officer.pk and officer.may(Right.HOUSEHOLD_IMPORT, found.area)


def _may_submit(found: ImportBatch, officer: Officer) -> bool:
    return _is_maker(found, officer) and bool(found.counts.get("ready"))


def _may_drop(found: ImportBatch, officer: Officer) -> bool:
    return officer.may(Right.HOUSEHOLD_IMPORT, found.area)


VERBS = {
    verb.name: verb
    for verb in (
        Verb(
            "submit", (State.CHECKED, State.RETURNED), _may_submit,
            lambda b, o, _reason: importing.submit(b, acting_officer=o),
            gettext_lazy("送审"), gettext_lazy("把可入库的户送给另一位有审核权限的人员？"),
            gettext_lazy("已送审，请由另一位有审核权限的人员审核。"),
            gettext_lazy("退回的户不在其内，改好后另行上传。"),
        ),
        Verb(
            "approve", (State.SUBMITTED,), importing.can_approve,
            lambda b, o, reason: importing.approve(b, reason=reason, acting_officer=o),
            gettext_lazy("批准入库"), gettext_lazy("核对无误，批准这个批次入库？"),
            gettext_lazy("已批准，正在入库。"), gettext_lazy("入库前会再核对一遍；入库后可以整批撤销。"),
        ),
        Verb(
            "send-back", (State.SUBMITTED,), importing.can_approve,
            lambda b, o, reason: importing.send_back(b, reason=reason, acting_officer=o),
            gettext_lazy("退回补正"), gettext_lazy("退回给上传的人？"), gettext_lazy("已退回。"),
            reason=gettext_lazy("退回的理由"),
        ),
        Verb(
            "refuse", (State.SUBMITTED,), importing.can_approve,
            lambda b, o, reason: importing.refuse(b, reason=reason, acting_officer=o),
            gettext_lazy("不予批准"), gettext_lazy("不批准这个批次？"), gettext_lazy("已记录为不予批准，文件已删除。"),
            gettext_lazy("这个批次到此为止，文件和待入库的内容会删除。"), gettext_lazy("不批准的理由"), danger=True,
        ),
        Verb(
            "drop", (State.CHECKED, State.RETURNED, State.UNREADABLE), _may_drop,
            lambda b, o, _reason: importing.drop(b, acting_officer=o),
            gettext_lazy("放弃这个批次"), gettext_lazy("不要这个批次了？"), gettext_lazy("已放弃，文件已删除。"),
            gettext_lazy("没有任何档案受影响；同一个文件可以重新上传。"), danger=True,
        ),
        Verb(
            "undo", (State.COMMITTED,), importing.can_approve,
            lambda b, o, reason: importing.undo(b, reason=reason, acting_officer=o),
            gettext_lazy("整批撤销"), gettext_lazy("撤销这个批次入库的全部档案和记录？"), gettext_lazy("正在撤销。"),
            gettext_lazy("入库后没有人动过的新档案会停用；已有改动的保留并列出。留痕不会删除。"),
            gettext_lazy("撤销的理由"), danger=True,
        ),
    )
}  # fmt: skip


def _visible(officer: Officer, pk: UUID) -> ImportBatch:
    rows = ImportBatch.objects.visible_to(officer).select_related(
        "uploaded_by__organisation", "decided_by__organisation", "undone_by__organisation"
    )
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _address(found: ImportBatch) -> str:
    return reverse("imports:batch", args=[found.pk])


def _stem(found: ImportBatch) -> str:
    return found.file_name.rpartition(".")[0] or found.file_name


def _figures(found: ImportBatch) -> list[Figure]:
    told = found.counts
    if "households" not in told:
        return []
    figures = [
        Figure(_("表里共有"), told.get("households"), _("户")),
        Figure(_("可以入库"), told.get("ready"), _("户"), note=_("{n} 人").format(n=f"{told.get('people', 0):,}")),
        Figure(_("其中新建档案"), told.get("adds"), _("户")),
        Figure(_("其中补充记录"), told.get("onto"), _("户"), note=_("已有档案，人员相同")),
        Figure(_("退回改正"), told.get("rejected"), _("户"), tone="danger" if told.get("rejected") else ""),
    ]
    if "opened" in told:
        figures.append(Figure(_("已入库"), told["opened"] + told["recorded"], _("户"), tone="success"))
    if told.get("late"):
        figures.append(Figure(_("入库时退回"), told["late"], _("户"), tone="danger"))
    if "undone" in told:
        figures += [Figure(_("已撤销"), told["undone"], _("户")), Figure(_("撤销时保留"), told["kept"], _("户"))]
    return figures


def _progress(found: ImportBatch, officer: Officer) -> Progress | None:
    kind = _WORK.get(State(found.state))
    job = Job.objects.filter(key=f"{kind}:{found.pk}").first() if kind else None
    if job is None:
        return None
    own = job.officer_id == officer.pk
    return Progress(
        job.title, cast("JobState", job.state), reverse("imports:progress", args=[found.pk]), job.done, job.total, job.error,
        retry_url=reverse("jobs:retry", args=[job.pk]) if own and job.state in {"failed", "cancelled"} else "",
    )  # fmt: skip


def _tabs(request: HttpRequest, found: ImportBatch, view: str) -> list[Tab]:
    counted = sum(found.counts.get("messages", {}).values())
    titles = {
        "problems": (_("问题汇总"), len(found.counts.get("summary", []))),
        "messages": (_("逐行说明"), counted or len(found.messages)),
        "households": (_households_title(found), found.counts.get("ready", 0)),
    }
    return [
        Tab(title, f"{request.path}?view={name}", current=name == view, count=count)
        for name, (title, count) in titles.items()
    ]


def _households_title(found: ImportBatch) -> str:
    return _("入库的户") if found.state in {State.COMMITTED, State.UNDOING, State.UNDONE} else _("待入库的户")


_SEVERITIES = {"error": ("danger", gettext_lazy("退回")), "warning": ("warning", gettext_lazy("提醒")),
               "note": ("neutral", gettext_lazy("说明"))}  # fmt: skip


def _table(request: HttpRequest, found: ImportBatch, view: str) -> Table | None:
    if view == "messages":
        columns = [
            Column("severity", _("类别"), value=lambda m: formats.status(*_SEVERITIES[m["severity"]])),
            Column("where", _("位置"), value=lambda m: message_of(m).where() or _("整个文件"), heading=True),
            Column("household", _("户编号"), value=lambda m: m["household"] or "—"),
            Column("problem", _("问题和改法"), value=lambda m: message_of(m).problem(), wide=True),
        ]
        return Table(request, found.messages, columns, caption=_("逐行说明"), target="results", empty=_("没有问题。"))
    if view == "households":
        # Those of the batch, asked once; a row knows its place by the code alone.
        places = dict(
            Area.objects.filter(pk__in=found.rows.order_by().values("area").distinct()).values_list("pk", "name")
        )
        columns = [
            Column(
                "number", _("户编号"), heading=True, link=lambda r: reverse("imports:row", args=[found.pk, r.position])
            ),
            Column("area", _("所在村（社区）"), value=lambda r: places.get(r.area, str(r.area))),
            Column("adds", _("入库方式"), value=lambda r: _("新建档案") if r.adds else _("补充记录")),
            Column("state", _("状态"), value=lambda r: ImportRow.State(r.state).label),
            Column("problem", _("说明"), value=lambda r: r.problem or "—", wide=True),
        ]
        rows = found.rows.defer("payload_sealed", "before_sealed").order_by("position")
        return Table(
            request, rows, columns, caption=_households_title(found), target="results", empty=_("没有可以入库的户。")
        )
    return None
