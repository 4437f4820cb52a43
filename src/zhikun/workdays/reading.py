"""Files of exceptions: the table in this folder, and those that an administrator adds when a notice is out."""

from __future__ import annotations

import csv
import datetime as dt
import functools
import io
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from zhikun.wording import _, did_you_mean, shown
from zhikun.workdays.calendar import FIRST, LAST, Calendar, DayException

_TABLE = Path(__file__).with_name("exceptions.csv")
_MOST_BYTES = 5_000_000
# The headings as an office writes them, and the same in English.
_HEADINGS = {
    "日期": "date", "上班": "working", "名称": "name", "来源": "source", "等级": "grade",
    "date": "date", "working": "working", "name": "name", "source": "source", "grade": "grade",
}  # fmt: skip
_TITLES = {"date": "日期", "working": "上班", "name": "名称", "source": "来源", "grade": "等级"}
_NEEDED = ("date", "working", "name", "source")
_WORKING = {
    "是": True, "上班": True, "补班": True, "yes": True,
    "否": False, "休息": False, "放假": False, "no": False,
}  # fmt: skip
_GRADES = ("A", "B", "C", "D", "K", "")
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|年(\d{1,2})月(\d{1,2})日|(\d{2})(\d{2}))$")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row (as the spreadsheet counts; 0: the whole file), and the way out."""

    row: int
    column: str
    text: str

    def __str__(self) -> str:
        where = _("第 {row} 行").format(row=self.row) if self.row else ""
        if self.column:
            where += _("“{column}”列").format(column=self.column)
        return shown(f"{where}：{self.text}" if where else self.text)


