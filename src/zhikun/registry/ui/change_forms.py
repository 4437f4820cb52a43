"""Forms of what happens to a household and its people. Each knows its verb: `perform` calls it.

Relations are stated for whom they change: a new head changes everybody's.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.core.validators import RegexValidator
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zhikun.accounts.models import Officer
from zhikun.identity.documents import TITLES as DOCUMENT_TITLES
from zhikun.identity.documents import DocumentKind
from zhikun.pages.errors import DomainError
from zhikun.pages.forms import DayInput
from zhikun.places.models import Area
from zhikun.privacy.templatetags.privacy import masked
from zhikun.registry.models import Household, Membership, Person
from zhikun.registry.reasons import LeavingReason
from zhikun.registry.relations import HEAD, RELATIONS
from zhikun.registry.services import members as people
from zhikun.registry.services import structure
from zhikun.registry.services.change import Change
from zhikun.registry.services.guard import no_number_in
from zhikun.registry.services.household import NewMember
from zhikun.registry.services.person import Particulars
from zhikun.registry.ui.villages import village_field
from zhikun.registry.vocabulary import entity_title

RELATION_CHOICES = [(code, f"{code} {title}") for code, title in RELATIONS.items()]
OTHERS = [(code, title) for code, title in RELATION_CHOICES if code not in {HEAD, "01"}]
#: Stands first where a choice that somebody only forgot to make would be a wrong one: who died, how a new member is related.
CHOOSE = ("", _("请选择"))
_PHONE = r"^\s*(\+?86[\s-]?)?(1\d{2}[\s-]?\d{4}[\s-]?\d{4}|(0\d{2,3}[\s-]?)?\d{7,8}([\s-]\d{1,6})?|[48]00[\s-]?\d{3}[\s-]?\d{4})\s*$"
_RELATION, _GOES = "relation-", "goes-"


def called(row: Membership) -> str:
    """How a member is called where their facts or particulars are changed: 马**（户主）."""
    return f"{masked(row.person, 'name')}（{RELATIONS.get(row.relation, row.relation)}）"


def phone_field() -> forms.CharField:
    """A telephone number: one digit too few is found here, not when somebody has to be reached."""
    wrong = _("这不是一个电话号码。请填 11 位手机号或带区号的固定电话；没有电话就留空。")
    return forms.CharField(
        label=_("电话"), max_length=30, required=False, validators=[RegexValidator(_PHONE, wrong)],
        widget=forms.TextInput(attrs={"inputmode": "tel"}),
    )  # fmt: skip


class ChangeForm(forms.Form):
    """When it happened and why. `title` and `intro` stand above it.

    `day` names the date where one word says it better; `papers` are what people usually show for such a change.
    """

    title: ClassVar[str | Promise] = ""
    intro: ClassVar[str | Promise] = ""
    day: ClassVar[str | Promise] = _("发生日期")
    papers: ClassVar[str | Promise] = _("“户口簿变更”")
    on = forms.DateField(widget=DayInput)
    reason = forms.CharField(label=_("理由和依据"), max_length=200)
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, household: Household, members: list[Membership], officer: Officer, data: Any = None) -> None:
        super().__init__(data, initial={"on": timezone.localdate(), "version": household.version})
        self.household, self.members, self.officer = household, members, officer
        self.fields["on"].label = str(self.day)
        self.fields["reason"].help_text = _("如{papers}。不要写姓名和号码。").format(papers=self.papers)
        own = self.built()
        common = {name: self.fields[name] for name in ("on", "reason", "version")}
        self.fields = {**own, **{name: one for name, one in self.fields.items() if name not in common}, **common}

    def built(self) -> dict[str, forms.Field]:
        """Fields made from the household as it is now; they stand first."""
        return {}

    @property
    def change(self) -> Change:
        """Day, reason and version as typed. Raises DomainError for a reason with a number in it."""
        data = self.cleaned_data
        return Change(data["on"], no_number_in(data["reason"]), data["version"])

    def perform(self) -> Household | None:
        """Do it; answers with the household to show next, if it is another one. Raises DomainError."""
        raise NotImplementedError

    def name(self, row: Membership) -> str:
        """How a member is called on this form."""
        return called(row)

    def relations(self, *, besides: uuid.UUID | None = None, blank: bool = True) -> dict[str, forms.Field]:
        """A field for each member's relation."""
        return {
            f"{_RELATION}{row.person_id}": forms.ChoiceField(
                label=_("{n}：办理后与户主关系").format(n=self.name(row)), required=not blank, initial=row.relation,
                choices=([("", str(_("不变")))] if blank else []) + RELATION_CHOICES,
            )
            for row in self.members
            if row.person_id != besides
        }  # fmt: skip

    def stated(self, prefix: str = _RELATION) -> dict[uuid.UUID, str]:
        """The relations that were stated."""
        return {
            uuid.UUID(name.removeprefix(prefix)): value
            for name, value in self.cleaned_data.items()
            if name.startswith(prefix) and value
        }

    def one_member(self, label: Any) -> forms.ChoiceField:
        """A choice of one member."""
        rows = [(str(row.person_id), self.name(row)) for row in self.members]
        return forms.ChoiceField(label=label, choices=[CHOOSE, *rows])


