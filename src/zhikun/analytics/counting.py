"""What a run found, counted once: every number of the statistics pages comes out of one small file.

    counted(run, ranges, unit)      what the households in these areas came out with, whole and by place below

Households are counted by each of some questions (a cause's score, the category, an item of a list), out of the run's small
numbers (coded.py): whole townships by adding up what was counted of each ahead, less than a township over its stretch of
households, which is a few thousand. They are the same answers in the same results as the list behind each number filters by, and
tests hold both equal.

Finished runs never change, so the process remembers what was counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from zhikun.analytics import coded
from zhikun.analytics.coding import (
    ALL,
    AMOUNT,
    AMOUNT_OPEN,
    CATEGORY,
    FLAGGED,
    FLAGS,
    INDEX,
    OPEN,
    REACHED,
    TOWNSHIP,
    Answer,
    Given,
    Made,
    Numbers,
    codes_by_answer,
    cross,
    number_of_causes,
    summed,
)
from zhikun.assessments.models import Run
from zhikun.assessments.results import columns_of, pack_of
from zhikun.assessments.wanted import Term, Wanted
from zhikun.documents.statistics import Scale
from zhikun.places.models import AreaRange

__all__ = [
    "ALL", "AMOUNT", "AMOUNT_OPEN", "CATEGORY", "FLAGGED", "FLAGS", "INDEX", "OPEN", "REACHED", "Answer", "Counted", "Counts",
    "counted", "groups", "number_of_causes", "true_of",
]  # fmt: skip

groups = coded.groups
#: What is told of each place below, too.
OF_PLACES = frozenset({ALL, OPEN, CATEGORY, REACHED, AMOUNT, AMOUNT_OPEN})

Counts = Mapping[str, Mapping[Answer, int]]


@dataclass(frozen=True)
class Counted:
    """How many households gave which answer; None: not known yet. Amounts are in millionths of 元, by category.

    `places`: the same for what is told by place, under the code of the area. `scale`: the bins of the index, which are the
    same everywhere in a run; None where nobody has an index.
    """

    whole: Counts
    places: Mapping[int, Counts]
    scale: Scale | None
    columns: frozenset[str] = field(default_factory=frozenset)

    @property
    def households(self) -> int:
        """All of them."""
        return self.whole.get(ALL, {}).get(None, 0)

    def of(self, name: str, answer: Answer = None) -> int:
        """How many gave this answer."""
        return self.whole.get(name, {}).get(answer, 0)


def counted(run: Run, ranges: Sequence[AreaRange], unit: int) -> Counted:
    """What a finished run found in these areas. `unit`: how many codes a place below spans (1: a village; 0: none below)."""
    return _counted(run, tuple(ranges), unit, pack_of(run).hash)


def true_of(name: str) -> Wanted:
    """Those of whom something holds."""
    return Wanted(terms=(Term(name, "=", True),))


@lru_cache(maxsize=200)
def _counted(run: Run, ranges: tuple[AreaRange, ...], unit: int, _pack: str) -> Counted:
    told = coded.coded(run)
    whole = _Sums()
    below: dict[int, _Sums] = defaultdict(_Sums)
    for one in ranges:
        townships = one.first % TOWNSHIP == 0 and (one.last + 1) % TOWNSHIP == 0 and (not unit or unit >= TOWNSHIP)
        count = _townships if townships else _households
        for place, given, number in count(told, one, unit):
            (whole if place is None else below[place])[given] += number
    places = {code: sums.plain() for code, sums in below.items()}
    return Counted(whole.plain(), places, told.scale, frozenset(columns_of(run)))


class _Sums(defaultdict[Given, int]):
    """Households by question and answer."""

    def __init__(self) -> None:
        super().__init__(int)

    def plain(self) -> Counts:
        """By question, then by answer; what nobody answered is not there."""
        found: dict[str, dict[Answer, int]] = {}
        for (name, answer), number in self.items():
            if number:
                found.setdefault(name, {})[answer] = number
        return found


#: Which place (None: all of them), question and answer, and how many.
_Rows = Iterator[tuple[int | None, Given, int]]


def _townships(told: Made, one: AreaRange, unit: int) -> _Rows:
    """Whole townships, added up."""
    low, high = np.searchsorted(told.townships, [one.first, one.last + 1])
    counts, sums = told.counts[low:high], told.sums[low:high]
    kinds: list[Given] = [(AMOUNT, given[0][1]) for given in told.columns[CATEGORY].answers][: sums.shape[1]]
    yield from _rows(None, told.answers, counts.sum(axis=0, dtype=np.int64))
    yield from _rows(None, kinds, sums.sum(axis=0, dtype=np.int64))
    if not unit or low == high:
        return
    places, begins = np.unique(told.townships[low:high] // unit * unit, return_index=True)
    asked = [n for n, (name, _answer) in enumerate(told.answers) if name in OF_PLACES]
    below = np.add.reduceat(counts[:, asked], begins, axis=0, dtype=np.int64)
    money = np.add.reduceat(sums, begins, axis=0)
    for place, numbers, amounts in zip(places.tolist(), below, money, strict=True):
        yield from _rows(place, [told.answers[n] for n in asked], numbers)
        yield from _rows(place, kinds, amounts)


def _households(told: Made, one: AreaRange, unit: int) -> _Rows:
    """The households of an area, one by one; by place below what is told of places."""
    low, high = np.searchsorted(told.areas, [one.first, one.last + 1])
    if low == high:
        return
    areas, starts = told.areas[low:high], told.starts[low : high + 1]
    places, begins = np.unique(areas // unit * unit if unit else areas * 0, return_index=True)
    size = np.diff(np.append(starts[begins], starts[-1]))
    group = np.repeat(np.arange(len(places)), size)
    here = slice(int(starts[0]), int(starts[-1]))
    every: list[tuple[str, Given, Numbers]] = [(ALL, (ALL, None), size)]
    for column in told.columns.values():
        mine, kinds = column.codes[here], len(column.answers)
        answers = list(codes_by_answer(column.answers))
        if OF_PLACES.isdisjoint(name for (name, _answer), _codes in answers):
            found = np.bincount(mine, minlength=kinds)[np.newaxis]
        else:
            found = cross(group, mine, len(places), kinds)
        every += [(given[0], given, found[:, its].sum(axis=1)) for given, its in answers]
    if len(told.amount):
        category = told.columns[CATEGORY]
        sums = summed(category.codes[here], told.amount[here], group, len(places), len(category.answers))
        every += [(AMOUNT, (AMOUNT, given[0][1]), sums[:, n]) for n, given in enumerate(category.answers)]
    for name, given, numbers in every:
        yield None, given, int(numbers.sum())
        if unit and name in OF_PLACES:
            yield from ((code, given, number) for code, number in zip(places.tolist(), numbers.tolist(), strict=True))


def _rows(place: int | None, answers: Sequence[Given], numbers: Numbers) -> _Rows:
    return ((place, given, number) for given, number in zip(answers, numbers.tolist(), strict=True) if number)
