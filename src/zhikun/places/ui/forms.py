"""The files that an administrator imports."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhikun.pages.forms import UploadField

_KINDS = ("csv", "xlsx")
_MEGABYTES = 20


class SearchForm(forms.Form):
    """A name, an old name or a code."""

    q = forms.CharField(label=gettext_lazy("名称或代码（含旧的）"), required=False, max_length=50)


class ImportForm(forms.Form):
    """A file of areas, a file of changes, or both."""

    areas = UploadField(label=gettext_lazy("区划文件"), kinds=_KINDS, most_megabytes=_MEGABYTES, required=False)
    changes = UploadField(label=gettext_lazy("变更文件"), kinds=_KINDS, most_megabytes=_MEGABYTES, required=False)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.errors and not values.get("areas") and not values.get("changes"):
            raise forms.ValidationError(_("请至少选择一个文件。"))
        return values
