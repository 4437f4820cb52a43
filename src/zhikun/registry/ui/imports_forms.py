"""The form with which a file is uploaded."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.pages.forms import DayInput, UploadField
from zhikun.places.models import Area, Level
from zhikun.registry.services import importing_files as files


class UploadForm(forms.Form):
    """Which file, of which area, of which day."""

    file = UploadField(
        label=_("调查表"), kinds=("xlsx", "csv", "zip", "parquet"),
        most_megabytes=files.MOST_BYTES // (1024 * 1024),
    )  # fmt: skip
    area = forms.TypedChoiceField(label=_("导入到哪个地区"), coerce=int)
    observed_on = forms.DateField(
        label=_("情况日期"),
        widget=DayInput,
        help_text=_("入户调查或登记的日期。表里的日期不能晚于这一天。"),
    )

    def __init__(self, officer: Officer, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.areas = {area.pk: area for area in areas_of(officer)}
        choices = [(code, area.name) for code, area in self.areas.items()]
        cast("forms.TypedChoiceField", self.fields["area"]).choices = choices


def areas_of(officer: Officer) -> list[Area]:
    """The areas for which the officer may import: those of the appointments and the townships in them."""
    ranges = officer.reach(Right.HOUSEHOLD_IMPORT)
    found = Area.objects.in_force(timezone.localdate()).within(ranges)
    return list(found.filter(level__gte=Level.COUNTY, level__lte=Level.TOWNSHIP).order_by("code"))
