"""Nodes against the schema: typed records out, a fault for whatever does not belong."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from difflib import get_close_matches

from zhikun.engine.packs.model import Place
from zhikun.engine.packs.problems import Problems, suggestion
from zhikun.engine.packs.schema import RESERVED_CODES, SCHEMAS, Key
from zhikun.engine.packs.yaml_file import Fields, Items, Node, Scalar
from zhikun.wording import _

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_PLACE = re.compile(r"([0-9]{6}|[0-9]{9}|[0-9]{12})\Z")


class Record:
    """A checked mapping. Values are of the schema's kind; a key with a fault is left out."""

    __slots__ = ("at", "faulty", "lines", "values")

    def __init__(self, at: Place, values: dict[str, object], lines: dict[str, int], faulty: frozenset[str]) -> None:
        self.at = at
        self.values = values
        self.lines = lines
        self.faulty = faulty

    def has(self, key: str) -> bool:
        """Whether the key was written, rightly or wrongly."""
        return key in self.lines

    def place(self, key: str) -> Place:
        """Where the key stands; the record itself when it is not written."""
        return Place(self.at.file, self.lines[key]) if key in self.lines else self.at

    def text(self, key: str, default: str = "") -> str:
        value = self.values.get(key)
        return value if isinstance(value, str) else default

    def optional_text(self, key: str) -> str | None:
        value = self.values.get(key)
        return value if isinstance(value, str) else None

    def flag(self, key: str) -> bool:
        return self.values.get(key) is True

    def day(self, key: str, default: date) -> date:
        value = self.values.get(key)
        return value if isinstance(value, date) else default

    def number(self, key: str) -> float | None:
        value = self.values.get(key)
        return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None

    def record(self, key: str) -> Record | None:
        value = self.values.get(key)
        return value if isinstance(value, Record) else None

    def records(self, key: str) -> list[Record]:
        value = self.values.get(key)
        return value if isinstance(value, list) else []

    def named(self, key: str) -> dict[str, Record]:
        value = self.values.get(key)
        return value if isinstance(value, dict) else {}

    def texts(self, key: str) -> dict[str, str]:
        value = self.values.get(key)
        return value if isinstance(value, dict) else {}

    def names(self, key: str) -> tuple[str, ...]:
        value = self.values.get(key)
        return value if isinstance(value, tuple) else ()

    def integers(self, key: str) -> tuple[int, ...]:
        value = self.values.get(key)
        return value if isinstance(value, tuple) else ()

    def integer(self, key: str, default: int) -> int:
        value = self.values.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else default


class _Wrong(Exception):
    """A value that cannot be used; its fault is already recorded."""


def check_record(node: Node, schema: str, problems: Problems, at: Place | None = None) -> Record:
    """The record in `node` by the schema of that name; every fault in it goes to `problems`."""
    place = at or node.at
    if not isinstance(node, Fields):
        problems.add(
            place, _("这里应当写“名称: 内容”的一组内容，可用的名称有：{keys}。").format(keys="、".join(SCHEMAS[schema]))
        )
        return Record(place, {}, {}, frozenset(SCHEMAS[schema]))
    known = SCHEMAS[schema]
    values: dict[str, object] = {}
    faulty: set[str] = set()
    meant: set[str] = set()
    for key, child in node.entries.items():
        spec = known.get(key)
        if spec is None:
            text = _("不认识的名称“{key}”，写了也不会起作用。{hint}").format(key=key, hint=suggestion(key, known))
            problems.add(node.key_at(key), text)
            meant.update(get_close_matches(key, known, n=1))
            continue
        try:
            values[key] = _KINDS[spec.kind](child, key, spec, problems)
        except _Wrong:
            faulty.add(key)
    for key, spec in known.items():
        if spec.required and key not in node.entries:
            faulty.add(key)
            if key not in meant:  # a misspelt key is one fault, not two
                problems.add(place, _("缺少“{key}”。请补上一行“{key}: ...”。").format(key=key))
    return Record(place, values, node.lines, frozenset(faulty))


def check_named(node: Node, of: str, problems: Problems) -> dict[str, Record]:
    """Records under identifiers of the writer's choosing: facts, rules, items."""
    if not isinstance(node, Fields):
        problems.add(node.at, _("这里应当逐条写“标识: 内容”，标识用小写英文字母、数字和下划线。"))
        return {}
    result: dict[str, Record] = {}
    for name, child in node.entries.items():
        at = node.key_at(name)
        check_name(name, at, problems)
        result[name] = check_record(child, of, problems, at)
    return result


def check_name(name: str, at: Place, problems: Problems) -> bool:
    """Whether `name` is an identifier; a fault if not."""
    if _NAME.match(name):
        return True
    text = _(
        "“{name}”不能作标识。标识用小写英文字母开头，只含小写字母、数字和下划线，"
        "例如 income_per_head；中文名称写在 title 里。"
    )
    problems.add(at, text.format(name=name))
    return False


