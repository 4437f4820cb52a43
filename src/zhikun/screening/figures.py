"""A month in figures, for its report: counted from the tables of the run, the lists it rests on and the feedback. Counts only.

Everything is as known on one day: feedback about later visits is left out, and a deadline of that day has not passed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from zhikun.engine.packs.model import Pack
from zhikun.engine.packs.monitoring import DIRECTIONS, Monitoring
from zhikun.identity import TOKEN, KeyRing
from zhikun.identity.generated import GENERATED_AREA
from zhikun.screening import sql
from zhikun.screening.decisions import Decisions, Finding, last_visits
from zhikun.screening.errors import ScreeningRefused
from zhikun.screening.model import Earlier, Inputs, Limits, inputs_in
from zhikun.screening.precision import Precision, precision
from zhikun.screening.received import kept, reading, uncompared
from zhikun.screening.reminders import ASKED, unvisited
from zhikun.screening.running import monitoring_of
from zhikun.screening.runs import Runs
from zhikun.screening.work import parquet
from zhikun.wording import _
from zhikun.workdays import Month

#: The way from being watched to being helped; each stage is a part of the one before it.
STAGES = ("watched", "found", "scored", "warned", "visited", "helped")
_VISITED = pa.schema([("person", TOKEN), ("direction", pa.string()), ("outcome", pa.string())])
_OVERDUE = pa.schema([("person", TOKEN), ("direction", pa.string()), ("days", pa.int32())])
_TOWNSHIP = 1000  # a place has 12 digits, its township 9


@dataclass(frozen=True, slots=True)
class Stage:
    """How many people came so far: all of them, and in each direction (one person may be in both)."""

    name: str
    persons: int
    directions: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Shade:
    """The warnings of one direction and colour."""

    direction: str
    level: str
    persons: int
    last_month: int
    changes: Mapping[str, int]
    visited: int
    helped: int
    overdue: int
    longest: int  # days since the deadline of the oldest overdue one


@dataclass(frozen=True, slots=True)
class Area:
    """A county (6 digits) or township (9); '' where no place is known."""

    code: str
    watched: int
    warned: Mapping[tuple[str, str], int]  # by direction and level
    visited: int
    helped: int
    overdue: int

    def of(self, direction: str) -> int:
        return sum(n for (mine, _level), n in self.warned.items() if mine == direction)


@dataclass(frozen=True, slots=True)
class Signal:
    """What one indicator contributed: people with points from it, those of them with a value of an earlier month, warnings."""

    indicator: str
    scored: int
    carried: int
    warned: int


@dataclass(frozen=True, slots=True)
class Basis:
    """A list and its files on which the month rests: (period, receipt, hash, rows); and the periods that were due and missing."""

    source: str
    files: tuple[tuple[str, int, str, int], ...]
    missing: tuple[str, ...]
    indicators: tuple[str, ...]
    uncompared: int = 0  # rows of a list without numbers that were left out for want of Splink


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything the report says, as numbers. The month before is None where there is none or its lists are gone."""

    month: Month
    day: date
    run: Mapping[str, Any]
    previous: Month | None
    stages: tuple[Stage, ...]
    stages_before: tuple[Stage, ...]
    shades: tuple[Shade, ...]
    cleared: Mapping[tuple[str, str], int]  # by direction and reason
    counties: tuple[Area, ...]
    townships: tuple[Area, ...]
    households: Mapping[str, int]  # warned, by direction
    outcomes: Mapping[tuple[str, str], int]  # by direction and outcome
    ways: Mapping[tuple[str, str], int]
    causes: Mapping[tuple[str, str], int]
    groups: Mapping[tuple[str, str], int]
    signals: tuple[Signal, ...]
    bases: tuple[Basis, ...]
    precision: Precision
    rests_on_old: bool  # the month before was run again since
    other_files: bool  # a list came late or was corrected since
    generated: bool

    def stage(self, name: str) -> Stage:
        return next(stage for stage in self.stages if stage.name == name)

    @property
    def overdue(self) -> int:
        return sum(shade.overdue for shade in self.shades)

    @property
    def directions(self) -> list[str]:
        """The directions that the pack has indicators of."""
        mine = {shade.direction for shade in self.shades}
        return [direction for direction in DIRECTIONS if direction in mine]

    @staticmethod
    def total(counts: Mapping[tuple[str, str], int], direction: str) -> int:
        """All of one direction."""
        return sum(n for (one, _code), n in counts.items() if one == direction)


