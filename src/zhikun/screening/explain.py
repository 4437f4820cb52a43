"""One person's warning opened: every indicator, the value, the files, the weight, the arithmetic, the colour, the history.

The month is screened again for this one person, by the same statements, on the files and decisions it took then; what comes
out must be what was written, and where it is not, the explanation says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from zhikun.engine.packs.model import Pack
from zhikun.engine.packs.monitoring import GROUP, HOUSEHOLD, Indicator
from zhikun.identity import KeyRing, token_text
from zhikun.screening import output, sql
from zhikun.screening.decisions import Decisions, Finding
from zhikun.screening.errors import ScreeningRefused
from zhikun.screening.identified import under_present_keys
from zhikun.screening.model import Limits
from zhikun.screening.persons import only
from zhikun.screening.received import kept, uncompared
from zhikun.screening.running import task_of
from zhikun.screening.runs import Runs
from zhikun.screening.steps import Screened, screen
from zhikun.screening.work import Task, Work, at_work, parquet
from zhikun.wording import _
from zhikun.workdays import Calendar, Month

#: How an indicator stands for a person: it counts; it counts with last month's value; its cause is handled; below the first
#: band; not in the list; a file is missing or a cell blank and nothing is certain; not for the person's groups.
STATES = ("counts", "carried", "quiet", "below", "absent", "unknown", "other_groups")
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """One indicator for the person. Numbers are exact; `value` is None where nothing is certain."""

    indicator: str
    direction: str
    state: str
    value: Decimal | None
    unit: str
    band: str
    points: Decimal
    weight: Decimal
    contribution: Decimal
    at_least: bool
    files: tuple[str, ...]  # in which the person stands
    looked_in: tuple[str, ...]  # on which the indicator rests this month
    missing: tuple[str, ...]  # periods that were due and have no file
    uncompared: int  # rows of a list without numbers that were left out for want of Splink: one may be this person's


@dataclass(frozen=True, slots=True)
class Explanation:
    """A person in a month. `warnings` and `history` are rows of warnings.parquet."""

    person: str
    month: str
    shown: str
    groups: tuple[str, ...]
    household: str
    place: str
    lines: tuple[Line, ...]
    warnings: tuple[dict[str, Any], ...]
    history: tuple[dict[str, Any], ...]
    findings: tuple[Finding, ...]
    pack_changed: bool
    as_written: bool  # what comes out now is what the month's files say


def explain(
    data: Path, pack: Pack, person: bytes, *, ring: KeyRing, calendar: Calendar, month: Month | None = None,
    limits: Limits | None = None,
) -> Explanation:  # fmt: skip
    """Everything about one person in a month (the newest that was run). Raises ScreeningRefused for somebody not watched."""
    runs = Runs(data, pack.id, ring)
    run = runs.latest(month)
    task = task_of(data, pack, run, ring=ring, calendar=calendar)
    person, history = _known_as(runs, task, person, ring)
    with at_work(task, limits or Limits(), part=only(person)) as work:
        screened = screen(work)
        again = [dict(row) for row in output.warnings_of(screened).to_pylist()]
        found = _watched(work)
        if found is None and not history:
            raise ScreeningRefused(
                _(
                    "{m} 的监测名册里没有这个人，也没有过预警。请核对人员代码或身份证号；确是困难群众的，请先列入名册。"
                ).format(m=run.month)
            )
        about: dict[str, Any] = found or {"groups": 0, "household": None, "place": None, "shown": None}
        every = enumerate(work.indicators)
        lines = () if found is None else tuple(_line(screened, n, one, about["groups"]) for n, one in every)
    written = [row for row in history if row["month"] == str(run.month)]
    codes = list(task.monitoring.groups)
    findings = tuple(f for f in Decisions(data, ring).history() if f.person == person and f.pack == pack.id)
    return Explanation(
        token_text(person), str(run.month), about["shown"] or "",
        tuple(code for bit, code in enumerate(codes) if about["groups"] >> bit & 1),
        about["household"] or "", str(about["place"] or ""), lines, tuple(written), tuple(history), findings,
        run.run["pack"]["hash"] != pack.hash, again == written,
    )  # fmt: skip


def shown_names(work: Work, persons: str) -> str:
    """A query for the masked name and number (`shown`) of the persons in a table."""
    population = work.task.inputs.population
    return (
        f"SELECT person, arg_min(shown, row) AS shown FROM {parquet(*(f.path for f in population.files))}"
        f" WHERE person IN (SELECT person FROM {persons}) GROUP BY person"
    )


def as_data(found: Explanation) -> dict[str, Any]:
    """The explanation as plain data: numbers and days as texts, no tokens but the person's own."""
    return {
        "person": found.person,
        "month": found.month,
        "shown": found.shown,
        "groups": list(found.groups),
        "household": found.household,
        "place": found.place,
        "indicators": [_plain({name: getattr(line, name) for name in Line.__slots__}) for line in found.lines],
        "warnings": [_plain({k: v for k, v in row.items() if k != "person"}) for row in found.warnings],
        "history": [
            _plain({k: row[k] for k in ("month", "direction", "level", "score", "change", "cleared_by", "raised", "deadline")})
            for row in found.history
        ],
        "findings": [
            {"month": str(f.month), "direction": f.direction, "causes": list(f.causes), "outcome": f.outcome,
             "helped_with": f.helped_with, "on": f.on.isoformat(), "by": f.by}
            for f in found.findings
        ],
        "pack_changed": found.pack_changed,
        "as_written": found.as_written,
    }  # fmt: skip


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, Decimal | date) else value


