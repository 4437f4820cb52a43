"""What the pages of this room need to read."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from zhikun.accounts.events import SIGN_INS, Event
from zhikun.accounts.models import Appointment, Officer
from zhikun.audit.models import Entry


def own_account(officer: Officer) -> dict[str, Any]:
    """My account: appointments held now or later, duties lent and borrowed, the last sign-ins under my name."""
    now = timezone.now()
    held = list(
        Appointment.objects.not_over(now).filter(officer=officer).select_related("area", "delegated_by__organisation")
    )
    lent = (
        Appointment.objects.not_over(now).filter(delegated_by=officer).select_related("area", "officer__organisation")
    )
    entries = Entry.objects.filter(officer=officer, event__in=[*SIGN_INS])
    recent = entries.order_by("-number").values("at", "event", "address", "details")[:10]
    return {
        "account": officer,
        "own": [one for one in held if one.delegated_by_id is None],
        "borrowed": [one for one in held if one.delegated_by_id is not None],
        "lent": list(lent),
        "sign_ins": [{**entry, "title": Event(entry["event"]).label} for entry in recent],
        "now": now,
    }
