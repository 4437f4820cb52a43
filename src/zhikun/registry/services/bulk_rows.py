"""New files of a block of households as rows: people, memberships, homes, recordings, current facts, search keys, history.

The same rows that `household.register` writes one by one. Sealing, indexes and search keys are made by the column, because
three million people are three million names and numbers; a name's keys are made once, for names repeat.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import models

from zhikun.accounts.models import Officer
from zhikun.identity.documents import DocumentKind
from zhikun.identity.numbers import check_id_numbers
from zhikun.identity.sealing import index_many, seal_many
from zhikun.privacy import Sealed, algorithm, ring
from zhikun.privacy.rows import insert
from zhikun.registry.models import (
    Household,
    HouseholdEvent,
    HouseholdFacts,
    Membership,
    NameKey,
    Person,
    Recording,
    Residence,
)
from zhikun.registry.services.importing_judge import Verdict, particulars
from zhikun.registry.services.importing_told import ToldHousehold
from zhikun.registry.services.person import Particulars, name_indexes
from zhikun.registry.sources import Told

_PERSON = ("id", "name_sealed", "id_kind", "id_number_sealed", "id_number_index", "phone_sealed", "sex", "born_on",
           "died_on", "generated")  # fmt: skip
_NAME_KEY = ("person", "key", "area")
_HOUSEHOLD = ("id", "number", "area", "address_sealed", "head", "people", "category", "state", "merged_into", "version",
              "registered_at", "registered_by", "changed_at", "generated", "open_contradictions")  # fmt: skip
_MEMBERSHIP = ("id", "household", "person", "relation", "position", "since", "until", "ended_by")
_RESIDENCE = ("id", "household", "area", "address_sealed", "since", "until")
_FACTS = ("household", "values", "origins", "worked_out_at")
_RECORDING = ("id", "household", "source", "source_text", "observed_on", "recorded_at", "recorded_by", "came_with", "reason",
              "facts", "personal_sealed", "withdrawn_at", "withdrawn_by", "withdrawn_why")  # fmt: skip
_EVENT = ("id", "household", "kind", "on", "recorded_at", "recorded_by", "reason", "details")


@dataclass(frozen=True)
class Come:
    """With what households come: what is said of them all, by whom it is recorded, at which moment."""

    told: Told
    by: Officer
    at: datetime
    generated: bool = False


@dataclass
class _Block:
    people: list[tuple[Any, ...]] = field(default_factory=list)
    keys: list[tuple[Any, ...]] = field(default_factory=list)
    households: list[tuple[Any, ...]] = field(default_factory=list)
    memberships: list[tuple[Any, ...]] = field(default_factory=list)
    residences: list[tuple[Any, ...]] = field(default_factory=list)
    facts: list[tuple[Any, ...]] = field(default_factory=list)
    recordings: list[tuple[Any, ...]] = field(default_factory=list)
    events: list[tuple[Any, ...]] = field(default_factory=list)


@dataclass(frozen=True)
class _Somebody:
    id: uuid.UUID
    given: Particulars
    area: int
    generated: bool
    is_new: bool


def open_files(households: Sequence[tuple[ToldHousehold, Verdict]], come: Come) -> list[uuid.UUID]:
    """Write the files of these households, which are judged to be new, in the caller's transaction. Their ids, in order."""
    ids = new_ids(len(households))
    people = _people(households, come)
    block = _Block()
    _add_people(block, [person for one in people for person in one])
    _add_households(block, ids, households, people, come)
    homes = new_ids(len(ids))
    addresses = [one.address or None for one, _verdict in households]
    closed = sealed(Residence, Residence.address, homes, addresses)
    block.residences = [
        (home, id_, one.area, address, come.told.observed_on, None)
        for home, id_, address, (one, _verdict) in zip(homes, ids, closed, households, strict=True)
    ]
    _write(block)
    return ids


def _people(households: Sequence[tuple[ToldHousehold, Verdict]], come: Come) -> list[list[_Somebody]]:
    """Everybody with their id: the known by the verdict's, the others new; particulars out of the number where it says."""
    given = [[particulars(one, n) for n in range(len(one.people))] for one, _verdict in households]
    flat = [person for one in given for person in one]
    check = check_id_numbers([person.id_number for person in flat])
    born, sexes = iter(check.birth_date.to_pylist()), iter(check.sex.to_pylist())
    fresh = iter(new_ids(len(flat)))
    found = []
    for (one, verdict), people in zip(households, given, strict=True):
        known = verdict.persons or (None,) * len(people)
        row = []
        for person, held in zip(people, known, strict=True):
            day, sex, id_ = next(born), next(sexes), next(fresh)
            whole = Particulars(
                person.name, person.id_number, person.id_kind, person.phone, sex or person.sex, day or person.born_on
            )
            row.append(_Somebody(held or id_, whole, one.area, come.generated or one.generated, held is None))
        found.append(row)
    return found


def _add_people(block: _Block, people: list[_Somebody]) -> None:
    """The rows of the new; the known are brought up to date in place. All are found by name in their area."""
    new = [one for one in people if one.is_new]
    ids = [one.id for one in new]
    numbers = [one.given.id_number or None for one in new]
    block.people = list(
        zip(
            ids,
            sealed(Person, Person.name, ids, [one.given.name for one in new]),
            [one.given.id_kind for one in new],
            sealed(Person, Person.id_number, ids, numbers),
            index_many(ring(), "id_number", [n and f"{DocumentKind.RESIDENT}:{n}" for n in numbers]),
            sealed(Person, Person.phone, ids, [one.given.phone or None for one in new]),
            [one.given.sex for one in new],
            [one.given.born_on for one in new],
            [None] * len(new),
            [one.generated for one in new],
            strict=True,
        )
    )
    back = [one for one in people if not one.is_new]
    _bring_up_to_date(back)
    held = ring()
    version = held.index_versions[-1], held.id
    block.keys = [(one.id, key, one.area) for one in people for key in _name_keys(one.given.name, version)]


