"""Rules, decision lists, accumulating lists and rankings: from checked records to what the pack holds."""

from __future__ import annotations

from zhikun.engine.packs.defined import Defined, check_overlaps, period_of, source_of, words
from zhikun.engine.packs.model import (
    Branch,
    DecisionVersion,
    Item,
    Place,
    Ranking,
    RankingKey,
    Rounding,
    Rule,
    RuleVersion,
    Source,
)
from zhikun.engine.packs.problems import Problems
from zhikun.engine.packs.schema import MOST_ITEMS
from zhikun.engine.packs.shape import Record
from zhikun.wording import _


def rule_of(pack: str, programme: str, name: str, record: Record, problems: Problems) -> Defined:
    """A rule with its dated formulas."""
    _check_type(record, problems)
    own = source_of(record, problems, required=False)
    entries = _versions(record, "formula", problems)
    rounding = _rounding(record, problems)
    versions = tuple(
        RuleVersion(
            period=period_of(entry, problems),
            formula=entry.text("formula"),
            source=own if entry is record else source_of(entry, problems, own),
            at=entry.place("formula"),
            rounding=(None if entry is record else _rounding(entry, problems)) or rounding,
        )
        for entry in entries
    )
    if entries == [record]:
        _require(own, record.at, problems)
    check_overlaps([(v.period, v.at) for v in versions], problems)
    rule = _rule(pack, programme, name, "rule", record, own, versions=versions)
    return _defined(rule, record, words(rule.on, *(v.formula for v in versions)))


def decision_of(pack: str, programme: str, name: str, record: Record, problems: Problems) -> Defined:
    """A decision list: the first branch whose condition holds decides."""
    _check_type(record, problems)
    own = source_of(record, problems, required=False)
    versions: list[DecisionVersion] = []
    for entry in _versions(record, "first_match", problems):
        source = own if entry is record else source_of(entry, problems, own, required=False)
        branches = tuple(_branches(entry, source, problems))
        versions.append(DecisionVersion(period_of(entry, problems), branches, source, entry.place("first_match")))
    check_overlaps([(v.period, v.at) for v in versions], problems)
    rule = _rule(pack, programme, name, "decision", record, own, decisions=tuple(versions))
    formulas = [b.when for v in versions for b in v.branches]
    if rule.type != "choice":
        formulas += [b.then for v in versions for b in v.branches]
    return _defined(rule, record, words(rule.on, *formulas))


def list_of(pack: str, programme: str, name: str, record: Record, problems: Problems) -> Defined:
    """An accumulating list: every item whose condition holds."""
    own = source_of(record, problems, required=False)
    kind = record.text("kind")
    entries = record.named("items")
    if not entries and "items" not in record.faulty:
        problems.add(record.place("items"), _("清单里一条也没有。请至少写一条，或删去这个清单。"))
    if len(entries) > MOST_ITEMS:
        text = _("清单有 {count} 条，最多 {most} 条。请拆成两个清单。")
        problems.add(record.place("items"), text.format(count=len(entries), most=MOST_ITEMS))
    items = tuple(
        _item(code, entry, kind, own, number, problems) for number, (code, entry) in enumerate(entries.items(), start=1)
    )
    _check_item_titles(items, problems)
    rule = _rule(
        pack, programme, name, "list", record, own,
        items=items, list_kind=kind, type="choices", choices={i.code: i.title for i in items},
    )  # fmt: skip
    return _defined(rule, record, words(rule.on, *(i.when for i in items)))


def ranking_of(pack: str, programme: str, name: str, record: Record, problems: Problems) -> Defined:
    """An order among the households of one place."""
    keys = tuple(
        RankingKey(entry.text("value"), entry.text("direction") == "highest_first") for entry in record.records("by")
    )
    ranking = Ranking(
        name=name,
        title=record.text("title", name),
        by=keys,
        within=record.text("within"),
        among=record.text("among"),
        source=source_of(record, problems),
        at=record.at,
    )
    uses = words("household", ranking.among, *(k.value for k in keys))
    return Defined(
        pack, programme, "household", name, record.at, ranking,
        replaces=record.text("replaces"), replaces_at=record.place("replaces"), uses=uses,
    )  # fmt: skip


def _rule(pack: str, programme: str, name: str, kind: str, record: Record, own: Source, **more: object) -> Rule:
    fields: dict[str, object] = {
        "name": name,
        "kind": kind,
        "title": record.text("title", name),
        "on": record.text("on"),
        "type": record.text("type"),
        "at": record.at,
        "programme": programme,
        "pack": pack,
        "unit": record.optional_text("unit"),
        "choices": record.texts("choices"),
        "note": record.text("note"),
        "text_true": record.text("text_true"),
        "text_false": record.text("text_false"),
        "source": own,
    }
    return Rule(**(fields | more))  # type: ignore[arg-type]  # one list of fields for three kinds


def _defined(rule: Rule, record: Record, uses: frozenset[tuple[str, str]]) -> Defined:
    return Defined(
        rule.pack, rule.programme, rule.on, rule.name, record.at, rule,
        replaces=record.text("replaces"), replaces_at=record.place("replaces"),
        choices_of=record.text("choices_of"), choices_at=record.place("choices_of"),
        uses=uses | _dotted(record.text("choices_of")),
    )  # fmt: skip