def figures_of(
    data: Path, pack: Pack, on: date, *, ring: KeyRing, month: Month | None = None, limits: Limits | None = None,
    inputs_now: Callable[[Month], Inputs] | None = None,
) -> Figures:  # fmt: skip
    """The figures of a month that was run, as known on a day. Raises ScreeningRefused where it was not, or a list is gone.

    `inputs_now` gives the files in force now; without it nobody is told that a list came late or was corrected since.
    """
    monitoring, runs = monitoring_of(pack), Runs(data, pack.id, ring)
    run = runs.latest(month)
    if on < run.on:
        raise ScreeningRefused(
            _("{m} 的预警从 {on} 发出，不能统计到 {d}。请写 {on} 或以后的日子。").format(m=run.month, on=run.on, d=on)
        )
    inputs = inputs_in(run.run["files"], data)
    _must_exist(inputs, run.month)
    inputs.check(ring)
    before = None if run.run["previous"] is None else runs.of(Month.read(run.run["previous"]["month"]))
    log = Decisions(data, ring)
    log.check(runs.all())
    history = [finding for finding in log.history() if finding.on <= on]
    months = [one.month for one in runs.all() if one.month <= run.month]
    allowed = limits or Limits()
    with tempfile.TemporaryDirectory(prefix="zhikun-") as spill:
        config: dict[str, str | bool | int | float | list[str]] = {
            "threads": allowed.threads, "memory_limit": allowed.memory, "temp_directory": spill,
        }  # fmt: skip
        with reading(inputs), duckdb.connect(config=config) as con:
            stages_before = () if before is None else _before(con, before, data, monitoring, pack, history)
            count = _Count(con, run, inputs, monitoring)
            count.take(_visits(history, pack.id, run.month), _late(run, pack.id, history, on))
            last = {} if before is None else count.colours(before)
            return Figures(
                run.month, on, run.run, None if before is None else before.month, count.stages(), stages_before,
                count.shades(last), count.pairs("cleared_by", "level IS NULL"), count.areas(_TOWNSHIP * 1000),
                count.areas(_TOWNSHIP), count.households(), count.outcomes(), count.pairs("way"),
                count.pairs("unnest(causes)"), count.pairs("unnest(groups)"), count.signals(), _bases(inputs),
                precision(data, pack, ring=ring, months=months, until=on),
                before is not None and before.id != run.run["previous"]["id"],
                inputs_now is not None and inputs_now(run.month).record(data) != run.run["files"], count.generated(),
            )  # fmt: skip


def _before(
    con: duckdb.DuckDBPyConnection, run: Earlier, data: Path, monitoring: Monitoring, pack: Pack,
    history: Sequence[Finding],
) -> tuple[Stage, ...]:  # fmt: skip
    """The stages of the month before; none where its lists are not kept any more."""
    inputs = inputs_in(run.run["files"], data)
    if not all(file.path.exists() for given in _all(inputs) for file in given.files):
        return ()
    inputs.check(run.ring)
    count = _Count(con, run, inputs, monitoring)
    count.take(_visits(history, pack.id, run.month), [])
    return count.stages()


