"""A month's run: everything it depends on is named, so that the same month gives the same files, byte for byte."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

from zhikun.engine.packs.model import Pack
from zhikun.engine.packs.monitoring import Monitoring
from zhikun.identity import KeyRing, not_rotated
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
    on: date | None = None, new_decisions: bool = False, new_rules: bool = False, limits: Limits | None = None,
    carry: Carry | None = None,
) -> Ran:  # fmt: skip
    """Screen a month, or find that it was screened on the same files already.

    `on` is the day on which warnings go out, from which deadlines count; without it `day_of`. Run again on other files, what
    went out keeps its days and what is new counts from `on` or today. A month that was run before keeps the decisions it
    took in then, unless `new_decisions`. `carry` has the parts of the month worked on elsewhere (`cluster`). Raises
    ScreeningRefused where there is no list of who is watched, and where the month was run by other rules, unless `new_rules`;
    ScreeningDamaged where what is kept cannot be read.
    """
    monitoring = _watching(pack, inputs, month)
    runs = Runs(data, pack.id, ring)
    inputs.check(ring)
    with runs.writing():
        before, earlier = runs.of(month), runs.before(month)
        if before is not None and not new_rules:
            _refuse_other_rules(before, pack)
        if earlier is not None:
            earlier.check()
        log = Decisions(data, ring)
        log.check(runs.all())
        lines = log.lines()
        count = before.decisions if before is not None and not new_decisions else len(lines)
        rest = _depends_on(pack, month, inputs.record(data), calendar, earlier) | {
            "decisions": {"count": count, "sha256": prefix_hash(lines[:count])}
        }
        days = _days(before, rest, on, on or day_of(month, today), today)
        body = {"id": hash_of(rest | days), **rest, **days}
        if before is not None and before.id == body["id"] and whole(before):
            before.check()
            return Ran(before.folder, before.run, unchanged=True, later=_later(runs, month))
        out = before if days["out"] else None
        decisions = decided(log.history(), pack.id, month, count, earlier)
        day = date.fromisoformat(days["again"] or days["on"])
        task = Task(
            monitoring, month, day, inputs, calendar, earlier, decisions, out, lambda text: runs.of(Month.read(text))
        )
        new = runs.begun(month)
        body = {**body, **write_tables(task, new, ring, limits or Limits(), carry)}
        shutil.rmtree(new / "spill", ignore_errors=True)
        write_run(new, body)
        with not_rotated(ring):
            folder = runs.replace(month, new)
        return Ran(folder, body, unchanged=False, later=_later(runs, month))


def _watching(pack: Pack, inputs: Inputs, month: Month) -> Monitoring:
    """The pack's monitoring. Raises ScreeningRefused where it is not known who is watched."""
    monitoring = monitoring_of(pack)
    if not inputs.population.files:
        raise ScreeningRefused(
            _("{m} 没有可用的“{t}”，不知道监测谁。请先用 zhikun lists receive --source {s} 接收这个月的名册。").format(
                m=month, t=monitoring.population.title, s=monitoring.population.id
            )
        )
    return monitoring


def _refuse_other_rules(before: Earlier, pack: Pack) -> None:
    """A month that has gone out is not written anew by other rules without anybody wanting it."""
    then = before.run["pack"]
    if then["hash"] != pack.hash:
        raise ScreeningRefused(
            _(
                "{m} 是按政策包“{t}”{a} 版（{x}）筛查的，现在是 {b} 版（{y}），规则不同了。再筛查会用新规则改写已经发出的预警，没有继续。"
                "确要改写请加 --new-rules；只想看差别，用 zhikun monitor simulate；要照原样，请换回原来的政策包。"
            ).format(m=before.month, t=pack.title, a=then["version"], x=_short(then["hash"]), b=pack.version, y=_short(pack.hash))
        )  # fmt: skip


def _short(text: str) -> str:
    """Enough of a hash to tell two apart."""
    return text.removeprefix("sha256:")[:8]


def task_of(data: Path, pack: Pack, run: Earlier, *, ring: KeyRing, calendar: Calendar) -> Task:
    """A month that was run as a task again, on the files and decisions it took then and the rules of the pack given."""
    runs = Runs(data, pack.id, ring)
    previous = run.run["previous"]
    earlier = None if previous is None else runs.of(Month.read(previous["month"]))
    log = Decisions(data, ring)
    log.check([run])
    decisions = decided(log.history(), pack.id, run.month, run.decisions, earlier)
    inputs = inputs_in(run.run["files"], data)
    inputs.check(ring)
    known = {name: given for name, given in inputs.indicators.items() if name in monitoring_of(pack).indicators}
    unknown = {
        name: Given(one.list_source, ()) for name, one in monitoring_of(pack).indicators.items() if name not in known
    }
    return Task(
        monitoring_of(pack), run.month, run.again or run.on, Inputs(inputs.population, known | unknown), calendar, earlier,
        decisions, run if run.again else None, lambda text: runs.of(Month.read(text)),
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


def _days(
    before: Earlier | None, rest: dict[str, Any], on: date | None, first: date, today: date
) -> dict[str, Any]:  # fmt: skip
    """`on`: when the month's warnings went out; `again`: from when those new in a repetition count; `out`: what it replaces.

    A late list must not make anybody overdue on the day they are first found: what went out keeps its days, what is new
    counts from the day of the repetition. Where nothing else has changed, another `--on` corrects the day of them all.
    """
    plain = {"on": first.isoformat(), "again": None, "out": None}
    if before is None or not whole(before):
        return plain if before is None or on is not None else plain | {"on": before.run["on"]}
    same = {name: before.run.get(name) for name in plain}
    if hash_of(rest | same) == before.id:
        return same if on in (None, before.on, before.again) else plain
    again = max(on or today, before.on)
    if again == before.on and before.again is None:
        return plain | {"on": before.run["on"]}
    return {"on": before.run["on"], "again": again.isoformat(), "out": before.id}


def _depends_on(
    pack: Pack, month: Month, files: dict[str, Any], calendar: Calendar, earlier: Earlier | None
) -> dict[str, Any]:
    """Everything that a result depends on, but the decisions and the days."""
    return {
        "format": FORMAT,
        "pack": {"id": pack.id, "title": pack.title, "version": pack.version, "hash": pack.hash},
        "month": str(month),
        "calendar": calendar.edition,
        "files": files,
        "previous": None if earlier is None else {"month": str(earlier.month), "id": earlier.id},
    }


def _later(runs: Runs, month: Month) -> tuple[Month, ...]:
    return tuple(later for later in runs.resting_on_old() if later > month)
