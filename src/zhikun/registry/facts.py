"""From recordings to the current facts of a household: which value stands, where it comes from, what contradicts it.

Pure: no database. The order of sources and what counts as a contradiction stand in sources.py.

How a value is found, fact by fact:
1. of each source only its latest statement counts (by the day it speaks of, then by when it was recorded);
2. "asked, and not known" gives way to any source that knows;
3. what lies more than COMPARED_DAYS behind the latest of them speaks of other circumstances: it stands behind the rest;
4. of what is left the source of the highest precedence wins. What a person settled wins over all.
Nothing said, or nobody knows: the fact is not there, which is unknown, never zero.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from zhikun.registry.sources import COMPARED_DAYS, CONTRADICTS, PRECEDENCE, TOLERANCE, SourceKind

#: A row (a dwelling, a vehicle) that is no longer there carries this fact, true.
REMOVED = "_removed"

Facts = Mapping[str, Mapping[str, Mapping[str, Any]]]
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Said:
    """One recording, as far as it matters here."""

    id: uuid.UUID
    source: str
    observed_on: date
    recorded_at: datetime
    facts: Facts


@dataclass(frozen=True)
class Side:
    """One source's statement of one fact."""

    recording: uuid.UUID
    source: str
    observed_on: date
    recorded_at: datetime
    value: Any


@dataclass(frozen=True)
class Clash:
    """A fact of which two sources say different things; the strongest first."""

    key: Key
    sides: tuple[Side, ...]


@dataclass
class Current:
    """The current facts: values and the recordings they come from, in the shape of HouseholdFacts; and the clashes."""

    values: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    origins: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    clashes: list[Clash] = field(default_factory=list)

    def put(self, key: Key, side: Side) -> None:
        """Let the statement stand."""
        entity, row, fact = key
        self.values.setdefault(entity, {}).setdefault(row, {})[fact] = side.value
        self.origins.setdefault(entity, {}).setdefault(row, {})[fact] = str(side.recording)


def work_out(said: Iterable[Said]) -> Current:
    """The current facts of one household out of all its recordings that were not withdrawn."""
    current = Current()
    for key, ranked in statements(said).items():
        if ranked and ranked[0].value is not None:
            current.put(key, ranked[0])
        differing = contradicting(ranked)
        if len(differing) > 1 and key[2] != REMOVED:
            current.clashes.append(Clash(key, differing))
    return current


def statements(said: Iterable[Said]) -> dict[Key, list[Side]]:
    """Fact by fact, the latest statement of each source, the strongest first."""
    found: dict[Key, list[Side]] = {}
    for one in said:
        for key, value in walk(one.facts):
            side = Side(one.id, one.source, one.observed_on, one.recorded_at, value)
            found.setdefault(key, []).append(side)
    return {key: strongest_first(found[key]) for key in sorted(found)}


def walk(facts: Facts) -> Iterator[tuple[Key, Any]]:
    """Every fact with its entity and row."""
    for entity, rows in facts.items():
        for row, values in rows.items():
            for fact, value in values.items():
                yield (entity, row, fact), value


def of_members(facts: Facts, people: Collection[str]) -> Facts:
    """The facts without those of people who are not among these."""
    members = facts.get("member")
    if not members or all(person in people for person in members):
        return facts
    return {**facts, "member": {person: said for person, said in members.items() if person in people}}


def strongest_first(sides: Iterable[Side]) -> list[Side]:
    """The latest statement of each source: known before not known, of these times before long ago, then by precedence and day.

    Without the second a decision or a check of years ago would stand for ever over every later visit, and nobody would see it.
    """
    latest: dict[str, Side] = {}
    for side in sides:
        held = latest.get(side.source)
        if held is None or (side.observed_on, side.recorded_at) >= (held.observed_on, held.recorded_at):
            latest[side.source] = side
    newest = max((side.observed_on for side in latest.values() if side.value is not None), default=date.min)
    return sorted(
        latest.values(),
        key=lambda s: (
            s.value is not None,
            (newest - s.observed_on).days <= COMPARED_DAYS.days,
            PRECEDENCE[s.source],
            s.observed_on,
            s.recorded_at,
        ),
        reverse=True,
    )


def contradicting(ranked: list[Side]) -> tuple[Side, ...]:
    """The statements that contradict the one that stands, that one first; alone: no contradiction.

    What was on the table when a person settled the fact contradicts no more; what was recorded after it may. What lies long
    before the one that stands is held against it only where it is of a stronger source, which gave way to time alone.
    """
    known = [side for side in ranked if side.value is not None]
    if not known:
        return ()
    first = known[0]
    others = [
        side
        for side in known[1:]
        if frozenset({first.source, side.source}) in CONTRADICTS
        and (
            abs((first.observed_on - side.observed_on).days) <= COMPARED_DAYS.days
            or PRECEDENCE[side.source] > PRECEDENCE[first.source]
        )
        and not (first.source == SourceKind.SETTLED and side.recorded_at <= first.recorded_at)
        and not agree(first.value, side.value)
    ]
    return (first, *others)


def agree(one: Any, other: Any) -> bool:
    """Whether two statements say the same, small differences of amounts aside."""
    numbers = (int, float)
    if (
        isinstance(one, numbers)
        and isinstance(other, numbers)
        and not isinstance(one, bool)
        and not isinstance(other, bool)
    ):
        apart = abs(one - other)
        return apart <= TOLERANCE.amount or apart <= TOLERANCE.share * max(abs(one), abs(other))
    if isinstance(one, list) and isinstance(other, list):
        return sorted(map(str, one)) == sorted(map(str, other))
    return bool(one == other)


def present(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The rows of an entity that are still there."""
    return {row: values for row, values in rows.items() if values.get(REMOVED) is not True}
