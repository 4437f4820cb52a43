"""What the verbs ask before they act."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.errors import (
    AlreadyAppointed,
    LastAdministrator,
    NotForThisOffice,
    OneHand,
    OutOfReach,
    OwnAccount,
    ReasonMissing,
    RolesClash,
)
from zhikun.accounts.models import Appointment, AppointmentQuerySet, Officer, Organisation
from zhikun.accounts.offices import LEVELS, OFFICES
from zhikun.accounts.roles import Right, Role, clashes
from zhikun.places.models import FREE_DIGITS, Area, Level


def a_reason(reason: str) -> str:
    """The reason, of at least four characters. Raises ReasonMissing."""
    reason = " ".join(reason.split())
    if len(reason) < 4:
        raise ReasonMissing(reason)
    return reason


def manages_area(acting_officer: Officer, area: Area, field: str = "area") -> None:
    """The acting officer manages accounts there. Raises OutOfReach."""
    if not acting_officer.may(Right.ACCOUNT_MANAGE, area.code):
        raise OutOfReach(area.name, field)


def manages_organisation(acting_officer: Officer, organisation: Organisation) -> None:
    """The acting officer manages the accounts of this organisation. Raises OutOfReach."""
    if not acting_officer.may(Right.ACCOUNT_MANAGE, organisation.area_id):
        raise OutOfReach(organisation.name, "organisation")


def manages(acting_officer: Officer, officer: Officer) -> None:
    """The acting officer manages this account, and it is not their own. Raises OwnAccount, OutOfReach.

    All roles of the account must lie within the acting officer's areas: whoever resets a password could sign in with it, and
    nobody is to gain a wider area that way.
    """
    if acting_officer.pk == officer.pk:
        raise OwnAccount
    manages_organisation(acting_officer, officer.organisation)
    for one in officer.appointments.not_over(timezone.now()).select_related("area"):
        if not acting_officer.may(Right.ACCOUNT_MANAGE, one.area_id):
            raise OutOfReach(one.area.name)


def may_give_password(acting_officer: Officer | None, officer: Officer) -> None:
    """The code with which this account's second factor will be set up is not from the same hand. Raises OneHand.

    None is a command on the server: whoever runs it holds the database anyway.
    """
    if acting_officer is not None and officer.set_up_digest and officer.set_up_from_id == acting_officer.pk:
        raise OneHand(officer.username, password=True)


def may_give_set_up_code(acting_officer: Officer | None, officer: Officer) -> None:
    """The password of this account is not from the same hand, as far as anybody can know. Raises OneHand."""
    if acting_officer is not None and officer.password_from_id == acting_officer.pk:
        raise OneHand(officer.username, password=False)


def locked(officer: Officer) -> Officer:
    """The officer as the database has it now, held until the transaction ends: two verbs on one account wait for each other."""
    held: Officer = (
        Officer.objects.select_for_update(of=("self",)).select_related("organisation__area").get(pk=officer.pk)
    )
    return held


def suits_office(organisation: Organisation, role: Role, area: Area) -> None:
    """Officers of this organisation hold such a role, there. Raises NotForThisOffice."""
    if organisation.kind not in OFFICES[role]:
        kinds = "、".join(str(Organisation.Kind(kind).label) for kind in sorted(OFFICES[role]))
        raise NotForThisOffice(
            _("“{role}”不能由“{kind}”的人员担任。").format(role=role.label, kind=organisation.get_kind_display()),
            _("这个角色属于：{kinds}。").format(kinds=kinds),
            "role",
        )
    if area.level not in LEVELS[role]:
        levels = "、".join(str(Level(level).label) for level in sorted(LEVELS[role]))
        raise NotForThisOffice(
            _("“{role}”不能设在“{area}”这一级。").format(role=role.label, area=area.name),
            _("请选择：{levels}。").format(levels=levels),
            "area",
        )
    first, last = organisation.area.range
    if not first <= area.code <= last:
        raise NotForThisOffice(
            _("“{area}”不在“{office}”的地区内。").format(area=area.name, office=organisation.name),
            _("请选择该机构所在地区或其下级。"),
            "area",
        )


def no_clash(officer: Officer, role: Role, area: Area, begins: datetime, ends: datetime | None) -> None:
    """In that time the officer holds nothing that goes ill with the role, nor the same already. Raises RolesClash, AlreadyAppointed.

    Delegations count, and so does what is only to begin.
    """
    others = officer.appointments.not_over(timezone.now()).filter(Q(ends__isnull=True) | Q(ends__gt=begins))
    if ends is not None:
        others = others.filter(begins__lt=ends)
    for one in others.select_related("area"):
        held = Role(one.role)
        if held is role and one.area_id == area.code:
            raise AlreadyAppointed(str(role.label), area.name)
        for pair in clashes({role, held}):
            raise RolesClash(str(role.label), str(held.label), str(pair.why), delegated=one.delegated_by_id is not None)


def administrator_remains(officer: Officer, appointment: Appointment | None = None) -> None:
    """Without this officer (or this one appointment) every area they manage still has an administrator. Raises LastAdministrator.

    Only lasting ones count: no delegation, no end, an account that does not expire. The appointments are locked first, so
    that two administrators who close each other at the same moment do not both succeed.
    """
    now = timezone.now()
    leaving = lasting_administrators(now).filter(officer=officer)
    if appointment is not None:
        leaving = leaving.filter(pk=appointment.pk)
    for one in leaving.select_related("area"):
        over_it = Q(area_id__in=ancestors(one.area_id))
        everyone = Appointment.objects.filter(over_it, role=Role.ADMINISTRATOR).order_by("pk")
        list(everyone.select_for_update(of=("self",)).values_list("pk", flat=True))
        staying = lasting_administrators(now).filter(over_it)
        staying = staying.exclude(pk=one.pk) if appointment is not None else staying.exclude(officer=officer)
        if not staying.exists():
            raise LastAdministrator(one.area.name)


def lasting_administrators(now: datetime) -> AppointmentQuerySet:
    """Appointments of administrators that nobody has to renew."""
    return Appointment.objects.in_force(now).filter(
        role=Role.ADMINISTRATOR, delegated_by__isnull=True, ends__isnull=True, officer__is_active=True,
        officer__organisation__is_active=True, officer__expires_on__isnull=True,
    )  # fmt: skip


def ancestors(code: int) -> set[int]:
    """The code of an area and of every area that it lies in."""
    return {code - code % 10**digits for digits in FREE_DIGITS.values()}
