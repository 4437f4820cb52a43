"""What the pages of runs read: figures by category, flag, open question and place, and the list behind each of them.

Every figure and every list comes out of the same filter (`Wanted.condition`) over the same relation, so that a number is the
length of its list.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.assessments.models import Run
from zhikun.assessments.results import answer, causes_of, results_in
from zhikun.assessments.wanted import ANY, OPEN, UNSURE, Term, Wanted
from zhikun.documents.values import shown_of
from zhikun.engine.packs.model import Pack
from zhikun.places.models import FREE_DIGITS, Area, AreaRange, Level
from zhikun.registry.models import Household
from zhikun.registry.selectors.search import scope

PER_PAGE = 50
#: All figures of an overview in one statement: what is counted, its code (if it has codes), how many households.
_OVERVIEW = """
    , seen AS MATERIALIZED (SELECT _category, _undetermined, _flags, _missing FROM found)
    SELECT what, code, n FROM (
        SELECT 'all' AS what, NULL AS code, count(*) AS n FROM seen
        UNION ALL SELECT 'open', NULL, count(*) FILTER (WHERE _undetermined) FROM seen
        UNION ALL SELECT 'flagged', NULL, count(*) FILTER (WHERE len(_flags) > 0) FROM seen
        UNION ALL SELECT 'category', _category, count(*) FROM seen GROUP BY _category
        UNION ALL SELECT 'flag', code, count(*) FROM (SELECT unnest(_flags) AS code FROM seen) GROUP BY code
        UNION ALL SELECT 'missing', code, count(*) FROM (SELECT unnest(_missing) AS code FROM seen) GROUP BY code
    ) ORDER BY what, n DESC, code
"""


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


def reach(
    officer: Officer, run: Run, place: Area | None = None, right: Right = Right.HOUSEHOLD_VIEW
) -> list[AreaRange]:
    """The areas of a run in which the officer holds the right, cut to a place."""
    return cut(scope(officer, place.range if place else None, right), [run.range])


def cut(ranges: Sequence[AreaRange], others: Sequence[AreaRange]) -> list[AreaRange]:
    """What lies in both."""
    told = [AreaRange(max(a.first, b.first), min(a.last, b.last)) for a in ranges for b in others]
    return [one for one in told if one.first <= one.last]


def overview(run: Run, ranges: Sequence[AreaRange]) -> Overview:
    """The figures of a run in some areas."""
    return _overview(run.pk, tuple(ranges))


@lru_cache(maxsize=256)
def _overview(run: uuid.UUID, ranges: tuple[AreaRange, ...]) -> Overview:
    """Counted once: a finished run never changes, and its pages and lists are opened again and again."""
    found: dict[str, list[Count]] = {}
    for what, code, n in answer(Run(pk=run), ranges, _OVERVIEW).fetchall():
        found.setdefault(what, []).append(Count(code, n))
    every, open_, flagged = (found[what][0].households for what in ("all", "open", "flagged"))
    categories, flags, missing = (found.get(what, []) for what in ("category", "flag", "missing"))
    return Overview(every, open_, flagged, categories, flags, missing)


def by_place(run: Run, ranges: Sequence[AreaRange], top: Area) -> list[PlaceCount]:
    """The places directly below one, with their figures."""
    if top.level >= Level.VILLAGE:
        return []
    unit = 10 ** FREE_DIGITS[Level(top.level + 1)]
    found = _by_place(run.pk, tuple(ranges), unit)
    return [PlaceCount(area, *found[area.pk]) for area in Area.objects.filter(pk__in=found).order_by("code")]


@lru_cache(maxsize=256)
def _by_place(run: uuid.UUID, ranges: tuple[AreaRange, ...], unit: int) -> dict[int, tuple[int, int]]:
    rows = results_in(Run(pk=run), ranges).aggregate(
        f"_area // {unit} * {unit} AS place, count(*), count(*) FILTER (WHERE _undetermined)", "place"
    )
    return {place: (n, open_) for place, n, open_ in rows.fetchall()}


def listed(run: Run, ranges: Sequence[AreaRange], wanted: Wanted, officer: Officer, after: int = -1) -> Listed:
    """One page of the households of a run, in the order of lists."""
    count = count_of(run, ranges, wanted)
    page = answer(
        run, ranges,
        "SELECT household, _position, _category, _index, _flags, _undetermined FROM found "  # noqa: S608 - a condition of `Wanted`
        f"WHERE ({wanted.condition(causes_of(run))}) AND _position > {int(after)} ORDER BY _position LIMIT {PER_PAGE + 1}",
    ).fetchall()  # fmt: skip
    homes = visible(officer, [uuid.UUID(row[0]) for row in page[:PER_PAGE]])
    lines = [
        Line(position, category, index, flags or (), open_, homes.get(uuid.UUID(id_)))
        for id_, position, category, index, flags, open_ in page[:PER_PAGE]
    ]
    return Listed(lines, lines[-1].position if len(page) > PER_PAGE else None, count)


def count_of(run: Run, ranges: Sequence[AreaRange], wanted: Wanted) -> int:
    """How many households a list has."""
    return _count(run.pk, tuple(ranges), wanted.condition(causes_of(run)))


@lru_cache(maxsize=2048)
def _count(run: uuid.UUID, ranges: tuple[AreaRange, ...], condition: str) -> int:
    counted = f"SELECT count(*) FROM found WHERE {condition}"  # noqa: S608 - a condition of `Wanted`
    found: int = answer(Run(pk=run), ranges, counted).fetchall()[0][0]
    return found


def unknown(run: Run, ranges: Sequence[AreaRange], pack: Pack, wanted: Wanted) -> str | None:
    """The first condition with a code that neither the pack nor any household here knows; None: there is none.

    A code that only the run has is known: the pack had it then.
    """
    shown = pack.results
    flags = {code for name in shown.flags for code in shown_of(pack, name).labels}
    facts = {f"{entity}.{name}" for entity, name in pack.facts}
    categories = set(shown_of(pack, shown.category).labels) if shown.category else set()
    told: list[tuple[str, bool, Wanted]] = [
        (wanted.category, wanted.category in {"", OPEN, *categories}, Wanted(category=wanted.category)),
        (wanted.flag, wanted.flag in {"", ANY, *flags}, Wanted(flag=wanted.flag)),
        (wanted.missing, wanted.missing in {"", *facts}, Wanted(missing=wanted.missing)),
    ]
    for one in wanted.terms:
        if isinstance(one, Term) and isinstance(one.value, str):
            labels = shown_of(pack, one.name.removesuffix(UNSURE)).labels
            told.append((one.text, not labels or one.value in labels, Wanted(terms=(one,))))
    return next((text for text, known, alone in told if not known and not count_of(run, ranges, alone)), None)


def visible(officer: Officer, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Household]:
    """Those of the households that the officer may see now, with head and place."""
    rows = Household.objects.visible_to(officer, Right.HOUSEHOLD_VIEW).filter(pk__in=ids)
    return {one.pk: one for one in rows.select_related("area__parent", "head")}
