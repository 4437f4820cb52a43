"""Single values of facts, standards and cases: of the right type, a known code, inside the limits, on the grid."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from zhikun.engine.packs.model import Fact
from zhikun.engine.packs.problems import Problems, suggestion
from zhikun.engine.packs.yaml_file import Items, Node, Scalar
from zhikun.wording import _

DECIMALS = 6
#: The largest number whose six decimals a float64 still carries exactly.
LARGEST = 9_000_000_000
_PLACE = re.compile(r"([0-9]{6}|[0-9]{9}|[0-9]{12})\Z")


class WrongValue(Exception):
    """The value does not fit; the text says what would."""


def decimals_of(raw: str) -> int:
    """How many decimals a number was written with, without trailing zeros."""
    return len(raw.partition(".")[2].rstrip("0"))


def number_of(node: Scalar) -> float:
    """A number on the grid of 0.000001, or `WrongValue`."""
    value = node.value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise WrongValue(_("“{raw}”不是数字。请写半角数字，不加引号，不带单位和千分位逗号。").format(raw=node.raw))
    if decimals_of(node.raw) > DECIMALS:
        raise WrongValue(_("“{raw}”多于六位小数，计算时会丢掉尾数。请写到六位以内。").format(raw=node.raw))
    if abs(value) > LARGEST:
        raise WrongValue(_("“{raw}”太大（上限 90 亿），无法精确计算。请核对，或改用更大的单位。").format(raw=node.raw))
    return float(value)


def code_of(node: Scalar, choices: Mapping[str, str]) -> str:
    """A code of the choices, or `WrongValue`."""
    if node.raw not in choices:
        by_label = [code for code, label in choices.items() if label == node.raw]
        hint = _("请写代码“{code}”。").format(code=by_label[0]) if by_label else suggestion(node.raw, choices)
        raise WrongValue(_("没有“{raw}”这个选项。{hint}").format(raw=node.raw, hint=hint))
    return node.raw


def value_of(node: Node, type_: str, choices: Mapping[str, str]) -> object:
    """The value of a node by type: number boolean choice choices date text place; `WrongValue` otherwise."""
    if type_ == "choices":
        return _codes(node, choices)
    if not isinstance(node, Scalar):
        raise WrongValue(_("这里应当只写一个值。"))
    if node.value is None:
        raise WrongValue(_("没有写值。"))
    if type_ == "number":
        return number_of(node)
    if type_ == "boolean":
        if not isinstance(node.value, bool):
            raise WrongValue(_("“{raw}”应当是 true（是）或 false（否）。").format(raw=node.raw))
        return node.value
    if type_ == "choice":
        return code_of(node, choices)
    if type_ == "date":
        if not isinstance(node.value, date):
            raise WrongValue(_("“{raw}”不是日期。请写成 2024-01-31 的样子，不加引号。").format(raw=node.raw))
        return node.value
    if type_ == "place":
        return _place(node)
    return node.raw


def _codes(node: Node, choices: Mapping[str, str]) -> tuple[str, ...]:
    if not isinstance(node, Items):
        raise WrongValue(_("这里可以多选，应当写成列表 [a, b]；一个也没有写 []。"))
    codes: list[str] = []
    for child in node.items:
        if not isinstance(child, Scalar):
            raise WrongValue(_("列表里应当只有选项代码。"))
        code = code_of(child, choices)
        if code in codes:
            raise WrongValue(_("“{code}”写了两次。请只留一个。").format(code=code))
        codes.append(code)
    return tuple(codes)


def _place(node: Scalar) -> str:
    if not node.quoted:
        text = _("区划代码没有加引号，会被当成数字而丢掉前面的 0。请写成 '{raw}'。")
        raise WrongValue(text.format(raw=node.raw))
    if not _PLACE.match(node.raw):
        raise WrongValue(_("“{raw}”不是 6 位（县）、9 位（乡镇）或 12 位（村）的区划代码。").format(raw=node.raw))
    return node.raw


def fact_value(node: Node, fact: Fact, problems: Problems) -> object:
    """A value that a fact may have, or None with the fault recorded."""
    if not fact.type:
        return None
    try:
        value = value_of(node, fact.type, fact.choices)
        if isinstance(value, float):
            _inside(value, node, fact)
    except WrongValue as wrong:
        problems.add(node.at, _("“{title}”（{name}）：{why}").format(title=fact.title, name=fact.name, why=wrong))
        return None
    return value


def _inside(value: float, node: Node, fact: Fact) -> None:
    if fact.min is not None and value < fact.min:
        raise WrongValue(_("{value:g} 小于允许的最小值 {limit:g}。请核对。").format(value=value, limit=fact.min))
    if fact.max is not None and value > fact.max:
        raise WrongValue(_("{value:g} 大于允许的最大值 {limit:g}。请核对。").format(value=value, limit=fact.max))
    if isinstance(node, Scalar) and decimals_of(node.raw) > fact.decimals:
        text = _("{raw} 的小数多于规定的 {decimals} 位。请核对。")
        raise WrongValue(text.format(raw=node.raw, decimals=fact.decimals))
