"""What two plans have in common: named values that need not be computed again, because nothing behind them differs."""

from __future__ import annotations

from zhikun.engine.plan.model import Plan
from zhikun.engine.plan.tables import LookupData


def unaffected(base: Plan, variant: Plan) -> frozenset[tuple[str, str]]:
    """The named values whose whole arithmetic is the same in both plans."""
    seen: dict[object, int] = {}
    ours, theirs = _signatures(base, seen), _signatures(variant, seen)
    slots = {(step.entity, step.name): ours[step.slot] for step in base.steps}
    return frozenset(key for step in variant.steps if slots.get(key := (step.entity, step.name)) == theirs[step.slot])


def _signatures(plan: Plan, seen: dict[object, int]) -> list[int]:
    """For each slot a number that equal arithmetic shares; `seen` numbers them over both plans. Not hashes: -1 and -2 share one."""
    found: list[int] = []
    for instruction in plan.instructions:
        value = instruction.value
        if isinstance(value, LookupData):
            value = (value.name, value.edges, value.values)
        args = tuple(found[slot] for slot in instruction.args)
        key = (instruction.op, args, instruction.space, instruction.type, type(value).__name__, value)
        found.append(seen.setdefault(key, len(seen)))
    return found
