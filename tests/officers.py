"""Officers and areas for tests of every room: one line makes a person with a role somewhere, one more signs them in."""

from __future__ import annotations

import itertools

from django.test import Client
from django.utils import timezone

from zhikun.accounts.models import Appointment, Officer, Organisation
from zhikun.accounts.roles import Role
from zhikun.accounts.sessions import mark_begun
from zhikun.places.models import Area, Level

PASSWORD = "Qingshui-River-7"  # noqa: S105 - of generated people in tests
_numbers = itertools.count(1)


def area(code: int, name: str, level: Level, parent: Area | None = None) -> Area:
    found, _unused = Area.objects.get_or_create(code=code, defaults={"name": name, "level": level, "parent": parent})
    return found


def province() -> Area:
    return area(640000000000, "宁夏回族自治区", Level.PROVINCE)


def city() -> Area:
    return area(640400000000, "固原市", Level.CITY, province())


def county() -> Area:
    return area(640402000000, "原州区", Level.COUNTY, city())


def township() -> Area:
    return area(640402100000, "三营镇", Level.TOWNSHIP, county())


def village() -> Area:
    return area(640402100201, "金轮村", Level.VILLAGE, township())


def other_township() -> Area:
    return area(640402101000, "官厅镇", Level.TOWNSHIP, county())


def other_county() -> Area:
    return area(640422000000, "西吉县", Level.COUNTY, city())


def organisation(where: Area, kind: str = Organisation.Kind.BUREAU, code: str = "") -> Organisation:
    code = code or f"{where.code}-{kind}"
    found, _unused = Organisation.objects.get_or_create(
        code=code, defaults={"name": f"{where.name}单位", "kind": kind, "area": where}
    )
    return found


def officer(*roles: Role, where: Area | None = None, office: Organisation | None = None, **fields) -> Officer:
    """An officer who has finished sign-in before, with these roles in the area (the county unless told)."""
    where = where or county()
    number = next(_numbers)
    made = Officer(
        username=fields.pop("username", f"officer{number}"), name=fields.pop("name", f"生成人员{number}"),
        organisation=office or organisation(where), must_change_password=fields.pop("must_change_password", False),
        generated=True, **fields,
    )  # fmt: skip
    made.set_password(PASSWORD)
    made.save()
    for role in roles:
        Appointment.objects.create(officer=made, role=role, area=where)
    return made


def signed_in(who: Officer, client: Client | None = None, *, verified: bool = True) -> Client:
    """A browser in which the officer has signed in, with the second factor where the role asks for one."""
    client = client or Client()
    if verified and who.needs_second_factor and who.second_factor_since is None:
        Officer.objects.filter(pk=who.pk).update(second_factor_since=timezone.now())
    client.force_login(who, backend="zhikun.accounts.backend.OfficerBackend")
    session = client.session

    class Holder:
        pass

    holder = Holder()
    holder.session = session
    mark_begun(holder, verified=verified)
    session.save()
    return client
