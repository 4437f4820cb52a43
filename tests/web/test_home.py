"""The first page after sign-in: what waits for whom."""

import pytest
from tests import factories
from tests.officers import signed_in

from zhikun.accounts.roles import Role
from zhikun.registry.services import recording
from zhikun.registry.sources import SourceKind, Told

pytestmark = pytest.mark.django_db


def page(client, role):
    return signed_in(factories.officer(role), client).get("/")


def test_a_number_of_the_first_page_is_that_of_the_list_behind_it(client):
    made = factories.household(business_income_year=0)
    factories.household(factories.OTHER_VILLAGE, n=2)
    told = Told(SourceKind.DEPARTMENT, factories.DAY, "税务局")
    facts = {"household": {"": {"business_income_year": 30000}}}
    recording.record(made, told, facts, acting_officer=factories.officer(Role.COUNTY_REVIEWER))
    answer = page(client, Role.TOWNSHIP_CLERK)
    shown = {str(one.title): (one.value, one.url) for one in answer.context["figures"]}
    assert shown["在册家庭"][0] == shown["申报与核对不符"][0] == 1
    listed = client.get(shown["申报与核对不符"][1])
    assert made.number in listed.content.decode()


def test_who_may_see_no_household_sees_no_number_of_them(client):
    factories.household()
    answer = page(client, Role.DEPARTMENT_OFFICER)
    assert answer.context["figures"] == []
    assert "在册家庭" not in answer.content.decode()
    assert "现在没有等您办理的事项" in answer.content.decode(), "an empty page says that it is one"


def test_an_officer_without_a_duty_is_told_whom_to_ask(client):
    assert "联系本单位的系统管理员" in page(client, None).content.decode()


def test_no_two_lines_of_the_menu_look_alike():
    """Somebody who knows the page by its picture does not open another one."""
    from collections import Counter

    from zhikun.pages import menu

    icons = Counter(entry.icon for entry in menu._entries.values())
    assert len(icons) > 10
    assert [icon for icon, times in icons.items() if times > 1] == []
