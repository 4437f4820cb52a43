"""Accounts from a file: upload and check, look, confirm, take the first passwords along."""

from __future__ import annotations

import io
import uuid

import xlsxwriter
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.forms import ImportForm
from zhikun.accounts.limits import IMPORT_ROWS
from zhikun.accounts.models import AccountImport, Officer
from zhikun.accounts.roles import Right, Role
from zhikun.accounts.services import imports
from zhikun.pages.errors import shown_in
from zhikun.pages.formats import status
from zhikun.pages.frame import Crumb
from zhikun.pages.render import render_page
from zhikun.pages.tables import Column, Table
from zhikun.tables import write_text_cell

MANAGE = Right.ACCOUNT_MANAGE
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@requires(MANAGE)
def upload(request: HttpRequest) -> HttpResponse:
    """Choose a file; it is checked at once and nothing is changed."""
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        with shown_in(form):
            held = imports.check(name=file.name, content=file.read(), acting_officer=officer_of(request))
            return HttpResponseRedirect(reverse("accounts:import-one", args=[held.pk]))
    context = {
        "title": _("导入账号"),
        "form": form,
        "columns": [(head, _("必填") if must else _("可空")) for head, must in imports.COLUMNS.items()],
        "roles": [str(role.label) for role in Role],
        "limit": IMPORT_ROWS,
        "crumbs": [Crumb(_("人员账号"), reverse("accounts:officers")), Crumb(_("导入账号"))],
    }
    return render_page(request, "accounts/import.html", context, status=422 if form.errors else 200)


@requires(MANAGE)
def one(request: HttpRequest, import_id: uuid.UUID) -> HttpResponse:
    """What each row of the file did or would do."""
    held = _find(officer_of(request), import_id)
    columns = [
        Column("row", _("行"), kind="count"),
        Column("username", _("账号")),
        Column("name", _("姓名")),
        Column("what", _("结果"), value=lambda told: _mark(told["what"])),
        Column("message", _("说明"), wide=True, value=lambda told: told["message"] or "—"),
    ]
    rows = sorted(held.messages, key=lambda told: (told["what"] != "wrong", told["row"]))
    context = {
        "title": _("导入账号：{name}").format(name=held.file_name),
        "held": held,
        "counts": imports.counts(held),
        "ready": imports.can_be_done(held),
        "table": Table(request, rows, columns, caption=_("逐行结果")),
        "crumbs": [
            Crumb(_("人员账号"), reverse("accounts:officers")),
            Crumb(_("导入账号"), reverse("accounts:import")),
            Crumb(held.file_name),
        ],
    }
    return render_page(request, "accounts/import_one.html", context)


@requires(MANAGE, methods=("POST",))
@never_cache
def confirm(request: HttpRequest, import_id: uuid.UUID) -> HttpResponse:
    """Do it, and answer with the workbook of first passwords: it is made once and kept nowhere."""
    officer = officer_of(request)
    made = imports.confirm(_find(officer, import_id), acting_officer=officer)
    if not made:
        return HttpResponseRedirect(reverse("accounts:import-one", args=[import_id]))
    rows = [[one.username, one.name, one.organisation.name, password] for one, password in made]
    return _workbook("初始密码.xlsx", [_("账号"), _("姓名"), _("机构"), _("初始密码")], rows)


@requires(MANAGE)
def template(request: HttpRequest) -> HttpResponse:
    """An empty file with the right columns."""
    return _workbook("账号导入模板.xlsx", list(imports.COLUMNS), [])


def _find(officer: Officer, import_id: uuid.UUID) -> AccountImport:
    return get_object_or_404(AccountImport, pk=import_id, officer=officer)


def _mark(what: str) -> object:
    marks = {
        "new": ("success", _("新增账号")),
        "role": ("info", _("增加角色")),
        "nothing": ("neutral", _("没有变化")),
        "wrong": ("danger", _("要改正")),
    }
    return status(*marks[what])


def _workbook(name: str, heads: list[str], rows: list[list[str]]) -> HttpResponse:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        sheet = book.add_worksheet(_("账号"))
        bold, text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
        sheet.set_column(0, len(heads) - 1, 22, text)
        for row, cells in enumerate([heads, *rows]):
            for column, cell in enumerate(cells):
                write_text_cell(sheet, row, column, cell, bold if row == 0 else text)
    response = HttpResponse(content.getvalue(), content_type=_SHEET)
    response.headers["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or ""
    return response