def _scalar(node: Node, key: str, problems: Problems, wanted: str) -> Scalar:
    if not isinstance(node, Scalar):
        problems.add(node.at, _("“{key}”应当是{wanted}，现在写的是列表或一组内容。").format(key=key, wanted=wanted))
        raise _Wrong
    if node.value is None:
        problems.add(
            node.at, _("“{key}”没有写内容，应当是{wanted}。请填写，或者删去这一行。").format(key=key, wanted=wanted)
        )
        raise _Wrong
    return node


def _wrong(node: Scalar, key: str, problems: Problems, wanted: str) -> _Wrong:
    raw = f"'{node.raw}'" if node.quoted else node.raw
    problems.add(node.at, _("“{key}: {raw}”不对，应当是{wanted}。").format(key=key, raw=raw, wanted=wanted))
    return _Wrong()


def _text(node: Node, key: str, spec: Key, problems: Problems) -> object:
    scalar = _scalar(node, key, problems, _("文字"))
    text = scalar.raw.strip()
    if not text:
        raise _wrong(scalar, key, problems, _("文字，不能为空"))
    return text


def _text_or_empty(node: Node, key: str, spec: Key, problems: Problems) -> object:
    if isinstance(node, Scalar) and not node.raw.strip():
        return ""
    return _text(node, key, spec, problems)


def _formula(node: Node, key: str, spec: Key, problems: Problems) -> object:
    scalar = _scalar(node, key, problems, _("公式"))
    text = " ".join(scalar.raw.split("\n")).strip()
    if not text:
        raise _wrong(scalar, key, problems, _("公式，不能为空"))
    return text


def _boolean(node: Node, key: str, spec: Key, problems: Problems) -> object:
    scalar = _scalar(node, key, problems, "true / false")
    if not isinstance(scalar.value, bool):
        raise _wrong(scalar, key, problems, _("“是”或“否”：写 true 或 false，不加引号"))
    return scalar.value


def _integer(node: Node, key: str, spec: Key, problems: Problems) -> object:
    scalar = _scalar(node, key, problems, _("整数"))
    if not isinstance(scalar.value, int) or isinstance(scalar.value, bool):
        raise _wrong(scalar, key, problems, _("整数，不加引号"))
    return scalar.value


def _number(node: Node, key: str, spec: Key, problems: Problems) -> object:
    scalar = _scalar(node, key, problems, _("数字"))
    if not isinstance(scalar.value, (int, float)) or isinstance(scalar.value, bool):
        raise _wrong(scalar, key, problems, _("数字：半角，不加引号，不带单位和千分位逗号，百分比写成小数"))
    return scalar.value


def _date(node: Node, key: str, spec: Key, problems: Problems) -> object:
    scalar = _scalar(node, key, problems, _("日期"))
    if not isinstance(scalar.value, date):
        raise _wrong(scalar, key, problems, _("日历上有的日期，写成 2024-01-31 的样子，不加引号"))
    return scalar.value


def _place(node: Node, key: str, spec: Key, problems: Problems) -> object:
    scalar = _scalar(node, key, problems, _("区划代码"))
    if not scalar.quoted:
        text = _("“{key}: {raw}”的区划代码没有加引号，会被当成数字而丢掉前面的 0。请写成 {key}: '{raw}'。")
        problems.add(scalar.at, text.format(key=key, raw=scalar.raw))
        raise _Wrong
    if not _PLACE.match(scalar.raw):
        raise _wrong(scalar, key, problems, _("加引号的区划代码：6 位（县）、9 位（乡镇）或 12 位（村）"))
    return scalar.raw


def _place_or_null(node: Node, key: str, spec: Key, problems: Problems) -> object:
    if isinstance(node, Scalar) and node.value is None:
        return ""
    return _place(node, key, spec, problems)


def _enum(node: Node, key: str, spec: Key, problems: Problems) -> object:
    scalar = _scalar(node, key, problems, "、".join(spec.allowed))
    if scalar.raw not in spec.allowed:
        text = _("“{key}”不能是“{raw}”。{hint}").format(
            key=key, raw=scalar.raw, hint=suggestion(scalar.raw, spec.allowed)
        )
        problems.add(scalar.at, text)
        raise _Wrong
    return scalar.raw


def _name(node: Node, key: str, spec: Key, problems: Problems) -> object:
    scalar = _scalar(node, key, problems, _("标识"))
    if not check_name(scalar.raw, scalar.at, problems):
        raise _Wrong
    return scalar.raw


def _dotted(node: Node, key: str, spec: Key, problems: Problems) -> object:
    scalar = _scalar(node, key, problems, _("“实体.名称”"))
    parts = scalar.raw.split(".")
    if len(parts) != 2 or not all(_NAME.match(p) for p in parts):
        raise _wrong(scalar, key, problems, _("“实体.名称”，例如 member.health_class"))
    return scalar.raw


def _names(node: Node, key: str, spec: Key, problems: Problems) -> object:
    if not isinstance(node, Items):
        problems.add(node.at, _("“{key}”应当是标识的列表，写成 [a, b] 的样子。").format(key=key))
        raise _Wrong
    names: list[str] = []
    for child in node.items:
        name = str((_dotted if spec.kind == "dotted_names" else _name)(child, key, spec, problems))
        if name in names:
            problems.add(child.at, _("“{key}”里“{name}”写了两次。请只留一个。").format(key=key, name=name))
            continue
        names.append(name)
    return tuple(names)


