"""Households as a file tells them: out of the tables of a survey, and as the sealed text that waits for approval."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa

from zhikun.engine.packs.model import Pack
from zhikun.intake.demo.tables import NOTE
from zhikun.registry.relations import HEAD, from_pack
from zhikun.registry.vocabulary import KEPT_BY_FILE, PERSONAL_FORMATS


@dataclass(slots=True)
class ToldPerson:
    """One member of a household as the file has it. `facts` are without name, number and phone."""

    name: str
    id_number: str = ""
    relation: str = ""
    sex: str = ""
    born_on: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class ToldHousehold:
    """One household as the file has it. `area` is the 12-digit code; `rows`: {entity: [facts, ...]} of what it owns."""

    number: str
    area: int
    people: list[ToldPerson]
    address: str = ""
    phone: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def generated(self) -> bool:
        """Whether the file itself says that nobody of it exists."""
        return bool(self.facts.get("survey_note") == NOTE)

    @property
    def head(self) -> int:
        """The position of the head among the people."""
        return next((n for n, person in enumerate(self.people) if person.relation == HEAD), 0)

    def text(self) -> str:
        """As JSON, to be sealed."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def of_text(cls, text: str) -> ToldHousehold:
        """What `text` gave."""
        held = json.loads(text)
        return cls(**{**held, "people": [ToldPerson(**person) for person in held["people"]]})


def area_code(place: str | None) -> int | None:
    """The 12-digit code of a place as surveys write it (6, 9 or 12 digits)."""
    if not place or not place.isdigit() or len(place) > 12:
        return None
    return int(place.ljust(12, "0"))


def told_households(tables: Mapping[str, pa.Table], pack: Pack) -> Iterator[ToldHousehold]:
    """The accepted households of a survey, in the order of its household table. Facts that are unknown are not there."""
    home = tables["household"]
    people = _by_household(tables["member"], _people(tables["member"], pack))
    others = {
        entity: _by_household(table, _facts(table, pack, entity))
        for entity, table in tables.items()
        if entity not in {"household", "member"}
    }
    numbers, facts = home["household"].to_pylist(), _facts(home, pack, "household")
    places, addresses, phones = (_column(home, name) for name in ("place", "address", "phone"))
    for n, number in enumerate(numbers):
        yield ToldHousehold(
            number=number,
            area=area_code(places[n]) or 0,
            people=people.get(number, []),
            address=addresses[n] or "",
            phone=phones[n] or "",
            facts=facts[n],
            rows={entity: rows[number] for entity, rows in others.items() if number in rows},
        )


def _people(table: pa.Table, pack: Pack) -> list[ToldPerson]:
    names, numbers, relations, sexes, births = (
        _column(table, name) for name in ("name", "id_number", "relation", "sex", "birth_date")
    )
    return [
        ToldPerson(
            name or "", number or "", from_pack(relation) if relation else "", sex or "",
            born.isoformat() if isinstance(born, date) else "", facts,
        )
        for name, number, relation, sex, born, facts in zip(
            names, numbers, relations, sexes, births, _facts(table, pack, "member"), strict=True
        )
    ]  # fmt: skip


def _facts(table: pa.Table, pack: Pack, entity: str) -> list[dict[str, Any]]:
    """For each row its facts that are known and no particulars of a person."""
    columns = [
        (fact.name, plain_values(table[fact.name], fact.type))
        for fact in pack.facts_of(entity)
        if fact.name in table.column_names
        and fact.format not in PERSONAL_FORMATS
        and (entity, fact.name) not in KEPT_BY_FILE
    ]
    names = [name for name, _values in columns]
    if not columns:
        return [{} for _row in range(table.num_rows)]
    return [
        {name: value for name, value in zip(names, row, strict=True) if value is not None}
        for row in zip(*(values for _name, values in columns), strict=True)
    ]


def plain_values(column: pa.ChunkedArray, kind: str) -> list[Any]:
    """A column as JSON has it: days as text, whole numbers without a point."""
    values = column.to_pylist()
    if kind == "number":
        return [int(v) if v is not None and v == int(v) else v for v in values]
    if kind == "date":
        return [None if v is None else v.isoformat() for v in values]
    return list(values)


def _column(table: pa.Table, name: str) -> list[Any]:
    return list(table[name].to_pylist()) if name in table.column_names else [None] * table.num_rows


def _by_household(table: pa.Table, rows: list[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for number, row in zip(table["household"].to_pylist(), rows, strict=True):
        found.setdefault(number, []).append(row)
    return found