def _dotted(name: str) -> frozenset[tuple[str, str]]:
    owner, dot, rest = name.partition(".")
    return frozenset({(owner, rest)}) if dot else frozenset()


def _check_type(record: Record, problems: Problems) -> None:
    type_ = record.text("type")
    if not type_:
        return
    listed, borrowed = record.has("choices"), record.has("choices_of")
    if type_ == "choice" and listed == borrowed:
        text = _("类型是 choice，要写 choices（代码: 中文名称）或 choices_of（实体.名称），只写其中一个。")
        problems.add(record.at, text)
    if type_ != "choice" and (listed or borrowed):
        key = "choices" if listed else "choices_of"
        problems.add(
            record.place(key),
            _("类型是 {type} 的结果没有选项。请删去 {key}，或写 type: choice。").format(type=type_, key=key),
        )
    if type_ != "number":
        for key in ("unit", "rounding"):
            if record.has(key):
                text = _("“{key}”只用于类型为 number 的结果，这里是 {type}。请删去。")
                problems.add(record.place(key), text.format(key=key, type=type_))
    if type_ != "boolean":
        for key in ("text_true", "text_false"):
            if record.has(key):
                text = _("“{key}”只用于类型为 boolean 的结果，这里是 {type}。请删去。")
                problems.add(record.place(key), text.format(key=key, type=type_))


def _versions(record: Record, body: str, problems: Problems) -> list[Record]:
    """The record itself, or the entries of its `versions`; exactly one of the two is written."""
    if record.has(body) and record.has("versions"):
        text = _("{body} 和 versions 同时写了，不知道以哪个为准。请把 {body} 移进 versions 里的一条。")
        problems.add(record.place("versions"), text.format(body=body))
        return []
    if record.has("versions"):
        for key in ("from", "until"):
            if record.has(key):
                text = _("有了 versions，“{key}”要写在每一条里。请移进去。")
                problems.add(record.place(key), text.format(key=key))
        return record.records("versions")
    if not record.has(body):
        problems.add(record.at, _("缺少“{body}”（或按日期分条的 versions）。请补上。").format(body=body))
        return []
    return [record]


def _require(source: Source, at: Place, problems: Problems) -> None:
    if not source.reference and not source.sample:
        problems.add(at, _("没有依据。请写 reference（哪个文件第几条）；若数字是自拟的，写 sample: true 和 reason。"))


def _rounding(record: Record, problems: Problems) -> Rounding | None:
    entry = record.record("rounding")
    if entry is None:
        return None
    step = entry.number("to")
    if step is not None and step <= 0:
        problems.add(entry.place("to"), _("取整的单位“to”应当大于 0，例如 1（到元）、0.01（到分）。"))
    return Rounding(step or 1.0, entry.text("direction", "half_up"), source_of(entry, problems))


def _branches(record: Record, source: Source, problems: Problems) -> list[Branch]:
    entries = record.records("first_match")
    result: list[Branch] = []
    for number, entry in enumerate(entries, start=1):
        last = number == len(entries)
        if entry.has("otherwise"):
            if not last:
                text = _("otherwise 后面还有分支，永远轮不到。请把 otherwise 移到最后。")
                problems.add(entry.place("otherwise"), text)
            for key in ("when", "then"):
                if entry.has(key):
                    problems.add(
                        entry.place(key), _("otherwise 这一条只写结果，不再写 {key}。请删去。").format(key=key)
                    )
            # The last line says only what holds when no condition does: it needs no clause of its own.
            own = source_of(entry, problems, source, required=False)
            result.append(Branch("", entry.text("otherwise"), own, entry.at, entry.text("text")))
            continue
        for key in ("when", "then"):
            if not entry.has(key):
                problems.add(entry.at, _("分支缺少“{key}”。每条写 when（条件）和 then（结果）。").format(key=key))
        if last:
            problems.add(entry.at, _("最后一条应当是 otherwise（都不符合时的结果），否则有的家庭没有结论。请补上。"))
        own = source_of(entry, problems, source)
        result.append(Branch(entry.text("when"), entry.text("then"), own, entry.at, entry.text("text")))
    return result


def _item(code: str, entry: Record, kind: str, own: Source, number: int, problems: Problems) -> Item:
    if kind == "flags" and not entry.has("confirm"):
        text = _("flags 清单的每一条都要写 confirm：请人核实什么。机器只提示，由工作人员确认或否定。")
        problems.add(entry.at, text)
    if kind and kind != "flags" and entry.has("confirm"):
        problems.add(
            entry.place("confirm"), _("confirm 只用于 kind: flags 的清单，这里是 {kind}。请删去。").format(kind=kind)
        )
    order = entry.number("order")
    return Item(
        code=code,
        title=entry.text("title", code),
        when=entry.text("when"),
        period=period_of(entry, problems),
        source=source_of(entry, problems, own),
        at=entry.at,
        order=float(number) if order is None else order,
        department=entry.text("department"),
        note=entry.text("note"),
        confirm=entry.text("confirm"),
        text=entry.text("text"),
    )


def _check_item_titles(items: tuple[Item, ...], problems: Problems) -> None:
    seen: dict[str, Item] = {}
    for item in items:
        first = seen.setdefault(item.title, item)
        if first is not item:
            text = _("“{title}”与第 {line} 行的“{code}”同名，看结果的人分不清。请改其中一个。")
            problems.add(item.at, text.format(title=item.title, line=first.at.line, code=first.code))
