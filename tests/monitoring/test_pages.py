"""The work list, one warning opened, the household's page: who sees what, in what order, and that counts equal lists."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from tests import factories
from tests.monitoring.conftest import a_warning
from tests.officers import signed_in

from zhikun.accounts.roles import Role
from zhikun.audit.models import Entry
from zhikun.monitoring import due, selectors
from zhikun.monitoring.models import NO_DAY, RaisedWarning
from zhikun.registry.models import Household, Person

pytestmark = pytest.mark.django_db
LIST = "/warnings/"


def rows(answer):
    return re.findall(r'/warnings/([0-9a-f-]{36})"', answer.content.decode())


def walked(browser, **query):
    """Every warning of the list, page by page."""
    found, address = [], LIST
    answer = browser.get(address, query)
    while True:
        found += rows(answer)
        following = answer.context["next"]
        if not following:
            return found
        answer = browser.get(following)


def test_the_list_is_of_the_officers_place_and_another_one_is_not_there(county):
    county.publish()
    clerk = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    assert {str(county.one(n, d).pk) for n, d in ((2, "hardship"), (3, "exit"), (4, "hardship"))} == set(walked(clerk))
    other = county.one(6)
    assert clerk.get(reverse("monitoring:warning", args=[other.pk])).status_code == 404
    assert clerk.get(LIST, {"place": factories.OTHER_TOWNSHIP}).status_code == 404
    assert clerk.get(LIST, {"place": "x" * 12}).status_code == 404
    assert len(walked(signed_in(factories.officer(Role.COUNTY_REVIEWER)))) == 4


def test_a_household_that_moved_takes_its_warnings_along(county):
    county.publish()
    Household.objects.filter(pk=county.homes[2].pk).update(area_id=factories.VILLAGE)
    assert str(county.one(6).pk) in walked(signed_in(factories.officer(Role.TOWNSHIP_CLERK)))
    there = factories.officer(Role.TOWNSHIP_CLERK, factories.OTHER_TOWNSHIP)
    assert walked(signed_in(there)) == []


def test_overdue_stands_first_and_of_one_day_the_gravest_and_what_has_no_day_last():
    home, today = factories.household(), timezone.localdate()
    day = timedelta(days=1)
    wanted = [
        a_warning(home, due=today - 5 * day, level=1), a_warning(home, due=today, level=4), a_warning(home, due=today, level=2),
        a_warning(home, due=today + day, level=4), a_warning(home, due=NO_DAY, level=4),
    ]  # fmt: skip
    browser = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    assert walked(browser) == [str(one.pk) for one in wanted]
    assert walked(browser, overdue="on") == [str(wanted[0].pk)]
    words = browser.get(LIST).content.decode()
    assert "今天到期" in words
    assert "期限算不出" in words


@pytest.mark.parametrize("query", [{}, {"overdue": "on"}, {"state": "all"}, {"direction": "exit"}, {"filed": "none"}])
def test_every_count_equals_the_list_behind_it(query, monkeypatch):
    homes = [
        factories.household(n=1),
        factories.household(factories.VILLAGE + 1, n=2),
        factories.household(factories.OTHER_VILLAGE, n=3),
    ]
    today = timezone.localdate()
    for n in range(60):
        home = homes[n % 3] if n % 5 else None
        a_warning(
            home, area=factories.VILLAGE, level=1 + n % 4, due=today + timedelta(days=n % 7 - 3), direction="exit" if n % 2 else "hardship",
            state="answered" if n % 11 == 0 else "waiting",
        )  # fmt: skip
    monkeypatch.setattr(selectors, "PER_PAGE", 7)
    monkeypatch.setattr(selectors.find, "__defaults__", (None, 7))
    browser = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    for tab in browser.get(LIST, query).context["tabs"]:
        answer = browser.get(tab.url)
        found = rows(answer)
        while answer.context["next"]:
            answer = browser.get(answer.context["next"])
            found += rows(answer)
        assert len(found) == len(set(found)) == tab.count == answer.context["found"].total


def test_who_is_in_no_file_is_listed_by_place_without_a_name(county):
    county.publish()
    browser = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    page = browser.get(LIST).content.decode()
    assert "1</span> 件的人不在任何家庭档案里" in page
    listed = browser.get(LIST, {"filed": "none"})
    assert rows(listed) == [str(county.one(8).pk)]
    assert "示例一村" in listed.content.decode()
    opened = browser.get(reverse("monitoring:warning", args=[county.one(8).pk])).content.decode()
    assert "不显示姓名" in opened
    assert "人*" not in opened  # as the list of departments shows them
    assert county.place.token(8).hex() not in opened
    there = signed_in(factories.officer(Role.TOWNSHIP_CLERK, factories.OTHER_TOWNSHIP))
    assert there.get(reverse("monitoring:warning", args=[county.one(8).pk])).status_code == 404


def test_a_warning_opens_down_to_value_file_and_arithmetic(county):
    county.publish()
    browser = signed_in(factories.officer(Role.COUNTY_REVIEWER))
    page = browser.get(reverse("monitoring:warning", args=[county.one(6).pk])).content.decode()
    assert "红色" in page
    assert "100 分 × 权重 40% = 40 分" in page
    assert "bills 2026-08" in page
    assert "= 至少 80 分" in page or "= 80 分" in page
    assert "缺 2026-06、2026-07 的名单" in page
    head = county.homes[2].head
    assert head.name not in page
    assert head.id_number not in page
    assert county.place.token(6).hex() not in page


def test_where_the_months_files_are_gone_the_page_opens_and_says_so(county):
    county.publish()
    for path in (county.place.data / "lists" / "bills").rglob("rows.parquet"):
        path.unlink()
    browser = signed_in(factories.officer(Role.COUNTY_REVIEWER))
    answer = browser.get(reverse("monitoring:warning", args=[county.one(6).pk]))
    assert answer.status_code == 200
    assert "现在不能重算这条预警" in answer.content.decode()
    assert str(county.place.data) not in answer.content.decode()


def test_a_look_is_on_record_once(county):
    county.publish()
    browser = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    for _again in range(2):
        browser.get(reverse("monitoring:warning", args=[county.one(2).pk]))
        browser.get(LIST)
    look = Entry.objects.get(event="monitoring.viewed")
    assert (look.household, look.area, look.looks) == (county.homes[0].pk, factories.VILLAGE, True)
    assert Entry.objects.filter(event="monitoring.listed", looks=True).count() == 1


@pytest.mark.parametrize("role", [Role.SURVEYOR, Role.DEPARTMENT_OFFICER, Role.AUDITOR, Role.ADMINISTRATOR])
def test_who_has_no_business_with_warnings_sees_no_list_no_menu_and_no_card(role):
    one = a_warning(factories.household())
    browser = signed_in(factories.officer(role, factories.COUNTY))
    assert browser.get(LIST).status_code == 404
    assert browser.get(reverse("monitoring:warning", args=[one.pk])).status_code == 404
    assert "待核实预警" not in browser.get("/", follow=True).content.decode()


def test_the_first_page_counts_what_the_list_has(county):
    county.publish()
    browser = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    page = browser.get("/").content.decode()
    assert "待核实预警" in page
    card = next(one for one in browser.get("/").context["figures"] if one.title == "待核实预警")
    assert card.value == len(walked(browser)) == 3


def test_the_households_page_and_its_timeline_have_its_peoples_warnings(county):
    county.publish()
    home = county.homes[0]
    browser = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    page = browser.get(reverse("registry:household", args=[home.pk])).content.decode()
    assert set(rows_in(page)) == {str(county.one(2).pk), str(county.one(3, "exit").pk)}
    assert "panel-monitoring" in page
    timeline = browser.get(reverse("registry:timeline", args=[home.pk])).content.decode()
    assert "蓝色预警：新增" in timeline
    assert str(county.one(2).pk) in timeline


def rows_in(page):
    return re.findall(r'/warnings/([0-9a-f-]{36})"', page)


def test_who_has_moved_to_another_household_is_warned_of_there_and_not_here():
    one, other = factories.household(n=1), factories.household(n=2)
    raised = a_warning(one)
    one.memberships.filter(person=one.head).update(household=other, position=9)
    browser = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    assert str(raised.pk) in browser.get(reverse("registry:household", args=[other.pk])).content.decode()
    assert str(raised.pk) not in browser.get(reverse("registry:household", args=[one.pk])).content.decode()


def test_of_a_person_who_died_the_list_says_so():
    home = factories.household()
    Person.objects.filter(pk=home.head_id).update(died_on=factories.DAY)
    one = a_warning(home)
    browser = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    assert "已去世" in browser.get(LIST).content.decode()
    assert "去世" in browser.get(reverse("monitoring:warning", args=[one.pk])).content.decode()


def test_fifty_warnings_cost_as_many_queries_as_one(django_assert_num_queries):
    homes = [factories.household(n=n) for n in range(1, 6)]
    browser = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    a_warning(homes[0])
    browser.get(LIST)
    with django_assert_num_queries(QUERIES):
        browser.get(LIST)
    for n in range(49):
        a_warning(homes[n % 5])
    with django_assert_num_queries(QUERIES):
        browser.get(LIST)


QUERIES = 8


def test_a_provisional_deadline_is_marked_and_days_left_are_working_days(monkeypatch):
    home = factories.household()
    friday = factories.DAY.replace(month=11, day=20)
    one = a_warning(home, due=friday + timedelta(days=4), provisional=True)  # the Tuesday after
    shown = due.due_of(one, friday)
    assert (shown.words, shown.tone) == ("还有 2 个工作日", "warning")
    assert due.due_of(one, friday + timedelta(days=4)).words == "今天到期"
    late = due.due_of(one, friday + timedelta(days=6))
    assert (late.words, late.overdue) == ("已超期 2 个工作日", True)
    weekend = a_warning(home, due=friday)
    assert (
        due.due_of(weekend, friday + timedelta(days=1)).words == "已超期"
    )  # on a Saturday no working day has passed yet
    assert "暂定" in signed_in(factories.officer(Role.TOWNSHIP_CLERK)).get(LIST).content.decode()


def test_a_month_and_place_that_nobody_knows_do_not_break_the_list():
    a_warning(factories.household())
    browser = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    answer = browser.get(
        LIST, {"of": "x·1999-01", "level": "9", "after": "9999-99-99~9~zz", "state": "x", "direction": "y"}
    )
    assert answer.status_code == 200
    assert len(rows(answer)) == 1
    assert RaisedWarning.objects.count() == 1


def test_without_any_month_the_page_says_what_comes():
    assert "还没有发布过预警" in signed_in(factories.officer(Role.TOWNSHIP_CLERK)).get(LIST).content.decode()
