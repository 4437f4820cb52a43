"""Are two runs the same? Every shared column, every household, without tolerance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq


def results(folder: Path) -> pa.Table:
    """What the engine wrote for the households, ranks beside the values."""
    table = pq.read_table(folder / "household.parquet")
    if (folder / "ranks.parquet").exists():
        ranks = pq.read_table(folder / "ranks.parquet")
        for name in ranks.column_names:
            if name not in table.column_names:
                table = table.append_column(name, ranks.column(name))
    return table


def _plain(column: Any) -> Any:
    """One array; codes as text, sets as text in the order of the codes, numbers without negative zero."""
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks)
    if pa.types.is_dictionary(column.type):
        return column.cast(pa.string())
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        return pc.binary_join(column.cast(pa.list_(pa.string())), ",")
    return pc.add(column, 0.0) if pa.types.is_floating(column.type) else column


def differences(ours: pa.Table, theirs: pa.Table) -> tuple[dict[str, int], int]:
    """For each shared column, how many households differ (unknown equals only unknown); and the number of columns compared."""
    if ours.num_rows != theirs.num_rows:
        return {"households": abs(ours.num_rows - theirs.num_rows)}, 0
    found = {}
    shared = [name for name in ours.column_names if name in theirs.column_names]
    for name in shared:
        a, b = _plain(ours.column(name)), _plain(theirs.column(name))
        unequal = pc.fill_null(pc.not_equal(a, b.cast(a.type)), False)
        unequal = pc.or_(unequal, pc.xor(pc.is_null(a), pc.is_null(b)))
        count = pc.sum(unequal).as_py() or 0
        if count:
            found[name] = count
    return found, len(shared)
