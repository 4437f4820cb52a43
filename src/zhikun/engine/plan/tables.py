"""Score tables laid out for reading: every combination of keys at its place in one row of values."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zhikun.engine.packs.model import Table, TableVersion


def decimals_of(value: object) -> int:
    """The decimals of a written number: 0.05 has two."""
    exponent = Decimal(str(value)).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


@dataclass(eq=False, slots=True)
class LookupData:
    """A score table: for each key its band edges (None for codes) and number of places, and the values in key order."""

    name: str
    edges: tuple[tuple[float, ...] | None, ...]
    sizes: tuple[int, ...]
    values: tuple[object, ...]
    kind: str
    decimals: int
    _array: Any = field(default=None, repr=False)

    def array(self) -> NDArray[Any]:
        """The values as an array, codes as their places."""
        if self._array is None:
            self._array = np.asarray(self.values, np.float64 if self.kind == "number" else np.int16)
        array: NDArray[Any] = self._array
        return array


def lay_out(table: Table, version: TableVersion, codes: tuple[tuple[str, ...], ...]) -> LookupData:
    """A checked table version as LookupData; `codes` are the codes of each choice key, () for bands."""
    edges: list[tuple[float, ...] | None] = []
    places: list[list[object]] = []
    for index, key in enumerate(table.keys):
        if key.choices_of:
            edges.append(None)
            places.append(list(codes[index]))
            continue
        cuts = sorted({float(str(end)) for row in version.rows for end in _ends(row[0][index]) if end is not None})
        edges.append(tuple(cuts))
        places.append([float("-inf"), *cuts])
    choices = tuple(table.choices)
    values: list[object] = []
    for combination in product(*places):
        value = next(v for row, v in version.rows if all(map(_covers, row, combination)))
        values.append(choices.index(str(value)) if table.type == "choice" else value)
    decimals = max((decimals_of(value) for value in values), default=0) if table.type == "number" else 0
    return LookupData(table.name, tuple(edges), tuple(len(p) for p in places), tuple(values), table.type, decimals)


def _ends(band: object) -> tuple[object, ...]:
    return band if isinstance(band, tuple) else ()


def _covers(part: object, place: object) -> bool:
    """Whether a row's key part is this code, or its band holds what begins at this number."""
    if not isinstance(part, tuple):
        return part == place
    low, below = part
    number = float(str(place))
    return (low is None or float(low) <= number) and (below is None or number < float(below))
