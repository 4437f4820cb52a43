"""One screening at work: the month, what it is given, and the tables it builds in a DuckDB of its own.

Tables, in the order in which they come: those of `numbered` (persons by number, and what there is about them), `facts` (what
each indicator found), `points` (facts with what a missing file carries over), `marks` and `quiet` (causes that a person has
handled), `scored`, `warned`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from zhikun.engine.packs.monitoring import Indicator, Monitoring
from zhikun.screening import sql
from zhikun.screening.errors import ScreeningRefused
from zhikun.screening.model import Earlier, Given, Inputs, Limits
from zhikun.screening.persons import Part
from zhikun.screening.received import reading
from zhikun.wording import _
from zhikun.workdays import Calendar, Month

#: Groups, indicators and files of a window are told by the bits of one whole number.
MOST_BITS = 62


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be screened: everything a result depends on."""

    monitoring: Monitoring
    month: Month
    on: date
    inputs: Inputs
    calendar: Calendar
    earlier: Earlier | None = None
    decided: pa.Table | None = None  # what persons decided since the earlier month: `decisions.DECIDED`
    out: Earlier | None = None  # the month itself, as it went out before: its warnings keep their days
    handled_in: Callable[[str], Earlier | None] = field(default=lambda _month: None)  # the run of a month


class _Database:
    """A database that is opened when something is asked of it: most parts of a month never do."""

    def __init__(self, config: dict[str, str | bool | int | float | list[str]]) -> None:
        self._config = config
        self._con: duckdb.DuckDBPyConnection | None = None

    def open(self) -> duckdb.DuckDBPyConnection:
        if self._con is None:
            self._con = duckdb.connect(config=self._config)
            self._con.execute("SET TimeZone = 'UTC'")
        return self._con

    def close(self) -> None:
        if self._con is not None:
            self._con.close()


@dataclass(frozen=True, slots=True)
class Work:
    """A task with its database. `part` restricts it to a range of tokens, for an explanation to a single one."""

    task: Task
    database: _Database
    indicators: tuple[Indicator, ...]
    part: Part = (b"", b"")

    @property
    def con(self) -> duckdb.DuckDBPyConnection:
        """The database."""
        return self.database.open()

    def run(self, query: str) -> None:
        self.con.execute(query)

    def given(self, indicator: Indicator) -> Given:
        return self.task.inputs.indicators[indicator.id]

    def and_only(self, joined_by: str) -> str:
        """The condition that restricts rows to the part."""
        first, end = self.part
        found = [f"person >= unhex({sql.text(first.hex())})"] if first else []
        found += [f"person < unhex({sql.text(end.hex())})"] if end else []
        return f" {joined_by} {' AND '.join(found)}" if found else ""

    def group_mask(self, indicator: Indicator) -> int:
        """The bits of the groups that an indicator is for; 0 for everybody."""
        return self.mask(indicator.groups)

    def mask(self, groups: tuple[str, ...]) -> int:
        codes = list(self.task.monitoring.groups)
        return sum(1 << codes.index(code) for code in groups)


def parts_of(task: Task, limits: Limits) -> list[Part]:
    """Ranges of tokens that are screened one after the other, so that memory does not grow with the people watched.

    Tokens are evenly spread. Every row of a person falls into one part; the result does not depend on their number.
    """
    lists = (file for given in task.inputs.indicators.values() for file in given.files)
    paths = {file.path for file in lists}
    if task.earlier is not None:
        paths |= {task.earlier.file("state"), task.earlier.file("warnings")}
    with reading(task.inputs):
        rows = sum(pq.read_metadata(path).num_rows for path in paths)
        firsts = sorted(first for file in task.inputs.population.files for first in _firsts(file.path))
    count = min(max(1, -(-rows // limits.rows)), 1 << 16)
    ends = [(number * (1 << 32) // count).to_bytes(4, "big") for number in range(1, count)]
    if len(firsts) > count:  # whole row groups of who is watched, so that none is read twice
        ends = sorted({firsts[min(bisect_left(firsts, end), len(firsts) - 1)] for end in ends})
    return list(pairwise([b"", *ends, b""]))


def _firsts(path: Path) -> list[bytes]:
    """The first person of each row group but the first, by what the file says of itself.

    None where the groups are not in order of person: rotated keys leave the rows where they were.
    """
    about = pq.read_metadata(path)
    place = [about.schema.column(number).path for number in range(len(about.schema))].index("person")
    said = [about.row_group(number).column(place).statistics for number in range(about.num_row_groups)]
    if not all(one is not None and one.has_min_max for one in said):
        return []
    return [one.min for one in said[1:]] if all(a.max <= b.min for a, b in pairwise(said)) else []


@contextmanager
def at_work(task: Task, limits: Limits, spill: Path | None = None, part: Part = (b"", b"")) -> Iterator[Work]:
    """A database for one screening; what does not fit into memory goes to the folder `spill`."""
    indicators = tuple(task.monitoring.indicators.values())
    _refuse_too_many(task, indicators)
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": limits.threads,
        "memory_limit": limits.memory,
        "temp_directory": str(spill or ""),
    }
    with reading(task.inputs), closing(_Database(config)) as database:
        yield Work(task, database, indicators, part)


def parquet(*paths: Path) -> str:
    """Files as a table."""
    return f"read_parquet([{', '.join(sql.text(path) for path in paths)}])"


def _refuse_too_many(task: Task, indicators: tuple[Indicator, ...]) -> None:
    files = max((len(given.files) for given in task.inputs.indicators.values()), default=0)
    for what, count in (
        (_("人员类别"), len(task.monitoring.groups)),
        (_("指标"), len(indicators)),
        (_("一项指标的文件"), files),
    ):
        if count > MOST_BITS:
            raise ScreeningRefused(
                _("{what}有 {count} 个，筛查最多容纳 {most} 个。请合并政策包里的类别或指标，或缩短时间窗。").format(
                    what=what, count=count, most=MOST_BITS
                )
            )
