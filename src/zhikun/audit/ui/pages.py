"""The pages of the record: searching it, one entry, who looked at many, and the export."""

from __future__ import annotations

import json
from datetime import date
from typing import cast
from urllib.parse import quote

from django.contrib.auth.base_user import AbstractBaseUser
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from zhikun.audit import events, exports, selectors, words
from zhikun.audit.models import VIEW, Entry, Reader
from zhikun.audit.services import record
from zhikun.audit.ui.forms import ExportForm, PeriodForm, SearchForm
from zhikun.pages.access import requires
from zhikun.pages.errors import shown_in
from zhikun.pages.frame import Crumb
from zhikun.pages.parts import Detail, Tab
from zhikun.pages.render import render_page
from zhikun.pages.tables import Column, Table

_LARGEST = 2**63 - 1


@requires(VIEW)
@require_GET
def search(request: HttpRequest) -> HttpResponse:
    """Entries by officer, event, household, area and time; nothing where a condition is not understood."""
    form = SearchForm(request.GET)
    page = selectors.Page([], None)
    if form.is_valid():
        criteria, before = form.criteria(), _before(request)
        page = selectors.page(criteria, _reader(request), before)
        details = {"conditions": criteria.used(), "officers": criteria.officers, "before": before}
        record(events.SEARCHED, by=_user(request), household=criteria.household, looks=True, details=details)
    query = request.GET.copy()
    query.pop("before", None)
    context = {
        "title": _("留痕查询"), "tabs": _tabs("search"), "form": form, "page": page, "newest": f"?{query.urlencode()}",
        "older": f"?{_with(request, before=str(page.older))}" if page.older else "", "is_first": _before(request) is None,
        "export_url": f"{reverse('audit:export')}?{query.urlencode()}" if page.lines else "",
    }  # fmt: skip
    return render_page(request, "audit/search.html", context, fragment="results")


@requires(VIEW)
@require_GET
def entry(request: HttpRequest, number: int) -> HttpResponse:
    """Everything that one entry keeps, and what else the same request did."""
    visible = Entry.objects.visible_to(_reader(request))
    found = visible.filter(number=min(number, _LARGEST)).first()
    if found is None:
        raise Http404
    line = selectors.told([found])[0]
    others = visible.filter(request=found.request, number__range=(number - 50, number + 50)).exclude(number=number)
    record(events.OPENED, by=_user(request), household=found.household, subject=str(number), looks=True)
    context = {
        "title": _("留痕记录 {n}").format(n=number), "lines": _details(line), "kept": _kept(found), "proof": _proof(found),
        "others": selectors.told(others.order_by("number")),
        "crumbs": [Crumb(_("留痕查询"), reverse("audit:search")), Crumb(str(number))],
    }  # fmt: skip
    return render_page(request, "audit/entry.html", context)


@requires(VIEW)
@require_GET
def busiest(request: HttpRequest) -> HttpResponse:
    """Officers by day who looked at the most households, and how many of these lay outside their areas."""
    form = PeriodForm(request.GET)
    rows: list[selectors.Busy] = []
    if form.is_valid():
        since, until = form.days()
        rows = selectors.busiest(_reader(request), since, until)
        record(events.COUNTED, by=_user(request), looks=True, details={"since": since, "until": until})
        form = PeriodForm({"since": since.isoformat(), "until": until.isoformat()})
    context = {
        "title": _("谁看得多"), "tabs": _tabs("busiest"), "form": form, "table": _busy_table(request, rows),
    }  # fmt: skip
    return render_page(request, "audit/busiest.html", context, fragment="results")


