"""Cells in columns: what kind each is and the text a person sees in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


class Kind(IntEnum):
    """What a spreadsheet says a cell is. A CSV knows only BLANK and TEXT."""

    BLANK = 0
    TEXT = 1
    NUMBER = 2
    BOOLEAN = 3
    DATE = 4
    ERROR = 5  # #N/A, #REF!
    UNCALCULATED = 6  # a formula whose result is not stored in the file
    MERGED = 7  # covered by a merged range, whose first cell alone has the value; the text names the range


@dataclass(frozen=True, slots=True)
class Column:
    """One column below the heading. `text` has no nulls; `number` is NaN where the cell is no number."""

    text: pa.Array
    kind: NDArray[np.uint8]
    number: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.kind)

    def take(self, rows: NDArray[np.intp]) -> Column:
        return Column(self.text.take(pa.array(rows)), self.kind[rows], self.number[rows])

    def followed_by(self, other: Column) -> Column:
        return Column(
            pa.concat_arrays([self.text, other.text]),
            np.concatenate([self.kind, other.kind]),
            np.concatenate([self.number, other.number]),
        )


class _ByType(dict[type, Kind]):
    """Kinds by the type of a value; anything unforeseen is shown as text."""

    def __missing__(self, key: type) -> Kind:
        return Kind.TEXT


_KINDS = _ByType({
    str: Kind.TEXT,
    float: Kind.NUMBER,
    int: Kind.NUMBER,
    bool: Kind.BOOLEAN,
    dt.date: Kind.DATE,
    dt.datetime: Kind.DATE,
    dt.time: Kind.TEXT,
    dt.timedelta: Kind.TEXT,
    type(None): Kind.BLANK,
})  # fmt: skip


def column_of_values(values: Sequence[object]) -> Column:
    """A column from the values of a workbook."""
    kind = np.fromiter(map(_KINDS.__getitem__, map(type, values)), np.uint8, len(values))
    number = np.full(len(values), np.nan)
    is_number = kind == Kind.NUMBER
    if is_number.any():
        number[is_number] = [v for v, chosen in zip(values, is_number, strict=True) if chosen]
    all_text = bool((kind == Kind.TEXT).all())
    text = pa.array(_texts(values), pa.string()) if all_text else _mixed_text(values, kind, number)
    return Column(text, _blanks(text, kind), number)


def column_of_texts(text: pa.Array) -> Column:
    """A column of a CSV file."""
    filled = pc.fill_null(text, "")
    kind = np.full(len(filled), Kind.TEXT, dtype=np.uint8)
    return Column(filled, _blanks(filled, kind), np.full(len(filled), np.nan))


def column_of_arrow(array: pa.Array) -> Column:
    """A column of a Parquet file: numbers, dates and truth values keep their kind."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        return column_of_texts(array.cast(pa.string()))
    if pa.types.is_integer(array.type) and len(array) and pc.any(pc.greater(pc.abs(array), 10**15)).as_py():
        return column_of_texts(array.cast(pa.string()))  # a long code, exact; a double would round it
    if pa.types.is_list(array.type):
        joined = (None if v is None else ("、".join(map(str, v)) or "无") for v in array.to_pylist())
        return column_of_texts(pa.array(joined, pa.string()))
    return column_of_values(array.to_pylist())


def cell_text(value: object) -> str:
    """The text a person sees in a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ")
    if isinstance(value, float | int):
        return number_text(float(value))
    return str(value)


def number_text(value: float) -> str:
    """A number as a spreadsheet shows it: whole numbers without a point, long ones as 6.42223E+17."""
    if not np.isfinite(value):
        return str(value)
    if abs(value) >= 1e15:
        return f"{value:.5E}"
    return str(int(value)) if value == int(value) else repr(value)


def _texts(values: Iterable[object]) -> list[str]:
    return [str(v) for v in values]


def _mixed_text(values: Sequence[object], kind: NDArray[np.uint8], number: NDArray[np.float64]) -> pa.Array:
    """Numbers of ordinary size, by far the most, are cast in one go; everything else one by one."""
    plain = (kind == Kind.NUMBER) & (np.abs(number) < 1e15) & ((np.abs(number) >= 1e-4) | (number == 0))
    whole = plain & (number == np.floor(number))
    whole_text = pa.array(np.where(whole, number, 0).astype(np.int64)).cast(pa.string())
    part_text = pa.array(np.where(plain, number, 0)).cast(pa.string())
    texts = [v if type(v) is str else ("" if p else cell_text(v)) for v, p in zip(values, plain, strict=True)]
    numbers = pc.if_else(pa.array(whole), whole_text, part_text)
    return pc.if_else(pa.array(plain), numbers, pa.array(texts, pa.string()))


def _blanks(text: pa.Array, kind: NDArray[np.uint8]) -> NDArray[np.uint8]:
    empty = pc.equal(pc.utf8_trim_whitespace(text), "").to_numpy(zero_copy_only=False)
    return np.where(empty.astype(bool), np.uint8(Kind.BLANK), kind)
