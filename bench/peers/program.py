"""A Plan as named values with expression trees: what the writers of the peers' source turn into code.

Everything comes from the Plan's own operations, so the peers round where the engine rounds. A named value that another
one mentions is a reference, never computed twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from graphlib import TopologicalSorter

from zhikun.engine.plan import Plan
from zhikun.engine.plan.lower import decimals_of
from zhikun.engine.plan.model import Instruction, RankingStep, Step

Key = tuple[str, str]
AGGREGATES = frozenset({"sum", "count", "count_rows", "any", "all", "max_of", "min_of"})
GRID = 6


@dataclass(frozen=True, eq=False, slots=True)
class Expr:
    """One operation; `ref` a named value, `stated` a fact as the form gives it, `const` a number or code."""

    op: str
    args: tuple[Expr, ...]
    type: str
    space: str
    value: object = None
    decimals: int = GRID


@dataclass(frozen=True, slots=True)
class Named:
    """A rule, decision, list, or a fact with a skip condition: one column of the results of an entity."""

    name: str
    entity: str
    type: str
    codes: tuple[str, ...]
    title: str
    formula: str
    expr: Expr
    kind: str

    @property
    def key(self) -> Key:
        return (self.entity, self.name)


@dataclass(slots=True)
class Program:
    """All named values in an order in which each comes after what it mentions, the facts they read, the rankings."""

    plan: Plan
    values: list[Named] = field(default_factory=list)
    facts: list[Step] = field(default_factory=list)
    rankings: tuple[RankingStep, ...] = ()

    def entities(self) -> list[str]:
        """The entities below the household, in the pack's order."""
        used = {step.entity for step in self.facts}
        return [entity for entity in self.plan.pack.entities if entity in used and entity != "household"]

    def results(self) -> list[Named]:
        """The household values that the results show."""
        shown = {(s.entity, s.name) for s in self.plan.computed}
        return [value for value in self.values if value.entity == "household" and value.key in shown]

    def codes(self, key: Key) -> tuple[str, ...]:
        """The codes of a fact or of a named value."""
        return next(step.codes for step in self.plan.steps if (step.entity, step.name) == key)


def program(plan: Plan) -> Program:
    """The plan's named values as expressions."""
    reader = Reader(plan)
    values = [reader.named(s) for s in plan.steps if s.kind not in ("fact", "standard") or s.tree is not None]
    by_key = {value.key: value for value in values}
    graph = {value.key: [k for k in mentions(value.expr) if k in by_key and k != value.key] for value in values}
    ordered = [by_key[key] for key in TopologicalSorter(graph).static_order()]
    return Program(plan, ordered, list(plan.facts), plan.rankings)


def walk(expr: Expr) -> Iterator[Expr]:
    """An expression and all below it."""
    yield expr
    for arg in expr.args:
        yield from walk(arg)


def mentions(expr: Expr) -> list[Key]:
    """The named values that an expression mentions, each once."""
    return list(dict.fromkeys(e.value for e in walk(expr) if e.op == "ref"))


def repeated(expr: Expr) -> list[Expr]:
    """Operations that an expression uses more than once: a person would give them a name of their own. Inner ones first."""
    counts = Counter(id(e) for e in walk(expr))
    found: dict[int, Expr] = {}

    def visit(e: Expr) -> None:
        if id(e) in found:
            return
        for arg in e.args:
            visit(arg)
        if counts[id(e)] > 1 and e.args and e is not expr:
            found[id(e)] = e

    visit(expr)
    return list(found.values())


class Reader:
    """Instructions back to trees; the same slot inside one value is the same object."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.names: dict[int, Key] = {}
        for step in plan.steps:
            if step.kind != "standard":
                self.names.setdefault(step.slot, (step.entity, step.name))
        self.places: dict[int, int] = {}

    def named(self, step: Step) -> Named:
        made: dict[int, Expr] = {}
        first = self.names[step.slot] == (step.entity, step.name)
        expr = self._operation(step.slot, made) if first else self._expr(step.slot, made)
        return Named(step.name, step.entity, step.type, step.codes, step.title, step.formula, expr, step.kind)

    def _expr(self, slot: int, made: dict[int, Expr]) -> Expr:
        if slot not in made:
            instruction = self.plan.instructions[slot]
            name = self.names.get(slot)
            if name is not None and instruction.op != "const":
                made[slot] = Expr("ref", (), instruction.type, name[0], name, self.decimals(slot))
            else:
                made[slot] = self._operation(slot, made)
        return made[slot]

    def _operation(self, slot: int, made: dict[int, Expr]) -> Expr:
        i = self.plan.instructions[slot]
        if i.op == "fact":
            return Expr("stated", (), i.type, i.space, i.value, self.decimals(slot))
        if i.op.startswith("counted_"):  # on complete facts, the plain comparison
            args = tuple(self._expr(arg, made) for arg in i.args[:2])
            return Expr(i.op.removeprefix("counted_"), args, i.type, i.space, None, self.decimals(slot))
        args = tuple(self._expr(arg, made) for arg in i.args)
        if i.op == "spread" and args[0].op not in ("ref", "const"):
            return self._spread_deeper(args[0], i.space)
        return Expr(i.op, args, i.type, i.space, i.value, self.decimals(slot))

    def _spread_deeper(self, expr: Expr, space: str) -> Expr:
        """A household's arithmetic for each row, over household values given to each row."""
        if expr.op == "const":
            return expr
        if expr.op == "ref":
            return Expr("spread", (expr,), expr.type, space, None, expr.decimals)
        args = tuple(self._spread_deeper(arg, space) for arg in expr.args)
        return Expr(expr.op, args, expr.type, space, expr.value, expr.decimals)

    def decimals(self, slot: int) -> int:
        """How many decimals the numbers of a slot can have."""
        if slot not in self.places:
            self.places[slot] = self._decimals(self.plan.instructions[slot])
        return self.places[slot]

    def _decimals(self, i: Instruction) -> int:
        if i.op == "fact":
            return self.plan.pack.facts[i.value].decimals if i.type == "number" else 0
        if i.type != "number" or i.op in ("count", "count_rows", "count_of", "age", "months_since", "days_since"):
            return 0
        if i.op == "const":
            return decimals_of(i.value)
        if i.op == "snap":
            return int(str(i.value))
        if i.op == "round_to":
            return decimals_of(i.value[0])
        if i.op == "lookup":
            return i.value.decimals
        below = [self.decimals(arg) for arg in i.args if self.plan.instructions[arg].type == "number"]
        if i.op == "mul":
            return sum(below)
        return GRID if i.op in ("mul_grid", "div_grid") else max(below, default=GRID)
