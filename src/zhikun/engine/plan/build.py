"""A pack on a day, for a place -> Plan: formulas typed, rules put in order, trees lowered to instructions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from graphlib import CycleError, TopologicalSorter

from zhikun.engine.formulas import HOUSEHOLD, FormulaError, Node, Signature, check
from zhikun.engine.packs.model import Fact, Pack, Place, Rule, Source, Standard
from zhikun.engine.plan.lower import Builder
from zhikun.engine.plan.model import BranchStep, ItemStep, Lowered, Plan, PlanErrors, RankingStep, Step
from zhikun.engine.plan.scope import (
    DayScope,
    rule_signature,
    value_for,
    values_in_force,
    version_in_force,
)
from zhikun.engine.plan.tables import LookupData, decimals_of, lay_out
from zhikun.wording import _

Key = tuple[str, str]  # (entity, name); the entity of a standard that is the same for everyone is ''
TRUTH = Signature("when", HOUSEHOLD, "boolean")
EPOCH = date(1970, 1, 1)
LONGEST = 160


def make_plan(pack: Pack, on: date, place: str | None = None, names: Iterable[Key] | None = None) -> Plan:
    """The plan of a pack on a day, for a place (default: the pack's own); `names` keeps only what these need.

    Raises PlanErrors with everything that is wrong on that day, each with its file and line.
    """
    place = (pack.place or "") if place is None else place
    if on < pack.first_day:
        text = _("政策包“{id}”从 {first} 起才有规定，不能评估 {day}；请改用以后的日期。").format(
            id=pack.id, first=pack.first_day, day=on
        )
        raise PlanErrors([(Place(f"{pack.id}/pack.yaml", 1), text)])
    planner = _Planner(pack, on, place)
    planner.read()
    if planner.errors:
        raise PlanErrors(planner.errors)
    order = planner.order(None if names is None else set(names))
    if planner.errors:
        raise PlanErrors(planner.errors)
    return planner.lower(order)


@dataclass(slots=True)
class _Typed:
    """A rule, decision, list or fact with its formulas typed, and the names it uses."""

    uses: set[Key] = field(default_factory=set)
    formula: Node | None = None
    branches: list[tuple[Node | None, Node]] = field(default_factory=list)
    items: list[Node | None] = field(default_factory=list)


class _Planner:
    """Collects errors while reading; lowers only what is right."""

    def __init__(self, pack: Pack, day: date, place: str) -> None:
        self.pack = pack
        self.day = day
        self.place = place
        self.scope = DayScope(pack, day, place)
        self.errors: list[tuple[Place, str]] = []
        self.typed: dict[Key, _Typed] = {}
        self.slots: dict[Key, int] = {}
        self.lookups: dict[str, LookupData] = {}
        self.builder = Builder(self._slot_of, self._lookup)

    # --- reading: every formula typed

    def read(self) -> None:
        """Types every formula in force on the day."""
        for key, rule in self.scope.rules.items():
            self.typed[key] = self._read_rule(rule)
        for key, fact in self.pack.facts.items():
            typed = self.typed[key] = _Typed()
            if fact.asked_when:
                when = Signature("asked_when", fact.entity, "boolean")
                typed.formula = self._check(fact.asked_when, fact.entity, when, fact.at, typed.uses)
        for ranking in self.pack.rankings.values():
            for by in ranking.by:
                found = self.scope.find(HOUSEHOLD, by.value)
                if found is None or found.type not in ("number", "boolean"):
                    self._error(
                        ranking.at, _("排序依据“{v}”在 {day} 不是户上的数字或是非。").format(v=by.value, day=self.day)
                    )

    def _error(self, at: Place, text: str) -> None:
        self.errors.append((at, text))

    def _check(self, formula: str, on: str, expected: Signature, at: Place, uses: set[Key]) -> Node | None:
        try:
            node = check(formula, self.scope, on, expected)
        except FormulaError as error:
            shown = _short(formula)
            self._error(at, _("公式“{f}”：{text}（{day}）").format(f=shown, text=error.text, day=self.day))
            return None
        _collect(node, uses)
        for name in self._zero_divisors(node):
            self._error(
                at,
                _("公式“{f}”：除数“{n}”在 {day} 的值是零；请改标准，或写 DIVIDE(a, b, 除数为零时的值)。").format(
                    f=_short(formula), n=name, day=self.day
                ),
            )
        return node

    def _zero_divisors(self, node: Node) -> list[str]:
        found = [name for arg in node.args for name in self._zero_divisors(arg)]
        if node.op == "div":
            divisor = node.args[1].args[0] if node.args[1].op == "spread" else node.args[1]
            name = divisor.value[1] if isinstance(divisor.value, tuple) else ""
            standard = self.scope.standards.get(name)
            values = values_in_force(standard, self.day, self.place) if standard is not None else ()
            found += [name] if any(value.value == 0 for value in values) else []
        return found

    def _read_rule(self, rule: Rule) -> _Typed:
        typed = _Typed()
        expected = rule_signature(rule)
        if rule.kind == "rule":
            version = next(v for v in rule.versions if v.period.holds(self.day))
            typed.formula = self._check(version.formula, rule.on, expected, version.at, typed.uses)
        elif rule.kind == "decision":
            decision = next(d for d in rule.decisions if d.period.holds(self.day))
            for branch in decision.branches:
                when = self._check(branch.when, rule.on, TRUTH, branch.at, typed.uses) if branch.when else None
                text = f"'{branch.then}'" if rule.type == "choice" else branch.then
                then = self._check(text, rule.on, expected, branch.at, typed.uses)
                if then is not None:
                    typed.branches.append((when, then))
        else:
            for item in rule.items:
                holds = item.period.holds(self.day)
                typed.items.append(self._check(item.when, rule.on, TRUTH, item.at, typed.uses) if holds else None)
        self._no_flags(rule, typed)
        return typed

    def _no_flags(self, rule: Rule, typed: _Typed) -> None:
        for entity, name in typed.uses:
            used = self.scope.rules.get((entity, name))
            if used is not None and used.list_kind == "flags" and rule.list_kind != "flags":
                self._error(
                    rule.at,
                    _(
                        "“{rule}”用到了待确认事项“{flag}”：这些事项只能由人确认，不能由机器据以作出结果（2022-10-20 通知）。"
                        "请改为引用产生该事项的事实，或删去这一引用。"
                    ).format(rule=rule.name, flag=name),
                )

    # --- ordering

    def order(self, wanted: set[Key] | None) -> list[Key]:
        """Every named value after those it uses; only what `wanted` needs, if given."""
        graph: dict[Key, set[Key]] = {key: set(typed.uses) for key, typed in self.typed.items()}
        for uses in list(graph.values()):
            for key in uses:
                graph.setdefault(key, self._places() if self._is_local(key) else set())
        if wanted is None:
            ranked = any(ranking.within != "pack" for ranking in self.pack.rankings.values())
            wanted = set(self.scope.rules) | (self._places() if ranked else set())
        needed = self._closure(graph, wanted)
        try:
            return list(
                TopologicalSorter({k: sorted(graph[k]) for k in sorted(needed, key=self._written)}).static_order()
            )
        except CycleError as error:
            path = [name for _entity, name in error.args[1]]
            rule = self.scope.rules.get(error.args[1][0])
            at = rule.at if rule is not None else Place(f"{self.pack.id}/pack.yaml", 1)
            self._error(at, _("规则互相循环引用：{path}。请断开其中一处。").format(path=" → ".join(path)))
            return []

    def _places(self) -> set[Key]:
        """The household's place: what rankings inside a county, and standards that differ between places, need."""
        return {key for key, fact in self.pack.facts.items() if fact.type == "place" and fact.entity == HOUSEHOLD}

    def _is_local(self, key: Key) -> bool:
        entity, name = key
        return key not in self.typed and entity == HOUSEHOLD and name in self.scope.standards

    def _written(self, key: Key) -> int:
        positions = self._positions = getattr(self, "_positions", None) or {k: i for i, k in enumerate(self.typed)}
        return positions.get(key, -1)

    @staticmethod
    def _closure(graph: dict[Key, set[Key]], wanted: set[Key]) -> set[Key]:
        needed: set[Key] = set()
        waiting = list(wanted)
        while waiting:
            key = waiting.pop()
            if key not in needed:
                needed.add(key)
                waiting.extend(graph.get(key, ()))
        return needed

    # --- lowering

    def lower(self, order: list[Key]) -> Plan:
        """The plan, once everything is typed and ordered."""
        steps = [self._step(key) for key in order]
        rankings = [
            RankingStep(ranking, self._among(ranking.among, ranking.at))
            for ranking in self.pack.rankings.values()
            if all((HOUSEHOLD, by.value) in self.slots for by in ranking.by)
        ]
        if self.errors:
            raise PlanErrors(self.errors)
        instructions = tuple(self.builder.instructions)
        last = list(range(len(instructions)))
        for number, instruction in enumerate(instructions):
            for slot in instruction.args:
                last[slot] = number
        return Plan(self.pack, self.day, self.place, instructions, tuple(steps), tuple(rankings), tuple(last))

    def _among(self, formula: str, at: Place) -> Lowered | None:
        uses: set[Key] = set()
        node = self._check(formula, HOUSEHOLD, TRUTH, at, uses) if formula else None
        if node is None or uses - set(self.slots):
            return None
        return self.builder.lower(node)

    def _slot_of(self, key: object) -> int:
        return self.slots[key]  # type: ignore[index] # keys of typed refs are (entity, name)

    def _lookup(self, name: str) -> tuple[LookupData, int]:
        data = self.lookups.get(name)
        if data is None:
            table = self.pack.tables[name]
            version = version_in_force(table, self.day)
            signature = self.scope.table(name)
            if version is None or signature is None:
                raise KeyError(name)
            data = self.lookups[name] = lay_out(table, version, tuple(codes for _k, _u, codes in signature.keys))
        return data, data.decimals

    def _step(self, key: Key) -> Step:
        entity, name = key
        if key in self.pack.facts:
            return self._fact_step(self.pack.facts[key])
        if key in self.scope.rules:
            return self._rule_step(self.scope.rules[key])
        return self._standard_step(entity, self.scope.standards[name])

    def _fact_step(self, fact: Fact) -> Step:
        key = (fact.entity, fact.name)
        kind = "text" if fact.type == "place" else fact.type
        slot = self._fact_slot(fact)
        typed = self.typed[key]
        tree = None
        if typed.formula is not None:
            tree = self.builder.lower(typed.formula)
            value = stored(fact.if_not_asked, fact.type, tuple(fact.choices))
            number = self.builder.numbers[slot]
            slot = self.builder.emit("not_asked", (tree.slot, slot), fact.entity, kind, value, number)
        self.slots[key] = slot
        return Step(
            fact.name,
            fact.entity,
            "fact",
            fact.title,
            fact.type,
            slot,
            fact.source,
            fact.unit,
            tuple(fact.choices),
            tuple(fact.choices.values()),
            tree=tree,
            fact=fact,
            formula=fact.asked_when,
            uses=tuple(sorted(typed.uses)),
        )

    def _fact_slot(self, fact: Fact) -> int:
        kind = "text" if fact.type == "place" else fact.type
        slot = self.builder.emit("fact", (), fact.entity, kind, (fact.entity, fact.name))
        if fact.type == "number":
            self.builder.numbers[slot] = type(self.builder.numbers[slot])(fact.decimals)
        return slot

    def _standard_step(self, entity: str, standard: Standard) -> Step:
        codes = tuple(standard.choices)
        base = value_for(standard, self.day, self.place)
        local = self.scope.local_values(standard)
        source = base.source if base is not None else local[0].source if local else Source()
        if base is None:
            self._error(
                standard.at,
                _("标准“{n}”在 {day} 对 {place} 没有值；请加一个不限地区的值。").format(
                    n=standard.name, day=self.day, place=self.place or _("未指明的地区")
                ),
            )
            slot = self.builder.constant(standard.type, 0)
        elif local:
            values = [("", stored(base.value, standard.type, codes))]
            values += [
                (v.place, stored(v.value, standard.type, codes)) for v in sorted(local, key=lambda v: len(v.place))
            ]
            place = self._place_slot()
            slot = self.builder.emit("place_value", (place,), HOUSEHOLD, standard.type, tuple(values))
            if standard.type == "number":
                decimals = max(decimals_of(value) for _p, value in values)
                self.builder.numbers[slot] = type(self.builder.numbers[slot])(decimals)
        else:
            value = stored(base.value, standard.type, codes)
            decimals = decimals_of(value) if standard.type == "number" else 0
            slot = self.builder.constant(standard.type, value, decimals)
        self.slots[(entity, standard.name)] = slot
        return Step(
            standard.name,
            entity,
            "standard",
            standard.title,
            standard.type,
            slot,
            source,
            standard.unit,
            codes,
            tuple(standard.choices.values()),
        )

    def _place_slot(self) -> int:
        return self.slots[next(iter(self._places()))]

    def _rule_step(self, rule: Rule) -> Step:
        typed = self.typed[(rule.on, rule.name)]
        kind = "choices" if rule.kind == "list" else rule.type
        lower: Callable[[Rule, _Typed], tuple[int, dict[str, object]]] = {
            "rule": self._formula,
            "decision": self._decision,
            "list": self._list,
        }[rule.kind]
        slot, more = lower(rule, typed)
        if kind == "number":
            slot = self.builder.clean(slot)
        if not self.builder.instructions[slot].space:  # a rule of constants still has a value for every row
            slot = self.builder.emit("fill", (slot,), rule.on, kind, None, self.builder.numbers[slot])
        self.slots[(rule.on, rule.name)] = slot
        codes = rule_signature(rule).codes
        labels = tuple(i.title for i in rule.items) if rule.kind == "list" else tuple(rule.choices.values())
        return Step(
            rule.name,
            rule.on,
            rule.kind,
            rule.title,
            kind,
            slot,
            unit=rule.unit,
            codes=codes,
            labels=labels,
            rule=rule,
            uses=tuple(sorted(typed.uses)),
            **more,  # type: ignore[arg-type] # each lowering returns Step's own fields
        )

    def _formula(self, rule: Rule, typed: _Typed) -> tuple[int, dict[str, object]]:
        version = next(v for v in rule.versions if v.period.holds(self.day))
        if typed.formula is None:
            raise KeyError(rule.name)
        tree = self.builder.lower(typed.formula)
        slot = tree.slot
        if version.rounding is not None:
            to, direction = version.rounding.to, version.rounding.direction
            number = type(self.builder.numbers[slot])(decimals_of(to))
            space = self.builder.instructions[slot].space
            slot = self.builder.emit("round_to", (self.builder.clean(slot),), space, "number", (to, direction), number)
        return slot, {"tree": tree, "formula": " ".join(version.formula.split()), "source": version.source}

    def _decision(self, rule: Rule, typed: _Typed) -> tuple[int, dict[str, object]]:
        decision = next(d for d in rule.decisions if d.period.holds(self.day))
        branches = []
        for branch, (when, then) in zip(decision.branches, typed.branches, strict=True):
            low = self.builder.lower(when) if when is not None else None
            branches.append(BranchStep(low, self.builder.lower(then), branch.source, branch.text))
        slot = branches[-1].then.slot
        for step in reversed(branches[:-1]):
            if step.when is not None:
                slot = self._choose(rule, step.when.slot, step.then.slot, slot)
        return slot, {"branches": tuple(branches), "source": decision.source}

    def _choose(self, rule: Rule, when: int, then: int, otherwise: int) -> int:
        builder = self.builder
        if rule.type != "number":
            return builder.emit("if", (when, then, otherwise), self._space(when, then, otherwise), rule.type)
        then, otherwise = builder.clean(then), builder.clean(otherwise)
        decimals = max(builder.number(then), builder.number(otherwise))
        number = type(builder.numbers[then])(decimals)
        return builder.emit("if", (when, then, otherwise), self._space(when, then, otherwise), "number", None, number)

    def _space(self, *slots: int) -> str:
        spaces = [self.builder.instructions[slot].space for slot in slots]
        return next(
            (space for space in spaces if space not in ("", HOUSEHOLD)), HOUSEHOLD if HOUSEHOLD in spaces else ""
        )

    def _list(self, rule: Rule, typed: _Typed) -> tuple[int, dict[str, object]]:
        never = self.builder.constant("boolean", value=False)
        slots, items = [], []
        for item, node in zip(rule.items, typed.items, strict=True):
            if node is None:
                slots.append(never)
                continue
            lowered = self.builder.lower(node)
            items.append(ItemStep(item, lowered))
            slots.append(lowered.slot)
        slot = self.builder.emit("gather", tuple(slots), rule.on, "choices")
        return slot, {"items": tuple(items), "source": rule.source}


def _short(formula: str) -> str:
    """A formula on one line, for a message."""
    text = " ".join(formula.split())
    return text if len(text) <= LONGEST else text[:LONGEST] + "……"


def _collect(node: Node, uses: set[Key]) -> None:
    if node.op == "ref" and isinstance(node.value, tuple):
        uses.add(node.value)
    for arg in node.args:
        _collect(arg, uses)


def stored(value: object, kind: str, codes: tuple[str, ...]) -> object:
    """A written value as blocks hold it: codes as places, sets as bits, dates as days since 1970."""
    if kind == "choice":
        return codes.index(str(value))
    if kind == "choices":
        chosen = value if isinstance(value, list | tuple) else ()
        return sum(1 << codes.index(str(code)) for code in chosen)
    if kind == "date" and isinstance(value, date):
        return (value - EPOCH).days
    return float(str(value)) if kind == "number" else value
