"""How a computed value is put before a reader: its title, its unit, its codes in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from zhikun.engine.packs.model import Pack
from zhikun.wording import _

_GRID_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Shown:
    """The face of one value: title, type, unit, and a word for each code."""

    name: str
    title: str
    type: str = "number"  # number boolean choice choices rank date text place
    unit: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    def text(self, value: object) -> str:
        """The value in words and digits; an undetermined one says so, an empty list is 无."""
        if value is None:
            return _("待补充")
        if isinstance(value, bool):
            return _("是") if value else _("否")
        if isinstance(value, list | tuple | set):
            return _("、").join(self.labels.get(str(v), str(v)) for v in value) or _("无")
        if isinstance(value, int | float):
            return number_text(value)
        if isinstance(value, date):
            return day_text(value)
        return self.labels.get(str(value), str(value))

    @property
    def heading(self) -> str:
        """Title with its unit, as a column heading."""
        if not self.unit or f"（{self.unit}）" in self.title:
            return self.title
        return f"{self.title}（{self.unit}）"


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
        return Shown(name, _("户号"), "text")
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


_FUNCTIONS = {
    "IF": "如果",
    "SUM": "合计",
    "COUNT_OF": "项数",
    "COUNT": "计数",
    "ANY": "任一",
    "ALL": "全部",
    "MAX_OF": "最大值",
    "MIN_OF": "最小值",
    "MAX": "取大",
    "MIN": "取小",
    "ABS": "绝对值",
    "DIVIDE": "相除",
    "ROUND_TO": "取整",
    "BAND": "分段",
    "LOOKUP": "查表",
    "AGE": "周岁",
    "MONTHS_SINCE": "距今月数",
    "DAYS_SINCE": "距今天数",
    "HAS_ANY": "包含任一",
    "HAS": "包含",
    "KNOWN": "已知",
    "ASSUME_IF_UNKNOWN": "未知时按",
    "AND": "且",
    "OR": "或",
    "NOT": "非",
    "IN": "属于",
    "BETWEEN": "介于",
    "TRUE": "是",
    "FALSE": "否",
    "UNKNOWN": "未知",
    "NULL": "未知",
}
_WORD = re.compile(r"'[^']*'|\b[A-Za-z_][A-Za-z_0-9]*(?:\.[A-Za-z_][A-Za-z_0-9]*)?\b|<>|<=|>=|\*|(?<=\s)/(?=\s)")
_SIGNS = {"<>": "≠", "<=": "≤", ">=": "≥", "*": "×", "/": "÷"}


def formula_in_words(formula: str, titles: Mapping[str, str]) -> str:
    """A rule's formula for people who do not read identifiers: names become titles, functions Chinese words.

    `titles` maps names (plain or `entity.name`) and quoted codes (`'dibao'`) to their wording; what it does not
    know stays as written, so nothing is lost.
    """

    def word(match: re.Match[str]) -> str:
        found = match.group()
        if found in titles:
            return titles[found]
        if found in _SIGNS:
            return _SIGNS[found]
        if found in _FUNCTIONS:
            return _(_FUNCTIONS[found])
        plain = found.rsplit(".", 1)[-1]
        return titles.get(plain, found)

    return _WORD.sub(word, formula)


def titles_of(pack: Pack) -> dict[str, str]:
    """Every name of a pack with its title, and every code that means one thing only with its label."""
    titles: dict[str, str] = {}
    codes: dict[str, set[str]] = {}
    for (entity, name), named in [*pack.facts.items(), *pack.rules.items()]:
        titles[f"{entity}.{name}"] = named.title
        titles.setdefault(name, named.title)
        for code, label in named.choices.items():
            codes.setdefault(code, set()).add(label)
    for name, other in [*pack.standards.items(), *pack.tables.items()]:
        titles[name] = other.title
        titles[f"'{name}'"] = other.title
        for code, label in other.choices.items():
            codes.setdefault(code, set()).add(label)
    titles.update({f"'{code}'": labels.pop() for code, labels in codes.items() if len(labels) == 1})
    return titles
