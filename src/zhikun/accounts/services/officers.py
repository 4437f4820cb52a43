"""Accounts of officers: added, changed, closed, opened again, given a new first password."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.errors import BadName, BadPhone, NameTaken, NotAsItWas, NotForThisOffice, WrongDates
from zhikun.accounts.events import Event
from zhikun.accounts.models import Appointment, Officer, Organisation, plain_username
from zhikun.accounts.roles import Role
from zhikun.accounts.services import passwords, signing_in
from zhikun.accounts.services.guards import (
    a_reason,
    administrator_remains,
    locked,
    manages,
    manages_organisation,
    may_give_password,
    suits_office,
)
from zhikun.audit.services import record

#: A mobile number, one from abroad, or a line with or without its area code and extension.
PHONE = re.compile(r"1\d{10}|\+\d{8,15}|(0\d{2,3}-?)?\d{7,8}(-\d{1,6})?")
#: A letter first: neither an identity number nor a phone number can be the name of an account.
USERNAME = re.compile(r"[a-z][a-z0-9._-]{2,39}")


@transaction.atomic
def add(
    *, username: str, name: str, organisation: Organisation, acting_officer: Officer, expires_on: date | None = None
) -> tuple[Officer, str]:
    """A new account and its first password, which is told once and kept nowhere. Raises BadName, NameTaken, OutOfReach."""
    manages_organisation(acting_officer, organisation)
    password = passwords.random_password()
    made = new_officer(username, name, organisation, expires_on, password, password_from=acting_officer)
    save_new(made)
    recorded_as_new(made, acting_officer)
    return made, password


def new_officer(
    username: str,
    name: str,
    organisation: Organisation,
    expires_on: date | None,
    password: str,
    *,
    password_from: Officer | None,
    hashed: str = "",
) -> Officer:
    """An account that is not yet saved. `hashed`: the password's hash, where it was worked out before. Raises BadName, WrongDates.

    `password_from`: the administrator who is told the password; None: a command on the server.
    """
    if not organisation.is_active:
        raise NotAsItWas(_("机构已经停用。"))
    made = Officer(
        username=good_username(username), name=good_name(name), organisation=organisation,
        expires_on=not_past(expires_on), must_change_password=True, password_from=password_from,
    )  # fmt: skip
    if hashed:
        made.password = hashed
    else:
        made.set_password(password)
    return made


def save_new(made: Officer) -> None:
    """Save, unless another was faster with the name. Raises NameTaken."""
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:
        raise NameTaken(made.username, "username") from None


def recorded_as_new(made: Officer, acting_officer: Officer | None) -> None:
    """The entry of a new account."""
    details = {"organisation": made.organisation.code, "expires_on": _day(made.expires_on)}
    area = made.organisation.area_id
    record(Event.OFFICER_ADDED, by=acting_officer, subject=made.username, area=area, details=details)


@transaction.atomic
def edit(
    officer: Officer, *, name: str, organisation: Organisation, expires_on: date | None, acting_officer: Officer
) -> None:
    """Another name, organisation or last day. Without a difference nothing happens.

    Duties lent from or to colleagues of the old organisation end with a move. Raises NotForThisOffice when a role held does
    not fit the new organisation, LastAdministrator when an end would leave an area without one.
    """
    held = locked(officer)
    manages(acting_officer, held)
    manages_organisation(acting_officer, organisation)
    before = {"name": held.name, "organisation": held.organisation.code, "expires_on": _day(held.expires_on)}
    after = {"name": good_name(name), "organisation": organisation.code, "expires_on": _day(expires_on)}
    if before == after:
        return
    if expires_on != held.expires_on:
        not_past(expires_on)
        if expires_on is not None:
            administrator_remains(held)
            _lent_until(held, expires_on)
    if organisation.pk != held.organisation_id:
        _move(held, organisation)
    held.name, held.organisation, held.expires_on = good_name(name), organisation, expires_on
    held.save(update_fields=["name", "organisation", "expires_on"])
    details = {"before": before, "after": after}
    area = organisation.area_id
    record(Event.OFFICER_EDITED, by=acting_officer, subject=held.username, area=area, details=details)


def _lent_until(lender: Officer, last: date) -> None:
    """What an officer has lent does not outlast their account."""
    end = timezone.make_aware(datetime.combine(last + timedelta(days=1), time.min))
    Appointment.objects.not_over(timezone.now()).filter(delegated_by=lender, ends__gt=end).update(ends=end)


@transaction.atomic
def close(officer: Officer, *, reason: str, acting_officer: Officer) -> None:
    """The account is closed, every session ends, every role held or lent ends. Raises LastAdministrator, NotAsItWas."""
    reason = a_reason(reason)
    held = locked(officer)
    manages(acting_officer, held)
    if not held.is_active:
        raise NotAsItWas(_("账号已经停用。"))
    administrator_remains(held)
    now = timezone.now()
    ended = Appointment.objects.not_over(now).filter(officer=held).update(revoked_at=now)
    ended += Appointment.objects.not_over(now).filter(delegated_by=held).update(revoked_at=now)
    held.is_active, held.sessions_from = False, now
    held.save(update_fields=["is_active", "sessions_from"])
    _recorded(Event.OFFICER_CLOSED, held, acting_officer, reason, appointments=ended)


@transaction.atomic
def reopen(officer: Officer, *, reason: str, acting_officer: Officer) -> str:
    """A closed account is open again, without any role, with a new first password, which is returned. Raises NotAsItWas, OneHand."""
    reason = a_reason(reason)
    held = locked(officer)
    manages(acting_officer, held)
    if held.is_active:
        raise NotAsItWas(_("账号没有停用。"))
    held.is_active = True
    if held.expires_on is not None and held.expires_on < timezone.localdate():
        held.expires_on = None
    held.save(update_fields=["is_active", "expires_on"])
    password = _new_password(held, acting_officer)
    _recorded(Event.OFFICER_REOPENED, held, acting_officer, reason)
    return password


@transaction.atomic
def reset_password(officer: Officer, *, reason: str, acting_officer: Officer | None) -> str:
    """A new random first password, told once; every session ends and a lock after wrong passwords is lifted.

    `acting_officer` None: a command on the server. Raises OneHand, NotAsItWas, OwnAccount, OutOfReach, ReasonMissing.
    """
    reason = a_reason(reason)
    held = locked(officer)
    if acting_officer is not None:
        manages(acting_officer, held)
    if not held.is_active:
        raise NotAsItWas(_("账号已经停用。"))
    password = _new_password(held, acting_officer)
    _recorded(Event.PASSWORD_RESET, held, acting_officer, reason)
    return password


@transaction.atomic
def sign_out_everywhere(officer: Officer, *, reason: str, acting_officer: Officer) -> None:
    """End every session of somebody else's account."""
    reason = a_reason(reason)
    held = locked(officer)
    manages(acting_officer, held)
    signing_in.sign_out_everywhere(held, acting_officer=acting_officer, reason=reason)


