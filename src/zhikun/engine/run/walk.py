"""Walking back from a household's results through what mattered.

Of an AND that failed, the parts that failed; of an OR that held, the parts that held; of a choice, the branch taken; of a
sum, the rows that are not zero; of a product with zero, the zero. As the values themselves (single.py), the walk is written
once as Python from the pack's formulas, one function for each named value: an explanation passes hundreds of places, and a
page waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from zhikun.engine.plan.model import Lowered, Plan, Step
from zhikun.engine.run.elements import is_known
from zhikun.engine.run.facts import ID
from zhikun.engine.run.single import Slots

Key = tuple[str, str]
Mark = tuple[int, int]  # the place of a named value among the plan's steps, row from 0
COMPARISONS = {"lt": "<", "le": "≤", "gt": ">", "ge": "≥", "eq": "=", "ne": "≠"}
_PER_ROW = frozenset({"sum", "count", "any", "all", "max_of", "min_of"})
_DECIDED = frozenset({"if", "and", "or", "mul"})  # operations of which only some arguments mattered

# What a walk does at a spot.
_NAMED, _COMPARED, _CHOSEN, _OVER_ROWS, _OF_THE_HOUSEHOLD = range(5)
Route = tuple["Spot", ...]

DEEPEST = 60  # levels of indentation; Python takes a hundred


@dataclass(slots=True)
class Spot:
    """A node of a formula at which a walk has something to do."""

    kind: int  # see above
    low: Lowered
    slot: int
    step: int = -1  # _NAMED: the place of the named value
    below: bool = False  # _NAMED: on the rows of an entity
    parts: tuple[Part, ...] = ()  # the arguments among which a walk chooses, or whose rows it chooses
    route: Route = ()  # _OF_THE_HOUSEHOLD: what is met in it


@dataclass(slots=True)
class Part:
    """A part of a formula that can matter or not: its value's slot, and what is met in it in order."""

    slot: int
    route: Route

    @staticmethod
    def of(low: Lowered, places: Mapping[Key, int]) -> Part:
        """A lowered node laid out."""
        return Part(low.slot, _route(low, places))


def _route(low: Lowered, places: Mapping[Key, int]) -> Route:
    """What a walk meets in a formula: its named values, its comparisons, and the operations that let it choose.

    Of any other operation all arguments matter alike, so that the walk need not stop at it.
    """
    node = low.node
    if node.op == "ref" and isinstance(node.value, tuple):
        key: Any = node.value
        return (Spot(_NAMED, low, low.slot, places[key], below=key[0] not in ("", ID)),)
    if node.op in _DECIDED:
        parts = tuple(Part.of(arg, places) for arg in low.args)
        return (Spot(_CHOSEN, low, low.slot, parts=parts),) if any(part.route for part in parts) else ()
    if node.op in _PER_ROW:
        each, *others = (Part.of(arg, places) for arg in low.args)
        rows = (Spot(_OVER_ROWS, low, low.slot, parts=(each,)),) if each.route else ()
        return (*rows, *(spot for other in others for spot in other.route))
    inner = tuple(spot for arg in low.args for spot in _route(arg, places))
    if node.op == "spread" and any(spot.kind != _NAMED for spot in inner):
        return (Spot(_OF_THE_HOUSEHOLD, low, low.slot, route=inner),)
    if node.op in COMPARISONS and node.args[0].type == "number":
        return (Spot(_COMPARED, low, low.slot), *inner)
    return inner


@dataclass(slots=True)
class Walked:
    """What one explanation gathers: named values in dependency order with their depth, and comparisons that mattered."""

    order: list[Mark]
    depth: dict[Mark, int]
    comparisons: dict[tuple[int, int], tuple[Spot, int, int]]  # each with its row and the step it stands in


