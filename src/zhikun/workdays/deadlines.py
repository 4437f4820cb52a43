"""The last day of a period: counted in working days, or in calendar days where the law says so.

The day of receipt does not count (民法典 第201条). A period in calendar days that would end on a day off ends on the
first working day after it (民法典 第203条). A period of no days ends on its day of receipt, or on the first working
day after that.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhikun.wording import _
from zhikun.workdays.calendar import FIRST, LAST, Calendar, OutOfCalendar, beyond, day_at, index_of

_EPOCH = (FIRST - dt.date(1970, 1, 1)).days
_MOST_DAYS = (LAST - FIRST).days


class Unit(StrEnum):
    """工作日 or 日: the law says which."""

    WORKING = "working"
    CALENDAR = "calendar"


class NotADuration(ValueError):
    """A number of days below zero."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A period and its last day.

    `unknown_years` are those whose arrangement could still move the last day; `edition` says by which table it was
    counted. Kept with the file, it can be counted again when a year becomes known.
    """

    received: dt.date
    days: int
    unit: Unit
    due: dt.date
    unknown_years: tuple[int, ...]
    edition: str

    @property
    def provisional(self) -> bool:
        return bool(self.unknown_years)

    def recounted(self, calendar: Calendar) -> Deadline:
        """The same period by another table, usually one that knows a year more."""
        return deadline(calendar, self.received, self.days, self.unit)


@dataclass(frozen=True, slots=True)
class DueDates:
    """Last days of many periods: `due` (date32) and `provisional` (bool); null where a start or a length is unknown."""

    due: pa.Array
    provisional: pa.Array


def deadline(calendar: Calendar, received: dt.date, days: int, unit: Unit = Unit.WORKING) -> Deadline:
    """The last day of a period of so many days. Raises NotADuration and OutOfCalendar."""
    due, doubtful_from = last_day(calendar, received, days, unit)
    unknown = calendar.unknown_years(doubtful_from, due)
    return Deadline(received, days, unit, due, unknown, calendar.edition)


def last_day(calendar: Calendar, received: dt.date, days: int, unit: Unit) -> tuple[dt.date, dt.date]:
    """The last day, and the first of the days on whose arrangement it depends."""
    if days < 0:
        raise negative(days)
    if days == 0:
        return calendar.next_working_day(received), received
    if unit is Unit.WORKING:
        return calendar.after(received, days), received + dt.timedelta(days=1)
    if index_of(received) + days > _MOST_DAYS:
        raise beyond(received, days)
    nominal = received + dt.timedelta(days=days)
    return calendar.next_working_day(nominal), nominal


def days_left(calendar: Calendar, on: dt.date, due: dt.date | None) -> int | None:
    """Working days from a day, which does not count, to a deadline; below zero, how many have passed since. None: not known."""
    if due is None:
        return None
    try:
        return calendar.working_days_between(on, due) - calendar.working_days_between(due, on)
    except OutOfCalendar:
        return None


def due_dates(calendar: Calendar, received: Any, days: Any, unit: Unit = Unit.WORKING) -> DueDates:
    """The last days of many periods at once, equal to `deadline` for each.

    `received` is an Arrow array of days or a NumPy array of datetime64; `days` one number for all, or an array as long.
    A null (NaT) in either gives null. Raises NotADuration and OutOfCalendar with the number of the first bad row.
    """
    starts, known = _numbers(_arrow_days(received))
    lengths, given = _lengths(days, len(starts))
    known &= given
    starts, lengths = starts - _EPOCH, np.where(known, lengths, 1)
    starts = np.where(known, starts, 0)
    _check_rows(starts, lengths)
    if unit is Unit.WORKING:
        place = calendar.worked_until[starts] + lengths - 1
        lowest = starts + 1
    else:
        lowest = starts + lengths
        _refuse(lowest > _MOST_DAYS, starts, lengths)
        place = _next_worked(calendar, lowest)
    none = lengths == 0
    place = np.where(none, _next_worked(calendar, starts), place)
    lowest = np.where(none, starts, lowest)
    _refuse(place >= len(calendar.worked_days), starts, lengths)
    due = calendar.worked_days[place]
    before = np.where(lowest > 0, calendar.uncertain_until[np.maximum(lowest, 1) - 1], 0)
    provisional = calendar.uncertain_until[due] > before
    return DueDates(
        pa.array((due + _EPOCH).astype(np.int32), mask=~known).cast(pa.date32()),
        pa.array(provisional, mask=~known),
    )


def negative(days: int, row: int | None = None) -> NotADuration:
    where = "" if row is None else _("第 {row} 行：").format(row=row)
    return NotADuration(where + _("期限是 {days} 日，应为 0 或更多，否则算不出到期日；请改正天数。").format(days=days))


def _next_worked(calendar: Calendar, index: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The place, among the worked days, of the day itself if it is worked, else of the next."""
    return np.where(index > 0, calendar.worked_until[np.maximum(index, 1) - 1], 0)


def _check_rows(starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> None:
    if (bad := lengths < 0).any():
        row = int(np.argmax(bad))
        raise negative(int(lengths[row]), row + 1)
    if (bad := (starts < 0) | (starts > _MOST_DAYS)).any():
        row = int(np.argmax(bad))
        day = np.datetime64(int(starts[row]) + _EPOCH, "D")
        raise OutOfCalendar(
            _("第 {row} 行：{day} 不在 1900 年到 2199 年之间，算不了工作日；请改正日期。").format(row=row + 1, day=day)
        )
    _refuse(lengths > _MOST_DAYS, starts, lengths)


def _refuse(bad: npt.NDArray[np.bool_], starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> None:
    """Nothing where no row is bad; else the error of the first."""
    if bad.any():
        row = int(np.argmax(bad))
        error = beyond(day_at(int(starts[row])), int(lengths[row]))
        raise OutOfCalendar(_("第 {row} 行：").format(row=row + 1) + str(error))


def _arrow_days(values: Any) -> pa.Array:
    """Days as date32, one piece."""
    array = pa.array(values) if isinstance(values, np.ndarray) else values
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return array if array.type == pa.date32() else array.cast(pa.date32())


def _lengths(days: Any, count: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    if isinstance(days, int | np.integer):
        return np.full(count, days, dtype=np.int64), np.ones(count, dtype=bool)
    array = pa.array(days) if isinstance(days, np.ndarray) else days
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if len(array) != count:
        raise ValueError(f"{count} starts and {len(array)} lengths")
    return _numbers(array)


def _numbers(array: pa.Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """The values as numbers, 0 where null, and which are known."""
    known = ~np.asarray(array.is_null())
    whole = array.cast(pa.int32()) if array.type == pa.date32() else array
    return np.asarray(whole.cast(pa.int64()).fill_null(0)), known
