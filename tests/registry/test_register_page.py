"""Opening a file by form."""

import pytest
from django.urls import reverse
from tests import factories
from tests.officers import signed_in

from zhikun.accounts.roles import Role
from zhikun.registry.models import Household, Person

pytestmark = pytest.mark.django_db
ADDRESS = "/households/new"


def form(*members, **home):
    posted = {"area": factories.VILLAGE, "address": "示例路1号", "observed_on": "2026-11-02", "m-TOTAL_FORMS": len(members),
              "m-INITIAL_FORMS": 0, **home}  # fmt: skip
    for n, (name, relation, number) in enumerate(members):
        posted |= {
            f"m-{n}-name_of": name,
            f"m-{n}-relation": relation,
            f"m-{n}-id_kind": "resident",
            f"m-{n}-id_number": number,
        }
    return posted


def clerk():
    return signed_in(factories.officer(Role.TOWNSHIP_CLERK))


def test_a_household_is_opened_and_its_page_shown():
    browser = clerk()
    answer = browser.post(ADDRESS, form(("马试一", "02", factories.id_number(2)), ("苏试二", "10", "")))
    made = Household.objects.get()
    assert answer["Location"] == reverse("registry:household", args=[made.pk])
    assert made.people == 2
    assert made.address == "示例路1号"


