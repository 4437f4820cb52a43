"""What the pages of runs read: figures by category, flag, open question and place, and the list behind each of them.

Every figure and every list comes out of the same filter (`Wanted.condition`) over the same relation, so that a number is the
length of its list.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.assessments.models import Run
from zhikun.assessments.results import results_in
from zhikun.places.models import FREE_DIGITS, Area, AreaRange, Level
from zhikun.registry.models import Household
from zhikun.registry.selectors.search import scope

PER_PAGE = 50
#: The category of those who have none yet, and any flag at all, in addresses.
OPEN, ANY = "-", "*"


@dataclass(frozen=True)
class Wanted:
    """What a list of results is narrowed down to. Codes have been checked against the pack before they come here."""

    category: str = ""
    flag: str = ""
    missing: str = ""
    undetermined: bool = False

    @property
    def condition(self) -> str:
        """The filter in DuckDB's words."""
        told = ["true"]
        if self.category:
            told.append("_category IS NULL" if self.category == OPEN else f"_category = {quoted(self.category)}")
        if self.flag == ANY:
            told.append("len(_flags) > 0")
        elif self.flag:
            told.append(f"list_contains(_flags, {quoted(self.flag)})")
        if self.missing:
            told.append(f"list_contains(_missing, {quoted(self.missing)})")
        if self.undetermined:
            told.append("_undetermined")
        return " AND ".join(told)


@dataclass(frozen=True)
class Count:
    """How many households there are of something: a category, a flag, an open question. None: not yet determined."""

    code: str | None
    households: int


@dataclass(frozen=True)
class PlaceCount:
    """A place below the one that is shown, with how many households were assessed there and how many are open."""

    area: Area
    households: int
    undetermined: int


@dataclass(frozen=True)
class Overview:
    """What a run found in some areas."""

    households: int
    undetermined: int
    flagged: int
    categories: list[Count]
    flags: list[Count]
    missing: list[Count]


@dataclass(frozen=True)
class Line:
    """One household of a list. `household` is None where the officer may not see it (any more): it moved since."""

    position: int
    category: str | None
    index: float | None
    flags: Sequence[str]
    undetermined: bool
    household: Household | None


@dataclass(frozen=True)
class Listed:
    """One page of a list: its lines, where the next page begins (None: nowhere), and how many there are in all."""

    lines: list[Line]
    next: int | None
    count: int


def reach(officer: Officer, run: Run, place: Area | None = None) -> list[AreaRange]:
    """The areas of a run that the officer may see, cut to a place."""
    of_run = [
        AreaRange(max(one.first, run.area), min(one.last, run.area_last))
        for one in scope(officer, place.range if place else None)
    ]
    return [one for one in of_run if one.first <= one.last]


def overview(run: Run, ranges: Sequence[AreaRange]) -> Overview:
    """The figures of a run in some areas."""
    rows = results_in(run, ranges)
    counts = "count(*), count(*) FILTER (WHERE _undetermined), count(*) FILTER (WHERE len(_flags) > 0)"
    counted = rows.aggregate(counts).fetchall()[0]
    by_category = rows.aggregate("_category, count(*) AS n", "_category").order("n DESC, _category").fetchall()
    return Overview(
        counted[0], counted[1], counted[2], [Count(code, n) for code, n in by_category], _listed(rows, "_flags"),
        _listed(rows, "_missing"),
    )  # fmt: skip


def by_place(run: Run, ranges: Sequence[AreaRange], top: Area) -> list[PlaceCount]:
    """The places directly below one, with their figures."""
    if top.level >= Level.VILLAGE:
        return []
    unit = 10 ** FREE_DIGITS[Level(top.level + 1)]
    rows = results_in(run, ranges).aggregate(
        f"_area // {unit} * {unit} AS place, count(*), count(*) FILTER (WHERE _undetermined)", "place"
    )
    found = {place: (n, open_) for place, n, open_ in rows.fetchall()}
    return [PlaceCount(area, *found[area.pk]) for area in Area.objects.filter(pk__in=found).order_by("code")]


def listed(run: Run, ranges: Sequence[AreaRange], wanted: Wanted, officer: Officer, after: int = -1) -> Listed:
    """One page of the households of a run, in the order of lists."""
    rows = results_in(run, ranges).filter(wanted.condition)
    count = rows.aggregate("count(*)").fetchall()[0][0]
    told = rows.filter(f"_position > {int(after)}").order("_position").limit(PER_PAGE + 1)
    page = told.select("household, _position, _category, _index, _flags, _undetermined").fetchall()
    homes = visible(officer, [uuid.UUID(row[0]) for row in page[:PER_PAGE]])
    lines = [
        Line(position, category, index, flags or (), open_, homes.get(uuid.UUID(id_)))
        for id_, position, category, index, flags, open_ in page[:PER_PAGE]
    ]
    return Listed(lines, lines[-1].position if len(page) > PER_PAGE else None, count)


def visible(officer: Officer, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Household]:
    """Those of the households that the officer may see now, with head and place."""
    rows = Household.objects.visible_to(officer, Right.HOUSEHOLD_VIEW).filter(pk__in=ids)
    return {one.pk: one for one in rows.select_related("area__parent", "head")}


def _listed(rows: duckdb.DuckDBPyRelation, column: str) -> list[Count]:
    told: Any = rows.select(f"unnest({column}) AS code").aggregate("code, count(*) AS n", "code").order("n DESC, code")
    return [Count(code, n) for code, n in told.fetchall()]


def quoted(text: str) -> str:
    """A text as DuckDB reads it."""
    return "'" + text.replace("'", "''") + "'"
