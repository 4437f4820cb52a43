"""The order of households inside a place: equal values share a rank; an unknown key leaves a household unranked."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
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
        if self.plan.place:  # households of other places are not in this place's order
            own = re.sub(r"(00){1,2}$", "", self.plan.place)
            ranked &= codes // 10 ** (12 - len(own)) == int(own)
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

    def ranked_by(step: RankingStep) -> pa.Array:
        name = step.ranking.name
        keys = np.concatenate([part[name][0] for part in parts]) if parts else np.zeros((0, 1))
        ranked = np.concatenate([part[name][1] for part in parts]) if parts else np.zeros(0, np.bool_)
        return pa.array(_competition(keys, ranked), mask=~ranked)

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        columns = list(pool.map(ranked_by, steps))
    return {step.ranking.name: column for step, column in zip(steps, columns, strict=True)}


def _competition(keys: NDArray[np.float64], ranked: NDArray[np.bool_]) -> NDArray[np.int64]:
    """1, 2, 2, 4 within the first column's groups, by the other columns ascending."""
    result = np.zeros(len(keys), np.int64)
    if not ranked.any():
        return result
    chosen = None if ranked.all() else np.flatnonzero(ranked)
    order, new_group, new_value = _sorted(keys if chosen is None else keys[chosen])
    position = np.arange(len(order))
    group_start = np.maximum.accumulate(np.where(new_group, position, 0))
    value_start = np.maximum.accumulate(np.where(new_value, position, 0))
    result[order if chosen is None else chosen[order]] = value_start - group_start + 1
    return result


def _sorted(keys: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.bool_], NDArray[np.bool_]]:
    """The order of the keys, and where in it a new group and a new value begin."""
    new_group, new_value = np.ones(len(keys), np.bool_), np.ones(len(keys), np.bool_)
    packed = _packed(keys)
    if packed is None:
        order = np.lexsort(tuple(reversed(keys.T)))
        ordered = keys[order]
        new_group[1:] = ordered[1:, 0] != ordered[:-1, 0]
        new_value[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
        return order, new_group, new_value
    numbers, group_shift = packed
    order, numbers = in_order(numbers)
    new_value[1:] = numbers[1:] != numbers[:-1]
    groups = numbers >> group_shift
    new_group[1:] = groups[1:] != groups[:-1]
    return order, new_group, new_value


def in_order(numbers: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """The order of whole numbers, and the numbers in it. With their own places below them they sort four times faster."""
    bits = max(len(numbers) - 1, 1).bit_length()
    if int(numbers.max()).bit_length() + bits > 63:
        order = np.argsort(numbers)
        return order, numbers[order]
    both = np.sort(numbers << bits | np.arange(len(numbers)))
    return both & ((1 << bits) - 1), both >> bits


def _packed(keys: NDArray[np.float64]) -> tuple[NDArray[np.int64], int] | None:
    """All keys of a household in one whole number, which sorts several times faster; None when they need over 62 bits.

    Keys lie on the grid, so millionths less the smallest, divided by what all have in common, are exact whole numbers.
    """
    numbers = np.zeros(len(keys), np.int64)
    used = shift = 0
    for column in reversed(range(keys.shape[1])):
        whole = np.rint(keys[:, column] * 1e6).astype(np.int64)
        whole -= whole.min()
        common = int(np.gcd.reduce(whole))
        if common > 1:
            whole //= common
        shift = used
        used += int(whole.max()).bit_length()
        if used > 62:
            return None
        numbers |= whole << shift
    return numbers, shift
