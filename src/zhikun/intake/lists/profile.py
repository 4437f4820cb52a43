"""What a file looks like in numbers, to be compared with the last one; and what a correction changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zhikun.engine.packs.monitoring import ListSource
from zhikun.intake.lists.coming import BLOCK_ROWS
from zhikun.intake.lists.kept import as_table
from zhikun.intake.lists.model import PERSON, ROW, SHOWN, Receipt
from zhikun.intake.lists.rows import kept_columns
from zhikun.intake.lists.settle import table_engine
from zhikun.workdays import Month

_COUNTY_STEP = 1_000_000  # of a place of twelve digits, the first six are the county
_OWN = (PERSON, ROW, SHOWN)


def profile_of(rows: Path, source: ListSource, period: Month) -> dict[str, Any]:
    """Each column's known values, codes, first and last day, sum; people by county; days after the period."""
    columns: dict[str, dict[str, Any]] = {column.name: {"known": 0} for column in kept_columns(source)}
    counties: Counter[int] = Counter()
    count = 0
    with pq.ParquetFile(rows) as file:
        for batch in file.iter_batches(
            batch_size=BLOCK_ROWS, columns=[c for c in file.schema_arrow.names if c not in _OWN]
        ):
            count += batch.num_rows
            for name, values in zip(batch.schema.names, batch.columns, strict=True):
                _count_in(columns[name], values, source.columns[name].type, period)
            if place := source.column_of("place"):
                _count_counties(counties, batch.column(place.name))
    found: dict[str, Any] = {"rows": count, "columns": columns}
    if source.column_of("place"):
        found["counties"] = {f"{county:06d}": n for county, n in sorted(counties.items())}
    return found


def _count_in(kept: dict[str, Any], values: pa.Array, kind: str, period: Month) -> None:
    kept["known"] += len(values) - values.null_count
    if kind == "choice":
        codes = Counter(kept.get("codes", {}))
        for item in pc.value_counts(
            values.dictionary_decode() if pa.types.is_dictionary(values.type) else values
        ).to_pylist():
            if item["values"] is not None:
                codes[item["values"]] += item["counts"]
        kept["codes"] = dict(sorted(codes.items()))
    elif kind == "date":
        ends = pc.min_max(values).as_py()
        for key, pick, end in (("first", min, "min"), ("last", max, "max")):
            if ends[end] is not None:
                known = kept.get(key)
                kept[key] = (ends[end] if known is None else pick(date.fromisoformat(known), ends[end])).isoformat()
        after = pc.sum(pc.greater(values, pa.scalar(period.last_day, pa.date32()))).as_py() or 0
        inside = pc.sum(pc.greater_equal(values, pa.scalar(period.first_day, pa.date32()))).as_py() or 0
        kept["after_period"] = kept.get("after_period", 0) + after
        kept["in_period"] = kept.get("in_period", 0) + inside - after
    elif kind == "number":
        kept["sum"] = round(kept.get("sum", 0.0) + (pc.sum(values).as_py() or 0.0), 6)


def _count_counties(counties: Counter[int], places: pa.Array) -> None:
    known = places.drop_null().to_numpy(zero_copy_only=False) // _COUNTY_STEP
    for county, n in zip(*np.unique(known, return_counts=True), strict=True):
        counties[int(county)] += int(n)


def compared(profile: Mapping[str, Any], last: Receipt) -> dict[str, Any]:
    """What is said against the last file: rows, codes and counties that came or went."""
    before = last.profile
    codes: dict[str, dict[str, list[str]]] = {}
    for name, column in profile["columns"].items():
        old = before.get("columns", {}).get(name, {})
        if "codes" in column and "codes" in old:
            came = [code for code in column["codes"] if code not in old["codes"]]
            gone = [code for code in old["codes"] if code not in column["codes"]]
            if came or gone:
                codes[name] = {"new": came, "gone": gone}
    found: dict[str, Any] = {"receipt": last.id, "rows": last.in_force_rows, "codes": codes}
    if "counties" in profile and "counties" in before:
        found["counties_gone"] = {c: n for c, n in before["counties"].items() if c not in profile["counties"]}
    return found


def changes(old: Path, new: Path, source: ListSource, work: Path) -> dict[str, int]:
    """What a corrected file changed, by person: how many came, went, have other rows, stayed the same.

    Where the list has no numbers, rows are compared by their content: a changed one counts as gone and come.
    """
    names = [column.name for column in kept_columns(source)]
    content = "hash(" + ", ".join(f'"{name}"' for name in names) + ")" if names else "0"
    key = f'"{PERSON}"' if source.column_of("id_number") else content
    # The names are identifiers of a checked pack.
    was, is_now = (
        f"SELECT {key} AS key, count(*) AS n, bit_xor({content}) AS content FROM {as_table(source, file)} GROUP BY ALL"  # noqa: S608 - see above
        for file in (old, new)
    )
    query = f"""
        WITH was AS ({was}), is_now AS ({is_now})
        SELECT count(*) FILTER (was.n IS NULL), count(*) FILTER (is_now.n IS NULL),
               count(*) FILTER (was.n IS NOT NULL AND is_now.n IS NOT NULL
                                AND (was.n <> is_now.n OR was.content <> is_now.content)),
               count(*) FILTER (was.n = is_now.n AND was.content = is_now.content)
        FROM was FULL JOIN is_now ON was.key IS NOT DISTINCT FROM is_now.key
    """  # noqa: S608 - see above
    with table_engine(work) as connection:
        found = connection.execute(query).fetchone() or (0, 0, 0, 0)
    return dict(zip(("added", "removed", "changed", "same"), map(int, found), strict=True))
