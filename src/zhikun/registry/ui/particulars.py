"""A member's particulars, help received, categories held."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.identity.documents import TITLES as DOCUMENT_TITLES
from zhikun.identity.documents import DocumentKind
from zhikun.identity.masks import mask_birth_date
from zhikun.pages.errors import shown_in
from zhikun.pages.forms import DayInput
from zhikun.pages.frame import Crumb
from zhikun.pages.render import render_page
from zhikun.privacy.templatetags.privacy import masked
from zhikun.registry.models import CategoryHeld, Household, Membership, Person
from zhikun.registry.selectors.file import unmasked_now, visible
from zhikun.registry.services import help as helping
from zhikun.registry.services.members import correct as put_right
from zhikun.registry.services.person import Particulars
from zhikun.registry.ui.change_forms import ChangeForm, phone_field
from zhikun.registry.ui.household import crumbs
from zhikun.registry.vocabulary import categories as known_categories


class CorrectForm(ChangeForm):
    """Particulars as they should be. Masked ones are not filled in: what stays empty stays as it is."""

    day = _("更正日期")
    papers = _("“身份证”“户口簿”")
    name_of = forms.CharField(label=_("姓名"), max_length=50, required=False)
    id_kind = forms.ChoiceField(label=_("证件类型"), choices=[(k.value, DOCUMENT_TITLES[k]) for k in DocumentKind])
    id_number = forms.CharField(label=_("证件号码"), max_length=30, required=False)
    phone = phone_field()
    sex = forms.ChoiceField(label=_("性别"), choices=[("", _("未知")), *Person.Sex.choices], required=False)
    born_on = forms.DateField(label=_("出生日期"), required=False, widget=DayInput)

    def __init__(
        self, household: Household, person: Person, officer: Officer, data: Any = None, *, unmasked: bool = False
    ) -> None:
        super().__init__(household, [], officer, data)
        self.person = person
        self.unmasked = unmasked
        self.initial.update({"id_kind": person.id_kind, "sex": person.sex})
        if unmasked:
            self.initial["born_on"] = person.born_on
        elif person.born_on:
            self.fields["born_on"].help_text = _("现在是 {m}，不改请留空。").format(m=mask_birth_date(person.born_on))
        for name, field in (("name", "name_of"), ("id_number", "id_number"), ("phone", "phone")):
            if unmasked:
                self.initial[field] = getattr(person, name) or ""
            else:
                self.fields[field].help_text = _("现在是 {m}，不改请留空。").format(m=masked(person, name))

    def perform(self) -> None:
        data = self.cleaned_data
        born = data["born_on"] if self.unmasked else data["born_on"] or self.person.born_on
        given = Particulars(
            data["name_of"] or self.person.name, data["id_number"] or self.person.id_number or "", data["id_kind"],
            data["phone"] or self.person.phone or "", data["sex"], born,
        )  # fmt: skip
        put_right(self.household, self.person.pk, given, self.change, acting_officer=self.officer)


@requires(Right.HOUSEHOLD_EDIT)
@sensitive_post_parameters("name_of", "id_number", "phone")
def correct(request: HttpRequest, pk: uuid.UUID, person: uuid.UUID) -> HttpResponse:
    """A name, number or phone that was written wrongly."""
    officer = officer_of(request)
    household = visible(officer, pk, Right.HOUSEHOLD_EDIT)
    rows = Membership.objects.now().filter(household=household, person_id=person).select_related("person")
    row = rows.first()
    if row is None:
        raise Http404
    unmasked = unmasked_now(household, officer) is not None
    form = CorrectForm(household, row.person, officer, request.POST or None, unmasked=unmasked)
    if request.method == "POST" and form.is_valid():
        with shown_in(form):
            form.perform()
            messages.success(request, _("已更正。"))
            return _back(pk)
    return _page(request, household, form, _("更正基本信息：{n}").format(n=form.name(row)))


class HelpForm(ChangeForm):
    """Help received."""

    day = _("帮扶日期")
    papers = _("“发放签收单”")
    kind = forms.CharField(label=_("帮扶项目"), max_length=60)
    provider = forms.CharField(label=_("提供单位"), max_length=100)
    amount = forms.DecimalField(
        label=_("金额（元）"), required=False, min_value=0, max_digits=12, decimal_places=2,
        help_text=_("实物和服务请留空，在“内容”里写明。"),
    )  # fmt: skip
    text = forms.CharField(label=_("内容"), max_length=200, required=False)

    def built(self) -> dict[str, forms.Field]:
        return {"person": _person_field(self)}

    def perform(self) -> None:
        data = self.cleaned_data
        helping.received(
            self.household,
            helping.Received(data["kind"], data["provider"], data["amount"], data["text"], _chosen(data["person"])),
            self.change, acting_officer=self.officer,
        )  # fmt: skip


class CategoryForm(ChangeForm):
    """A category begins, or one that is held ends."""

    day = _("生效日期")
    papers = _("“审批文件”“停保决定”")
    category = forms.ChoiceField(label=_("变动"))

    def built(self) -> dict[str, forms.Field]:
        held = CategoryHeld.objects.filter(household=self.household, until__isnull=True).order_by("since")
        self.held = {f"stop-{one.pk}": one for one in held}
        stop = [
            (key, _("停止：{c}").format(c=known_categories().get(one.category, one.category)))
            for key, one in self.held.items()
        ]
        start = [(code, _("开始：{c}").format(c=title)) for code, title in known_categories().items()]
        self.fields["category"].choices = [*stop, *start]  # type: ignore[attr-defined]  # a choice field
        return {"category": self.fields["category"], "person": _person_field(self)}

    def perform(self) -> None:
        data = self.cleaned_data
        held = self.held.get(data["category"])
        if held is not None:
            helping.stops(self.household, held, self.change, acting_officer=self.officer)
            return
        helping.holds(
            self.household, data["category"], self.change, person=_chosen(data["person"]), acting_officer=self.officer
        )


@requires(Right.HOUSEHOLD_EDIT)
def helped(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Help that the household received."""
    return _changing(request, pk, HelpForm, str(_("登记帮扶")))


@requires(Right.HOUSEHOLD_EDIT)
def categories(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """A category of assistance that begins or ends."""
    return _changing(request, pk, CategoryForm, str(_("登记享受类别变动")))


def _changing(request: HttpRequest, pk: uuid.UUID, kind: type[ChangeForm], title: str) -> HttpResponse:
    officer = officer_of(request)
    household = visible(officer, pk, Right.HOUSEHOLD_EDIT)
    members = Membership.objects.now().filter(household=household).select_related("person").order_by("position")
    form = kind(household, list(members), officer, request.POST or None)
    if request.method == "POST" and form.is_valid():
        with shown_in(form):
            form.perform()
            messages.success(request, _("已登记。"))
            return _back(pk)
    return _page(request, household, form, title)


def _page(request: HttpRequest, household: Household, form: ChangeForm, title: str) -> HttpResponse:
    context = {
        "title": title, "form": form, "household": household, "crumbs": [*crumbs(household, link=True), Crumb(title)]
    }  # fmt: skip
    return render_page(request, "registry/edit.html", context, status=422 if form.errors else 200)


def _person_field(form: ChangeForm) -> forms.ChoiceField:
    people = [(str(row.person_id), form.name(row)) for row in form.members]
    return forms.ChoiceField(label=_("对象"), required=False, choices=[("", _("全户")), *people])


def _chosen(text: str) -> uuid.UUID | None:
    return uuid.UUID(text) if text else None


def _back(pk: uuid.UUID) -> HttpResponse:
    return HttpResponseRedirect(reverse("registry:household", args=[pk]))
