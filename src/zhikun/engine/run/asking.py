"""What is still to be asked of one household: missing.py for values in plain Python, several targets in one walk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from zhikun.engine.plan.model import Instruction, Plan, Step
from zhikun.engine.run.elements import element, is_known
from zhikun.engine.run.facts import ID
from zhikun.engine.run.missing import AGGREGATES, raw_slot
from zhikun.engine.run.single import Slots

# For each slot, which targets it could change: one bit a target; a list of them for the rows of an entity.
_Reached = dict[int, Any]


def asked(plan: Plan, values: Slots, targets: Sequence[Step]) -> list[tuple[Step, Step, int]]:
    """(target, fact, row from 1; 0 for the household) of each unknown fact that could change an undetermined target."""
    reached: _Reached = {}
    for place, target in enumerate(targets):
        if not is_known(values[target.slot]):
            reached[target.slot] = reached.get(target.slot, 0) | 1 << place
    if not reached:
        return []
    for slot in range(max(reached), -1, -1):
        if slot in reached:
            _step_back(plan.instructions, slot, reached, values)
    facts = [
        (step, row, bits)
        for step in plan.facts
        for row, bits in _rows(reached.get(raw_slot(plan, step), 0), 0 if step.entity == ID else 1)
    ]
    return [
        (target, step, row) for place, target in enumerate(targets) for step, row, bits in facts if bits >> place & 1
    ]


def _rows(bits: Any, first: int) -> Iterator[tuple[int, int]]:
    """Each row with some bits; of the household, row 0."""
    if bits.__class__ is list:
        yield from ((row, some) for row, some in enumerate(bits, first) if some)
    elif bits:
        yield 0, bits


def _step_back(instructions: tuple[Instruction, ...], slot: int, reached: _Reached, values: Slots) -> None:
    """Hands the targets that a slot's being unknown could change on to those of its arguments that matter."""
    instruction = instructions[slot]
    for row, bits in _rows(reached[slot], 0):
        if instruction.op in AGGREGATES:
            rows = values[instruction.args[0]]
            for place in range(len(rows)):
                _reach(reached, values, instruction.args[0], place, bits)
            if not rows:
                for arg in instruction.args[1:]:
                    _reach(reached, values, arg, 0, bits)
            continue
        for arg in _mattering(instructions, instruction, values, row):
            _reach(reached, values, arg, row, bits)
        if instruction.op == "place_value":  # unknown also where the place is known, but only to the county
            reached[instruction.args[0]] = reached.get(instruction.args[0], 0) | bits


def _reach(reached: _Reached, values: Slots, slot: int, row: int, bits: int) -> None:
    value = values[slot]
    if value.__class__ is not list:
        if not is_known(value):
            reached[slot] = reached.get(slot, 0) | bits
    elif not is_known(value[row]):
        reached.setdefault(slot, [0] * len(value))[row] |= bits


def _mattering(
    instructions: tuple[Instruction, ...], instruction: Instruction, values: Slots, row: int
) -> Sequence[int]:
    """The arguments whose being unknown matters to a result that is unknown."""
    op, args = instruction.op, instruction.args
    if op == "if":
        condition = element(values[args[0]], row)
        return args if condition is None else args[1:2] if condition else args[2:]
    if op.startswith("counted_"):  # the rows are reached through their count
        return args[:2]
    if op == "div_grid" and len(args) == 3:
        bottom = element(values[args[1]], row)
        return args if bottom is None else args[2:] if bottom == 0 else args[:1]
    if op == "has_any" and instructions[args[0]].op == "gather":
        mask = int(str(instruction.value))
        return [arg for place, arg in enumerate(instructions[args[0]].args) if mask >> place & 1]
    return args
