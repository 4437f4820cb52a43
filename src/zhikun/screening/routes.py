"""Lists for other departments: of the people agreed on, with the columns agreed on and no others.

Tokens never leave: `person` is a masked name and number. The month's warnings that stand are passed on, not those cleared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from zhikun.disk import written_whole
from zhikun.engine.packs.model import Pack
from zhikun.engine.packs.monitoring import Monitoring, Route
from zhikun.identity import KeyRing
from zhikun.screening import sql
from zhikun.screening.explain import shown_names
from zhikun.screening.model import Limits
from zhikun.screening.running import monitoring_of, task_of
from zhikun.screening.runs import Runs
from zhikun.screening.words import (
    cause_words,
    change_words,
    direction_words,
    group_words,
    indicator_words,
    level_words,
    number_words,
    reason_words,
    way_words,
)
from zhikun.screening.work import Work, at_work, parquet
from zhikun.tables import write_csv
from zhikun.wording import _
from zhikun.workdays import Calendar, Month


@dataclass(frozen=True, slots=True)
class Written:
    """One route's file and how many people stand in it."""

    route: Route
    file: Path
    rows: int


def column_titles() -> dict[str, str]:
    """The headings of the columns that a route may pass on."""
    return {
        "month": _("月份"), "person": _("姓名和证件号码（已遮盖）"), "household": _("户编号"), "place": _("区划代码"),
        "groups": _("人员类别"), "direction": _("方向"), "level": _("级别"), "score": _("分数"), "change": _("变化"),
        "way": _("处置方式"), "causes": _("原因"), "indicators": _("指标"), "reasons": _("说明"), "raised": _("预警日期"),
        "deadline": _("核实期限"),
    }  # fmt: skip


def write_routes(
    data: Path, pack: Pack, out: Path, *, ring: KeyRing, calendar: Calendar, month: Month | None = None,
    limits: Limits | None = None,
) -> list[Written]:  # fmt: skip
    """One CSV for each route of the pack, in a folder that is there. Returns what was written."""
    monitoring = monitoring_of(pack)
    run = Runs(data, pack.id, ring).latest(month)
    task = task_of(data, pack, run, ring=ring, calendar=calendar)
    written = []
    with at_work(task, limits or Limits()) as work:
        for route in monitoring.routes.values():
            rows = _rows(work, route, run.file("warnings"))
            file = out / f"{route.id}-{run.month}.csv"
            words = _words(monitoring)
            titles = column_titles()
            with written_whole(file) as beside:
                count = write_csv(
                    beside,
                    [titles[name] for name in route.columns],
                    ([words[name](row) for name in route.columns] for row in rows),
                )
            written.append(Written(route, file, count))
    return written


def _rows(work: Work, route: Route, warnings: Path) -> list[dict[str, Any]]:
    """The warnings that a route passes on, by place."""
    chosen = ["level IS NOT NULL"]
    for column, codes in (("groups", route.groups), ("causes", route.causes)):
        if codes:
            chosen.append(f"list_has_any({column}, [{', '.join(map(sql.text, codes))}])")
    work.run(f"CREATE OR REPLACE TEMP TABLE passed AS SELECT * FROM {parquet(warnings)} WHERE {' AND '.join(chosen)}")
    shown = shown_names(work, "passed") if "person" in route.columns else "SELECT NULL::BLOB AS person, NULL AS shown"
    query = (
        f"SELECT w.* EXCLUDE (person), s.shown AS person FROM passed w LEFT JOIN ({shown}) s USING (person)"
        " ORDER BY w.place, w.person, w.direction"
    )
    return [dict(row) for row in work.con.sql(query).to_arrow_table().to_pylist()]


def _words(monitoring: Monitoring) -> Mapping[str, Callable[[dict[str, Any]], str]]:
    """How each column is written for people."""
    levels, changes, ways, directions = level_words(monitoring), change_words(), way_words(), direction_words()
    return {
        "month": lambda row: row["month"],
        "person": lambda row: row["person"] or "",
        "household": lambda row: row["household"] or "",
        "place": lambda row: str(row["place"] or ""),
        "groups": lambda row: group_words(monitoring, row["groups"]),
        "direction": lambda row: directions[row["direction"]],
        "level": lambda row: levels.get(row["level"], row["level"]),
        "score": lambda row: number_words(row["score"]),
        "change": lambda row: changes[row["change"]],
        "way": lambda row: ways[row["way"]],
        "causes": lambda row: cause_words(monitoring, row["causes"]),
        "indicators": lambda row: indicator_words(monitoring, row["indicators"]),
        "reasons": lambda row: reason_words(monitoring, row["reasons"]),
        "raised": lambda row: _day(row["raised"]),
        "deadline": lambda row: _day(row["deadline"]) + (_("（暂定）") if row["provisional"] else ""),
    }


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""
