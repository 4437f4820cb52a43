"""The figures of bench/assess_platform.py, worked out in a process in which the platform is set up.

`transfer`: the run's own statements alone, rows as Arrow. `run`: the whole run; `read`: its first part, from those statements to
the facts as typed columns on disk and what each part came out with, before ranks and the joining of results. `again`: the same
asked for again, which is recognised. `engine`: `assess_files` over the facts of the run, Parquet to Parquet, two threads;
`memory`: the engine over the same facts in memory. Seconds of the clock; `peak_mib` is the most that the process held in the run.
"""

from __future__ import annotations

import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from django.utils import timezone

from zhikun.accounts.models import Officer
from zhikun.assessments import reading
from zhikun.assessments.keeping import PART, Bench, facts_file, folder_of
from zhikun.assessments.models import Run
from zhikun.assessments.results import kept_in, results_in
from zhikun.assessments.selectors import overview
from zhikun.assessments.services import run as running
from zhikun.assessments.services import working
from zhikun.assessments.services.provisional import plan_on
from zhikun.engine.run import assess, assess_files
from zhikun.places.models import Area

COUNTY = 640402000000


class Unwritten(working.Counted):
    """Counts of a run that has no row."""

    def __init__(self) -> None:
        super().__init__(working.Alone(), 0)


def measured(*, read_only: bool) -> dict[str, Any]:
    """Seconds of the transfer, the engine, the run, and of what pages do with it."""
    area, today = Area.objects.get(pk=COUNTY), timezone.localdate()
    plan = plan_on(today)
    found: dict[str, Any] = {"transfer": timed(lambda: transferred(area))}
    run = Run(
        pack=plan.pack.id, pack_version=plan.pack.version, pack_hash=plan.pack.hash, on=today, area=COUNTY,
        area_last=area.range.last, state=Run.State.DONE,
    )  # fmt: skip
    if read_only:
        found["read"] = reading_timed()
        found["run"] = timed(lambda: unwritten(run))
        found["read"] = round(sum(found["read"]), 3)
    else:
        officer = Officer.objects.get(username="bench-maker")
        found["read"] = reading_timed()
        found["run"] = timed(lambda: running.assess(area, today, acting_officer=officer))
        found["read"] = round(sum(found["read"]), 3)
        found["again"] = timed(lambda: running.assess(area, today, acting_officer=officer))
        run = Run.objects.finished().filter(area=COUNTY).latest("current_at")
    found["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    sources = {entity: facts_file(run.pk, entity) for entity in plan.pack.entities}
    with tempfile.TemporaryDirectory() as out:
        found["engine"] = timed(lambda: assess_files(plan, sources, Path(out), threads=2))
    facts = {entity: pq.read_table(path) for entity, path in sources.items()}
    found["memory"] = timed(lambda: assess(plan, facts, threads=2))
    found["overview"] = timed(lambda: overview(run, [area.range]))
    row = results_in(run, [area.range]).select("household, _area").limit(1).fetchall()[0]
    found["one"] = timed(lambda: kept_in(run, row[0], {row[1]}))
    found["times"] = round((found["run"] - found["transfer"]) / found["engine"], 2)
    size = sum(path.stat().st_size for path in folder_of(run.pk).rglob("*.parquet"))
    return {"households": run.households, "undetermined": run.undetermined, **found, "mib_on_disk": size >> 20,
            "load": os.getloadavg()[0]}  # fmt: skip


def reading_timed() -> list[float]:
    """From here on runs note how long their reading took."""
    took: list[float] = []
    read = working._read  # noqa: SLF001 - a part of the run is timed where it stands

    def timed_read(*about: Any) -> str:
        started = time.perf_counter()
        fingerprint = read(*about)
        took.append(time.perf_counter() - started)
        return fingerprint

    working._read = timed_read  # noqa: SLF001 - the same
    return took


def transferred(area: Area) -> None:
    """What the run asks of the database, and nothing else."""
    households = reading.listed(area.range)
    for first in range(0, households.num_rows, PART):
        reading.said_of(households.slice(first, PART))


def unwritten(run: Run) -> None:
    """All of a run but its row in the database."""
    bench = Bench(run.pk)
    bench.begin()
    households = reading.listed(run.range)
    bench.keep_listing(households)
    plan, counted = plan_on(run.on), Unwritten()
    engine = working.PartsRun(plan)
    with bench.joined_facts(plan.pack.entities) as join:
        parts = working.Reading(engine, bench, join, ahead=True)
        run.fingerprint = working._read(parts, run, households, counted)  # noqa: SLF001 - a database of before knows no run like this
    working._assess(parts, households, counted)  # noqa: SLF001 - the same
    working._write(engine, run, bench, households, counted)  # noqa: SLF001 - the same
    bench.finish()


def timed(work: Callable[[], object]) -> float:
    """Seconds of the clock."""
    started = time.perf_counter()
    work()
    return round(time.perf_counter() - started, 3)
