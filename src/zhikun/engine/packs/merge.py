"""Putting packs together: what is taken from extended packs, what replaces it, and what two places define."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from zhikun.engine.packs.defined import EVERYWHERE, Defined
from zhikun.engine.packs.model import Entity, Fact, Note, Place, Ranking, Rule, Standard, Table
from zhikun.engine.packs.problems import Problems, suggestion
from zhikun.engine.packs.schema import RESERVED_NAMES
from zhikun.engine.packs.tables import Finisher
from zhikun.engine.packs.watched import Watched
from zhikun.wording import _

#: Texts that say who a household is; they never enter formulas, so no rule would bring them along.
_IDENTIFYING = ("name", "id_number", "phone", "address")


@dataclass(slots=True)
class Gathered:
    """Definitions of a pack and of those it extends, before it is known which are needed."""

    defined: list[Defined] = field(default_factory=list)
    entities: dict[str, Entity] = field(default_factory=lambda: {
        "household": Entity("household", _("家庭"), _("家庭")),
        "member": Entity("member", _("家庭成员"), _("成员")),
    })  # fmt: skip
    declared_by: dict[str, str] = field(default_factory=dict)
    sources: dict[str, Mapping[str, str]] = field(default_factory=dict)
    programmes: dict[str, str] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    monitoring: Watched | None = None

    def inherit(self, other: Gathered, pack: str) -> None:
        """Take over what an extended pack gives. The same definition reached by two ways is one."""
        known = {(d.pack, str(d.at), d.name): d for d in self.defined}
        for defined in other.defined:
            before = known.get((defined.pack, str(defined.at), defined.name))
            if before is None:
                self.defined.append(replace(defined))
            else:
                before.optional = before.optional and defined.optional
        self.entities |= other.entities
        self.declared_by |= other.declared_by
        self.sources |= {key if "." in key else f"{pack}.{key}": value for key, value in other.sources.items()}
        self.programmes |= other.programmes
        self.notes += [note for note in other.notes if note not in self.notes]

    def define(self, own: list[Defined], problems: Problems) -> None:
        """Add a pack's own definitions; those with `replaces` drop what they replace."""
        for defined in own:
            if not defined.replaces:
                continue
            at = defined.replaces_at or defined.at
            rivals = [d for d in self.defined if d.key == defined.key]
            if any(d.pack == defined.replaces for d in rivals):
                self.defined = [d for d in self.defined if d.key != defined.key]
                continue
            packs = {d.pack for d in self.defined}
            if defined.replaces not in packs:
                text = _("replaces 写的“{pack}”不是本包沿用（extends）的政策包，没有东西可替换。{hint}")
                problems.add(at, text.format(pack=defined.replaces, hint=suggestion(defined.replaces, packs)))
            else:
                there = [d.name for d in self.defined if d.pack == defined.replaces and d.entity == defined.entity]
                text = _("从 {pack} 沿用的内容里没有“{name}”，没有东西可替换。{hint}")
                hint = suggestion(defined.name, there)
                problems.add(at, text.format(pack=defined.replaces, name=defined.name, hint=hint))
        self.defined += [replace(d) for d in own]

    def declare(self, pack: str, entities: Mapping[str, tuple[Entity, Place]], problems: Problems) -> None:
        """Add a pack's own entities; one that an extended pack has already is a fault."""
        for name, (entity, at) in entities.items():
            if name in self.declared_by:
                text = _("实体 {name} 在沿用的政策包 {pack} 里已有。请删去这里的一份。")
                problems.add(at, text.format(name=name, pack=self.declared_by[name]))
            self.entities[name] = entity
            self.declared_by[name] = pack


def take_facts(parent: Gathered, wanted: frozenset[str], pack: str, at: Place, problems: Problems) -> None:
    """Facts of an extended pack that come along although no formula uses them: questions asked for the record."""
    facts = {f"{d.entity}.{d.name}": d for d in parent.defined if isinstance(d.value, Fact)}
    for name in sorted(wanted):
        if name in facts:
            facts[name].optional = False
        else:
            text = _("政策包 {pack} 没有事实“{name}”；写法是 实体.名称，如 member.on_dibao。{hint}")
            problems.add(at, text.format(pack=pack, name=name, hint=suggestion(name, facts)))


