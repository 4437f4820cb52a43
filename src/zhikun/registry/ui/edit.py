"""Changing facts: a dimension of the household, a member, a thing; settling contradictions; taking a recording back."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.audit.models import Entry
from zhikun.pages import formats
from zhikun.pages.errors import shown_in
from zhikun.pages.frame import Crumb
from zhikun.pages.parts import Difference
from zhikun.pages.render import render_page
from zhikun.registry.errors import EditConflict
from zhikun.registry.facts import present
from zhikun.registry.models import Contradiction, Household, HouseholdFacts, Membership, Recording
from zhikun.registry.selectors.file import recordings_of, unmasked_now, visible
from zhikun.registry.selectors.known import BIRTH, masked_particulars, told_value
from zhikun.registry.services import recording as verbs
from zhikun.registry.services import things
from zhikun.registry.services.guard import no_number_in
from zhikun.registry.sources import SourceKind, Told
from zhikun.registry.ui.change_forms import called
from zhikun.registry.ui.fact_forms import FactsForm, ToldForm, field_of, posted, told_opened, value_of
from zhikun.registry.ui.household import allowed, crumbs, dispute
from zhikun.registry.vocabulary import Known, asked_of, entity_title, personal_of, title_of, vocabulary


@dataclass
class Edited:
    """What is being edited: the household, the entity and row in it, the facts asked for, their values now.

    `veiled`: it has a birth date that this officer has not opened; its field is left out, or what it says only masked.
    """

    household: Household
    entity: str
    row: str
    known: list[Known]
    values: dict[str, Any]
    personal: dict[str, str]
    title: str
    veiled: bool


@requires(Right.HOUSEHOLD_EDIT)
def facts(request: HttpRequest, pk: uuid.UUID, entity: str, row: str = "") -> HttpResponse:
    """One dimension of the household, or what is known of a member or a thing. Another's change is shown, never overwritten."""
    officer = officer_of(request)
    edited = _edited(request, officer, pk, entity, row)
    version = edited.household.version
    if request.method != "POST":
        form = FactsForm(edited.known, edited.values, version, personal=edited.personal)
        return _page(request, edited, form)
    form = FactsForm(edited.known, edited.values, version, data=request.POST, personal=edited.personal)
    if not form.is_valid():
        return _page(request, edited, form, status=422)
    if not form.changed and not form.written:
        messages.info(request, _("没有改动，未保存。"))
        return _back(pk)
    with shown_in(form):
        try:
            _save(edited, form, officer)
        except EditConflict as conflict:
            return _conflict(request, officer, edited, form, conflict)
    if form.errors:
        return _page(request, edited, form, status=422)
    _say(request, edited, form)
    return _back(pk)


def _edited(request: HttpRequest, officer: Officer, pk: uuid.UUID, entity: str, row: str) -> Edited:
    """What the address names; 404 for what is not in this household."""
    dimension = request.GET.get("dimension", "")
    household = visible(officer, pk, Right.HOUSEHOLD_EDIT)
    groups = asked_of(entity)
    if not groups or (entity == "household") != (row == ""):
        raise Http404
    held = HouseholdFacts.objects.filter(household=household).first()
    rows = held.values.get(entity, {}) if held else {}
    title = dimension if dimension in groups else entity_title(entity)
    personal: dict[str, str] = {}
    if entity == "member":
        name = _member(household, row)
        title = f"{name} · {title}" if dimension in groups else name
    elif entity != "household":
        if row not in present(rows):
            raise Http404
        personal = masked_particulars(recordings_of(household), entity, row)
    known = groups[dimension] if dimension in groups else [one for group in groups.values() for one in group]
    values = dict(rows.get(row, {}))
    is_asked = values.get(BIRTH) is not None and any(one.name == BIRTH for one in known)
    veiled = is_asked and unmasked_now(household, officer) is None
    if veiled:  # what was typed before it was hidden again is not lost
        known = [one for one in known if one.name != BIRTH or BIRTH in request.POST]
    return Edited(household, entity, row, known, values, personal, title, veiled)


