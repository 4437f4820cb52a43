"""From the rows as they were read to the rows as they are kept: doubled rows out, the population in order of person."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from zhikun.intake.lists.coming import BLOCK_ROWS
from zhikun.intake.lists.model import PERSON, ROW

_MEMORY = "200MB"
_GROUP_ROWS = 1 << 18
_COMPRESSION = "zstd"


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
        places = np.flatnonzero(known)
        order = np.argsort(heads[known], kind="stable")
        in_order = heads[known][order]
        same = in_order[1:] == in_order[:-1]
        marked = np.zeros(len(order), dtype=bool)
        marked[1:] |= same
        marked[:-1] |= same
        return np.sort(places[order[marked]]).astype(np.int64)

    def people(self, without: NDArray[np.int64] | None = None) -> tuple[int, int]:
        """How many people there are, and how many of them stand on several rows; `without` some rows."""
        heads, known = self._all()
        if without is not None and len(without):
            known = known.copy()
            known[without] = False
        _distinct, counts = np.unique(heads[known], return_counts=True)
        return len(counts), int((counts > 1).sum())

    def _all(self) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
        if not self._parts:
            return np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=bool)
        self._parts = [np.concatenate(self._parts)]
        self._known = [np.concatenate(self._known)]
        return self._parts[0], self._known[0]


@contextmanager
def table_engine(work: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with little memory, which puts what does not fit beside the rows being received."""
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
    """A Parquet file of rows."""
    return pq.ParquetWriter(path, schema, compression=_COMPRESSION)


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


def rewrite(
    part: Path, out: Path, schema: pa.Schema, dropped: NDArray[np.int64], work: Path, *, by_person: bool
) -> None:
    """The rows without the dropped ones; `by_person` in the order of their tokens, otherwise in the file's."""
    listed = ", ".join(f'"{name}"' for name in schema.names)
    order = f'ORDER BY "{PERSON}", "{ROW}"' if by_person else ""
    query = f"""
        SELECT {listed} FROM read_parquet($part, file_row_number = true)
        ANTI JOIN dropped USING (file_row_number) {order}
    """  # noqa: S608 - the names are identifiers of a checked pack; the path is a parameter
    with table_engine(work) as connection, writer(out, schema) as target:
        connection.register("dropped", pa.table({"file_row_number": dropped}))
        answer = connection.sql(query, params={"part": str(part)}).to_arrow_reader(BLOCK_ROWS)
        for batch in answer:
            target.write_table(_as_schema(batch, schema), row_group_size=_GROUP_ROWS)


def _as_schema(batch: pa.RecordBatch, schema: pa.Schema) -> pa.Table:
    """DuckDB gives tokens as bytes and codes as texts."""
    columns = []
    for wanted, column in zip(schema, batch.columns, strict=True):
        if pa.types.is_dictionary(wanted.type) and not pa.types.is_dictionary(column.type):
            column = pc.dictionary_encode(column.cast(pa.string()))  # noqa: PLW2901 - the same column in its type
        columns.append(column.cast(wanted.type))
    return pa.table(columns, schema=schema)
