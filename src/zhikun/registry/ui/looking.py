"""Looking closer: full particulars for a while, the file as it was on a day, and who has looked."""

from __future__ import annotations

import uuid
from datetime import date

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.roles import Right
from zhikun.audit.services import record as note
from zhikun.pages.errors import shown_in
from zhikun.pages.forms import DayInput
from zhikun.pages.frame import Crumb
from zhikun.pages.render import render_page
from zhikun.registry import events
from zhikun.registry.selectors.file import looked_lately, visible
from zhikun.registry.selectors.on_day import file_on
from zhikun.registry.selectors.privacy import looks_of, readable, sentence
from zhikun.registry.services.unmasking import LASTS, WhyUnmask
from zhikun.registry.services.unmasking import hide as hide_again
from zhikun.registry.services.unmasking import unmask as open_particulars
from zhikun.registry.ui.household import crumbs


class UnmaskForm(forms.Form):
    """For what the full particulars are needed."""

    why = forms.ChoiceField(label=_("用途"), choices=WhyUnmask.choices, widget=forms.RadioSelect)
    text = forms.CharField(
        label=_("说明"), required=False, max_length=150,
        help_text=_("选“其他”时须写明；会留痕，本人可以查询。不要写号码。"),
    )  # fmt: skip


class DayForm(forms.Form):
    """A day to look back to."""

    on = forms.DateField(label=_("日期"), widget=DayInput)

    def clean_on(self) -> date:
        on: date = self.cleaned_data["on"]
        if on > timezone.localdate():
            raise forms.ValidationError(_("只能查看今天和以前的档案。"))
        return on


@requires(Right.HOUSEHOLD_UNMASK)
def unmask(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Why the officer needs full names and numbers; then fifteen minutes of them."""
    officer = officer_of(request)
    found = visible(officer, pk, Right.HOUSEHOLD_UNMASK)
    form = UnmaskForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with shown_in(form):
            open_particulars(
                found, why=form.cleaned_data["why"], text=form.cleaned_data["text"], acting_officer=officer
            )
            return HttpResponseRedirect(reverse("registry:household", args=[pk]))
    context = {
        "title": _("查看完整信息"), "crumbs": [*crumbs(found, link=True), Crumb(str(_("查看完整信息")))], "form": form,
        "household": found, "minutes": int(LASTS.total_seconds() // 60),
    }  # fmt: skip
    return render_page(request, "registry/unmask.html", context, status=422 if form.errors else 200)


@requires(Right.HOUSEHOLD_UNMASK, methods=("POST",))
def hide(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Mask the particulars again before the time is up."""
    officer = officer_of(request)
    found = visible(officer, pk, Right.HOUSEHOLD_UNMASK)
    hide_again(found, acting_officer=officer)
    messages.success(request, _("已恢复遮盖。"))
    return HttpResponseRedirect(reverse("registry:household", args=[pk]))


@requires(Right.HOUSEHOLD_VIEW, methods=("GET", "HEAD"))
def as_of(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The file as it was on a day."""
    officer = officer_of(request)
    found = visible(officer, pk)
    form = DayForm(request.GET if "on" in request.GET else {"on": timezone.localdate().isoformat()})
    file = file_on(found, form.cleaned_data["on"]) if form.is_valid() else None
    if file is not None and not looked_lately(found, officer):
        note(
            events.VIEWED, by=officer, household=found.pk, subject=found.number, area=found.area_id, looks=True,
            details={"on": file.on.isoformat()},
        )  # fmt: skip
    context = {
        "title": _("{n} 号家庭档案（回看）").format(n=found.number),
        "crumbs": [*crumbs(found, link=True), Crumb(str(_("回看")))], "form": form, "file": file, "household": found,
    }  # fmt: skip
    return render_page(request, "registry/as_of.html", context, status=422 if form.errors else 200)


@requires(Right.PRIVACY_VIEW, Right.HOUSEHOLD_VIEW, methods=("GET", "HEAD"))
def privacy(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Who read what of this household and why. This look is on record too."""
    officer = officer_of(request)
    found = readable(officer, pk)
    if found is None:
        raise Http404
    text = request.GET.get("before", "")
    before = int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
    days, more = looks_of(found, before)
    sees_file = officer.may(Right.HOUSEHOLD_VIEW, found.area_id)
    context = {
        "title": _("谁看过 {n} 号家庭的档案").format(n=found.number),
        "crumbs": [*crumbs(found, link=True), Crumb(str(_("谁看过")))] if sees_file else [],
        "household": found, "sees_file": sees_file, "more": more, "later": before is not None,
        "days": [(day, [(entry, sentence(entry)) for entry in day.looks]) for day in days],
    }  # fmt: skip
    if not looked_lately(found, officer, events.PRIVACY_VIEWED):
        note(
            events.PRIVACY_VIEWED, by=officer, household=found.pk, subject=found.number, area=found.area_id, looks=True
        )
    return render_page(request, "registry/privacy.html", context)