def _member(household: Household, row: str) -> str:
    """How the member is called on the page: in a family of six, nobody should write into another's line."""
    try:
        person = uuid.UUID(row)
    except ValueError:
        raise Http404 from None
    found = Membership.objects.now().filter(household=household, person_id=person).select_related("person").first()
    if found is None:
        raise Http404
    return called(found)


def _save(edited: Edited, form: FactsForm, officer: Officer) -> None:
    told = Told(SourceKind.OFFICER, form.cleaned_data["observed_on"], reason=no_number_in(form.cleaned_data["reason"]))
    written = {edited.entity: {edited.row: form.written}} if form.written else None
    said = {edited.entity: {edited.row: form.changed}} if form.changed else {}
    verbs.record(
        edited.household, told, said, personal=written, version=form.cleaned_data["version"], acting_officer=officer
    )


def _say(request: HttpRequest, edited: Edited, form: FactsForm) -> None:
    """Saved; and which values do not stand, because a stronger source says otherwise."""
    messages.success(request, _("已保存 {n} 项。").format(n=len(form.changed) + len(form.written)))
    held = HouseholdFacts.objects.get(household=edited.household)
    now = held.values.get(edited.entity, {}).get(edited.row, {})
    beaten = [title_of(edited.entity, name) for name, value in form.changed.items() if now.get(name) != value]
    if beaten:
        messages.warning(
            request,
            _("{titles}：别的来源次序在前，或说的是更晚的情况，当前值没有变；您的记录已并列保存。").format(
                titles="、".join(beaten)
            ),
        )


def _conflict(
    request: HttpRequest, officer: Officer, edited: Edited, form: FactsForm, conflict: EditConflict
) -> HttpResponse:
    """Both versions side by side. What only one of the two changed is put together; what both did waits for a choice."""
    fresh = _edited(request, officer, edited.household.pk, edited.entity, edited.row)
    opened, mine = form.opened_values, form.mine
    rows, fields = [], []
    for name, known in form.known.items():
        was, saved, wants = opened.get(name), fresh.values.get(name), mine[name]
        if was == saved == wants:
            pass
        else:
            texts = (_text(known, value, unmasked=not fresh.veiled) for value in (was, saved, wants))
            rows.append(Difference(name, str(known.title), *texts))
        if name == BIRTH and fresh.veiled and wants == was:
            continue
        kept = saved if wants == was else wants
        fields += [(name, text) for text in posted(known, kept)]
    asked = {name for name, _text in fields} - ({BIRTH} if fresh.veiled else set())
    fields += [
        ("version", str(fresh.household.version)), ("opened", told_opened(fresh.values, asked)),
        ("observed_on", form.cleaned_data["observed_on"].isoformat()), ("reason", form.cleaned_data["reason"]),
    ]  # fmt: skip
    last = Entry.objects.filter(household=fresh.household.pk, looks=False).order_by("-number").first()
    context = {
        "title": _("两人同时修改：{t}").format(t=edited.title),
        "crumbs": [*crumbs(fresh.household, link=True), Crumb(str(_("对照修改")))],
        "conflict": conflict, "rows": rows, "fields": fields, "household": fresh.household,
        "lost": bool(form.written),
        "saved_by": f"{last.officer_text} {timezone.localtime(last.at):%Y-%m-%d %H:%M}" if last else "",
    }  # fmt: skip
    return render_page(request, "registry/conflict.html", context, status=409)


def _text(known: Known, value: Any, *, unmasked: bool) -> SafeString:
    return formats.unknown() if value is None else told_value(known, value, unmasked=unmasked)


def _page(request: HttpRequest, edited: Edited, form: FactsForm, status: int = 200) -> HttpResponse:
    context = {
        "title": _("修改：{t}").format(t=edited.title), "form": form, "household": edited.household,
        "crumbs": [*crumbs(edited.household, link=True), Crumb(edited.title)], "veiled": BIRTH not in form.known and edited.veiled,
    }  # fmt: skip
    return render_page(request, "registry/edit.html", context, status=status)


