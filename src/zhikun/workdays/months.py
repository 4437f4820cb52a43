"""Months as periods: what a department's list is about, and what a monitoring run is for."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta

from zhikun.wording import _

_FIRST_YEAR, _LAST_YEAR = 1900, 2199
_MONTH = re.compile(r"(\d{4})(?:-|/|\.|年)?(\d{1,2})月?")
_QUARTER = re.compile(r"(\d{4})(?:-|/|\.|年)?(?:[Qq]([1-4])|第?([一二三四1-4])季度)")
_QUARTERS = {"一": 1, "二": 2, "三": 3, "四": 4}


class NotAMonth(ValueError):
    """A text that names no month and no quarter; the message says how to write one."""


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of the calendar: 2026-11. Months are ordered and counted; a quarter is known by its last month."""

    year: int
    month: int

    def __post_init__(self) -> None:
        if not (_FIRST_YEAR <= self.year <= _LAST_YEAR and 1 <= self.month <= 12):
            raise NotAMonth(_how(f"{self.year}-{self.month}"))

    @staticmethod
    def read(text: str) -> Month:
        """2026-11, 202611 and 2026年11月; 2026-Q3 is the quarter's last month. Raises NotAMonth."""
        word = "".join(text.split())
        if found := _QUARTER.fullmatch(word):
            quarter = found[2] or found[3]
            return Month(int(found[1]), 3 * int(_QUARTERS.get(quarter, quarter)))
        if not (found := _MONTH.fullmatch(word)):
            raise NotAMonth(_how(text))
        return Month(int(found[1]), int(found[2]))

    @staticmethod
    def of(day: date) -> Month:
        """The month in which a day lies."""
        return Month(day.year, day.month)

    def plus(self, months: int) -> Month:
        """So many months later; earlier with a negative number."""
        index = self.year * 12 + self.month - 1 + months
        return Month(index // 12, index % 12 + 1)

    def since(self, earlier: Month) -> int:
        """How many months after `earlier` this one is; negative when it comes before."""
        return (self.year - earlier.year) * 12 + self.month - earlier.month

    def day(self, number: int) -> date:
        """The day of that number; in a shorter month its last day."""
        return date(self.year, self.month, min(number, calendar.monthrange(self.year, self.month)[1]))

    @property
    def first_day(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def last_day(self) -> date:
        after = date(self.year + self.month // 12, self.month % 12 + 1, 1)
        return after - timedelta(days=1)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


def _how(text: str) -> str:
    return _("“{t}”不是月份。请写成 2026-11；一季的写成 2026-Q3，或写这一季的最后一个月 2026-09。").format(t=text)
