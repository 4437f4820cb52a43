"""Values of blocks as Arrow: one column for each named value, NULL where it is undetermined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from zhikun.engine.plan.model import Step
from zhikun.engine.run.operations import Value
from zhikun.wording import _

MOST = 9.0e9  # beyond this a float64 no longer holds millionths


class MagnitudeError(Exception):
    """A computed number too large for the grid."""


UNDECIDED = "__undetermined"  # suffix of a list's companion column: items that are not yet decided


def columns(step: Step, value: Value, count: int) -> dict[str, pa.Array]:
    """The Arrow column of a named value; a list also has a column of its undecided items."""
    data, known = value
    if np.ndim(data) == 0:
        data = np.full(count, data)
    if step.type == "choices":
        return {step.name: sets(data, step.codes), step.name + UNDECIDED: sets(_undecided(known, count), step.codes)}
    nulls = None if known is None else np.logical_not(known)
    if nulls is not None and np.ndim(nulls) == 0:
        nulls = np.full(count, nulls)
    if step.type == "choice":
        kind = np.int8 if len(step.codes) < 128 else np.int16
        places = pa.array(np.asarray(data).astype(kind), mask=nulls)
        return {step.name: pa.DictionaryArray.from_arrays(places, pa.array(step.codes, pa.string()))}
    if step.type == "number":
        data = np.asarray(data, np.float64) + 0.0  # no negative zero: equal values are equal bit for bit
        if len(data) and (data.max() > MOST or data.min() < -MOST) and _too_large(data, nulls):
            raise MagnitudeError(
                _("“{t}”（{n}）算出的数超过九十亿，超出可以精确计算的范围；请检查单位和金额。").format(
                    t=step.title, n=step.name
                )
            )
        return {step.name: pa.array(data, mask=nulls)}
    if step.type == "date":
        return {step.name: pa.array(data, pa.int32(), mask=nulls).cast(pa.date32())}
    return {step.name: pa.array(np.asarray(data, np.bool_), mask=nulls)}


def _too_large(data: Any, nulls: Any) -> bool:
    large = np.abs(data) > MOST
    return bool((large if nulls is None else large & ~nulls).any())


def _undecided(known: Any, count: int) -> Any:
    return np.zeros(count, np.uint64) if known is None else known


_WIDTHS = tuple(np.dtype(f"<u{size}") for size in (1, 2, 4, 8))


def sets(bits: Any, codes: Sequence[str]) -> pa.Array:
    """Bits as lists of codes, in the order of the codes."""
    bits = np.asarray(bits, np.uint64)
    if not bits.any():
        empty = pa.DictionaryArray.from_arrays(pa.array([], pa.int8()), pa.array(list(codes), pa.string()))
        return pa.ListArray.from_arrays(pa.array(np.zeros(len(bits) + 1, np.int32)), empty)
    narrow = next(kind for kind in _WIDTHS if 8 * kind.itemsize >= len(codes))
    flags = np.unpackbits(bits.astype(narrow).view(np.uint8), bitorder="little").view(np.bool_)
    places = np.flatnonzero(flags) & (8 * narrow.itemsize - 1)
    offsets = np.zeros(len(bits) + 1, np.int32)
    np.cumsum(np.bitwise_count(bits), out=offsets[1:])
    flat = pa.DictionaryArray.from_arrays(pa.array(places.astype(np.int8)), pa.array(list(codes), pa.string()))
    return pa.ListArray.from_arrays(pa.array(offsets), flat)
