"""The facts still missing: which unknown facts, or place codes that are too coarse, could yet change an undetermined value.

The block is run once more with every intermediate value kept; from the undetermined target we walk back through the
operations, and only through what is unknown and still matters: a branch that a known condition did not take, or a part that
a known FALSE in an AND already settles, is not asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhikun.engine.plan.model import Instruction, Plan, Step
from zhikun.engine.run.facts import ID, Block, load
from zhikun.engine.run.kernel import Kernel
from zhikun.engine.run.operations import Frame, Value

Mask = NDArray[np.bool_]
AGGREGATES = frozenset({"sum", "count", "any", "all", "max_of", "min_of"})


def missing_facts(plan: Plan, facts: Mapping[str, pa.Table], targets: Iterable[str]) -> pa.Table:
    """household, target, entity, row (from 1; 0 for the household), fact: what is still to be asked, for each target."""
    block = load(plan, facts)
    kernel = Kernel(plan)
    values = kernel.run(block.frame, block.values, keep_all=True)
    ids = facts[ID].column(ID).to_pylist()
    out: dict[str, list[Any]] = {ID: [], "target": [], "entity": [], "row": [], "fact": []}
    for target in targets:
        for step, household, row in wanted(plan, block, values, plan.step(target)):
            out[ID].append(ids[household])
            out["target"].append(target)
            out["entity"].append(step.entity)
            out["row"].append(row)
            out["fact"].append(step.name)
    return pa.table(out)


def missing_lists(plan: Plan, kernel: Kernel, facts: Mapping[str, pa.Table], targets: Iterable[str]) -> pa.Array:
    """For each household the facts that could yet change one of the targets: "entity.fact", each once, in the pack's order.

    `kernel` computes every named value. For many households at once: which member it is about is not said.
    """
    block = load(plan, facts)
    values = kernel.run(block.frame, block.values, keep_all=True)
    found = [relevance(plan, block.frame, values, plan.step(target).slot) for target in targets]
    names, matters = [], []
    for step in plan.facts:
        slot = raw_slot(plan, step)
        masks = [relevant[slot] for relevant in found if slot in relevant]
        if not masks:
            continue
        mask = np.logical_or.reduce(masks)
        if step.entity != ID:
            rows = block.frame.rows[step.entity]
            owners = np.repeat(np.arange(block.frame.households), rows.sizes)
            above = np.zeros(block.frame.households, np.bool_)
            above[owners[mask]] = True
            mask = above
        names.append(f"{step.entity}.{step.name}")
        matters.append(mask)
    if not names:
        return pa.array([[]] * block.frame.households, pa.list_(pa.string()))
    every = np.stack(matters, axis=1)
    offsets = np.zeros(block.frame.households + 1, np.int32)
    np.cumsum(every.sum(axis=1), out=offsets[1:])
    told = pa.array(names, pa.string()).take(pa.array(np.nonzero(every)[1]))
    return pa.ListArray.from_arrays(pa.array(offsets), told)


def wanted(plan: Plan, block: Block, values: list[Any], target: Step) -> list[tuple[Step, int, int]]:
    """(fact, household place, row) of each missing fact that could change the target where it is undetermined."""
    relevant = relevance(plan, block.frame, values, target.slot)
    found = []
    for step in plan.facts:
        slot = raw_slot(plan, step)
        matters = relevant.get(slot)
        if matters is None:
            continue
        for place in np.flatnonzero(matters):
            household, row = _owner(block.frame, step.entity, int(place))
            found.append((step, household, row))
    return sorted(found, key=lambda item: item[1])


def raw_slot(plan: Plan, step: Step) -> int:
    """The slot of a fact as it was given, before `asked_when`."""
    instruction = plan.instructions[step.slot]
    return instruction.args[1] if instruction.op == "not_asked" else step.slot


def _owner(frame: Frame, entity: str, place: int) -> tuple[int, int]:
    if entity == ID:
        return place, 0
    starts = frame.rows[entity].starts
    household = int(np.searchsorted(starts, place, side="right")) - 1
    return household, place - int(starts[household]) + 1


def relevance(plan: Plan, frame: Frame, values: list[Any], target: int) -> dict[int, Mask]:
    """For each slot, where its being unknown could change the target."""
    relevant: dict[int, Mask] = {}
    size = frame.size(plan.instructions[target].space or ID)
    relevant[target] = np.broadcast_to(unknown(values[target]), size).copy()
    for number in range(target, -1, -1):
        matters = relevant.get(number)
        instruction = plan.instructions[number]
        if matters is None or not instruction.space or not matters.any():
            continue
        for slot, reached in _spread_back(plan.instructions, number, matters, frame, values):
            # A standard that differs between places is unknown also where the place is known, but only to the county.
            where = reached if instruction.op == "place_value" else reached & unknown(values[slot])
            if where.any():
                relevant[slot] = relevant[slot] | where if slot in relevant else where
    return relevant


def unknown(value: Value) -> Any:
    """Where a value is unknown (for a set: where any of it is)."""
    known = value[1]
    if known is None:
        return np.zeros(np.shape(value[0]), np.bool_)
    return known != 0 if known.dtype == np.uint64 else np.logical_not(known)


def _spread_back(
    instructions: tuple[Instruction, ...], number: int, matters: Mask, frame: Frame, values: list[Any]
) -> list[tuple[int, Mask]]:
    """Which arguments' unknowns matter, where the result's unknown matters."""
    instruction = instructions[number]
    args = instruction.args
    if instruction.op in AGGREGATES:
        sizes = frame.rows[str(instruction.value)].sizes
        return [(args[0], np.repeat(matters, sizes)), *((slot, matters & (sizes == 0)) for slot in args[1:])]
    if instruction.op.startswith("counted_"):  # the rows are reached through their count
        return [(slot, matters) for slot in args[:2]]
    if instruction.op == "div_grid" and len(args) == 3:
        return _quotient(args, matters, values)
    if instruction.op == "has_any" and instructions[args[0]].op == "gather":
        bits = int(str(instruction.value))
        return [(slot, matters) for place, slot in enumerate(instructions[args[0]].args) if bits >> place & 1]
    if instruction.op == "spread":
        rows_of = frame.rows[instruction.space]
        owners = np.repeat(np.arange(len(rows_of.starts)), rows_of.sizes)
        up = np.zeros(len(rows_of.starts), np.bool_)
        up[owners[matters]] = True
        return [(args[0], up)]
    if instruction.op == "if":
        return _branches(args, matters, values)
    if instruction.op == "not_asked":
        asked_unknown = unknown(values[args[0]])
        return [(args[0], matters & asked_unknown), (args[1], matters)]
    return [(slot, matters) for slot in args]


def _quotient(args: tuple[int, ...], matters: Mask, values: list[Any]) -> list[tuple[int, Mask]]:
    top, bottom, otherwise = args
    undecided = unknown(values[bottom])
    zero = np.equal(values[bottom][0], 0) & ~undecided
    return [(bottom, matters), (top, matters & ~zero), (otherwise, matters & (zero | undecided))]


def _branches(args: tuple[int, ...], matters: Mask, values: list[Any]) -> list[tuple[int, Mask]]:
    condition, yes, no = args
    data = values[condition][0]
    undecided = unknown(values[condition])
    taken = np.broadcast_to(np.asarray(data, np.bool_), matters.shape)
    return [
        (condition, matters & undecided),
        (yes, matters & (undecided | taken)),
        (no, matters & (undecided | ~taken)),
    ]
