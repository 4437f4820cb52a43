"""Walking back from a household's results through what mattered.

Of an AND that failed, the parts that failed; of an OR that held, the parts that held; of a choice, the branch taken; of a
sum, the rows that are not zero; of a product with zero, the zero. Formulas are laid out once as spots; a walk follows them
through one household's values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zhikun.engine.plan.model import Lowered, Step
from zhikun.engine.run.elements import element, is_known
from zhikun.engine.run.facts import ID
from zhikun.engine.run.single import Slots

Key = tuple[str, str]
Mark = tuple[int, int]  # the place of a named value among the plan's steps, row from 0
COMPARISONS = {"lt": "<", "le": "≤", "gt": ">", "ge": "≥", "eq": "=", "ne": "≠"}
_PER_ROW = frozenset({"sum", "count", "any", "all", "max_of", "min_of"})
_DECIDED = frozenset({"if", "and", "or", "mul"})  # operations of which only some arguments mattered


@dataclass(slots=True)
class Spot:
    """A node of a formula as a walk meets it."""

    op: str
    slot: int
    args: tuple[Spot, ...]
    step: int | None  # the place of the named value it mentions
    low: Lowered
    compares: bool  # numbers, so that it is told how near they are
    live: bool  # whether a named value or a comparison lies in it
    below: bool  # for a named value: on the rows of an entity

    @staticmethod
    def of(low: Lowered, places: Mapping[Key, int]) -> Spot:
        """A lowered node laid out."""
        node = low.node
        args = tuple(Spot.of(arg, places) for arg in low.args)
        key: Any = node.value if node.op == "ref" and isinstance(node.value, tuple) else None
        compares = node.op in COMPARISONS and node.args[0].type == "number"
        live = key is not None or compares or any(arg.live for arg in args)
        below = key is not None and key[0] not in ("", ID)
        return Spot(node.op, low.slot, args, None if key is None else places[key], low, compares, live, below)


@dataclass(slots=True)
class Way:
    """The formulas of a named value as spots: branches of a decision, items of a list, or one tree."""

    branches: tuple[tuple[Spot | None, Spot], ...]
    items: tuple[Spot, ...]
    tree: Spot | None


def ways_of(steps: Sequence[Step]) -> list[Way | None]:
    """Each step's formulas laid out; None where it has none."""
    places = {(step.entity, step.name): place for place, step in enumerate(steps)}

    def way(step: Step) -> Way | None:
        if not (step.branches or step.items or step.tree is not None):
            return None
        return Way(
            tuple((Spot.of(b.when, places) if b.when else None, Spot.of(b.then, places)) for b in step.branches),
            tuple(Spot.of(item.when, places) for item in step.items),
            Spot.of(step.tree, places) if step.tree else None,
        )

    return [way(step) for step in steps]


class Walk:
    """What one explanation gathers: named values in dependency order with their depth, and comparisons that mattered."""

    def __init__(self, ways: Sequence[Way | None], values: Slots) -> None:
        self._ways = ways
        self._values = values
        self.order: list[Mark] = []
        self.depth: dict[Mark, int] = {}
        self.comparisons: dict[
            tuple[int, int], tuple[Spot, int, int]
        ] = {}  # each with its row and the step it stands in

    def visit(self, step: int, row: int, depth: int) -> None:
        """A named value, on one row (0 for the household's), and all it rests on."""
        mark = (step, row)
        if mark in self.depth:
            return
        self.depth[mark] = depth
        way = self._ways[step]
        if way is None:
            self.order.append(mark)
            return
        if way.branches:
            self._follow_branches(way, row, depth + 1, step)
        elif way.items:
            for item in way.items:
                if element(self._values[item.slot], row) in (True, None):
                    self._follow(item, row, depth + 1, step)
        elif way.tree is not None:
            self._follow(way.tree, row, depth + 1, step)
        self.order.append(mark)

    def _follow_branches(self, way: Way, row: int, depth: int, owner: int) -> None:
        for when, then in way.branches:
            if when is not None:
                self._follow(when, row, depth, owner)
            if when is None or element(self._values[when.slot], row):
                self._follow(then, row, depth, owner)
                return

    def _follow(self, spot: Spot, row: int, depth: int, owner: int) -> None:
        if spot.step is not None:
            self.visit(spot.step, row if spot.below else 0, depth)
            return
        if spot.compares:
            self.comparisons.setdefault((spot.slot, row), (spot, row, owner))
        op, args = spot.op, spot.args
        if op in _DECIDED:
            args = self._deciding(spot, row)
        elif op in _PER_ROW:
            if args[0].live:
                for place in self._rows_that_matter(spot):
                    self._follow(args[0], place, depth, owner)
            args = args[1:]
        elif op == "spread":
            row = 0
        for arg in args:
            if arg.step is not None:
                self.visit(arg.step, row if arg.below else 0, depth)
            elif arg.live:
                self._follow(arg, row, depth, owner)

    def _rows_that_matter(self, spot: Spot) -> list[int] | range:
        rows = self._values[spot.args[0].slot]
        if spot.op in ("max_of", "min_of"):
            return range(len(rows))
        skipped = spot.op == "all"  # of ALL the rows that fail matter, of the others those that count
        found = [row for row, value in enumerate(rows) if not is_known(value) or bool(value) != skipped]
        alike = spot.op in ("any", "all") and not found  # ANY: every row failed; ALL: every row held
        return range(len(rows)) if alike else found

    def _deciding(self, spot: Spot, row: int) -> tuple[Spot, ...]:
        """The arguments that decided an operation's value for one row."""
        op, args, values = spot.op, spot.args, self._values
        if op == "if":
            condition = element(values[args[0].slot], row)
            return args if condition is None else (args[0], args[1] if condition else args[2])
        if op == "mul":
            return tuple(arg for arg in args if element(values[arg.slot], row) == 0) or args
        result = element(values[spot.slot], row)
        if result is (op == "and"):
            return args
        return tuple(arg for arg in args if element(values[arg.slot], row) is result)
