"""Generated areas, officers and households for tests of the platform. No number here belongs to anybody: `generated.number`."""

from __future__ import annotations

from datetime import date

from zhikun.accounts.models import Appointment, Officer, Organisation
from zhikun.accounts.roles import Role
from zhikun.identity.numbers import with_check_character
from zhikun.places.models import Area, Level
from zhikun.registry.models import Household
from zhikun.registry.services import household as households
from zhikun.registry.services.person import Particulars
from zhikun.registry.sources import SourceKind, Told

DAY = date(2026, 11, 2)
COUNTY, OTHER_COUNTY = 640402000000, 640422000000
TOWNSHIP, OTHER_TOWNSHIP = 640402103000, 640402104000
VILLAGE, OTHER_VILLAGE, FAR_VILLAGE = 640402103200, 640402104200, 640422100200
PASSWORD = "Generated-Passw0rd"  # noqa: S105 - of generated accounts

_AREAS = (
    (640000000000, "宁夏回族自治区", Level.PROVINCE, None),
    (640400000000, "固原市", Level.CITY, 640000000000),
    (COUNTY, "原州区", Level.COUNTY, 640400000000),
    (OTHER_COUNTY, "西吉县", Level.COUNTY, 640400000000),
    (TOWNSHIP, "官厅镇", Level.TOWNSHIP, COUNTY),
    (OTHER_TOWNSHIP, "开城镇", Level.TOWNSHIP, COUNTY),
    (640422100000, "吉强镇", Level.TOWNSHIP, OTHER_COUNTY),
    (VILLAGE, "示例一村", Level.VILLAGE, TOWNSHIP),
    (VILLAGE + 1, "示例二村", Level.VILLAGE, TOWNSHIP),
    (OTHER_VILLAGE, "示例三村", Level.VILLAGE, OTHER_TOWNSHIP),
    (FAR_VILLAGE, "示例四村", Level.VILLAGE, 640422100000),
)

_ROLE_HOME = {
    Role.VILLAGE_ASSISTANT: (Organisation.Kind.VILLAGE, VILLAGE),
    Role.SURVEYOR: (Organisation.Kind.FIRM, TOWNSHIP),
    Role.TOWNSHIP_CLERK: (Organisation.Kind.TOWNSHIP, TOWNSHIP),
    Role.TOWNSHIP_REVIEWER: (Organisation.Kind.TOWNSHIP, TOWNSHIP),
    Role.COUNTY_REVIEWER: (Organisation.Kind.BUREAU, COUNTY),
    Role.COUNTY_APPROVER: (Organisation.Kind.BUREAU, COUNTY),
    Role.DEPARTMENT_OFFICER: (Organisation.Kind.DEPARTMENT, COUNTY),
    Role.CITY_SUPERVISOR: (Organisation.Kind.UPPER, 640400000000),
    Role.PROVINCE_SUPERVISOR: (Organisation.Kind.UPPER, 640000000000),
    Role.AUDITOR: (Organisation.Kind.BUREAU, COUNTY),
    Role.ADMINISTRATOR: (Organisation.Kind.BUREAU, COUNTY),
}


def areas() -> None:
    """Two counties of one city with townships and villages of generated names."""
    # Asked for hundreds of thousands of times in a whole run: one question where they are there already.
    if Area.objects.filter(code__in=[code for code, *_rest in _AREAS]).count() < len(_AREAS):
        Area.objects.bulk_create(
            [
                Area(code=code, name=name, level=level, parent_id=parent, source="tests")
                for code, name, level, parent in _AREAS
            ],
            ignore_conflicts=True,
        )


def officer(role: Role | None, area: int | None = None, username: str = "") -> Officer:
    """An officer with one role (or none) in an area: by default where such a role works in the first county."""
    kind, home = _ROLE_HOME[role] if role else (Organisation.Kind.BUREAU, COUNTY)
    area = home if area is None else area
    areas()
    office, _made = Organisation.objects.get_or_create(
        code=f"{kind}-{area}", defaults={"name": f"示例机构{area}", "kind": kind, "area_id": area}
    )
    name = username or f"{role or 'nobody'}-{area}"
    found = Officer.objects.filter(username=name).first()
    if found:
        return found
    made = Officer(username=name, name="测试员", organisation=office, must_change_password=False, generated=True)
    made.set_password(PASSWORD)
    made.save()
    if role:
        Appointment.objects.create(officer=made, role=role, area_id=area)
    return made


def id_number(n: int, born: str = "19680512", county: str = "640402") -> str:
    """The n-th generated identity number of a birth day; odd n are men."""
    return with_check_character(f"{county}{born}{n % 1000:03d}")


def member(name: str, relation: str, n: int, born: str = "19680512", **facts: object) -> households.NewMember:
    """A member for `household`."""
    return households.NewMember(Particulars(name, id_number(n, born)), relation, dict(facts))


def household(
    area: int = VILLAGE,
    n: int = 1,
    *,
    members: list[households.NewMember] | None = None,
    by: Officer | None = None,
    **facts: object,
) -> Household:
    """A registered household of the survey: two people, unless `members` says otherwise. `n` sets their numbers apart."""
    areas()
    people = members or [member("马试一", "02", 2 * n), member("苏试二", "10", 2 * n + 1, "19700301")]
    new = households.NewHousehold(Area.objects.get(pk=area), people, "示例路1号", dict(facts))
    acting = by or officer(Role.COUNTY_REVIEWER, area // 10**6 * 10**6)
    return households.register(new, Told(SourceKind.SURVEY, DAY), generated=True, acting_officer=acting)
