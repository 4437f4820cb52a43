"""How a computed value is put before a reader: its title, its unit, its codes in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from zhikun.engine.packs.model import Pack
from zhikun.wording import _, amount_text, is_money, with_unit

_GRID_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Shown:
    """The face of one value: title, type, unit, and a word for each code."""

    name: str
    title: str
    type: str = "number"  # number boolean choice choices rank date text place
    unit: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    def text(self, value: object, *, in_column: bool = False) -> str:
        """The value in words and digits; an undetermined one says so, an empty list is 无. Amounts as `amount_text` has them."""
        if value is None:
            return _("待补充")
        if isinstance(value, bool):
            return _("是") if value else _("否")
        if isinstance(value, list | tuple | set):
            return "、".join(self.labels.get(str(v), str(v)) for v in value) or _("无")
        if isinstance(value, int | float):
            return amount_text(value, in_column=in_column) if is_money(self.unit) else number_text(value)
        if isinstance(value, date):
            return day_text(value)
        return self.labels.get(str(value), str(value))

    @property
    def heading(self) -> str:
        """Title with its unit, as a column heading."""
        return with_unit(self.title, self.unit)


def number_text(value: float) -> str:
    """A number with thousands separators and no more decimals than it has (at most six)."""
    text = f"{round(float(value), _GRID_DECIMALS):,.{_GRID_DECIMALS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def day_text(day: date) -> str:
    """A day as Chinese official documents write it: 2025年3月1日."""
    return _("{year}年{month}月{day}日").format(year=day.year, month=day.month, day=day.day)


def percent_text(part: int, whole: int) -> str:
    """A share with one decimal; a dash where there is nothing to share."""
    return f"{part / whole:.1%}" if whole else "–"


def shown_of(pack: Pack, name: str) -> Shown:
    """How a pack calls a household value, whichever kind it is: rule, decision, list, ranking or fact."""
    if name == "household":
        return Shown(name, _("户编号"), "text")
    rule = pack.rules.get(("household", name))
    if rule is not None:
        labels = {item.code: item.title for item in rule.items} if rule.kind == "list" else rule.choices
        return Shown(name, rule.title, "choices" if rule.kind == "list" else rule.type, rule.unit or "", labels)
    ranking = pack.rankings.get(name)
    if ranking is not None:
        return Shown(name, ranking.title, "rank")
    fact = pack.facts.get(("household", name))
    if fact is not None:
        return Shown(name, fact.title, fact.type, fact.unit or "", fact.choices)
    return Shown(name, name, "text")
