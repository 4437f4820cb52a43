"""Values, formulas and conditions in words that an officer reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from zhikun.engine.formulas import Node
from zhikun.engine.plan.model import Lowered, Step
from zhikun.wording import _

_SIGNS = {
    "add": (" + ", 4), "sub": (" − ", 4), "mul": (" × ", 5), "div": (" ÷ ", 5),
    "eq": (" = ", 3), "ne": (" ≠ ", 3), "lt": (" < ", 3), "le": (" ≤ ", 3), "gt": (" > ", 3), "ge": (" ≥ ", 3),
    "and": (" 且 ", 2), "or": (" 或 ", 1),
}  # fmt: skip
_CALLS = {
    "divide": "商", "min": "较小者", "max": "较大者", "abs": "绝对值", "round_to": "取整", "lookup": "查表", "age": "周岁",
    "months_since": "距今月数", "days_since": "距今天数", "known": "已知", "assume": "未知时假设", "sum": "合计",
    "count": "计数", "any": "有任一", "all": "全部", "max_of": "最大", "min_of": "最小", "count_of": "项数",
}  # fmt: skip


def number(value: float, unit: str | None) -> str:
    """A number with thousands separators; money with two decimals, others without trailing zeros."""
    if (unit and "元" in unit and round(value * 100) == value * 100) or (unit and "元" in unit and abs(value) >= 1):
        text = f"{value:,.2f}"
    else:
        text = f"{value:,.6f}".rstrip("0").rstrip(".")
    return f"{text} {unit}" if unit else text


Opened = tuple[Any, Any]  # a list of rows or one element for all; None, or what is known in the same shape


class Values:
    """The values of a run as plain Python, opened when first asked for: one household has few rows and many values."""

    def __init__(self, raw: Sequence[Any]) -> None:
        self.raw = raw
        self._opened: dict[int, Opened] = {}
        self._shown: dict[tuple[str, str, int], str] = {}

    def __getitem__(self, slot: int) -> Opened:
        found = self._opened.get(slot)
        if found is None:
            data, known = self.raw[slot]
            if known is not None and known.dtype == np.uint64:
                known = known == 0
            found = self._opened[slot] = (
                data.tolist() if hasattr(data, "tolist") else data,
                None if known is None else known.tolist(),
            )
        return found

    def show(self, step: Step, row: int) -> str:
        """One row of a named value in words."""
        key = (step.entity, step.name, row)
        shown = self._shown.get(key)
        if shown is None:
            shown = self._shown[key] = display(step, self[step.slot], row)
        return shown


def at(value: Opened, row: int) -> tuple[Any, bool]:
    """One row's element of a value, and whether it is known (for a set: whether it is fully known)."""
    data, known = value
    element = data[row] if isinstance(data, list) else data
    if known is None:
        return element, True
    return element, known[row] if isinstance(known, list) else known


def plain(step: Step, value: Opened, row: int) -> object:
    """One row's value as JSON holds it: number, truth, code, codes, ISO date, or None where undetermined."""
    element, known = at(value, row)
    if step.type == "choices":
        return [code for place, code in enumerate(step.codes) if int(element) >> place & 1]
    if not known:
        return None
    if step.type == "number":
        return float(element)
    if step.type == "boolean":
        return bool(element)
    if step.type == "choice":
        return step.codes[int(element)]
    if step.type == "date":
        return (date(1970, 1, 1) + timedelta(days=int(element))).isoformat()
    return place_code(int(element)) if step.type == "place" else str(element)


def place_code(number: int) -> str:
    """A place as it was written: 6 digits for a county, 9 for a township, 12 for a village."""
    code = f"{number:012d}"
    return code[:6] if code.endswith("000000") else code[:9] if code.endswith("000") else code


def display(step: Step, value: Opened, row: int) -> str:
    """One row's value in words."""
    element, known = at(value, row)
    if step.type == "choices":
        names = [label for place, label in enumerate(step.labels) if int(element) >> place & 1]
        text = "、".join(names) or _("无")
        return text if known else _("{text}（还有未定的项）").format(text=text) if names else _("未知")
    if not known:
        return _("未知")
    if step.type == "number":
        return number(float(element), step.unit)
    if step.type == "boolean":
        return _("是") if element else _("否")
    if step.type == "choice":
        return step.labels[int(element)]
    return str(plain(step, value, row))


