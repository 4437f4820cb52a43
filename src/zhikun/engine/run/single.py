"""One household in plain Python: the same operations as operations.py, for a page that waits for one household.

NumPy takes microseconds to begin an operation, whether on one row or on ten thousand, and a pack has hundreds of them. So a
plan is written once as a Python function of one household's facts, one line for each slot, and that function is run. A value
of the household is a number, a truth, a code's place, days since 1970, or None where it is unknown; a set is (bits, bits
still unknown); a value of an entity is a list with one of these for each row. Every number is the float64 that the kernel
gets; tests compare the two slot by slot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from zhikun.engine.plan.model import Instruction, Plan
from zhikun.engine.run.calendar import Calendar
from zhikun.engine.run.elements import CALLED, lookup, written
from zhikun.engine.run.facts import ID
from zhikun.engine.run.household import OneHousehold

Slots = list[Any]  # the value of each slot, then how many rows each entity has
_Line = tuple[tuple[int, ...], str]  # the slots it reads, the expression: slot 12 is written v12


class Single:
    """A Plan written as Python for one household. It keeps every slot's value, for explanations read them all."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        facts: dict[int, Any] = {slot: i.value for slot, i in enumerate(plan.instructions) if i.op == "fact"}
        self._facts: dict[int, tuple[str, str]] = facts
        self._counts: dict[str, int] = {}  # entity -> the slot of its number of rows
        self._sure: dict[int, str] = {}  # constants, as they are written
        self._lines = {slot: self._line(slot, i) for slot, i in enumerate(plan.instructions) if i.op != "fact"}
        tables = {f"table{slot}": lookup(i.value) for slot, i in enumerate(plan.instructions) if i.op == "lookup"}
        self._names = CALLED | tables | {"since": Calendar(plan.day).since_one}
        self._carry = self._whole()
        self._functions: dict[int, Callable[..., Any]] = {}
        self._between: dict[tuple[frozenset[int], frozenset[int]], list[int]] = {}

    # --- writing

    def _line(self, slot: int, instruction: Instruction) -> _Line:
        op, space, args = instruction.op, instruction.space, instruction.args
        read = tuple(dict.fromkeys(args))
        if op == "const":
            self._sure[slot] = repr(instruction.value)
            return (), self._sure[slot]
        if op == "count_rows":
            count = self._count(str(instruction.value))
            return (count,), f"float(v{count})"
        if space in ("", ID):
            return read, self._expression(slot, instruction, [f"v{arg}" for arg in args])
        if op in ("spread", "fill"):
            count = self._count(space)
            return (args[0], count), f"[v{args[0]}] * v{count}"
        rows = [arg for arg in dict.fromkeys(args) if self.plan.instructions[arg].space]
        each = self._expression(slot, instruction, [f"{'x' if arg in rows else 'v'}{arg}" for arg in args])
        if len(rows) == 1:
            return read, f"[{each} for x{rows[0]} in v{rows[0]}]"
        names, lists = (", ".join(f"{letter}{arg}" for arg in rows) for letter in "xv")
        return read, f"[{each} for {names} in zip({lists})]"

    def _expression(self, slot: int, instruction: Instruction, names: list[str]) -> str:
        args = [self._sure.get(arg, name) for arg, name in zip(instruction.args, names, strict=True)]
        if instruction.op == "lookup":
            return f"table{slot}({', '.join(args)})"
        unsure = [name for arg, name in zip(instruction.args, names, strict=True) if arg not in self._sure]
        return written(instruction, args, unsure)

    def _count(self, entity: str) -> int:
        return self._counts.setdefault(entity, len(self.plan.instructions) + len(self._counts))

    def _whole(self) -> Callable[..., Any]:
        """The function from the facts and the numbers of rows to every slot."""
        given = [*self._facts, *self._counts.values()]
        body = [f"v{slot} = {text}" for slot, (_args, text) in self._lines.items()]
        every = ", ".join(f"v{slot}" for slot in range(len(self.plan.instructions) + len(self._counts)))
        head = f"def carry({', '.join(f'v{slot}' for slot in given)}):"
        return self._made("\n    ".join([head, *body, f"return [{every}]"]), "carry")

    def _made(self, text: str, name: str) -> Callable[..., Any]:
        # The text is ours: numbers of slots, the expressions of elements.py, and values that passed the pack's checks.
        names = dict(self._names)
        exec(text, names)  # noqa: S102 - see above
        function: Callable[..., Any] = names[name]
        return function

    # --- running

    def constant(self, slot: int) -> Any:
        """The value of a slot that is the same for every household."""
        return self.plan.instructions[slot].value

    def run(self, own: OneHousehold) -> Slots:
        """The value of every slot for one household."""
        facts = map(own.values.__getitem__, self._facts.values())
        slots: Slots = self._carry(*facts, *map(own.counts.__getitem__, self._counts))
        return slots

    def rerun(self, values: Slots, changed: Mapping[int, Any], aims: frozenset[int]) -> Slots:
        """`values` of a run with some slots replaced, and what `aims` have from them computed again."""
        again = values.copy()
        for slot, new in changed.items():
            again[slot] = new
        for slot in self._leading(frozenset(changed), aims):
            args = self._lines[slot][0]
            again[slot] = self._alone(slot)(*[again[arg] for arg in args])
        return again

    def _alone(self, slot: int) -> Callable[..., Any]:
        """The function of one line, made when first needed."""
        function = self._functions.get(slot)
        if function is None:
            args, text = self._lines[slot]
            takes = ", ".join(f"v{arg}" for arg in args)
            function = self._functions[slot] = self._made(f"line = lambda {takes}: {text}", "line")
        return function

    def _leading(self, changed: frozenset[int], aims: frozenset[int]) -> list[int]:
        """The slots that lead from some slots to others; remembered, for explanations ask again and again."""
        found = self._between.get((changed, aims))
        if found is None:
            needed = set(aims)
            for slot in reversed(self._lines):
                if slot in needed and slot not in changed:
                    needed.update(self._lines[slot][0])
            dirty = set(changed)
            found = []
            for slot, (args, _text) in self._lines.items():
                if slot in needed and slot not in changed and not dirty.isdisjoint(args):
                    dirty.add(slot)
                    found.append(slot)
            # Whole or not at all: several pages at once ask one Single, and half a list computes half a household.
            self._between[changed, aims] = found
        return found
