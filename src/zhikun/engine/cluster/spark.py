"""Assesses Parquet facts on a Spark cluster, equal to the local run in every value.

The driver cuts the households into ranges and hands every task its rows; a task reads them from the shared files, runs the
one kernel, and returns Arrow. Ranks are Spark's own window over exact keys. Install with `zhikun[spark]` (Java 17).
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from zhikun.engine.plan.model import Plan, RankingStep
from zhikun.engine.run.assess import BLOCK, BlockResult, blocks, run_block
from zhikun.engine.run.facts import ID, FactsError, load
from zhikun.engine.run.files import FactsFiles, ParquetRows, open_facts
from zhikun.engine.run.kernel import Kernel
from zhikun.engine.run.ranking import RankingKeys, ranking_slots
from zhikun.wording import _

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

RANGE = 4 * BLOCK
ORDER = "__order"
AMONG = "__among_"
KEY = "__key_"
MOST_BROADCAST = 5_000_000


def assess_on_spark(
    session: SparkSession, plan: Plan, sources: Mapping[str, Path], *, households_per_task: int = RANGE
) -> DataFrame:
    """Every named household value, with ranks, as a DataFrame; `sources` are Parquet files all workers can read."""
    with tempfile.TemporaryDirectory() as scratch:
        files = open_facts(plan, sources, Path(scratch))
        moved = [e for e, rows in files.rows.items() if rows.path != sources[e]]
        if moved:
            raise FactsError(
                _("{e} 的行没有按家庭表的顺序排好，集群不能分段读取；请先按户编号和序号排序，再交给集群。").format(
                    e="、".join(moved)
                )
            )
        ranges = _ranges(files, households_per_task)
    reading = {e: (str(rows.path), rows.columns, rows.textual) for e, rows in files.rows.items()}
    shared = session.sparkContext.broadcast((plan, reading))

    def carry(*, narrow: bool) -> DataFrame:
        def task(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            its_plan, its_reading = shared.value
            worker = Worker(its_plan, its_reading, narrow=narrow)
            for batch in batches:
                for text in batch.column("range").to_pylist():
                    yield from worker.run(json.loads(text))

        jobs = session.createDataFrame([(json.dumps(r),) for r in ranges], "range string").repartition(len(ranges))
        return jobs.mapInArrow(task, _spark_schema(Worker(plan, reading, narrow=narrow).schema()))

    whole = carry(narrow=False)
    if not plan.rankings:
        return whole
    ranks = _ranked(carry(narrow=True), plan)
    return whole.join(_small(ranks, files.households), ORDER)


def _small(ranks: DataFrame, households: int) -> DataFrame:
    """Ranks of few enough households travel to the results; of a nation's, both are sorted to meet."""
    from pyspark.sql import functions as f  # noqa: PLC0415 - only where Spark is installed

    return f.broadcast(ranks) if households <= MOST_BROADCAST else ranks


def _ranges(files: FactsFiles, size: int) -> list[dict[str, list[int]]]:
    found = []
    for first in range(0, files.households, size):
        last = min(first + size, files.households)
        one = {ID: [first, last]}
        for entity, starts in files.starts.items():
            end = int(starts[last]) if last < files.households else int(files.rows[entity].starts[-1])
            one[entity] = [int(starts[first]), end]
        found.append(one)
    return found


class Worker:
    """What a task keeps: the kernel and the open files. A `narrow` one computes only what ranks are made of."""

    def __init__(
        self, plan: Plan, reading: Mapping[str, tuple[str, list[str], list[str]]], *, narrow: bool = False
    ) -> None:
        self.plan = plan
        self.narrow = narrow
        shown = [] if narrow else [step.slot for step in plan.computed if step.entity == ID]
        self.kernel = Kernel(plan, [*shown, *ranking_slots(plan)])
        self.ranking = RankingKeys(plan)
        self.reading = reading
        self.rows: dict[str, ParquetRows] = {}

    def _rows(self) -> dict[str, ParquetRows]:
        if not self.rows:
            self.rows = {e: ParquetRows(Path(p), columns, textual) for e, (p, columns, textual) in self.reading.items()}
        return self.rows

    def run(self, ranges: Mapping[str, list[int]]) -> Iterator[pa.RecordBatch]:
        """The results of one range of households."""
        tables = {entity: self._rows()[entity].between(first, last) for entity, (first, last) in ranges.items()}
        whole = load(self.plan, tables, only=self.kernel)
        done = 0
        entities = () if self.narrow else (ID,)
        for part in blocks(whole, BLOCK):
            result = run_block(self.plan, self.kernel, self.ranking, part, entities)
            count = result.count
            order = pa.array(np.arange(count, dtype=np.int64) + ranges[ID][0] + done)
            own = self._columns(tables[ID].column(ID).slice(done, count), order, result)
            done += count
            yield from pa.table(own).combine_chunks().to_batches()

    def _columns(self, ids: Any, order: Any, result: BlockResult) -> dict[str, Any]:
        """What one block gives back: its results, or the keys of its ranks."""
        if not self.narrow:
            named = result.columns.get(ID, {})
            return {ID: ids, ORDER: order} | {name: _spark_column(column) for name, column in named.items()}
        columns = {ORDER: order}
        for name, (numbers, ranked) in result.keys.items():
            columns[AMONG + name] = pa.array(ranked)
            for place in range(numbers.shape[1]):
                columns[f"{KEY}{name}_{place}"] = pa.array(np.ascontiguousarray(numbers[:, place]))
        return columns

    def schema(self) -> pa.Schema:
        """The columns a task returns, from a block of no households."""
        empty = dict.fromkeys(self.reading, (0, 0))
        tables = {e: self._rows()[e].between(first, last) for e, (first, last) in empty.items()}
        part = load(self.plan, tables, only=self.kernel)
        result = run_block(self.plan, self.kernel, self.ranking, part, () if self.narrow else (ID,))
        return pa.table(self._columns(tables[ID].column(ID), pa.array([], pa.int64()), result)).schema


def _spark_column(column: Any) -> Any:
    """A column in types Spark knows: codes as text."""
    if pa.types.is_dictionary(column.type):
        return column.cast(pa.string())
    if pa.types.is_list(column.type):
        return column.cast(pa.list_(pa.string()))
    return column


def _spark_schema(schema: pa.Schema) -> Any:
    from pyspark.sql.pandas.types import from_arrow_schema  # noqa: PLC0415 - only where Spark is installed

    return from_arrow_schema(schema)


def _ranked(keys: DataFrame, plan: Plan) -> DataFrame:
    for step in plan.rankings:
        keys = keys.withColumn(step.ranking.name, _rank(step))
    return keys.select(ORDER, *[step.ranking.name for step in plan.rankings])


def _rank(step: RankingStep) -> Any:
    """Spark's window over the same keys: the group first, then the keys, which already ascend."""
    from pyspark.sql import functions as f  # noqa: PLC0415 - only where Spark is installed
    from pyspark.sql.window import Window  # noqa: PLC0415 - only where Spark is installed

    name = step.ranking.name
    among = f.col(AMONG + name)
    group, *keys = [f.col(f"{KEY}{name}_{place}") for place in range(len(step.ranking.by) + 1)]
    rank = f.rank().over(Window.partitionBy(among, group).orderBy(*[key.asc() for key in keys]))
    return f.when(among, rank.cast("long"))
