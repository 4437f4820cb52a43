"""How often warnings were right: for each indicator, the list it reads and the department that delivers it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zhikun.engine.packs.model import Pack
from zhikun.identity import TOKEN, KeyRing
from zhikun.screening.decisions import Decisions, Finding, in_force, right
from zhikun.screening.model import Earlier
from zhikun.screening.running import monitoring_of
from zhikun.screening.runs import Runs
from zhikun.workdays import Month


@dataclass(frozen=True, slots=True)
class Tally:
    """Visits to warnings in which an indicator (or a list) counted. Rates are None where nothing was settled."""

    name: str
    title: str
    department: str
    visited: int
    right: int
    wrong: int
    helped: int
    days: int  # from the warning to the visit, all visits together

    @property
    def rate(self) -> Decimal | None:
        """The share that was right, of those where the visit could tell."""
        settled = self.right + self.wrong
        return None if not settled else round(Decimal(self.right) / settled, 4)

    @property
    def days_each(self) -> Decimal | None:
        return None if not self.visited else round(Decimal(self.days) / self.visited, 1)


@dataclass(frozen=True, slots=True)
class Precision:
    """The tallies of months, by indicator and by list."""

    indicators: tuple[Tally, ...]
    sources: tuple[Tally, ...]


def precision(
    data: Path, pack: Pack, *, ring: KeyRing, months: Sequence[Month] = (), until: date | None = None
) -> Precision:
    """From the finding that stands about each cause of a warning, of visits up to a day where one is given.

    A visit counts once for each indicator of its warning whose cause it is a word about, once for each of their lists.
    """
    monitoring = monitoring_of(pack)
    runs, log = Runs(data, pack.id, ring).all(), Decisions(data, ring)
    log.check(runs)
    standing = in_force(f for f in log.history() if f.pack == pack.id and (until is None or f.on <= until))
    causes: dict[Finding, list[str]] = {}
    for (_pack, _person, _month, _direction, cause), finding in standing.items():
        causes.setdefault(finding, []).append(cause)
    by_indicator: dict[str, list[int]] = {}
    by_source: dict[str, list[int]] = {}
    for run in runs:
        mine = [f for f in causes if f.month == run.month and (not months or f.month in months)]
        for finding, names, days in _answered(run, mine):
            known = [
                n for n in names if n in monitoring.indicators and monitoring.indicators[n].cause in causes[finding]
            ]
            for name in known:
                _add(by_indicator.setdefault(name, [0] * 5), finding, days)
            for source in sorted({monitoring.indicators[name].list_source for name in known}):
                _add(by_source.setdefault(source, [0] * 5), finding, days)
    indicators = tuple(
        Tally(name, one.title, one.department, *by_indicator[name])
        for name, one in monitoring.indicators.items() if name in by_indicator
    )  # fmt: skip
    sources = tuple(
        Tally(name, one.title, one.department, *by_source[name])
        for name, one in monitoring.sources.items() if name in by_source
    )  # fmt: skip
    return Precision(indicators, sources)


def _answered(run: Earlier, findings: Sequence[Finding]) -> list[tuple[Finding, list[str], int]]:
    """Each finding with the indicators of the warning it answers and the days since that was raised."""
    if not findings:
        return []
    table = pq.read_table(run.file("warnings"), columns=["person", "direction", "indicators", "raised", "level"])
    persons = pa.array(sorted({f.person for f in findings}), TOKEN).cast(pa.binary())
    table = table.filter(pc.and_(pc.is_in(table["person"].cast(pa.binary()), persons), pc.is_valid(table["level"])))
    rows = {(row["person"], row["direction"]): row for row in table.to_pylist()}
    return [
        (finding, row["indicators"], max((finding.on - row["raised"]).days, 0))
        for finding in findings
        if (row := rows.get((finding.person, finding.direction)))
    ]


def _add(tally: list[int], finding: Finding, days: int) -> None:
    verdict = right(finding)
    for place, value in enumerate((1, verdict is True, verdict is False, finding.outcome == "helped", days)):
        tally[place] += int(value)
