"""Opening a household's file by form: where it lives, its members, and no more than is needed to begin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.forms.formsets import BaseFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.identity.documents import TITLES as DOCUMENT_TITLES
from zhikun.identity.documents import DocumentKind
from zhikun.pages.errors import DomainError, shown_in
from zhikun.pages.forms import DayInput
from zhikun.pages.frame import Crumb
from zhikun.pages.render import render_page
from zhikun.places.models import Area
from zhikun.registry.errors import PersonElsewhere
from zhikun.registry.models import Household, Person
from zhikun.registry.relations import HEAD
from zhikun.registry.services import household as households
from zhikun.registry.services.guard import no_number_in
from zhikun.registry.services.person import Particulars, checked
from zhikun.registry.sources import SourceKind, Told
from zhikun.registry.ui.change_forms import RELATION_CHOICES, phone_field
from zhikun.registry.ui.villages import village_field

MOST = 30


class HomeForm(forms.Form):
    """Where the household lives, and from which day this is known."""

    area: forms.Field = forms.IntegerField()  # which kind of question it is, depends on how many places there are
    address = forms.CharField(label=_("详细地址"), max_length=200, required=False, help_text=_("加密保存。"))
    observed_on = forms.DateField(label=_("登记日期"), widget=DayInput)
    reason = forms.CharField(label=_("依据或说明"), max_length=200, required=False)

    def __init__(self, officer: Officer, data: Any = None) -> None:
        super().__init__(data, initial={"observed_on": timezone.localdate()})
        self.fields["area"] = village_field(officer)


class MemberForm(forms.Form):
    """One member."""

    name_of = forms.CharField(label=_("姓名"), max_length=50)
    relation = forms.ChoiceField(label=_("与户主关系"), choices=[("", "—"), *RELATION_CHOICES])
    id_kind = forms.ChoiceField(
        label=_("证件类型"), choices=[(k.value, DOCUMENT_TITLES[k]) for k in DocumentKind], required=False
    )
    id_number = forms.CharField(label=_("证件号码"), max_length=30, required=False)
    phone = phone_field()
    sex = forms.ChoiceField(label=_("性别"), required=False, choices=[("", "—"), *Person.Sex.choices])
    born_on = forms.DateField(label=_("出生日期"), required=False, widget=DayInput)

    def clean(self) -> dict[str, Any]:
        """Each member's particulars are checked on their own line: who fills in six people sees which number is wrong."""
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and cleaned.get("name_of"):
            try:
                self.particulars = checked(_particulars(cleaned))
            except DomainError as error:
                self.add_error("name_of" if error.field == "name" else "id_number", str(error))
        return cleaned


MemberFormSet: type[BaseFormSet[MemberForm]] = forms.formset_factory(
    MemberForm, extra=0, max_num=MOST, validate_max=True, min_num=1, validate_min=True, can_delete=False
)


@requires(Right.HOUSEHOLD_EDIT)
@sensitive_variables()
def register(request: HttpRequest) -> HttpResponse:
    """The form; "add a row" and "take this row away" are ordinary submits, so that it works without JavaScript."""
    officer = officer_of(request)
    if request.method != "POST":
        first = [{"relation": HEAD}]
        return _page(request, HomeForm(officer), MemberFormSet(prefix="m", initial=first))
    if "add" in request.POST or "drop" in request.POST:
        return _page(request, HomeForm(officer, request.POST), MemberFormSet(_rows(request), prefix="m"), quiet=True)
    home, members = HomeForm(officer, request.POST), MemberFormSet(request.POST, prefix="m")
    elsewhere = ""
    if home.is_valid() and members.is_valid():
        with shown_in(home):
            try:
                made = _register(officer, home, members)
            except PersonElsewhere as refused:
                elsewhere = refused.household
                raise
            messages.success(request, _("已建立 {n} 号档案。").format(n=made.number))
            return HttpResponseRedirect(reverse("registry:household", args=[made.pk]))
    return _page(request, home, members, elsewhere=elsewhere, status=422)


def _register(officer: Officer, home: HomeForm, members: BaseFormSet[MemberForm]) -> Household:
    data = home.cleaned_data
    people = [
        households.NewMember(form.particulars, form.cleaned_data["relation"]) for form in members if form.cleaned_data
    ]
    area = Area.objects.get(pk=data["area"])
    told = Told(SourceKind.OFFICER, data["observed_on"], reason=no_number_in(data["reason"]))
    return households.register(households.NewHousehold(area, people, data["address"]), told, acting_officer=officer)


def _rows(request: HttpRequest) -> Any:
    """The posted rows with one more, or without the one to drop."""
    data = request.POST.copy()
    total = data.get("m-TOTAL_FORMS", "1")
    count = min(int(total), MOST) if total.isascii() and total.isdigit() and len(total) < 4 else 1
    kept = [n for n in range(count) if str(n) != request.POST.get("drop")] or [0]
    fields = list(MemberForm.base_fields)
    values = [{name: data.get(f"m-{n}-{name}", "") for name in fields} for n in kept]
    if "add" in request.POST and len(values) < MOST:
        values.append({})
    for name in [one for one in data if one.startswith("m-")]:
        del data[name]
    data |= {"m-TOTAL_FORMS": str(len(values)), "m-INITIAL_FORMS": "0"}
    for n, row in enumerate(values):
        for name, value in row.items():
            data[f"m-{n}-{name}"] = value
    return data


def _page(
    request: HttpRequest,
    home: HomeForm,
    members: BaseFormSet[MemberForm],
    *,
    quiet: bool = False,
    elsewhere: str = "",
    status: int = 200,
) -> HttpResponse:
    """`quiet`: a row was added or dropped; nobody is told yet what is still missing."""
    if quiet:
        for form in [home, *members.forms]:
            form.full_clean()
            form.errors.clear()  # nothing was submitted yet, so nothing is wrong yet
    context = {
        "title": _("登记家庭"), "home": home, "members": members, "elsewhere": elsewhere, "full": len(members.forms) >= MOST,
        "crumbs": [Crumb(str(_("家庭档案")), reverse("registry:search")), Crumb(str(_("登记家庭")))],
    }  # fmt: skip
    return render_page(request, "registry/register.html", context, status=status)


def _particulars(cleaned: dict[str, Any]) -> Particulars:
    return Particulars(
        cleaned["name_of"], cleaned.get("id_number", ""), cleaned.get("id_kind") or DocumentKind.RESIDENT,
        cleaned.get("phone", ""), cleaned.get("sex", ""), cleaned.get("born_on"),
    )  # fmt: skip