class BadExceptions(ValueError):
    """A file of exceptions that cannot be used. `faults` holds every reason."""

    def __init__(self, path: Path, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        title = _("工作日安排表 {path} 有错，没有采用：").format(path=path)
        super().__init__("\n".join([shown(title), *(f"  {fault}" for fault in self.faults)]))


@functools.cache
def national_calendar() -> Calendar:
    """The calendar of this release: 2004 to 2026."""
    return Calendar(read_exceptions(_TABLE, Calendar([])))


def load_calendar(*files: Path) -> Calendar:
    """The calendar of this release with the files of an administrator, the later ones before the earlier.

    Raises BadExceptions and OSError.
    """
    calendar = national_calendar()
    for path in files:
        calendar = calendar.extended(read_exceptions(path, calendar))
    return calendar


def read_exceptions(path: Path, base: Calendar) -> tuple[DayException, ...]:
    """The rows of a file that is to extend `base`. Raises BadExceptions with every fault, and OSError."""
    faults: list[Fault] = []
    rows = _rows(path, faults)
    found: dict[dt.date, tuple[int, DayException]] = {}
    for number, cells in rows:
        item = _exception(number, cells, faults)
        if item is None:
            continue
        if item.day in found:
            text = _("{day} 已在第 {first} 行写过，不知道以哪一行为准；请只留一行。")
            faults.append(Fault(number, "日期", text.format(day=item.day, first=found[item.day][0])))
        else:
            found[item.day] = (number, item)
    rest = {day for day, (_number, item) in found.items() if not item.working}
    for number, item in found.values():
        _check_meaning(number, item, rest, base, faults)
    if faults:
        raise BadExceptions(path, sorted(faults, key=lambda fault: fault.row))
    return tuple(item for _number, item in found.values())


def _rows(path: Path, faults: list[Fault]) -> list[tuple[int, dict[str, str]]]:
    """The rows under the headings, with their numbers; nothing where the file or its headings cannot be used."""
    if path.stat().st_size > _MOST_BYTES:
        faults.append(Fault(0, "", _("文件超过 5 MB，一年的安排不过几十行；请确认选对了文件。")))
        return []
    text = _text(path.read_bytes())
    if text is None:
        faults.append(Fault(0, "", _("不是 UTF-8 或 GB18030 编码的 CSV，读不出文字；请用 Excel 或 WPS 另存为 CSV。")))
        return []
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        faults.append(Fault(0, "", _("引号不成对，按行拆不开；请用 Excel 或 WPS 另存为 CSV。")))
        return []
    names = _headings(lines[0] if lines else [], faults)
    if not names:
        return []
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        cells = [cell.strip() for cell in line]
        if not any(cells):
            continue
        if any(cells[len(names) :]):
            faults.append(Fault(number, "", _("格子比标题多，不知道多出来的是什么；请把含逗号的文字加上引号。")))
            continue
        rows.append((number, dict(zip(names, cells + [""] * len(names), strict=False))))
    return rows


def _text(content: bytes) -> str | None:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if "\0" in text else text
    return None


def _headings(line: list[str], faults: list[Fault]) -> list[str]:
    """Our names of the columns, in the file's order; nothing where one is missing, unknown or doubled."""
    titles = [_folded(cell) for cell in line]
    while titles and not titles[-1]:
        titles.pop()
    before = len(faults)
    for title in titles:
        if title.lower() not in _HEADINGS:
            guess = did_you_mean(title, _TITLES.values())
            faults.append(
                Fault(1, title, _("没有这一列，不知道怎么用；可写的列是日期、上班、名称、来源、等级。") + guess)
            )
    names = [_HEADINGS.get(title.lower(), "") for title in titles]
    faults.extend(
        Fault(1, _TITLES[name], _("这一列写了两次，不知道以哪一列为准；请只留一列。"))
        for name in dict.fromkeys(names)
        if name and names.count(name) > 1
    )
    faults.extend(
        Fault(1, _TITLES[name], _("缺少这一列，读不出安排；第一行请写：日期,上班,名称,来源。"))
        for name in _NEEDED
        if name not in names
    )
    return names if len(faults) == before else []


def _exception(number: int, cells: dict[str, str], faults: list[Fault]) -> DayException | None:
    """One row, or None and every fault of its cells."""
    before = len(faults)
    day = _day(number, cells["date"], faults)
    working = _WORKING.get(_folded(cells["working"]).lower())
    if working is None:
        text = _("“{found}”看不懂，不知道这天上不上班；上班请写“是”，放假请写“否”。").format(found=cells["working"])
        faults.append(Fault(number, "上班", text))
    for column, why in (
        ("name", _("是空的，别人看不出为什么放假或补班；请写节日名称，补班写它补的节日。")),
        ("source", _("是空的，期限因此改变却查不到依据；请写通知的名称和文号。")),
    ):
        if not cells[column]:
            faults.append(Fault(number, _TITLES[column], why))
    grade = _folded(cells.get("grade", "")).upper()
    if grade not in _GRADES:
        faults.append(
            Fault(number, "等级", _("“{found}”不是依据等级；请写 A、B、C、D、K，或留空。").format(found=grade))
        )
    if len(faults) > before or day is None or working is None:
        return None
    return DayException(day, working, cells["name"], cells["source"], grade)


def _day(number: int, text: str, faults: list[Fault]) -> dt.date | None:
    found = _DATE.match(_folded(text))
    day = None
    if found:
        year, month, of_month = (int(part) for part in found.groups() if part)
        try:
            day = dt.date(year, month, of_month)
        except ValueError:
            day = None
    if day is None:
        why = _("“{found}”不是日历上的一天，不知道说的是哪天；请写成 2027-01-01。").format(found=text)
    elif not FIRST <= day <= LAST:
        day, why = None, _("“{found}”不在 1900 年到 2199 年之间，多半是年份写错；请改正。").format(found=text)
    else:
        return day
    faults.append(Fault(number, "日期", why))
    return day


def _check_meaning(number: int, item: DayException, rest: set[dt.date], base: Calendar, faults: list[Fault]) -> None:
    """Rows that change nothing are slips of the pen: a make-up day that is worked anyway, a lonely weekend off."""
    usual = item.day.weekday() < 5
    if item.working and usual and base.is_working_day(item.day):
        text = _("{day} 是{weekday}，本来就上班，补班落不到这天，多半是日期写错；请对照通知改正。")
        faults.append(Fault(number, "日期", text.format(day=item.day, weekday=weekday_name(item.day))))
    # A weekend inside a holiday is named by the notice with the days around it.
    lonely = not item.working and not usual and not any(day.weekday() < 5 for day in _run(item.day, rest))
    if lonely and not base.is_working_day(item.day) and base.exception(item.day) is None:
        text = _(
            "{day} 是{weekday}，本来就休息，前后也没有连着的放假日，多半是日期写错；请对照通知改正，没有错就删去这行。"
        )
        faults.append(Fault(number, "日期", text.format(day=item.day, weekday=weekday_name(item.day))))


def _run(day: dt.date, rest: set[dt.date]) -> list[dt.date]:
    """The days off in a row around a day, as far as the file names them."""
    run = [day]
    for step in (dt.timedelta(days=-1), dt.timedelta(days=1)):
        other = day + step
        while other in rest:
            run.append(other)
            other += step
    return run


def weekday_name(day: dt.date) -> str:
    """周六."""
    return _("周一 周二 周三 周四 周五 周六 周日").split()[day.weekday()]


def _folded(cell: str) -> str:
    """Full-width digits and letters as the keyboard's; only for cells that are compared, not for names and sources."""
    return unicodedata.normalize("NFKC", cell).strip()
