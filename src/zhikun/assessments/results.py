"""What runs found: the only module that others read results through.

    result_of(household)                    the newest kept result of a household, or None
    newest_run(ranges) / newest_covering    the run that pages of a place show
    results_in(run, ranges)                 DuckDB relation of a run's results, cut to the areas of an officer
    households_at(run, ranges, positions)   whose rows they are
    facts_of(run, positions)                the facts used for some households, as plain rows
    answer(run, ranges, sql)                one statement about the same rows, under the name `found`
    is_kept(run)                            whether the results of a finished run are there; who asks for them else gets an error
    columns_of(run), types_of(run)          the names in a run's results, and their types in DuckDB
    causes_of(run)                          those of them that the pack calls causes
    has_category(run, code)                 whether the run's pack had a category: nobody in it is then none, else not asked

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

import json
import os
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from django.db.models import Q

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.assessments.bridge import ID
from zhikun.assessments.keeping import CATEGORIES, facts_file, results_file
from zhikun.assessments.models import Run
from zhikun.assessments.ranking import RANKED_IN
from zhikun.assessments.wanted import quoted
from zhikun.engine.packs.model import Pack, Results
from zhikun.pages.asked import Asked
from zhikun.places.models import AreaRange
from zhikun.registry.models import Household, Residence
from zhikun.registry.vocabulary import pack_in_force, packs_in_force

#: Older runs are not asked for a household that the newer ones over its home do not have; and how many are asked at all, with
#: those over places that it has left, which no longer have it.
_LOOKED_BACK, _ASKED = 5, 15
#: Households of one place that are held together at most.
_HELD = 4096

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


_residences = Asked(lambda pk: Residence.objects.filter(household=pk))


def result_of(household: Household) -> Kept | None:
    """The newest result of a household by the platform's own pack: of the newest finished run that holds it, wherever it lived.

    None where no run has seen it, and for a file that was merged into another: its people are assessed there.
    """
    if household.state == Household.State.MERGED:
        return None
    homes = homes_of(household)
    wanted = Q(pk__in=[])
    for code in homes:
        wanted |= Q(area__lte=code, area_last__gte=code)
    # A run that began before the file was opened cannot have it.
    runs = Run.objects.finished().usual().filter(wanted, listed_at__gte=household.registered_at)
    here = 0
    for run in runs[:_ASKED]:
        found = kept_in(run, household.pk, homes) if is_kept(run) else None
        here += run.area <= household.area_id <= run.area_last
        if found is not None or here == _LOOKED_BACK:
            return found
    return None


def is_kept(run: Run) -> bool:
    """Whether what a finished run found is still in the data folder: a database may come back from a backup without it."""
    return results_file(run.pk).exists()


def homes_of(household: Household) -> set[int]:
    """Where a household lives and has lived."""
    return {household.area_id, *(one.area_id for one in _residences(household.pk))}


def kept_in(run: Run, household: uuid.UUID, homes: set[int] | None = None) -> Kept | None:
    """The household's result in a run. `homes`: where it may have lived, so that only their row groups are read."""
    row = _row(run, uuid.UUID(str(household)), tuple(sorted(homes or ())))
    return _kept(run, row) if row is not None else None


@lru_cache(maxsize=2000)
def _row(run: Run, household: uuid.UUID, homes: tuple[int, ...]) -> Mapping[str, Any] | None:
    """A row of a finished run's file, which never changes: officers open the same files again and again."""
    for home in homes:
        village = _village(run, home)
        if village is not None and str(household) in village.places:
            return village.row(str(household))
    # A large place is not held, and the household's own may have had another code then.
    its = f"{ID} = '{household}'"
    areas = f"{_in([AreaRange(code, code) for code in homes])} AND "
    found = _read(run, areas + its).to_pylist() if homes else []
    found = found or _read(run, its).to_pylist()
    return found[0] if found else None


@dataclass(frozen=True)
class _Village:
    """What a run found in one place: neighbours are opened one after another, and are read together at the price of one."""

    found: pa.Table
    places: Mapping[str, int]

    def row(self, household: str) -> Mapping[str, Any]:
        row: Mapping[str, Any] = self.found.slice(self.places[household], 1).to_pylist()[0]
        return row


@lru_cache(maxsize=64)
def _village(run: Run, area: int) -> _Village | None:
    """A place of a finished run, as far as one household's result is shown; None where it has too many to be held."""
    found = _read(run, _in([AreaRange(area, area)]), limit=_HELD + 1)
    if found.num_rows > _HELD:
        return None
    return _Village(found, {household: at for at, household in enumerate(found[ID].to_pylist())})


