"""Two runs side by side: whose category or index differs, who came in and who is gone, and why.

Runs never change, so what differs between two of them is worked out once, for all of both, and kept beside the later one.
Pages cut it to the officer's areas.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.assessments.bridge import ID, ROW
from zhikun.assessments.keeping import folder_of, results_file
from zhikun.assessments.models import Run
from zhikun.assessments.naming import pack_words
from zhikun.assessments.results import facts_of, within_areas
from zhikun.assessments.selectors import PER_PAGE, visible
from zhikun.assessments.veiled import BIRTH
from zhikun.assessments.wanted import quoted
from zhikun.disk import only_one, private_folder, written_whole
from zhikun.engine.packs.model import Pack
from zhikun.identity.masks import mask_birth_date
from zhikun.places.models import FREE_DIGITS, Area, AreaRange, Level
from zhikun.registry.models import Household
from zhikun.registry.words import in_words

#: How a household may differ; each stands under the first that fits.
KINDS = ("category", "index", "came", "gone")
_SHOWN = 6  # differing facts named for a household

_DIFFERENCES = """
    COPY (
        SELECT row_number() OVER (ORDER BY coalesce(b._area, a._area), coalesce(b._position, a._position), b._position IS NULL)
                   AS "order",
               coalesce(b.household, a.household) AS household, coalesce(b._area, a._area) AS _area,
               a._position AS was_position, b._position AS is_position, a._category AS was_category, b._category AS is_category,
               a._index AS was_index, b._index AS is_index,
               CASE WHEN a.household IS NULL THEN 'came' WHEN b.household IS NULL THEN 'gone'
                    WHEN a._category IS DISTINCT FROM b._category THEN 'category' ELSE 'index' END AS kind
        FROM read_parquet({earlier}) AS a FULL JOIN read_parquet({later}) AS b USING (household)
        WHERE a.household IS NULL OR b.household IS NULL OR a._category IS DISTINCT FROM b._category
           OR a._index IS DISTINCT FROM b._index
        ORDER BY 1
    ) TO {out} (FORMAT parquet, ROW_GROUP_SIZE 16384)
