"""Walking back from a household's results through what mattered.

Of an AND that failed, the parts that failed; of an OR that held, the parts that held; of a choice, the branch taken; of a
sum, the rows that are not zero; of a product with zero, the zero. Formulas are laid out once as spots; a walk follows them
through one household's values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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


@dataclass(slots=True)
class Walked:
    """What one explanation gathers: named values in dependency order with their depth, and comparisons that mattered."""

    order: list[Mark]
    depth: dict[Mark, int]
    comparisons: dict[tuple[int, int], tuple[Spot, int, int]]  # each with its row and the step it stands in


def walk(  # noqa: C901 - three small functions that share what one walk gathers
    ways: Sequence[Way | None], values: Slots, targets: Iterable[int]
) -> Walked:
    """From the household's results in `targets` back to all they rest on.

    One function with its parts inside: they share what they gather without looking it up at each of hundreds of turns.
    """
    order: list[Mark] = []
    depth: dict[Mark, int] = {}
    comparisons: dict[tuple[int, int], tuple[Spot, int, int]] = {}

    def visit(step: int, row: int, deep: int) -> None:
        """A named value, on one row (0 for the household's), and all it rests on."""
        mark = (step, row)
        if mark in depth:
            return
        depth[mark] = deep
        way = ways[step]
        if way is not None:
            if way.tree is not None:
                follow(way.tree, row, deep + 1, step)
            elif way.branches:
                for when, then in way.branches:
                    if when is not None:
                        follow(when, row, deep + 1, step)
                    if when is None or element(values[when.slot], row):
                        follow(then, row, deep + 1, step)
                        break
            else:
                for item in way.items:
                    if element(values[item.slot], row) in (True, None):
                        follow(item, row, deep + 1, step)
        order.append(mark)

    def follow(spot: Spot, row: int, deep: int, owner: int) -> None:
        if spot.step is not None:
            visit(spot.step, row if spot.below else 0, deep)
            return
        if spot.compares:
            comparisons.setdefault((spot.slot, row), (spot, row, owner))
        op, args = spot.op, spot.args
        if op in _DECIDED:
            args = _deciding(spot, row, values)
        elif op in _PER_ROW:
            if args[0].live:
                for place in _rows_that_matter(spot, values):
                    follow(args[0], place, deep, owner)
            args = args[1:]
        elif op == "spread":
            row = 0
        for arg in args:
            if arg.step is not None:
                visit(arg.step, row if arg.below else 0, deep)
            elif arg.live:
                follow(arg, row, deep, owner)

    for target in targets:
        visit(target, 0, 0)
    return Walked(order, depth, comparisons)


def _rows_that_matter(spot: Spot, values: Slots) -> list[int] | range:
    rows = values[spot.args[0].slot]
    if spot.op in ("max_of", "min_of"):
        return range(len(rows))
    skipped = spot.op == "all"  # of ALL the rows that fail matter, of the others those that count
    found = [row for row, value in enumerate(rows) if not is_known(value) or bool(value) != skipped]
    alike = spot.op in ("any", "all") and not found  # ANY: every row failed; ALL: every row held
    return range(len(rows)) if alike else found


def _deciding(spot: Spot, row: int, values: Slots) -> tuple[Spot, ...]:
    """The arguments that decided an operation's value for one row."""
    op, args = spot.op, spot.args
    if op == "if":
        condition = element(values[args[0].slot], row)
        return args if condition is None else (args[0], args[1] if condition else args[2])
    if op == "mul":
        return tuple([arg for arg in args if element(values[arg.slot], row) == 0]) or args
    result = element(values[spot.slot], row)
    if result is (op == "and"):
        return args
    return tuple([arg for arg in args if element(values[arg.slot], row) is result])
