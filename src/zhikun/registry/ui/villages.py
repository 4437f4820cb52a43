"""The question where a household lives: a list where it is short, else a name or a code that is looked up. Nothing is cut off."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zhikun.accounts.models import Officer
from zhikun.places.models import Area
from zhikun.registry.selectors.places import villages, villages_called

#: So many lines one still scrolls through on a phone; a place with more is asked by name.
MOST_LISTED = 400
_NAMED = 8
_CODE = re.compile(r"(?<!\d)\d{12}(?!\d)")


class VillageField(forms.CharField):
    """A village or township by its name, by township and name, or by its code, out of those the officer may edit."""

    def __init__(self, officer: Officer, *, lived_in: int | None = None, **kwargs: Any) -> None:
        home = Area.objects.select_related("parent").filter(pk=lived_in).first() if lived_in is not None else None
        kwargs.setdefault("initial", f"{area_line(home)} {home.pk}" if home is not None else None)
        kwargs.setdefault("help_text", _("输入村（社区）名称，重名的前面加乡镇：三营镇 金轮村；或输入 12 位区划代码。"))
        super().__init__(max_length=100, **kwargs)
        self._officer = officer

    def clean(self, value: Any) -> int | None:
        """The code of the area. Raises ValidationError with the places that are called so, where there are several."""
        text = str(super().clean(value) or "")
        if not text:
            return None
        code = _CODE.search(text)
        words = [code[0]] if code else text.split()
        found = villages_called(self._officer, words, _NAMED + 1)
        if len(found) == 1:
            return found[0].pk
        if not found:
            raise forms.ValidationError(
                _("管辖范围内没有叫“%(text)s”的村（社区）或乡镇。请核对名称，或输入 12 位区划代码。"),
                params={"text": text},
            )
        named = "、".join(f"{area_line(one)} {one.pk}" for one in found[:_NAMED])
        more = _("等。") if len(found) > _NAMED else ""
        raise forms.ValidationError(
            _("有几个地区都符合，请加上乡镇名称，或输入其中一个的代码：%(named)s%(more)s"),
            params={"named": named, "more": more},
        )


def village_field(
    officer: Officer, *, required: bool = True, lived_in: int | None = None, blank: str | Promise = "—"
) -> forms.Field:
    """The field, whose cleaned value is the code of an area, or None."""
    places = list(villages(officer)[: MOST_LISTED + 1])
    label = _("所在村（社区）")
    if len(places) > MOST_LISTED:
        return VillageField(officer, label=label, required=required, lived_in=lived_in)
    return forms.TypedChoiceField(
        label=label, coerce=int, required=required, empty_value=None, initial=lived_in,
        choices=[("", blank), *((one.pk, area_line(one)) for one in places)],
    )  # fmt: skip


def area_line(area: Area) -> str:
    """The township and the village."""
    return f"{area.parent.name} {area.name}" if area.parent is not None else area.name
