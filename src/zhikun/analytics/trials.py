"""What the pages of a trial read: its sums by place, where categories go, and the households behind each number.

Every number and its list come out of the same columns of the same two files, cut to the same areas.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.analytics.models import Trial
from zhikun.analytics.trying import KINDS, OF_CAUSES, changed_file, places_file, totals
from zhikun.assessments.results import answer, households_at, pack_of, results_in, types_of, within_areas
from zhikun.assessments.selectors import PER_PAGE, cut, visible
from zhikun.assessments.wanted import OPEN, quoted
from zhikun.documents.values import shown_of
from zhikun.places.models import FREE_DIGITS, Area, AreaRange, Level
from zhikun.registry.models import Household
from zhikun.registry.selectors.search import scope

Sums = Mapping[str, Any]
#: All households of a trial, and those of them that differ in anything.
EVERY, CHANGED = "all", "changed"
#: What a household has before and after, as lists and files have it.
_PAIRS = ("category", "index", "amount")


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
    """Which households of a trial are listed: all, of a kind, of a move between categories, or of a cause before or after."""

    kind: str
    was: str = ""
    now: str = ""

    def condition(self) -> str:
        """As DuckDB reads it. The words have been checked."""
        if self.kind == EVERY:
            return "true"
        if self.kind == CHANGED:
            return "(" + " OR ".join(f'"{name}"' for name in KINDS if name != "open") + ")"
        told = [f'"{self.kind}"']
        for column, code in (("was_category", self.was), ("is_category", self.now)):
            if code:
                told.append(f"{column} IS NULL" if code == OPEN else f"{column} = {quoted(code)}")
        return " AND ".join(told)


def reach(officer: Officer, trial: Trial, place: Area | None = None) -> list[AreaRange]:
    """The areas of a trial that the officer may see now, cut to a place."""
    return cut(scope(officer, place.range if place else None, Right.POLICY_TRY), trial.ranges)


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
    return {EVERY, CHANGED, *KINDS, *(name for name in _columns(trial) if name.startswith(OF_CAUSES))}


def is_known(trial: Trial, chosen: Chosen) -> bool:
    """Whether there is such a list: its kind, and for a move the categories of the pack or of the trial itself."""
    if chosen.kind not in kinds(trial):
        return False
    codes = {code for code in (chosen.was, chosen.now) if code}
    if not codes:
        return True
    shown = pack_of(trial.run)
    known = {OPEN, *shown_of(shown, shown.results.category).labels} if shown.results.category else {OPEN}
    return chosen.kind == "category" and (codes <= known or codes <= known | _moved(trial))


def _moved(trial: Trial) -> set[str]:
    if "was_category" not in _columns(trial):
        return set()
    rows = within_areas(changed_file(trial.key), trial.ranges).filter("category")
    return {code for pair in rows.select("was_category, is_category").distinct().fetchall() for code in pair if code}


def count_of(trial: Trial, ranges: Sequence[AreaRange], chosen: Chosen) -> int:
    """How many households a list has."""
    rows = results_in(trial.run, ranges) if chosen.kind == EVERY else within_areas(changed_file(trial.key), ranges)
    found: int = rows.filter(chosen.condition()).aggregate("count(*)").fetchall()[0][0]
    return found


def listed(trial: Trial, ranges: Sequence[AreaRange], chosen: Chosen, officer: Officer, after: int = -1) -> Listed:
    """One page of the households behind a number, in the order of lists."""
    return page_of(lambda size: part_of(trial, ranges, chosen, after, size), officer, count_of(trial, ranges, chosen))


def page_of(
    following: Callable[[int], Sequence[tuple[uuid.UUID, Mapping[str, Any]]]], officer: Officer, count: int
) -> Listed:
    """A page of a list of `count` households. `following`: so many from where it begins; one more than fits tells of a next page."""
    part = following(PER_PAGE + 1)
    page = part[:PER_PAGE]
    homes = visible(officer, [who for who, _values in page])
    lines = [Line(values["position"], homes.get(who), values) for who, values in page]
    return Listed(lines, lines[-1].position if len(part) > PER_PAGE else None, count)


def part_of(
    trial: Trial, ranges: Sequence[AreaRange], chosen: Chosen, after: int, size: int
) -> list[tuple[uuid.UUID, Mapping[str, Any]]]:
    """So many households of a list after a position, each with what it has before and after."""
    if chosen.kind == EVERY:
        return _of_all(trial, ranges, after, size)
    rows = within_areas(changed_file(trial.key), ranges).filter(chosen.condition()).filter(f"position > {int(after)}")
    pairs = [name for name in rows.columns if name.removeprefix("was_").removeprefix("is_") in _PAIRS and "_" in name]
    page = rows.order("position").limit(size).select(", ".join(["position", *pairs])).to_arrow_table().to_pylist()
    who = households_at(trial.run, ranges, [row["position"] for row in page])
    return [(who[row["position"]], row) for row in page]


def _of_all(
    trial: Trial, ranges: Sequence[AreaRange], after: int, size: int
) -> list[tuple[uuid.UUID, Mapping[str, Any]]]:
    """A part of all households: whoever is not among those that differ has afterwards what the run found."""
    columns, kept = set(_columns(trial)), types_of(trial.run)
    told = []
    for name, own in (("category", "_category"), ("index", "_index"), ("amount", pack_of(trial.run).results.amount)):
        for side in ("was", "is"):
            if f"{side}_{name}" in columns:
                same = f'p."{own}"' if own in kept else "NULL"
                told.append(f"CASE WHEN c.position IS NULL THEN {same} ELSE c.{side}_{name} END AS {side}_{name}")
    selected = ", ".join(["p.household", "p._position AS position", *told])
    rows = answer(
        trial.run, ranges,
        f", p AS (SELECT * FROM found WHERE _position > {int(after)} ORDER BY _position LIMIT {int(size)})"  # noqa: S608 - names of ours
        f" SELECT {selected} FROM p LEFT JOIN read_parquet({quoted(str(changed_file(trial.key)))}) c"
        " ON c.position = p._position ORDER BY p._position",
    )  # fmt: skip
    names = [about[0] for about in rows.description or ()]
    found = (dict(zip(names, row, strict=True)) for row in rows.fetchall())
    return [(uuid.UUID(row.pop("household")), row) for row in found]


def _columns(trial: Trial) -> list[str]:
    return list(within_areas(changed_file(trial.key), []).columns)
