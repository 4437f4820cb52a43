"""Walking back from a household's results through what mattered.

Of an AND that failed, the parts that failed; of an OR that held, the parts that held; of a choice, the branch taken; of a
sum, the rows that are not zero; of a product with zero, the zero. Formulas are laid out once as routes of spots; a walk
follows them through one household's values.
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

# What a walk does at a spot.
_NAMED, _COMPARED, _CHOSEN, _OVER_ROWS, _OF_THE_HOUSEHOLD = range(5)
Route = tuple["Spot", ...]


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
class Way:
    """The formulas of a named value: branches of a decision, items of a list, or one tree."""

    branches: tuple[tuple[Part | None, Route], ...]
    items: tuple[Part, ...]
    tree: Route


def ways_of(steps: Sequence[Step]) -> list[Way | None]:
    """Each step's formulas laid out; None where it has none."""
    places = {(step.entity, step.name): place for place, step in enumerate(steps)}

    def way(step: Step) -> Way | None:
        if not (step.branches or step.items or step.tree is not None):
            return None
        return Way(
            tuple((Part.of(b.when, places) if b.when else None, _route(b.then, places)) for b in step.branches),
            tuple(Part.of(item.when, places) for item in step.items),
            _route(step.tree, places) if step.tree else (),
        )

    return [way(step) for step in steps]


@dataclass(slots=True)
class Walked:
    """What one explanation gathers: named values in dependency order with their depth, and comparisons that mattered."""

    order: list[Mark]
    depth: dict[Mark, int]
    comparisons: dict[tuple[int, int], tuple[Spot, int, int]]  # each with its row and the step it stands in


def walk(  # noqa: C901 - two small functions that share what one walk gathers
    ways: Sequence[Way | None], values: Slots, targets: Iterable[int]
) -> Walked:
    """From the household's results in `targets` back to all they rest on.

    One function with its parts inside: they share what they gather without looking it up at each of hundreds of turns.
    """
    order: list[Mark] = []
    depth: dict[Mark, int] = {}
    comparisons: dict[tuple[int, int], tuple[Spot, int, int]] = {}

    def visit(step: int, row: int, deep: int) -> None:
        """A named value not met before, on one row (0 for the household's), and all it rests on."""
        mark = (step, row)
        depth[mark] = deep
        way = ways[step]
        if way is not None:
            if way.tree:
                follow(way.tree, row, deep + 1, step)
            for when, then in way.branches:
                if when is None:
                    follow(then, row, deep + 1, step)
                    break
                follow(when.route, row, deep + 1, step)
                holds = values[when.slot]
                if holds[row] if holds.__class__ is list else holds:
                    follow(then, row, deep + 1, step)
                    break
            for item in way.items:
                if element(values[item.slot], row) is not False:
                    follow(item.route, row, deep + 1, step)
        order.append(mark)

    def follow(route: Route, row: int, deep: int, owner: int) -> None:
        for spot in route:
            kind = spot.kind
            if kind == _NAMED:
                step, place = spot.step, row if spot.below else 0
                mark = (step, place)
                if mark not in depth:
                    if ways[step] is None:
                        depth[mark] = deep
                        order.append(mark)
                    else:
                        visit(step, place, deep)
            elif kind == _COMPARED:
                found = (spot.slot, row)
                if found not in comparisons:
                    comparisons[found] = (spot, row, owner)
            elif kind == _CHOSEN:
                for part in _deciding(spot, row, values):
                    if part.route:
                        follow(part.route, row, deep, owner)
            elif kind == _OVER_ROWS:
                each = spot.parts[0]
                for place in _rows_that_matter(spot.low.node.op, values[each.slot]):
                    follow(each.route, place, deep, owner)
            else:
                follow(spot.route, 0, deep, owner)

    for target in targets:
        if (target, 0) not in depth:
            visit(target, 0, 0)
    return Walked(order, depth, comparisons)


def _rows_that_matter(op: str, rows: list[Any]) -> list[int] | range:
    if op in ("max_of", "min_of"):
        return range(len(rows))
    skipped = op == "all"  # of ALL the rows that fail matter, of the others those that count
    found = [row for row, value in enumerate(rows) if not is_known(value) or bool(value) != skipped]
    alike = op in ("any", "all") and not found  # ANY: every row failed; ALL: every row held
    return range(len(rows)) if alike else found


def _deciding(spot: Spot, row: int, values: Slots) -> Sequence[Part]:
    """The arguments that decided an operation's value for one row."""
    op, parts = spot.low.node.op, spot.parts
    if op == "if":
        condition = element(values[parts[0].slot], row)
        return parts if condition is None else (parts[0], parts[1 if condition else 2])
    if op == "mul":
        return [part for part in parts if element(values[part.slot], row) == 0] or parts
    result = element(values[spot.slot], row)
    if result is (op == "and"):
        return parts
    return [part for part in parts if element(values[part.slot], row) is result]
