"""What people fill in on the pages of this room."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from zhikun.accounts.models import Appointment, Officer, Organisation
from zhikun.accounts.roles import Role
from zhikun.pages.forms import DayInput, UploadField
from zhikun.places.models import Area

if TYPE_CHECKING:  # the class takes no parameter while it runs
    _OfficerField = forms.ModelChoiceField[Officer]
else:
    _OfficerField = forms.ModelChoiceField
_MOST_NAMED = 8


class OfficerChoice(_OfficerField):
    """An officer to be chosen, told from another of the same name in the same office: the account is nobody else's."""

    def label_from_instance(self, obj: Any) -> str:
        return gettext("{name}（{office}，账号 {account}）").format(
            name=obj.name, office=obj.organisation, account=obj.username
        )


class AreaField(forms.CharField):
    """An area by its 12-digit code or its name, out of those that are offered."""

    areas: QuerySet[Area] = Area.objects.none()

    def clean(self, value: Any) -> Any:
        text = "".join(str(super().clean(value)).split())
        if re.fullmatch(r"\d{12}", text):
            found = list(self.areas.filter(pk=int(text)))
        else:
            found = list(self.areas.filter(name=text)[:_MOST_NAMED]) or list(
                self.areas.filter(name__contains=text)[:_MOST_NAMED]
            )
        if len(found) == 1:
            return found[0]
        if not found:
            raise forms.ValidationError(_("您的管理范围内没有这个地区。请输入 12 位区划代码，或完整的名称。"))
        named = "、".join(f"{one.name} {one.code}" for one in found)
        raise forms.ValidationError(str(_("有几个地区都符合，请输入代码：{named}。")).format(named=named))


class OrganisationCodeField(forms.CharField):
    """An organisation by its code, out of those that are offered."""

    organisations: QuerySet[Organisation] = Organisation.objects.none()

    def clean(self, value: Any) -> Any:
        found = self.organisations.filter(code=str(super().clean(value))).first()
        if found is None:
            raise forms.ValidationError(_("您的管理范围内没有这个代码的机构。代码见“机构”页。"))
        return found


class SignInForm(forms.Form):
    """Name and password."""

    username = forms.CharField(
        label=_("账号"), max_length=40, widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True})
    )
    password = forms.CharField(
        label=_("密码"), max_length=128, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )  # fmt: skip


class CodeForm(forms.Form):
    """The code of the second factor, or a recovery code."""

    code = forms.CharField(
        label=_("动态口令或备用码"), max_length=30,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "text", "autofocus": True}),
    )  # fmt: skip


