"""What happens to a household and its people: one page for each kind of change."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.pages.errors import shown_in
from zhikun.pages.frame import Crumb
from zhikun.pages.render import render_page
from zhikun.registry.errors import EditConflict, PersonElsewhere
from zhikun.registry.models import Household, Membership
from zhikun.registry.selectors.file import visible
from zhikun.registry.ui.change_forms import CHANGES, ChangeForm


@requires(Right.HOUSEHOLD_EDIT)
def change(request: HttpRequest, pk: uuid.UUID, kind: str) -> HttpResponse:
    """The form of one kind of change; done, back to the household, or to the list when it is out of sight."""
    officer = officer_of(request)
    household = visible(officer, pk, Right.HOUSEHOLD_EDIT)
    if kind not in CHANGES or (kind == "reopen") != (household.state == Household.State.CLOSED):
        raise Http404
    form = _form(household, kind, officer, request)
    conflict: EditConflict | None = None
    elsewhere = ""
    if request.method == "POST" and form.is_valid():
        with shown_in(form):
            try:
                shown = form.perform() or household
                messages.success(request, _("已办理：{t}。").format(t=form.title))
                return _next(request, officer, shown)
            except EditConflict as refused:
                conflict = refused
            except PersonElsewhere as refused:
                elsewhere = refused.household
                raise
    if conflict is not None:
        # The members may be others now: the form begins anew on the newest version, and says so.
        form = _form(household, kind, officer, None)
        form.initial.update({name: request.POST.get(name, "") for name in ("on", "reason")})
    context = {
        "title": form.title, "form": form, "household": household, "conflict": conflict, "elsewhere": elsewhere,
        "crumbs": [
            Crumb(_("家庭档案"), reverse("registry:search")),
            Crumb(household.number, reverse("registry:household", args=[pk])), Crumb(str(form.title)),
        ],
    }  # fmt: skip
    status = 409 if conflict else 422 if form.errors else 200
    return render_page(request, "registry/change.html", context, status=status)


def offered_changes(household: Household) -> list[tuple[str, str | Promise]]:
    """The kinds of change that a household in use is offered, with their titles."""
    if household.state != Household.State.OPEN:
        return []
    return [(kind, form.title) for kind, form in CHANGES.items() if kind != "reopen"]


def _form(household: Household, kind: str, officer: Officer, request: HttpRequest | None) -> ChangeForm:
    rows = Membership.objects.now().filter(household=household).select_related("person").order_by("position")
    data = request.POST if request is not None and request.method == "POST" else None
    return CHANGES[kind](household, list(rows), officer, data)


def _next(request: HttpRequest, officer: Officer, household: Household) -> HttpResponse:
    here = Household.objects.visible_to(officer).filter(pk=household.pk).exists()
    if here:
        return HttpResponseRedirect(reverse("registry:household", args=[household.pk]))
    messages.info(request, _("这一户已不在您的管辖范围，由迁入地办理。"))
    return HttpResponseRedirect(reverse("registry:search"))
