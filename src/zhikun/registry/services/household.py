"""Opening a household's file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.audit.services import record as note
from zhikun.pages.errors import DomainError
from zhikun.places.models import Area, Level
from zhikun.registry import events
from zhikun.registry.errors import NotAllowedHere, PersonElsewhere
from zhikun.registry.models import Household, HouseholdEvent, Membership, NameKey, Person, Residence
from zhikun.registry.numbering import next_number
from zhikun.registry.relations import HEAD, RELATIONS
from zhikun.registry.services import person as people
from zhikun.registry.services.recording import kept, refresh
from zhikun.registry.sources import Told


@dataclass(frozen=True)
class NewMember:
    """A member as told when the file is opened: particulars, relation to the head (GB/T 4761), facts."""

    particulars: people.Particulars
    relation: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NewHousehold:
    """A household as told. `facts`: its own; `rows`: {entity: [facts, ...]} of dwellings, vehicles ..."""

    area: Area
    members: Sequence[NewMember]
    address: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    number: str = ""


@transaction.atomic
def register(
    new: NewHousehold,
    told: Told,
    *,
    generated: bool = False,
    acting_officer: Officer,
    right: Right = Right.HOUSEHOLD_EDIT,
) -> Household:
    """Open the file of a household with its members, home and what is known, as one act.

    Raises PersonRefused, PersonElsewhere, FactsRefused, or DomainError for a household without exactly one head.
    """
    if not acting_officer.may(right, new.area.pk):
        raise NotAllowedHere
    if new.area.level < Level.TOWNSHIP:
        raise DomainError(
            _("“所在村（社区）”只写到了县。"),
            why=_("低保标准和办理人员都按乡镇、村确定。"),
            remedy=_("请选到村（社区）。"),
            field="area",
        )
    heads = [member for member in new.members if member.relation == HEAD]
    if len(heads) != 1:
        raise DomainError(
            _("应有且只有一位户主，现在有 {n} 位。").format(n=len(heads)),
            remedy=_("请在“与户主关系”里选定一位户主。"),
            field="members",
        )
    household = Household.objects.create(
        number=new.number or next_number(new.area.pk, told.observed_on.year), area=new.area, people=len(new.members),
        registered_by=acting_officer, generated=generated,
    )  # fmt: skip
    household.address = new.address or None
    members = joined(household, new.members, since=told.observed_on, officer=acting_officer, generated=generated)
    household.head = next(person for person, member in members if member.relation == HEAD)
    household.save()
    home = Residence(household=household, area=new.area, since=told.observed_on)
    home.address = new.address or None
    home.save()
    facts = {
        "household": {"": new.facts} if new.facts else {},
        "member": {str(person.pk): member.facts for person, member in members if member.facts},
        **{entity: {str(n): row for n, row in enumerate(rows, start=1)} for entity, rows in new.rows.items()},
    }
    kept(household, told, {entity: rows for entity, rows in facts.items() if rows}, by=acting_officer)
    refresh(household)
    HouseholdEvent.objects.create(
        household=household, kind=HouseholdEvent.Kind.REGISTERED, on=told.observed_on, recorded_by=acting_officer,
        details={"people": len(members), "source": told.source},
    )  # fmt: skip
    note(
        events.REGISTERED, by=acting_officer, household=household.pk, subject=household.number, area=new.area.pk,
        details={"source": told.source, "people": len(members)},
    )  # fmt: skip
    return household


def joined(
    household: Household, members: Sequence[NewMember], *, since: date, officer: Officer, generated: bool = False
) -> list[tuple[Person, NewMember]]:
    """The members as people of this household: known ones found by their number, others made. Raises PersonElsewhere."""
    made = []
    position = Membership.objects.filter(household=household).count()
    for member in members:
        if member.relation not in RELATIONS:
            raise DomainError(
                _("“与户主关系”不是国家标准里的代码。"), why="GB/T 4761", remedy=_("请从列表中选择。"), field="relation"
            )
        given = people.checked(member.particulars)
        person = _known(given, officer)
        if person is None:
            person = people.created(given, area=household.area_id, generated=generated)
        else:
            # They are looked for where they live now.
            NameKey.objects.filter(person=person).exclude(area=household.area_id).update(area=household.area_id)
        position += 1
        Membership.objects.create(
            household=household, person=person, relation=member.relation, position=position, since=since
        )
        made.append((person, member))
    return made


def _known(given: people.Particulars, officer: Officer) -> Person | None:
    """The person known under the same document, if they are in no household now."""
    person = people.by_number(given.id_kind, given.id_number)
    if person is None:
        return None
    now = Membership.objects.filter(person=person, until__isnull=True).select_related("household").first()
    if now is not None:
        visible = officer.may(Right.HOUSEHOLD_VIEW, now.household.area_id)
        raise PersonElsewhere(now.household.number if visible else "", str(now.household_id) if visible else "")
    if person.died_on and person.died_on <= timezone.localdate():
        raise DomainError(
            _("这个证件号码的人已登记死亡。"),
            remedy=_("请核对号码；如死亡登记有误，请先在原户更正。"),
            field="id_number",
        )
    return person
