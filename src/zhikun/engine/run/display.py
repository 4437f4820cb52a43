"""Values, formulas and conditions in words that an officer reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, lru_cache, partial
from typing import Any

from zhikun.engine.formulas import Node
from zhikun.engine.plan.model import Lowered, Step
from zhikun.engine.run.single import Slots
from zhikun.wording import _, amount_text, is_money

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


Shown = Callable[[Any], str]  # a value in words

MOST_REMEMBERED = (
    4096  # texts of numbers of one unit: most households' numbers are few, and writing one takes a microsecond
)


@cache
def number_in(unit: str | None) -> Callable[[float], str]:
    """How numbers of a unit are written: thousands separators; money as `wording.amount_text`, others without trailing zeros."""
    money = is_money(unit)
    after = f" {unit}" if unit else ""

    @lru_cache(MOST_REMEMBERED)
    def text(value: float) -> str:
        value += 0.0  # what counts as equal must read alike: no minus before a zero
        if money:
            return amount_text(value) + after
        if value % 1 == 0:
            return f"{value:,.0f}{after}"
        return f"{value:,.6f}".rstrip("0").rstrip(".") + after

    return text


def number(value: float, unit: str | None) -> str:
    """A number with its unit, as `number_in` writes it."""
    return number_in(unit)(value)


@dataclass(frozen=True, slots=True)
class Told:
    """Where a named value of a plan stands and how it is put into words."""

    slot: int
    entity: str  # '' for the household
    shown: Shown


class Texts(dict[int, str]):
    """Named values of one household in words, made when first asked for, by the place of their step.

    Of the household (`row` None) or as one row of an entity sees them; another entity's rows are told one after another.
    """

    def __init__(self, values: Values, entity: str = "", row: int | None = None) -> None:
        super().__init__()
        self._values = values
        self._entity = entity
        self._row = row

    def __missing__(self, place: int) -> str:
        told = self._values.told[place]
        value = self._values.slots[told.slot]
        if told.entity:
            if told.entity == self._entity:
                text = told.shown(value[self._row])
            else:
                text = "、".join([told.shown(each) for each in value]) or _("没有")
        else:
            text = told.shown(value) if self._row is None else self._values.texts[place]
        self[place] = text
        return text


class Values:
    """One household's values and their words."""

    def __init__(self, told: Sequence[Told], slots: Slots) -> None:
        self.told = told
        self.slots = slots
        self.texts = Texts(self)
        self._rows: dict[tuple[str, int], Texts] = {}

    def texts_of(self, entity: str, row: int) -> Texts:
        """The words as one row of an entity sees them."""
        texts = self._rows.get((entity, row))
        if texts is None:
            texts = self._rows[entity, row] = Texts(self, entity, row)
        return texts


def plain(step: Step, value: Any) -> object:
    """A value as JSON holds it: number, truth, code, codes, ISO date, or None where undetermined."""
    kind = step.type
    if kind == "choices":
        return [code for place, code in enumerate(step.codes) if value[0] >> place & 1]
    if value is None or kind in ("number", "boolean"):
        return value
    if kind == "choice":
        return step.codes[value]
    if kind == "date":
        return (date(1970, 1, 1) + timedelta(days=value)).isoformat()
    return place_code(value) if kind == "place" else str(value)


def plain_of(step: Step) -> Callable[[Any], object]:
    """`plain` for one step."""
    if step.type == "choice":
        codes: dict[int | None, object] = {None: None, **dict(enumerate(step.codes))}
        return codes.__getitem__
    return partial(plain, step)


def place_code(number: int) -> str:
    """A place as it was written: 6 digits for a county, 9 for a township, 12 for a village."""
    code = f"{number:012d}"
    return code[:6] if code.endswith("000000") else code[:9] if code.endswith("000") else code


def display_of(step: Step) -> Shown:
    """How values of a step are put into words."""
    kind, unknown = step.type, _("未知")
    if kind == "choices":
        return partial(_choices, step)
    if kind == "number":
        return number_or_unknown(step.unit, unknown)
    if kind == "boolean":
        return {True: _("是"), False: _("否"), None: unknown}.__getitem__
    if kind == "choice":
        labels: dict[int | None, str] = {None: unknown, **dict(enumerate(step.labels))}
        return labels.__getitem__
    return lambda value: unknown if value is None else str(plain(step, value))


@cache
def number_or_unknown(unit: str | None, unknown: str) -> Shown:
    """How numbers of a unit are written, and what stands for an unknown one."""
    text = number_in(unit)
    return lru_cache(MOST_REMEMBERED)(lambda value: unknown if value is None else text(value))


def display(step: Step, value: Any) -> str:
    """A value in words."""
    return display_of(step)(value)


def _choices(step: Step, value: tuple[int, int]) -> str:
    names = [label for place, label in enumerate(step.labels) if value[0] >> place & 1]
    text = "、".join(names) or _("无")
    return text if not value[1] else _("{text}（还有未定的项）").format(text=text) if names else _("未知")


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
