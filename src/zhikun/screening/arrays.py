"""Columns put together from numbers: what is said about millions of people is a few words, and which of them.

A column of words is a dictionary of the words that occur and a number for each row; Parquet keeps it that way, so that no
text is copied, compared or hashed row by row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhikun.screening.model import CHANGES

_SCALE = 6  # millionths
_TOKEN = pa.binary(16)

Numbers = NDArray[np.integer[Any]]
Mask = NDArray[np.bool_]
Scalar = TypeVar("Scalar", bound=np.generic)


def numbers(table: pa.Table, name: str, missing: int = 0) -> NDArray[Any]:
    """A column without nulls, or with `missing` in their place. Days come as numbers of days since 1970."""
    column = whole(table.column(name))
    if pa.types.is_date(column.type):
        column = column.cast(pa.int32())
    if column.null_count:
        column = column.fill_null(bool(missing) if pa.types.is_boolean(column.type) else missing)
    return np.asarray(column.to_numpy(zero_copy_only=False))


def some(column: NDArray[Scalar] | None, which: Numbers | Mask | slice) -> NDArray[Scalar] | None:
    """Some values of a column that may be left out."""
    return None if column is None else column[which]


def known(table: pa.Table, name: str) -> Mask:
    """Which rows of a column have a value."""
    return np.asarray(table.column(name).is_valid().to_numpy(), dtype=bool)


def words(which: Numbers, options: Sequence[str | None]) -> pa.DictionaryArray:
    """The option of each row by its number; an option may be None."""
    distinct = list(dict.fromkeys(option for option in options if option is not None))
    places = np.array([-1 if option is None else distinct.index(option) for option in options], dtype=np.int32)
    found = places[which] if len(options) else np.zeros(0, np.int32)
    return pa.DictionaryArray.from_arrays(_positions(found), pa.array(distinct, pa.string()))


def lists_of_words(which: Numbers, options: Sequence[Sequence[str] | None]) -> pa.ListArray:
    """The option of each row by its number, where every option is a list of words."""
    filled = [option or () for option in options]
    sizes = np.array([len(option) for option in filled], dtype=np.int64)
    starts = np.cumsum(sizes) - sizes
    own = sizes[which] if len(options) else np.zeros(0, np.int64)
    ends = np.cumsum(own)
    inside = np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - own, own)
    flat = np.repeat(starts[which] if len(options) else own, own) + inside
    content = words(flat, [word for option in filled for word in option])
    missing = np.array([option is None for option in options], dtype=bool)
    return _list(ends, content, missing[which] if len(options) and missing.any() else None)


def lists(counts: Numbers, content: pa.Array) -> pa.ListArray:
    """The content cut into lists of so many each."""
    return _list(np.cumsum(counts), content, None)


def decimals(millionths: Numbers, digits: int, given: Mask | None = None) -> pa.Array:
    """Millionths as exact decimal numbers; null where not `given`."""
    halves = np.empty((len(millionths), 2), dtype=np.int64)
    halves[:, 0] = millionths
    halves[:, 1] = halves[:, 0] >> 63
    valid = None if given is None or given.all() else pa.py_buffer(np.packbits(given, bitorder="little"))
    kind = pa.decimal128(digits, _SCALE)
    return pa.Array.from_buffers(kind, len(millionths), [valid, pa.py_buffer(halves)])


def exact(value: int) -> Decimal:
    """Millionths as a decimal number."""
    return Decimal(value).scaleb(-_SCALE)


def days(values: Numbers, given: Mask | None = None) -> pa.Array:
    """Days since 1970 as dates; null where not `given`."""
    found = pa.array(values.astype(np.int32), mask=None if given is None or given.all() else ~given)
    return found.cast(pa.date32())


def distinct(*columns: Numbers) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each row the number of its combination of values, and for each combination the first row that has it."""
    codes = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        encoded = pa.array(column).dictionary_encode()
        joined = codes * max(len(encoded.dictionary), 1) + encoded.indices.to_numpy()
        codes = pa.array(joined).dictionary_encode().indices.to_numpy().astype(np.int64)
    highest = (
        np.concatenate([np.full(1, -1, dtype=np.int64), np.maximum.accumulate(codes)[:-1]]) if len(codes) else codes
    )
    return codes, np.flatnonzero(codes > highest)


def changes(rank: Numbers, was: Numbers) -> NDArray[np.int64]:
    """What became of a level, by its number in CHANGES: ranks of now and of last month, 0 for none."""
    new, raised, lowered, continued, cleared = range(len(CHANGES))
    return np.select([rank == 0, was == 0, rank > was, rank < was], [cleared, new, raised, lowered], continued)


def same(column: pa.ChunkedArray, word: str) -> Mask:
    """Which rows of a column have a word."""
    return np.asarray(pc.fill_null(pc.equal(column, word), fill_value=False).to_numpy(), dtype=bool)


def either(one: pa.Array, other: pa.Array, first: Mask) -> pa.Array:
    """The first column where marked, the other elsewhere."""
    return pc.if_else(pa.array(first), one, other)


def bits_of_lists(column: pa.ChunkedArray, bits: Mapping[str, int]) -> NDArray[np.int64]:
    """For each list of words the bits of its words together; a word without a bit has none."""
    listed = whole(column)
    found = np.zeros(len(listed), dtype=np.int64)
    inside = listed.flatten().cast(pa.string()).dictionary_encode()
    if not len(inside):
        return found
    own = np.array([bits.get(word, 0) for word in inside.dictionary.to_pylist()], dtype=np.int64)
    sizes = pc.list_value_length(listed).fill_null(0).to_numpy().astype(np.int64)
    filled = np.flatnonzero(sizes)
    starts = (np.cumsum(sizes) - sizes)[filled]
    found[filled] = np.bitwise_or.reduceat(own[inside.indices.to_numpy()], starts)
    return found


def token_bytes(tokens: pa.ChunkedArray | pa.Array) -> NDArray[np.uint8]:
    """The bytes of a column of tokens without nulls."""
    column = whole(tokens).cast(_TOKEN)
    content = np.frombuffer(column.buffers()[1] or b"", dtype=np.uint8)
    return content[column.offset * 16 : (column.offset + len(column)) * 16]


def whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column in one piece."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    found = column.combine_chunks()
    return found if isinstance(found, pa.Array) else pa.concat_arrays(found.chunks)


def _positions(found: NDArray[np.int32]) -> pa.Array:
    missing = found < 0
    return pa.array(found, mask=missing if missing.any() else None)


def _list(ends: Numbers, content: pa.Array, missing: Mask | None) -> pa.ListArray:
    offsets = pa.array(np.concatenate([[0], ends]).astype(np.int32))
    mask = None if missing is None else pa.array(missing)
    return pa.ListArray.from_arrays(offsets, content, mask=mask)