class _Count:
    """Questions to the tables of one month."""

    def __init__(self, con: duckdb.DuckDBPyConnection, run: Earlier, inputs: Inputs, monitoring: Monitoring) -> None:
        self.con, self.run, self.inputs, self.monitoring = con, run, inputs, monitoring
        self.population = kept(monitoring.population, *inputs.population.files)

    def take(self, visits: Sequence[dict[str, Any]], overdue: Sequence[dict[str, Any]]) -> None:
        """The month's tables: `warned` with what became of each warning, and `people` by township."""
        self.con.register("visits_given", pa.Table.from_pylist(list(visits), _VISITED))
        self.con.register("overdue_given", pa.Table.from_pylist(list(overdue), _OVERDUE))
        self.con.execute(f"""
            CREATE OR REPLACE TEMP TABLE warned AS
            SELECT w.*, v.outcome, o.days AS overdue FROM {parquet(self.run.file("warnings"))} w
            LEFT JOIN visits_given v ON v.person = w.person AND v.direction = w.direction AND w.level IS NOT NULL
            LEFT JOIN overdue_given o ON o.person = w.person AND o.direction = w.direction""")
        place = self.monitoring.population.column_of("place")
        column = sql.name(place.name) if place else "NULL::BIGINT"
        self.con.execute(f"""
            CREATE OR REPLACE TEMP TABLE watched AS
            SELECT place // {_TOWNSHIP} AS township, count(*) AS persons
            FROM (SELECT arg_min({column}, row) AS place FROM {self.population} WHERE person IS NOT NULL GROUP BY person)
            GROUP BY ALL""")

    def stages(self) -> tuple[Stage, ...]:
        scored = self._by_indicator(self.run.file("state"))
        lists = [
            f"SELECT person, {self._bit(name)} AS d FROM {parquet(*(file.path for file in given.files))}"
            for name, given in self.inputs.indicators.items() if given.files
        ]  # fmt: skip
        standing = (
            f"SELECT * FROM ({' UNION ALL '.join([*lists, scored])}) SEMI JOIN {self.population} p USING (person)"
        )
        bit = f"CASE direction WHEN {sql.text(DIRECTIONS[1])} THEN 2 ELSE 1 END"
        warned = f"SELECT person, {bit} AS d FROM warned WHERE level IS NOT NULL"
        watched = self._one("SELECT coalesce(sum(persons), 0)::BIGINT FROM watched")
        return (
            Stage("watched", watched, dict.fromkeys(DIRECTIONS, watched)),
            self._stage("found", standing),
            self._stage("scored", scored),
            self._stage("warned", warned),
            self._stage("visited", f"{warned} AND outcome IS NOT NULL"),
            self._stage("helped", f"{warned} AND outcome = 'helped'"),
        )

    def _stage(self, name: str, rows: str) -> Stage:
        (found,) = self.con.execute(
            "SELECT count(*), count(*) FILTER (d & 1 <> 0), count(*) FILTER (d & 2 <> 0)"
            f" FROM (SELECT bit_or(d) AS d FROM ({rows}) WHERE person IS NOT NULL GROUP BY person)"
        ).fetchall()
        return Stage(name, found[0], dict(zip(DIRECTIONS, found[1:], strict=True)))

    def _bit(self, indicator: str) -> int:
        one = self.monitoring.indicators.get(indicator)
        return 2 if one is not None and one.direction == DIRECTIONS[1] else 1

    def _by_indicator(self, state: Path) -> str:
        cases = " ".join(f"WHEN {sql.text(name)} THEN {self._bit(name)}" for name in self.inputs.indicators)
        return f"SELECT person, CASE indicator {cases} ELSE 1 END AS d FROM {parquet(state)}"

    def colours(self, run: Earlier) -> dict[tuple[str, str], int]:
        """Warnings by direction and level."""
        return {
            (direction, level): n
            for direction, level, n in self.con.execute(
                f"SELECT direction, level, count(*) FROM {parquet(run.file('warnings'))} WHERE level IS NOT NULL GROUP BY ALL"
            ).fetchall()
        }

    def shades(self, last: Mapping[tuple[str, str], int]) -> tuple[Shade, ...]:
        found = {
            (direction, level): rest
            for direction, level, *rest in self.con.execute("""
                SELECT direction, level, count(*), count(outcome), count(*) FILTER (outcome = 'helped'), count(overdue),
                       coalesce(max(overdue), 0)
                FROM warned WHERE level IS NOT NULL GROUP BY ALL""").fetchall()
        }
        changes: dict[tuple[str, str], dict[str, int]] = {}
        for direction, level, change, n in self.con.execute(
            "SELECT direction, level, change, count(*) FROM warned WHERE level IS NOT NULL GROUP BY ALL"
        ).fetchall():
            changes.setdefault((direction, level), {})[change] = n
        shades = []
        for direction in [
            one for one in DIRECTIONS if one in {i.direction for i in self.monitoring.indicators.values()}
        ]:
            for level in reversed(self.monitoring.levels):
                key = (direction, level.id)
                persons, visited, helped, overdue, longest = found.get(key, (0, 0, 0, 0, 0))
                shades.append(
                    Shade(*key, persons, last.get(key, 0), changes.get(key, {}), visited, helped, overdue, longest)
                )
        return tuple(shades)

    def areas(self, unit: int) -> tuple[Area, ...]:
        """By place: the warnings' own places, the watched by the place of their list."""
        inside = unit // _TOWNSHIP
        watched = dict(
            self.con.execute(f"SELECT township // {inside}, sum(persons)::BIGINT FROM watched GROUP BY ALL").fetchall()
        )
        warned: dict[int | None, dict[tuple[str, str], int]] = {}
        became: dict[int | None, list[int]] = {}
        for area, direction, level, n, *rest in self.con.execute(f"""
            SELECT place // {unit}, direction, level, count(*), count(outcome), count(*) FILTER (outcome = 'helped'),
                   count(overdue) FROM warned WHERE level IS NOT NULL GROUP BY ALL""").fetchall():
            warned.setdefault(area, {})[direction, level] = n
            became[area] = [a + b for a, b in zip(became.get(area, [0, 0, 0]), rest, strict=True)]
        return tuple(
            Area("" if area is None else str(area), watched.get(area, 0), warned.get(area, {}), *became.get(area, [0, 0, 0]))
            for area in sorted({*watched, *warned}, key=lambda one: (one is None, one or 0))
        )  # fmt: skip

    def households(self) -> dict[str, int]:
        return dict(
            self.con.execute(
                f"SELECT direction, count(*) FROM {parquet(self.run.file('households'))} WHERE level IS NOT NULL GROUP BY ALL"
            ).fetchall()
        )

    def outcomes(self) -> dict[tuple[str, str], int]:
        return self.pairs("outcome", "level IS NOT NULL AND outcome IS NOT NULL")

    def pairs(self, column: str, where: str = "level IS NOT NULL") -> dict[tuple[str, str], int]:
        """Warnings by direction and a column."""
        rows = self.con.execute(
            f"SELECT direction, code, count(*) FROM (SELECT direction, {column} AS code FROM warned WHERE {where}) GROUP BY ALL"
        ).fetchall()
        return {(direction, code): n for direction, code, n in rows}

    def signals(self) -> tuple[Signal, ...]:
        scored: dict[str, tuple[int, int]] = {
            name: (people, carried)
            for name, people, carried in self.con.execute(
                f"SELECT indicator, count(*), count(*) FILTER (carried) FROM {parquet(self.run.file('state'))} GROUP BY ALL"
            ).fetchall()
        }
        warned: dict[str, int] = dict(
            self.con.execute(
                "SELECT one, count(*) FROM (SELECT unnest(indicators) AS one FROM warned WHERE level IS NOT NULL) GROUP BY ALL"
            ).fetchall()
        )
        return tuple(
            Signal(name, *scored.get(name, (0, 0)), warned.get(name, 0)) for name in self.monitoring.indicators
        )

    def generated(self) -> bool:
        """Whether the people watched were generated: their masked numbers begin with an area that does not exist."""
        return bool(
            self._one(
                f"SELECT count(*) FROM (FROM {self.population} SELECT shown LIMIT 1000) WHERE shown LIKE '% {GENERATED_AREA}%'"
            )
        )

    def _one(self, query: str) -> int:
        ((found,),) = self.con.execute(query).fetchall()
        return int(found)