class ArrivalForm(ChangeForm):
    """Somebody comes into the household."""

    name_of = forms.CharField(label=_("姓名"), max_length=50)
    id_kind = forms.ChoiceField(label=_("证件类型"), choices=[(k.value, DOCUMENT_TITLES[k]) for k in DocumentKind])
    id_number = forms.CharField(label=_("证件号码"), max_length=30, required=False)
    phone = phone_field()
    relation = forms.ChoiceField(label=_("与户主关系"), choices=[CHOOSE, *OTHERS])

    def new(self) -> NewMember:
        data = self.cleaned_data
        given = Particulars(
            data["name_of"], data["id_number"], data["id_kind"], data["phone"], data.get("sex", ""), data.get("born_on")
        )
        return NewMember(given, data["relation"])


class JoinForm(ArrivalForm):
    """Adding a member."""

    title = _("成员加入")
    intro = _("已在管辖范围内另一户的人，填证件号码后会从原户转来，情况一并带来。")
    papers = _("“户口簿”“收养登记证”")

    def perform(self) -> None:
        people.joins(self.household, self.new(), self.change, acting_officer=self.officer)


class MarryForm(ArrivalForm):
    """Marriage."""

    title = _("结婚")
    intro = _("配偶迁入本户。配偶如果是原来那一户的户主，须先在那一户变更户主。")
    papers = _("“结婚证”")

    def perform(self) -> None:
        people.marries(self.household, self.new(), self.change, acting_officer=self.officer)


class BirthForm(ArrivalForm):
    """Birth."""

    title = _("出生")
    intro = _("还没有证件号码的可以留空，以后再更正。")
    day = _("出生日期")
    papers = _("“出生医学证明”")
    sex = forms.ChoiceField(label=_("性别"), choices=[CHOOSE, *Person.Sex.choices])

    def perform(self) -> None:
        people.born(self.household, self.new(), self.change, acting_officer=self.officer)


class LeaveForm(ChangeForm):
    """Somebody leaves."""

    title = _("成员离开")
    intro = _("自己另立一户的请办“分户”。户主离开时，请在下面选出新户主并重新填写其他人的关系。")
    papers = _("“户口迁移证”“判决书”")
    why = forms.ChoiceField(label=_("离开的原因"), choices=[CHOOSE, *LeavingReason.choices])

    def built(self) -> dict[str, forms.Field]:
        return {"person": self.one_member(_("离开的成员")), **self.relations()}

    def perform(self) -> None:
        person = uuid.UUID(self.cleaned_data["person"])
        people.leaves(
            self.household, person, self.cleaned_data["why"], self.change, staying=_without(self.stated(), person),
            acting_officer=self.officer,
        )  # fmt: skip


class DeathForm(ChangeForm):
    """Somebody died."""

    title = _("死亡")
    intro = _("户主死亡时，请在下面选出新户主并重新填写其他人的关系；最后一位成员死亡后档案自动销户。")
    day = _("死亡日期")
    papers = _("“死亡证明”“户口注销证明”")

    def built(self) -> dict[str, forms.Field]:
        return {"person": self.one_member(_("死亡的成员")), **self.relations()}

    def perform(self) -> None:
        person = uuid.UUID(self.cleaned_data["person"])
        people.died(
            self.household, person, self.change, staying=_without(self.stated(), person), acting_officer=self.officer
        )


class HeadForm(ChangeForm):
    """Another head."""

    title = _("变更户主")
    intro = _("与户主关系都以户主为准，换了户主，每个人的关系都要重新填写。")

    def built(self) -> dict[str, forms.Field]:
        return self.relations(blank=False)

    def perform(self) -> None:
        structure.change_head(self.household, self.stated(), self.change, acting_officer=self.officer)


class PlacedForm(ChangeForm):
    """A form with a place to live."""

    outside = False

    def built(self) -> dict[str, forms.Field]:
        return {
            "area": village_field(
                self.officer, required=not self.outside, lived_in=self.household.area_id,
                blank=_("（在下面填区划代码）") if self.outside else "—",
            ),
            "address": forms.CharField(label=_("详细地址"), max_length=200, required=False, help_text=_("加密保存。")),
        }  # fmt: skip

    def home(self) -> structure.Home:
        """Where they live from now on."""
        code = self.cleaned_data.get("code") or self.cleaned_data.get("area")
        area = Area.objects.filter(pk=int(code)).first() if code else None
        if area is None:
            raise DomainError(
                str(_("没有这个地区。")), remedy=str(_("请选择村（社区），或核对 12 位区划代码。")), field="area"
            )
        return structure.Home(area, self.cleaned_data["address"])


