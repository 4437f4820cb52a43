"""A month's run: everything it depends on is named, so that the same month gives the same files, byte for byte."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

from zhikun.engine.packs.model import Pack
from zhikun.engine.packs.monitoring import Monitoring
from zhikun.identity import KeyRing
from zhikun.screening.decisions import Decisions, decided, prefix_hash
from zhikun.screening.errors import ScreeningRefused
from zhikun.screening.model import FORMAT, Earlier, Given, Inputs, Limits, Ran, hash_of, inputs_in
from zhikun.screening.parts import Carry, write_tables
from zhikun.screening.runs import Runs, whole, write_run
from zhikun.screening.work import Task
from zhikun.wording import _
from zhikun.workdays import Calendar, Month


def run_month(  # noqa: PLR0913 - each is something that a result depends on, and named in run.json
    data: Path, pack: Pack, month: Month, inputs: Inputs, *, ring: KeyRing, calendar: Calendar, today: date,
    on: date | None = None, new_decisions: bool = False, limits: Limits | None = None,
    carry: Carry | None = None,
) -> Ran:  # fmt: skip
    """Screen a month, or find that it was screened on the same files already.

    `on` is the day on which warnings go out, from which deadlines count; without it the day of the month's first run, or
    `day_of`. A month that was run before keeps the decisions it took in then, unless `new_decisions`. `carry` has the parts
    of the month worked on elsewhere (`cluster`). Raises ScreeningRefused where there is no list of who is watched,
    ScreeningDamaged where what is kept cannot be read.
    """
    monitoring = monitoring_of(pack)
    if not inputs.population.files:
        raise ScreeningRefused(
            _("{m} 没有可用的“{t}”，不知道监测谁。请先用 zhikun lists receive --source {s} 接收这个月的名册。").format(
                m=month, t=monitoring.population.title, s=monitoring.population.id
            )
        )
    runs = Runs(data, pack.id)
    with runs.writing():
        before, earlier = runs.of(month), runs.before(month)
        log = Decisions(data, ring)
        lines = log.lines()
        count = before.decisions if before is not None and not new_decisions else len(lines)
        day = on or (before.on if before is not None else day_of(month, today))
        body = _depends_on(pack, month, day, inputs.record(data), calendar, earlier) | {
            "decisions": {"count": count, "sha256": prefix_hash(lines[:count])}
        }
        body = {"id": hash_of(body), **body}
        if before is not None and before.id == body["id"] and whole(before):
            return Ran(before.folder, before.run, unchanged=True, later=_later(runs, month))
        decisions = decided(log.history(), pack.id, month, count, earlier)
        task = Task(
            monitoring, month, day, inputs, calendar, earlier, decisions, lambda text: runs.of(Month.read(text))
        )
        new = runs.begun(month)
        body = {**body, **write_tables(task, new, ring, limits or Limits(), carry)}
        shutil.rmtree(new / "spill", ignore_errors=True)
        write_run(new, body)
        folder = runs.replace(month, new)
        return Ran(folder, body, unchanged=False, later=_later(runs, month))


def task_of(data: Path, pack: Pack, run: Earlier, *, ring: KeyRing, calendar: Calendar) -> Task:
    """A month that was run as a task again, on the files and decisions it took then and the rules of the pack given."""
    runs = Runs(data, pack.id)
    previous = run.run["previous"]
    earlier = None if previous is None else runs.of(Month.read(previous["month"]))
    decisions = decided(Decisions(data, ring).history(), pack.id, run.month, run.decisions, earlier)
    inputs = inputs_in(run.run["files"], data)
    known = {name: given for name, given in inputs.indicators.items() if name in monitoring_of(pack).indicators}
    unknown = {
        name: Given(one.list_source, ()) for name, one in monitoring_of(pack).indicators.items() if name not in known
    }
    return Task(
        monitoring_of(pack), run.month, run.on, Inputs(inputs.population, known | unknown), calendar, earlier, decisions,
        lambda text: runs.of(Month.read(text)),
    )  # fmt: skip


def monitoring_of(pack: Pack) -> Monitoring:
    """The pack's monitoring. Raises ScreeningRefused where it has none, or no levels."""
    if pack.monitoring is None or not pack.monitoring.levels:
        raise ScreeningRefused(
            _(
                "政策包“{n}”没有监测预警（warnings 文件夹），不能筛查。请用 --pack 指定有监测预警的政策包，如 gansu。"
            ).format(n=pack.id)
        )
    return pack.monitoring


def day_of(month: Month, today: date) -> date:
    """The day on which a month's warnings go out when none is given: today, or for a month long past the day after its end."""
    return today if Month.of(today).since(month) <= 1 else month.plus(1).first_day


def _depends_on(
    pack: Pack, month: Month, day: date, files: dict[str, Any], calendar: Calendar, earlier: Earlier | None
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "pack": {"id": pack.id, "title": pack.title, "version": pack.version, "hash": pack.hash},
        "month": str(month),
        "on": day.isoformat(),
        "calendar": calendar.edition,
        "files": files,
        "previous": None if earlier is None else {"month": str(earlier.month), "id": earlier.id},
    }


def _later(runs: Runs, month: Month) -> tuple[Month, ...]:
    return tuple(later for later in runs.resting_on_old() if later > month)
