"""Organisations, as administrators keep them."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from zhikun.accounts import selectors
from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.forms import OrganisationEditForm, OrganisationFilter, OrganisationForm
from zhikun.accounts.models import Officer, Organisation
from zhikun.accounts.roles import Right
from zhikun.accounts.services import organisations
from zhikun.accounts.ui.officers import officer_columns
from zhikun.pages.errors import shown_in
from zhikun.pages.formats import status
from zhikun.pages.frame import Crumb
from zhikun.pages.parts import Confirm, Detail
from zhikun.pages.render import render_page
from zhikun.pages.tables import Column, Table

MANAGE = Right.ACCOUNT_MANAGE


def crumbs(*more: Crumb) -> list[Crumb]:
    """The way to a page below the list of organisations."""
    return [Crumb(_("机构"), reverse("accounts:organisations")), *more]


@requires(MANAGE)
def listing(request: HttpRequest) -> HttpResponse:
    """The organisations in the administrator's area."""
    form = OrganisationFilter(request.GET)
    wanted = form.cleaned_data if form.is_valid() else None
    found = selectors.organisations(officer_of(request), wanted or {})
    columns = [
        Column("name", _("机构"), link=_url, sort="name", wide=True),
        Column("code", _("代码"), sort="code"),
        Column("kind", _("类型"), value=_kind),
        Column("area", _("地区"), value="area.name", sort="area_id"),
        Column("accounts", _("启用的账号"), kind="count", sort="accounts"),
        Column("state", _("状态"), value=state_mark),
    ]
    table = Table(
        request, found if wanted is not None else found.none(), columns, caption=_("机构"), order="code",
        target="results", remedy=_("请换个条件，或新增机构。"),
    )  # fmt: skip
    context = {"title": _("机构"), "form": form, "table": table}
    return render_page(request, "accounts/organisations.html", context, fragment="results")


@requires(MANAGE)
def new(request: HttpRequest) -> HttpResponse:
    """A new organisation."""
    officer = officer_of(request)
    form = OrganisationForm(request.POST or None, areas=selectors.managed_areas(officer))
    if request.method == "POST" and form.is_valid():
        with shown_in(form):
            made = organisations.add(**form.cleaned_data, acting_officer=officer)
            messages.success(request, _("已新增机构“{name}”。").format(name=made.name))
            return HttpResponseRedirect(_url(made))
    context = {"title": _("新增机构"), "form": form, "crumbs": crumbs(Crumb(_("新增机构"))), "yes": _("新增机构")}
    return render_page(request, "accounts/form.html", context, status=422 if form.errors else 200)


@requires(MANAGE)
def one(request: HttpRequest, organisation_id: uuid.UUID) -> HttpResponse:
    """One organisation and its officers."""
    officer = officer_of(request)
    held = _find(officer, organisation_id)
    people = selectors.officers(officer, {}).filter(organisation=held)
    table = Table(request, people, officer_columns(), caption=_("人员"), order="username", empty=_("还没有人员。"))
    details = [
        Detail(_("机构代码"), held.code),
        Detail(_("类型"), _kind(held)),
        Detail(_("地区"), _("{name}（{code}）").format(name=held.area.name, code=held.area_id)),
        Detail(_("状态"), None, html=state_mark(held)),
    ]
    context = {
        "title": held.name,
        "organisation": held,
        "details": details,
        "table": table,
        "act": _act(held),
        "crumbs": crumbs(Crumb(held.name)),
    }
    return render_page(request, "accounts/organisation.html", context)


@requires(MANAGE)
def edit(request: HttpRequest, organisation_id: uuid.UUID) -> HttpResponse:
    """Another name."""
    officer = officer_of(request)
    held = _find(officer, organisation_id)
    form = OrganisationEditForm(request.POST or None, initial={"name": held.name, "line": held.line})
    if request.method == "POST" and form.is_valid():
        with shown_in(form):
            organisations.edit(held, **form.cleaned_data, acting_officer=officer)
            messages.success(request, _("已保存。"))
            return HttpResponseRedirect(_url(held))
    way = crumbs(Crumb(held.name, _url(held)), Crumb(_("修改")))
    context = {"title": _("修改机构"), "form": form, "crumbs": way, "yes": _("保存")}
    return render_page(request, "accounts/form.html", context, status=422 if form.errors else 200)


@requires(MANAGE, methods=("POST",))
def act(request: HttpRequest, organisation_id: uuid.UUID, act: str) -> HttpResponse:
    """Close or open again."""
    officer = officer_of(request)
    held = _find(officer, organisation_id)
    verbs = {"close": organisations.close, "reopen": organisations.reopen}
    if act not in verbs:
        raise Http404
    verbs[act](held, reason=request.POST.get("reason", ""), acting_officer=officer)
    messages.success(request, _("机构已停用。") if act == "close" else _("机构已恢复。"))
    return HttpResponseRedirect(_url(held))


def _find(officer: Officer, organisation_id: uuid.UUID) -> Organisation:
    return get_object_or_404(Organisation.objects.visible_to(officer).select_related("area"), pk=organisation_id)


def _url(held: Organisation) -> str:
    return reverse("accounts:organisation", args=[held.pk])


def _kind(held: Organisation) -> str:
    return f"{held.get_kind_display()}·{held.line}" if held.line else held.get_kind_display()


def state_mark(held: Organisation) -> SafeString:
    """启用 or 停用, as a mark."""
    return status("success", _("启用")) if held.is_active else status("neutral", _("停用"))


def _act(held: Organisation) -> Confirm:
    url = reverse("accounts:organisation-act", args=[held.pk, "close" if held.is_active else "reopen"])
    if held.is_active:
        return Confirm(
            _("停用机构"), _("停用“{name}”？").format(name=held.name), url, reason=_("停用理由"),
            consequence=_("须先停用或转走其全部账号；停用后不能再新增人员，可以恢复。"),
        )  # fmt: skip
    question = _("恢复“{name}”？").format(name=held.name)
    return Confirm(_("恢复机构"), question, url, danger=False, reason=_("恢复理由"))
