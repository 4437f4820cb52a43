"""Parquet to Parquet: a province's facts through a plan in chunks, memory bounded by the chunk, not by the province."""

from __future__ import annotations

import os
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from zhikun.engine.plan.model import Plan
from zhikun.engine.run.assess import BLOCK, ROW, Progress, blocks, run_block
from zhikun.engine.run.facts import ID, FactsError, Needs, check_row_numbers, entities_of, load
from zhikun.engine.run.kernel import Kernel
from zhikun.engine.run.operations import Rows
from zhikun.engine.run.ranking import RankingKeys, ranking_slots, ranks
from zhikun.wording import _

CHUNK = 4 * BLOCK
TEXTUAL = {"choice": "{}", "place": "{}", "choices": "{}.list.element"}  # columns of words, as Parquet names them


class ParquetRows:
    """One entity's Parquet file, read by ranges of rows; keeps the row groups last read.

    `key` is the column that says which household a row is of; whatever it is called in the file, it is read as `household`.
    """

    def __init__(self, path: Path, columns: Sequence[str], textual: Sequence[str], key: str = ID) -> None:
        self.path, self.key = path, key
        self.textual = list(textual)
        names = set(pq.read_schema(path).names)
        words = [n for n in textual if n.partition(".")[0] in names]
        self.file = pq.ParquetFile(path, read_dictionary=words, memory_map=True)
        self.columns = [key if name == ID else name for name in columns if name == ID or name in names]
        sizes = [self.file.metadata.row_group(g).num_rows for g in range(self.file.metadata.num_row_groups)]
        self.starts: NDArray[np.int64] = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        self._cached: dict[int, pa.Table] = {}

    def reopened(self) -> ParquetRows:
        """The same rows through a file of their own."""
        return ParquetRows(self.path, self._named(self.columns), self.textual, self.key)

    def ids(self) -> pa.Array:
        """The household column of the whole file. Raises FactsError where a row has none."""
        column = self.file.read(columns=[self.key]).column(self.key)
        if column.null_count:  # a comparison with null is null: the row would pass for one of the household above
            raise FactsError(_("{f} 有 {n} 行没有户编号；请补填后再评估。").format(f=self.path, n=column.null_count))
        return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)

    def between(self, first: int, last: int) -> pa.Table:
        """The rows first..last-1."""
        low = int(np.searchsorted(self.starts, first, side="right")) - 1
        high = max(low + 1, int(np.searchsorted(self.starts, last, side="left")))
        groups = range(low, min(high, len(self.starts) - 1))
        self._cached = {
            g: self._cached.get(g) or self.file.read_row_group(g, self.columns, use_threads=False) for g in groups
        }
        if not self._cached:
            whole = self.file.schema_arrow.empty_table().select(self.columns)
            return whole.rename_columns(self._named(self.columns))
        whole = pa.concat_tables(self._cached.values(), promote_options="default")
        return whole.rename_columns(self._named(whole.column_names)).slice(first - int(self.starts[low]), last - first)

    def _named(self, columns: Sequence[str]) -> list[str]:
        return [ID if name == self.key else name for name in columns]


@dataclass(frozen=True, slots=True)
class Chunk:
    """The tables of some households, the place of the first, and each household's first row in each entity's table."""

    first: int
    tables: dict[str, pa.Table]
    starts: dict[str, NDArray[np.intp]]


