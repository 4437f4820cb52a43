"""The words of SQL that are made from a pack: quoted texts, millionths, conditions and bands.

Numbers live on the grid of 0.000001 (docs/decisions/0005): everything is a whole number of millionths, so that sums do
not depend on their order and a value exactly at a limit is at it on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from zhikun.engine.packs.monitoring import Band, Column, Condition, Indicator

MILLION = 1_000_000
_PLACE_DIGITS = 12
_ANCESTORS = (2, 4, 6, 9)  # province, city, county, township


def text(value: object) -> str:
    """A text constant."""
    return "'" + str(value).replace("'", "''") + "'"


def name(value: str) -> str:
    """A column by its name."""
    return '"' + value.replace('"', '""') + '"'


def micro(value: float) -> int:
    """A number of the pack in millionths, half away from zero."""
    return int((Decimal(repr(float(value))) * MILLION).quantize(Decimal(1), ROUND_HALF_UP))


def micro_of(column: str) -> str:
    """A column of numbers in millionths; what is beyond nine billion is no amount of a person and stays unknown."""
    return f"TRY_CAST(round({column} * {float(MILLION)}) AS BIGINT)"


def contributions(indicator: Indicator) -> list[int]:
    """What each band adds to the score, in millionths, from `below the first` (0) on: weight x points / 100."""
    found = [0]
    for band in indicator.bands:
        exact = Decimal(repr(float(indicator.weight))) * Decimal(repr(float(band.points))) / 100
        found.append(int((exact * MILLION).quantize(Decimal(1), ROUND_HALF_UP)))
    return found


def certain_contributions(indicator: Indicator) -> list[int]:
    """What is certain where the value may be higher still: the least of the band reached and those above it."""
    points = contributions(indicator)
    return [min(points[band:]) for band in range(len(points))]


def highest_contribution(indicator: Indicator) -> list[int]:
    """What the value could come to where it may be higher still."""
    points = contributions(indicator)
    return [max(points[band:]) for band in range(len(points))]


def band_of(value: str, bands: Sequence[Band]) -> str:
    """The number of the band that a value in millionths reaches: 0 below the first; an unknown value reaches none."""
    cases = [f"WHEN {value} >= {micro(band.low)} THEN {n}" for n, band in reversed(list(enumerate(bands, 1)))]
    return f"CASE {' '.join(cases)} ELSE 0 END"


def where_of(conditions: Sequence[Condition], columns: dict[str, Column]) -> str:
    """All conditions together: true, false, or NULL where a blank cell leaves it open."""
    if not conditions:
        return "true"
    return " AND ".join(f"({_condition(condition, columns[condition.column])})" for condition in conditions)


def _condition(condition: Condition, column: Column) -> str:
    if column.type in ("id_number", "name"):
        # Both stay behind at receipt. A row that has a person had a number; a name that is required was there.
        known = "true" if column.required or column.type == "id_number" else "CAST(NULL AS BOOLEAN)"
        return known if condition.operator == "known" else f"NOT {known}"
    cell = name(column.name)
    if condition.operator in ("known", "unknown"):
        return f"{cell} IS NOT NULL" if condition.operator == "known" else f"{cell} IS NULL"
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    if column.type == "place":
        within = " OR ".join(_within(cell, str(value)) for value in values)
        return within if condition.operator in ("=", "in") else f"NOT ({within})"
    if column.type == "number":
        cell = micro_of(cell)
    constants = ", ".join(_constant(value, column) for value in values)
    if condition.operator in ("in", "not in"):
        return f"{cell} {condition.operator.upper()} ({constants})"
    return f"{cell} {'<>' if condition.operator == '!=' else condition.operator} {constants}"


def _constant(value: object, column: Column) -> str:
    if column.type == "number":
        return str(micro(float(str(value))))
    if column.type == "boolean":
        return "true" if value else "false"
    if column.type == "date":
        return f"DATE {text(value)}"
    return text(value)


def _within(cell: str, place: str) -> str:
    """The place itself or one inside it; open where a row names only an area around it."""
    code = significant(place)
    first, last = int(code.ljust(_PLACE_DIGITS, "0")), int(code.ljust(_PLACE_DIGITS, "9"))
    around = [str(int(code[:n].ljust(_PLACE_DIGITS, "0"))) for n in _ANCESTORS if n < len(code)]
    open_ = f" WHEN {cell} IN ({', '.join(around)}) THEN NULL" if around else ""
    return (
        f"(CASE WHEN {cell} IS NULL THEN NULL WHEN {cell} BETWEEN {first} AND {last} THEN true{open_} ELSE false END)"
    )


def significant(place: str) -> str:
    """A code without the zeros that only fill it: 620000 is the province 62."""
    for shorter, step in ((9, 3), (6, 3), (4, 2), (2, 2)):
        if len(place) == shorter + step and place.endswith("0" * step):
            place = place[:shorter]
    return place
