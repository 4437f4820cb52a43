"""The pages of exports: what is to be exported and why, how far it is, fetching it; one's own only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.jobs.models import Job
from zhikun.pages import formats
from zhikun.pages.errors import shown_in
from zhikun.pages.frame import Crumb
from zhikun.pages.parts import Detail, JobState, Progress
from zhikun.pages.render import render_page, wants_fragment
from zhikun.pages.tables import Column, Table
from zhikun.places.models import Area
from zhikun.registry.models import Export, Household
from zhikun.registry.selectors.search import MOST_COUNTED, find
from zhikun.registry.services import exporting
from zhikun.registry.services.exporting_columns import USUAL, columns_offered
from zhikun.registry.services.exporting_lists import Filter, FromSource
from zhikun.registry.services.exporting_sources import source, title_of
from zhikun.registry.ui import asked as asking
from zhikun.registry.ui.exports_forms import ExportForm
from zhikun.registry.vocabulary import categories

TONES = {"waiting": "progress", "ready": "success", "failed": "danger", "gone": "neutral"}
_TYPES = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": "text/csv; charset=utf-8"}


@requires(Right.HOUSEHOLD_EXPORT)
def exports(request: HttpRequest) -> HttpResponse:
    """What the officer has exported."""
    columns = [
        Column("asked_at", _("申请时间"), kind="moment", link=_address, heading=True, sort="asked_at"),
        Column("purpose", _("用途"), wide=True),
        Column("rows", _("户数"), kind="count"),
        Column("format", _("格式"), value=lambda e: e.get_format_display()),
        Column("state", _("状态"), value=_status),
    ]
    table = Table(
        request, Export.objects.visible_to(officer_of(request)), columns, caption=_("我的导出"), order="-asked_at",
        target="results", empty=_("还没有导出过。"), remedy=_("请在“家庭档案”里查询后，或在评估和统计的名单里，点“导出”。"),
    )  # fmt: skip
    context = {"title": _("我的导出"), "crumbs": [Crumb(_("我的导出"))], "table": table}
    return render_page(request, "registry/export_list.html", context, fragment="results")


@requires(Right.HOUSEHOLD_EXPORT)
def new(request: HttpRequest) -> HttpResponse:
    """The households of a search, or of a list of a room above (`list` in the address): how many, which columns, what for."""
    officer = officer_of(request)
    if "list" in request.GET:
        return _new_of_list(request, officer)
    chosen, lost = _filter(request)
    found = find(officer, chosen.wanted(officer), None, 1)
    initial = {"columns": list(USUAL), "format": Export.Format.XLSX}
    form = ExportForm(officer, request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid() and not lost:
        with shown_in(form):
            return _asked(form, chosen, officer)
    context = {
        "title": _("导出家庭名单"),
        "crumbs": [Crumb(_("家庭档案"), _search(request)), Crumb(_("导出家庭名单"))],
        "form": form,
        "lost": lost,
        "lines": _in_words(chosen),
        "count": _("{n} 户以上").format(n=f"{MOST_COUNTED:,}")
        if found.over
        else _("{n} 户").format(n=f"{found.count:,}"),
        "nothing": not found.count,
        "back": _search(request),
    }
    return render_page(request, "registry/export_new.html", context, status=422 if form.errors else 200)


def _new_of_list(request: HttpRequest, officer: Officer) -> HttpResponse:
    """The households of a list that a room above has made; the file has as many rows as the list, where the officer may export."""
    found = source(request.GET["list"])
    if found is None:
        raise Http404
    chosen = FromSource(request.GET["list"], found.asked(request.GET, officer))
    listing = chosen.listing(officer)
    initial = {"columns": [*USUAL, *listing.usual], "format": Export.Format.XLSX}
    form = ExportForm(officer, request.POST or None, initial=initial, further=listing.columns)
    if request.method == "POST" and form.is_valid():
        with shown_in(form):
            return _asked(form, chosen, officer)
    context = {
        "title": _("导出家庭名单"),
        "crumbs": [Crumb(listing.title, listing.url), Crumb(_("导出家庭名单"))],
        "form": form,
        "lines": [Detail(label, text) for label, text in listing.lines],
        "count": _("{n} 户").format(n=f"{listing.count:,}"),
        "beyond": listing.seen - listing.count,
        "nothing": not listing.count,
        "back": listing.url,
    }
    return render_page(request, "registry/export_new.html", context, status=422 if form.errors else 200)


def _asked(form: ExportForm, chosen: Filter | FromSource, officer: Officer) -> HttpResponse:
    given = form.cleaned_data
    export = exporting.request(
        chosen, given["columns"], format_=given["format"], purpose=given["purpose"], unmasked_why=form.why,
        acting_officer=officer,
    )  # fmt: skip
    return HttpResponseRedirect(_address(export))


@requires(Right.HOUSEHOLD_EXPORT)
def export(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One export: how far it is, until when it can be fetched."""
    officer = officer_of(request)
    found = _own(officer, pk)
    ready = _is_ready(found)
    job = None if ready else _progress(found)
    if wants_fragment(request) and (job is None or not job.is_active):
        response = HttpResponse()
        response["HX-Refresh"] = "true"
        return response
    titles = columns_offered()
    context = {
        "title": _("导出家庭名单"),
        "crumbs": [
            Crumb(_("我的导出"), reverse("exports:list")),
            Crumb(timezone.localtime(found.asked_at).strftime("%m-%d %H:%M")),
        ],
        "export": found,
        "status": _status(found),
        "ready": ready,
        "job": job,
        "lines": [
            Detail(_("用途"), found.purpose),
            Detail(_("户数"), found.rows, "count"),
            Detail(_("列"), "、".join(titles.get(name) or title_of(name) or name for name in found.columns)),
            Detail(
                _("个人信息"), _("完整，理由：{r}").format(r=found.unmasked_why) if found.unmasked_why else _("已遮盖")
            ),
            Detail(_("可下载到"), found.expires_at, "moment"),
        ],
    }
    return render_page(request, "registry/export.html", context, fragment="job")


