"""A plan over a population that comes part by part: each part is assessed as it comes, ranks follow when all are there.

What a part leaves behind for the ranks is one array a ranking, which a caller may keep beside the part's results.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhikun.engine.plan.model import Plan
from zhikun.engine.run.assess import BLOCK, blocks, run_block
from zhikun.engine.run.facts import ID, load
from zhikun.engine.run.kernel import Kernel
from zhikun.engine.run.missing import missing_lists
from zhikun.engine.run.ranking import RankingKeys, ranking_slots, ranks

MISSING = "_missing"
#: Of one part, for each ranking: the keys to sort by, a row a household, and as a last column whether it is ranked at all.
Keys = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Part:
    """The household values of one part in the order of its facts, without ranks; and what the ranks need of it."""

    results: pa.Table
    keys: Keys


class PartsRun:
    """A plan, ready for one part after another."""

    def __init__(self, plan: Plan, *, threads: int | None = None) -> None:
        shown = [step.slot for step in plan.computed if step.entity == ID]
        self.plan = plan
        self._kernel, self._ranking = Kernel(plan, [*shown, *ranking_slots(plan)]), RankingKeys(plan)
        self._all: Kernel | None = None
        self._threads = threads or os.cpu_count() or 1

    def part(self, facts: Mapping[str, pa.Table], targets: Sequence[str] = ()) -> Part:
        """One part. With `targets` a column `_missing` lists the facts that could yet change one of them: "entity.fact"."""
        whole = load(self.plan, facts, only=self._kernel)
        with ThreadPoolExecutor(self._threads) as pool:
            done = list(
                pool.map(
                    lambda block: run_block(self.plan, self._kernel, self._ranking, block, (ID,)), blocks(whole, BLOCK)
                )
            )
        columns = {ID: facts[ID].column(ID)}
        for name in done[0].columns.get(ID, {}):
            columns[name] = pa.chunked_array([one.columns[ID][name] for one in done])
        keys = {
            name: np.concatenate([np.column_stack([*_two(one.keys[name])]) for one in done]) for name in done[0].keys
        }
        results = pa.table(columns)
        if targets:
            results = results.append_column(MISSING, self._missing(facts, results, targets))
        return Part(results, keys)

    def ranks(self, parts: Sequence[Keys]) -> dict[str, pa.Array]:
        """Each ranking's column over all parts, in their order: int64, NULL for the unranked."""
        told = [{name: (keys[:, :-1], keys[:, -1] > 0) for name, keys in part.items()} for part in parts]
        return ranks(told, self.plan.rankings)

    def _missing(self, facts: Mapping[str, pa.Table], results: pa.Table, targets: Sequence[str]) -> pa.Array:
        """For each household the list; empty where every target is known. Only the others are computed once more."""
        open_ = None
        for target in targets:
            null = results.column(target).is_null()
            open_ = null if open_ is None else pc.or_(open_, null)
        at = np.flatnonzero(np.asarray(open_))
        if not len(at):
            return _spread(pa.array([], pa.list_(pa.string())), at, results.num_rows)
        ids = results.column(ID).take(pa.array(at))
        some = {entity: table.filter(pc.is_in(table.column(ID), ids)) for entity, table in facts.items()}
        self._all = self._all or Kernel(self.plan)
        return _spread(missing_lists(self.plan, self._all, some, targets), at, results.num_rows)


def _spread(lists: pa.Array, at: NDArray[np.intp], rows: int) -> pa.Array:
    """Lists at these places, in rising order, among so many that are otherwise empty."""
    lengths = np.zeros(rows, np.int64)
    lengths[at] = pc.list_value_length(lists).to_numpy(zero_copy_only=False)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), lists.flatten())


def _two(keys: tuple[NDArray[np.float64], NDArray[np.bool_]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return keys[0], keys[1].astype(np.float64)
