"""What a list of households can hold: columns of the file, and the household's facts of the pack. Personal ones come masked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zhikun.identity.masks import mask_id_number, mask_name, mask_phone
from zhikun.registry.models import Household, Person
from zhikun.registry.selectors.search import Hit
from zhikun.registry.vocabulary import asked_of, categories
from zhikun.registry.words import in_words


@dataclass(frozen=True)
class Column:
    """One column of the file: its title and its value; `mask` hides a personal one."""

    title: str | Promise
    value: Callable[[Hit], Any]
    mask: Callable[[str], str] | None = None


def _hidden(_text: str) -> str:
    return "***"


def _of_head(read: Callable[[Person], Any]) -> Callable[[Hit], Any]:
    return lambda hit: read(hit.household.head) if hit.household.head is not None else None


COLUMNS: dict[str, Column] = {
    "number": Column(_("户编号"), lambda hit: hit.household.number),
    "township": Column(_("乡镇（街道）"), lambda hit: getattr(hit.household.area.parent, "name", "")),
    "village": Column(_("村（社区）"), lambda hit: hit.household.area.name),
    "area": Column(_("区划代码"), lambda hit: str(hit.household.area_id)),
    "head": Column(_("户主"), _of_head(lambda person: person.name), mask_name),
    "head_id_number": Column(_("户主证件号码"), _of_head(lambda person: person.id_number), mask_id_number),
    "phone": Column(_("联系电话"), _of_head(lambda person: person.phone), mask_phone),
    "address": Column(_("详细地址"), lambda hit: hit.household.address, _hidden),
    "people": Column(_("人数"), lambda hit: hit.household.people),
    "category": Column(_("救助类别"), lambda hit: categories().get(hit.household.category, hit.household.category)),
    "state": Column(_("档案状态"), lambda hit: str(Household.State(hit.household.state).label)),
    "registered_on": Column(_("建档日期"), lambda hit: timezone.localtime(hit.household.registered_at).date()),
    "changed_on": Column(_("最近变动"), lambda hit: timezone.localtime(hit.household.changed_at).date()),
    "found": Column(_("查到的人"), lambda hit: hit.person.name if hit.person else None, mask_name),
}
#: What a list holds unless somebody chooses otherwise.
USUAL = ("number", "township", "village", "head", "people", "category", "state")
_FACT = "fact."


def columns_offered() -> dict[str, str]:
    """Every column by name, with its title: the file's own, then the household's facts."""
    found = {name: str(column.title) for name, column in COLUMNS.items()}
    for group in asked_of("household").values():
        found |= {f"{_FACT}{known.name}": known.title for known in group}
    return found


@dataclass(frozen=True)
class Line:
    """One household of the list, None: it has left the officer's areas. `full`: they may have its particulars whole."""

    hit: Hit | None
    facts: dict[str, Any]
    full: bool

    def value(self, name: str) -> object:
        """What stands in a column; nothing where nothing is known."""
        if self.hit is None:
            return str(_("已迁出管辖地区")) if name == "number" else None
        if name.startswith(_FACT):
            fact = name.removeprefix(_FACT)
            value = self.facts.get(fact)
            if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
                return value
            return in_words("household", fact, value)
        column = COLUMNS[name]
        value = column.value(self.hit)
        if value is None or column.mask is None or self.full:
            return value
        return column.mask(value)
