"""Roles given and ended by administrators, and duties lent by their holders to colleagues for a time."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.errors import NotAsItWas, NotYourDuty, OwnAccount, WrongDates
from zhikun.accounts.events import Event
from zhikun.accounts.limits import DELEGATION_DAYS
from zhikun.accounts.models import Appointment, Officer
from zhikun.accounts.roles import Role
from zhikun.accounts.services.guards import (
    a_reason,
    administrator_remains,
    locked,
    manages,
    manages_area,
    no_clash,
    suits_office,
)
from zhikun.audit.services import record
from zhikun.places.models import Area


@transaction.atomic
def give(
    officer: Officer,
    *,
    role: Role,
    area: Area,
    acting_officer: Officer,
    begins: date | None = None,
    ends: date | None = None,
) -> Appointment:
    """A role in an area from the day `begins` (none: now) to the end of the day `ends` (none: without end).

    Raises OwnAccount, OutOfReach, NotForThisOffice, WrongDates, AlreadyAppointed, RolesClash, NotAsItWas.
    """
    held = locked(officer)
    manages(acting_officer, held)
    manages_area(acting_officer, area)
    return appoint(held, role=role, area=area, begins=begins, ends=ends, acting_officer=acting_officer)


def appoint(
    held: Officer, *, role: Role, area: Area, begins: date | None, ends: date | None, acting_officer: Officer | None
) -> Appointment:
    """What `give` does once it is clear that the acting officer may. Within the caller's transaction, the account locked."""
    if not held.is_current(timezone.localdate()):
        raise NotAsItWas(_("账号已经停用或到期，不能授予角色。"))
    suits_office(held.organisation, role, area)
    start, end = _from(begins), _until(ends)
    if end is not None and end <= start:
        raise WrongDates(_("结束日期在开始日期之前，或已经过去。"), _("请填更晚的结束日期，或留空表示长期。"))
    no_clash(held, role, area, start, end)
    made = Appointment.objects.create(officer=held, role=role, area=area, begins=start, ends=end)
    details = {"role": role.value, "begins": _day(begins), "ends": _day(ends)}
    record(Event.APPOINTED, by=acting_officer, subject=held.username, area=area.code, details=details)
    return made


@transaction.atomic
def end(appointment: Appointment, *, reason: str, acting_officer: Officer) -> None:
    """The role ends now, and so do the duties lent from it. Raises OwnAccount, OutOfReach, LastAdministrator, NotAsItWas."""
    reason = a_reason(reason)
    officer = locked(appointment.officer)
    held = _still_there(appointment)
    if officer.pk == acting_officer.pk:
        raise OwnAccount
    manages_area(acting_officer, held.area)
    administrator_remains(officer, held)
    _end(held)
    lent = Appointment.objects.not_over(timezone.now()).filter(delegated_by=officer, role=held.role)
    first, last = held.area.range
    for one in lent.filter(area_id__gte=first, area_id__lte=last):
        _end(one)
    event = Event.APPOINTMENT_ENDED if held.delegated_by_id is None else Event.DELEGATION_ENDED
    _recorded(event, held, acting_officer, reason)


@transaction.atomic
def delegate(appointment: Appointment, *, to: Officer, ends: date, reason: str, acting_officer: Officer) -> Appointment:
    """Lend one's own duty to a colleague of the same organisation until the end of a day, at most DELEGATION_DAYS ahead.

    It never lasts longer than the duty itself or the lender's account, and is not lent on. Raises NotYourDuty, WrongDates,
    RolesClash, AlreadyAppointed.
    """
    reason = a_reason(reason)
    lender, borrower = _both_locked(acting_officer, to)
    held = _still_there(appointment)
    now = timezone.now()
    if held.officer_id != lender.pk or held.delegated_by_id is not None or held.begins > now:
        raise NotYourDuty(_("只能委托自己正在担任的职责，受托的职责不能再转托。"))
    colleague = borrower.organisation_id == lender.organisation_id and borrower.pk != lender.pk
    if not (colleague and borrower.is_current(timezone.localdate())):
        raise NotYourDuty(_("只能委托给同一机构里账号启用的同事。"), field="to")
    until = _until(ends)
    _check_end(held, lender, ends, until, now)
    role = Role(held.role)
    no_clash(borrower, role, held.area, now, until)
    made = Appointment.objects.create(
        officer=borrower, role=role, area=held.area, begins=now, ends=until, delegated_by=lender, reason=reason
    )
    details = {"role": role.value, "ends": ends.isoformat(), "from": lender.username}
    record(Event.DELEGATED, by=lender, subject=borrower.username, area=held.area_id, reason=reason, details=details)
    return made


@transaction.atomic
def take_back(delegation: Appointment, *, acting_officer: Officer) -> None:
    """The lender ends what was lent. Raises NotYourDuty, NotAsItWas."""
    locked(delegation.officer)
    held = _still_there(delegation)
    if held.delegated_by_id != acting_officer.pk:
        raise NotYourDuty(_("只能收回自己委托出去的职责。"))
    _end(held)
    _recorded(Event.DELEGATION_ENDED, held, acting_officer, "")


def _both_locked(one: Officer, other: Officer) -> tuple[Officer, Officer]:
    """In one order whoever lends to whom, so that two who lend to each other do not wait for ever."""
    held = {who.pk: locked(who) for who in sorted((one, other), key=lambda who: who.pk)}
    return held[one.pk], held[other.pk]


def _check_end(held: Appointment, lender: Officer, ends: date, until: datetime | None, now: datetime) -> None:
    last = timezone.localdate(now) + timedelta(days=DELEGATION_DAYS.value)
    if until is None or until <= now or ends > last:
        raise WrongDates(
            _("委托的结束日期应在今天到 {last} 之间。").format(last=last.isoformat()),
            _("最长 {n} 日；更长时间的，请系统管理员改任命。").format(n=DELEGATION_DAYS.value),
        )
    if held.ends is not None and until > held.ends:
        raise WrongDates(_("委托不能比本人的任期更长。"), _("请填本人任期结束之前的日期。"))
    if lender.expires_on is not None and ends > lender.expires_on:
        raise WrongDates(_("委托不能超过本人账号的到期日。"), _("请填本人账号到期之前的日期。"))


def _still_there(appointment: Appointment) -> Appointment:
    held = Appointment.objects.select_for_update(of=("self",)).select_related("area").get(pk=appointment.pk)
    now = timezone.now()
    if held.revoked_at is not None or (held.ends is not None and held.ends <= now):
        raise NotAsItWas(_("这项任职已经结束。"))
    return held


def _end(held: Appointment) -> None:
    Appointment.objects.filter(pk=held.pk, revoked_at__isnull=True).update(revoked_at=timezone.now())


def _recorded(event: Event, held: Appointment, acting_officer: Officer, reason: str) -> None:
    details = {"role": held.role}
    subject = held.officer.username
    record(event, by=acting_officer, subject=subject, area=held.area_id, reason=reason, details=details)


def _from(day: date | None) -> datetime:
    """The start of the day; of today, or of none, now. Raises WrongDates for a day that is past."""
    now = timezone.now()
    today = timezone.localdate(now)
    if day is None or day == today:
        return now
    if day < today:
        raise WrongDates(
            _("开始日期 {day} 已经过去。").format(day=day.isoformat()), _("请填今天或以后的日期。"), "begins"
        )
    return timezone.make_aware(datetime.combine(day, time()))


def _until(day: date | None) -> datetime | None:
    """The moment after the last of the day."""
    return None if day is None else timezone.make_aware(datetime.combine(day + timedelta(days=1), time()))


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
