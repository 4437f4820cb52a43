"""The telephone of an officer: their own, or as their administrator keeps it."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.forms import PhoneForm
from zhikun.accounts.models import Officer
from zhikun.accounts.services import officers
from zhikun.accounts.services.guards import manages
from zhikun.accounts.ui.officers import MANAGE, find, url_of
from zhikun.identity import mask_phone
from zhikun.pages.errors import shown_in
from zhikun.pages.frame import Crumb
from zhikun.pages.render import render_page


@requires()
@never_cache
@sensitive_post_parameters()
def own_phone(request: HttpRequest) -> HttpResponse:
    """My telephone."""
    me = reverse("accounts:me")
    return _page(request, officer_of(request), me, [Crumb(_("我的账号"), me), Crumb(_("修改电话"))])


@requires(MANAGE)
@never_cache
@sensitive_post_parameters()
def officer_phone(request: HttpRequest, officer_id: uuid.UUID) -> HttpResponse:
    """The telephone of an officer whom the administrator manages."""
    acting = officer_of(request)
    held = find(acting, officer_id)
    if held.pk != acting.pk:
        manages(acting, held)
    way = [Crumb(_("人员账号"), reverse("accounts:officers")), Crumb(held.name, url_of(held)), Crumb(_("修改电话"))]
    return _page(request, held, url_of(held), way)


def _page(request: HttpRequest, held: Officer, back: str, way: list[Crumb]) -> HttpResponse:
    form = PhoneForm(request.POST or None, registered=bool(held.phone))
    if request.method == "POST" and form.is_valid():
        with shown_in(form):
            changed = officers.change_phone(held, phone=form.wanted, acting_officer=officer_of(request))
            messages.success(request, _("电话已保存。") if changed else _("电话没有变化。"))
            return HttpResponseRedirect(back)
    now = held.phone
    note = _("现在登记的电话：{p}。").format(p=mask_phone(now)) if now else _("还没有登记电话。")
    context = {"title": _("修改电话"), "form": form, "crumbs": way, "yes": _("保存"), "note": note, "back": back}
    return render_page(request, "accounts/form.html", context, status=422 if form.errors else 200)
