"""From the registry to the engine: the only module that knows both the files of households and the columns of a pack.

A fact of the pack comes from one of three places: what the file itself knows (`OF_THE_FILE`: where they live, who belongs to
whom, when somebody was born), what was recorded, or it is particulars that the engine never sees (`UNSEEN`). Nothing
recorded is a null: unknown.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from zhikun.engine.packs.model import Fact, Pack
from zhikun.registry.facts import Facts, present
from zhikun.registry.models import Household, HouseholdFacts, Membership
from zhikun.registry.panels import is_shared
from zhikun.registry.relations import for_pack
from zhikun.registry.selectors.file import members_now

ID, ROW = "household", "row"
#: Texts that the engine ignores or must not see.
UNSEEN = frozenset({"text"})


@dataclass(frozen=True)
class MemberKnown:
    """What the file itself knows of a member. `key` is the row under which their facts are recorded."""

    key: str
    relation: str
    born_on: date | None
    sex: str


@dataclass(frozen=True)
class HouseholdKnown:
    """What the file itself knows of a household, and its current facts."""

    id: str
    area: int
    members: tuple[MemberKnown, ...]
    facts: Facts


#: Facts of the pack that the file answers, not a recording.
OF_THE_FILE: Mapping[tuple[str, str], Callable[[Any], Any]] = {
    ("household", "place"): lambda household: place_code(household.area),
    ("member", "relation"): lambda member: for_pack(member.relation),
    ("member", "birth_date"): lambda member: member.born_on,
    ("member", "sex"): lambda member: member.sex or None,
}


def place_code(area: int) -> str:
    """The area's code as packs write it: 12 digits of a village, 9 of a township, 6 of a county."""
    text = f"{area:012d}"
    for digits in (6, 9):
        if not text[digits:].strip("0"):
            return text[:digits]
    return text


def known(households: Iterable[Household]) -> list[HouseholdKnown]:
    """The households with their members and current facts, in three queries however many they are."""
    asked = list(households)
    ids = [one.pk for one in asked]
    members: dict[uuid.UUID, list[MemberKnown]] = {}
    rows = Membership.objects.filter(household_id__in=ids, until__isnull=True, person__died_on__isnull=True)
    told = rows.order_by("household_id", "position").values_list(
        "household_id", "person_id", "relation", "person__born_on", "person__sex"
    )
    for household, person, relation, born_on, sex in told:
        members.setdefault(household, []).append(MemberKnown(str(person), relation, born_on, sex))
    facts = dict(HouseholdFacts.objects.filter(household_id__in=ids).values_list("household_id", "values"))
    return [
        HouseholdKnown(str(one.pk), one.area_id, tuple(members.get(one.pk, ())), facts.get(one.pk, {})) for one in asked
    ]


def known_of(household: Household) -> HouseholdKnown:
    """The same of one household whose page is being made: what the page has asked already is not asked again."""
    if not is_shared(household):
        return known([household])[0]
    members = [
        MemberKnown(str(one.person_id), one.relation, one.person.born_on, one.person.sex)
        for one in members_now(household)
        if one.person.died_on is None
    ]
    try:
        facts = household.facts.values
    except HouseholdFacts.DoesNotExist:
        facts = {}
    return HouseholdKnown(str(household.pk), household.area_id, tuple(members), facts)


def tables(pack: Pack, households: Iterable[HouseholdKnown]) -> dict[str, pa.Table]:
    """The facts in the shape of docs/reference/engine-api.md. Households without a row of an entity have none there."""
    asked = list(households)
    found = {ID: _table(pack, ID, [(one.id, None, one, _own(one)) for one in asked])}
    found["member"] = _table(
        pack, "member",
        [
            (one.id, number, member, one.facts.get("member", {}).get(member.key, {}))
            for one in asked
            for number, member in enumerate(one.members, start=1)
        ],
    )  # fmt: skip
    for entity in pack.entities:
        if entity in found:
            continue
        rows = [
            (one.id, number, None, values)
            for one in asked
            for number, values in enumerate(present(one.facts.get(entity, {})).values(), start=1)
        ]
        found[entity] = _table(pack, entity, rows)
    return found


def _own(household: HouseholdKnown) -> Mapping[str, Any]:
    return household.facts.get(ID, {}).get("", {})


def _table(pack: Pack, entity: str, rows: Sequence[tuple[str, int | None, Any, Mapping[str, Any]]]) -> pa.Table:
    columns = {ID: pa.array([row[0] for row in rows], pa.string())}
    if entity != ID:
        columns[ROW] = pa.array([row[1] for row in rows], pa.int32())
    for fact in pack.facts_of(entity):
        if fact.type in UNSEEN:
            continue
        columns[fact.name] = pa.array([_value(fact, known, said) for _id, _row, known, said in rows], ARROW[fact.type])
    return pa.table(columns)


def _value(fact: Fact, known: Any, said: Mapping[str, Any]) -> Any:
    of_file = OF_THE_FILE.get((fact.entity, fact.name))
    if of_file is not None and known is not None:
        value = of_file(known)
        if value is not None:
            return value
    value = said.get(fact.name)
    if value is None:
        return None
    return date.fromisoformat(value) if fact.type == "date" else float(value) if fact.type == "number" else value


#: The column types of docs/reference/engine-api.md.
ARROW = {
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "choice": pa.string(),
    "choices": pa.list_(pa.string()),
    "date": pa.date32(),
    "place": pa.string(),
}