def _read(run: Run, where: str, limit: int = 1) -> pa.Table:
    """Rows of a finished run: the columns of which `Kept` is made, in one statement."""
    path = quoted(str(results_file(run.pk)))
    names = ", ".join(f'"{name}"' for name in _types(run.pk) if name in _shown(run))
    return _connection().sql(f"SELECT {names} FROM read_parquet({path}) WHERE {where} LIMIT {limit}").to_arrow_table()  # noqa: S608 - a path of ours, numbers, ids


def _shown(run: Run) -> frozenset[str]:
    """The columns of a run's results that a household's own result is made of."""
    shown = _names(run)
    ranks = [f"_{kind}_{name}" for kind in ("rank", "among") for name in RANKED_IN]
    return frozenset(
        [ID, "_position", "_area", "_category", "_index", "_flags", "_missing", *ranks, *shown.causes, *shown.columns, *shown.policies]
    )  # fmt: skip


def newest_run(officer: Officer, right: Right = Right.HOUSEHOLD_VIEW) -> Run | None:
    """The newest finished run by the platform's own pack of which the officer may see a part."""
    return Run.objects.visible_to(officer, right).finished().usual().first()


def results_in(run: Run, ranges: Sequence[AreaRange]) -> duckdb.DuckDBPyRelation:
    """The results of a finished run in these areas; of no range, none."""
    return _relation(run).filter(_in(ranges))


def within_areas(path: Path, ranges: Sequence[AreaRange]) -> duckdb.DuckDBPyRelation:
    """A file of this room with a column `_area`, cut to these areas."""
    return _connection().sql("SELECT * FROM read_parquet(?)", params=[str(path)]).filter(_in(ranges))


def answer(run: Run, ranges: Sequence[AreaRange], sql: str) -> duckdb.DuckDBPyConnection:
    """DuckDB's answer to one statement about the table `found`: the results of a finished run in these areas."""
    found = f"found AS (SELECT * FROM read_parquet({quoted(str(results_file(run.pk)))}) WHERE {_in(ranges)})"  # noqa: S608 - a path of ours, numbers
    # A relation would read the statement twice, and opening a file of sixty columns is half of a small question.
    return _connection().execute(f"WITH {found} {sql}")


def columns_of(run: Run) -> list[str]:
    """The names in a run's results."""
    return list(types_of(run))


def types_of(run: Run) -> Mapping[str, str]:
    """The columns of a finished run with their types, as DuckDB calls them."""
    return _types(run.pk)


def causes_of(run: Run) -> list[str]:
    """The columns that the pack calls causes; a cause that the run's own pack did not have is left out."""
    types = types_of(run)
    return [name for name in pack_of(run).results.causes if types.get(name) == "DOUBLE"]


def has_category(run: Run, code: str) -> bool:
    """Whether the run's own pack had a category; where an older run did not keep which it had, whether anybody came out with it."""
    own = packs_in_force().get(run.pack)
    if own is not None and own.hash == run.pack_hash and own.results.category:
        return code in own.rules[ID, own.results.category].choices
    return code in _categories(run.pk)


@lru_cache(maxsize=64)
def _categories(run: uuid.UUID) -> frozenset[str]:
    told = (pq.read_schema(results_file(run)).metadata or {}).get(CATEGORIES)
    if told is not None:
        return frozenset(json.loads(told))
    rows = _relation(Run(pk=run)).select("_category").distinct().fetchall()
    return frozenset(code for (code,) in rows if code is not None)


@lru_cache(maxsize=64)
def _types(run: uuid.UUID) -> Mapping[str, str]:
    """Of a finished run's file, which never changes."""
    rows = _connection().sql("SELECT * FROM read_parquet(?)", params=[str(results_file(run))])
    return dict(zip(rows.columns, map(str, rows.types), strict=True))


def households_at(run: Run, ranges: Sequence[AreaRange], positions: Sequence[int]) -> dict[int, uuid.UUID]:
    """Whose rows some positions of a run are: it stands in the run's own file alone, what others keep of a run has positions."""
    if not positions:
        return {}
    wanted = ", ".join(str(int(one)) for one in positions)
    rows = results_in(run, ranges).filter(
        f"_position BETWEEN {min(positions)} AND {max(positions)} AND _position IN ({wanted})"
    )
    return {position: uuid.UUID(id_) for position, id_ in rows.select("_position, household").fetchall()}


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


def pack_of(run: Run) -> Pack:
    """The run's pack as it is in force today; where it no longer is, the platform's own, for what can still be named."""
    return packs_in_force().get(run.pack, pack_in_force())


def _names(run: Run) -> Results:
    """What the pack shows. Names that a run of an older version has and the pack of today has not are left out."""
    return pack_of(run).results


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
