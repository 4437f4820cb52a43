"""Causes of hardship side by side: which come together, how many at once, and where.

One pass over the scores of a place, a byte each (coded.py), sorts its households by which are known and which of those reach the
line (two bit masks and a place); everything on the page is a sum over these few groups.

    crossed(run, ranges, at=2.0, unit=1000).having(("illness", "disability"))     households with both at 2 or above

A score that is not known reaches no line and misses none. Two causes together count a household as soon as these two are known;
how many causes there are, and which exactly, is said only of households all of whose scores are known.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from zhikun.analytics import coded
from zhikun.analytics.coding import Column, Made, Numbers
from zhikun.assessments.models import Run
from zhikun.assessments.wanted import Causes, Term, Wanted
from zhikun.documents.statistics import LEVELS
from zhikun.places.models import FREE_DIGITS, Area, AreaRange, Level

#: The scores from which a cause may be said to count; zero is no hardship.
LINES = LEVELS[1:]
_KEPT = 64  # crossings remembered by a process; one is a few thousand groups, a million households at most some ten thousand

_SORTED_BELOW = 8  # the part of the possible states that households must reach for counting to be quicker than sorting

_NOBODY: Numbers = np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False)
class Crossed:
    """The causes of a run in some areas at a line.

    Households that agree in place, in what is known and in what reaches the line are one group: an entry of each array.
    Bit n of `known` and `reached` stands for the n-th cause.
    """

    causes: tuple[str, ...]
    place: Numbers
    known: Numbers
    reached: Numbers
    count: Numbers

    @cached_property
    def households(self) -> int:
        """All that were assessed."""
        return int(self.count.sum())

    @cached_property
    def exactly(self) -> dict[int | None, int]:
        """How many causes reach the line -> households; None: it cannot be said yet. Adds up to all households."""
        number = sum((self.reached >> bit & 1 for bit in range(len(self.causes))), np.zeros_like(self.reached))
        told: dict[int | None, int] = {
            n: int(self.count[self._complete & (number == n)].sum()) for n in range(len(self.causes) + 1)
        }
        return told | {None: int(self.count[~self._complete].sum())}

    def at_least(self, number: int) -> int:
        """Households with so many causes or more, all their scores known."""
        return sum(n for causes, n in self.exactly.items() if causes is not None and causes >= number)

    def having(self, causes: Collection[str]) -> int:
        """Households in which all of these reach the line, whatever else there is."""
        wanted = self._mask(causes)
        return int(self.count[self.reached & wanted == wanted].sum())

    @cached_property
    def pairs(self) -> dict[tuple[str, str], int]:
        """Two causes -> households in which both reach the line; a cause with itself is that cause."""
        return {(one, other): self.having((one, other)) for one in self.causes for other in self.causes}

    def unknown(self, cause: str) -> int:
        """Households whose score of a cause is not known yet."""
        return int(self.count[self.known & self._mask([cause]) == 0].sum())

    @cached_property
    def combinations(self) -> list[tuple[tuple[str, ...], int]]:
        """Which causes reach the line and no other does -> households, the most frequent first; only where all is known."""
        found: Counter[int] = Counter()
        some = self._complete & (self.reached > 0)
        for mask, n in zip(self.reached[some].tolist(), self.count[some].tolist(), strict=True):
            found[mask] += n
        return [(self._named(one), n) for one, n in sorted(found.items(), key=lambda item: (-item[1], item[0]))]

    @cached_property
    def places(self) -> dict[int, Crossed]:
        """The same for each place below, by its code."""
        order = np.argsort(self.place, kind="stable")
        codes, starts = np.unique(self.place[order], return_index=True)
        parts = np.split(order, starts[1:])
        return {
            int(code): Crossed(self.causes, *(column[part] for column in self._columns))
            for code, part in zip(codes, parts, strict=False)
        }

    @property
    def _columns(self) -> tuple[Numbers, ...]:
        return self.place, self.known, self.reached, self.count

    @cached_property
    def _complete(self) -> npt.NDArray[np.bool_]:
        every: npt.NDArray[np.bool_] = self.known == (1 << len(self.causes)) - 1
        return every

    def _mask(self, causes: Collection[str]) -> int:
        return sum(1 << self.causes.index(name) for name in set(causes))

    def _named(self, mask: int) -> tuple[str, ...]:
        return tuple(name for bit, name in enumerate(self.causes) if mask >> bit & 1)


def crossed(run: Run, ranges: Sequence[AreaRange], causes: Sequence[str], at: float, unit: int) -> Crossed:
    """The causes of a finished run at a line; `unit`: places are told apart by the codes above it (0: not at all)."""
    return _crossed(run, tuple(ranges), tuple(causes), at, unit)


def on_scale(level: float) -> float:
    """The first of the scores at or above a level: no score lies between, so it counts the same households."""
    return min(max(math.ceil(level * 2) / 2, LINES[0]), LINES[-1])


def unit_below(top: Area, ranges: Sequence[AreaRange]) -> int:
    """What codes are cut by to tell the places below one apart; levels that hold one place only are passed. 0: none below."""
    for level in [one for one in Level if one > top.level]:
        unit: int = 10 ** FREE_DIGITS[level]
        if len({code // unit for one in ranges for code in one}) > 1:
            return unit
    return 0


def together(causes: Collection[str], at: float) -> Wanted:
    """Households in which all of these reach the line."""
    return Wanted(terms=tuple(Term(name, ">=", at) for name in dict.fromkeys(causes)))


def exactly_these(causes: Collection[str], among: Sequence[str], at: float) -> Wanted:
    """Households in which these reach the line and all the others are known not to."""
    return Wanted(terms=tuple(Term(name, ">=" if name in causes else "<", at) for name in among))


def so_many(number: int | None, at: float, relation: str = "=") -> Wanted:
    """Households with so many causes; None: those of whom it cannot be said yet."""
    return Wanted(terms=(Causes(at, relation, number),))


def not_known(cause: str) -> Wanted:
    """Households whose score of a cause is not known yet."""
    return Wanted(terms=(Term(cause, "=", None),))


@lru_cache(maxsize=_KEPT)
def _crossed(run: Run, ranges: tuple[AreaRange, ...], causes: tuple[str, ...], at: float, unit: int) -> Crossed:
    told = coded.coded(run)
    found = [_groups(told, one, causes, at, unit) for one in ranges]
    place, known, reached, count = (
        (np.concatenate([part[n] for part in found]) for n in range(4)) if found else [_NOBODY] * 4
    )
    return Crossed(causes, place, known, reached, count)


def _groups(told: Made, one: AreaRange, causes: tuple[str, ...], at: float, unit: int) -> tuple[Numbers, ...]:
    """The groups of one stretch of households: place, what is known, what reaches the line, how many."""
    low, high = np.searchsorted(told.areas, [one.first, one.last + 1])
    areas, starts = told.areas[low:high], told.starts[low : high + 1]
    state = _states([told.columns[name] for name in causes], slice(int(starts[0]), int(starts[-1])), at)
    places, begins = np.unique(areas // unit * unit if unit else areas * 0, return_index=True)
    edges = np.append(starts[begins], starts[-1]) - starts[0]
    found = []
    for place, first, last in zip(places.tolist(), edges, edges[1:], strict=False):
        states, count = _numbers(state[first:last], 3 ** len(causes))
        digits = [states // 3**bit % 3 for bit in range(len(causes))]
        known = sum(((digit > 0).astype(np.int64) << bit for bit, digit in enumerate(digits)), np.zeros_like(states))
        reached = sum(((digit > 1).astype(np.int64) << bit for bit, digit in enumerate(digits)), np.zeros_like(states))
        found.append((np.full(len(states), place, np.int64), known, reached, count))
    return tuple(np.concatenate(parts) for parts in zip(*found, strict=True)) if found else (_NOBODY,) * 4


def _states(columns: Sequence[Column], here: slice, at: float) -> npt.NDArray[Any]:
    """A number for each household whose digits, to base three, say of each cause: not known, below the line, at it."""
    kind = np.min_scalar_type(3 ** len(columns) - 1)
    state: npt.NDArray[Any] = np.zeros(here.stop - here.start, kind)
    for column in reversed(columns):
        codes = column.codes[here]
        known = codes < len(column.own)
        state *= kind.type(3)
        state += known
        state += known & (codes >= np.searchsorted(column.own, at))
    return state


def _numbers(state: npt.NDArray[Any], most: int) -> tuple[Numbers, Numbers]:
    """Which states there are, and how often; of few households it is quicker to sort them."""
    if len(state) * _SORTED_BELOW < most:
        states, count = np.unique(state, return_counts=True)
        return states.astype(np.int64), count
    count = np.bincount(state)
    states = np.flatnonzero(count)
    return states, count[states]
