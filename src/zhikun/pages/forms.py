"""How forms are drawn, and the fields that the platform adds to Django's.

With `FORM_RENDERER = "zhikun.pages.forms.FormRenderer"` every form and field is drawn by components/form.html and
components/field.html: label, help and errors tied to the field, so that a screen reader says all three.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.forms.renderers import DjangoTemplates
from django.forms.utils import ErrorList
from django.http import HttpRequest
from django.utils.formats import localize
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from zhikun.pages.formats import drawn

MEGABYTE = 1024 * 1024


class FormRenderer(DjangoTemplates):
    """Draws every form of the platform."""

    form_template_name = "components/form.html"
    field_template_name = "components/field.html"

    def render(self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None) -> str:
        """A list to choose from is drawn without Django's template, which includes two more for each of a hundred places."""
        if template_name == _SELECT and all(one["template_name"] == _OPTION for one in _options(context["widget"])):
            return _select(context["widget"])
        return super().render(template_name, context, request)


_SELECT, _OPTION = "django/forms/widgets/select.html", "django/forms/widgets/select_option.html"


def _options(widget: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (one for _title, some, _number in widget["optgroups"] for one in some)


def _select(widget: dict[str, Any]) -> str:
    """Letter for letter what Django's own template draws."""
    parts: list[str] = [drawn('<select name="{}"{}>', widget["name"], _attributes(widget["attrs"]))]
    for title, options, _number in widget["optgroups"]:
        parts.append(drawn('\n  <optgroup label="{}">', title) if title else "")
        parts += [
            drawn(
                '\n  <option value="{}"{}>{}</option>\n',
                str(one["value"]), _attributes(one["attrs"]), localize(one["label"]),
            )
            for one in options
        ]  # fmt: skip
        parts.append("\n  </optgroup>" if title else "")
    return "".join([*parts, "\n</select>"])


def _attributes(given: dict[str, Any]) -> SafeString:
    told = (
        drawn(" {}", name) if value is True else drawn(' {}="{}"', name, str(value))
        for name, value in given.items()
        if value is not False
    )
    return SafeString("".join(told))


class DayInput(forms.DateInput):
    """A day, with the calendar that the browser brings along."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


def told_errors(field: forms.BoundField) -> ErrorList:
    """The errors of a field as they are shown: what Django says of any field alike becomes a sentence that names this one."""
    errors = field.errors
    shown = errors.copy()
    shown.field_id = errors.field_id  # type: ignore[attr-defined]  # the stubs lack what Django 5.2 ties errors to fields by
    shown.data = [_told(field, error) for error in errors.as_data()]
    return shown


def _told(field: forms.BoundField, error: ValidationError) -> ValidationError:
    """A sentence of our own for an empty field and for a day that is none; everything else as it was said."""
    if not field.label:
        return error
    if error.message == forms.Field.default_error_messages["required"]:
        chosen = isinstance(field.field, forms.ChoiceField | forms.FileField)
        words = _("请选择“{label}”，不能空着。") if chosen else _("请填写“{label}”，不能空着。")
    elif error.message == forms.DateField.default_error_messages["invalid"]:
        words = _("“{label}”不是一个日期。请按“年-月-日”填写，如 2026-11-02。")
    else:
        return error
    return ValidationError(words.format(label=field.label), error.code)


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
