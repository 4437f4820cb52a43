"""From the rows as they were read to the rows as they are kept: doubled rows out, the population in order of person."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from zhikun.intake.lists.coming import BLOCK_ROWS
from zhikun.intake.lists.model import PERSON, ROW, SHOWN

if TYPE_CHECKING:
    import duckdb

_MEMORY = "200MB"
_GROUP_ROWS = 1 << 18
_COMPRESSION = "zstd"
_BUCKETS = 32  # by the token's first five bits: of 4.2 million people some 130 thousand in each
_BUCKET_SHIFT = 3
_MOST_HELD = 64 << 20  # bytes of rows that wait in memory
_MARKS = 1 << 22


@dataclass(frozen=True, slots=True)
class Settled:
    """What was seen when rows got their place: doubled rows with the row each repeats, people, those on several rows."""

    doubled: list[tuple[int, int]]
    people: int
    repeated: int


class Rows(Protocol):
    """Where accepted rows go, block by block, and come out as one file."""

    def add(self, table: pa.Table) -> None:
        """A block of rows."""

    def settle(self, out: Path) -> Settled:
        """The file of rows."""


class InOrderOfPerson:
    """The population, sorted by token: dealt into buckets on disk, each sorted alone."""

    def __init__(self, work: Path, schema: pa.Schema) -> None:
        self._work, self._schema = work, schema
        self._writers: dict[int, pa.RecordBatchStreamWriter] = {}

    def add(self, table: pa.Table) -> None:
        block = table.combine_chunks()
        heads = _tokens(block)[:, 0] >> _BUCKET_SHIFT
        order = np.argsort(heads, kind="stable")
        dealt = block.take(pa.array(order))
        ends = np.searchsorted(heads[order], np.arange(_BUCKETS + 1))
        for bucket in range(_BUCKETS):
            start, end = int(ends[bucket]), int(ends[bucket + 1])
            if end > start:
                self._writer(bucket).write_table(dealt.slice(start, end - start))

    def settle(self, out: Path) -> Settled:
        doubled: list[tuple[int, int]] = []
        people = repeated = 0
        for open_writer in self._writers.values():
            open_writer.close()
        with writer(out, self._schema) as target:
            for bucket in sorted(self._writers):
                path = self._path(bucket)
                with pa.ipc.open_stream(str(path)) as reader:
                    table = reader.read_all().combine_chunks()
                path.unlink()
                table = table.take(pa.array(_by_person(table)))
                last = _last_of_person(_tokens(table))
                again = _again(table, last)
                doubled += [(row, first) for row, first in again.pairs]
                if again.pairs:
                    table = table.filter(pa.array(again.kept))
                    last = _last_of_person(_tokens(table))
                people += int(last.sum())
                repeated += int((np.diff(np.flatnonzero(last), prepend=-1) > 1).sum())
                target.write_table(table, row_group_size=_GROUP_ROWS)
        return Settled(sorted(doubled), people, repeated)

    def _path(self, bucket: int) -> Path:
        return self._work / f"bucket-{bucket:02d}.part"

    def _writer(self, bucket: int) -> pa.RecordBatchStreamWriter:
        if bucket not in self._writers:
            self._writers[bucket] = pa.ipc.new_stream(str(self._path(bucket)), self._schema)
        return self._writers[bucket]


class InOrderOfFile:
    """Any other list, in the order in which it came. `person` is the column that says whose row it is.

    Rows wait in memory until they are known not to be doubled; of a list too long for that they wait on disk.
    """

    def __init__(self, work: Path, part_schema: pa.Schema, schema: pa.Schema, person: str) -> None:
        self._work, self._schema, self._person = work, schema, person
        self._columns = [name for name in part_schema.names if name not in {PERSON, ROW, SHOWN, person}]
        self._heads = Heads()
        self._part, self._part_schema = work / "rows.part", part_schema
        self._held: list[pa.Table] = []
        self._bytes = 0
        self._writer: pq.ParquetWriter | None = None

    def add(self, table: pa.Table) -> None:
        self._heads.add(table.column(self._person))
        self._held.append(table)
        self._bytes += table.nbytes
        if self._bytes > _MOST_HELD and self._writer is None:
            self._writer = writer(self._part, self._part_schema)
        if self._writer is not None:
            for held in self._held:
                self._writer.write_table(held, row_group_size=_GROUP_ROWS)
            self._held = []

    def settle(self, out: Path) -> Settled:
        if self._writer is None:
            found = doubled_in(self._held, [self._person, *self._columns], self._heads.repeated())
        else:
            self._writer.close()
            found = doubled(self._part, [self._person, *self._columns], self._heads, self._work)
        dropped = np.array([at for at, _again, _first in found], dtype=np.int64)
        if self._writer is None:
            write_staying(self._held, dropped, out, self._schema)
            self._held = []
        elif found or self._person != PERSON:
            with pq.ParquetFile(self._part) as part:
                blocks = part.iter_batches(BLOCK_ROWS, columns=self._schema.names)
                tables = (pa.Table.from_batches([block]) for block in blocks)
                write_staying(tables, dropped, out, self._schema)
            self._part.unlink()
        else:
            self._part.rename(out)
        people, repeated = self._heads.people(dropped)
        return Settled([(again, first) for _at, again, first in found], people, repeated)


@dataclass(slots=True)
class Heads:
    """The first eight bytes of every token met, in order: enough to see who comes more than once."""

    _parts: list[NDArray[np.uint64]] = field(default_factory=list)
    _known: list[NDArray[np.bool_]] = field(default_factory=list)

    def add(self, tokens: pa.ChunkedArray | pa.Array) -> None:
        for chunk in tokens.chunks if isinstance(tokens, pa.ChunkedArray) else [tokens]:
            content = np.frombuffer(chunk.buffers()[1], dtype=np.uint64).reshape(-1, 2)
            self._parts.append(content[chunk.offset : chunk.offset + len(chunk), 0].copy())
            known = np.ones(len(chunk), dtype=bool)
            if chunk.null_count:
                known = np.asarray(chunk.is_valid().to_numpy(zero_copy_only=False), dtype=bool)
            self._known.append(known)

    def repeated(self) -> NDArray[np.int64]:
        """The positions of rows whose person stands on several."""
        heads, known = self._all()
        in_order = np.sort(heads[known])
        several = in_order[1:][in_order[1:] == in_order[:-1]]
        if not len(several):
            return np.zeros(0, dtype=np.int64)
        # A table of the last bits leaves few rows to be looked up among those that come again.
        marked = np.zeros(_MARKS, dtype=bool)
        marked[several & np.uint64(_MARKS - 1)] = True
        near = np.flatnonzero(known & marked[heads & np.uint64(_MARKS - 1)])
        at = np.minimum(np.searchsorted(several, heads[near]), len(several) - 1)
        return near[several[at] == heads[near]].astype(np.int64)

    def people(self, without: NDArray[np.int64] | None = None) -> tuple[int, int]:
        """How many people there are, and how many of them stand on several rows; `without` some rows."""
        heads, known = self._all()
        if without is not None and len(without):
            known = known.copy()
            known[without] = False
        in_order = np.sort(heads[known])
        again = in_order[1:] == in_order[:-1]
        first_again = int(again[:1].sum()) + int((again[1:] & ~again[:-1]).sum())
        return len(in_order) - int(again.sum()), first_again

    def _all(self) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
        if not self._parts:
            return np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=bool)
        self._parts = [np.concatenate(self._parts)]
        self._known = [np.concatenate(self._known)]
        return self._parts[0], self._known[0]


@contextmanager
def table_engine(work: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with little memory, which puts what does not fit beside the rows being received."""
    import duckdb  # noqa: PLC0415 - most lists do not need it

    spill = work / "spill"
    try:
        with duckdb.connect() as connection:
            connection.execute("SET memory_limit = ?", [_MEMORY])
            connection.execute("SET temp_directory = ?", [str(spill)])
            connection.execute("SET threads = 2")
            yield connection
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise OSError(str(error)) from error
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """A Parquet file of rows. Tokens and what eyes see are nearly all different: a dictionary of them only costs time."""
    encoded = [name for name in schema.names if name not in {PERSON, ROW, SHOWN}]
    return pq.ParquetWriter(
        path, schema, compression=_COMPRESSION, compression_level=1, use_dictionary=encoded, write_page_checksum=True
    )


