"""Repeatable chance: the same words give the same throws on every machine and Python version.

Only `Random.random()` is used, whose sequence Python guarantees for a seed; `choice`, `shuffle` and `sample` may change
from one version to the next.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """Throws named by words, e.g. Dice(7, "household", 12)."""

    def __init__(self, *words: object) -> None:
        # Strings are seeded through SHA-512, so neighbouring words give unrelated throws.
        self._next = random.Random(":".join(map(str, words))).random  # noqa: S311  invented people, not secrets

    def chance(self, probability: float) -> bool:
        return self._next() < probability

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self._next()

    def whole(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return low + int(self._next() * (high - low + 1))

    def pick(self, items: Sequence[T]) -> T:
        return items[int(self._next() * len(items))]

    def weighted(self, items: Sequence[T], weights: Sequence[float]) -> T:
        point = self._next() * sum(weights)
        for item, weight in zip(items, weights, strict=True):
            point -= weight
            if point < 0:
                return item
        return items[-1]
