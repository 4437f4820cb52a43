"""Officers to be put on record."""

import pytest

from zhikun.accounts.models import Appointment, Officer, Organisation
from zhikun.places.models import Area

COUNTY, TOWNSHIP, OTHER, VILLAGE = 640402000000, 640402103000, 640422000000, 640402103221


@pytest.fixture
def areas(db):
    for code, name, level in (
        (640000000000, "宁夏回族自治区", 1),
        (640400000000, "固原市", 2),
        (COUNTY, "原州区", 3),
        (OTHER, "西吉县", 3),
        (TOWNSHIP, "官厅镇", 4),
        (VILLAGE, "石庄村委会", 5),
        (640422100000, "吉强镇", 4),
    ):
        Area.objects.create(code=code, name=name, level=level)


@pytest.fixture
def officer_of(areas):
    """Makes an officer with a role in an area."""

    def make(username, name, role, area, home=None):
        organisation, _new = Organisation.objects.get_or_create(
            code=f"o{home or area}", defaults={"name": "民政办", "kind": "township", "area_id": home or area}
        )
        officer = Officer.objects.create(
            username=username, name=name, organisation=organisation, must_change_password=False, generated=True
        )
        Appointment.objects.create(officer=officer, role=role, area_id=area)
        return officer

    return make


@pytest.fixture
def clerk(officer_of):
    return officer_of("clerk", "张某", "township_clerk", TOWNSHIP)


@pytest.fixture
def auditor(officer_of):
    return officer_of("auditor", "李某", "auditor", COUNTY)