class PasswordForm(forms.Form):
    """The present password and a new one, twice."""

    current = forms.CharField(
        label=_("当前密码"), max_length=128, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )  # fmt: skip
    new = forms.CharField(
        label=_("新密码"), max_length=128, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("至少 10 个字符，不能全是数字，不能是常见密码，不能与账号或姓名相近。"),
    )  # fmt: skip
    again = forms.CharField(
        label=_("再输一次新密码"), max_length=128, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip

    def clean_again(self) -> str:
        again: str = self.cleaned_data["again"]
        if again != self.cleaned_data.get("new"):
            raise forms.ValidationError(_("两次输入的新密码不一样，请重新输入。"))
        return again


class TelephoneCodeForm(forms.Form):
    """The six digits that the telephone shows."""

    code = forms.CharField(
        label=_("手机上显示的 6 位口令"), max_length=12,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )  # fmt: skip


class SetUpForm(TelephoneCodeForm):
    """The same, with the code that an administrator gave for setting up."""

    set_up_code = forms.CharField(
        label=_("启用码"), max_length=30, widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("由系统管理员给出，给您密码的那一位除外；形如 kq4m-x7wd-9hps。"),
    )  # fmt: skip
    field_order = ("set_up_code", "code")


class OrganisationFilter(forms.Form):
    """Which organisations are listed."""

    q = forms.CharField(label=_("名称或代码"), required=False, max_length=50)
    kind = forms.ChoiceField(label=_("类型"), required=False, choices=[("", _("全部")), *Organisation.Kind.choices])
    state = forms.ChoiceField(
        label=_("状态"), required=False, choices=[("", _("全部")), ("open", _("启用")), ("closed", _("停用"))]
    )


class OfficerFilter(forms.Form):
    """Which officers are listed."""

    q = forms.CharField(label=_("姓名、账号或机构"), required=False, max_length=50)
    role = forms.ChoiceField(label=_("角色"), required=False, choices=[("", _("全部")), *Role.choices])
    state = forms.ChoiceField(
        label=_("状态"), required=False,
        choices=[("", _("全部")), ("open", _("启用")), ("closed", _("停用")), ("expired", _("已到期"))],
    )  # fmt: skip


class OrganisationForm(forms.Form):
    """A new organisation. `areas`: those in which the administrator manages accounts."""

    name = forms.CharField(label=_("机构名称"), max_length=100)
    code = forms.CharField(
        label=_("机构代码"), max_length=40, help_text=_("统一社会信用代码，或本地自编的代码；保存后不能修改。")
    )
    kind = forms.ChoiceField(label=_("类型"), choices=Organisation.Kind.choices)
    line = forms.CharField(
        label=_("部门"), required=False, max_length=20, help_text=_("协同部门写明是哪一家：医保、人社、教育……")
    )
    area = AreaField(label=_("地区"), max_length=50, help_text=_("12 位区划代码或名称；保存后不能修改。"))

    def __init__(self, *args: Any, areas: QuerySet[Area], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["area"]
        if isinstance(field, AreaField):
            field.areas = areas


class OrganisationEditForm(forms.Form):
    """What may be changed of an organisation."""

    name = forms.CharField(label=_("机构名称"), max_length=100)
    line = forms.CharField(label=_("部门"), required=False, max_length=20)


class OfficerForm(forms.Form):
    """A new account in an organisation."""

    username = forms.CharField(
        label=_("账号"), max_length=40,
        help_text=_("3 至 40 个小写字母、数字、点、横线或下划线，字母开头；不要用证件号或手机号；保存后不能修改。"),
    )  # fmt: skip
    name = forms.CharField(label=_("姓名"), max_length=50)
    expires_on = forms.DateField(
        label=_("账号到期日"), required=False, widget=DayInput, help_text=_("当天仍可使用；留空表示长期。")
    )


class OfficerEditForm(forms.Form):
    """What may be changed of an account. `organisations`: those the administrator manages."""

    name = forms.CharField(label=_("姓名"), max_length=50)
    organisation = OrganisationCodeField(
        label=_("机构代码"), max_length=40, help_text=_("改为其他机构的代码即转到该机构，委托随之终止。")
    )
    expires_on = forms.DateField(
        label=_("账号到期日"), required=False, widget=DayInput, help_text=_("当天仍可使用；留空表示长期。")
    )

    def __init__(self, *args: Any, organisations: QuerySet[Organisation], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["organisation"]
        if isinstance(field, OrganisationCodeField):
            field.organisations = organisations


class PhoneForm(forms.Form):
    """A telephone number: a new one, or none any more."""

    phone = forms.CharField(
        label=_("新的电话号码"), max_length=30, required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "tel"}),
        help_text=_("手机号码，或带区号的座机号码。加密保存，页面上只显示头尾几位。"),
    )  # fmt: skip
    remove = forms.BooleanField(label=_("删除已登记的电话"), required=False)

    def __init__(self, *args: Any, registered: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not registered:
            del self.fields["remove"]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if bool(values.get("phone")) == bool(values.get("remove")) and not self.errors:
            either = _("请填新的号码，或勾选删除，二者选一。")
            self.add_error("phone", either if "remove" in self.fields else _("请填电话号码。"))
        return values

    @property
    def wanted(self) -> str | None:
        """The new number; None where there is to be none. Of a form without faults."""
        return None if self.cleaned_data.get("remove") else self.cleaned_data["phone"]


class RoleForm(forms.Form):
    """The first question of an appointment: which role. The areas on offer depend on it."""

    role = forms.ChoiceField(label=_("角色"))

    def __init__(self, *args: Any, roles: list[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["role"]
        if isinstance(choice, forms.ChoiceField):
            choice.choices = [("", "——"), *((role.value, role.label) for role in roles)]


class AppointmentForm(forms.Form):
    """Where and how long."""

    role = forms.ChoiceField(choices=Role.choices, widget=forms.HiddenInput)
    area = forms.ModelChoiceField(
        label=_("地区"),
        queryset=Area.objects.none(),
        empty_label=_("请选择"),
        help_text=_("包括这个地区以下的全部地区。"),
    )
    begins = forms.DateField(label=_("开始日期"), required=False, widget=DayInput, help_text=_("留空表示立即开始。"))
    ends = forms.DateField(
        label=_("结束日期"), required=False, widget=DayInput, help_text=_("当天仍有效；留空表示长期。")
    )

    def __init__(self, *args: Any, areas: QuerySet[Area], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["area"]
        if isinstance(choice, forms.ModelChoiceField):
            choice.queryset = areas


class DelegationForm(forms.Form):
    """Which duty is lent, to whom, until when and why."""

    appointment = forms.ModelChoiceField(
        label=_("委托的职责"), queryset=Appointment.objects.none(), empty_label=_("请选择")
    )
    to = OfficerChoice(label=_("委托给"), queryset=Officer.objects.none(), empty_label=_("请选择"))
    ends = forms.DateField(label=_("结束日期"), widget=DayInput)
    reason = forms.CharField(label=_("理由"), max_length=200, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, duties: QuerySet[Appointment], colleagues: QuerySet[Officer], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, rows in (("appointment", duties), ("to", colleagues)):
            choice = self.fields[name]
            if isinstance(choice, forms.ModelChoiceField):
                choice.queryset = rows


class ImportForm(forms.Form):
    """A file of accounts."""

    file = UploadField(label=_("账号文件"), kinds=("xlsx", "csv"), most_megabytes=5)
