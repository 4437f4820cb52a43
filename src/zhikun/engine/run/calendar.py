"""Ages, months and days up to the day of assessment, exactly, for arrays of dates."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

_EPOCH = date(1970, 1, 1)
_FIRST = (date(1900, 1, 1) - _EPOCH).days
_YEAR_1, _YEAR_9999 = (date.min - _EPOCH).days, (date.max - _EPOCH).days  # what Python's dates reach


class Calendar:
    """Tables from a date (days since 1970-01-01) to completed years, months and days on one day of assessment.

    Someone born on 29 February completes a year on 1 March of a common year.
    """

    def __init__(self, day: date) -> None:
        self.day = day
        self.number = (day - _EPOCH).days
        self._tables: dict[str, NDArray[np.float64]] = {}

    def since(self, kind: str, days: Any) -> NDArray[np.float64]:
        """Completed years (`age`), months (`months_since`) or days (`days_since`) since each date."""
        days = np.asarray(days)
        if kind == "days_since":
            return (self.number - days).astype(np.float64)
        if days.size < 64:
            return self._count(kind, days)
        table = self._tables.get(kind)
        if table is None:
            table = self._tables[kind] = self._count(kind, np.arange(_FIRST, self.number + 1, dtype=np.int64))
        place = days - np.int32(_FIRST)
        inside = (place >= 0) & (place < len(table))
        if inside.all():
            return table[place]
        result = table[np.clip(place, 0, len(table) - 1)]
        result[~inside] = self._count(kind, days[~inside])
        return result

    def since_one(self, kind: str, days: int) -> float:
        """The same for one date."""
        if kind == "days_since":
            return float(self.number - days)
        if not _YEAR_1 <= days <= _YEAR_9999:
            return float(self._count(kind, days))
        born = _EPOCH + timedelta(days)
        months = (self.day.year - born.year) * 12 + self.day.month - born.month - (born.day > self.day.day)
        return float(months // 12 if kind == "age" else months)

    def _count(self, kind: str, days: Any) -> NDArray[np.float64]:
        dates = np.asarray(days, np.int64).astype("datetime64[D]")
        months = dates.astype("datetime64[M]")
        month = months.astype(np.int64)
        day_of_month = (dates - months).astype(np.int64) + 1
        elapsed = (self.day.year - 1970) * 12 + self.day.month - 1 - month - (day_of_month > self.day.day)
        return (elapsed // 12 if kind == "age" else elapsed).astype(np.float64)
