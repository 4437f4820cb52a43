"""Where a household stands among those of its village, township and county."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhikun.places.models import AreaRange

#: Digits of the area code within which households are ranked.
RANKED_IN = {"village": 12, "township": 9, "county": 6}


def ranks_of(order: pa.ChunkedArray | pa.Array, areas: NDArray[np.int64]) -> dict[str, tuple[pa.Array, pa.Array]]:
    """For each kind of place the rank of each household, and of how many that have one. Equal ranks stay equal.

    `order` is the pack's own rank over all of them, 1 the hardest; who has none (null) is not ranked.
    """
    numbers = np.asarray(order.fill_null(0), np.int64)
    at = np.flatnonzero(numbers > 0)
    found = {}
    for name, digits in RANKED_IN.items():
        ranks, among = np.zeros(len(numbers), np.int32), np.zeros(len(numbers), np.int32)
        if len(at):
            ranks[at], among[at] = _within(areas[at] // 10 ** (12 - digits), numbers[at])
        found[name] = (pa.array(ranks, mask=ranks == 0), pa.array(among, mask=among == 0))
    return found


def whole_places(area: AreaRange) -> list[str]:
    """The kinds of place of which an area holds all: assessing a township says nothing of the rank in the county."""
    return [name for name, digits in RANKED_IN.items() if 10 ** (12 - digits) <= area.last - area.first + 1]


def _within(groups: NDArray[np.int64], numbers: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    by = np.lexsort((numbers, groups))
    ordered, ranks = groups[by], numbers[by]
    begins = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    sizes = np.diff(begins, append=len(by))
    same = np.concatenate([[False], (ordered[1:] == ordered[:-1]) & (ranks[1:] == ranks[:-1])])
    position = np.arange(len(by))
    first = np.maximum.accumulate(np.where(same, 0, position))
    rank, among = np.empty(len(by), np.int64), np.empty(len(by), np.int64)
    rank[by] = first - np.repeat(begins, sizes) + 1
    among[by] = np.repeat(sizes, sizes)
    return rank, among
