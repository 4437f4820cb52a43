"""`zhikun workdays`: is a table of exceptions right, and when does a period end?"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from zhikun.cli.screen import FAULTS, UNREADABLE, USAGE, Day, Refused, lines, say, why
from zhikun.wording import _
from zhikun.workdays import (
    BadExceptions,
    Calendar,
    NotADuration,
    OutOfCalendar,
    Unit,
    deadline,
    load_calendar,
    national_calendar,
    weekday_name,
)


@click.group(help=_("工作日：检查放假和补班安排，计算到期日"))
def workdays() -> None:
    """Commands about the working-day calendar."""


@workdays.command(help=_("逐行检查管理员补充的放假、补班安排（CSV），并说明哪些年份因此可以确定"))
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE.csv")
def check(file: Path) -> int:
    """Every fault of a file of exceptions."""
    try:
        calendar = _calendar(file)
    except BadExceptions as error:
        say(lines([str(fault) for fault in error.faults], _("✗ {p}：{n} 处错误").format(p=file, n=len(error.faults))))
        return FAULTS
    base = national_calendar()
    days = [item.day for item in calendar if base.exception(item.day) != item]
    say(_("✓ {p}：新增或更改 {n} 天").format(p=file, n=len(days)))
    for year in sorted({day.year for day in days}):
        lacking = "、".join(calendar.missing(year))
        text = (
            _("{y} 年的安排不全，还缺{what}；涉及这一年的期限仍是暂定。")
            if lacking
            else _("{y} 年的安排已齐，期限可以确定。")
        )
        say("  " + text.format(y=year, what=lacking))
    return 0


@workdays.command(help=_("从收到日期（当日不计入）起数若干个工作日，哪天到期"))
@click.argument("start", type=Day())
@click.argument("days", type=click.IntRange(min=0))
@click.option("--calendar-days", is_flag=True, help=_("按自然日数；最后一日休息的，顺延到下一个工作日"))
@click.option("--exceptions", type=click.Path(path_type=Path), metavar="FILE.csv", help=_("管理员补充的放假、补班安排"))
def due(start: date, days: int, calendar_days: bool, exceptions: Path | None) -> int:
    """The last day of a period."""
    try:
        calendar = _calendar(exceptions)
        found = deadline(calendar, start, days, Unit.CALENDAR if calendar_days else Unit.WORKING)
    except BadExceptions as error:
        raise Refused(str(error), UNREADABLE) from None
    except (OutOfCalendar, NotADuration) as error:
        raise Refused(str(error), USAGE) from None
    unit = _("日") if calendar_days else _("个工作日")
    say(
        _("{start}（{w}）收到，期限 {n} {unit}：{due}（{d}）到期。").format(
            start=start, w=weekday_name(start), n=days, unit=unit, due=found.due, d=weekday_name(found.due)
        )
    )
    if found.provisional:
        years = "、".join(map(str, found.unknown_years))
        say(_("暂定：{y} 年的放假安排未知，只按周末休息计算；国务院办公厅公布后请重新计算。").format(y=years))
    return 0


def _calendar(file: Path | None) -> Calendar:
    """The calendar of this release, with the file if there is one. Raises BadExceptions."""
    try:
        return load_calendar(*([file] if file else []))
    except OSError as error:
        raise Refused(
            _("读不了 {p}：{why}。请核对文件的位置和权限。").format(p=file, why=why(error)), UNREADABLE
        ) from None