@transaction.atomic
def change_phone(officer: Officer, *, phone: str | None, acting_officer: Officer) -> bool:
    """The officer's telephone, kept sealed; None: none. By themselves or by their administrator; whether it is another one.

    The entry says that it changed, never the number. Raises BadPhone, OutOfReach.
    """
    held = locked(officer)
    if acting_officer.pk != held.pk:
        manages(acting_officer, held)
    number = good_phone(phone) if phone is not None else None
    if number == held.phone:
        return False
    held.phone = number
    held.save(update_fields=["phone_sealed"])
    what = "removed" if number is None else "given"
    area = held.organisation.area_id
    record(Event.PHONE_CHANGED, by=acting_officer, subject=held.username, area=area, details={"phone": what})
    return True


def good_phone(text: str) -> str:
    """The number as it is kept: digits, perhaps with an area code before a line, or a + before a country. Raises BadPhone."""
    plain = "".join(unicodedata.normalize("NFKC", text).split())
    if not PHONE.fullmatch(plain):
        raise BadPhone
    return plain


def good_username(text: str) -> str:
    """The name as it is kept. Raises BadName."""
    username = plain_username(text)
    if not USERNAME.fullmatch(username):
        raise BadName(_("账号须以字母开头。") if username else _("没有填写账号。"), "username")
    return username


def good_name(text: str) -> str:
    """The person's name without spaces around it. Raises BadName when there is none."""
    name = " ".join(text.split())
    if not name:
        raise BadName(_("没有填写姓名。"), "name")
    return name


def not_past(day: date | None) -> date | None:
    """A last day that is today or later, or none. Raises WrongDates."""
    if day is not None and day < timezone.localdate():
        raise WrongDates(
            _("到期日 {day} 已经过去。").format(day=day.isoformat()),
            _("请填今天或以后的日期；要立即停用，请用“停用账号”。"),
            "expires_on",
        )
    return day


def _move(held: Officer, organisation: Organisation) -> None:
    if not organisation.is_active:
        raise NotAsItWas(_("机构已经停用。"))
    now = timezone.now()
    lent_or_borrowed = Appointment.objects.not_over(now).filter(delegated_by__isnull=False)
    (lent_or_borrowed.filter(officer=held) | lent_or_borrowed.filter(delegated_by=held)).update(revoked_at=now)
    for one in held.appointments.not_over(now).select_related("area"):
        try:
            suits_office(organisation, Role(one.role), one.area)
        except NotForThisOffice as refused:
            raise NotForThisOffice(refused.what, _("请先终止这个角色，再转到新机构。"), "organisation") from None


def _new_password(held: Officer, acting_officer: Officer | None) -> str:
    may_give_password(acting_officer, held)
    password = passwords.random_password()
    held.set_password(password)
    held.must_change_password, held.sessions_from, held.password_changed_at = True, timezone.now(), None
    held.password_from = acting_officer
    fields = ["password", "must_change_password", "sessions_from", "password_changed_at", "password_from"]
    if held.second_factor_since is None:  # offered to somebody who had the old password
        held.second_factor_secret = None
        fields.append("second_factor_sealed")
    held.save(update_fields=fields)
    signing_in.lift_lock(held)
    return password


def _recorded(event: Event, held: Officer, acting_officer: Officer | None, reason: str, **details: object) -> None:
    area = held.organisation.area_id
    record(event, by=acting_officer, subject=held.username, area=area, reason=reason, details=details)


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