class Walk:
    """The walk through the formulas of a plan.

    In the text that is written, `v` are the slots, `n4` is the function of the fifth named value, `r` the row on which it is
    met (0 for the household's), `d` how deep; `spot1` is a spot, `x1` a value of this household.
    """

    def __init__(self, plan: Plan) -> None:
        self._instructions = plan.instructions
        self._places = {(step.entity, step.name): place for place, step in enumerate(plan.steps)}
        self._computed = [bool(step.branches or step.items or step.tree is not None) for step in plan.steps]
        self._names: dict[str, Any] = {"rows_that_matter": rows_that_matter}
        self._apart: list[str] = []  # functions for parts that lie too deep
        self._used = 0
        steps = [line for place, step in enumerate(plan.steps) for line in self._of_step(place, step)]
        lines = [
            "def walk(v, targets):",
            " order, depth, comparisons = [], {}, {}",
            " met = order.append",
            *(" " + line for line in (*self._apart, *steps)),
            f" visits = ({''.join(f'n{place}, ' for place in range(len(plan.steps)))})",
            " for target in targets:",
            "  if (target, 0) not in depth:",
            "   visits[target](0, 0)",
            " return order, depth, comparisons",
        ]
        # The text is ours: places, slots, and the names of operations.
        exec("\n".join(lines), self._names)  # noqa: S102 - see above
        self._walk: Callable[..., Any] = self._names["walk"]

    def __call__(self, values: Slots, targets: Iterable[int]) -> Walked:
        """From the household's results in `targets`, by their places, back to all they rest on."""
        return Walked(*self._walk(values, targets))

    # --- writing: every function gives lines, indented by one blank for each level

    def _of_step(self, place: int, step: Step) -> list[str]:
        row = "0" if step.entity in ("", ID) else "r"
        met = f"met(({place}, {row}))"
        lines = [f"depth[({place}, {row})] = d", *(["d += 1"] if self._computed[place] else [])]
        if step.tree is not None:
            lines += self._along(step.tree, row, place, 2)
        for branch in step.branches:
            then = self._along(branch.then, row, place, 3)
            if branch.when is None:
                lines += then
                break
            lines += self._along(branch.when, row, place, 2)
            lines += _inside(f"if {self._value(branch.when.slot, row)}:", [*then, met, "return"])
        for item in step.items:
            lines += _inside(
                f"if {self._value(item.when.slot, row)} is not False:", self._along(item.when, row, place, 3)
            )
        return _inside(f"def n{place}(r, d):", [*lines, met])

    def _along(self, low: Lowered, row: str, owner: int, level: int) -> list[str]:
        """What is met in a formula; `owner` is the place of the step to which it belongs."""
        return self._met(_route(low, self._places), row, owner, level)

    def _met(self, route: Route, row: str, owner: int, level: int) -> list[str]:
        if level > DEEPEST and route:
            name = self._new("part")
            self._apart += _inside(f"def {name}(r, d):", self._met(route, "0" if row == "0" else "r", owner, 2))
            return [f"{name}({row}, d)"]
        return [line for spot in route for line in self._at(spot, row, owner, level)]

    def _at(self, spot: Spot, row: str, owner: int, level: int) -> list[str]:
        """What a walk does at a spot."""
        if spot.kind == _NAMED:
            place = row if spot.below else "0"
            mark = f"({spot.step}, {place})"
            if self._computed[spot.step]:
                return [f"if {mark} not in depth: n{spot.step}({place}, d)"]
            return [f"if {mark} not in depth: depth[{mark}] = d; met({mark})"]
        if spot.kind == _COMPARED:
            name = self._new("spot")
            self._names[name] = spot
            key = f"({spot.slot}, {row})"
            return [f"if {key} not in comparisons: comparisons[{key}] = ({name}, {row}, {owner})"]
        if spot.kind == _OVER_ROWS:
            place = self._new("r")
            head = f"for {place} in rows_that_matter({spot.low.node.op!r}, v[{spot.parts[0].slot}]):"
            return _inside(head, self._met(spot.parts[0].route, place, owner, level + 1))
        if spot.kind == _OF_THE_HOUSEHOLD:
            return self._met(spot.route, "0", owner, level)
        return self._chosen(spot, row, owner, level)

    def _chosen(self, spot: Spot, row: str, owner: int, level: int) -> list[str]:
        """The arguments that decided an operation's value."""
        parts, op = spot.parts, spot.low.node.op
        inner = [self._met(part.route, row, owner, level + 1) for part in parts]
        values = [self._value(part.slot, row) for part in parts]
        if op == "if":
            given = self._new("x")
            return [
                f"{given} = {values[0]}",
                *self._met(parts[0].route, row, owner, level),
                *_inside(f"if {given} is not False:", inner[1]),
                *_inside(f"if not {given}:", inner[2]),
            ]
        if op == "mul":  # the zero; of none, all
            zeros = self._new("x")
            tests = [f"if {value} == 0 or not {zeros}:" for value in values]
            head = f"{zeros} = {' or '.join(f'{value} == 0' for value in values)}"
        else:  # of an AND that failed the parts that failed; of one that held, all
            result = self._new("x")
            tests = [f"if {result} is {op == 'and'} or {value} is {result}:" for value in values]
            head = f"{result} = {self._value(spot.slot, row)}"
        return [head, *(line for test, part in zip(tests, inner, strict=True) for line in _inside(test, part))]

    def _value(self, slot: int, row: str) -> str:
        """A slot's value on a row."""
        return f"v[{slot}]" if self._instructions[slot].space in ("", ID) else f"v[{slot}][{row}]"

    def _new(self, letter: str) -> str:
        self._used += 1
        return f"{letter}{self._used}"


def _inside(head: str, lines: list[str]) -> list[str]:
    """A statement with its lines; nothing where it has none."""
    return [head, *(" " + line for line in lines)] if lines else []


def rows_that_matter(op: str, rows: list[Any]) -> list[int] | range:
    """The rows, from 0, on which an operation over them rests: of ALL those that fail, of others those that count."""
    if op in ("max_of", "min_of"):
        return range(len(rows))
    skipped = op == "all"
    found = [row for row, value in enumerate(rows) if not is_known(value) or bool(value) != skipped]
    alike = op in ("any", "all") and not found  # ANY: every row failed; ALL: every row held
    return range(len(rows)) if alike else found
