"""Accounts made by commands: the first administrator of a place, and one generated account for each role of a demo."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.errors import NotAsItWas
from zhikun.accounts.events import Event
from zhikun.accounts.models import Appointment, Officer, Organisation
from zhikun.accounts.offices import LEVELS, OFFICES
from zhikun.accounts.roles import SECOND_FACTOR, Role
from zhikun.accounts.second_factor import new_secret
from zhikun.accounts.services import passwords
from zhikun.accounts.services.appointments import appoint
from zhikun.accounts.services.guards import ancestors, lasting_administrators, locked
from zhikun.accounts.services.officers import new_officer, recorded_as_new, save_new
from zhikun.audit.services import record
from zhikun.places.models import Area, Level


class DemoAccount(NamedTuple):
    """An account of a demo as it is printed: role, name, password, and the secret of the second factor where there is one."""

    role: Role
    username: str
    password: str
    secret: str | None


@transaction.atomic
def create_first_administrator(
    *, username: str, name: str, area: Area, organisation_name: str = "", password: str = ""
) -> tuple[Officer, str]:
    """The first administrator of an area, with its bureau: by command, since nobody can yet do it on a page.

    Returns the account and its first password. Raises NotAsItWas when the area has an administrator already, BadName, NameTaken.
    """
    Area.objects.select_for_update().get(pk=area.pk)
    if lasting_administrators(timezone.now()).filter(area_id__in=ancestors(area.code)).exists():
        raise NotAsItWas(_("“{area}”已有系统管理员，请由其新增账号。").format(area=area.name))
    office = _office(area, Organisation.Kind.BUREAU, organisation_name or _("{area}民政局").format(area=area.name))
    password = password or passwords.random_password()
    made = new_officer(username, name, office, None, password, password_from=None)
    save_new(made)
    recorded_as_new(made, None)
    appoint(locked(made), role=Role.ADMINISTRATOR, area=area, begins=None, ends=None, acting_officer=None)
    return made, password


@transaction.atomic
def demo_accounts(
    areas: Iterable[Area], *, password: str = "", roles: Sequence[Role] = tuple(Role)
) -> list[DemoAccount]:
    """One generated account for each role that can be held in one of the areas, ready to sign in; again: new passwords.

    Of several areas of one level the first counts. Names say the role: demo-township-clerk. `password`: the same for all.
    """
    by_level: dict[int, Area] = {}
    for area in areas:
        by_level.setdefault(area.level, area)
    made = []
    for role in roles:
        level = next((level for level in _DEMO_LEVELS if level in LEVELS[role] and level in by_level), None)
        if level is not None:
            made.append(_demo(role, by_level[level], password or passwords.random_password()))
    return made


#: A county is what the demo is about: roles that may be held at several levels are held there if they can be.
_DEMO_LEVELS = (Level.COUNTY, Level.VILLAGE, Level.TOWNSHIP, Level.CITY, Level.PROVINCE)
_DEMO_KINDS = {
    Role.VILLAGE_ASSISTANT: Organisation.Kind.VILLAGE,
    Role.SURVEYOR: Organisation.Kind.FIRM,
    Role.CITY_SUPERVISOR: Organisation.Kind.UPPER,
    Role.PROVINCE_SUPERVISOR: Organisation.Kind.UPPER,
}


def _demo(role: Role, area: Area, password: str) -> DemoAccount:
    kind = _DEMO_KINDS.get(role) or next(one for one in Organisation.Kind.values if one in OFFICES[role])
    office = _office(area, kind, _demo_office(kind, area.name))
    username = f"demo-{role.value.replace('_', '-')}"
    held = Officer.objects.filter(username=username).first()
    if held is None:
        held = new_officer(
            username, _("{role}（演示）").format(role=role.label), office, None, password, password_from=None
        )
        held.generated = True
        save_new(held)
        recorded_as_new(held, None)
    now = timezone.now()
    held.set_password(password)
    held.must_change_password, held.password_changed_at, held.is_active, held.password_from = False, now, True, None
    secret = None
    if role in SECOND_FACTOR:
        secret = held.second_factor_secret or new_secret()
        held.second_factor_secret, held.second_factor_since = secret, held.second_factor_since or now
    held.save()
    if not Appointment.objects.not_over(now).filter(officer=held, role=role, area=area).exists():
        appoint(locked(held), role=role, area=area, begins=None, ends=None, acting_officer=None)
    return DemoAccount(role, username, password, secret)


def _demo_office(kind: str, place: str) -> str:
    """What such an organisation is called there."""
    if kind == Organisation.Kind.VILLAGE:
        return place if "委" in place else _("{place}民委员会").format(place=place)
    names = {
        Organisation.Kind.BUREAU: _("{place}民政局"),
        Organisation.Kind.UPPER: _("{place}民政部门"),
        Organisation.Kind.TOWNSHIP: _("{place}民生服务中心"),
        Organisation.Kind.DEPARTMENT: _("{place}医疗保障局"),
        Organisation.Kind.FIRM: _("{place}评估机构（示例）"),
    }
    return names[Organisation.Kind(kind)].format(place=place)


def _office(area: Area, kind: str, name: str) -> Organisation:
    made, is_new = Organisation.objects.get_or_create(
        code=f"{area.code}-{kind}", defaults={"name": name, "kind": kind, "area": area}
    )
    if is_new:
        record(Event.ORGANISATION_ADDED, by=None, subject=made.code, area=area.code, details={"kind": kind})
    return made
