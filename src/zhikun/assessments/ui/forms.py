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
from zhikun.engine.packs.model import Pack
from zhikun.pages.forms import DayInput
from zhikun.places.models import Area
from zhikun.registry.selectors.places import offered


class StartForm(forms.Form):
    """Which area, as of which day."""

    area = forms.TypedChoiceField(label=gettext_lazy("地区"), coerce=int)
    on = forms.DateField(
        label=gettext_lazy("评估日"), widget=DayInput,
        help_text=gettext_lazy("年龄、期限和当时有效的标准按这一天计算；家庭情况按现在的档案。"),
    )  # fmt: skip

    def __init__(self, officer: Officer, pack: Pack, data: Any = None) -> None:
        super().__init__(data, initial={"on": timezone.localdate()})
        self._first_day = pack.first_day
        choices = [(one.code, one.title) for one in offered(officer, None, Right.ASSESSMENT_RUN)]
        self.fields["area"].choices = choices  # type: ignore[attr-defined]  # a choice field
        self.areas = Area.objects.in_bulk([code for code, _title in choices])

    def clean_on(self) -> date:
        """A day that the pack speaks of, and that has come."""
        on: date = self.cleaned_data["on"]
        today = timezone.localdate()
        if on > today:
            raise forms.ValidationError(_("评估日不能晚于今天。"))
        if on < max(self._first_day, today - OLDEST):
            first = max(self._first_day, today - OLDEST)
            raise forms.ValidationError(_("评估日不能早于 {d}：政策包没有那时的标准。").format(d=first.isoformat()))
        return on


class ListForm(forms.Form):
    """What a list of results is narrowed down to; it stands in the address."""

    place = forms.TypedChoiceField(label=gettext_lazy("地区"), required=False, coerce=int, empty_value=None)
    category = forms.ChoiceField(label=gettext_lazy("类别"), required=False)
    flag = forms.ChoiceField(label=gettext_lazy("须由人确认"), required=False)
    missing = forms.ChoiceField(label=gettext_lazy("还缺的情况"), required=False)
    undetermined = forms.BooleanField(label=gettext_lazy("只看尚不能确定"), required=False)

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
