"""What stands in the columns of a list, by type, choices and limits: with the words and headings that departments write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhikun.engine.packs.monitoring import BIRTH_DATE, Column, ListSource, Monitoring
from zhikun.intake.demo.months.chance import Chance, Keys, Whole
from zhikun.intake.demo.months.people import People, Source
from zhikun.intake.demo.months.periods import Period, days_of

_BLANK = 0.02  # of the cells that may stay blank
# Eighths of all amounts lie between neighbours, in thousandths of the usual amount.
_AMOUNTS = np.array([40, 150, 350, 650, 1000, 1600, 2800, 6000, 15000], np.int64)
_USUAL = 2000.0
_CERTIFICATE_DAYS = 3650
_COMMON = {
    "secure": 8.0,
    "enrolled": 4.0,
}  # codes that most rows have; otherwise each code is rarer than the one before
_GRADES = ("g1", "g2", "g3", "g4")
_WORDS = {
    "医疗机构": "演示市第{n}人民医院",
    "医院": "演示市第{n}人民医院",
    "院校": "演示职业学院{n}系",
    "学校": "演示第{n}中学",
    "单位": "演示公司{n}",
}
_NUMERALS = "一二三四五六七八九十"


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a list: of whom (`places` in `people`), and which row of a person it is (0 first)."""

    source: Source
    listed: ListSource
    period: Period
    month: int
    people: People
    places: Whole
    again: Whole

    def __len__(self) -> int:
        return len(self.places)

    @property
    def keys(self) -> Keys:
        """One for each row: a person's second row throws again."""
        return self.people.key[self.places] | (self.again.astype(np.uint64) << np.uint64(62))

    def chance(self, column: Column, *words: object) -> Chance:
        """Throws for a column: of a register they stay, of events they change with the period."""
        if self.listed.kind == "event":
            words = (*words, self.period)
        return Chance(self.source.seed, self.listed.id, column.name, *words)


def written(rows: Rows, monitoring: Monitoring) -> pa.Table:
    """The rows as the department writes them, under the titles of the pack."""
    return pa.table({c.title: cells(rows, c, monitoring) for c in rows.listed.columns.values()})


def cells(rows: Rows, column: Column, monitoring: Monitoring) -> pa.Array:
    """One column. Cells that may stay blank sometimes do."""
    values = _KINDS[column.type](rows, column, monitoring)
    if column.required or column.type in ("id_number", "name") or column.name == BIRTH_DATE:
        return values
    blank = rows.chance(column, "blank").below(rows.keys, _BLANK)
    return pc.if_else(pa.array(blank), pa.scalar(None, values.type), values)


def _numbers(rows: Rows, column: Column, monitoring: Monitoring) -> pa.Array:
    return rows.people.id_number.take(pa.array(rows.places))


def _names(rows: Rows, column: Column, monitoring: Monitoring) -> pa.Array:
    return rows.people.name.take(pa.array(rows.places))


def _places(rows: Rows, column: Column, monitoring: Monitoring) -> pa.Array:
    return rows.source.villages.codes.take(pa.array(rows.people.village(rows.month)[rows.places]))


def _dates(rows: Rows, column: Column, monitoring: Monitoring) -> pa.Array:
    if column.name == BIRTH_DATE:
        days = rows.people.born[rows.places]
    elif rows.listed.kind == "event":
        first, last = days_of(rows.listed, rows.period)
        days = first + rows.chance(column).whole(rows.keys, last - first + 1)
    else:
        days = rows.source.today - 1 - rows.chance(column).whole(rows.keys, _CERTIFICATE_DAYS)
        days = np.maximum(days, rows.people.born[rows.places] + 1)
    return pa.array(days.astype(np.int32), pa.int32()).cast(pa.date32())


def _choices(rows: Rows, column: Column, monitoring: Monitoring) -> pa.Array:
    codes = list(column.choices)
    if set(codes) == set(_GRADES):
        grade = rows.people.disabled[rows.places]
        drawn = rows.chance(column).whole(rows.keys, len(codes))
        place = np.where(grade > 0, np.array([codes.index(g) for g in _GRADES])[grade - 1], drawn)
    elif set(codes) == {"chronic", "serious"}:
        place = np.where(rows.people.ill[rows.places] == 2, codes.index("serious"), codes.index("chronic"))
    else:
        weights = [_COMMON.get(code, 1 / (1 + rank)) for rank, code in enumerate(codes)]
        place = rows.chance(column).one_of(rows.keys, weights)
    return pa.array(list(column.choices.values()), pa.string()).take(pa.array(place))


def _booleans(rows: Rows, column: Column, monitoring: Monitoring) -> pa.Array:
    return pc.if_else(pa.array(rows.chance(column).below(rows.keys, 0.5)), "是", "否")


def _amounts(rows: Rows, column: Column, monitoring: Monitoring) -> pa.Array:
    """Around what the pack's bands look for, in cents of 元 and otherwise whole; never outside the column's limits."""
    cents = 100 if column.unit == "元" else 1
    bits = (rows.chance(column).bits(rows.keys) >> np.uint64(48)).astype(np.int64)
    edges, part = _AMOUNTS * int(_usual(rows.listed, column, monitoring) * cents) // 1000, bits >> 13
    amount = edges[part] + ((edges[part + 1] - edges[part]) * (bits & 8191) >> 13)
    low = -(1 << 50) if column.min is None else int(np.ceil(column.min * cents))
    high = 1 << 50 if column.max is None else int(np.floor(column.max * cents))
    return pa.array(np.clip(amount, low, high) / cents, pa.float64())


def _usual(listed: ListSource, column: Column, monitoring: Monitoring) -> float:
    """The amount that half the rows reach: what the first band asks for, or a part of it where months are added up."""
    bands = [
        i.bands[0].low / max(1.0, i.window_months / 4)
        for i in monitoring.indicators.values()
        if i.list_source == listed.id and i.column == column.name and i.bands
    ]
    return min(bands) if bands else _USUAL


def _texts(rows: Rows, column: Column, monitoring: Monitoring) -> pa.Array:
    pattern = next((text for word, text in _WORDS.items() if word in column.title), column.title + "{n}")
    words = pa.array([pattern.format(n=numeral) for numeral in _NUMERALS], pa.string())
    return words.take(pa.array(rows.chance(column).whole(rows.keys, len(words))))


_KINDS: dict[str, Callable[[Rows, Column, Monitoring], pa.Array]] = {
    "id_number": _numbers,
    "name": _names,
    "place": _places,
    "date": _dates,
    "choice": _choices,
    "boolean": _booleans,
    "number": _amounts,
    "text": _texts,
}
