"""What happens to the people of a household: birth, marriage, joining, leaving, death; and what was written of them wrongly."""

from __future__ import annotations

import uuid
from dataclasses import replace

from django.db import transaction
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.pages.errors import DomainError
from zhikun.registry.errors import HeadMissing, LeavesNobody, PersonElsewhere, PersonRefused, WrongDay
from zhikun.registry.models import Household, Membership, NameKey, Person
from zhikun.registry.reasons import LeavingReason
from zhikun.registry.relations import HEAD
from zhikun.registry.services import person as people
from zhikun.registry.services.change import (
    Change,
    Kind,
    Relations,
    begin,
    begun,
    carry,
    concluded,
    end,
    happened,
    members_of,
    one_of,
    restate,
    shut,
    stated,
)  # fmt: skip
from zhikun.registry.services.guard import locked
from zhikun.registry.services.household import NewMember
from zhikun.registry.services.recording import kept
from zhikun.registry.sources import SourceKind, Told


@transaction.atomic
def joins(household: Household, new: NewMember, change: Change, *, acting_officer: Officer) -> Person:
    """Somebody joins: a person new to the registry, one who is in no household, or one of a household in scope."""
    return _arrives(household, new, change, Kind.MEMBER_JOINED, acting_officer)


@transaction.atomic
def marries(household: Household, spouse: NewMember, change: Change, *, acting_officer: Officer) -> Person:
    """A husband or wife moves in, with what is known of them, out of another household where they had one."""
    return _arrives(household, spouse, change, Kind.MARRIED, acting_officer)


@transaction.atomic
def born(household: Household, child: NewMember, change: Change, *, acting_officer: Officer) -> Person:
    """A child is born into the household on the day. It may have no number yet."""
    given = child.particulars
    if given.id_number and people.by_number(given.id_kind, given.id_number):
        raise PersonRefused(_("这个证件号码已经登记过。"), _("新生儿还没有号码的请留空，以后再更正。"))
    newborn = replace(given, born_on=given.born_on or change.on)
    return _arrives(household, replace(child, particulars=newborn), change, Kind.BORN, acting_officer)


@transaction.atomic
def leaves(
    household: Household,
    person: uuid.UUID,
    why: str,
    change: Change,
    *,
    staying: Relations | None = None,
    acting_officer: Officer,
) -> None:
    """Somebody belongs to the household no longer. When it is the head, `staying` names the new one."""
    held = begun(household, change, officer=acting_officer)
    members = members_of(held)
    gone = one_of(members, person)
    if len(members) == 1:
        raise LeavesNobody
    if why not in LeavingReason.values:
        raise DomainError(_("没有选择离开的原因。"), remedy=_("请从列表中选择。"), field="why")
    end(gone, change.on, why)
    restate(held, staying or {}, change.on)
    happened(held, Kind.MEMBER_LEFT, change, acting_officer, person=str(person), why=why)
    concluded(held, kind=Kind.MEMBER_LEFT, change=change, officer=acting_officer)


@transaction.atomic
def died(
    household: Household,
    person: uuid.UUID,
    change: Change,
    *,
    staying: Relations | None = None,
    acting_officer: Officer,
) -> None:
    """A member died on the day. When it was the head, `staying` names the new one; after the last, the file is closed."""
    held = begun(household, change, officer=acting_officer)
    members = members_of(held)
    gone = one_of(members, person)
    # One answer for both, or trying one day after the other would tell the day of birth.
    if change.on < max(gone.since, gone.person.born_on or gone.since):
        raise WrongDay(_("死亡日期早于出生或加入本户的日期。"))
    gone.person.died_on = change.on
    gone.person.save(update_fields=["died_on"])
    happened(held, Kind.DIED, change, acting_officer, person=str(person))
    end(gone, change.on, "died")
    if len(members) == 1:
        shut(held, change.on, Household.State.CLOSED)
        happened(held, Kind.CLOSED, change, acting_officer)
    else:
        restate(held, staying or {}, change.on)
    concluded(held, kind=Kind.DIED, change=change, officer=acting_officer)


@transaction.atomic
def correct(
    household: Household, person: uuid.UUID, given: people.Particulars, change: Change, *, acting_officer: Officer
) -> Person:
    """A member's name, document or phone was written wrongly. What it was stays in no list; that it was corrected does."""
    held = begun(household, change, officer=acting_officer)
    one_of(members_of(held), person)
    # The person before their search keys, as everybody does: nobody waits for the other for ever.
    found = Person.objects.select_for_update(no_key=True).get(pk=person)
    right = people.checked(given)
    other = people.by_number(right.id_kind, right.id_number)
    if other is not None and other.pk != found.pk:
        now = Membership.objects.now().filter(person=other).select_related("household").first()
        if now is not None and acting_officer.may(Right.HOUSEHOLD_VIEW, now.household.area_id):
            raise PersonElsewhere(now.household.number, str(now.household_id))
        raise PersonElsewhere
    changed = _put(found, right, held.area_id)
    if not changed:
        raise DomainError(_("没有改动。"), remedy=_("请修改后再保存。"))
    happened(held, Kind.CORRECTED, change, acting_officer, person=str(person), fields=changed)
    concluded(held, kind=Kind.CORRECTED, change=change, officer=acting_officer)
    return found


