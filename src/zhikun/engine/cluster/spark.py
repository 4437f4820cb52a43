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
from zhikun.engine.run.assess import BLOCK, blocks, run_block
from zhikun.engine.run.facts import ID, load
from zhikun.engine.run.files import FactsFiles, ParquetRows, open_facts
from zhikun.engine.run.kernel import Kernel
from zhikun.engine.run.ranking import DIGITS, RankingKeys, ranking_slots

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

RANGE = 4 * BLOCK
ORDER = "__order"
PLACE = "__place"
AMONG = "__among_"


def assess_on_spark(
    session: SparkSession, plan: Plan, sources: Mapping[str, Path], *, households_per_task: int = RANGE
) -> DataFrame:
    """Every named household value, with ranks, as a DataFrame; `sources` are Parquet files all workers can read."""
    with tempfile.TemporaryDirectory() as scratch:
        files = open_facts(plan, sources, Path(scratch))
        moved = [e for e, rows in files.rows.items() if rows.path != sources[e]]
        if moved:
            raise ValueError(f"files not in household order: {moved}; sort them before handing them to a cluster")
        ranges = _ranges(files, households_per_task)
    reading = {e: (str(rows.path), rows.columns, rows.textual) for e, rows in files.rows.items()}
    shared = session.sparkContext.broadcast((plan, reading))

    def task(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        its_plan, its_reading = shared.value
        worker = Worker(its_plan, its_reading)
        for batch in batches:
            for text in batch.column("range").to_pylist():
                yield from worker.run(json.loads(text))

    schema = Worker(plan, reading).schema()
    jobs = session.createDataFrame([(json.dumps(r),) for r in ranges], "range string").repartition(len(ranges))
    return _ranked(jobs.mapInArrow(task, _spark_schema(schema)), plan)


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
    """What a task keeps: the kernel and the open files."""

    def __init__(self, plan: Plan, reading: Mapping[str, tuple[str, list[str], list[str]]]) -> None:
        self.plan = plan
        shown = [step.slot for step in plan.computed if step.entity == ID]
        self.kernel = Kernel(plan, [*shown, *ranking_slots(plan)])
        self.ranking = RankingKeys(plan)
        self.reading = reading
        self.rows: dict[str, ParquetRows] = {}

    def run(self, ranges: Mapping[str, list[int]]) -> Iterator[pa.RecordBatch]:
        """The results of one range of households."""
        if not self.rows:
            self.rows = {e: ParquetRows(Path(p), columns, textual) for e, (p, columns, textual) in self.reading.items()}
        tables = {entity: self.rows[entity].between(first, last) for entity, (first, last) in ranges.items()}
        whole = load(self.plan, tables, only=self.kernel)
        place = self.ranking.place
        done = 0
        for part in blocks(whole, BLOCK):
            result = run_block(self.plan, self.kernel, self.ranking, part, (ID,))
            count = result.count
            order = pa.array(np.arange(count, dtype=np.int64) + ranges[ID][0] + done)
            own = {ID: tables[ID].column(ID).slice(done, count), ORDER: order}
            own |= {name: _spark_column(column) for name, column in result.columns.get(ID, {}).items()}
            own |= self._ranking_columns(part.values, result.keys, place, count)
            done += count
            yield from pa.table(own).combine_chunks().to_batches()

    def _ranking_columns(self, facts: Any, keys: dict[str, Any], place: int | None, count: int) -> dict[str, Any]:
        columns: dict[str, Any] = {}
        if place is not None:
            step = next(s for s in self.plan.facts if s.slot == place)
            columns[PLACE] = pa.array(np.broadcast_to(facts[(ID, step.name)][0], count))
        for name, (_numbers, ranked) in keys.items():
            columns[AMONG + name] = pa.array(ranked)
        return columns

    def schema(self) -> pa.Schema:
        """The columns a task returns."""
        empty = {e: [0, 0] for e in self.reading}
        batches = list(self.run(empty))
        return batches[0].schema if batches else self._empty_schema(empty)

    def _empty_schema(self, empty: Mapping[str, list[int]]) -> pa.Schema:
        tables = {entity: self.rows[entity].between(first, last) for entity, (first, last) in empty.items()}
        part = load(self.plan, tables, only=self.kernel)
        result = run_block(self.plan, self.kernel, self.ranking, part, (ID,))
        own: dict[str, Any] = {ID: tables[ID].column(ID), ORDER: pa.array([], pa.int64())}
        own |= {name: _spark_column(column) for name, column in result.columns.get(ID, {}).items()}
        own |= self._ranking_columns(part.values, result.keys, self.ranking.place, 0)
        return pa.table(own).schema


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


def _ranked(frame: DataFrame, plan: Plan) -> DataFrame:
    from pyspark.sql import functions as f  # noqa: PLC0415 - only where Spark is installed

    for step in plan.rankings:
        frame = frame.withColumn(step.ranking.name, f.when(f.col(AMONG + step.ranking.name), _rank(step)))
    hidden = [name for name in frame.columns if name.startswith("__") and name != ORDER]
    return frame.drop(*hidden)


def _rank(step: RankingStep) -> Any:
    from pyspark.sql import functions as f  # noqa: PLC0415 - only where Spark is installed
    from pyspark.sql.window import Window  # noqa: PLC0415 - only where Spark is installed

    among = f.col(AMONG + step.ranking.name)
    digits = DIGITS.get(step.ranking.within)
    group = f.lit(0) if digits is None else f.floor(f.col(PLACE) / f.lit(10 ** (12 - digits)))
    keys = [f.col(b.value).cast("double") for b in step.ranking.by]
    order = [key.desc() if b.highest_first else key.asc() for key, b in zip(keys, step.ranking.by, strict=True)]
    return f.rank().over(Window.partitionBy(among, group).orderBy(*order)).cast("long")
