"""The form with which a list is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.registry.models import Export
from zhikun.registry.services.exporting_columns import columns_offered


class ExportForm(forms.Form):
    """Which columns, as what, what for. `further`: columns of the list's own."""

    columns = forms.MultipleChoiceField(
        label=_("要哪些列"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("请至少选择一列。")},
    )
    format = forms.ChoiceField(label=_("格式"), choices=Export.Format.choices)
    purpose = forms.CharField(
        label=_("用途"), max_length=200,
        help_text=_("写明做什么用，如“11 月低保动态管理入户核查”。用途会印在文件里，并留痕。"),
    )  # fmt: skip
    unmasked = forms.BooleanField(
        label=_("需要完整的姓名、证件号码、电话和地址"), required=False,
        help_text=_("不勾选时按规定遮盖。每一户都会记下谁、为什么看了完整信息。"),
    )  # fmt: skip
    unmasked_why = forms.CharField(label=_("需要完整信息的理由"), max_length=200, required=False)

    def __init__(self, officer: Officer, *args: Any, further: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = {**columns_offered(), **(further or {})}
        cast("forms.MultipleChoiceField", self.fields["columns"]).choices = list(offered.items())
        if not officer.may(Right.HOUSEHOLD_UNMASK):
            del self.fields["unmasked"], self.fields["unmasked_why"]

    @property
    def why(self) -> str | None:
        """The reason for full particulars; None: masked."""
        return self.cleaned_data.get("unmasked_why", "") if self.cleaned_data.get("unmasked") else None
