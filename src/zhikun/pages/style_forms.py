"""The forms of the style page: a search, and every kind of field, empty and with faults."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from zhikun.pages.forms import DayInput, UploadField


class Filters(forms.Form):
    """An example of a search."""

    name = forms.CharField(label=_("姓名或拼音"), required=False)
    township = forms.ChoiceField(
        label=_("乡镇"),
        required=False,
        choices=[("", _("全部")), ("1", _("桃源镇")), ("2", _("武陵乡"))],
    )
    since = forms.DateField(label=_("登记日期不早于"), required=False, widget=DayInput)


class Example(forms.Form):
    """An example of a form with every kind of field."""

    name = forms.CharField(label=_("姓名"), max_length=50, help_text=_("与身份证一致，少数民族姓名写全。"))
    relation = forms.ChoiceField(
        label=_("与户主关系"),
        choices=[("01", _("本人或户主")), ("10", _("配偶")), ("20", _("子"))],
    )
    born = forms.DateField(label=_("出生日期"), widget=DayInput)
    health = forms.ChoiceField(
        label=_("健康状况"),
        widget=forms.RadioSelect,
        choices=[
            ("well", _("健康")),
            ("chronic", _("慢性病")),
            ("serious", _("大病")),
        ],
    )
    income = forms.DecimalField(
        label=_("月收入（元）"),
        min_value=0,
        required=False,
        help_text=_("不清楚的请留空，不要填 0。"),
    )
    photo = UploadField(label=_("户口簿照片"), kinds=("jpg", "jpeg", "png"), capture=True, required=False)
    note = forms.CharField(label=_("备注"), widget=forms.Textarea(attrs={"rows": 3}), required=False)
    agreed = forms.BooleanField(label=_("已向本人说明并取得授权"))

    def clean(self) -> dict[str, Any] | None:
        if self.data.get("name") == WRONG["name"]:
            raise forms.ValidationError(_("这个人已经是武陵乡另一户的成员。请先核对，再从那一户迁入。"))
        return super().clean()


WRONG = {"name": "赵生成", "relation": "99", "born": "", "income": "-5", "health": ""}
