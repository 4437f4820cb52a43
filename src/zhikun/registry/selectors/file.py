"""One household's file as its page needs it, in a fixed number of queries however many members it has."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q
from django.http import Http404
from django.utils import timezone

from zhikun.accounts.models import Officer, name_officers
from zhikun.accounts.roles import Right
from zhikun.audit.models import Entry
from zhikun.pages.asked import Asked
from zhikun.pages.parts import Event
from zhikun.privacy.templatetags.privacy import masked
from zhikun.registry import events
from zhikun.registry.models import (
    CategoryHeld,
    Contradiction,
    Document,
    Help,
    Household,
    HouseholdEvent,
    Membership,
    Person,
    Recording,
    Unmasking,
)  # fmt: skip
from zhikun.registry.panels import events_for, once
from zhikun.registry.selectors import timeline
from zhikun.registry.selectors.known import FactGroup, KnownFacts, known_facts

#: A page that is opened again within this time is the same look.
SAME_LOOK = timedelta(minutes=10)

# A household has a handful of each: they are put in order here, which costs less than saying the order to the database.
_members = Asked(lambda pk: Membership.objects.now().filter(household=pk).select_related("person"))
_recordings = Asked(lambda pk: Recording.objects.filter(household=pk))
_contradictions = Asked(lambda pk: Contradiction.objects.filter(household=pk))
_categories = Asked(lambda pk: CategoryHeld.objects.filter(household=pk).select_related("person"))
_helps = Asked(lambda pk: Help.objects.filter(household=pk).select_related("person"))
_documents = Asked(lambda pk: Document.objects.filter(household=pk))
_events = Asked(lambda pk: HouseholdEvent.objects.filter(household=pk))
_unmaskings = Asked(lambda pk: Unmasking.objects.filter(household=pk))


@dataclass(frozen=True)
class Looks:
    """How often somebody looked at a file, and whether this officer's look is among them as the same one."""

    count: int
    lately: bool


@dataclass
class File:
    """Everything about one household that its page shows."""

    household: Household
    members: list[Membership]
    known: KnownFacts
    contradictions: list[Contradiction]
    categories: list[CategoryHeld]
    helps: list[Help]
    documents: list[Document]
    entries: list[timeline.Dated]
    unmasking: Unmasking | None
    looks: Looks

    @property
    def with_facts(self) -> list[tuple[Membership, list[FactGroup]]]:
        """The members, each with what is known of them."""
        return [(row, self.known.members[row.person_id]) for row in self.members]

    def events(self, first: int, count: int) -> list[Event]:
        """A part of the timeline."""
        return [event for _at, event in self.entries[first : first + count]]


def visible(
    officer: Officer, pk: uuid.UUID, right: Right = Right.HOUSEHOLD_VIEW, also: Sequence[str] = ()
) -> Household:
    """The household, if the officer holds the right there; else it is not there. `also`: what else is wanted of it."""
    rows = Household.objects.visible_to(officer)
    if right != Right.HOUSEHOLD_VIEW:
        rows = rows.visible_to(officer, right)
    try:
        return rows.select_related("area__parent__parent", "head", *also).get(pk=pk)
    except Household.DoesNotExist:
        raise Http404 from None


def members_now(household: Household) -> list[Membership]:
    """Who belongs to the household now, with their persons, in the order of the file."""

    def ask() -> list[Membership]:
        return sorted(_members(household.pk), key=lambda one: one.position)

    return once(household, "members", ask)


def file_of(household: Household, officer: Officer) -> File:
    """The file, as this officer sees it now. The household has passed `visible`."""
    members = members_now(household)
    unmasking = unmasked_now(household, officer)
    recordings = recordings_of(household)
    documents = documents_of(household)
    happened = _events(household.pk)
    name_officers((recordings, "recorded_by"), (documents, "added_by"), (happened, "recorded_by"), known=officer)
    known = known_facts(
        [one for one in recordings if one.withdrawn_at is None], [row.person_id for row in members],
        unmasked=unmasking is not None,
    )  # fmt: skip
    contradictions = sorted(_contradictions(household.pk), key=lambda one: one.found_at)
    held = sorted(_categories(household.pk), key=lambda one: one.since, reverse=True)
    helps = sorted(sorted(_helps(household.pk), key=lambda one: one.pk), key=lambda one: one.on, reverse=True)
    return File(
        household, members, known,
        [one for one in contradictions if one.state == Contradiction.State.OPEN], held, helps,
        [one for one in documents if one.withdrawn_at is None],
        timeline.latest_first(
            timeline.of_events(happened, names_in(happened, members)), timeline.of_recordings(recordings),
            timeline.of_contradictions(contradictions), timeline.of_categories(held), timeline.of_helps(helps),
            timeline.of_documents(documents), events_for(household, officer),
        ),
        unmasking, looks_at(household, officer),
    )  # fmt: skip


def names_in(happened: Iterable[HouseholdEvent], members: Iterable[Membership]) -> dict[str, str]:
    """How the people are called whom the events speak of: masked. Who has left or died is asked for, the members are known."""
    spoken_of = {one.details.get(key) for one in happened for key in ("person", "after")} - {None}
    people = {str(row.person_id): row.person for row in members if str(row.person_id) in spoken_of}
    if gone := spoken_of - set(people):
        people |= {str(one.pk): one for one in Person.objects.filter(pk__in=gone)}
    return {pk: masked(one, "name") for pk, one in people.items()}


def recordings_of(household: Household) -> list[Recording]:
    """All recordings of the household, the earliest first, withdrawn ones too."""
    return sorted(_recordings(household.pk), key=lambda one: (one.recorded_at, one.pk))


def documents_of(household: Household) -> list[Document]:
    """All documents of the household, the latest first, withdrawn ones too."""
    found = sorted(_documents(household.pk), key=lambda one: one.pk)
    return sorted(found, key=lambda one: one.added_at, reverse=True)


def unmasked_now(household: Household, officer: Officer) -> Unmasking | None:
    """The officer's permission to see full particulars, while it lasts and while they still hold the right here."""
    if not officer.may(Right.HOUSEHOLD_UNMASK, household.area_id):
        return None
    now = timezone.now()
    open_now = [one for one in _unmaskings(household.pk) if one.officer_id == officer.pk and one.until > now]
    return max(open_now, key=lambda one: one.until, default=None)


def looks_at(household: Household, officer: Officer) -> Looks:
    """How often the file was looked at, and whether the officer's own look at its page is on record already."""
    same = Q(officer=officer, event=events.VIEWED, at__gte=timezone.now() - SAME_LOOK)
    entries = Entry.objects.filter(household=household.pk, looks=True)
    told = entries.aggregate(count=Count("number"), lately=Count("number", filter=same))
    return Looks(told["count"], told["lately"] > 0)


def looked_lately(household: Household, officer: Officer, event: str = events.VIEWED) -> bool:
    """Whether the officer's look is on record already."""
    since = timezone.now() - SAME_LOOK
    return Entry.objects.filter(household=household.pk, officer=officer, event=event, at__gte=since).exists()