@dataclass(slots=True)
class Draft:
    """The pack's named things, each in its mapping."""

    facts: dict[tuple[str, str], Fact] = field(default_factory=dict)
    standards: dict[str, Standard] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    rules: dict[tuple[str, str], Rule] = field(default_factory=dict)
    rankings: dict[str, Ranking] = field(default_factory=dict)


def merge(gathered: Gathered, pack: str, shown: Iterable[str], problems: Problems) -> Gathered:
    """Leave out the facts and standards of extended packs that nothing uses, and refuse names defined twice.

    `shown` are the household values that the pack's `results` name: they count as used.
    """
    taken = _needed(gathered.defined, {("household", name) for name in shown})
    gathered.defined = taken
    used = {d.entity for d in taken} | {name for d in taken for name, rest in d.uses if not rest}
    gathered.entities = {
        name: entity
        for name, entity in gathered.entities.items()
        if name in used or name in ("household", "member") or gathered.declared_by.get(name) == pack
    }
    _check_names(taken, gathered.entities, problems)
    return gathered


def _needed(defined: list[Defined], shown: set[tuple[str, str]]) -> list[Defined]:
    firm = [d for d in defined if not d.optional]
    waiting = [d for d in defined if d.optional]
    wanted: set[tuple[str, str]] = {d.key for d in firm} | {use for d in firm for use in d.uses}
    wanted |= shown | {("household", "place")}
    entities = {"household", "member"} | {d.entity for d in firm}
    entities |= {name for name, rest in wanted if not rest}  # counted, as in COUNT(supporter)
    heads = _heads(waiting)
    taken: set[int] = set()
    while True:
        fresh = [d for d in waiting if id(d) not in taken and (d.key in wanted or _along(d, entities, heads))]
        if not fresh:
            break
        for d in fresh:
            taken.add(id(d))
            wanted |= d.uses
            entities.add(d.entity)
    return [d for d in defined if not d.optional or id(d) in taken]


def _heads(defined: Iterable[Defined]) -> set[int]:
    """The first fact of every entity whose rows are many: it says what the row is (赡养关系, 车辆种类)."""
    first: dict[str, int] = {}
    for d in defined:
        if isinstance(d.value, Fact) and d.entity != "household":
            first.setdefault(d.entity, id(d))
    return set(first.values())


def _along(defined: Defined, entities: set[str], heads: set[int]) -> bool:
    """Whether a fact comes along with its entity: what a survey row cannot do without, and who or what the row is."""
    fact = defined.value
    if not isinstance(fact, Fact) or defined.entity not in entities:
        return False
    return fact.required or fact.format in _IDENTIFYING or id(defined) in heads


def _check_names(defined: Iterable[Defined], entities: Mapping[str, Entity], problems: Problems) -> None:
    first: dict[tuple[str, str], Defined] = {}
    everywhere: dict[str, Defined] = {}
    titles: dict[tuple[str, str], Defined] = {}
    listed = list(defined)
    for d in listed:
        if d.entity and d.entity not in entities:
            text = _("没有实体“{entity}”。{hint}")
            problems.add(d.at, text.format(entity=d.entity, hint=suggestion(d.entity, entities)))
        if d.name in RESERVED_NAMES or d.name in entities:
            text = _("“{name}”是公式用的词或实体名，不能作标识。请换一个，例如 {name}_value。")
            problems.add(d.at, text.format(name=d.name))
        before = first.setdefault(d.key, d)
        if before is not d:
            problems.add(d.at, _twice(before, d))
        if d.entity == EVERYWHERE:
            everywhere.setdefault(d.name, d)
    for d in listed:
        if d.entity == EVERYWHERE:
            continue
        general = everywhere.get(d.name)
        if general is not None:
            text = _("“{name}”已是 {other} 的标准或表的名称，处处可用，这里不能再用。请换一个标识。")
            problems.add(d.at, text.format(name=d.name, other=general.at))
        title = (d.entity, d.value.title)
        same = titles.setdefault(title, d)
        if same is not d and same.key != d.key:
            text = _("中文名称“{title}”与 {other} 的“{name}”相同，表格里会出现两个同名的列。请改其中一个。")
            problems.add(d.at, text.format(title=d.value.title, other=same.at, name=same.name))


