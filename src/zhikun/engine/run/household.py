"""The facts of one household as plain Python values: what single.py runs on.

A page asks for one household. Reading its few rows column by column as Python is twenty times as fast as making arrays of
them. Whatever is not as it should be goes through facts.py instead, which says what is wrong in the words users know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import repeat
from typing import Any

import pyarrow as pa

from zhikun.engine.packs.model import Fact
from zhikun.engine.plan.model import Plan
from zhikun.engine.run.facts import ALL_BITS, ID, ROW, Block, entities_of, load

Key = tuple[str, str]
LARGEST = 1e9  # of a fact; see facts.py
NO_SET = (0, int(ALL_BITS))  # a set of which nothing is known
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class OneHousehold:
    """One household's facts: of the household a value, of an entity a list with one for each row; None where unknown.

    Numbers are floats on the grid, codes their places, dates days since 1970, places 12-digit numbers, sets (bits, unknown
    bits). `counts`: how many rows each entity has.
    """

    values: Mapping[Key, Any]
    counts: Mapping[str, int]

    @staticmethod
    def of_block(block: Block) -> OneHousehold:
        """A block of one household."""
        values = {key: _opened(*value) for key, value in block.values.items()}
        return OneHousehold(
            {key: rows[0] if key[0] == ID else rows for key, rows in values.items()},
            {entity: rows.count for entity, rows in block.frame.rows.items()},
        )


class _Unusual(Exception):
    """Something that facts.py has to look at."""


def one_household(plan: Plan, tables: Mapping[str, pa.Table]) -> OneHousehold:
    """The facts of the one household in `tables`. Raises FactsError as `load` does."""
    try:
        return _read(plan, tables)
    except _Unusual:
        return OneHousehold.of_block(load(plan, tables))


def _read(plan: Plan, tables: Mapping[str, pa.Table]) -> OneHousehold:
    household = tables[ID]
    if household.num_rows != 1:
        raise _Unusual
    columns = {entity: set(table.column_names) for entity, table in tables.items()}
    if any(ID not in names for names in columns.values()):
        raise _Unusual
    own = household.column(ID)[0].as_py()
    entities = entities_of(plan)
    for entity in entities:
        if entity in tables:
            _check_rows(tables[entity], own)
    counts = {entity: tables[entity].num_rows if entity in tables else 0 for entity in entities}
    values: dict[Key, Any] = {}
    for step in plan.facts:
        entity, name, fact = step.entity, step.name, step.fact
        if fact is None:
            continue
        count = 1 if entity == ID else counts[entity]
        rows: list[Any] = [None] * count
        if entity in tables and name in columns[entity]:
            rows = tables[entity].column(name).to_pylist()
        plain = _READERS[fact.type]
        found = [_unknown(fact) if row is None else plain(fact, row) for row in rows]
        values[entity, name] = found[0] if entity == ID else found
    return OneHousehold(values, counts)


def _check_rows(table: pa.Table, own: object) -> None:
    if any(owner != own for owner in table.column(ID).to_pylist()):
        raise _Unusual
    if ROW in table.column_names:
        numbers = table.column(ROW).to_pylist()
        if (None in numbers and any(numbers)) or (None not in numbers and numbers != sorted(numbers)):
            raise _Unusual


def _unknown(fact: Fact) -> Any:
    return NO_SET if fact.type == "choices" else None


def _number(fact: Fact, value: Any) -> float:
    if value.__class__ is not float and value.__class__ is not int:
        raise _Unusual
    if not -LARGEST <= value <= LARGEST:
        raise _Unusual
    scale = 10.0**fact.decimals
    scaled = float(value) * scale
    whole = round(scaled)
    if abs(scaled - whole) > 1e-3:
        raise _Unusual
    return whole / scale


def _boolean(_fact: Fact, value: Any) -> bool:
    if value.__class__ is not bool:
        raise _Unusual
    return bool(value)


def _choice(fact: Fact, value: Any) -> int:
    for place, code in enumerate(fact.choices):
        if code == value:
            return place
    raise _Unusual


def _choices(fact: Fact, value: Any) -> tuple[int, int]:
    bits = 0
    for code in value:
        bits |= 1 << _choice(fact, code)
    return bits, 0


def _date(_fact: Fact, value: Any) -> int:
    if value.__class__ is not date:
        raise _Unusual
    return int(value.toordinal()) - _EPOCH


def _place(_fact: Fact, value: Any) -> int:
    if not (isinstance(value, str) and value.isdigit() and len(value) in (6, 9, 12)):
        raise _Unusual
    return int(value.ljust(12, "0"))


_READERS: dict[str, Callable[[Fact, Any], Any]] = {
    "number": _number,
    "boolean": _boolean,
    "choice": _choice,
    "choices": _choices,
    "date": _date,
    "place": _place,
}


def _opened(data: Any, known: Any) -> list[Any]:
    """A fact's array as Python values, None where unknown."""
    items: list[Any] = data.tolist()
    if data.dtype.kind == "u":  # sets: bits, and which are unknown
        return list(zip(items, repeat(0) if known is None else known.tolist(), strict=False))
    if known is None:
        return items
    return [item if sure else None for item, sure in zip(items, known.tolist(), strict=True)]
