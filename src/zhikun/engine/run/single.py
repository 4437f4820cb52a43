"""One household in plain Python: the same operations as operations.py, for a page that waits for one household.

NumPy takes microseconds to begin an operation, whether on one row or on ten thousand, and a pack has hundreds of them. So
one household alone is carried by Python's own numbers. A value of the household is a number, a truth, a code's place, days
since 1970, or None where it is unknown; a set is (bits, bits still unknown); a value of an entity is a list with one of
these for each row. Every number is the float64 that the kernel gets; tests compare the two slot by slot.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import repeat
from typing import Any

from zhikun.engine.plan.model import Instruction, Plan
from zhikun.engine.run.calendar import Calendar
from zhikun.engine.run.elements import ELEMENTS, Element
from zhikun.engine.run.facts import ID, Block

Slots = list[Any]  # the value of each slot, then what lines over rows need beside them
# slot, function, the slots it reads, whether once for each row
_Line = tuple[int, Element, tuple[int, ...], bool]


def is_known(value: Any) -> bool:
    """Whether one value is known; of a set, whether all of it is."""
    return value is not None and (value.__class__ is not tuple or not value[1])


class Single:
    """A Plan bound to operations on one household. It keeps every slot's value, for explanations read them all."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.calendar = Calendar(plan.day)
        self._start: Slots = [None] * len(plan.instructions)  # constants, and room for the rest
        self._facts: list[tuple[int, tuple[str, str], bool, bool]] = []  # slot, fact, of rows, a set
        self._beside: dict[tuple[str, object], int] = {}
        self._program: list[_Line] = []
        self._between: dict[tuple[frozenset[int], frozenset[int]], list[_Line]] = {}
        for slot, instruction in enumerate(plan.instructions):
            self._prepare(slot, instruction)

    def _prepare(self, slot: int, instruction: Instruction) -> None:
        op, value, space = instruction.op, instruction.value, instruction.space
        of_rows = space not in ("", ID)
        if op == "const":
            self._start[slot] = value
        elif op == "fact":
            key: Any = value
            self._facts.append((slot, key, of_rows, instruction.type == "choices"))
        elif op == "count_rows":
            self._program.append((slot, float, (self._rows_of(str(value)),), False))
        elif op == "spread" or (op == "fill" and of_rows):
            self._program.append((slot, _spread, (instruction.args[0], self._rows_of(space)), False))
        else:
            function = ELEMENTS[op](value, self.calendar)
            if not space:
                self._start[slot] = function(*[self._start[arg] for arg in instruction.args])
            elif of_rows:
                self._program.append((slot, function, tuple(map(self._stream, instruction.args)), True))
            else:
                self._program.append((slot, function, instruction.args, False))

    def _rows_of(self, entity: str) -> int:
        """The extra slot that holds how many rows an entity has."""
        return self._extra(("rows", entity), None)

    def _stream(self, slot: int) -> int:
        """A slot to read along with rows: of a constant, an extra slot that repeats it."""
        if self.plan.instructions[slot].space:
            return slot
        return self._extra(("constant", slot), repeat(self._start[slot]))

    def _extra(self, key: tuple[str, object], value: object) -> int:
        if key not in self._beside:
            self._beside[key] = len(self._start)
            self._start.append(value)
        return self._beside[key]

    def run(self, block: Block) -> Slots:
        """The value of every slot for a block of one household."""
        values = self._start.copy()
        for (kind, entity), slot in self._beside.items():
            if kind == "rows":
                values[slot] = block.frame.rows[str(entity)].count
        facts = block.values
        for slot, key, of_rows, is_set in self._facts:
            items = _opened(*facts[key], is_set)
            values[slot] = items if of_rows else items[0]
        return _carry(self._program, values)

    def rerun(self, values: Slots, changed: Mapping[int, Any], aims: frozenset[int]) -> Slots:
        """`values` of a run with some slots replaced, and what `aims` have from them computed again."""
        again = values.copy()
        for slot, new in changed.items():
            again[slot] = new
        return _carry(self._leading(frozenset(changed), aims), again)

    def _leading(self, changed: frozenset[int], aims: frozenset[int]) -> list[_Line]:
        """The part of the program that leads from some slots to others; remembered, for explanations ask again and again."""
        found = self._between.get((changed, aims))
        if found is None:
            needed = set(aims)
            for slot, _function, args, _of_rows in reversed(self._program):
                if slot in needed and slot not in changed:
                    needed.update(args)
            dirty = set(changed)
            found = self._between[changed, aims] = []
            for line in self._program:
                if line[0] in needed and line[0] not in changed and not dirty.isdisjoint(line[2]):
                    dirty.add(line[0])
                    found.append(line)
        return found


def _carry(program: list[_Line], values: Slots) -> Slots:
    for slot, function, args, of_rows in program:
        if of_rows:
            values[slot] = list(map(function, *[values[arg] for arg in args]))
        elif len(args) == 2:  # written out, for most are of two: it saves a list for each
            values[slot] = function(values[args[0]], values[args[1]])
        else:
            values[slot] = function(*[values[arg] for arg in args])
    return values


def _opened(data: Any, known: Any, is_set: bool) -> list[Any]:
    """A fact's array as Python values, None where unknown."""
    items: list[Any] = data.tolist()
    if is_set:
        return list(zip(items, repeat(0) if known is None else known.tolist(), strict=False))
    if known is None:
        return items
    return [item if is_known else None for item, is_known in zip(items, known.tolist(), strict=True)]


def _spread(value: Any, rows: int) -> list[Any]:
    return [value] * rows