@requires(Right.HOUSEHOLD_EXPORT)
def download(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The file."""
    officer = officer_of(request)
    found = _own(officer, pk)
    chunks = exporting.fetch(found, acting_officer=officer)
    if chunks is None:
        messages.warning(request, _("这份文件已过期删除，请重新导出。"))
        return HttpResponseRedirect(_address(found))
    response = StreamingHttpResponse(chunks, content_type=_TYPES[found.format])
    name = _("家庭名单-{d}.{ending}").format(
        d=timezone.localtime(found.asked_at).strftime("%Y%m%d"), ending=found.format
    )
    response["Content-Disposition"] = content_disposition_header(True, name)
    return cast("HttpResponse", response)


def _own(officer: Officer, pk: UUID) -> Export:
    found = Export.objects.visible_to(officer).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _is_ready(found: Export) -> bool:
    return found.state == Export.State.READY and found.expires_at is not None and found.expires_at > timezone.now()


def _address(found: Export) -> str:
    return reverse("exports:export", args=[found.pk])


def _status(found: Export) -> Any:
    gone = found.state == Export.State.READY and not _is_ready(found)
    state = Export.State.GONE if gone else Export.State(found.state)
    return formats.status(TONES[state.value], state.label)


def _filter(request: HttpRequest) -> tuple[Filter, bool]:
    """The search whose address led here; and whether what was typed has been forgotten since."""
    given = request.GET
    asked = asking.asked(request.session, given.get("q", ""))
    state = given.get("state", "")
    known = {Household.State.CLOSED.value, Household.State.MERGED.value}
    chosen = Filter(
        category=given.get("category", "")[:30],
        state="" if state == "all" else state if state in known else Household.State.OPEN.value,
        contradicted=bool(given.get("contradictions")),
    )
    place = given.get("place", "")
    if place:
        chosen = replace(chosen, place=int(place) if place.isascii() and place.isdigit() and len(place) == 12 else -1)
    if asked is not None:
        chosen = replace(chosen, text=asked.text)
    return chosen, bool(given.get("q")) and asked is None


def _search(request: HttpRequest) -> str:
    query = request.GET.urlencode()
    return reverse("registry:search") + (f"?{query}" if query else "")


def _in_words(chosen: Filter) -> list[Detail]:
    area = Area.objects.filter(pk=chosen.place).first() if chosen.place else None
    return [
        Detail(_("地区"), area.name if area else _("全部管辖地区")),
        Detail(_("按姓名或号码查找"), _("是") if chosen.text else _("否")),
        Detail(_("救助类别"), categories().get(chosen.category, chosen.category) if chosen.category else _("全部")),
        Detail(_("档案状态"), str(Household.State(chosen.state).label) if chosen.state else _("全部")),
        Detail(_("只看申报与核对不符"), _("是") if chosen.contradicted else _("否")),
    ]


def _progress(found: Export) -> Progress | None:
    job = Job.objects.filter(key=f"registry.export:{found.pk}").first()
    if job is None or found.state == Export.State.GONE:
        return None
    return Progress(
        job.title, cast("JobState", job.state), _address(found), job.done, job.total, job.error or found.error,
        retry_url=reverse("jobs:retry", args=[job.pk]) if job.state in {"failed", "cancelled"} else "",
        result_url=_address(found) if job.state == "done" else "",
    )  # fmt: skip