def _known_as(runs: Runs, task: Task, person: bytes, ring: KeyRing) -> tuple[bytes, list[dict[str, Any]]]:
    """The person under the present keys, for a code that was printed under earlier ones; and the rows of every month."""
    for token in under_present_keys(ring, person):
        if history := _history(runs, token):
            return token, history
        with at_work(task, Limits(), part=only(token)) as work:
            if _watched(work) is not None:
                return token, []
    return person, []


def _watched(work: Work) -> dict[str, Any] | None:
    """The person in the population, whether or not any list names them: groups (as bits), place, household, `shown`."""
    population, monitoring = work.task.inputs.population, work.task.monitoring
    place = monitoring.population.column_of("place")
    found = _rows(
        work,
        f"SELECT list(DISTINCT CAST({sql.name(GROUP)} AS VARCHAR)) AS groups, arg_min({sql.name(HOUSEHOLD)}, row) AS household,"
        f" arg_min({sql.name(place.name) if place else 'NULL::BIGINT'}, row) AS place, arg_min(shown, row) AS shown"
        f" FROM {kept(monitoring.population, *population.files)} WHERE person IS NOT NULL{work.and_only('AND')} GROUP BY person",
    )
    if not found:
        return None
    mine = tuple(code for code in monitoring.groups if code in found[0]["groups"])
    return found[0] | {"groups": work.mask(mine)}


def _rows(work: Work, query: str) -> list[dict[str, Any]]:
    return [dict(row) for row in work.con.sql(query).to_arrow_table().to_pylist()]


def _history(runs: Runs, person: bytes) -> list[dict[str, Any]]:
    """The person's rows of every month, oldest first."""
    files = [run.file("warnings") for run in runs.all()]
    if not files:
        return []
    with duckdb.connect() as con:
        query = f"SELECT * FROM {parquet(*files)} WHERE person = $1 ORDER BY month, direction"
        return [dict(row) for row in con.sql(query, params=[person]).to_arrow_table().to_pylist()]


def _line(screened: Screened, number: int, one: Indicator, groups: int) -> Line:
    """How one indicator stands."""
    work, found = screened.work, screened.points[number]
    given, there = work.given(one), bool(len(found.ids))
    concerns = not one.groups or bool(groups & work.group_mask(one))
    band = one.bands[int(found.band[0]) - 1] if there and found.band[0] else None
    return Line(
        one.id, one.direction, _standing(screened, number, concerns=concerns, complete=given.complete),
        Decimal(int(found.low[0])) / _MILLION if there and found.known[0] else None, one.unit,
        band.title if band else "", Decimal(str(band.points)) if band else Decimal(0), Decimal(str(one.weight)),
        Decimal(int(found.adds[0])) / _MILLION if there else Decimal(0),
        bool(found.more[0]) if there else concerns and not given.complete,
        tuple(screened.evidence[int(found.evidence[0])]) if there else (),
        tuple(file.label(given.source) for file in given.files), tuple(map(str, given.missing)),
        sum(uncompared(file.path) for file in given.files) if concerns else 0,
    )  # fmt: skip


def _standing(screened: Screened, number: int, *, concerns: bool, complete: bool) -> str:
    found, quiet = screened.points[number], screened.quiet.points[number]
    if not concerns:
        return "other_groups"
    if not len(found.ids):
        return "absent" if complete else "unknown"
    if not found.adds[0]:
        return "unknown" if found.more[0] else "below"
    if quiet is not None and quiet[0]:
        return "quiet"
    return "carried" if found.carried[0] else "counts"
