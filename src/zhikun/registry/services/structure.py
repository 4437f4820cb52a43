"""What happens to a household as a whole: split, merged with another, moved, a new head, closed, opened again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.audit.services import record as note
from zhikun.pages.errors import DomainError
from zhikun.places.models import Area, Level
from zhikun.registry import events
from zhikun.registry.errors import EditConflict, HeadMissing, LeavesNobody, MemberMissing, NotAllowedHere
from zhikun.registry.facts import REMOVED
from zhikun.registry.models import Household, HouseholdEvent, Membership, NameKey, Residence
from zhikun.registry.numbering import next_number
from zhikun.registry.relations import HEAD
from zhikun.registry.services.change import (
    Change,
    Kind,
    Relations,
    Row,
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
from zhikun.registry.services.recording import kept
from zhikun.registry.sources import SourceKind, Told


@dataclass(frozen=True)
class Home:
    """Where a household lives: a village (or township) and the address in it."""

    area: Area
    address: str = ""

    def checked(self) -> Home:
        """Raises DomainError for a place above the township."""
        if self.area.level < Level.TOWNSHIP:
            raise DomainError(
                _("“所在村（社区）”只写到了县。"),
                why=_("办理人员按乡镇、村确定。"),
                remedy=_("请选到村（社区）。"),
                field="area",
            )
        return self


@transaction.atomic
def split(
    household: Household,
    leaving: Relations,
    home: Home,
    change: Change,
    *,
    staying: Relations | None = None,
    rows: Sequence[Row] = (),
    acting_officer: Officer,
) -> Household:
    """Some members leave into a file of their own; `leaving` says how each is related to the new head.

    What was said about them goes along, with its source and day. Facts of the household as a whole stay with the old file:
    an income counted in both would be counted twice. `rows` are dwellings, vehicles ... that go along; the old file loses
    them. When the head leaves, `staying` states the relations to the new head of those who stay.
    """
    held = begun(household, change, officer=acting_officer)
    if not acting_officer.may(Right.HOUSEHOLD_EDIT, home.checked().area.pk):
        raise NotAllowedHere
    members = members_of(held)
    going = [one_of(members, person) for person in leaving]
    if not going:
        raise DomainError(_("没有选择分出去的成员。"), remedy=_("请至少选择一位成员。"), field="members")
    if len(going) == len(members):
        raise LeavesNobody
    heads = [person for person, relation in leaving.items() if relation == HEAD]
    if len(heads) != 1:
        raise HeadMissing(len(heads), _("分出去的新户"))
    made = Household.objects.create(
        number=next_number(home.area.pk, change.on.year), area=home.area, registered_by=acting_officer,
        generated=held.generated,
    )  # fmt: skip
    _live(made, home, change)
    for row in going:
        end(row, change.on, "split")
        begin(made, row.person, leaving[row.person_id], change.on)
    restate(made, {}, change.on)
    restate(held, staying or {}, change.on, _("留下的原户"))
    carry(held, made, list(leaving), rows)
    _leave_behind(held, rows, change, acting_officer)
    happened(held, Kind.SPLIT, change, acting_officer, into=str(made.pk), number=made.number, people=len(going))
    happened(made, Kind.REGISTERED, change, acting_officer, split_from=str(held.pk), number=held.number)
    concluded(held, made, kind=Kind.SPLIT, change=change, officer=acting_officer)
    return made


@transaction.atomic
def merge(
    source: Household,
    into: Household,
    relations: Relations,
    change: Change,
    *,
    into_version: int | None = None,
    acting_officer: Officer,
) -> Household:
    """All members of `source` join `into`; `relations` says how each is related to its head. The source is kept for reading.

    Their things and what was said about them go along. Facts of the source as a whole do not: two incomes of two households
    are not one; the file shows them for whoever records the joint ones.
    """
    stated(change)
    if source.pk == into.pk:
        raise DomainError(_("不能并到自己。"), remedy=_("请填写另一户的户编号。"), field="into")
    versions = {source.pk: change.version, into.pk: into_version}
    # Always in one order: two officers who merge the same two households wait for each other, neither for ever.
    held = {pk: locked(pk, officer=acting_officer, version=versions[pk]) for pk in sorted(versions)}
    old, new = held[source.pk], held[into.pk]
    coming = members_of(old)
    if set(relations) != set(coming):
        raise MemberMissing
    if HEAD in relations.values():
        raise HeadMissing(2)
    things = things_of(old)
    shut(old, change.on, Household.State.MERGED)
    for person, row in coming.items():
        begin(new, row.person, relations[person], change.on)
    restate(new, {}, change.on)
    carry(old, new, list(coming), things)
    old.merged_into = new
    old.save(update_fields=["merged_into"])
    happened(old, Kind.MERGED, change, acting_officer, into=str(new.pk), number=new.number)
    happened(new, Kind.MERGED, change, acting_officer, taken_in=str(old.pk), number=old.number, people=len(coming))
    concluded(old, new, kind=Kind.MERGED, change=change, officer=acting_officer)
    return new


@transaction.atomic
def move(household: Household, home: Home, change: Change, *, acting_officer: Officer) -> Household:
    """The household lives elsewhere from the day. Who may see it changes with the place.

    The officer of the place that it leaves enters it; the officers of the new place have it from then on.
    """
    held = begun(household, change, officer=acting_officer)
    left = held.area_id
    # In the same village an empty address is one that nobody typed, not one to be forgotten.
    if left == home.checked().area.pk and home.address.strip() in {"", held.address or ""}:
        raise DomainError(
            _("地址没有变化。"), why=_("仍是现在的村（社区），也没有写新的详细地址。"),
            remedy=_("请选新的村（社区），或写新的详细地址。"), field="area",
        )  # fmt: skip
    for old in Residence.objects.filter(household=held, until__isnull=True):
        old.until = max(old.since, change.on)
        old.save(update_fields=["until"])
    held.area = home.area
    _live(held, home, change)
    people = [row.person_id for row in members_of(held).values()]
    NameKey.objects.filter(person_id__in=people).update(area=home.area.pk)
    happened(held, Kind.MOVED, change, acting_officer, left=left, to=home.area.pk)
    concluded(held, kind=Kind.MOVED, change=change, officer=acting_officer)
    if left != home.area.pk:
        # The place that lost it keeps an entry of its own, so that its record says where the household went.
        note(
            events.CHANGED, by=acting_officer, household=held.pk, subject=held.number, area=left,
            reason=change.reason.strip(), details={"kind": "moved_away", "to": home.area.pk},
        )  # fmt: skip
    return held


@transaction.atomic
def change_head(household: Household, relations: Relations, change: Change, *, acting_officer: Officer) -> Household:
    """Another member is the head; every other member's relation is stated anew, because relations are to the head."""
    held = begun(household, change, officer=acting_officer)
    members = members_of(held)
    if set(relations) != set(members):
        raise MemberMissing
    before = held.head_id
    restate(held, relations, change.on)
    if held.head_id == before:
        raise DomainError(_("户主没有变。"), remedy=_("请选定另一位成员为户主。"), field="relations")
    happened(held, Kind.HEAD_CHANGED, change, acting_officer, before=str(before), after=str(held.head_id))
    concluded(held, kind=Kind.HEAD_CHANGED, change=change, officer=acting_officer)
    return held


