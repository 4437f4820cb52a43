"""What the generated pandas and OpenFisca modules call, and how both read facts and write results. Needs no zhikun.

Numbers are rounded to the grid of 0.000001, half away from zero, by FLOOR on whole millionths.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

MILLION = 1e6
DAY = 0  # set by the generated module's day


def clean(x: Any, decimals: int) -> Any:
    """Sums of numbers with this many decimals, as exactly the nearest float64."""
    scale = 10.0**decimals
    return np.rint(x * scale) / scale


def _half_away(x: Any) -> Any:
    return np.copysign(np.floor(np.abs(x) + 0.5), x)


def quotient(top: Any, bottom: Any, decimals: int, when_zero: Any = 0.0) -> Any:
    """Top / bottom on the grid; both are whole numbers before the division, so ties are exact."""
    scale = 10.0**decimals
    below = np.rint(bottom * scale) if decimals else bottom
    above = np.rint(top * (MILLION * scale))
    if np.ndim(below) == 0:
        return _half_away(above / below) / MILLION
    zero = below == 0
    if not zero.any():
        return _half_away(above / below) / MILLION
    return np.where(zero, when_zero, _half_away(above / np.where(zero, 1.0, below)) / MILLION)


def product(left: Any, right: Any, decimals: int) -> Any:
    """Left * right on the grid."""
    return _half_away(np.rint(left * right * 10.0**decimals) / 10.0 ** (decimals - 6)) / MILLION


def round_half_up(x: Any, step: float) -> Any:
    """To the nearest step, half away from zero."""
    units = round(step * MILLION)
    return _half_away(np.rint(x * MILLION) / units) * units / MILLION


def round_up(x: Any, step: float) -> Any:
    """To the next step."""
    units = round(step * MILLION)
    return np.ceil(np.rint(x * MILLION) / units) * units / MILLION


def round_down(x: Any, step: float) -> Any:
    """To the step below."""
    units = round(step * MILLION)
    return np.floor(np.rint(x * MILLION) / units) * units / MILLION


def completed_months_on(day: tuple[int, int], days: Any) -> Any:
    """Completed months from each date (days since 1970-01-01) to a day given as (months since 1970-01, day of month)."""
    dates = np.asarray(days).astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    return day[0] - months.astype(np.int64) - ((dates - months).astype(np.int64) + 1 > day[1])


def count_of(bits: Any) -> Any:
    """How many codes are picked."""
    return np.bitwise_count(np.asarray(bits)).astype(np.float64)


def gather(*items: tuple[int, Any]) -> Any:
    """Conditions as a set of bits."""
    bits = None
    for place, condition in items:
        bit = np.asarray(condition).astype(np.int64) << place
        bits = bit if bits is None else bits | bit
    return bits


def ranks(group: Any, keys: list[Any], among: Any = None) -> Any:
    """1, 2, 2, 4 within each group by the keys ascending; 0 for those not among."""
    chosen = np.arange(len(group)) if among is None else np.flatnonzero(among)
    columns = [np.asarray(group)[chosen], *(np.asarray(key)[chosen] for key in keys)]
    order = np.lexsort(tuple(reversed(columns)))
    columns = [column[order] for column in columns]
    start = np.ones(len(order), bool)
    start[1:] = columns[0][1:] != columns[0][:-1]
    fresh = start.copy()
    for column in columns[1:]:
        fresh[1:] |= column[1:] != column[:-1]
    position = np.arange(len(order))
    first = np.maximum.accumulate(np.where(start, position, 0))
    value = np.maximum.accumulate(np.where(fresh, position, 0))
    result = np.zeros(len(group), np.int64)
    result[chosen[order]] = value - first + 1
    return result


def read_facts(folder: Path, schema: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The facts of each entity as arrays: codes as places, sets as bits, dates as days, place codes as numbers."""
    found = {}
    for entity, columns in schema.items():
        path = folder / f"{entity}.parquet"
        words = [n for n, c in columns.items() if c["type"] in ("choice", "place")]
        words += [f"{n}.list.element" for n, c in columns.items() if c["type"] == "choices"]
        table = pq.read_table(path, columns=["household", *columns], read_dictionary=words)
        found[entity] = {"household": table.column("household").to_numpy()}
        for name, column in columns.items():
            found[entity][name] = _array(table.column(name), column["type"], column["codes"])
    return found


def _array(column: Any, kind: str, codes: list[str]) -> Any:
    if kind in ("number", "boolean"):
        return column.to_numpy()
    if kind == "date":
        return column.cast(pa.int32()).to_numpy()
    if kind == "choices":
        return _bits(column.combine_chunks(), codes)
    column = column.unify_dictionaries().combine_chunks()
    column = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
    words = column.dictionary.to_pylist()
    if kind == "place":
        return np.array([int(word) for word in words], np.int64)[column.indices.to_numpy()]
    return np.array([codes.index(word) for word in words], np.int8)[column.indices.to_numpy()]


def _bits(column: Any, codes: list[str]) -> Any:
    column = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
    flat = pc.list_flatten(column)
    bits = np.zeros(len(column), np.int64)
    if len(flat):
        one = np.array([1 << codes.index(w) for w in flat.dictionary.to_pylist()], np.int64)[flat.indices.to_numpy()]
        lengths = pc.list_value_length(column).to_numpy()
        filled = lengths > 0
        bits[filled] = np.bitwise_or.reduceat(one, (np.cumsum(lengths) - lengths)[filled])
    return bits


def write_results(path: Path, ids: Any, columns: dict[str, Any], schema: dict[str, dict[str, Any]]) -> None:
    """Household values as Parquet, in the types that the engine writes."""
    made = {"household": pa.array(ids)}
    for name, column in columns.items():
        data = np.broadcast_to(np.asarray(column), len(ids))
        kind, codes = schema[name]["type"], schema[name]["codes"]
        if kind == "choice":
            made[name] = pa.DictionaryArray.from_arrays(pa.array(data.astype(np.int8)), pa.array(codes, pa.string()))
        elif kind == "choices":
            made[name] = _lists(data, codes)
        elif kind == "rank":
            made[name] = pa.array(data, mask=data == 0)
        else:
            made[name] = pa.array(np.ascontiguousarray(data, np.bool_ if kind == "boolean" else np.float64))
    table = pa.table(made)
    dictionaries = [f.name for f in table.schema if pa.types.is_dictionary(f.type)]
    pq.write_table(table, path, compression="snappy", use_dictionary=dictionaries, write_statistics=False)


def _lists(bits: Any, codes: list[str]) -> Any:
    picked = [np.flatnonzero(bits & (1 << place)) for place in range(len(codes))]
    rows = np.concatenate(picked)
    places = np.repeat(np.arange(len(codes), dtype=np.int8), [len(p) for p in picked])
    order = np.argsort(rows, kind="stable")
    offsets = np.zeros(len(bits) + 1, np.int32)
    np.cumsum(np.bincount(rows, minlength=len(bits)), out=offsets[1:])
    flat = pa.DictionaryArray.from_arrays(pa.array(places[order]), pa.array(codes, pa.string()))
    return pa.ListArray.from_arrays(pa.array(offsets), flat)


def read_schema(folder: Path) -> dict[str, Any]:
    """facts, results and the day, as the generator wrote them."""
    return json.loads((folder / "schema.json").read_text(encoding="utf-8"))
