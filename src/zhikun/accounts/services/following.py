"""An area has another code: offices and appointments follow."""

from __future__ import annotations

from django.db.models import Q
from django.utils import timezone

from zhikun.accounts.models import Appointment, Officer, Organisation
from zhikun.places.uses import Succession


def follow(succession: Succession, _by: Officer | None) -> int:
    """Offices go over, and appointments with them, those of the past too: who once worked there worked at this place.

    Not where the area became a part of something larger: nobody's reach grows by an import. How many rows.
    """
    moved = Organisation.objects.filter(area_id=succession.old).update(area=succession.new)
    if not succession.merged:
        moved += Appointment.objects.filter(area_id=succession.old).update(area=succession.new)
    return moved


def past_appointments() -> Q:
    """Appointments that are over: they keep nobody at a code."""
    return Q(revoked_at__isnull=False) | Q(ends__lte=timezone.now())
