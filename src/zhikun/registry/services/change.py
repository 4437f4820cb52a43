"""What the verbs about the people of a household share: the day and reason of a change, ending and beginning memberships.

Each of them holds the household's lock, and leaves the household with exactly one head or with nobody.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.audit.services import record as note
from zhikun.identity.masks import mask_birth_date
from zhikun.pages.errors import DomainError
from zhikun.registry import events
from zhikun.registry.errors import HeadMissing, MemberMissing, NeedsReason, WrongDay
from zhikun.registry.models import (
    CategoryHeld,
    Household,
    HouseholdEvent,
    Membership,
    NameKey,
    Person,
    Recording,
)  # fmt: skip
from zhikun.registry.relations import HEAD, RELATIONS
from zhikun.registry.services.guard import locked
from zhikun.registry.services.recording import bump, refresh

Kind = HouseholdEvent.Kind
#: Person -> relation to the head.
Relations = Mapping[uuid.UUID, str]
#: One thing of a household: entity and row.
Row = tuple[str, str]


@dataclass(frozen=True)
class Change:
    """On which day it happened, why it is entered, and which version of the file the officer had on the screen."""

    on: date
    reason: str
    version: int | None = None


def begun(household: Household, change: Change, *, officer: Officer, right: Right = Right.HOUSEHOLD_EDIT) -> Household:
    """The household, locked, once day and reason are in order."""
    stated(change)
    return locked(household.pk, officer=officer, right=right, version=change.version)


def stated(change: Change) -> None:
    """Raises NeedsReason, or WrongDay for a day to come."""
    if not change.reason.strip():
        raise NeedsReason
    if change.on > timezone.localdate():
        raise WrongDay(_("发生日期在今天之后。"))


def members_of(household: Household) -> dict[uuid.UUID, Membership]:
    """Who belongs to the household now, by person, in their order."""
    rows = Membership.objects.now().filter(household=household).select_related("person").order_by("position")
    return {row.person_id: row for row in rows}


def one_of(members: Mapping[uuid.UUID, Membership], person: uuid.UUID) -> Membership:
    """The person's membership. Raises MemberMissing."""
    found = members.get(person)
    if found is None:
        raise MemberMissing
    return found


def end(membership: Membership, on: date, why: str) -> None:
    """The person leaves on the day."""
    if on < membership.since:
        raise WrongDay(_("发生日期早于这位成员加入本户的日期。"))
    membership.until, membership.ended_by = on, why
    membership.save(update_fields=["until", "ended_by"])


def begin(household: Household, person: Person, relation: str, on: date) -> Membership:
    """The person belongs to the household from the day, and is found by name in its area."""
    if relation not in RELATIONS:
        raise DomainError(
            _("“与户主关系”不是国家标准里的代码。"), why="GB/T 4761", remedy=_("请从列表中选择。"), field="relation"
        )
    last = Membership.objects.filter(household=household).order_by("-position").values_list("position", flat=True)
    made = Membership.objects.create(
        household=household, person=person, relation=relation, position=(last.first() or 0) + 1, since=on
    )
    NameKey.objects.filter(person=person).exclude(area=household.area_id).update(area=household.area_id)
    return made


def restate(household: Household, relations: Relations, on: date, home: str = "") -> None:
    """State relations anew: a relation that changed is a new membership, the old one ends. Raises HeadMissing.

    Whoever is not named keeps theirs. Afterwards the household has exactly one head, if it has anybody. `home` is what a
    refusal calls the household, where a change touches two.
    """
    members = members_of(household)
    for person in relations:
        one_of(members, person)
    after = {person: relations.get(person, row.relation) for person, row in members.items()}
    heads = [person for person, relation in after.items() if relation == HEAD]
    if members and len(heads) != 1:
        raise HeadMissing(len(heads), home)
    for person, row in members.items():
        if after[person] == row.relation:
            continue
        if after[person] not in RELATIONS:
            raise DomainError(_("“与户主关系”不是国家标准里的代码。"), why="GB/T 4761", remedy=_("请从列表中选择。"))
        end(row, on, "relation")
        Membership.objects.create(
            household=household, person_id=person, relation=after[person], position=row.position, since=on
        )
    household.head_id = heads[0] if heads else None
    household.people = len(members)
    household.save(update_fields=["head", "people"])


