"""Where a household stands among those of its village, township and county."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhikun.engine.run.ranking import in_order
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
    """Of each household the place of its number among those of its group, 1, 2, 2, 4, and how many the group has."""
    whose = _numbered(groups)
    order, both = in_order(whose << int(numbers.max()).bit_length() | numbers)
    anew = np.concatenate([[True], both[1:] != both[:-1]])
    sizes = np.bincount(whose)
    first = np.maximum.accumulate(np.where(anew, np.arange(len(both)), 0))
    rank = np.empty(len(both), np.int64)
    rank[order] = first - np.repeat(np.cumsum(sizes) - sizes, sizes) + 1
    return rank, sizes[whose]


def _numbered(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """The groups as 0, 1, 2 ... in rising order. Lists stand in the order of places: then nothing is sorted."""
    steps = np.diff(groups, prepend=groups[:1])
    if (steps < 0).any():
        return np.unique(groups, return_inverse=True)[1].astype(np.int64)
    return np.cumsum(steps > 0)
