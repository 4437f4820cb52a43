"""Months as NumPy counts them, the periods in which a list is due, and the days on which its files arrive."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date

import numpy as np

from zhikun.engine.packs.monitoring import ListSource
from zhikun.wording import _

Period = np.datetime64  # of unit month; its text is 2026-03


def read_month(text: str) -> Period:
    """The month 2026-03. Raises ValueError."""
    if not re.fullmatch(r"(19|20)\d\d-(0[1-9]|1[0-2])", text):
        raise ValueError(_("“{t}”不是月份；请写成 2026-03。").format(t=text))
    return np.datetime64(text, "M")


def months_from(first: Period, count: int) -> list[Period]:
    return [first + np.timedelta64(number, "M") for number in range(count)]


def ordinal(month: Period) -> int:
    """Months since January 1970."""
    return int(month.astype(np.int64))


def is_due(source: ListSource, month: Period) -> bool:
    """Whether a file of this list is due for a period that ends with the month."""
    number = ordinal(month) % 12 + 1
    return {"monthly": True, "quarterly": number % 3 == 0, "yearly": number in source.months}[source.rhythm]


def due_day(source: ListSource, month: Period) -> date:
    """The day by which the file is due; in shorter months their last day."""
    first: date = month.astype("datetime64[D]").astype(date)
    return first.replace(day=min(source.due_day, monthrange(first.year, first.month)[1]))


def days_of(source: ListSource, month: Period) -> tuple[int, int]:
    """First and last day (since 1970) of what a file of this period tells: a month, a quarter, for yearly lists a summer."""
    length = {"monthly": 1, "quarterly": 3, "yearly": 3}[source.rhythm]
    first = month - np.timedelta64(length - 1, "M")
    last = month + np.timedelta64(1, "M")
    return int(first.astype("datetime64[D]").astype(np.int64)), int(last.astype("datetime64[D]").astype(np.int64)) - 1
