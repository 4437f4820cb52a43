"""An area has another code: its households follow without having moved, and with them what is found by their place."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db.models import F, Q

from zhikun.accounts.models import Officer
from zhikun.audit.services import record as note
from zhikun.jobs.models import Job
from zhikun.places.models import Area
from zhikun.places.uses import Succession
from zhikun.registry import events
from zhikun.registry.models import Household, HouseholdEvent, ImportBatch, ImportRow, NameKey, Residence
from zhikun.registry.services.importing import GONE

_AT_ONCE = 1000


def follow(succession: Succession, by: Officer | None) -> int:
    """Households, homes, search keys, imports and work of the old code go over. How many rows.

    One entry in the record for the area; each household's file says it in its own timeline, and its home of before keeps the
    old code. The caller has the transaction, and has asked whether the officer may.
    """
    old, new = succession.old, succession.new
    found = list(
        Household.objects.select_for_update(of=("self",))
        .filter(area_id=old)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    for start in range(0, len(found), _AT_ONCE):
        _households(found[start : start + _AT_ONCE], succession, by)
    NameKey.objects.filter(area=old).update(area=new.pk)
    homes = _homes(old, new, succession.on)
    others = _imports(old, new.pk) + Job.objects.filter(area=old).update(area=new.pk)
    if found:
        note(
            events.CHANGED, by=by, area=new.pk, subject=str(old), reason=succession.source,
            details={"kind": "recoded", "households": len(found)},
        )  # fmt: skip
    return len(found) + homes + others


def past_homes() -> Q:
    """Homes that are no longer: they keep the code of their day."""
    return Q(until__isnull=False)


def _homes(old: int, new: Area, on: date) -> int:
    """The homes of now: one that began before the change ends at the old code and goes on at the new one."""
    now = Residence.objects.filter(area_id=old, until__isnull=True)
    moved = now.filter(since__gte=on).update(area=new)
    while before := list(now.filter(since__lt=on).order_by("pk")[:_AT_ONCE]):
        after = []
        for home in before:
            made = Residence(household_id=home.household_id, area=new, since=on)
            made.address = home.address
            after.append(made)
        now.filter(pk__in=[home.pk for home in before]).update(until=on)
        Residence.objects.bulk_create(after)
        moved += len(before)
    return moved


def _households(households: list[UUID], succession: Succession, by: Officer | None) -> None:
    Household.objects.filter(pk__in=households).update(area=succession.new, version=F("version") + 1)
    HouseholdEvent.objects.bulk_create(
        HouseholdEvent(
            household_id=pk, kind=HouseholdEvent.Kind.MOVED, on=succession.on, recorded_by=by,
            reason=succession.source[:200], details={"left": succession.old, "to": succession.new.pk, "recoded": True},
        )
        for pk in households
    )  # fmt: skip


def _imports(old: int, new: int) -> int:
    """Batches and their rows. A file that stands for both areas stays where it is: it is one batch for each area."""
    rows = ImportRow.objects.filter(area=old).update(area=new)
    both = ImportBatch.objects.filter(area=new).exclude(state__in=GONE).values("sha256")
    stay = Q(sha256__in=list(both.values_list("sha256", flat=True))) & ~Q(state__in=GONE)
    return rows + ImportBatch.objects.filter(area=old).exclude(stay).update(area=new)
