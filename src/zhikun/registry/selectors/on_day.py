"""The file as it was on a day: out of what had been recorded by then and had not been taken back by then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Q
from django.utils import timezone

from zhikun.places.models import Area
from zhikun.registry.models import CategoryHeld, Household, Membership, Recording, Residence
from zhikun.registry.relations import HEAD
from zhikun.registry.selectors.known import FactGroup, KnownFacts, known_facts


@dataclass
class FileOnDay:
    """What the file said on the day. `area` is None for a day before the household had a file."""

    household: Household
    on: date
    area: Area | None
    residence: Residence | None
    members: list[Membership]
    head: Membership | None
    known: KnownFacts
    categories: list[CategoryHeld]
    recordings: int

    @property
    def existed(self) -> bool:
        """Whether there was a file on the day."""
        return self.residence is not None or bool(self.members)

    @property
    def with_facts(self) -> list[tuple[Membership, list[FactGroup]]]:
        """The members of the day, each with what was known."""
        return [(row, self.known.members[row.person_id]) for row in self.members]


def file_on(household: Household, on: date) -> FileOnDay:
    """The file at the end of the day. Who left, moved or lost a category on the day is not there any more."""
    night = timezone.make_aware(datetime.combine(on + timedelta(days=1), time.min))
    rows = Recording.objects.filter(household=household, recorded_at__lt=night)
    rows = rows.filter(Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gte=night))
    recordings = list(rows.select_related("recorded_by__organisation").order_by("recorded_at", "pk"))
    members = list(
        Membership.objects.on(on).filter(household=household).select_related("person").order_by("position", "since")
    )
    home = Residence.objects.filter(household=household, since__lte=on).filter(Q(until__isnull=True) | Q(until__gt=on))
    residence = home.select_related("area__parent").order_by("-since").first()
    held = CategoryHeld.objects.filter(household=household, since__lte=on).filter(
        Q(until__isnull=True) | Q(until__gt=on)
    )
    return FileOnDay(
        household, on, residence.area if residence else None, residence, members,
        next((row for row in members if row.relation == HEAD), None),
        known_facts(recordings, [row.person_id for row in members]), list(held.select_related("person")),
        len(recordings),
    )  # fmt: skip
