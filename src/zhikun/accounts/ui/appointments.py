"""Roles given and ended; duties lent and taken back."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from zhikun.accounts import selectors
from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.forms import AppointmentForm, DelegationForm, RoleForm
from zhikun.accounts.limits import DELEGATION_DAYS
from zhikun.accounts.models import Appointment, Officer
from zhikun.accounts.roles import Right, Role
from zhikun.accounts.services import appointments
from zhikun.accounts.ui.officers import find, url_of
from zhikun.pages.errors import shown_in
from zhikun.pages.frame import Crumb
from zhikun.pages.render import render_page

MANAGE = Right.ACCOUNT_MANAGE


@requires(MANAGE)
def new(request: HttpRequest, officer_id: uuid.UUID) -> HttpResponse:
    """Give a role: first which one, then where and how long."""
    acting = officer_of(request)
    held = find(acting, officer_id)
    roles = selectors.roles_for(held.organisation)
    choice = RoleForm({"role": request.POST.get("role") or request.GET.get("role", "")}, roles=roles)
    context = {
        "title": _("授予角色"),
        "account": held,
        "crumbs": [
            Crumb(_("人员账号"), reverse("accounts:officers")), Crumb(held.name, url_of(held)), Crumb(_("授予角色")),
        ],
        "roles": roles,
        "back": url_of(held),
    }  # fmt: skip
    if not choice.is_valid():
        return render_page(request, "accounts/role.html", context)
    role = Role(choice.cleaned_data["role"])
    areas = selectors.areas_for(acting, held.organisation, role)
    form = AppointmentForm(request.POST or None, areas=areas, initial={"role": role})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        with shown_in(form):
            appointments.give(
                held, role=role, area=given["area"], begins=given["begins"], ends=given["ends"], acting_officer=acting
            )
            messages.success(request, _("已授予“{role}”。").format(role=role.label))
            return HttpResponseRedirect(url_of(held))
    context |= {"form": form, "role": role, "none_here": not areas.exists()}
    return render_page(request, "accounts/appointment.html", context, status=422 if form.errors else 200)


@requires(MANAGE, methods=("POST",))
def end(request: HttpRequest, appointment_id: uuid.UUID) -> HttpResponse:
    """End a role."""
    acting = officer_of(request)
    visible = Appointment.objects.filter(officer__in=Officer.objects.visible_to(acting)).select_related("officer")
    one = get_object_or_404(visible, pk=appointment_id)
    if not acting.may(MANAGE, one.area_id):
        raise Http404
    appointments.end(one, reason=request.POST.get("reason", ""), acting_officer=acting)
    messages.success(request, _("任职已终止。"))
    return HttpResponseRedirect(url_of(one.officer))


@requires()
def delegate(request: HttpRequest) -> HttpResponse:
    """Lend a duty of one's own to a colleague for a time."""
    officer = officer_of(request)
    duties, colleagues = selectors.own_duties(officer), selectors.colleagues(officer)
    form = DelegationForm(request.POST or None, duties=duties, colleagues=colleagues)
    if request.method == "POST" and form.is_valid():
        with shown_in(form):
            appointments.delegate(**form.cleaned_data, acting_officer=officer)
            messages.success(request, _("已委托，对方现在就可以办理。"))
            return HttpResponseRedirect(reverse("accounts:me"))
    context = {
        "title": _("委托职责"),
        "form": form,
        "limit": DELEGATION_DAYS,
        "latest": selectors.latest_end(DELEGATION_DAYS.value),
        "possible": duties.exists() and colleagues.exists(),
        "crumbs": [Crumb(_("我的账号"), reverse("accounts:me")), Crumb(_("委托职责"))],
    }
    return render_page(request, "accounts/delegate.html", context, status=422 if form.errors else 200)


@requires(methods=("POST",))
def take_back(request: HttpRequest, appointment_id: uuid.UUID) -> HttpResponse:
    """Take a lent duty back."""
    officer = officer_of(request)
    one = get_object_or_404(Appointment.objects.select_related("officer"), pk=appointment_id, delegated_by=officer)
    appointments.take_back(one, acting_officer=officer)
    messages.success(request, _("委托已收回。"))
    return HttpResponseRedirect(reverse("accounts:me"))