def doubled_in(tables: list[pa.Table], columns: list[str], candidates: NDArray[np.int64]) -> list[tuple[int, int, int]]:
    """`doubled` among rows in memory."""
    if not len(candidates):
        return []
    ends = np.cumsum([len(table) for table in tables])
    parts = np.split(candidates, np.searchsorted(candidates, ends[:-1]))
    starts = [0, *ends[:-1].tolist()]
    few = pa.concat_tables(
        table.select([*columns, ROW]).take(pa.array(part - start))
        for table, part, start in zip(tables, parts, starts, strict=True)
    )
    same = np.zeros(len(few), dtype=np.int64)
    for name in columns:
        codes = _codes(few.column(name))
        same = np.unique(same * (int(codes.max()) + 1) + codes, return_inverse=True)[1]
    _distinct, first, which = np.unique(same, return_index=True, return_inverse=True)
    rows = few.column(ROW).to_numpy()
    repeats = np.flatnonzero(first[which] != np.arange(len(few)))
    return [(int(candidates[at]), int(rows[at]), int(rows[first[which[at]]])) for at in repeats]


def _codes(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """A number for each distinct value of a column; unknown is one of them."""
    plain = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
    encoded = plain.combine_chunks().dictionary_encode(null_encoding="encode")
    return np.asarray(encoded.indices.to_numpy(zero_copy_only=False), dtype=np.int64)


def doubled(part: Path, columns: list[str], heads: Heads, work: Path) -> list[tuple[int, int, int]]:
    """Rows equal to an earlier one in every column: position, row, and the row they repeat.

    Only rows of people who stand on several are compared.
    """
    candidates = heads.repeated()
    if not len(candidates):
        return []
    listed = ", ".join(f'"{name}"' for name in columns)
    query = f"""
        SELECT file_row_number AS at, "{ROW}" AS again, first_value("{ROW}") OVER same AS first
        FROM read_parquet($part, file_row_number = true) SEMI JOIN candidates USING (file_row_number)
        WINDOW same AS (PARTITION BY {listed} ORDER BY file_row_number)
        QUALIFY row_number() OVER same > 1
    """  # noqa: S608 - the names are identifiers of a checked pack; the path is a parameter
    with table_engine(work) as connection:
        connection.register("candidates", pa.table({"file_row_number": candidates}))
        found = connection.execute(query, {"part": str(part)}).fetchall()
    return sorted((int(at), int(again), int(first)) for at, again, first in found)


def write_staying(tables: Iterable[pa.Table], dropped: NDArray[np.int64], out: Path, schema: pa.Schema) -> None:
    """The rows without the dropped ones (their positions, in order), in the order of the file."""
    start = 0
    with writer(out, schema) as target:
        for table in tables:
            first, last = np.searchsorted(dropped, (start, start + len(table)))
            stays = np.ones(len(table), dtype=bool)
            stays[dropped[first:last] - start] = False
            start += len(table)
            kept = table.select(schema.names)
            kept = kept.filter(pa.array(stays)) if last > first else kept
            target.write_table(kept.cast(schema), row_group_size=_GROUP_ROWS)


@dataclass(frozen=True, slots=True)
class _Again:
    """Rows that repeat an earlier one of the same person: pairs of rows, and which rows stay."""

    pairs: list[tuple[int, int]]
    kept: NDArray[np.bool_]


def _tokens(table: pa.Table) -> NDArray[np.uint8]:
    """The tokens of a table of one chunk as a matrix of bytes. Everybody in the population has one."""
    column = table.column(PERSON).combine_chunks()
    column = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
    content = np.frombuffer(column.buffers()[1], dtype=np.uint8).reshape(-1, 16)
    return content[column.offset : column.offset + len(column)]


def _by_person(table: pa.Table) -> NDArray[np.intp]:
    """The order by token, then by row."""
    halves = _tokens(table).copy().view(">u8").astype(np.uint64)
    rows = table.column(ROW).to_numpy()
    return np.lexsort((rows, halves[:, 1], halves[:, 0]))


def _last_of_person(tokens: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which rows are the last of their person, in a sorted bucket."""
    last = np.ones(len(tokens), dtype=bool)
    last[:-1] = (tokens[1:] != tokens[:-1]).any(axis=1)
    return last


def _again(table: pa.Table, last: NDArray[np.bool_]) -> _Again:
    """Rows equal to an earlier one of their person in every column, in a sorted bucket."""
    person = np.cumsum(np.concatenate([[False], last[:-1]])) if len(last) else np.zeros(0, dtype=np.int64)
    several = np.flatnonzero(np.bincount(person, minlength=1)[person] > 1) if len(last) else np.zeros(0, dtype=np.intp)
    kept = np.ones(len(last), dtype=bool)
    if not len(several):
        return _Again([], kept)
    few = table.take(pa.array(several))
    names = [name for name in table.column_names if name not in {PERSON, ROW, SHOWN}]
    texts = [_as_texts(few.column(name)) for name in names]
    code = pc.binary_join_element_wise(*texts, "\x1f", null_handling="replace", null_replacement="\x00")
    codes = code.combine_chunks().dictionary_encode().indices.to_numpy()
    keys = person[several] * (int(codes.max()) + 1) + codes
    _distinct, first, which = np.unique(keys, return_index=True, return_inverse=True)
    repeats = np.flatnonzero(first[which] != np.arange(len(keys)))
    rows = few.column(ROW).to_numpy()
    kept[several[repeats]] = False
    return _Again([(int(rows[at]), int(rows[first[which[at]]])) for at in repeats], kept)


def _as_texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    plain = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
    return plain.cast(pa.string())
