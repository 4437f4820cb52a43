"""Officers of one township open every address of the platform and ask for their neighbours' places, in one county and one run.

The permission table asks for objects of another county; here rounds and runs are the county's own, so they are there for both
townships, and what is the other one's must be in none of their pages, fragments, files and answers.
"""

import io
import zipfile
from urllib.parse import urlencode

import pytest
from django.db import transaction
from tests import factories
from tests.accounts.test_permission_table import PAGES, addresses
from tests.monitoring.conftest import a_warning
from tests.officers import signed_in
from tests.permission_objects import areas, home
from tests.surveys import factory as surveys

from zhikun.accounts.roles import Role
from zhikun.places.models import Area
from zhikun.surveys.services import reports

pytestmark = pytest.mark.django_db

ROLES = (
    Role.VILLAGE_ASSISTANT, Role.SURVEYOR, Role.TOWNSHIP_CLERK, Role.TOWNSHIP_REVIEWER, Role.DEPARTMENT_OFFICER,
    Role.ADMINISTRATOR,
)  # fmt: skip
NAME = "欧阳邻乡"
#: Pages that are asked with a filter of their own, beside a place: what is typed there names the other township's household.
ASKED = ({}, {"place": factories.OTHER_TOWNSHIP}, {"place": factories.OTHER_VILLAGE}, {"area": factories.OTHER_VILLAGE})


@pytest.fixture(scope="module")
def county(django_db_setup, django_db_blocker):
    """Two townships of a county with households, a visit, a warning and a self-report in each."""
    with django_db_blocker.unblock(), transaction.atomic():
        areas()
        head = factories.member(NAME, "02", 90)
        theirs = factories.household(factories.OTHER_VILLAGE, 90, members=[head])
        a_warning(theirs, level=4)
        surveys.assigned(theirs, township=factories.OTHER_TOWNSHIP, village=factories.OTHER_VILLAGE)
        village = Area.objects.get(pk=factories.OTHER_VILLAGE)
        reports.hand_code(village, theirs, acting_officer=surveys.manager(factories.OTHER_TOWNSHIP))
        a_warning(home(True), level=4)
        yield theirs
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def browsers(county):
    """A browser for each role, all of the first township or without rights on households. An auditor sees the county's record."""
    people = {role: factories.officer(role) for role in ROLES}
    return {role: (who, signed_in(who)) for role, who in people.items()}


def text_of(answer):
    """All that was sent, workbooks unpacked."""
    content = answer.getvalue() if answer.streaming else answer.content
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            content = b"".join(file.read(name) for name in file.namelist())
    return content.decode(errors="ignore")


@pytest.mark.parametrize("view", PAGES, ids=lambda view: view.name)
def test_nothing_of_the_neighbouring_township_is_in_any_answer(view, county, browsers):
    secrets = {county.number, str(county.pk), str(county.head_id), NAME, "欧阳**", "欧**"}
    told, address = {}, addresses(view, True)
    for role, (who, browser) in browsers.items():
        url = address(who)
        for asked in ASKED:
            for headers in ({}, {"HX-Request": "true"})[: 1 if asked else 2]:
                answer = browser.get(f"{url}?{urlencode(asked)}" if asked else url, headers=headers)
                assert answer.status_code < 500, (url, asked)
                found = {one for one in secrets if one in text_of(answer)}
                if found:
                    told[role.value, str(asked)] = found
    assert not told, view.name
