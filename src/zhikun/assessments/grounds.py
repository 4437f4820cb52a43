"""What a flag rests on: the values and facts that made its condition hold, for who has to confirm or override it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from zhikun.assessments.bridge import ID, HouseholdKnown, tables
from zhikun.assessments.services.deciding import Flag
from zhikun.assessments.services.provisional import explainer_on
from zhikun.engine.formulas.tree import Node
from zhikun.engine.plan import Plan
from zhikun.engine.run import one_household

Data = Mapping[str, Any]


def explained(about: HouseholdKnown, plan: Plan, flags: Iterable[Flag]) -> Data:
    """The explanation of the lists in which the flags stand; empty where there are none."""
    lists = [name for name in dict.fromkeys(one.told["list"] for one in flags) if _step(plan, name) is not None]
    if not lists:
        return {"steps": [], "targets": []}
    own = one_household(plan, tables(plan.pack, [about]))
    return explainer_on(plan.day).explain(own, about.id, lists).data


def roots(plan: Plan, flag: Flag, steps: Sequence[Data]) -> list[str]:
    """The ids of the steps that a flag's own condition names, of those that mattered."""
    step = _step(plan, flag.told["list"])
    named = {
        key for item in (step.items if step else ()) if item.item.code == flag.code for key in _named(item.when.node)
    }
    return [str(one["id"]) for one in steps if (one["on"], one["name"]) in named]


def _step(plan: Plan, name: str) -> Any:
    """The list of flags of the household; of members and things there is no explanation of their own."""
    return next((one for one in plan.steps if (one.entity, one.name, one.kind) == (ID, name, "list")), None)


def _named(node: Node) -> Iterator[tuple[str, str]]:
    """The values that a formula names."""
    if node.op == "ref" and isinstance(node.value, tuple):
        entity, name = node.value
        yield str(entity) or ID, str(name)
    for one in node.args:
        yield from _named(one)
