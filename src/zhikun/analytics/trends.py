"""The same place from one assessment to the next: which runs say something about all of it, and what each found.

A run counts for a place when it covers the whole of what the officer may see there; of several with one day of assessment the
newest. A trend is of one pack: the platform's own, whichever it was, or a further one. Where it, or its version, changed between
two runs, that is told: their figures do not compare.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from django.db.models import Count, Q

from zhikun.accounts.models import Officer
from zhikun.analytics import coded, counting
from zhikun.analytics.coding import Codes, unknown
from zhikun.assessments.models import Run, RunQuerySet
from zhikun.assessments.results import is_kept
from zhikun.documents.statistics import GRID
from zhikun.places.models import Area, AreaRange

#: Days of assessment shown, the latest: a year of monthly runs with the month of the year before.
MOST = 13
_LOOKED_AT = 500  # runs looked through for those days
_KEPT = 512  # runs' figures remembered by a process


@dataclass(frozen=True)
class Found:
    """What a run found in some areas. `causes`: households at the line; a cause that the run has no score for is not there.

    `mean` and `median` of the index over those whose index is known, on the grid of millionths; None where it is of nobody.
    """

    households: int
    undetermined: int
    categories: Mapping[str | None, int]
    causes: Mapping[str, int]
    mean: float | None
    median: float | None
    indexless: int


@dataclass(frozen=True)
class Point:
    """One run of the line, with whether its pack is that of the one before (None: there is none before)."""

    run: Run
    found: Found
    same_pack: bool | None


@dataclass(frozen=True)
class Trend:
    """The runs of a place from the earliest day to the latest; `more`: earlier days are left out."""

    points: list[Point]
    more: bool

    @property
    def packs_differ(self) -> bool:
        """Whether some of the figures do not compare."""
        return any(point.same_pack is False for point in self.points)


def runs_over(officer: Officer, ranges: Sequence[AreaRange], pack: str = "") -> tuple[list[Run], bool]:
    """The finished runs that cover all of these areas, by day of assessment, of several on a day the newest; whether more are.

    A run whose results are gone from the data folder is passed over.

    `pack`: of which further pack; without it, by the platform's own.
    """
    rows = _finished(officer, pack).filter(_whole(ranges)).order_by("-on", "-current_at", "-pk")
    newest: dict[object, Run] = {}
    for run in filter(is_kept, rows[:_LOOKED_AT]):
        newest.setdefault(run.on, run)
        if len(newest) > MOST:
            break
    found = list(newest.values())
    return found[:MOST][::-1], len(found) > MOST


def places_of_others(officer: Officer, ranges: Sequence[AreaRange], pack: str = "") -> list[tuple[Area, int]]:
    """Finished runs over a part of these areas only: the place of each, with how many there are."""
    touched = Q(pk__in=[])
    for one in ranges:
        touched |= Q(area__lte=one.last, area_last__gte=one.first)
    rows = _finished(officer, pack).filter(touched).exclude(_whole(ranges)).order_by()
    counted = dict(rows.values_list("area").annotate(n=Count("pk")))
    return [(area, counted[area.pk]) for area in Area.objects.filter(pk__in=counted).order_by("code")]


def trend(runs: Sequence[Run], more: bool, ranges: Sequence[AreaRange], causes: Sequence[str], at: float) -> Trend:
    """What these runs found in the areas, with the causes counted from a line on."""
    points: list[Point] = []
    for run in runs:
        before = points[-1].run if points else None
        same = None if before is None else (before.pack, before.pack_hash) == (run.pack, run.pack_hash)
        points.append(Point(run, _found(run, tuple(ranges), tuple(causes), at), same))
    return Trend(points, more)


def _finished(officer: Officer, pack: str) -> RunQuerySet:
    rows = Run.objects.visible_to(officer).finished()
    return rows.filter(pack=pack) if pack else rows.usual()


def _whole(ranges: Sequence[AreaRange]) -> Q:
    return Q(area__lte=min(one.first for one in ranges), area_last__gte=max(one.last for one in ranges))


@lru_cache(maxsize=_KEPT)
def _found(run: Run, ranges: tuple[AreaRange, ...], causes: tuple[str, ...], at: float) -> Found:
    told, numbers = coded.coded(run), counting.counted(run, ranges, 0)
    there = [name for name in causes if name in numbers.columns]
    parts = [told.index[coded.stretch(told, one)] for one in ranges]
    index = np.concatenate(parts) if parts else told.index[:0]
    known = index[index != unknown(index)]
    return Found(
        numbers.households, numbers.of(counting.OPEN, "true"), numbers.whole.get(counting.CATEGORY, {}),
        {name: _reaching(numbers.whole.get(name, {}), at) for name in there},
        _on_grid(int(known.sum(dtype=np.int64)), len(known)) if len(known) else None, _median(known),
        len(index) - len(known),
    )  # fmt: skip


def _reaching(scores: Mapping[str | None, int], at: float) -> int:
    return sum(n for score, n in scores.items() if score is not None and float(score) >= at)


def _median(micro: Codes) -> float | None:
    """The middle one; of two middle ones their mean."""
    if not len(micro):
        return None
    low, high = (len(micro) - 1) // 2, len(micro) // 2
    middle = np.partition(micro, [low, high])
    return _on_grid(int(middle[low]) + int(middle[high]), 2)


def _on_grid(numerator: int, denominator: int) -> float:
    """A quotient of millionths, rounded half away from zero."""
    half = (2 * abs(numerator) + denominator) // (2 * denominator)
    return (half if numerator >= 0 else -half) / GRID
