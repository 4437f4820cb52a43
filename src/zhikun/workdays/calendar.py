"""Which days are worked: Monday to Friday, but for the holidays and make-up days that the State Council announces."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zhikun.wording import _

FIRST, LAST = dt.date(1900, 1, 1), dt.date(2199, 12, 31)
_START = FIRST.toordinal()
_LENGTH = LAST.toordinal() - _START + 1
_FIXED = {(1, 1): "1月1日", (5, 1): "5月1日", (10, 1): "10月1日", (10, 2): "10月2日", (10, 3): "10月3日"}

Days = npt.NDArray[np.int64]


class OutOfCalendar(ValueError):
    """A day, or the end of a deadline, before 1900 or after 2199."""


@dataclass(frozen=True, slots=True)
class DayException:
    """A day that is not as its weekday says, or that a notice names all the same (the weekend inside a holiday)."""

    day: dt.date
    working: bool
    name: str
    source: str
    grade: str = ""


class Calendar:
    """Working days from 1900 to 2199, looked up in tables made once; it never changes after that.

    A year whose arrangement is unknown has its weekends only, and `is_certain` is false for each of its days. So it is
    for the end of the December before, from the last Saturday: some notices begin there (29 to 31 December 2018).
    """

    def __init__(self, exceptions: Iterable[DayException]) -> None:
        self._exceptions = {item.day: item for item in exceptions}
        for day in self._exceptions:
            index_of(day)
        ordered = sorted(self._exceptions.items())
        content = "\n".join(f"{day} {item.working:d}" for day, item in ordered)
        self.edition = hashlib.sha256(content.encode()).hexdigest()[:12]
        weekday = (np.arange(_LENGTH) + FIRST.weekday()) % 7
        working = weekday < 5
        for day, item in ordered:
            working[index_of(day)] = item.working
        self._working = working
        # How many days up to and with this one are worked; and the worked days in a row.
        self.worked_until: Days = np.cumsum(working, dtype=np.int64)
        self.worked_days: Days = np.flatnonzero(working).astype(np.int64)
        self.known_years = tuple(y for y in sorted({d.year for d in self._exceptions}) if not self.missing(y))
        self._certain = self._certain_days()
        self.uncertain_until: Days = np.cumsum(~self._certain, dtype=np.int64)

    def __iter__(self) -> Iterator[DayException]:
        return iter(sorted(self._exceptions.values(), key=lambda item: item.day))

    def extended(self, exceptions: Iterable[DayException]) -> Calendar:
        """The calendar with further exceptions; where both speak of a day, the further ones hold."""
        return Calendar([*self, *exceptions])

    def missing(self, year: int) -> tuple[str, ...]:
        """What every arrangement of a year has and this table has not; empty where the year's arrangement is known."""
        lacking = [_(_FIXED[m, d]) for m, d in _FIXED if self.is_working_day(dt.date(year, m, d))]
        spring = (dt.date(year, 1, 20) + dt.timedelta(days=n) for n in range(37))
        if sum(1 for day in spring if (found := self._exceptions.get(day)) and not found.working) < 3:
            lacking.append(_("春节"))
        return tuple(lacking)

    def exception(self, day: dt.date) -> DayException | None:
        """What a notice says about the day, if one does."""
        return self._exceptions.get(day)

    def is_working_day(self, day: dt.date) -> bool:
        return bool(self._working[index_of(day)])

    def is_certain(self, day: dt.date) -> bool:
        """Whether the arrangement that decides about the day is known."""
        return bool(self._certain[index_of(day)])

    def next_working_day(self, day: dt.date) -> dt.date:
        """The day itself if it is worked, else the first worked day after it."""
        return day if self.is_working_day(day) else self.after(day, 1)

    def after(self, day: dt.date, n: int) -> dt.date:
        """The n-th working day after the day, which itself does not count; n is 1 or more."""
        place = int(self.worked_until[index_of(day)]) + n - 1
        if place >= len(self.worked_days):
            raise beyond(day, n)
        return day_at(int(self.worked_days[place]))

    def working_days_between(self, after: dt.date, until: dt.date) -> int:
        """Working days after the first day, up to and with the second; 0 where the second is not later."""
        if until <= after:
            return 0
        return int(self.worked_until[index_of(until)] - self.worked_until[index_of(after)])

    def unknown_years(self, first: dt.date, last: dt.date) -> tuple[int, ...]:
        """The years whose unknown arrangement could change a day from the first to the last, both included.

        Where the list is empty, every day between is certain.
        """
        years = range(first.year, last.year + 2)
        known = self.known_years
        return tuple(y for y in years if y not in known and begins(y) <= last and first <= dt.date(y, 12, 31))

    def _certain_days(self) -> npt.NDArray[np.bool_]:
        certain = np.zeros(_LENGTH, dtype=bool)
        for year in self.known_years:
            certain[index_of(dt.date(year, 1, 1)) : index_of(dt.date(year, 12, 31)) + 1] = True
        for year in self.known_years:
            if year + 1 not in self.known_years and year < LAST.year:
                certain[index_of(begins(year + 1)) : index_of(dt.date(year, 12, 31)) + 1] = False
        return certain


def begins(year: int) -> dt.date:
    """The first day that the arrangement of the year may speak of: the last Saturday of the December before."""
    eve = dt.date(year - 1, 12, 31)
    return eve - dt.timedelta(days=(eve.weekday() + 2) % 7)


def index_of(day: dt.date) -> int:
    """The day's place in the tables. Raises OutOfCalendar."""
    if not FIRST <= day <= LAST:
        raise OutOfCalendar(
            _("{day} 不在 1900 年到 2199 年之间，多半是年份写错，算不了工作日；请改正日期。").format(day=day)
        )
    return day.toordinal() - _START


def day_at(index: int) -> dt.date:
    return dt.date.fromordinal(index + _START)


def beyond(day: dt.date, n: int) -> OutOfCalendar:
    """The error of a deadline that ends after the tables."""
    return OutOfCalendar(
        _("从 {day} 起数 {n} 日，超出 2199 年，不会是真的期限；请改正日期或天数。").format(day=day, n=n)
    )
