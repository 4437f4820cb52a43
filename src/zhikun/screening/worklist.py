"""The list with which visitors go from door to door: whom to visit, why, by when; filled in, it is the feedback file.

It shows masked names and numbers. The code of a person stands in it so that what was found comes back to the right one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from zhikun.disk import written_whole
from zhikun.documents.book import WHOLE, WRAP, Book, Head
from zhikun.engine.packs.model import Pack
from zhikun.engine.packs.monitoring import LEVELS, Monitoring
from zhikun.identity import KeyRing, token_text
from zhikun.screening import sql
from zhikun.screening.decisions import Decisions
from zhikun.screening.errors import ScreeningRefused
from zhikun.screening.explain import shown_names
from zhikun.screening.model import Earlier, Limits
from zhikun.screening.reminders import waiting_causes
from zhikun.screening.running import monitoring_of, task_of
from zhikun.screening.runs import Runs
from zhikun.screening.words import (
    cause_words,
    direction_words,
    generated_words,
    level_words,
    outcome_words,
    reason_words,
    way_words,
)
from zhikun.screening.work import at_work, parquet
from zhikun.wording import SAMPLE_MARK, _, did_you_mean
from zhikun.workdays import Calendar, Month, days_left

_PLACE_DIGITS = 12
_MOST_ROWS = 1_000_000  # a sheet of a workbook has 1,048,576


@dataclass(frozen=True, slots=True)
class Worklist:
    """What was written: the month, the day from which working days are counted, how many warnings, of how many people."""

    month: Month
    day: date
    rows: int
    persons: int


def write_worklist(  # noqa: PLR0913 - what is wanted of which month, and what it is read with
    data: Path, pack: Pack, out: Path, on: date, *, ring: KeyRing, calendar: Calendar, month: Month | None = None,
    place: str = "", levels: Sequence[str] = (), limits: Limits | None = None,
) -> Worklist:  # fmt: skip
    """A workbook of the warnings whose causes still wait for a visit on a day, by place and household.

    `place` is the beginning of a code of place, `levels` are codes or words. Raises ScreeningRefused for others.
    """
    monitoring = monitoring_of(pack)
    run = Runs(data, pack.id, ring).latest(month)
    chosen = _levels(monitoring, levels)
    within = _within(place)
    task = task_of(data, pack, run, ring=ring, calendar=calendar)
    history = Decisions(data, ring).history()
    with at_work(task, limits or Limits()) as work:
        work.run(
            f"CREATE TEMP TABLE passed AS SELECT * FROM {parquet(run.file('warnings'))} WHERE level IN ({chosen}){within}"
        )
        rows = work.con.sql(
            f"SELECT w.*, s.shown FROM passed w LEFT JOIN ({shown_names(work, 'passed')}) s USING (person)"
        ).to_arrow_table()
    waits = waiting_causes(rows, pack.id, history)
    found = [row | {"causes": causes} for row, causes in zip(rows.to_pylist(), waits, strict=True) if causes]
    if len(found) > _MOST_ROWS:
        raise ScreeningRefused(
            _("等着核实的预警有 {n} 件，一张表最多 {m} 行。请用 --place 按县或乡镇分开写。").format(
                n=len(found), m=_MOST_ROWS
            )
        )
    found.sort(key=_order)
    with written_whole(out) as beside:
        _write(beside, found, pack, monitoring, run, on, calendar)
    return Worklist(run.month, on, len(found), len({row["person"] for row in found}))


def _order(row: dict[str, Any]) -> tuple[Any, ...]:
    """By place and household, so that one way serves them all; in a household the nearest deadline first."""
    return (
        row["place"] or 0, row["household"] or "", row["deadline"] or date.max, -LEVELS.index(row["level"]),
        row["person"], row["direction"],
    )  # fmt: skip


def _levels(monitoring: Monitoring, asked: Sequence[str]) -> str:
    """The levels as constants of SQL: all, or those asked for by code or word."""
    words = level_words(monitoring)
    codes = {text: code for code, word in words.items() for text in (code, word)}
    for text in asked:
        if text not in codes:
            raise ScreeningRefused(
                _("没有“{n}”这一级，可写：{k}。{hint}").format(
                    n=text, k="、".join(words.values()), hint=did_you_mean(text, codes)
                )
            )
    return ", ".join(sql.text(code) for code in ({codes[text] for text in asked} or set(words)))


def _within(place: str) -> str:
    """The condition that a warning lies in a place: its code up to the digits that only fill it."""
    if not place:
        return ""
    if not (place.isascii() and place.isdigit() and len(place) <= _PLACE_DIGITS):
        raise ScreeningRefused(
            _("区划代码“{p}”应为不超过 12 位数字，如县 640402、乡镇 640402001。请核对。").format(p=place)
        )
    code = sql.significant(place)
    return f" AND place BETWEEN {code.ljust(_PLACE_DIGITS, '0')} AND {code.ljust(_PLACE_DIGITS, '9')}"


def _heads() -> list[Head]:
    """The columns; those that come back are read by `feedback` under these headings."""
    return [
        Head(_("区划代码"), 15), Head(_("户编号"), 14), Head(_("姓名和证件号码（已遮盖）"), 24), Head(_("级别"), 8),
        Head(_("方向"), 16), Head(_("原因"), 18), Head(_("说明"), 44, WRAP), Head(_("处置方式"), 18), Head(_("核实期限"), 14),
        Head(_("剩余工作日"), 8, WHOLE, note=_("负数：已超期的工作日")),
        Head(_("结果"), 14, choices=tuple(outcome_words().values())), Head(_("帮扶措施"), 24, note=_("结果是“已帮扶”时必填")),
        Head(_("核实日期"), 13, note=_("如 2026-11-20；不填按收到的那天")), Head(_("经办人"), 10), Head(_("月份"), 9),
        Head(_("人员代码"), 36, note=_("请不要改动：反馈靠它找到人")),
        Head(_("政策包"), 12, note=_("请不要改动：反馈收到它的预警上")),
    ]  # fmt: skip


def _write(
    path: Path, rows: Sequence[dict[str, Any]], pack: Pack, monitoring: Monitoring, run: Earlier, on: date,
    calendar: Calendar,
) -> None:  # fmt: skip
    levels, directions, ways = level_words(monitoring), direction_words(), way_words()
    lines = (
        [
            str(row["place"] or ""), row["household"] or "", row["shown"] or "", levels[row["level"]],
            directions[row["direction"]], cause_words(monitoring, row["causes"]), reason_words(monitoring, row["reasons"]),
            ways[row["way"]], _due(row), days_left(calendar, on, row["deadline"]), "", "", "", "", str(run.month),
            token_text(row["person"]), pack.id,
        ]
        for row in rows
    )  # fmt: skip
    title, marks = _("{m} 入户核实名单").format(m=run.month), [generated_words(row["shown"] for row in rows)]
    if pack.sample:
        marks.append(_("{mark}：权重、分数和期限有示例，结果只能用于试算。").format(mark=SAMPLE_MARK))
    remarks = [
        _("依据 {p} 的预警，剩余工作日从 {d} 算起。名单是提示，是否困难由入户的人认定。").format(p=run.month, d=on),
        _("入户后填“结果”等四列，整份表用 zhikun monitor feedback 收回；没有填结果的行不算反馈。"),
    ]
    with Book(path, title) as book:
        book.table(
            _("入户核实"), _heads(), lines, title=title, frozen_columns=3, remarks=remarks, warning="".join(marks)
        )


def _due(row: dict[str, Any]) -> str:
    if row["deadline"] is None:
        return ""
    return str(row["deadline"].isoformat()) + (_("（暂定）") if row["provisional"] else "")
