"""What is asked on the pages of runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.assessments.services.run import OLDEST
from zhikun.pages.forms import DayInput
from zhikun.places.models import Area
from zhikun.registry.selectors.places import offered
from zhikun.registry.vocabulary import packs_in_force


class StartForm(forms.Form):
    """Which area, as of which day."""

    area = forms.TypedChoiceField(label=gettext_lazy("地区"), coerce=int)
    on = forms.DateField(
        label=gettext_lazy("评估日"), widget=DayInput,
        help_text=gettext_lazy("年龄、期限和当时有效的标准按这一天计算；家庭情况按现在的档案。"),
    )  # fmt: skip

    pack = forms.ChoiceField(
        label=gettext_lazy("政策包"), required=False,
        help_text=gettext_lazy("别的政策包只读取同样的记录；它问而本地没有记录的情况是未知。"),
    )  # fmt: skip

    def __init__(self, officer: Officer, data: Any = None) -> None:
        super().__init__(data, initial={"on": timezone.localdate()})
        packs = packs_in_force()
        if len(packs) > 1:
            told = [(name, f"{pack.title} {pack.version}") for name, pack in packs.items()]
            self.fields["pack"].choices = told  # type: ignore[attr-defined]  # a choice field
        else:
            del self.fields["pack"]
        choices = [(one.code, one.title) for one in offered(officer, None, Right.ASSESSMENT_RUN)]
        self.fields["area"].choices = choices  # type: ignore[attr-defined]  # a choice field
        self.areas = Area.objects.in_bulk([code for code, _title in choices])

    def clean_on(self) -> date:
        """A day that has come."""
        on: date = self.cleaned_data["on"]
        if on > timezone.localdate():
            raise forms.ValidationError(_("评估日不能晚于今天。"))
        return on

    def clean(self) -> dict[str, Any]:
        """A day that the pack speaks of."""
        told = super().clean() or self.cleaned_data
        told["pack"] = told.get("pack") or next(iter(packs_in_force()))
        first = max(packs_in_force()[told["pack"]].first_day, timezone.localdate() - OLDEST)
        if told.get("on") is not None and told["on"] < first:
            self.add_error("on", _("评估日不能早于 {d}：政策包没有那时的标准。").format(d=first.isoformat()))
        return told


class ListForm(forms.Form):
    """What a list of results is narrowed down to; it stands in the address."""

    place = forms.TypedChoiceField(label=gettext_lazy("地区"), required=False, coerce=int, empty_value=None)
    category = forms.ChoiceField(label=gettext_lazy("类别"), required=False)
    flag = forms.ChoiceField(label=gettext_lazy("须由人确认"), required=False)
    decided = forms.ChoiceField(label=gettext_lazy("提示的认定"), required=False)
    missing = forms.ChoiceField(label=gettext_lazy("还缺的情况"), required=False)
    undetermined = forms.BooleanField(label=gettext_lazy("只看尚不能确定"), required=False)
    #: The further conditions of a figure; they are taken away one by one on the page.
    which = forms.Field(required=False, widget=forms.MultipleHiddenInput)

    def __init__(self, data: Any, choices: dict[str, Sequence[tuple[Any, str]]]) -> None:
        super().__init__(data)
        for name, told in choices.items():
            self.fields[name].choices = [("", _("全部")), *told]  # type: ignore[attr-defined]  # choice fields


class PlaceForm(forms.Form):
    """The place that a page is cut to; it stands in the address."""

    place = forms.TypedChoiceField(label=gettext_lazy("地区"), required=False, coerce=int, empty_value=None)

    def __init__(self, data: Any, places: Sequence[tuple[Any, str]]) -> None:
        super().__init__(data)
        self.fields["place"].choices = [("", _("全部管辖地区")), *places]  # type: ignore[attr-defined]  # a choice field
