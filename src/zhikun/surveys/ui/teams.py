"""Forming a team: who is offered for each of its three parts, and under which contract it works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.forms import OfficerChoice
from zhikun.accounts.models import Appointment, Officer, Organisation
from zhikun.accounts.roles import Right, Role
from zhikun.pages.errors import shown_in
from zhikun.places.codes import above
from zhikun.places.models import Area, Level
from zhikun.registry.models.household import within
from zhikun.surveys.models import Engagement, TeamMember
from zhikun.surveys.services import rounds
from zhikun.surveys.ui.office import choose, form_page

if TYPE_CHECKING:  # the class takes no parameter while it runs
    _AreaField = forms.ModelChoiceField[Area]
    _EngagementField = forms.ModelChoiceField[Engagement]
else:
    _AreaField = _EngagementField = forms.ModelChoiceField
Part = TeamMember.Part
_CENTRE = (Organisation.Kind.TOWNSHIP, Organisation.Kind.BUREAU)


class AreaChoice(_AreaField):
    """An area, set in as deep as it lies below the first one: 300 villages in a row tell nobody where each belongs."""

    top = Level.COUNTY

    def label_from_instance(self, obj: Any) -> str:
        return "\u3000" * max(0, obj.level - self.top) + str(obj)


class EngagementChoice(_EngagementField):
    """A contract as those who signed it tell it from another: one firm has one in each township, and a new one each year."""

    def label_from_instance(self, obj: Any) -> str:
        number = _("合同 {n}").format(n=obj.contract) if obj.contract else ""
        return "·".join(str(part) for part in (obj.firm, obj.area, number, f"{obj.begins} — {obj.ends}") if part)


class TeamForm(forms.Form):
    """A team of three: one field for each part."""

    title = forms.CharField(label=gettext_lazy("小组名称"), max_length=60)
    area = AreaChoice(
        label=gettext_lazy("地区"), queryset=Area.objects.none(),
        help_text=gettext_lazy("小组在这个地区入户：一般选乡镇（街道），也可以只选一个村。"),
    )  # fmt: skip
    engagement = EngagementChoice(
        label=gettext_lazy("第三方委托"), queryset=Engagement.objects.none(), required=False,
        help_text=gettext_lazy("由第三方承担的小组请选择，按完成户数结算。"),
    )  # fmt: skip

    def __init__(self, officer: Officer, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reach = officer.reach(Right.SURVEY_MANAGE)
        areas = Area.objects.within(reach).in_force(timezone.localdate())
        areas = areas.filter(level__in=(Level.COUNTY, Level.TOWNSHIP, Level.VILLAGE))
        field = self.fields["area"]
        if isinstance(field, AreaChoice):
            field.top = Level(areas.order_by("level").values_list("level", flat=True).first() or Level.COUNTY)
        choose(self, "area", areas)
        today = timezone.localdate()
        choose(
            self,
            "engagement",
            Engagement.objects.usable_by(officer).filter(ends__gte=today).select_related("firm", "area"),
        )
        for part, title in Part.choices:
            self.fields[part] = OfficerChoice(label=title, queryset=Officer.objects.none(), required=False)
            choose(self, part, fit_for(Part(part), officer))

    def members(self) -> dict[Officer, str]:
        """{officer: part} of those chosen."""
        return {self.cleaned_data[part]: part for part in Part.values if self.cleaned_data.get(part)}

    def clean(self) -> dict[str, Any] | None:
        told = super().clean() or {}
        chosen = [told[part] for part in Part.values if told.get(part)]
        for who in {one for one in chosen if chosen.count(one) > 1}:
            text = _("{who}选了两次。请在另一栏换一个人，或把那一栏留空。").format(who=who.name)
            raise forms.ValidationError(text)
        return told


def fit_for(part: Part, officer: Officer) -> QuerySet[Officer]:
    """Who may stand in a part: appointed to survey where the officer manages surveys, or in an area around it.

    A surveyor whom a county's firm sends works in every township; a township that forms a team must find them.
    """
    reach = officer.reach(Right.SURVEY_MANAGE)
    around = {code for one in reach for code in above(one.first)}
    held = Appointment.objects.in_force(timezone.now())
    held = held.filter(within("area_id", reach) | Q(area_id__in=around))
    office = {Part.TOWNSHIP: _CENTRE, Part.VILLAGE: (Organisation.Kind.VILLAGE,)}
    surveyor = Q(role=Role.SURVEYOR)
    if part == Part.SOCIAL:
        fits = surveyor & ~Q(officer__organisation__kind__in=[kind for kinds in office.values() for kind in kinds])
    else:
        own = Role.TOWNSHIP_CLERK if part == Part.TOWNSHIP else Role.VILLAGE_ASSISTANT
        fits = Q(role=own) | surveyor & Q(officer__organisation__kind__in=office[part])
    found = Officer.objects.filter(pk__in=held.filter(fits).values("officer_id"), is_active=True)
    return found.select_related("organisation").order_by("organisation__name", "name")


@requires(Right.SURVEY_MANAGE)
def new_team(request: HttpRequest) -> HttpResponse:
    """Form a team."""
    officer = officer_of(request)
    form = TeamForm(officer, request.POST or None)
    if request.method == "POST" and form.is_valid():
        with shown_in(form):
            told = form.cleaned_data
            made = rounds.form_team(
                told["title"], told["area"], form.members(), engagement=told["engagement"], acting_officer=officer
            )
            messages.success(request, _("已组成“{title}”。到轮次页面上给它分派家庭。").format(title=made.title))
            return HttpResponseRedirect(resolve_url("surveys:rounds"))
    return form_page(request, _("组成入户小组"), form, _("组成"), (_("调查轮次"), reverse("surveys:rounds")))