@dataclass(slots=True)
class FactsFiles:
    """The facts of many households in one Parquet file an entity, rows of each household together."""

    rows: dict[str, ParquetRows]
    starts: dict[str, NDArray[np.intp]]  # for each entity below the household, each household's first row
    households: int
    _local: threading.local = field(default_factory=threading.local, repr=False)

    def ranges(self, size: int) -> Iterator[tuple[int, int]]:
        """Ranges of `size` households; one empty range if there are none, so that results still have their columns."""
        for first in range(0, max(self.households, 1), size):
            yield first, min(first + size, self.households)

    def chunk(self, first: int, last: int) -> Chunk:
        """The facts of the households first..last-1. Threads may ask at once: each has its own open files."""
        own = self._own_rows()
        tables, firsts = {ID: own[ID].between(first, last)}, {}
        for entity, starts in self.starts.items():
            end = int(starts[last]) if last < self.households else int(own[entity].starts[-1])
            low = int(starts[first]) if self.households else end
            tables[entity] = own[entity].between(low, end)
            firsts[entity] = starts[first:last] - low
        return Chunk(first, tables, firsts)

    def _own_rows(self) -> dict[str, ParquetRows]:
        found: dict[str, ParquetRows] | None = getattr(self._local, "rows", None)
        if found is None:
            found = self._local.rows = {entity: rows.reopened() for entity, rows in self.rows.items()}
        return found


def open_facts(
    plan: Plan, sources: Mapping[str, Path], scratch: Path, only: Needs | None = None, key: str = ID
) -> FactsFiles:
    """The files of a plan's facts; an entity file that is not in household order is sorted into `scratch` first.

    `only`: read just the facts and entities that a kernel needs. `key`: the column of the files that names the household.
    """
    rows = {ID: _rows(plan, ID, sources[ID], only, key)}
    ids = rows[ID].ids()
    if not _ascending(ids) and pc.count_distinct(ids).as_py() != len(ids):
        raise FactsError(_("{f} 的户编号有重复；每户只能有一行。").format(f=sources[ID]))
    wanted = [e for e in entities_of(plan) if e in sources and (only is None or e in only.entities)]

    def opened(entity: str) -> tuple[ParquetRows, NDArray[np.intp]]:
        return _open_entity(plan, entity, sources, (ids, key), scratch, only)

    with ThreadPoolExecutor(max(len(wanted), 1)) as pool:
        found = dict(zip(wanted, pool.map(opened, wanted), strict=True))
    return FactsFiles(
        rows | {entity: own for entity, (own, _firsts) in found.items()},
        {entity: firsts for entity, (_own, firsts) in found.items()},
        len(ids),
    )


def _open_entity(
    plan: Plan, entity: str, sources: Mapping[str, Path], by: tuple[Any, str], scratch: Path, only: Needs | None
) -> tuple[ParquetRows, NDArray[np.intp]]:
    """One entity's file in household order, and each household's first row in it. `by`: the households, and their column."""
    ids, key = by
    own = _rows(plan, entity, sources[entity], only, key)
    firsts = _first_rows(ids, own.ids())
    if firsts is None or not _in_row_order(sources[entity], firsts):
        copy = _sorted_copy(sources[ID], sources[entity], scratch / f"{entity}.parquet", key)
        own = _rows(plan, entity, copy, only, key)
        firsts = _first_rows(ids, own.ids())
    if firsts is None:
        raise FactsError(
            _("{f} 里有户编号在 {h} 中没有；请补上这些户，或改正编号。").format(f=sources[entity], h=sources[ID])
        )
    return own, firsts


def _rows(plan: Plan, entity: str, path: Path, only: Needs | None, key: str) -> ParquetRows:
    steps = [
        s
        for s in plan.facts
        if s.entity == entity and (only is None or s.type == "place" or (entity, s.name) in only.facts)
    ]
    return ParquetRows(
        path, [ID, *(s.name for s in steps)], [TEXTUAL[s.type].format(s.name) for s in steps if s.type in TEXTUAL], key
    )


def _ascending(ids: Any) -> bool:
    if pa.types.is_integer(ids.type) and not ids.null_count:
        numbers = ids.to_numpy()
        return bool((numbers[1:] > numbers[:-1]).all())
    return bool(pc.all(pc.less(ids[:-1], ids[1:])).as_py())


