"""How forms are drawn, and the fields that the platform adds to Django's.

With `FORM_RENDERER = "zhikun.pages.forms.FormRenderer"` every form and field is drawn by components/form.html and
components/field.html: label, help and errors tied to the field, so that a screen reader says all three.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.forms.renderers import DjangoTemplates
from django.utils.translation import gettext as _

MEGABYTE = 1024 * 1024


class FormRenderer(DjangoTemplates):
    """Draws every form of the platform."""

    form_template_name = "components/form.html"
    field_template_name = "components/field.html"


class DayInput(forms.DateInput):
    """A day, with the calendar that the browser brings along."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class UploadField(forms.FileField):
    """A file of given kinds up to a size. Checks name and size; what is inside is for the verb that takes it.

    `kinds` are endings without the dot; `capture` opens the camera of a phone at once.
    """

    def __init__(
        self, *, kinds: tuple[str, ...], most_megabytes: int = 10, capture: bool = False, **kwargs: Any
    ) -> None:
        self.kinds = kinds
        self.most_bytes = most_megabytes * MEGABYTE
        kwargs.setdefault(
            "help_text",
            _("可以上传 {kinds} 文件，每个不超过 {n} MB。").format(kinds="、".join(kinds), n=most_megabytes),
        )
        super().__init__(**kwargs)
        self.widget.attrs |= {
            "accept": ",".join(f".{kind}" for kind in kinds),
            "data-most-bytes": self.most_bytes,
            "data-too-large": _("文件超过 {n} MB 的上限，请压缩或分成几个文件。").format(n=most_megabytes),
        }
        if {"jpg", "png", "webp"} & set(kinds):
            self.widget.attrs["data-preview"] = _("所选照片的预览")
        if capture:
            self.widget.attrs["capture"] = "environment"

    def clean(self, data: Any, initial: Any = None) -> Any:
        file = super().clean(data, initial)
        if isinstance(file, UploadedFile):
            self._check(file)
        return file

    def _check(self, file: UploadedFile[Any]) -> None:
        ending = PurePath(file.name or "").suffix.lower().lstrip(".")
        if ending not in self.kinds:
            raise forms.ValidationError(
                _("不能上传这种文件。请选择 {kinds} 文件；如果是别的格式，请先另存为其中一种。").format(
                    kinds="、".join(self.kinds)
                )
            )
        if (file.size or 0) > self.most_bytes:
            raise forms.ValidationError(
                _("文件有 {size:.1f} MB，超过了 {most} MB 的上限。请压缩或分成几个文件后再上传。").format(
                    size=(file.size or 0) / MEGABYTE, most=self.most_bytes // MEGABYTE
                )
            )