def _visits(history: Sequence[Finding], pack: str, month: Month) -> list[dict[str, Any]]:
    """The last finding about each warning of the month."""
    return [
        {"person": one.person, "direction": one.direction, "outcome": one.outcome}
        for one in last_visits(history).values() if one.pack == pack and one.month == month
    ]  # fmt: skip


def _late(run: Earlier, pack: str, history: Sequence[Finding], on: date) -> list[dict[str, Any]]:
    """The overdue warnings, with the days since their deadline."""
    return [
        {"person": row["person"], "direction": row["direction"], "days": (on - row["deadline"]).days}
        for row in unvisited(pq.read_table(run.file("warnings"), columns=ASKED), pack, history, on)
    ]


def _bases(inputs: Inputs) -> tuple[Basis, ...]:
    """Each list once, the population first: several indicators may read the same list over different windows."""
    found = [_basis(inputs.population.source, [("", inputs.population)])]
    by_source: dict[str, list[tuple[str, Any]]] = {}
    for name, given in inputs.indicators.items():
        by_source.setdefault(given.source, []).append((name, given))
    return (*found, *(_basis(source, mine) for source, mine in sorted(by_source.items())))


def _basis(source: str, mine: Sequence[tuple[str, Any]]) -> Basis:
    files = {(str(f.period), f.number, f.sha256): f.path for _name, given in mine for f in given.files}
    missing = sorted({str(month) for _name, given in mine for month in given.missing})
    rows = tuple((*key, pq.read_metadata(path).num_rows) for key, path in sorted(files.items()))
    left_out = sum(map(uncompared, files.values()))
    return Basis(source, rows, tuple(missing), tuple(name for name, _given in mine if name), left_out)


def _all(inputs: Inputs) -> list[Any]:
    return [inputs.population, *inputs.indicators.values()]


def _must_exist(inputs: Inputs, month: Month) -> None:
    for given in _all(inputs):
        for file in given.files:
            if not file.path.exists():
                raise ScreeningRefused(
                    _("{m} 依据的名单 {f} 不在数据文件夹里了，不能写报告。请从备份恢复 {p}，或重新筛查这个月。").format(
                        m=month, f=file.label(given.source), p=file.path.parent
                    )
                )