def _back(pk: uuid.UUID) -> HttpResponse:
    return HttpResponseRedirect(reverse("registry:household", args=[pk]))


@requires(Right.HOUSEHOLD_EDIT)
def add_thing(request: HttpRequest, pk: uuid.UUID, entity: str) -> HttpResponse:
    """One more dwelling, vehicle, account or supporter."""
    officer = officer_of(request)
    household = visible(officer, pk, Right.HOUSEHOLD_EDIT)
    known = [one for group in asked_of(entity).values() for one in group]
    if entity in {"household", "member"} or not known:
        raise Http404
    personal = {one.name: f"{one.title}|" for one in personal_of(entity)}
    form = FactsForm(known, {}, household.version, data=request.POST or None, personal=personal)
    if request.method == "POST" and form.is_valid():
        with shown_in(form):
            told = Told(
                SourceKind.OFFICER,
                form.cleaned_data["observed_on"],
                reason=no_number_in(form.cleaned_data["reason"]),
            )
            said = {name: value for name, value in form.mine.items() if value is not None}
            things.add(
                household, entity, said, told, personal=form.written, version=form.cleaned_data["version"],
                acting_officer=officer,
            )  # fmt: skip
            messages.success(request, _("已添加。"))
            return _back(pk)
    title = _("添加：{t}").format(t=entity_title(entity))
    context = {
        "title": title,
        "form": form,
        "household": household,
        "crumbs": [*crumbs(household, link=True), Crumb(str(title))],
    }
    return render_page(request, "registry/edit.html", context, status=422 if form.errors else 200)


class RemoveForm(ToldForm):
    """Since when it is gone, and why."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any, version: int) -> None:
        super().__init__(data, initial={"version": version, "observed_on": timezone.localdate()})
        self.fields["reason"].required = True


@requires(Right.HOUSEHOLD_EDIT)
def remove_thing(request: HttpRequest, pk: uuid.UUID, entity: str, row: str) -> HttpResponse:
    """A thing that is no longer the household's."""
    officer = officer_of(request)
    household = visible(officer, pk, Right.HOUSEHOLD_EDIT)
    held = HouseholdFacts.objects.filter(household=household).first()
    if entity in {"household", "member"} or row not in present((held.values if held else {}).get(entity, {})):
        raise Http404
    form = RemoveForm(request.POST or None, household.version)
    if request.method == "POST" and form.is_valid():
        with shown_in(form):
            told = Told(
                SourceKind.OFFICER,
                form.cleaned_data["observed_on"],
                reason=no_number_in(form.cleaned_data["reason"]),
            )
            things.remove(household, entity, row, told, version=form.cleaned_data["version"], acting_officer=officer)
            messages.success(request, _("已移除，原来的记录仍保留在经过里。"))
            return _back(pk)
    title = _("移除：{t}").format(t=entity_title(entity))
    context = {
        "title": title,
        "form": form,
        "household": household,
        "submit": _("移除"),
        "intro": _("卖掉、送人或者拆除，不再是这一户的，在这里移除；原来的记录保留在经过里。"),
        "crumbs": [*crumbs(household, link=True), Crumb(str(title))],
    }
    return render_page(request, "registry/edit.html", context, status=422 if form.errors else 200)


