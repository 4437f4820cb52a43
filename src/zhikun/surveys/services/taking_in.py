"""From an accepted visit to the household file: facts, sealed particulars, people who are new."""

from __future__ import annotations

import json
import uuid
from datetime import date
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.places.models import Area
from zhikun.places.selectors import successor
from zhikun.registry.models import Household, HouseholdEvent, Recording
from zhikun.registry.relations import HEAD, from_pack
from zhikun.registry.services import household as households
from zhikun.registry.services import recording as recordings
from zhikun.registry.services.guard import locked
from zhikun.registry.services.home import found_at_home
from zhikun.registry.services.household import NewHousehold, NewMember
from zhikun.registry.services.person import Particulars
from zhikun.registry.sources import SourceKind
from zhikun.registry.sources import Told as Source
from zhikun.registry.vocabulary import pack_in_force
from zhikun.surveys.answers import NEW_ROW, Facts, Told, read
from zhikun.surveys.errors import AnswersRefused, LivesElsewhere
from zhikun.surveys.filed import current, given_rows, rows_of
from zhikun.surveys.models import SelfReport, Visit
from zhikun.surveys.questionnaire import MEMBER

HOUSEHOLD = "household"


def taken_in(visit: Visit, officer: Officer) -> tuple[Household, Recording]:
    """The household with what the visit said; registered now if it was not on file. In the caller's transaction."""
    source = Source(SourceKind.SURVEY, visit.visited_on, came_with=f"visit:{visit.pk}")
    household = visit.assignment.household
    if household is None:
        told = _read(visit, None)
        return _registered(visit, told, source, officer)
    held = locked(household.pk, officer=officer, right=Right.SURVEY_REVIEW)
    told = _read(visit, held)
    _lives_there(held, told)
    own = told.personal.get(HOUSEHOLD, {}).get("", {})
    found_at_home(
        held,
        address=str(own.get("address") or ""),
        phone=str(own.get("phone") or ""),
        on=visit.visited_on,
        officer=officer,
    )
    return held, recorded(held, told, source, officer, right=Right.SURVEY_REVIEW)


def _lives_there(held: Household, told: Told) -> None:
    """The village decides the standard: another one than the file's is never passed over. A township may be all that is told."""
    if told.place and not _contains(told.place, held.area_id):
        # Between the visit and its review the code of the place may have become another.
        now = successor(int(told.place.ljust(12, "0")), timezone.localdate())
        if now is None or not _contains(str(now.new.pk), held.area_id):
            raise LivesElsewhere


def _contains(place: str, area: int) -> bool:
    return f"{area:012d}".startswith(place.ljust(9, "0").removesuffix("000"))


def recorded(held: Household, told: Told, source: Source, officer: Officer, *, right: Right) -> Recording:
    """What was said about a household on file, with new people joined first. The caller holds the lock."""
    names = _joined(held, told, source.observed_on, officer)
    facts = {entity: _renamed(held, entity, rows, names) for entity, rows in told.facts.items()}
    return recordings.record(held, source, facts, personal=told.personal or None, acting_officer=officer, right=right)


def _read(visit: Visit, household: Household | None) -> Told:
    answers = json.loads(visit.answers)
    rows = rows_of(household, current(household)) if household else None
    told = read(pack_in_force(), answers, rows, timezone.localdate(), given_rows(answers, visit.assignment_id))
    if told.faults:
        raise AnswersRefused(told.faults)
    return told


def _registered(visit: Visit, told: Told, source: Source, officer: Officer) -> tuple[Household, Recording]:
    own = told.personal.get(HOUSEHOLD, {}).get("", {})
    members = [_new_member(told, key, phone=own.get("phone", "")) for key in told.people]
    new = NewHousehold(
        _area(told, visit), members, str(own.get("address", "")), told.facts.get(HOUSEHOLD, {}).get("", {}),
        {e: list(rows.values()) for e, rows in told.facts.items() if e not in {HOUSEHOLD, MEMBER}},
    )  # fmt: skip
    household = households.register(new, source, acting_officer=officer, right=Right.SURVEY_REVIEW)
    _declared_before(visit, household, officer)
    return household, Recording.objects.get(household=household, came_with=source.came_with)


def _declared_before(visit: Visit, household: Household, officer: Officer) -> None:
    """What the household had declared of itself before it was on file, so that the two can be held against each other."""
    report = SelfReport.objects.filter(
        assignment=visit.assignment, recording__isnull=True, household__isnull=True, answers_sealed__isnull=False
    ).first()
    if report is None or report.arrived_at is None:
        return
    declared = read(pack_in_force(), json.loads(report.answers or "{}"), None, timezone.localdate())
    own = {HOUSEHOLD: declared.facts[HOUSEHOLD]} if HOUSEHOLD in declared.facts else {}
    day = timezone.localdate(report.arrived_at)
    source = Source(SourceKind.SELF, day, source_text=str(_("自行申报")), came_with=f"report:{report.pk}")
    report.recording = recordings.record(household, source, own, acting_officer=officer, right=Right.SURVEY_REVIEW)
    report.household = household
    report.save()


def _area(told: Told, visit: Visit) -> Area:
    """The village that was chosen at the door, if it lies in the assignment's township; else the assignment's own."""
    planned = visit.assignment.area
    code = int(told.place.ljust(12, "0")) if told.place else planned.pk
    same = Q(code=code) & Q(code__gte=planned.pk // 1000 * 1000, code__lt=planned.pk // 1000 * 1000 + 1000)
    return Area.objects.filter(same).first() or planned


def _new_member(told: Told, key: str, phone: str = "") -> NewMember:
    who = told.people[key]
    relation = from_pack(who["relation"])
    born = who.get("birth_date")
    particulars = Particulars(
        name=who["name"], id_number=who.get("id_number") or "", phone=str(phone) if relation == HEAD else "",
        sex=who.get("sex") or "", born_on=date.fromisoformat(born) if born else None,
    )  # fmt: skip
    return NewMember(particulars, relation, told.facts.get(MEMBER, {}).get(key, {}))


def _joined(held: Household, told: Told, since: date, officer: Officer) -> dict[str, str]:
    """New people made members; under which key of the file each of them stands now."""
    new = {key: _new_member(told, key) for key in told.people}
    if not new:
        return {}
    made = households.joined(held, list(new.values()), since=since, officer=officer)
    held.people += len(made)
    held.save(update_fields=["people"])
    HouseholdEvent.objects.bulk_create(
        HouseholdEvent(
            household=held, kind=HouseholdEvent.Kind.MEMBER_JOINED, on=since, recorded_by=officer,
            details={"person": str(person.pk)},
        )
        for person, _member in made
    )  # fmt: skip
    return dict(zip(new, (str(person.pk) for person, _member in made), strict=True))


def _renamed(held: Household, entity: str, rows: dict[str, dict[str, Any]], names: dict[str, str]) -> dict[str, Any]:
    """The rows under the keys of the file: new things get the next number that no row has ever had."""
    found: Facts = {entity: {}}
    number = 0
    for key, values in rows.items():
        named = names.get(key, key)
        if entity not in {HOUSEHOLD, MEMBER} and key.startswith(NEW_ROW):
            number = number or _last_row(held.pk, entity)
            number += 1
            named = str(number)
        found[entity][named] = values
    return found[entity]


def _last_row(household: uuid.UUID, entity: str) -> int:
    said = Recording.objects.filter(household_id=household).values_list("facts", flat=True)
    return max((int(row) for facts in said for row in facts.get(entity, {}) if row.isdigit()), default=0)