def _listed(one: Callable[[Node, str, Key, Problems], object], wanted: Callable[[], str]) -> Callable[..., object]:
    """A reader of lists whose items `one` reads; `wanted` says what such a list is, in the language of the moment."""

    def several(node: Node, key: str, spec: Key, problems: Problems) -> object:
        if not isinstance(node, Items) or not node.items:
            problems.add(node.at, _("“{key}”应当是{wanted}。").format(key=key, wanted=wanted()))
            raise _Wrong
        found: list[object] = []
        for child in node.items:
            value = one(child, key, spec, problems)
            if value in found:
                problems.add(child.at, _("“{key}”里“{name}”写了两次。请只留一个。").format(key=key, name=value))
                continue
            found.append(value)
        return tuple(found)

    return several


def _choices(node: Node, key: str, spec: Key, problems: Problems) -> object:
    choices = _texts_by_name(node, key, spec, problems)
    for code in RESERVED_CODES & choices.keys():
        at = node.key_at(code) if isinstance(node, Fields) else node.at
        text = _("选项代码不能用“{code}”：它在测试用例里表示“尚不知道”。请换一个代码，例如 not_sure。")
        problems.add(at, text.format(code=code))
    labels: dict[str, str] = {}
    for code, label in choices.items():
        if label in labels and isinstance(node, Fields):
            text = _("选项“{code}”和“{other}”的文字都是“{label}”，填表的人分不清。请改其中一个。")
            problems.add(node.key_at(code), text.format(code=code, other=labels[label], label=label))
        labels.setdefault(label, code)
    return choices


def _texts_by_name(node: Node, key: str, spec: Key, problems: Problems) -> dict[str, str]:
    if not isinstance(node, Fields) or not node.entries:
        problems.add(node.at, _("“{key}”应当逐条写“代码: 中文名称”，不能为空。").format(key=key))
        raise _Wrong
    result: dict[str, str] = {}
    for code, child in node.entries.items():
        check_name(code, node.key_at(code), problems)
        try:
            result[code] = str(_text(child, code, spec, problems))
        except _Wrong:
            result[code] = code
    return result


def _value(node: Node, key: str, spec: Key, problems: Problems) -> object:
    if isinstance(node, Fields):
        problems.add(node.at, _("“{key}”应当是一个值，现在写的是一组内容。").format(key=key))
        raise _Wrong
    if isinstance(node, Scalar):
        return _scalar(node, key, problems, _("一个值"))
    return node


def _record(node: Node, key: str, spec: Key, problems: Problems) -> object:
    return check_record(node, spec.of, problems)


def _records(node: Node, key: str, spec: Key, problems: Problems) -> object:
    if not isinstance(node, Items) or not node.items:
        problems.add(node.at, _("“{key}”应当是列表，每条以“- ”开头，至少一条。").format(key=key))
        raise _Wrong
    return [check_record(child, spec.of, problems) for child in node.items]


def _named(node: Node, key: str, spec: Key, problems: Problems) -> object:
    return check_named(node, spec.of, problems)


def _labelled(node: Node, key: str, spec: Key, problems: Problems) -> object:
    if not isinstance(node, Fields):
        problems.add(node.at, _("“{key}”应当逐条写“编号: 内容”。").format(key=key))
        raise _Wrong
    for label in node.entries:
        if not _LABEL.match(label):
            text = _("“{label}”不能作编号。请用英文字母开头，只含字母、数字和下划线，例如 S1。")
            problems.add(node.key_at(label), text.format(label=label))
    return {label: check_record(child, spec.of, problems, node.key_at(label)) for label, child in node.entries.items()}


def _facts(node: Node, key: str, spec: Key, problems: Problems) -> object:
    if not isinstance(node, Fields):
        problems.add(node.at, _("“facts”应当先写实体（household、member ……），下面逐条写事实。"))
        raise _Wrong
    sections = {}
    for entity, child in node.entries.items():
        at = node.key_at(entity)
        sections[entity] = Record(at, {"facts": check_named(child, spec.of, problems)}, {}, frozenset())
    return sections


_KINDS: Mapping[str, Callable[[Node, str, Key, Problems], object]] = {
    "text": _text,
    "text_or_empty": _text_or_empty,
    "formula": _formula,
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "date": _date,
    "place": _place,
    "place_or_null": _place_or_null,
    "enum": _enum,
    "name": _name,
    "names": _names,
    "texts": _listed(_text, lambda: _("文字的列表，写成 [甲, 乙] 的样子")),
    "integers": _listed(_integer, lambda: _("整数的列表，写成 [3, 9] 的样子")),
    "dotted": _dotted,
    "dotted_names": _names,
    "choices": _choices,
    "texts_by_name": _texts_by_name,
    "value": _value,
    "record": _record,
    "records": _records,
    "named": _named,
    "labelled": _labelled,
    "facts": _facts,
}
