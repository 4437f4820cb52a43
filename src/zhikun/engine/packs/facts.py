"""Facts and standards: from checked records to what the pack holds."""

from __future__ import annotations

from dataclasses import replace

from zhikun.engine.packs.defined import EVERYWHERE, Defined, source_of, words
from zhikun.engine.packs.model import FIRST_DAY, Fact, Source, Standard, StandardValue
from zhikun.engine.packs.problems import Problems
from zhikun.engine.packs.schema import MOST_ITEMS
from zhikun.engine.packs.shape import Record
from zhikun.engine.packs.values import WrongValue, fact_value, value_of
from zhikun.engine.packs.yaml_file import Items, Scalar
from zhikun.wording import _

#: Keys that only facts of these types may carry.
_ONLY_FOR = {
    "unit": ("number",),
    "decimals": ("number",),
    "min": ("number",),
    "max": ("number",),
    "period": ("number",),
    "choices": ("choice", "choices"),
    "format": ("text",),
}


def fact_of(pack: str, entity: str, name: str, record: Record, problems: Problems) -> Defined:
    """A fact; its faults are recorded and the fact still stands, so that its name is known."""
    type_ = record.text("type")
    fact = Fact(
        name=name,
        entity=entity,
        title=record.text("title", name),
        type=type_,
        source=source_of(record, problems),
        at=record.at,
        unit=record.optional_text("unit"),
        decimals=int(record.number("decimals") or 0) if "decimals" in record.values else 2,
        min=record.number("min"),
        max=record.number("max"),
        period=record.text("period"),
        choices=record.texts("choices"),
        format=record.text("format"),
        question=record.text("question"),
        note=record.text("note"),
        dimension=record.text("dimension"),
        proved_by=record.text("source"),
        sensitivity=record.text("sensitivity", "general"),
        asked_when=record.text("asked_when"),
        if_not_asked=None,
        required=record.flag("required"),
    )
    if type_:
        _check_keys(fact, record, problems)
    fact = _with_skip(fact, record, problems)
    return Defined(
        pack, "", entity, name, record.at, fact,
        replaces=record.text("replaces"), replaces_at=record.place("replaces"),
        uses=words(entity, fact.asked_when),
    )  # fmt: skip


def _check_keys(fact: Fact, record: Record, problems: Problems) -> None:
    for key, types in _ONLY_FOR.items():
        if record.has(key) and fact.type not in types:
            text = _("“{key}”只用于类型为 {types} 的事实，这里的类型是 {type}，写了不会起作用。请删去，或改类型。")
            problems.add(record.place(key), text.format(key=key, types=" / ".join(types), type=fact.type))
    if fact.type in ("choice", "choices") and not record.has("choices"):
        problems.add(
            record.at, _("类型是 {type}，却没有写选项。请补上 choices: {{代码: 中文名称}}。").format(type=fact.type)
        )
    if fact.type == "choices" and len(fact.choices) > MOST_ITEMS:
        text = _("可多选的选项有 {count} 个，最多 {most} 个。请合并选项，或拆成两个事实。")
        problems.add(record.place("choices"), text.format(count=len(fact.choices), most=MOST_ITEMS))
    if not 0 <= fact.decimals <= 6:
        problems.add(record.place("decimals"), _("小数位数 {count} 不在 0 至 6 之间。").format(count=fact.decimals))
    if fact.min is not None and fact.max is not None and fact.min > fact.max:
        text = _("最小值 {low:g} 大于最大值 {high:g}，任何答案都会被拒。请核对 min 和 max。")
        problems.add(record.place("min"), text.format(low=fact.min, high=fact.max))


def _with_skip(fact: Fact, record: Record, problems: Problems) -> Fact:
    if record.has("asked_when") != record.has("if_not_asked"):
        there, absent = ("asked_when", "if_not_asked") if record.has("asked_when") else ("if_not_asked", "asked_when")
        text = _("写了 {there} 却没有写 {absent}。不问的时候取什么值必须说明，请两个都写。")
        problems.add(record.place(there), text.format(there=there, absent=absent))
    if record.has("asked_when") and fact.type == "text":
        problems.add(record.place("asked_when"), _("文字类事实不进公式，不能写 asked_when。请删去。"))
        return fact
    node = record.values.get("if_not_asked")
    if not isinstance(node, (Scalar, Items)) or not fact.type:
        return fact
    value = fact_value(node, fact, problems)
    return replace(fact, if_not_asked=value)


def standard_of(pack: str, programme: str, name: str, record: Record, problems: Problems) -> Defined:
    """A standard with its values in the order of place and day."""
    type_ = record.text("type", "" if record.has("type") else "number")
    choices = record.texts("choices")
    if type_ == "choice" and not record.has("choices"):
        problems.add(record.at, _("类型是 choice，却没有写选项。请补上 choices: {{代码: 中文名称}}。").format())
    if type_ in ("number", "boolean") and record.has("choices"):
        problems.add(
            record.place("choices"),
            _("类型是 {type} 的标准没有选项。请删去 choices，或写 type: choice。").format(type=type_),
        )
    if type_ in ("choice", "boolean") and record.has("unit"):
        problems.add(record.place("unit"), _("类型是 {type} 的标准没有单位。请删去 unit。").format(type=type_))
    values = _standard_values(record, type_, choices, problems)
    standard = Standard(
        name=name,
        title=record.text("title", name),
        type=type_,
        values=tuple(sorted(values, key=lambda v: (v.place, v.first))),
        at=record.at,
        unit=record.optional_text("unit"),
        choices=choices,
        note=record.text("note"),
    )
    return Defined(
        pack, programme, EVERYWHERE, name, record.at, standard,
        replaces=record.text("replaces"), replaces_at=record.place("replaces"),
    )  # fmt: skip


def _standard_values(record: Record, type_: str, choices: dict[str, str], problems: Problems) -> list[StandardValue]:
    values: list[StandardValue] = []
    seen: dict[tuple[object, str], int] = {}
    for entry in record.records("values"):
        source: Source = source_of(entry, problems)
        first, place = entry.day("from", FIRST_DAY), entry.text("place")
        if entry.faulty & {"from", "place"}:
            continue
        if (first, place) in seen:
            text = _("同一地方（{place}）、同一天（{day}）写了两个值，第 {line} 行已有。请只留一个。")
            where = place or _("各地")
            problems.add(entry.at, text.format(place=where, day=first, line=seen[first, place]))
            continue
        seen[first, place] = entry.at.line
        node = entry.values.get("value")
        if not isinstance(node, (Scalar, Items)) or not type_:
            continue
        try:
            value = value_of(node, type_, choices)
        except WrongValue as wrong:
            problems.add(node.at, str(wrong))
            continue
        values.append(StandardValue(first, place, value, source, entry.at))
    return values
