"""The rows of the lists in order of person, read once for the whole month however many parts it is screened in."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from zhikun.engine.packs.monitoring import Indicator
from zhikun.screening import arrays, sql
from zhikun.screening.model import GivenFile
from zhikun.screening.persons import Part, Tokens
from zhikun.screening.received import kept
from zhikun.screening.work import Work

_BLOCK_ROWS = 1 << 17


@dataclass(frozen=True, slots=True)
class ListRows:
    """The rows of one indicator's files that may count, in order of person.

    `files` has each row's bit, `holds` whether the conditions are met for certain, `values` what is measured and `known` where
    it is; None where there is one file, where every row counts, where nothing but the row is measured, where all are known.
    """

    tokens: Tokens
    files: NDArray[np.int64] | None
    holds: NDArray[np.bool_] | None
    values: NDArray[np.int64] | None
    known: NDArray[np.bool_] | None

    def of(self, tokens: Tokens, which: NDArray[np.integer] | NDArray[np.bool_] | slice) -> ListRows:
        """Some of them."""
        return ListRows(
            tokens, arrays.some(self.files, which), arrays.some(self.holds, which), arrays.some(self.values, which),
            arrays.some(self.known, which),
        )  # fmt: skip

    def between(self, part: Part) -> ListRows:
        """Those of a range of tokens."""
        some = self.tokens.between(part)
        return self.of(self.tokens.take(some), some)


#: For each indicator its rows; None where it has no file.
Listed = tuple[ListRows | None, ...]


def take_lists(work: Work) -> Listed:
    """The rows of every indicator, of the persons of the part."""

    def one(number: int) -> ListRows | None:
        indicator = work.indicators[number]
        if not work.given(indicator).files:
            return None
        return _every_row(work, indicator) if _all_count(work, indicator) else _rows(work, number, indicator)

    numbers = range(len(work.indicators))
    plain = [number for number in numbers if _all_count(work, work.indicators[number])]
    with ThreadPoolExecutor(2) as threads:  # the others ask one database, which has threads of its own
        read = dict(zip(plain, threads.map(one, plain), strict=True))
    return tuple(read[number] if number in read else one(number) for number in numbers)


def _all_count(work: Work, indicator: Indicator) -> bool:
    """Whether it is enough to stand in the list."""
    source = work.task.monitoring.sources[indicator.list_source]
    return not indicator.where and not indicator.column and source.column_of("id_number") is not None


def _rows(work: Work, number: int, indicator: Indicator) -> ListRows:
    """One indicator's rows, block by block, so that no copy of them all lies beside them."""
    several, measured = len(work.given(indicator).files) > 1, bool(indicator.column)
    tokens, parts = [], []
    for batch in work.con.sql(scan(work, number, indicator)).to_arrow_reader(_BLOCK_ROWS):
        table = pa.table(batch)
        tokens.append(Tokens.of(table.column("person")))
        parts.append((
            arrays.numbers(table, "f").astype(np.int64) if several else None,
            arrays.known(table, "t"),
            arrays.numbers(table, "v").astype(np.int64) if measured else None,
            arrays.known(table, "v") if measured else None,
        ))  # fmt: skip
    every = Tokens.joined(tokens)
    files, holds, values, known = (_together(one) for one in zip(*parts, strict=True)) if parts else (None,) * 4
    rows = ListRows(
        every,
        files,
        None if holds is None or holds.all() else holds,
        values,
        None if known is None or known.all() else known,
    )
    order = every.order()
    return rows.of(every.take(order), order)


def _every_row(work: Work, indicator: Indicator) -> ListRows:
    """The rows of an indicator for which it is enough to stand in the list: nothing but the tokens is read."""
    tokens, bits = [], []
    for bit, given in enumerate(work.given(indicator).files):
        with pq.ParquetFile(given.path, page_checksum_verification=True) as file:
            for batch in file.iter_batches(_BLOCK_ROWS, columns=["person"], use_threads=False):
                found = Tokens.of(batch.column(0).drop_null())
                if work.part != (b"", b""):
                    found = found.take(found.within(work.part))
                tokens.append(found)
                bits.append(np.full(len(found), 1 << bit, dtype=np.int64))
    every = Tokens.joined(tokens)
    order = every.order()
    files = np.concatenate(bits)[order] if len(work.given(indicator).files) > 1 and bits else None
    return ListRows(every.take(order), files, None, None, None)


def _together(parts: Sequence[NDArray[Any] | None]) -> NDArray[Any] | None:
    return None if parts[0] is None else np.concatenate([one for one in parts if one is not None])


def scan(work: Work, number: int, indicator: Indicator) -> str:
    """The rows that may count: person, the file's bit `f`, whether the conditions hold (`t`: true or NULL), the value (`v`)."""
    source = work.task.monitoring.sources[indicator.list_source]
    holds = sql.where_of(indicator.where, dict(source.columns))
    if source.column_of("id_number") is None:
        # Linked by name: a row that waits for review counts for nothing and leaves open what it may add.
        holds = f"(({holds}) AND nullif(sure, false))"
    value = sql.micro_of(sql.name(indicator.column)) if indicator.column else "0::BIGINT"

    def one(bit: int, file: GivenFile) -> str:
        return (
            f"SELECT person, {1 << bit}::BIGINT AS f, {holds} AS t, {value} AS v FROM {kept(source, file)}"
            f" WHERE person IS NOT NULL{work.and_only('AND')}"
        )

    rows = " UNION ALL ".join(one(bit, file) for bit, file in enumerate(work.given(indicator).files))
    return f"SELECT * FROM ({rows}) WHERE t IS DISTINCT FROM false"
