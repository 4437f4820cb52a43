"""Repeatable chance for columns: the same words and the same key give the same bits on every machine, in any order.

Only whole numbers of 64 bits are used: what a block of people throws depends on nobody before it, so a province is made
in blocks and one month without the others.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Mask = NDArray[np.bool_]
Whole = NDArray[np.int64]

_WHOLE_RANGE = 1 << 64


def _word(value: int) -> np.uint64:
    return np.uint64(value % _WHOLE_RANGE)


class Chance:
    """Throws named by words, e.g. Chance(1, "inpatients", "2026-03"); each key has throws of its own."""

    def __init__(self, *words: object) -> None:
        text = ":".join(map(str, words))
        self._start = _word(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))

    def bits(self, keys: Keys) -> Keys:
        """64 bits for each key (the finaliser of SplitMix64)."""
        mixed = keys * _word(0x9E3779B97F4A7C15) + self._start
        mixed = (mixed ^ (mixed >> _word(30))) * _word(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> _word(27))) * _word(0x94D049BB133111EB)
        return mixed ^ (mixed >> _word(31))

    def below(self, keys: Keys, probability: float) -> Mask:
        """True for this share of the keys."""
        return self.bits(keys) < threshold(probability)

    def whole(self, keys: Keys, count: int) -> Whole:
        """A whole number from 0 to count - 1, where count is below 2**31."""
        return (((self.bits(keys) >> _word(32)) * _word(count)) >> _word(32)).astype(np.int64)

    def one_of(self, keys: Keys, weights: list[float]) -> Whole:
        """A place in the list, as often as its weight says."""
        total = sum(weights)
        edges, reached = [], 0.0
        for weight in weights[:-1]:
            reached += weight
            edges.append(threshold(reached / total))
        return np.searchsorted(np.array(edges, np.uint64), self.bits(keys), side="right").astype(np.int64)

    def waiting(self, keys: Keys, hazard: float, most: int = 600) -> Whole:
        """Months until something happens that happens to this share of those left in each month; 0 is the first."""
        edges, staying = [], 1.0
        for _month in range(most):
            staying *= 1 - hazard
            edges.append(threshold(1 - staying))
        return np.searchsorted(np.array(edges, np.uint64), self.bits(keys), side="right").astype(np.int64)


def threshold(probability: float) -> np.uint64:
    """The number of 64 bits that this share of all numbers lies below."""
    return _word(min(int(max(probability, 0.0) * (1 << 53)) << 11, _WHOLE_RANGE - 1))