@transaction.atomic
def close(household: Household, change: Change, *, acting_officer: Officer) -> Household:
    """The file is needed no longer: memberships and categories end, everything stays readable."""
    held = begun(household, change, officer=acting_officer)
    shut(held, change.on, Household.State.CLOSED)
    happened(held, Kind.CLOSED, change, acting_officer)
    concluded(held, kind=Kind.CLOSED, change=change, officer=acting_officer)
    return held


@transaction.atomic
def reopen(household: Household, change: Change, *, acting_officer: Officer) -> Household:
    """A closed file is used again, by those of its last members who live and are in no other household since."""
    stated(change)
    held = Household.objects.select_for_update(of=("self",)).get(pk=household.pk)
    if not acting_officer.may(Right.HOUSEHOLD_EDIT, held.area_id):
        raise NotAllowedHere
    if change.version is not None and change.version != held.version:
        raise EditConflict(change.version, held.version)
    if held.state != Household.State.CLOSED:
        raise DomainError(
            _("只有已销户的档案可以恢复。"), why=_("已并入他户的，成员已在另一户。"), remedy=_("请在现用的档案上办理。")
        )
    closed = HouseholdEvent.objects.filter(household=held, kind=Kind.CLOSED).order_by("-recorded_at").first()
    if closed is not None and change.on < closed.on:
        raise DomainError(_("恢复日期早于销户日期。"), remedy=_("请核对发生日期。"), field="on")
    last = Membership.objects.filter(household=held, ended_by="closed", until=closed.on if closed else change.on)
    elsewhere = set(Membership.objects.now().filter(person__memberships__in=last).values_list("person_id", flat=True))
    held.state = Household.State.OPEN
    held.save(update_fields=["state"])
    for row in last.select_related("person").order_by("position"):
        if row.person_id not in elsewhere and row.person.died_on is None:
            begin(held, row.person, row.relation, change.on)
    if not members_of(held):
        raise DomainError(_("原来的成员都已去世或已在别的户里，不能恢复。"), remedy=_("如有新的家庭，请另建档案。"))
    restate(held, {}, change.on)
    happened(held, Kind.REOPENED, change, acting_officer)
    concluded(held, kind=Kind.REOPENED, change=change, officer=acting_officer)
    return held


def things_of(household: Household) -> list[Row]:
    """The dwellings, vehicles ... that the household has now."""
    facts = getattr(household, "facts", None)
    values = facts.values if facts is not None else {}
    return [
        (entity, row)
        for entity, rows in values.items()
        if entity not in {"household", "member"}
        for row, said in rows.items()
        if said.get(REMOVED) is not True
    ]


def _live(household: Household, home: Home, change: Change) -> None:
    household.address = home.address.strip() or None
    household.save(update_fields=["area", "address_sealed"])
    residence = Residence(household=household, area=home.area, since=change.on)
    residence.address = home.address.strip() or None
    residence.save()


def _leave_behind(household: Household, rows: Sequence[Row], change: Change, officer: Officer) -> None:
    """What went along with those who left is no longer the old household's."""
    gone: dict[str, dict[str, dict[str, object]]] = {}
    for entity, row in rows:
        gone.setdefault(entity, {})[row] = {REMOVED: True}
    if gone:
        told = Told(SourceKind.OFFICER, change.on, came_with="split", reason=change.reason.strip()[:200])
        kept(household, told, gone, by=officer)