def _put(person: Person, right: people.Particulars, area: int) -> list[str]:
    """Write the particulars that differ; answers with their names."""
    before = {
        "name": person.name, "id_number": person.id_number or "", "id_kind": person.id_kind, "phone": person.phone or "",
        "sex": person.sex, "born_on": person.born_on,
    }  # fmt: skip
    changed = [field for field, value in before.items() if getattr(right, field) != value]
    if not changed:
        return []
    if "name" in changed:
        person.name = right.name
        NameKey.objects.filter(person=person).delete()
        NameKey.objects.bulk_create(
            [NameKey(person=person, key=key, area=area) for key in people.name_indexes(right.name)]
        )
    if "phone" in changed:
        person.phone = right.phone or None
    if {"id_number", "id_kind"} & set(changed):
        person.id_number = right.id_number or None
        person.id_kind = right.id_kind
        person.id_number_index = people.number_index(right.id_kind, right.id_number)
    person.sex, person.born_on = right.sex, right.born_on
    person.save()
    return sorted(changed)


def _arrives(household: Household, new: NewMember, change: Change, kind: Kind, officer: Officer) -> Person:
    stated(change)
    given = people.checked(new.particulars)
    known = people.by_number(given.id_kind, given.id_number)
    now = Membership.objects.now().filter(person=known).select_related("household").first() if known else None
    left: Household | None = None
    if now is not None:
        left = _left_behind(household, now, change, officer)
    held = begun(household, change, officer=officer)
    if new.relation == HEAD:
        raise HeadMissing(2)
    if known is not None and known.died_on is not None:
        raise DomainError(
            _("这个证件号码的人已登记死亡。"),
            remedy=_("请核对号码；如死亡登记有误，请先在原户更正。"),
            field="id_number",
        )
    if known is None and not given.id_number:
        _not_here_already(held, given)
    person = known or people.created(given, area=held.area_id, generated=held.generated)
    begin(held, person, new.relation, change.on)
    restate(held, {}, change.on)
    if left is not None:
        carry(left, held, [person.pk])
    if new.facts:
        told = Told(SourceKind.OFFICER, change.on, reason=change.reason.strip()[:200])
        kept(held, told, {"member": {str(person.pk): new.facts}}, by=officer)
    happened(held, kind, change, officer, person=str(person.pk), **({"left": str(left.pk)} if left else {}))
    touched = [held] if left is None else [held, left]
    concluded(*touched, kind=kind, change=change, officer=officer)
    return person


def _not_here_already(household: Household, given: people.Particulars) -> None:
    """Who has no number is known by name and day of birth: entered once more, it is the same one. Raises PersonRefused."""
    said = (given.name.strip(), given.born_on)
    if any((row.person.name, row.person.born_on) == said for row in members_of(household).values()):
        raise PersonRefused(
            _("这一户已有同名、同一天出生的成员。"),
            _("可能已经登记过，请回到档案核对；确是同名的两个人，请填证件号码。"),
        )


def _left_behind(household: Household, now: Membership, change: Change, officer: Officer) -> Household:
    """Ends the membership in the other household, which must keep a head. Raises PersonElsewhere where it is out of scope."""
    other = now.household
    if other.pk == household.pk:
        raise DomainError(_("这个人已经在这一户里。"), remedy=_("请核对证件号码。"), field="id_number")
    if not officer.may(Right.HOUSEHOLD_EDIT, other.area_id):
        visible = officer.may(Right.HOUSEHOLD_VIEW, other.area_id)
        raise PersonElsewhere(other.number if visible else "", str(other.pk) if visible else "")
    locks = {pk: locked(pk, officer=officer) for pk in sorted([household.pk, other.pk])}
    held = locks[other.pk]
    members = members_of(held)
    row = one_of(members, now.person_id)
    if row.relation == HEAD and len(members) > 1:
        raise DomainError(
            _("这个人是 {n} 号档案的户主，那一户还有别的成员。").format(n=held.number),
            why=_("户主离开后，那一户就没有户主了。"),
            remedy=_("请先在那一户办理“变更户主”。"),
            field="id_number",
        )
    end(row, change.on, "married")
    happened(held, Kind.MEMBER_LEFT, change, officer, person=str(now.person_id), to=str(household.pk))
    if len(members) == 1:
        shut(held, change.on, Household.State.CLOSED)
        happened(held, Kind.CLOSED, change, officer)
    else:
        restate(held, {}, change.on)
    return held
