"""Officers of a small county: one who works in a township, one who keeps the county's machines, one of another county."""

import pytest

from zhikun.accounts.models import Appointment, Officer, Organisation
from zhikun.accounts.roles import Role
from zhikun.jobs import kinds
from zhikun.places.models import Area, Level

COUNTY, TOWNSHIP, ELSEWHERE = 640402_000000, 640402_100000, 640422_000000


@pytest.fixture
def officers(db):
    """Officers by name: clerk and neighbour in one township, manager of the county, stranger who manages another county."""
    Area.objects.create(code=COUNTY, name="演示县", level=Level.COUNTY)
    Area.objects.create(code=TOWNSHIP, name="演示镇", level=Level.TOWNSHIP, parent_id=COUNTY)
    Area.objects.create(code=ELSEWHERE, name="邻县", level=Level.COUNTY)
    made = {}
    for name, role, area in (
        ("clerk", Role.TOWNSHIP_CLERK, TOWNSHIP),
        ("neighbour", Role.TOWNSHIP_CLERK, TOWNSHIP),
        ("manager", Role.ADMINISTRATOR, COUNTY),
        ("stranger", Role.ADMINISTRATOR, ELSEWHERE),
    ):
        office = Organisation.objects.create(code=name, name=f"{name} 的单位", kind="bureau", area_id=area)
        officer = Officer.objects.create(
            username=name, name=f"演示{name}", organisation=office, generated=True, must_change_password=False
        )
        Appointment.objects.create(officer=officer, role=role, area_id=area)
        made[name] = officer
    return made


@pytest.fixture
def new_kind(monkeypatch):
    """Registers kinds of work for the length of a test."""

    def add(name, work, **about):
        monkeypatch.setitem(kinds.KINDS, name, kinds.Kind(name, about.pop("title", "测试任务"), work, **about))

    return add