class SettleForm(forms.Form):
    """Which value stands, and why."""

    choice = forms.ChoiceField(label=_("采用"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("理由"), max_length=200, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("写明核实的办法和依据。不要写姓名和号码。"),
    )  # fmt: skip

    def __init__(self, data: Any, known: Known, sides: list[dict[str, Any]], *, unmasked: bool) -> None:
        super().__init__(data)
        self.known, self.sides = known, sides
        choices = [
            (
                side["recording"],
                formats.text(f"{SourceKind(side['source']).label}：")
                + told_value(known, side["value"], unmasked=unmasked),
            )
            for side in sides
        ]
        self.fields["choice"].choices = [*choices, ("other", _("都不是，另填"))]  # type: ignore[attr-defined]  # a choice field
        other = field_of(known)
        other.label = _("另填的值：{t}").format(t=other.label)
        self.fields = {"choice": self.fields["choice"], "other": other, "reason": self.fields["reason"]}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        choice = cleaned.get("choice", "")
        if choice == "other":
            cleaned["value"] = value_of(self.known, cleaned.get("other"))
            if cleaned["value"] is None:
                self.add_error("other", _("请填写核定的值。"))
        elif choice:
            # By the recording that was on the screen, which never changes: not by its place among the sides.
            cleaned["value"] = next(side["value"] for side in self.sides if side["recording"] == choice)
        return cleaned


@requires(Right.HOUSEHOLD_SETTLE)
def settle(request: HttpRequest, pk: uuid.UUID, one: uuid.UUID) -> HttpResponse:
    """Decide what stands where two sources contradict each other."""
    officer = officer_of(request)
    household = visible(officer, pk, Right.HOUSEHOLD_SETTLE)
    contradiction = Contradiction.objects.filter(household=household, pk=one).select_related("settled_by").first()
    known = vocabulary().get((contradiction.entity, contradiction.fact)) if contradiction else None
    if contradiction is None or known is None:
        raise Http404
    unmasked = unmasked_now(household, officer) is not None
    form = SettleForm(request.POST or None, known, contradiction.sides, unmasked=unmasked)
    if request.method == "POST" and form.is_valid():
        with shown_in(form):
            reason = no_number_in(form.cleaned_data["reason"])
            verbs.settle(contradiction, value=form.cleaned_data["value"], reason=reason, acting_officer=officer)
            messages.success(request, _("已核定。各来源原来的说法仍保留。"))
            return _back(pk)
    members = list(Membership.objects.filter(household=household).select_related("person"))
    context = {
        "title": _("核定：{t}").format(t=known.title), "form": form, "household": household,
        "crumbs": [*crumbs(household, link=True), Crumb(_("核定"))], "contradiction": contradiction,
        "dispute": dispute(contradiction, members, unmasked=unmasked), "veiled": known.name == BIRTH and not unmasked,
        "open": contradiction.state == Contradiction.State.OPEN,
    }  # fmt: skip
    return render_page(request, "registry/settle.html", context, status=422 if form.errors else 200)


class WithdrawForm(forms.Form):
    """Why it was a mistake."""

    reason = forms.CharField(label=_("撤回的理由"), max_length=200)


@requires(Right.HOUSEHOLD_VIEW)
def recording(request: HttpRequest, pk: uuid.UUID, one: uuid.UUID) -> HttpResponse:
    """One recording: what was said, by whom, when; those who may can take it back."""
    officer = officer_of(request)
    household = visible(officer, pk)
    rows = Recording.objects.filter(household=household, pk=one)
    found = rows.select_related("household", "recorded_by__organisation", "withdrawn_by__organisation").first()
    if found is None or (request.method == "POST" and not verbs.may_withdraw(found, officer)):
        raise Http404
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with shown_in(form):
            verbs.withdraw(found, reason=no_number_in(form.cleaned_data["reason"]), acting_officer=officer)
            messages.success(request, _("已撤回。这次记录仍保留在经过里，不再计入当前情况。"))
            return _back(pk)
    unmasked = unmasked_now(household, officer) is not None
    lines = [
        (
            entity_title(entity),
            title_of(entity, name),
            told_value(vocabulary().get((entity, name)), value, unmasked=unmasked),
        )
        for entity, entries in found.facts.items()
        for values in entries.values()
        for name, value in values.items()
        if not name.startswith("_")
    ]
    context = {
        "title": _("一次记录"), "form": form, "household": household, "recording": found, "lines": lines,
        "source": SourceKind(found.source).label, "crumbs": [*crumbs(household, link=True), Crumb(str(_("一次记录")))],
        **allowed(officer, household), "may_withdraw": verbs.may_withdraw(found, officer),
    }  # fmt: skip
    return render_page(request, "registry/recording.html", context, status=422 if form.errors else 200)
