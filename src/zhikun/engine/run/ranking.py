"""The order of households inside a place: equal values share a rank; an unknown key leaves a household unranked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhikun.engine.plan.model import Plan, RankingStep
from zhikun.engine.run.operations import Value

DIGITS = {"county": 6, "township": 9, "village": 12}


class RankingKeys:
    """Collects what rankings need from each block, and ranks all households at the end."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.steps = plan.rankings
        place = next((s for s in plan.facts if s.entity == "household" and s.type == "place"), None)
        self.place = None if place is None else place.slot
        self.kept: dict[str, list[tuple[NDArray[np.float64], NDArray[np.bool_]]]] = {
            step.ranking.name: [] for step in self.steps
        }

    def collect(self, values: list[Any], count: int, places: Value | None) -> dict[str, Any]:
        """The sort keys of one block; pass the result to `rank` in block order."""
        return {step.ranking.name: self._keys(step, values, count, places) for step in self.steps}

    def _keys(self, step: RankingStep, values: list[Any], count: int, places: Value | None) -> Any:
        ranked = np.ones(count, np.bool_)
        columns = [self._groups(step, count, places, ranked)]
        if step.among is not None:
            holds, known = values[step.among.slot]
            ranked &= np.broadcast_to(holds, count)
            if known is not None:
                ranked &= known
        for by in step.ranking.by:
            data, known = values[self.plan.step(by.value).slot]
            if known is not None:
                ranked &= known
            number = np.broadcast_to(np.asarray(data, np.float64), count)
            columns.append(-number if by.highest_first else number + 0.0)
        return np.column_stack(columns), ranked

    def _groups(self, step: RankingStep, count: int, places: Value | None, ranked: Any) -> NDArray[np.float64]:
        digits = DIGITS.get(step.ranking.within)
        if digits is None:
            return np.zeros(count)
        if places is None:
            ranked[:] = False
            return np.zeros(count)
        codes, known = places
        if known is not None:
            ranked &= known
        groups = codes // 10 ** (12 - digits)
        if step.ranking.within != "county":  # a place that ends above the township or village belongs to none
            ranked &= groups % 1000 != 0
        return groups.astype(np.float64)


def ranking_slots(plan: Plan) -> list[int]:
    """The slots that the rankings of a plan read."""
    slots = [plan.step(by.value).slot for r in plan.rankings for by in r.ranking.by]
    slots += [r.among.slot for r in plan.rankings if r.among is not None]
    if plan.rankings:
        slots += [s.slot for s in plan.facts if s.entity == "household" and s.type == "place"]
    return slots


def ranks(parts: list[dict[str, Any]], steps: tuple[RankingStep, ...]) -> dict[str, pa.Array]:
    """Each ranking's column over all blocks, int64, NULL for the unranked."""
    result = {}
    for step in steps:
        name = step.ranking.name
        keys = np.concatenate([part[name][0] for part in parts]) if parts else np.zeros((0, 1))
        ranked = np.concatenate([part[name][1] for part in parts]) if parts else np.zeros(0, np.bool_)
        result[name] = pa.array(_competition(keys, ranked), mask=~ranked)
    return result


def _competition(keys: NDArray[np.float64], ranked: NDArray[np.bool_]) -> NDArray[np.int64]:
    """1, 2, 2, 4 within the first column's groups, by the other columns ascending."""
    result = np.zeros(len(keys), np.int64)
    chosen = np.flatnonzero(ranked)
    if not len(chosen):
        return result
    sorted_keys = keys[chosen]
    order = np.lexsort(tuple(reversed(sorted_keys.T)))
    sorted_keys = sorted_keys[order]
    new_group = np.ones(len(order), np.bool_)
    new_group[1:] = sorted_keys[1:, 0] != sorted_keys[:-1, 0]
    new_value = np.ones(len(order), np.bool_)
    new_value[1:] = (sorted_keys[1:] != sorted_keys[:-1]).any(axis=1)
    position = np.arange(len(order))
    group_start = np.maximum.accumulate(np.where(new_group, position, 0))
    value_start = np.maximum.accumulate(np.where(new_value, position, 0))
    result[chosen[order]] = value_start - group_start + 1
    return result
