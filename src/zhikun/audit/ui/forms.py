"""What the record is searched for, and why it is exported."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, cast

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhikun.audit import names
from zhikun.audit.registry import known
from zhikun.audit.selectors import LONGEST_DAYS, Criteria, officers_called
from zhikun.pages.forms import DayInput

_NAMED = 3
_KINDS = [("", gettext_lazy("查看和变更")), ("looks", gettext_lazy("只看查看")), ("acts", gettext_lazy("只看变更"))]
_WEEK = 7


class SearchForm(forms.Form):
    """The conditions; they stand in the address."""

    officer = forms.CharField(label=gettext_lazy("人员（账号或姓名）"), required=False, max_length=50)
    household = forms.CharField(label=gettext_lazy("户编号"), required=False, max_length=40)
    area = forms.CharField(label=gettext_lazy("地区（名称或代码）"), required=False, max_length=50)
    event = forms.ChoiceField(label=gettext_lazy("事项"), required=False)
    kind = forms.ChoiceField(label=gettext_lazy("查看或变更"), required=False, choices=_KINDS)
    since = forms.DateField(label=gettext_lazy("从"), required=False, widget=DayInput)
    until = forms.DateField(label=gettext_lazy("到"), required=False, widget=DayInput)
    all = forms.BooleanField(label=gettext_lazy("包括登录失败、留痕查询等日常记录"), required=False)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        listed = sorted((str(event.sentence).replace("{subject}", "").strip(), event.code) for event in known())
        field = cast("forms.ChoiceField", self.fields["event"])
        field.choices = [("", _("全部")), *((code, text) for text, code in listed)]

    def clean_officer(self) -> tuple[Any, ...] | None:
        text = self.cleaned_data["officer"]
        return officers_called(text) if text else None

    def clean_area(self) -> tuple[int, int] | None:
        text = self.cleaned_data["area"]
        if not text:
            return None
        found = names.find_areas(text)
        if not found:
            raise forms.ValidationError(_("没有叫“{t}”的地区。请写全名称，或写区划代码。").format(t=text))
        if len(found) > 1:
            some = "、".join(one.name for one in found[:_NAMED])
            raise forms.ValidationError(
                _("“{t}”有 {n} 个（{s}…），请写区划代码。").format(t=text, n=len(found), s=some)
            )
        return found[0].first, found[0].last

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        since, until = values.get("since"), values.get("until")
        if since and until and until < since:
            self.add_error("until", _("结束日期早于开始日期。"))
        return values

    def criteria(self) -> Criteria:
        """What a form without faults means."""
        values = self.cleaned_data
        number = values["household"]
        household = names.find_household(number) if number else None
        return Criteria(
            officers=values["officer"], event=values["event"], household=household,
            subject=number if number and household is None else "", area=values["area"], since=values["since"],
            until=values["until"], looks={"looks": True, "acts": False}.get(values["kind"]), noise=values["all"],
        )  # fmt: skip


class PeriodForm(forms.Form):
    """The days whose looks are counted; the last seven unless told."""

    since = forms.DateField(label=gettext_lazy("从"), required=False, widget=DayInput)
    until = forms.DateField(label=gettext_lazy("到"), required=False, widget=DayInput)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        until = values.get("until") or timezone.localdate()
        since = values.get("since") or until - timedelta(days=_WEEK - 1)
        if until < since:
            self.add_error("until", _("结束日期早于开始日期。"))
        elif until - since >= timedelta(days=LONGEST_DAYS):
            self.add_error("since", _("一次最多看 {n} 天，请缩短。").format(n=LONGEST_DAYS))
        return {"since": since, "until": until}

    def days(self) -> tuple[date, date]:
        """The first and the last day, of a form without faults."""
        return self.cleaned_data["since"], self.cleaned_data["until"]


class ExportForm(forms.Form):
    """Why entries leave the platform."""

    reason = forms.CharField(
        label=gettext_lazy("导出理由"), max_length=200, help_text=gettext_lazy("写明用途和依据，会记入留痕。")
    )
