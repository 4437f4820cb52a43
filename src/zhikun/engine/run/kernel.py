"""Runs a Plan's instructions over one block: batches, files, what-if and cluster all come here.

For one household on a page, single.py carries the same instructions in plain Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from zhikun.engine.plan.model import Instruction, Plan
from zhikun.engine.run.calendar import Calendar
from zhikun.engine.run.operations import OPERATIONS, Frame, Operation, Value

Key = tuple[str, str]
# slot, operation (None: a fact), arguments, value, space, slots no longer needed afterwards
_Line = tuple[int, Operation | None, tuple[int, ...], Any, str, tuple[int, ...]]


class Kernel:
    """A Plan bound to its operations, its constants computed once. Threads may share it."""

    def __init__(self, plan: Plan, slots: Iterable[int] | None = None, given: frozenset[int] = frozenset()) -> None:
        """`slots` limits the work to what these need (default: every named value and ranking condition); the values of
        `given` slots are handed to `run` instead of being computed.
        """
        self.plan = plan
        self.calendar = Calendar(plan.day)
        self.kept = frozenset(slots if slots is not None else all_slots(plan))
        self.needed = _closure(plan.instructions, self.kept, given)
        self.read = tuple(sorted(self.needed & given))
        facts: list[Any] = [i.value for n, i in enumerate(plan.instructions) if n in self.needed and i.op == "fact"]
        self.facts: tuple[Key, ...] = tuple(facts)
        self.entities = _entities(plan.instructions, self.needed)
        self.constants: dict[int, Value] = {}
        self.program: list[_Line] = []
        self._prepare()

    def _prepare(self) -> None:
        order = [n for n in range(len(self.plan.instructions)) if n in self.needed]
        frees: dict[int, list[int]] = {}
        last = {slot: n for n in order if n not in self.read for slot in self.plan.instructions[n].args}
        for slot, user in last.items():
            if slot not in self.kept:
                frees.setdefault(user, []).append(slot)
        for number in order:
            instruction = self.plan.instructions[number]
            if number in self.read:
                continue
            if instruction.op == "const":
                self.constants[number] = (_bare(instruction.value), None)
            elif not instruction.space:
                self.constants[number] = self._constant(instruction)
            else:
                operation = None if instruction.op == "fact" else OPERATIONS[instruction.op]
                freed = tuple(slot for slot in frees.get(number, ()) if slot not in self.constants)
                value = np.array(instruction.value, np.uint64) if instruction.op == "has_any" else instruction.value
                self.program.append((number, operation, instruction.args, value, instruction.space, freed))

    def _constant(self, instruction: Instruction) -> Value:
        args = tuple(self.constants[slot] for slot in instruction.args)
        data, known = OPERATIONS[instruction.op](Frame(0), args, instruction.value, "")
        return _bare(data), known

    def run(
        self,
        frame: Frame,
        facts: Mapping[Key, Value],
        *,
        keep_all: bool = False,
        given: Mapping[int, Value] | None = None,
    ) -> list[Value | None]:
        """The value of every kept slot (`keep_all`: of every slot) for one block of facts; None elsewhere."""
        frame.calendar = self.calendar
        values: list[Any] = [None] * len(self.plan.instructions)
        for number, value in self.constants.items():
            values[number] = value
        for number, value in (given or {}).items():
            values[number] = value
        for number, operation, args, value, space, freed in self.program:
            if operation is None:
                values[number] = facts[value]
            else:
                values[number] = operation(frame, tuple([values[slot] for slot in args]), value, space)
            if not keep_all:
                for slot in freed:
                    values[slot] = None
        return values


def _bare(value: Any) -> Any:
    """A constant as an array without dimension; codes stay Python's numbers, which take on the small type of a column."""
    array = np.asarray(value)
    return array.reshape(()) if array.dtype.kind in "fb" else array.reshape(()).item()


def all_slots(plan: Plan) -> list[int]:
    """The slots of every named value, and of the conditions of rankings."""
    return [step.slot for step in plan.steps] + [r.among.slot for r in plan.rankings if r.among is not None]


def _entities(instructions: tuple[Instruction, ...], needed: frozenset[int]) -> frozenset[str]:
    """The entities whose rows some needed operation touches."""
    touched = {instructions[n].space for n in needed}
    touched |= {str(instructions[n].value) for n in needed if instructions[n].op == "count_rows"}
    return frozenset(touched - {""})


def _closure(instructions: tuple[Instruction, ...], wanted: frozenset[int], given: frozenset[int]) -> frozenset[int]:
    needed = set(wanted)
    for number in range(len(instructions) - 1, -1, -1):
        if number in needed and number not in given:
            needed.update(instructions[number].args)
    return frozenset(needed)
