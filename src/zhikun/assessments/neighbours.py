"""Households of like situation nearby: the same main cause, as many people, in the same village or township, in one run.

Fewer than `FEWEST` are never told: a small group gives people away. Of village and township only the smaller that is large
enough is told, for two figures could be subtracted from each other; and only where the officer may see all of the place.
"""

from __future__ import annotations

from dataclasses import dataclass

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.assessments.keeping import facts_file
from zhikun.assessments.models import Run
from zhikun.assessments.results import Kept, facts_of, results_in
from zhikun.places.models import FREE_DIGITS, Area, AreaRange, Level

FEWEST = 5


@dataclass(frozen=True)
class Alike:
    """A group that a household belongs to. `place` None: no group is large enough. `rank` 1: the highest index of the group."""

    run: Run
    cause: str
    members: int
    place: Area | None = None
    households: int = 0
    median: float = 0
    rank: int = 0
    index: float = 0


def alike(kept: Kept, officer: Officer) -> Alike | None:
    """The group of a kept result; None where the result is open, or it names no main cause."""
    main = main_cause(kept)
    members = len(facts_of(kept.run, [kept.position])[kept.position].get("member", ()))
    if kept.index is None or not main or not members:
        return None
    causes = list(kept.causes)
    for level in (Level.VILLAGE, Level.TOWNSHIP):
        unit = 10 ** FREE_DIGITS[level]
        place = AreaRange(kept.area // unit * unit, kept.area // unit * unit + unit - 1)
        seen = any(one.first <= place.first and place.last <= one.last for one in officer.reach(Right.HOUSEHOLD_VIEW))
        if not seen or not (kept.run.area <= place.first and place.last <= kept.run.area_last):
            continue
        found = _group(kept, causes, main, members, place)
        if found is not None and found[0] >= FEWEST:
            area = Area.objects.filter(pk=place.first).first()
            return Alike(kept.run, main, members, area, *found, kept.index) if area else None
    return Alike(kept.run, main, members)


def main_cause(kept: Kept) -> str:
    """The cause with the highest score, the first of several; empty where one is unknown or all are zero."""
    scores = {name: value for name, value in kept.causes.items() if value is not None}
    if len(scores) < len(kept.causes) or not scores:
        return ""
    name = max(scores, key=lambda one: scores[one])
    return name if scores[name] > 0 else ""


def _group(kept: Kept, causes: list[str], main: str, members: int, place: AreaRange) -> tuple[int, float, int] | None:
    """How many, their median index, and the rank of this one."""
    at = causes.index(main)
    told = [f'"{main}" > 0', "_index IS NOT NULL", *(f'"{main}" > "{one}"' for one in causes[:at])]
    told += [f'"{main}" >= "{one}"' for one in causes[at + 1 :]]
    rows = results_in(kept.run, [place])
    span = rows.aggregate("min(_position), max(_position)").fetchall()[0]
    if span[0] is None:
        return None
    path = str(facts_file(kept.run.pk, "member")).replace("'", "''")
    sized = (
        f"_position IN (SELECT position FROM read_parquet('{path}') WHERE position BETWEEN {span[0]} AND {span[1]} "  # noqa: S608 - numbers and a path of ours
        f"GROUP BY position HAVING count(*) = {members})"
    )
    found = rows.filter(" AND ".join(told)).filter(sized)
    count, median, harder = found.aggregate(
        f"count(*), median(_index), count(*) FILTER (WHERE _index > {kept.index!r})"
    ).fetchall()[0]
    return (count, median, harder + 1) if count else None
