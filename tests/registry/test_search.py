"""Finding households: what is found, by whom, what is left on record, and what never leaves the box."""

from urllib.parse import unquote

import pytest
from django.urls import reverse
from tests import factories
from tests.officers import signed_in

from zhikun.accounts.roles import Role
from zhikun.audit.models import Entry
from zhikun.identity.pinyin import as_query
from zhikun.places.models import Area, AreaRange
from zhikun.registry.models import Household
from zhikun.registry.selectors import search
from zhikun.registry.services import structure
from zhikun.registry.services.change import Change

pytestmark = pytest.mark.django_db


def found(officer, text="", size=50, after=None, **narrower):
    query = as_query(text) if text else None
    wanted = search.Wanted(search.scope(officer), query, **narrower)
    return search.find(officer, wanted, after, size)


def numbers(page):
    return [hit.household.number for hit in page.hits]


def typed(client, text, **filters):
    return client.post(reverse("registry:search"), {"text": text, **filters})


@pytest.mark.parametrize("text", ["马试一", "mashiyi", "MSY", "ma shi yi"])
def test_a_household_is_found_by_name_pinyin_and_initials_of_any_member(text):
    made = factories.household()
    factories.household(n=2, members=[factories.member("王试二", "02", 9)])
    page = found(factories.officer(Role.TOWNSHIP_CLERK), text)
    assert numbers(page) == [made.number]
    assert page.hits[0].person == made.head
    assert page.count == 1


def test_by_identity_number_by_household_number_and_by_its_running_number():
    made = factories.household(n=7)
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    county = factories.officer(Role.COUNTY_REVIEWER)
    for text in (factories.id_number(14), made.number, made.number[:-2]):
        assert numbers(found(clerk, text)) == [made.number], text
    assert numbers(found(county, "1")) == [made.number]
    assert numbers(found(clerk, factories.id_number(500))) == []


def test_nobody_finds_what_is_not_theirs_by_any_way():
    there = factories.household(factories.OTHER_VILLAGE, n=3)
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    for text in ("", "马试一", "msy", factories.id_number(6), there.number):
        page = found(clerk, text)
        assert (page.hits, page.count) == ([], 0), text
    asked = search.Wanted([AreaRange(factories.OTHER_TOWNSHIP, factories.OTHER_TOWNSHIP + 999)])
    assert search.find(clerk, asked).hits == []


def test_who_left_a_household_is_found_by_number_in_the_last_one_and_said_to_have_left():
    made = factories.household()
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    structure.close(made, Change(factories.DAY, "迁出县外"), acting_officer=clerk)
    page = found(clerk, factories.id_number(2), state="")
    assert [(hit.household.pk, hit.left) for hit in page.hits] == [(made.pk, True)]
    assert found(clerk, "马试一").hits == []


def test_pages_follow_each_other_without_a_gap_or_a_double():
    for n in range(1, 8):
        area = factories.VILLAGE + n % 2
        factories.household(
            area, members=[factories.member("马试一", "02", 10 + n), factories.member("马试依", "10", 30 + n)]
        )
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    for text, expected in (("", 7), ("马试一", 7), ("msy", 14)):
        seen, after = [], None
        while True:
            page = found(clerk, text, size=3, after=after)
            seen += [(hit.household.pk, hit.person and hit.person.pk) for hit in page.hits]
            after = search.cursor(str(page.next)) if page.next else None
            if after is None:
                break
        assert len(seen) == len(set(seen)) == expected, text


def test_what_narrows_a_list_narrows_names_too():
    one, two = factories.household(), factories.household(n=2, members=[factories.member("马试一", "02", 20)])
    Household.objects.filter(pk=two.pk).update(category="dibao", open_contradictions=1)
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    for text in ("", "马试一"):
        assert numbers(found(clerk, text, category="dibao")) == [two.number]
        assert numbers(found(clerk, text, contradicted=True)) == [two.number]
        assert set(numbers(found(clerk, text))) == {one.number, two.number}


def test_areas_of_several_appointments_are_joined_and_cut_to_the_place():
    officer = factories.officer(Role.TOWNSHIP_CLERK)
    assert search.scope(officer) == [AreaRange(factories.TOWNSHIP, factories.TOWNSHIP + 999)]
    assert search.scope(officer, AreaRange(factories.VILLAGE, factories.VILLAGE)) == [
        AreaRange(factories.VILLAGE, factories.VILLAGE)
    ]
    assert search.scope(officer, AreaRange(factories.OTHER_VILLAGE, factories.OTHER_VILLAGE)) == []


@pytest.mark.parametrize("text", ["640402103200~", "x", "1~2", "640402103200~a b", "'; drop--~x"])
def test_a_cursor_that_was_made_up_is_the_first_page(text):
    assert search.cursor(text) is None


def test_what_was_typed_stands_in_no_address_no_session_and_no_record():
    made = factories.household()
    browser = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    for secret in ("马试一", factories.id_number(2)):
        answer = typed(browser, secret)
        assert answer.status_code == 302
        assert secret not in unquote(answer["Location"])
        page = browser.get(answer["Location"])
        assert made.number in page.content.decode()
        assert secret not in str(dict(browser.session))
        entry = Entry.objects.filter(event="registry.searched").latest("number")
        assert (entry.looks, entry.details["count"], entry.household) == (True, 1, None)
        assert secret not in str(entry.details)


def test_names_and_numbers_on_the_page_are_masked():
    made = factories.household()
    browser = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    text = browser.get(typed(browser, factories.id_number(2))["Location"]).content.decode()
    assert "马**" in text
    assert "马试一" not in text
    assert made.head.id_number not in text


def test_a_reloaded_page_is_one_look_and_the_next_search_another():
    factories.household()
    browser = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    address = typed(browser, "马试一")["Location"]
    for _again in range(3):
        browser.get(address)
    assert Entry.objects.filter(event="registry.searched").count() == 1
    browser.get(typed(browser, "苏试二")["Location"])
    assert Entry.objects.filter(event="registry.searched").count() == 2


def test_a_token_of_another_session_finds_nothing_and_says_so():
    factories.household()
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    address = typed(signed_in(clerk), "马试一")["Location"]
    text = signed_in(clerk).get(address).content.decode()
    assert "查询内容已失效" in text


def test_filters_stay_in_the_address_and_a_place_out_of_scope_is_ignored():
    factories.household()
    browser = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    answer = typed(browser, "", place=str(factories.VILLAGE), category="dibao", contradictions="on")
    assert answer["Location"].endswith(f"?place={factories.VILLAGE}&category=dibao&contradictions=on")
    offered = browser.get(reverse("registry:search")).content.decode()
    assert Area.objects.get(pk=factories.VILLAGE).name in offered
    assert Area.objects.get(pk=factories.OTHER_TOWNSHIP).name not in offered
    foreign = browser.get(reverse("registry:search"), {"place": str(factories.OTHER_VILLAGE)}).content.decode()
    assert "示例三村" not in foreign


def test_fifty_households_cost_as_many_queries_as_one(django_assert_max_num_queries):
    browser = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    for n in range(1, 4):
        factories.household(n=n)
    address = typed(browser, "马试一")["Location"]
    with django_assert_max_num_queries(22):
        browser.get(address)


def test_who_may_not_see_households_has_no_search():
    for role in (Role.SURVEYOR, Role.AUDITOR, Role.ADMINISTRATOR, Role.DEPARTMENT_OFFICER):
        assert signed_in(factories.officer(role)).get(reverse("registry:search")).status_code == 404, role