def test_rows_are_added_and_taken_away_by_submits_and_nothing_typed_is_lost():
    browser = clerk()
    text = browser.post(ADDRESS, form(("马试一", "02", "")) | {"add": "1"}).content.decode()
    assert 'name="m-1-name_of"' in text
    assert 'value="马试一"' in text
    assert "zk-field-wrong" not in text
    text = browser.post(ADDRESS, form(("马试一", "02", ""), ("苏试二", "10", "")) | {"drop": "0"}).content.decode()
    assert 'name="m-1-name_of"' not in text
    assert 'value="苏试二"' in text
    assert Household.objects.count() == 0


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ([("马试一", "02", "640402196805120011")], "校验位不对"),
        ([("马试一", "10", "")], "户主"),
        ([("马试一", "02", ""), ("苏试二", "02", "")], "户主"),
        ([("马试一2", "02", "")], "姓名"),
        ([("马试一", "02", factories.id_number(2)), ("苏试二", "10", factories.id_number(2))], "已经在"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(members, words):
    answer = clerk().post(ADDRESS, form(*members))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert (Household.objects.count(), Person.objects.count()) == (0, 0)


def test_who_is_in_another_household_is_shown_with_the_way_there_only_in_scope():
    there = factories.household(n=1)
    posted = form(("马试一", "02", factories.id_number(2)))
    assert reverse("registry:household", args=[there.pk]) in clerk().post(ADDRESS, posted).content.decode()
    far = factories.household(factories.OTHER_VILLAGE, n=2)
    text = clerk().post(ADDRESS, form(("马试一", "02", factories.id_number(4)))).content.decode()
    assert str(far.pk) not in text
    assert far.number not in text
    assert "别的地区" in text


def test_a_village_out_of_scope_is_not_offered_and_not_taken():
    browser = clerk()
    assert "示例三村" not in browser.get(ADDRESS).content.decode()
    assert browser.post(ADDRESS, form(("马试一", "02", ""), area=factories.OTHER_VILLAGE)).status_code == 422
    assert signed_in(factories.officer(Role.TOWNSHIP_REVIEWER)).get(ADDRESS).status_code == 404


def test_every_form_of_a_change_opens_for_editors_and_for_nobody_else():
    made = factories.household()
    browser, other = clerk(), signed_in(factories.officer(Role.TOWNSHIP_CLERK, factories.OTHER_TOWNSHIP))
    for kind in ("join", "birth", "marry", "leave", "death", "head", "split", "merge", "move", "close"):
        address = reverse("registry:change", args=[made.pk, kind])
        assert browser.get(address).status_code == 200, kind
        assert other.get(address).status_code == 404, kind
    for kind in ("reopen", "nothing"):
        assert browser.get(reverse("registry:change", args=[made.pk, kind])).status_code == 404
    for name, *more in (("help",), ("categories",), ("add-document",), ("correct", made.head_id)):
        assert browser.get(reverse(f"registry:{name}", args=[made.pk, *more])).status_code == 200, name
        assert other.get(reverse(f"registry:{name}", args=[made.pk, *more])).status_code == 404, name


def test_a_split_by_form():
    made = factories.household()
    wife = made.memberships.get(relation="10").person_id
    answer = clerk().post(
        reverse("registry:change", args=[made.pk, "split"]),
        {f"goes-{wife}": "on", f"relation-{wife}": "02", "area": factories.VILLAGE, "address": "", "on": "2026-11-10",
         "reason": "离婚证", "version": 1},
    )  # fmt: skip
    new = Household.objects.exclude(pk=made.pk).get()
    assert answer["Location"] == reverse("registry:household", args=[new.pk])
    assert new.head_id == wife


def test_a_change_on_an_old_version_shows_the_newest_members_and_does_nothing():
    made = factories.household()
    Household.objects.update(version=5)
    answer = clerk().post(
        reverse("registry:change", args=[made.pk, "close"]), {"on": "2026-11-10", "reason": "迁出", "version": 1}
    )
    assert answer.status_code == 409
    text = answer.content.decode()
    assert 'name="version" value="5"' in text
    assert 'value="迁出"' in text
    assert Household.objects.get().state == Household.State.OPEN


def test_who_moves_a_household_away_is_sent_back_to_the_list():
    made = factories.household()
    answer = clerk().post(
        reverse("registry:change", args=[made.pk, "move"]),
        {
            "area": "",
            "code": factories.OTHER_VILLAGE,
            "address": "",
            "on": "2026-11-10",
            "reason": "迁移",
            "version": 1,
        },
    )
    assert answer["Location"] == reverse("registry:search")
    made.refresh_from_db()
    assert made.area_id == factories.OTHER_VILLAGE


@pytest.fixture
def large(monkeypatch):
    """A place with more villages than one scrolls through: the question is a name, and nothing is cut off."""
    from zhikun.places.models import Area, Level

    browser = clerk()
    monkeypatch.setattr("zhikun.registry.ui.villages.MOST_LISTED", 3)
    parent = Area.objects.get(pk=factories.VILLAGE).parent_id
    for n in range(4):
        Area.objects.create(code=parent + 801 + n, name=f"新增{n}村", level=Level.VILLAGE, parent_id=parent)
    Area.objects.create(code=parent + 810, name="重名村", level=Level.VILLAGE, parent_id=parent)
    Area.objects.create(code=parent + 811, name="重名村", level=Level.VILLAGE, parent_id=parent)
    return browser, parent


@pytest.mark.parametrize("typed", ["新增3村", "  新增3 ", "{parent} 新增3村", "新增3村（{code}）", "{code}"])
def test_in_a_large_place_the_village_is_found_by_name_or_code(large, typed):
    from zhikun.places.models import Area

    browser, parent = large
    text = typed.format(parent=Area.objects.get(pk=parent).name, code=parent + 804)
    browser.post(ADDRESS, form(("马试一", "02", ""), area=text))
    assert Household.objects.get().area_id == parent + 804


@pytest.mark.parametrize("typed", ["重名村", "没有的村", "640422100201", "9" * 30, "%", ""])
def test_what_is_not_one_village_of_the_officer_is_asked_again(large, typed):
    browser, parent = large
    answer = browser.post(ADDRESS, form(("马试一", "02", ""), area=typed))
    assert answer.status_code == 422
    page = answer.content.decode()
    if typed == "重名村":
        assert f"重名村 {parent + 810}" in page
        assert f"重名村 {parent + 811}" in page
    assert not Household.objects.exists()


def test_a_move_in_a_large_place_begins_with_where_they_live_and_can_go_elsewhere(large):
    browser, _parent = large
    made = factories.household()
    address = reverse("registry:change", args=[made.pk, "move"])
    page = browser.get(address).content.decode()
    assert str(factories.VILLAGE) in page
    assert '<select name="area"' not in page
