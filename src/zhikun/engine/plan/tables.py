"""Score tables laid out for reading: every combination of keys at its place in one row of values."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zhikun.engine.packs.model import Table, TableVersion
from zhikun.engine.plan.lower import decimals_of


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
        bands = sorted({row[0][index] for row in version.rows}, key=_band_start)
        edges.append(tuple(float(str(_start(band))) for band in bands[1:]))
        places.append(list(bands))
    found = dict(version.rows)
    choices = tuple(table.choices)
    values: list[object] = []
    for combination in product(*places):
        value = found[tuple(combination)]
        values.append(choices.index(str(value)) if table.type == "choice" else value)
    decimals = max((decimals_of(value) for value in values), default=0) if table.type == "number" else 0
    return LookupData(table.name, tuple(edges), tuple(len(p) for p in places), tuple(values), table.type, decimals)


def _start(band: object) -> object:
    return band[0] if isinstance(band, tuple) else None


def _band_start(band: object) -> float:
    start = _start(band)
    return float("-inf") if start is None else float(str(start))
