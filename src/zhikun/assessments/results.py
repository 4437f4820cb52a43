"""What runs found: the only module that others read results through.

    result_of(household)                    the newest kept result of a household, or None
    newest_run(ranges) / newest_covering    the run that pages of a place show
    results_in(run, ranges)                 DuckDB relation of a run's results, cut to the areas of an officer
    facts_of(run, positions)                the facts used for some households, as plain rows
    columns_of(run)                         the names in a run's results

`results_in` has, beside every named value of the pack on the household under its own name, the columns

    household VARCHAR, _position INTEGER (order of lists), _area BIGINT (12 digits, when it was assessed),
    _category VARCHAR and _index DOUBLE (NULL: undetermined), _undetermined BOOLEAN, _flags VARCHAR[], _missing VARCHAR[]
    ("entity.fact" that could yet change category or index), _rank_village / _township / _county INTEGER with
    _among_village ... (only where the run holds all of such places)

A relation is read when it is asked for; `relation.filter(...)`, `.aggregate(...)` and `relation.query(name, sql)` are DuckDB's
own. Ranges are those of the areas at the time: who moved away since is counted where they lived, and shown to nobody who may
not see the household now.
"""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from django.db.models import Q

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.assessments.bridge import ID
from zhikun.assessments.keeping import facts_file, results_file
from zhikun.assessments.models import Run
from zhikun.assessments.ranking import RANKED_IN
from zhikun.engine.packs.model import Results
from zhikun.places.models import AreaRange
from zhikun.registry.models import Household, Residence
from zhikun.registry.vocabulary import pack_in_force

#: Older runs are not asked for a household that the newer ones do not have.
_LOOKED_BACK = 5

_held: dict[int, duckdb.DuckDBPyConnection] = {}
_lock = threading.Lock()


@dataclass(frozen=True)
class Kept:
    """What one household came out with in a run. None is undetermined, never zero.

    `causes`: {name: score}; `values`: the pack's other result columns; `flags`: codes a person has to confirm; `ranks`:
    {"village" | "township" | "county": (rank, of how many)}; `missing`: "entity.fact" that could yet change the result.
    """

    run: Run
    household: uuid.UUID
    position: int
    area: int
    category: str | None
    index: float | None
    causes: Mapping[str, float | None] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    flags: Sequence[str] = ()
    ranks: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    missing: Sequence[str] = ()


def result_of(household: Household) -> Kept | None:
    """The newest result of a household: of the newest finished run that holds it, wherever it lived then.

    None where no run has seen it, and for a file that was merged into another: its people are assessed there.
    """
    if household.state == Household.State.MERGED:
        return None
    homes = {household.area_id, *Residence.objects.filter(household=household).values_list("area_id", flat=True)}
    wanted = Q(pk__in=[])
    for code in homes:
        wanted |= Q(area__lte=code, area_last__gte=code)
    # A run that began before the file was opened cannot have it.
    runs = Run.objects.finished().filter(wanted, listed_at__gte=household.registered_at)
    for run in runs[:_LOOKED_BACK]:
        found = kept_in(run, household.pk, homes)
        if found is not None:
            return found
    return None


def kept_in(run: Run, household: uuid.UUID, homes: set[int] | None = None) -> Kept | None:
    """The household's result in a run. `homes`: where it may have lived, so that only their row groups are read."""
    rows = _relation(run)
    its = f"{ID} = '{uuid.UUID(str(household))}'"
    found = (
        rows.filter(f"{_in([AreaRange(code, code) for code in sorted(homes)])} AND {its}").fetchall() if homes else []
    )
    # Its village may have had another code then.
    found = found or rows.filter(its).fetchall()
    return _kept(run, dict(zip(rows.columns, found[0], strict=True))) if found else None


def newest_run(officer: Officer, right: Right = Right.HOUSEHOLD_VIEW) -> Run | None:
    """The newest finished run of which the officer may see a part."""
    return Run.objects.visible_to(officer, right).finished().first()


def results_in(run: Run, ranges: Sequence[AreaRange]) -> duckdb.DuckDBPyRelation:
    """The results of a finished run in these areas; of no range, none."""
    return _relation(run).filter(_in(ranges))


def within_areas(path: Path, ranges: Sequence[AreaRange]) -> duckdb.DuckDBPyRelation:
    """A file of this room with a column `_area`, cut to these areas."""
    return _connection().sql("SELECT * FROM read_parquet(?)", params=[str(path)]).filter(_in(ranges))


def columns_of(run: Run) -> list[str]:
    """The names in a run's results."""
    return list(_relation(run).columns)


def facts_of(run: Run, positions: Sequence[int]) -> dict[int, dict[str, list[dict[str, Any]]]]:
    """The facts that a run used for some households: position -> entity -> rows, as plain values."""
    found: dict[int, dict[str, list[dict[str, Any]]]] = {position: {} for position in positions}
    if not positions:
        return found
    wanted = ", ".join(str(int(position)) for position in positions)
    for path in sorted(facts_file(run.pk, ID).parent.glob("*.parquet")):
        rows = _connection().sql("SELECT * FROM read_parquet(?)", params=[str(path)])
        rows = rows.filter(f"position BETWEEN {min(positions)} AND {max(positions)} AND position IN ({wanted})").order(
            "position" if path.stem == ID else "position, row"
        )
        for values in rows.to_arrow_table().to_pylist():
            found[values.pop("position")].setdefault(path.stem, []).append(values)
    return found


def _kept(run: Run, row: Mapping[str, Any]) -> Kept:
    shown = _names(run)
    named = {shown.category, shown.index, *shown.causes}
    return Kept(
        run, uuid.UUID(row[ID]), row["_position"], row["_area"], row["_category"], row["_index"],
        causes={name: row[name] for name in shown.causes if name in row},
        values={name: row[name] for name in (*shown.columns, *shown.policies) if name in row and name not in named},
        flags=tuple(row["_flags"] or ()),
        ranks={
            name: (row[f"_rank_{name}"], row[f"_among_{name}"])
            for name in RANKED_IN
            if row.get(f"_rank_{name}") is not None
        },
        missing=tuple(row.get("_missing") or ()),
    )  # fmt: skip


def _names(_run: Run) -> Results:
    """What the pack shows. Names that a run of an older version has and the pack of today has not are left out."""
    return pack_in_force().results


def _relation(run: Run) -> duckdb.DuckDBPyRelation:
    return _connection().sql("SELECT * FROM read_parquet(?)", params=[str(results_file(run.pk))])


def _in(ranges: Sequence[AreaRange]) -> str:
    told = [f"_area BETWEEN {int(one.first)} AND {int(one.last)}" for one in ranges]
    return "(" + " OR ".join(told) + ")" if told else "false"


def _connection() -> duckdb.DuckDBPyConnection:
    """A cursor of this process's own engine: it keeps what it knows of files that never change."""
    with _lock:
        mine = os.getpid()
        if mine not in _held:
            _held.clear()
            _held[mine] = duckdb.connect(
                config={"threads": 2, "memory_limit": "1GB", "autoinstall_known_extensions": "false"}
            )
            _held[mine].execute("SET parquet_metadata_cache = true")
        return _held[mine].cursor()