def _first_rows(ids: Any, own: Any) -> NDArray[np.intp] | None:
    """Each household's first row, or None when the rows are not in household order."""
    if len(own) == 0:
        return np.zeros(len(ids), np.intp)
    if pa.types.is_integer(ids.type) and pa.types.is_integer(own.type) and _ascending(ids):
        return _first_rows_of_numbers(ids.to_numpy(), own.to_numpy())
    changes = np.flatnonzero(np.asarray(pc.not_equal(own[1:], own[:-1]))) + 1
    firsts = np.concatenate([[0], changes]).astype(np.intp)
    heads = own.take(pa.array(firsts))
    heads = heads.cast(ids.type) if heads.type != ids.type else heads
    if len(heads) == len(ids) and heads.equals(ids):
        return firsts
    places = pc.index_in(heads, value_set=ids)
    if places.null_count:
        return None
    index = places.to_numpy()
    if np.any(np.diff(index) <= 0):
        return None
    following = np.searchsorted(index, np.arange(len(ids)))
    return np.append(firsts, len(own))[following].astype(np.intp)


def _in_row_order(path: Path, firsts: NDArray[np.intp]) -> bool:
    """Whether the rows of each household stand in the order of their numbers, where the file has them."""
    if ROW not in pq.read_schema(path).names:
        return True
    numbers = pq.read_table(path, columns=[ROW]).column(ROW)
    if numbers.null_count:
        check_row_numbers(numbers)
        return True
    values = numbers.to_numpy()
    return bool(np.isin(np.flatnonzero(values[1:] < values[:-1]) + 1, firsts).all())


def _first_rows_of_numbers(ids: NDArray[Any], own: NDArray[Any]) -> NDArray[np.intp] | None:
    """The same for household numbers that ascend; None when they do not, or when a number is not in the household file."""
    firsts = np.flatnonzero(np.concatenate([[True], own[1:] != own[:-1]]))
    heads = own[firsts]
    if np.any(heads[1:] <= heads[:-1]):
        return None
    if len(heads) == len(ids) and np.array_equal(heads, ids):
        return firsts
    unbroken = len(ids) > 0 and int(ids[-1]) - int(ids[0]) == len(ids) - 1
    places = heads - ids[0] if unbroken else np.searchsorted(ids, heads)
    places = np.clip(places, 0, len(ids) - 1)
    if not np.array_equal(ids[places], heads):
        return None
    sizes = np.zeros(len(ids), np.intp)
    sizes[places] = np.diff(firsts, append=len(own))
    starts: NDArray[np.intp] = np.cumsum(sizes) - sizes
    return starts


def _sorted_copy(households: Path, rows: Path, out: Path, key: str) -> Path:
    import duckdb  # noqa: PLC0415 - only files in another order need a sort

    order = f", r.{ROW}" if ROW in pq.read_schema(rows).names else ""
    with duckdb.connect() as connection:
        connection.execute("SET preserve_insertion_order = true")
        connection.execute(
            f"COPY (SELECT r.* FROM read_parquet(?) r LEFT JOIN (SELECT {key}, file_row_number AS place FROM "  # noqa: S608 - names are ours, files are parameters
            f"read_parquet(?, file_row_number = true)) h USING ({key}) ORDER BY h.place{order}) TO '{out}' (FORMAT parquet)",
            [str(rows), str(households)],
        )
    return out


class ResultFiles:
    """Writes each entity's results as they come, in household order."""

    def __init__(self, out: Path, entities: Sequence[str]) -> None:
        self.out = out
        self.entities = entities
        self.writers: dict[str, pq.ParquetWriter] = {}

    def write(self, entity: str, table: pa.Table) -> None:
        """Appends one chunk."""
        writer = self.writers.get(entity)
        if writer is None:
            dictionaries = [f.name for f in table.schema if pa.types.is_dictionary(f.type)]
            dictionaries += [f"{f.name}.list.element" for f in table.schema if pa.types.is_list(f.type)]
            writer = self.writers[entity] = pq.ParquetWriter(
                self.out / f"{entity}.parquet",
                table.schema,
                compression="snappy",
                use_dictionary=dictionaries,
                write_statistics=False,
            )
        writer.write_table(table)

    def close(self) -> None:
        """Finishes the files."""
        for writer in self.writers.values():
            writer.close()


