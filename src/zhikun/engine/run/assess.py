"""A plan over many households: blocks in threads, results in the order of the facts."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from zhikun.engine.plan.model import Plan, Step
from zhikun.engine.run.facts import ID, Block, entities_of, load
from zhikun.engine.run.kernel import Kernel
from zhikun.engine.run.ranking import RankingKeys, ranks
from zhikun.engine.run.results import columns

BLOCK = 16_384
ROW = "row"

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Results:
    """Every named value of every household: one Arrow table for each entity, in the order of the facts."""

    plan: Plan
    tables: Mapping[str, pa.Table]


@dataclass(slots=True)
class BlockResult:
    """One block's computed columns by entity, and its ranking keys."""

    columns: dict[str, dict[str, pa.Array]]
    keys: dict[str, Any]
    count: int


def computed_on(plan: Plan, entity: str) -> tuple[Step, ...]:
    """The named values computed for an entity."""
    return tuple(step for step in plan.computed if step.entity == entity)


def run_block(
    plan: Plan, kernel: Kernel, ranking: RankingKeys, block: Block, entities: Container[str] | None = None
) -> BlockResult:
    """One block through the kernel, as Arrow columns (of `entities` only, if given)."""
    values = kernel.run(block.frame, block.values)
    out: dict[str, dict[str, pa.Array]] = {}
    for step in plan.computed:
        value = values[step.slot]
        if value is not None and (entities is None or step.entity in entities):
            out.setdefault(step.entity, {}).update(columns(step, value, block.frame.size(step.entity)))
    places = values[ranking.place] if ranking.place is not None else None
    keys = ranking.collect(values, block.frame.households, places)
    return BlockResult(out, keys, block.frame.households)


def blocks(whole: Block, size: int) -> Iterator[Block]:
    """A block cut into blocks of `size` households."""
    if whole.frame.households <= size:
        yield whole
        return
    for first in range(0, whole.frame.households, size):
        yield whole.part(first, min(first + size, whole.frame.households))


def assess(
    plan: Plan,
    facts: Mapping[str, pa.Table],
    *,
    block: int = BLOCK,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Results:
    """Every named value of every household. The result does not depend on `block` or `threads`."""
    whole = load(plan, facts)
    kernel, ranking = Kernel(plan), RankingKeys(plan)
    done: list[BlockResult] = []
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        for result in pool.map(lambda part: run_block(plan, kernel, ranking, part), blocks(whole, block)):
            done.append(result)
            if progress is not None:
                progress(sum(r.count for r in done), whole.frame.households)
    tables = {}
    for entity in (ID, *entities_of(plan)):
        table = _ids(facts, whole, entity)
        for step in computed_on(plan, entity):
            for name in done[0].columns.get(entity, {}) if done else ():
                if name == step.name or name.startswith(step.name + "__"):
                    parts = [result.columns[entity][name] for result in done]
                    table = table.append_column(name, pa.chunked_array(parts))
        tables[entity] = table
    for name, column in ranks([result.keys for result in done], plan.rankings).items():
        tables[ID] = tables[ID].append_column(name, column)
    return Results(plan, tables)


def _ids(facts: Mapping[str, pa.Table], whole: Block, entity: str) -> pa.Table:
    ids = facts[ID].column(ID)
    if entity == ID:
        return pa.table({ID: ids})
    rows = whole.frame.rows[entity]
    number = np.arange(rows.count) - np.repeat(rows.starts, rows.sizes) + 1
    owner = ids.take(pa.array(np.repeat(np.arange(len(rows.starts)), rows.sizes)))
    return pa.table({ID: owner, ROW: pa.array(number.astype(np.int32))})