@dataclass(frozen=True, slots=True)
class Names:
    """What things are called: every named value of a plan, the titles of score tables and of entities."""

    steps: Mapping[tuple[str, str], Step]
    tables: Mapping[str, str]
    entities: Mapping[str, str]

    def labels(self, codes: tuple[str, ...]) -> tuple[str, ...]:
        """The labels of a list of codes, from a value that has this list; the codes themselves if none has."""
        return next((step.labels for step in self.steps.values() if step.codes == codes and step.labels), codes)


Part = str | tuple[str, str]  # words, or the key of a named value to put in


def parts(low: Lowered, names: Names) -> list[Part]:
    """A formula as words and named values, in order."""
    found: list[Part] = []
    _write(low, names, found, 0)
    merged: list[Part] = []
    for part in found:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        else:
            merged.append(part)
    return merged


def _write(low: Lowered, names: Names, out: list[Part], outer: int) -> None:
    node = low.node
    if node.op == "ref":
        out.append(node.value)  # type: ignore[arg-type] # the value of a ref is its key
    elif node.op == "literal":
        out.append(literal(node, names))
    elif node.op in ("spread", "recode"):
        _write(low.args[0], names, out, outer)
    elif node.op in _SIGNS:
        _infix(low, names, out, outer)
    elif node.op == "not":
        _negated(low, names, out, outer)
    elif node.op == "neg":
        out.append("−")
        _write(low.args[0], names, out, 6)
    elif node.op == "if":
        _listed(low, names, out, (_("如果 "), _("，则 "), _("，否则 ")))
    elif node.op in ("in_codes", "has_any"):
        _membership(low, names, out, positive=True)
    elif node.op == "count_rows":
        out.append(_("{e}数").format(e=names.entities.get(str(node.value), node.value)))
    else:
        _call(low, names, out)


def literal(node: Node, names: Names) -> str:
    """A written value as text."""
    if node.type == "number":
        return number(float(str(node.value)), None)
    if node.type == "boolean":
        return _("是") if node.value else _("否")
    if not node.codes:
        return str(node.value)
    return "“" + names.labels(node.codes)[int(str(node.value))] + "”"


def _infix(low: Lowered, names: Names, out: list[Part], outer: int) -> None:
    sign, rank = _SIGNS[low.node.op]
    if rank < outer:
        out.append("（")
    for place, arg in enumerate(low.args):
        if place:
            out.append(sign)
        _write(arg, names, out, rank + (1 if place and low.node.op in ("sub", "div") else 0))
    if rank < outer:
        out.append("）")


def _negated(low: Lowered, names: Names, out: list[Part], outer: int) -> None:
    inner = low.args[0]
    if inner.node.op in ("in_codes", "has_any"):
        _membership(inner, names, out, positive=False)
        return
    out.append(_("不满足（"))
    _write(inner, names, out, 0)
    out.append("）")


def _membership(low: Lowered, names: Names, out: list[Part], *, positive: bool) -> None:
    subject = low.args[0]
    while subject.node.op in ("spread", "recode"):
        subject = subject.args[0]
    key = subject.node.value if subject.node.op == "ref" else None
    step = names.steps.get(key) if isinstance(key, tuple) else None
    labels = step.labels if step is not None else subject.node.codes
    if low.node.op == "has_any":
        chosen = [label for place, label in enumerate(labels) if int(str(low.node.value)) >> place & 1]
    else:
        places = low.node.value if isinstance(low.node.value, tuple) else ()
        chosen = [labels[int(str(place))] for place in places]
    _write(subject, names, out, 4)
    several = low.node.op == "has_any"
    verb = (_(" 含 ") if positive else _(" 不含 ")) if several else (_(" 是 ") if positive else _(" 不是 "))
    out.append(verb + "“" + "”或“".join(chosen) + "”")


def _listed(low: Lowered, names: Names, out: list[Part], words: tuple[str, ...]) -> None:
    out.append("（")
    for word, arg in zip(words, low.args, strict=True):
        out.append(word)
        _write(arg, names, out, 0)
    out.append("）")


def _call(low: Lowered, names: Names, out: list[Part]) -> None:
    node = low.node
    name = _CALLS.get(node.op, node.op)
    if node.op == "lookup":
        name = _("查表“{t}”").format(t=names.tables.get(str(node.value), node.value))
    out.append(f"{name}（")
    for place, arg in enumerate(low.args):
        if place:
            out.append("，")
        _write(arg, names, out, 0)
    out.append("）")