def shut(household: Household, on: date, state: str) -> None:
    """The file is no longer in use: its memberships and categories have ended, it has no head."""
    for row in members_of(household).values():
        end(row, on, "closed" if state == Household.State.CLOSED else "merged")
    for held in CategoryHeld.objects.filter(household=household, until__isnull=True):
        held.until = max(on, held.since)
        held.save(update_fields=["until"])
    household.state, household.people, household.category = state, 0, ""
    household.save(update_fields=["state", "people", "category"])


def carry(source: Household, target: Household, people: Collection[uuid.UUID], rows: Iterable[Row] = ()) -> None:
    """Copy what was said about these people, and about these things, into another household's file.

    Source, day and who said it stay as they are; `came_with` names the recording it was copied from. What the target
    knows already (a person comes back) is not copied again. Facts of the household as a whole stay where they are.
    """
    numbers = _new_numbers(target, rows)
    wanted = {str(pk) for pk in people}
    known = set(Recording.objects.filter(household=target).values_list("pk", flat=True))
    for one in Recording.objects.filter(household=source, withdrawn_at__isnull=True).order_by("recorded_at", "pk"):
        origin = one.came_with.removeprefix("copy:")
        if one.came_with.startswith("copy:") and uuid.UUID(origin) in known:
            continue
        facts = _part(one.facts, wanted, numbers)
        personal = _part(json.loads(one.personal), wanted, numbers) if one.personal else {}
        if not facts and not personal:
            continue
        copy = Recording(
            household=target, source=one.source, source_text=one.source_text, observed_on=one.observed_on,
            recorded_by_id=one.recorded_by_id, came_with=f"copy:{one.pk}", reason=one.reason, facts=facts,
        )  # fmt: skip
        copy.personal = json.dumps(personal, ensure_ascii=False) if personal else None
        copy.save(force_insert=True)


def rows_ever(household: Household, entity: str) -> set[str]:
    """The numbers of all rows of the entity that the file has ever known, removed ones too: none is given twice."""
    every = Recording.objects.filter(household=household).values_list("facts", flat=True)
    return {row for facts in every for row in facts.get(entity, {})}


def next_row(household: Household, entity: str) -> int:
    """The next free number of a dwelling, vehicle ... of this household."""
    return max((int(row) for row in rows_ever(household, entity) if row.isdigit()), default=0) + 1


def _new_numbers(target: Household, rows: Iterable[Row]) -> dict[Row, str]:
    numbers: dict[Row, str] = {}
    following: dict[str, int] = {}
    for entity, row in rows:
        following[entity] = following.get(entity) or next_row(target, entity)
        numbers[entity, row] = str(following[entity])
        following[entity] += 1
    return numbers


def _part(facts: Mapping[str, Any], people: Collection[str], numbers: Mapping[Row, str]) -> dict[str, Any]:
    part: dict[str, Any] = {}
    for entity, rows in facts.items():
        for row, values in rows.items():
            if entity == "member" and row in people:
                part.setdefault(entity, {})[row] = values
            elif (entity, row) in numbers:
                part.setdefault(entity, {})[numbers[entity, row]] = values
    return part


def happened(household: Household, kind: HouseholdEvent.Kind, change: Change, officer: Officer, **details: Any) -> None:
    """An event of the household's timeline: ids, codes and days, no names."""
    HouseholdEvent.objects.create(
        household=household, kind=kind, on=change.on, recorded_by=officer, reason=change.reason.strip()[:200],
        details=details,
    )  # fmt: skip


def concluded(*households: Household, kind: str, change: Change, officer: Officer) -> None:
    """The end of each verb: facts worked out anew, one more version, one entry in the record for each household."""
    for household in households:
        refresh(household)
        bump(household)
    on = mask_birth_date(change.on) if kind == Kind.BORN else change.on.isoformat()
    for household in households:
        note(
            events.CHANGED, by=officer, household=household.pk, subject=household.number, area=household.area_id,
            reason=change.reason.strip(), details={"kind": str(kind), "on": on},
        )  # fmt: skip
