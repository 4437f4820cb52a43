"""What the pages of this room need to read. Every QuerySet here has passed `visible_to`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count, Prefetch, Q, QuerySet
from django.utils import timezone

from zhikun.accounts.events import SIGN_INS, Event
from zhikun.accounts.models import Appointment, Officer, Organisation
from zhikun.accounts.offices import LEVELS, OFFICES
from zhikun.accounts.roles import Right, Role, clashes
from zhikun.audit.models import Entry
from zhikun.places.models import Area


def own_account(officer: Officer) -> dict[str, Any]:
    """My account: appointments held now or later, duties lent and borrowed, the last sign-ins under my name."""
    now = timezone.now()
    held = list(
        Appointment.objects.not_over(now).filter(officer=officer).select_related("area", "delegated_by__organisation")
    )
    lent = Appointment.objects.not_over(now).filter(delegated_by=officer)
    entries = Entry.objects.filter(officer=officer, event__in=[*SIGN_INS])
    recent = entries.order_by("-number").values("at", "event", "address", "details")[:10]
    return {
        "account": officer,
        "own": [one for one in held if one.delegated_by_id is None],
        "borrowed": [one for one in held if one.delegated_by_id is not None],
        "lent": list(lent.select_related("area", "officer__organisation")),
        "sign_ins": [{**entry, "title": Event(entry["event"]).label} for entry in recent],
        "can_delegate": any(one.delegated_by_id is None and one.begins <= now for one in held),
        "now": now,
    }


def organisations(officer: Officer, wanted: dict[str, Any]) -> QuerySet[Organisation]:
    """The organisations an administrator manages, with the number of open accounts; narrowed by the filter."""
    found = Organisation.objects.visible_to(officer).select_related("area")
    if text := wanted.get("q", "").strip():
        found = found.filter(Q(name__icontains=text) | Q(code__icontains=text))
    if kind := wanted.get("kind"):
        found = found.filter(kind=kind)
    if state := wanted.get("state"):
        found = found.filter(is_active=state == "open")
    today = timezone.localdate()
    is_open = Q(officers__is_active=True) & (Q(officers__expires_on__isnull=True) | Q(officers__expires_on__gte=today))
    return found.annotate(accounts=Count("officers", filter=is_open))


def officers(officer: Officer, wanted: dict[str, Any]) -> QuerySet[Officer]:
    """The officers an administrator manages, with the roles held now or later; narrowed by the filter."""
    today, now = timezone.localdate(), timezone.now()
    found = Officer.objects.visible_to(officer).select_related("organisation")
    if text := wanted.get("q", "").strip():
        found = found.filter(
            Q(name__icontains=text) | Q(username__icontains=text) | Q(organisation__name__icontains=text)
        )
    if role := wanted.get("role"):
        found = found.filter(pk__in=Appointment.objects.not_over(now).filter(role=role).values("officer_id"))
    if state := wanted.get("state"):
        narrowed = {
            "open": Q(pk__in=Officer.objects.open(today).values("pk")),
            "closed": Q(is_active=False) | Q(organisation__is_active=False),
            "expired": Q(is_active=True, expires_on__lt=today),
        }
        found = found.filter(narrowed[state])
    return found.prefetch_related(
        Prefetch("appointments", Appointment.objects.not_over(now).select_related("area"), to_attr="roles_held")
    )


def appointments_of(one: Officer) -> QuerySet[Appointment]:
    """Every appointment of an officer, ended ones too, the newest first."""
    return one.appointments.select_related("area", "delegated_by__organisation", "officer").order_by("-begins")


def roles_for(organisation: Organisation) -> list[Role]:
    """The roles that officers of this organisation may hold: its kind's, and none of places larger than its own."""
    level = organisation.area.level
    return [role for role in Role if organisation.kind in OFFICES[role] and max(LEVELS[role]) >= level]


def areas_for(officer: Officer, organisation: Organisation, role: Role) -> QuerySet[Area]:
    """Where an administrator may give the role to an officer of the organisation, larger areas first."""
    reach = officer.reach(Right.ACCOUNT_MANAGE)
    within = Area.objects.in_force(timezone.localdate()).within(reach).filter(level__in=LEVELS[role])
    first, last = organisation.area.range
    return within.filter(code__gte=first, code__lte=last).order_by("level", "code")


def managed_areas(officer: Officer) -> QuerySet[Area]:
    """The areas in which the officer manages accounts."""
    return Area.objects.in_force(timezone.localdate()).within(officer.reach(Right.ACCOUNT_MANAGE))


def own_duties(officer: Officer) -> QuerySet[Appointment]:
    """What the officer may lend: duties of their own that are in force."""
    held = Appointment.objects.in_force(timezone.now()).filter(officer=officer, delegated_by__isnull=True)
    return held.select_related("area")


def colleagues(officer: Officer) -> QuerySet[Officer]:
    """To whom the officer may lend: open accounts of the same organisation, without the officer.

    Who holds a role that goes ill with each of the officer's duties is left out: an auditor takes over nothing.
    """
    same = Officer.objects.open(timezone.localdate()).filter(organisation=officer.organisation_id)
    duties = {Role(one.role) for one in own_duties(officer)}
    ill = [role for role in Role if duties and all(clashes({duty, role}) for duty in duties)]
    barred = Appointment.objects.in_force(timezone.now()).filter(role__in=ill).values("officer_id")
    return same.exclude(pk=officer.pk).exclude(pk__in=barred).select_related("organisation")


def latest_end(days: int) -> Any:
    """The last day on which a delegation that begins today may end."""
    return timezone.localdate() + timedelta(days=days)
