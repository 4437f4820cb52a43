"""The rows of the lists in order of person, read once for the whole month however many parts it is screened in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhikun.engine.packs.monitoring import Indicator
from zhikun.screening import arrays, sql
from zhikun.screening.model import GivenFile
from zhikun.screening.persons import Part, Tokens
from zhikun.screening.received import kept
from zhikun.screening.work import Work


@dataclass(frozen=True, slots=True)
class ListRows:
    """The rows of one indicator's files that may count: whose, the file's bit, whether the conditions hold, the value.

    `holds` is None where every row counts; NULL in it is 0. `values` is None where nothing is measured but the row itself.
    """

    tokens: Tokens
    files: NDArray[np.int64] | None  # None where there is one file
    holds: NDArray[np.bool_] | None
    values: pa.Array | None

    def between(self, part: Part) -> ListRows:
        """Those of a range of tokens."""
        some = self.tokens.between(part)
        return ListRows(
            self.tokens.take(some),
            None if self.files is None else self.files[some],
            None if self.holds is None else self.holds[some],
            None if self.values is None else self.values[some],
        )

    def table(self, which: NDArray[np.bool_], ids: NDArray[np.int64]) -> pa.Table:
        """Some of them as a table for the steps that follow: id, f, t, v."""
        count = len(ids)
        holds = np.ones(count, dtype=bool) if self.holds is None else self.holds[which]
        values = pa.array(np.zeros(count, np.int64)) if self.values is None else self.values.filter(pa.array(which))
        return pa.table({
            "id": ids.astype(np.int32),
            "f": np.ones(count, np.int64) if self.files is None else self.files[which],
            "t": pa.array(holds, mask=None if holds.all() else ~holds),
            "v": values,
        })  # fmt: skip


#: For each indicator its rows; None where it has no file.
Listed = tuple[ListRows | None, ...]


def take_lists(work: Work) -> Listed:
    """The rows of every indicator, of the persons of the part."""
    return tuple(
        _rows(work, number, indicator) if work.given(indicator).files else None
        for number, indicator in enumerate(work.indicators)
    )


def _rows(work: Work, number: int, indicator: Indicator) -> ListRows:
    found = work.con.sql(scan(work, number, indicator)).to_arrow_table()
    tokens = Tokens.of(found.column("person"))
    order = tokens.order()
    where = pa.array(order)
    holds = found.column("t")
    return ListRows(
        tokens.take(order),
        arrays.numbers(found, "f").astype(np.int64)[order] if len(work.given(indicator).files) > 1 else None,
        arrays.known(found, "t")[order] if holds.null_count else None,
        arrays.whole(found.column("v").take(where)) if indicator.column else None,
    )


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