"""


@dataclass(frozen=True)
class Moved:
    """From one category to another, and how many. None is undetermined, or nothing where the household was not there."""

    kind: str
    was: str | None
    now: str | None
    households: int


@dataclass(frozen=True)
class Change:
    """One household that differs, and why, in words. `household` is None where the officer may not see it now."""

    order: int
    kind: str
    was_category: str | None
    is_category: str | None
    was_index: float | None
    is_index: float | None
    household: Household | None
    why: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Changes:
    """One page of households that differ."""

    lines: list[Change]
    next: int | None
    count: int


def differences(earlier: Run, later: Run, ranges: Sequence[AreaRange]) -> duckdb.DuckDBPyRelation:
    """What differs between two finished runs in these areas: the columns of the query above."""
    path = folder_of(later.pk) / "compared" / f"{earlier.pk}.parquet"
    if not path.exists():
        private_folder(path.parent)
        with only_one(path):
            if not path.exists():
                _work_out(earlier, later, path)
    return within_areas(path, ranges)


def clear(later: uuid.UUID, finished: Collection[uuid.UUID]) -> int:
    """Removes the comparisons of a run with runs that are gone, or whose results are; all of them where its own are. How many."""
    gone = 0
    for path in (folder_of(later) / "compared").glob("*.parquet"):
        try:
            earlier = uuid.UUID(path.stem)
        except ValueError:
            continue
        if not all(run in finished and results_file(run).exists() for run in (earlier, later)):
            path.unlink(missing_ok=True)
            path.with_name(f".{path.name}.lock").unlink(missing_ok=True)
            gone += 1
    return gone


def _work_out(earlier: Run, later: Run, path: Path) -> None:
    with written_whole(path) as beside, duckdb.connect(config={"threads": 2, "memory_limit": "1GB"}) as con:
        files = {"earlier": results_file(earlier.pk), "later": results_file(later.pk), "out": beside}
        con.execute(_DIFFERENCES.format(**{name: quoted(str(file)) for name, file in files.items()}))


def summary(rows: duckdb.DuckDBPyRelation) -> list[Moved]:
    """How many moved from where to where; of those whose category is the same, how many have another index."""
    told = rows.select(
        "kind, CASE WHEN kind <> 'index' THEN was_category END AS was, CASE WHEN kind <> 'index' THEN is_category END AS now"
    )
    counted = told.aggregate("kind, was, now, count(*) AS n", "kind, was, now").order("n DESC, was, now").fetchall()
    return sorted((Moved(*row) for row in counted), key=lambda one: KINDS.index(one.kind))


def moved(rows: duckdb.DuckDBPyRelation, move: Moved) -> duckdb.DuckDBPyRelation:
    """Those who moved from one category to another."""
    told = {"was_category": move.was, "is_category": move.now}
    same = [f"{name} IS NULL" if code is None else f"{name} = {quoted(code)}" for name, code in told.items()]
    return rows.filter(" AND ".join([f"kind = '{move.kind}'", *same]))


def by_place(rows: duckdb.DuckDBPyRelation, top: Area) -> list[tuple[Area, int]]:
    """The places directly below one, with how many households differ there."""
    if top.level >= Level.VILLAGE:
        return []
    unit = 10 ** FREE_DIGITS[Level(top.level + 1)]
    found = dict(rows.aggregate(f"_area // {unit} * {unit} AS place, count(*)", "place").fetchall())
    return [(area, found[area.pk]) for area in Area.objects.filter(pk__in=found).order_by("code")]


def changes(
    runs: tuple[Run, Run], rows: duckdb.DuckDBPyRelation, pack: Pack, officer: Officer, after: int = 0
) -> Changes:
    """One page of the households that differ, each with the reasons."""
    count = rows.aggregate("count(*)").fetchall()[0][0]
    page = rows.filter(f'"order" > {int(after)}').order('"order"').limit(PER_PAGE + 1).to_arrow_table().to_pylist()
    homes = visible(officer, [uuid.UUID(row[ID]) for row in page[:PER_PAGE]])
    both = [row for row in page[:PER_PAGE] if row["kind"] in {"category", "index"}]
    was = facts_of(runs[0], [row["was_position"] for row in both])
    now = facts_of(runs[1], [row["is_position"] for row in both])
    lines = []
    for row in page[:PER_PAGE]:
        why = []
        if row["kind"] in {"category", "index"}:
            seen = uuid.UUID(row[ID]) in homes
            why = reasons(runs, pack, was[row["was_position"]], now[row["is_position"]], values=seen)
        lines.append(
            Change(
                row["order"], row["kind"], row["was_category"], row["is_category"], row["was_index"], row["is_index"],
                homes.get(uuid.UUID(row[ID])), why,
            )
        )  # fmt: skip
    return Changes(lines, lines[-1].order if len(page) > PER_PAGE else None, count)


_Rows = Mapping[str, list[dict[str, Any]]]


def reasons(runs: tuple[Run, Run], pack: Pack, was: _Rows, now: _Rows, *, values: bool) -> list[str]:
    """Which facts differ, and whether the pack or the day does. `values`: from what to what, for who may see the household."""
    told = _facts(pack, was, now, values=values)
    more = len(told) - _SHOWN
    said = told[:_SHOWN] + ([_("另有 {n} 项").format(n=more)] if more > 0 else [])
    earlier, later = runs
    if earlier.pack_hash != later.pack_hash:
        said.append(_("政策包：{a} → {b}").format(a=pack_words(earlier), b=pack_words(later)))
    if earlier.on != later.on:
        said.append(_("评估日：{a} → {b}").format(a=earlier.on.isoformat(), b=later.on.isoformat()))
    return said


def _facts(pack: Pack, was: _Rows, now: _Rows, *, values: bool) -> list[str]:
    told = []
    for entity in pack.entities:
        before, after = was.get(entity, []), now.get(entity, [])
        title = pack.entities[entity].title
        if len(before) != len(after):
            told.append(_("{what}：{a} → {b}").format(what=title, a=len(before), b=len(after)))
            continue
        for old, new in zip(before, after, strict=True):
            for name in new:
                if name in {ID, ROW} or old.get(name) == new[name]:
                    continue
                fact = pack.facts.get((entity, name))
                what = fact.title if fact else name
                if entity != ID:
                    what = _("{entity}{n}的{what}").format(entity=title, n=new[ROW], what=what)
                if values:
                    before_, after_ = _said(entity, name, old.get(name)), _said(entity, name, new[name])
                    what = _("{what}：{a} → {b}").format(what=what, a=before_, b=after_)
                told.append(what)
    return told


def _said(entity: str, name: str, value: Any) -> str:
    if value is None:
        return _("未知")
    return mask_birth_date(value) if name == BIRTH else in_words(entity, name, value)
