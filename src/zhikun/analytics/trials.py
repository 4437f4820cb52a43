"""What the pages of a trial read: its sums by place, where categories go, and the households behind each number.

Every number and its list come out of the same columns of the same two files, cut to the same areas.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.analytics.models import Trial
from zhikun.analytics.trying import KINDS, OF_CAUSES, changed_file, places_file, totals
from zhikun.assessments.results import results_in, within_areas
from zhikun.assessments.selectors import PER_PAGE, visible
from zhikun.assessments.wanted import OPEN, quoted
from zhikun.places.models import FREE_DIGITS, Area, AreaRange, Level
from zhikun.registry.models import Household
from zhikun.registry.selectors.search import scope

Sums = Mapping[str, Any]


@dataclass(frozen=True)
class Move:
    """From one category to another (None: not yet determined), and how many."""

    was: str | None
    now: str | None
    households: int


@dataclass(frozen=True)
class Line:
    """One household of a list. `household` is None where the officer may not see it (any more): it moved since."""

    position: int
    household: Household | None
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Listed:
    """One page of a list: its lines, where the next page begins (None: nowhere), and how many there are in all."""

    lines: list[Line]
    next: int | None
    count: int


@dataclass(frozen=True)
class Chosen:
    """Which households of a trial are listed: of a kind, of a move between categories, or of a cause gained or lost."""

    kind: str
    was: str = ""
    now: str = ""

    def condition(self) -> str:
        """As DuckDB reads it. The words have been checked."""
        told = [f'"{self.kind}"']
        for column, code in (("was_category", self.was), ("is_category", self.now)):
            if code:
                told.append(f"{column} IS NULL" if code == OPEN else f"{column} = {quoted(code)}")
        return " AND ".join(told)


def reach(officer: Officer, trial: Trial, place: Area | None = None) -> list[AreaRange]:
    """The areas of a trial that the officer may see now, cut to a place."""
    found = []
    for now in scope(officer, place.range if place else None, Right.POLICY_TRY):
        for then in trial.ranges:
            one = AreaRange(max(now.first, then.first), min(now.last, then.last))
            if one.first <= one.last:
                found.append(one)
    return found


def sums(trial: Trial, ranges: Sequence[AreaRange], top: Area) -> tuple[Sums, list[tuple[Area, Sums]]]:
    """The sums of a trial in some areas, and those of each place directly below the one that is shown."""
    rows = within_areas(places_file(trial.key), ranges)
    names = [name for name in rows.columns if name != "_area"]
    unit = 10 ** FREE_DIGITS[Level(min(top.level + 1, Level.VILLAGE))]
    added = ", ".join(f'sum("{name}") AS "{name}"' for name in names)
    found = rows.aggregate(f"_area // {unit} * {unit} AS place, {added}", "place").fetchall()
    by_place = {place: dict(zip(names, values, strict=True)) for place, *values in found}
    whole = dict.fromkeys(names, 0) | totals(by_place)
    if top.level >= Level.VILLAGE:
        return whole, []
    return whole, [(area, by_place[area.pk]) for area in Area.objects.filter(pk__in=by_place).order_by("code")]


def moves(trial: Trial, ranges: Sequence[AreaRange]) -> list[Move]:
    """How many go from which category to which, the most first."""
    rows = within_areas(changed_file(trial.key), ranges)
    if "was_category" not in rows.columns:
        return []
    told = rows.filter("category").aggregate("was_category, is_category, count(*) AS n", "was_category, is_category")
    return [Move(*row) for row in told.order("n DESC, was_category, is_category").fetchall()]


def kinds(trial: Trial) -> set[str]:
    """The kinds of difference that a list may be narrowed down to."""
    return {*KINDS, *(name for name in _columns(trial) if name.startswith(OF_CAUSES))}


def listed(trial: Trial, ranges: Sequence[AreaRange], chosen: Chosen, officer: Officer, after: int = -1) -> Listed:
    """One page of the households behind a number, in the order of lists."""
    rows = within_areas(changed_file(trial.key), ranges).filter(chosen.condition())
    count = rows.aggregate("count(*)").fetchall()[0][0]
    page = rows.filter(f"position > {int(after)}").order("position").limit(PER_PAGE + 1).to_arrow_table().to_pylist()
    further, page = len(page) > PER_PAGE, page[:PER_PAGE]
    who = _who(trial, ranges, [row["position"] for row in page])
    homes = visible(officer, list(who.values()))
    lines = [Line(row["position"], homes.get(who[row["position"]]), row) for row in page]
    return Listed(lines, lines[-1].position if further else None, count)


def _columns(trial: Trial) -> list[str]:
    return list(within_areas(changed_file(trial.key), []).columns)


def _who(trial: Trial, ranges: Sequence[AreaRange], positions: Sequence[int]) -> dict[int, uuid.UUID]:
    """Whose rows these are: it stands in the run's own file alone."""
    if not positions:
        return {}
    wanted = ", ".join(str(int(one)) for one in positions)
    rows: duckdb.DuckDBPyRelation = results_in(trial.run, ranges).filter(
        f"_position BETWEEN {min(positions)} AND {max(positions)} AND _position IN ({wanted})"
    )
    return {position: uuid.UUID(id_) for position, id_ in rows.select("_position, household").fetchall()}