class SplitForm(PlacedForm):
    """Some members found a household of their own."""

    title = _("分户")
    intro = _(
        "勾选分出去的成员，并填写他们与新户户主的关系（新户户主选“02 户主”）；留下的成员如果换了户主，也要改。"
        "成员自己的情况随人带走；户级的收入支出留在原户，不会两边都算，新户请重新登记。"
    )

    def built(self) -> dict[str, forms.Field]:
        fields: dict[str, forms.Field] = {}
        for row in self.members:
            fields[f"{_GOES}{row.person_id}"] = forms.BooleanField(
                label=_("{n} 分出去").format(n=self.name(row)), required=False
            )
            fields |= {name: field for name, field in self.relations().items() if name.endswith(str(row.person_id))}
        things = [(f"{e} {r}", f"{entity_title(e)} {r}") for e, r in structure.things_of(self.household)]
        if things:
            fields["things"] = forms.MultipleChoiceField(
                label=_("随走的财物"), choices=things, required=False, widget=forms.CheckboxSelectMultiple
            )
        return {**fields, **super().built()}

    def perform(self) -> Household:
        going = {
            uuid.UUID(name.removeprefix(_GOES))
            for name, on in self.cleaned_data.items()
            if name.startswith(_GOES) and on
        }
        stated = self.stated()
        now = {row.person_id: row.relation for row in self.members}
        rows = [
            (entity, row) for entity, _space, row in (t.partition(" ") for t in self.cleaned_data.get("things", []))
        ]
        return structure.split(
            self.household, {person: stated.get(person, now[person]) for person in going}, self.home(), self.change,
            staying={person: relation for person, relation in stated.items() if person not in going},
            rows=rows, acting_officer=self.officer,
        )  # fmt: skip


class MergeForm(ChangeForm):
    """The whole household joins another."""

    title = _("并户")
    intro = _(
        "本户全部成员并入另一户，本户档案停用，只供查阅。成员和财物的情况一并带去；户级的收入支出不带，请在那一户重新登记。"
        "关系填与那一户户主的关系。"
    )

    def built(self) -> dict[str, forms.Field]:
        into = forms.CharField(label=_("并入的户编号"), max_length=40)
        fields = self.relations(blank=False)
        for field in fields.values():
            field.choices = [CHOOSE, *OTHERS]  # type: ignore[attr-defined]  # a choice field
            field.initial = ""
        return {"into": into, **fields}  # to whom they are related is asked after who that is

    def perform(self) -> Household:
        into = Household.objects.visible_to(self.officer).filter(number=self.cleaned_data["into"].strip()).first()
        if into is None:
            raise DomainError(str(_("管辖范围内没有这个户编号。")), remedy=str(_("请核对户编号。")), field="into")
        return structure.merge(self.household, into, self.stated(), self.change, acting_officer=self.officer)


class MoveForm(PlacedForm):
    """The household lives elsewhere."""

    title = _("迁移")
    intro = _("迁到管辖范围以外的，填那里村（社区）的 12 位区划代码；迁走以后由那里办理，您将看不到这份档案。")
    papers = _("“户口迁移证”“租房合同”")
    outside = True
    code = forms.CharField(
        label=_("区划代码（迁往外地时填）"), required=False, max_length=20,
        validators=[RegexValidator(r"^\d{12}$", _("区划代码应为 12 位数字。请核对位数，不要填地名。"))],
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )  # fmt: skip

    def perform(self) -> Household:
        return structure.move(self.household, self.home(), self.change, acting_officer=self.officer)


class CloseForm(ChangeForm):
    """The file is closed."""

    title = _("销户")
    intro = _("档案停用，只供查阅；正在享受的类别同日停止。以后可以恢复。")
    papers = _("“全户迁出”“户口注销证明”")

    def perform(self) -> None:
        structure.close(self.household, self.change, acting_officer=self.officer)


class ReopenForm(ChangeForm):
    """A closed file is used again."""

    title = _("恢复档案")
    intro = _("销户时的成员回到本户；已去世的和已在别的户里的除外。")
    papers = _("“销户有误”")

    def perform(self) -> None:
        structure.reopen(self.household, self.change, acting_officer=self.officer)


#: Kind in the address -> form, in the order in which they are offered.
CHANGES: Mapping[str, type[ChangeForm]] = {
    "join": JoinForm, "birth": BirthForm, "marry": MarryForm, "leave": LeaveForm, "death": DeathForm, "head": HeadForm,
    "split": SplitForm, "merge": MergeForm, "move": MoveForm, "close": CloseForm, "reopen": ReopenForm,
}  # fmt: skip


def _without(relations: dict[uuid.UUID, str], person: uuid.UUID) -> dict[uuid.UUID, str]:
    return {one: relation for one, relation in relations.items() if one != person}
