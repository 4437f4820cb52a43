"""Households as plain dictionaries, as the engine's tables, and at random: on thresholds, beside them, unknown, empty."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from zhikun.engine.packs.model import Fact, Pack

ARROW = {
    "number": pa.float64(), "boolean": pa.bool_(), "choice": pa.string(), "choices": pa.list_(pa.string()),
    "date": pa.date32(), "place": pa.string(), "text": pa.string(),
}  # fmt: skip
LARGEST = 10**9


Row = dict[str, Any]
Rows = dict[str, list[Row]]  # entity -> rows; the household has one


def household(pack: Pack, known: Mapping[str, Any]) -> Rows:
    """{'income': 1, 'member': [{...}]} as rows by entity."""
    rows: Rows = {entity: [dict(row) for row in known.get(entity, ())] for entity in pack.entities}
    rows["household"] = [{name: value for name, value in known.items() if name not in pack.entities}]
    return rows


def tables(pack: Pack, households: Sequence[Rows], ids: Sequence[Any] | None = None) -> dict[str, pa.Table]:
    """Rows as the engine takes them: one table for each entity, a column for every fact."""
    ids = [f"H{number:04}" for number in range(len(households))] if ids is None else ids
    kind = pa.int64() if ids and isinstance(ids[0], int) else pa.string()
    found = {}
    for entity in pack.entities:
        owned = [
            (i, n, row)
            for i, rows in zip(ids, households, strict=True)
            for n, row in enumerate(rows.get(entity, ()), 1)
        ]
        columns = {"household": pa.array([i for i, _n, _row in owned], kind)}
        if entity != "household":
            columns["row"] = pa.array([n for _i, n, _row in owned], pa.int32())
        for fact in pack.facts_of(entity):
            columns[fact.name] = pa.array([row.get(fact.name) for _i, _n, row in owned], ARROW[fact.type])
        found[entity] = pa.table(columns)
    return found


class Chance:
    """Random households of a pack, thresholds included."""

    def __init__(self, pack: Pack, day: date, seed: int, unknown: float | None = None) -> None:
        self.pack = pack
        self.day = day
        self.random = random.Random(seed)
        self.unknown = self.random.choice([0.0, 0.05, 0.1, 0.2]) if unknown is None else unknown
        self.constants = constants(pack)
        self.places = sorted({v.place for s in pack.standards.values() for v in s.values if v.place})

    def households(self, count: int) -> list[Rows]:
        """`count` households; some have no rows of an entity."""
        return [self.household() for _number in range(count)]

    def household(self) -> Rows:
        """One household."""
        rows: Rows = {"household": [self.row("household")]}
        for entity in self.pack.entities:
            if entity != "household":
                count = self.random.choice([0, 1, 1, 2, 2, 3, 4] if entity == "member" else [0, 0, 1, 1, 2, 3])
                rows[entity] = [self.row(entity) for _number in range(count)]
        return rows

    def row(self, entity: str) -> Row:
        """One row; an unknown fact is left out."""
        facts = self.pack.facts_of(entity)
        return {f.name: self.fact(f) for f in facts if f.type != "text" and self.random.random() >= self.unknown}

    def fact(self, fact: Fact) -> Any:
        """A value that the fact may have."""
        if fact.type == "number":
            return self.number(fact)
        if fact.type == "boolean":
            return self.random.random() < 0.5
        if fact.type == "choice":
            return self.random.choice(list(fact.choices))
        if fact.type == "choices":
            share = self.random.choice([0.0, 0.1, 0.5])
            return [code for code in fact.choices if self.random.random() < share]
        if fact.type == "date":
            return self.date()
        return self.place()

    def number(self, fact: Fact) -> float:
        """A number on a threshold of the pack, beside one, or anywhere, inside the fact's limits and decimals."""
        low = (
            Decimal(str(fact.min))
            if fact.min is not None
            else Decimal(-LARGEST if self.random.random() < 0.02 else -1000)
        )
        high = (
            Decimal(str(fact.max))
            if fact.max is not None
            else Decimal(LARGEST if self.random.random() < 0.02 else 100_000)
        )
        grain = Decimal(1).scaleb(-fact.decimals)
        choice = self.random.random()
        if choice < 0.6:
            value = self.random.choice(self.constants) * self.random.choice([1, 1, 1, 2, 3, 4, 12, 24, 36, 48])
            value += self.random.choice([0, 0, 1, -1]) * grain
        elif choice < 0.75:
            value = Decimal(self.random.randint(0, 12))
        else:
            value = low + (min(high, low + 200_000) - low) * Decimal(str(round(self.random.random(), 6)))
        value = value.quantize(grain)
        return float(min(max(value, low), high).quantize(grain))

    def date(self) -> date:
        """A day: an anniversary of the day of assessment, beside one, a 29 February, or anywhere in 95 years."""
        if self.random.random() < 0.5:
            years = self.random.choice([0, 1, 3, 6, 14, 16, 18, 45, 55, 59, 60, 65, 70, 80, 90])
            start = date(self.day.year - years, self.day.month, min(self.day.day, 28))
            return start + timedelta(days=self.random.choice([-1, 0, 0, 1]))
        if self.random.random() < 0.2:
            return date(self.random.choice([1940, 1960, 1964, 1996, 2004, 2008, 2020, 2024]), 2, 29)
        return self.day - timedelta(days=self.random.randint(0, 95 * 365))

    def place(self) -> str:
        """A place of the pack, one of its standards' places, or a village below one."""
        root = self.random.choice([self.pack.place or "640402", *self.places])
        if self.random.random() < 0.3:
            root = root.ljust(9, "0")[:9] if len(root) > 6 else root + self.random.choice(["001", "002", "003"])
        if len(root) == 9 and self.random.random() < 0.3:
            root += self.random.choice(["001", "002"])
        return root


def constants(pack: Pack) -> list[Decimal]:
    """Every number written in a pack: in formulas, standards and tables."""
    found: set[Decimal] = {Decimal(0), Decimal(1)}
    for formula in _formulas(pack):
        found.update(Decimal(text) for text in re.findall(r"(?<![\w'])\d+(?:\.\d+)?", formula))
    for standard in pack.standards.values():
        found.update(Decimal(str(v.value)) for v in standard.values if standard.type == "number")
    for table in pack.tables.values():
        for version in table.versions:
            for keys, _value in version.rows:
                for part in keys:
                    if isinstance(part, tuple):
                        found.update(Decimal(str(edge)) for edge in part if edge is not None)
    return sorted(found)


def _formulas(pack: Pack) -> Iterable[str]:
    for rule in pack.rules.values():
        yield from (version.formula for version in rule.versions)
        for decision in rule.decisions:
            yield from (part for branch in decision.branches for part in (branch.when, branch.then))
        yield from (item.when for item in rule.items)
    yield from (fact.asked_when for fact in pack.facts.values())