@requires(VIEW)
def export(request: HttpRequest) -> HttpResponse:
    """What was searched for as a file, for a stated reason. A page with the question first: a link alone exports nothing."""
    search_form = SearchForm(request.GET)
    if not search_form.is_valid():
        raise Http404
    form = ExportForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        with shown_in(form):
            file, _count = exports.export(
                search_form.criteria(), reason=form.cleaned_data["reason"], acting_officer=request.user
            )
            name = _("留痕记录 {t}.csv").format(t=f"{timezone.localtime():%Y%m%d-%H%M%S}")
            answer = FileResponse(file, as_attachment=True, filename=name, content_type="text/csv")
            return cast("HttpResponse", answer)
    back = f"{reverse('audit:search')}?{request.GET.urlencode()}"
    context = {
        "title": _("导出留痕记录"), "form": form, "back": back, "most": f"{exports.MOST:,}",
        "crumbs": [Crumb(_("留痕查询"), back), Crumb(_("导出"))],
    }  # fmt: skip
    return render_page(request, "audit/export.html", context, status=422 if form.errors else 200)


def _busy_table(request: HttpRequest, rows: list[selectors.Busy]) -> Table:
    columns = [
        Column("day", _("日期"), kind="day", sort="day"),
        Column("officer", _("人员"), link=lambda row: _of(row.account, row.day), wide=True, heading=True),
        Column("households", _("看过的户"), kind="count", sort="households"),
        Column("looks", _("查看次数"), kind="count", sort="looks"),
        Column("outside", _("管辖地区以外"), _outside, kind="status", sort="outside"),
    ]
    return Table(
        request, rows, columns, caption=_("各人每天的查看量"), order="-households", target="results",
        empty=_("这几天没有人查看过家庭档案。"),
    )  # fmt: skip


def _outside(row: selectors.Busy) -> tuple[str, str]:
    return ("warning", _("{n} 次").format(n=row.outside)) if row.outside else ("neutral", _("没有"))


def _of(account: str, day: date) -> str:
    return f"{reverse('audit:search')}?officer={quote(account)}&kind=looks&since={day}&until={day}"


def _details(line: selectors.Line) -> list[Detail]:
    """Who, when, where, why."""
    entry = line.entry
    return [
        Detail(_("谁"), entry.officer_text or _("系统（服务器上的命令或后台任务）")),
        Detail(_("什么时候"), entry.at, "moment"),
        Detail(_("做了什么"), line.told),
        Detail(_("查看或变更"), _("只是查看，没有改动") if entry.looks else _("变更")),
        Detail(_("哪个地区"), line.area or _("不限地区")),
        Detail(_("从哪里操作"), entry.address or _("服务器本机")),
        Detail(_("理由"), entry.reason or _("没有填写")),
    ]


def _kept(entry: Entry) -> list[Detail]:
    """What the entry keeps beside that, in words; keys without a name last."""
    return [Detail(one.label, one.text) for one in words.lines(entry.event, entry.details)]


def _proof(entry: Entry) -> list[Detail]:
    """What a machine checks and hardly anybody reads."""
    return [
        Detail(_("序号"), str(entry.number)),
        Detail(_("事项代码"), entry.event),
        Detail(_("对象"), entry.subject or _("没有")),
        Detail(_("请求编号"), str(entry.request)),
        Detail(_("原文"), json.dumps(entry.details, ensure_ascii=False) if entry.details else _("没有")),
        Detail(_("摘要（与上一条相连）"), "", html=_breaking(bytes(entry.digest).hex())),
    ]


def _breaking(text: str) -> SafeString:
    """A long word that a phone may break every eight letters; copied, it is one word."""
    return format_html_join(mark_safe("<wbr>"), "{}", ((text[at : at + 8],) for at in range(0, len(text), 8)))


def _tabs(current: str) -> list[Tab]:
    pages = (("search", _("留痕查询")), ("busiest", _("谁看得多")))
    return [Tab(title, reverse(f"audit:{name}"), name == current) for name, title in pages]


def _before(request: HttpRequest) -> int | None:
    text = request.GET.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _with(request: HttpRequest, **changed: str) -> str:
    query = request.GET.copy()
    for key, value in changed.items():
        query[key] = value
    return query.urlencode()


def _reader(request: HttpRequest) -> Reader:
    return cast("Reader", request.user)


def _user(request: HttpRequest) -> AbstractBaseUser:
    return cast("AbstractBaseUser", request.user)