def _twice(before: Defined, after: Defined) -> str:
    if before.pack != after.pack:
        text = _("“{name}”在沿用的政策包里已有（{other}）。要替换它，请写 replaces: {pack}；否则换一个标识。")
        return text.format(name=after.name, other=before.at, pack=before.pack)
    return _("“{name}”定义了两次，另一处是 {other}。请删去一处或换一个标识。").format(name=after.name, other=before.at)


def assemble(content: Gathered, problems: Problems) -> Draft:
    """The mappings of the pack, with borrowed choices filled in and score tables proved."""
    by_key = {d.key: d for d in reversed(content.defined)}
    choices = _Choices(by_key, problems)
    draft = Draft()
    for d in content.defined:
        value = d.value
        if isinstance(value, Fact):
            draft.facts.setdefault((d.entity, d.name), value)
        elif isinstance(value, Standard):
            draft.standards.setdefault(d.name, value)
        elif isinstance(value, Ranking):
            draft.rankings.setdefault(d.name, value)
        elif isinstance(value, Table):
            draft.tables.setdefault(d.name, _finished(d, value, choices, problems))
        else:
            if d.choices_of:
                found = choices.of(d.choices_of, d.choices_at or d.at, ("choice", "choices"), ())
                value = replace(value, choices=found)
            _check_codes(value, problems)
            draft.rules.setdefault((d.entity, d.name), value)
    return draft


def _finished(d: Defined, table: Table, choices: _Choices, problems: Problems) -> Table:
    known = {k.choices_of: choices.of(k.choices_of, d.at, ("choice",), ()) for k in table.keys if k.choices_of}
    if any(not codes for codes in known.values()):
        return table
    versions = tuple(
        replace(version, rows=Finisher(table, raw, known, problems).rows()) if raw is not None else version
        for version, raw in zip(table.versions, d.raw, strict=True)
    )
    return replace(table, versions=versions)


def _check_codes(rule: Rule, problems: Problems) -> None:
    """Branches of a decision of type choice name its codes."""
    if rule.kind != "decision" or rule.type != "choice" or not rule.choices:
        return
    for version in rule.decisions:
        for branch in version.branches:
            if branch.then and branch.then not in rule.choices:
                text = _("结果“{code}”不在选项里。{hint}")
                hint = suggestion(branch.then, rule.choices)
                problems.add(branch.at, text.format(code=branch.then, hint=hint))


class _Choices:
    """Choices by 'entity.name', through rules that borrow them in turn."""

    def __init__(self, by_key: Mapping[tuple[str, str], Defined], problems: Problems) -> None:
        self.by_key = by_key
        self.problems = problems

    def of(self, name: str, at: Place, types: tuple[str, ...], chain: tuple[str, ...]) -> Mapping[str, str]:
        """The codes, or nothing with the fault recorded."""
        entity, _dot, short = name.partition(".")
        found = self.by_key.get((entity, short))
        if name in chain:
            text = _("choices_of 绕成了圈：{chain}。请在其中一处写出 choices。")
            self.problems.add(at, text.format(chain=" → ".join((*chain, name))))
            return {}
        if found is None or isinstance(found.value, (Ranking, Table, Standard)):
            there = [f"{e}.{n}" for (e, n), d in self.by_key.items() if getattr(d.value, "type", "") in types and e]
            text = _("choices_of 指的“{name}”不存在。{hint}")
            self.problems.add(at, text.format(name=name, hint=suggestion(name, there)))
            return {}
        value = found.value
        if value.type and value.type not in types:
            text = _("choices_of 指的“{name}”类型是 {type}，应当是 {types}。请改指一个有选项的事实或规则。")
            self.problems.add(at, text.format(name=name, type=value.type, types=" / ".join(types)))
            return {}
        if found.choices_of:
            return self.of(found.choices_of, found.choices_at or found.at, types, (*chain, name))
        return value.choices