def _bring_up_to_date(people: list[_Somebody]) -> None:
    """People who are known and in no household now: the file fills in what nobody has said, and they are found where they
    live now. What is known of them stays; an import corrects nobody.
    """
    # By key, as a renewal of keys walks: two that lock the same people wait for each other, neither for ever.
    held = Person.objects.select_for_update(no_key=True).order_by("pk").in_bulk([one.id for one in people])
    for one in people:
        person = held[one.id]
        if one.given.phone and not person.phone:
            person.phone = one.given.phone
        person.sex, person.born_on = person.sex or one.given.sex, person.born_on or one.given.born_on
        person.save()
    NameKey.objects.filter(person_id__in=[one.id for one in people]).delete()


@lru_cache(maxsize=200_000)
def _name_keys(name: str, version: tuple[int, str]) -> tuple[bytes, ...]:
    """The keys of a name in the index version that is written; another version is another entry."""
    return tuple(dict.fromkeys(name_indexes(name)))


def _add_households(
    block: _Block,
    ids: list[uuid.UUID],
    households: Sequence[tuple[ToldHousehold, Verdict]],
    people: list[list[_Somebody]],
    come: Come,
) -> None:
    told, recordings, events = come.told, new_ids(len(ids)), new_ids(len(ids))
    memberships = iter(new_ids(sum(map(len, people))))
    addresses = sealed(Household, Household.address, ids, [one.address or None for one, _v in households])
    for n, (one, _verdict) in enumerate(households):
        row = people[n]
        block.households.append(
            (ids[n], one.number, one.area, addresses[n], row[one.head].id, len(row), "", Household.State.OPEN.value, None, 1,
             come.at, come.by.pk, come.at, come.generated or one.generated, 0)
        )  # fmt: skip
        block.memberships += [
            (next(memberships), ids[n], person.id, one.people[m].relation, m + 1, told.observed_on, None, "")
            for m, person in enumerate(row)
        ]
        facts = facts_of(one, [person.id for person in row])
        text = _json(facts)
        block.recordings.append(
            (recordings[n], ids[n], str(told.source), told.source_text, told.observed_on, come.at, come.by.pk, told.came_with,
             told.reason, text, None, None, None, "")
        )  # fmt: skip
        block.facts.append((ids[n], text, _json(_origins(facts, str(recordings[n]))), come.at))
        details = {"people": len(row), "source": str(told.source)}
        block.events.append(
            (events[n], ids[n], HouseholdEvent.Kind.REGISTERED.value, told.observed_on, come.at, come.by.pk, "", _json(details))
        )  # fmt: skip


def facts_of(one: ToldHousehold, people: Sequence[uuid.UUID]) -> dict[str, dict[str, dict[str, Any]]]:
    """What the file says of the household in the shape of a recording; `people` are its members' ids in order."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    if one.facts:
        found["household"] = {"": one.facts}
    members = {str(id_): person.facts for id_, person in zip(people, one.people, strict=True) if person.facts}
    if members:
        found["member"] = members
    for entity, rows in one.rows.items():
        if rows:
            found[entity] = {str(n): row for n, row in enumerate(rows, start=1)}
    return found


def _origins(facts: dict[str, dict[str, dict[str, Any]]], recording: str) -> dict[str, dict[str, dict[str, str]]]:
    return {
        entity: {row: dict.fromkeys(values, recording) for row, values in rows.items()}
        for entity, rows in facts.items()
    }


#: Made once: json.dumps would make it anew for each of millions of texts.
_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def sealed(
    model: type[models.Model], field_: Sealed[Any], ids: Sequence[uuid.UUID], values: Iterable[str | None]
) -> list[bytes | None]:
    bindings = [field_.binding(model, id_) for id_ in ids]
    return seal_many(ring(), field_.purpose, bindings, values, algorithm())


def new_ids(count: int) -> list[uuid.UUID]:
    """Ids in the order of time (RFC 9562, version 7): rows that come together lie together in the indexes."""
    moment = (time.time_ns() // 1_000_000) << 80
    chance = os.urandom(10 * count)
    low, version = (1 << 62) - 1, 0x7 << 76
    ids = []
    for start in range(0, 10 * count, 10):
        bits = int.from_bytes(chance[start : start + 10], "big")
        ids.append(uuid.UUID(int=moment | version | ((bits >> 62) & 0xFFF) << 64 | 0x2 << 62 | bits & low))
    return ids


def _write(block: _Block) -> None:
    """People first, then households, then what belongs to both."""
    insert(Person, _PERSON, block.people)
    insert(NameKey, _NAME_KEY, block.keys)
    insert(Household, _HOUSEHOLD, block.households)
    insert(Membership, _MEMBERSHIP, block.memberships)
    insert(Residence, _RESIDENCE, block.residences)
    insert(Recording, _RECORDING, block.recordings)
    insert(HouseholdFacts, _FACTS, block.facts)
    insert(HouseholdEvent, _EVENT, block.events)