def assess_files(
    plan: Plan,
    sources: Mapping[str, Path],
    out: Path,
    *,
    entities: Sequence[str] = (ID,),
    block: int = BLOCK,
    threads: int | None = None,
    progress: Progress | None = None,
) -> list[Path]:
    """Assesses Parquet facts into `out`/<entity>.parquet and `out`/ranks.parquet; returns the files written.

    Results are written for `entities` (default: the household alone). The result does not depend on `block` or `threads`.
    """
    out.mkdir(parents=True, exist_ok=True)
    shown = [s.slot for s in plan.computed if s.entity in entities]
    kernel, ranking = Kernel(plan, [*shown, *ranking_slots(plan)]), RankingKeys(plan)
    threads = threads or os.cpu_count() or 1
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=out)))
        files = open_facts(plan, sources, scratch)
        writer = ResultFiles(out, entities)
        stack.callback(writer.close)
        pool = stack.enter_context(ThreadPoolExecutor(threads))
        waiting: deque[Future[_Assessed]] = deque()
        keys: list[dict[str, Any]] = []
        done = 0

        def write(assessed: _Assessed) -> None:
            nonlocal done
            tables, _keys, count = assessed
            for entity, table in tables.items():
                writer.write(entity, table)
            done += count
            if progress is not None:
                progress(done, files.households)

        for first, last in files.ranges(max(block, CHUNK)):
            waiting.append(pool.submit(_chunk, plan, kernel, ranking, files, (first, last), block, entities))
            if len(waiting) > threads + 1:
                assessed = waiting.popleft().result()
                keys.extend(assessed[1])
                write(assessed)
        rest = [future.result() for future in waiting]
        keys.extend(part for _tables, found, _count in rest for part in found)
        ranked = pool.submit(_write_ranks, plan, keys, files, out)  # beside the writing of what is left
        for assessed in rest:
            write(assessed)
        writer.close()
        return [*(out / f"{e}.parquet" for e in writer.writers), *ranked.result()]


_Assessed = tuple[
    dict[str, pa.Table], list[dict[str, Any]], int
]  # a chunk's results, keys of its ranks, its households


def _chunk(
    plan: Plan,
    kernel: Kernel,
    ranking: RankingKeys,
    files: FactsFiles,
    span: tuple[int, int],
    block: int,
    entities: Sequence[str],
) -> _Assessed:
    chunk = files.chunk(*span)
    whole = load(plan, chunk.tables, starts=chunk.starts, only=kernel)
    results = [run_block(plan, kernel, ranking, part, entities) for part in blocks(whole, block)]
    out = {}
    for entity in entities:
        rows = whole.frame.rows.get(entity)
        columns = {ID: _owners(chunk.tables, rows, entity)}
        if rows is not None:
            columns[ROW] = pa.array((np.arange(rows.count) - np.repeat(rows.starts, rows.sizes) + 1).astype(np.int32))
        for name in results[0].columns.get(entity, {}):
            columns[name] = pa.chunked_array([result.columns[entity][name] for result in results])
        out[entity] = pa.table(columns)
    return out, [result.keys for result in results], whole.frame.households


def _owners(tables: dict[str, pa.Table], rows: Rows | None, entity: str) -> Any:
    ids = tables[ID].column(ID)
    if entity == ID or rows is None:
        return ids
    return ids.take(pa.array(np.repeat(np.arange(len(rows.starts)), rows.sizes)))


def _write_ranks(plan: Plan, keys: list[dict[str, Any]], files: FactsFiles, out: Path) -> list[Path]:
    if not plan.rankings:
        return []
    columns = {ID: files.rows[ID].ids(), **ranks(keys, plan.rankings)}
    pq.write_table(pa.table(columns), out / "ranks.parquet", compression="snappy", use_dictionary=False)
    return [out / "ranks.parquet"]
