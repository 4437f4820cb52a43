"""The file as it was on a day."""

from datetime import date, datetime, time, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from tests import factories
from tests.officers import signed_in

from zhikun.accounts.roles import Role
from zhikun.registry.models import CategoryHeld, Membership, Person, Recording
from zhikun.registry.selectors.on_day import file_on
from zhikun.registry.services import members, recording, structure
from zhikun.registry.services.change import Change
from zhikun.registry.sources import SourceKind, Told

pytestmark = pytest.mark.django_db


def at(day):
    return timezone.make_aware(datetime.combine(day, time(12)))


def business(file):
    return file.known.values.get("household", {}).get("", {}).get("business_income_year")


def recorded(made, value, day, clerk, source=SourceKind.DEPARTMENT):
    one = recording.record(
        made, Told(source, factories.DAY), {"household": {"": {"business_income_year": value}}}, acting_officer=clerk
    )
    Recording.objects.filter(pk=one.pk).update(recorded_at=at(day))
    return one


def test_a_value_counts_from_the_day_it_was_recorded_until_the_day_it_was_taken_back():
    made = factories.household(business_income_year=0)
    Recording.objects.update(recorded_at=at(factories.DAY))
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    late = recorded(made, 24000, factories.DAY + timedelta(days=5), clerk)
    recording.withdraw(late, reason="认错了人", acting_officer=factories.officer(Role.TOWNSHIP_REVIEWER))
    Recording.objects.filter(pk=late.pk).update(withdrawn_at=at(factories.DAY + timedelta(days=9)))
    seen = {days: business(file_on(made, factories.DAY + timedelta(days=days))) for days in (-1, 0, 4, 5, 8, 9)}
    assert seen == {-1: None, 0: 0, 4: 0, 5: 24000, 8: 24000, 9: 0}


def test_members_head_home_and_category_of_the_day():
    made = factories.household(members=[
        factories.member("马试一", "02", 2), factories.member("苏试二", "10", 3, health="chronic"),
    ])  # fmt: skip
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    head, wife = Person.objects.get(pk=made.head_id), made.memberships.get(relation="10").person
    died, moved = factories.DAY + timedelta(days=4), factories.DAY + timedelta(days=8)
    CategoryHeld.objects.create(household=made, category="dibao", since=factories.DAY, until=died)
    members.died(made, head.pk, Change(died, "死亡证明"), staying={wife.pk: "02"}, acting_officer=clerk)
    from zhikun.places.models import Area

    structure.move(
        made, structure.Home(Area.objects.get(pk=factories.OTHER_VILLAGE)), Change(moved, "迁移"), acting_officer=clerk
    )
    before, after, later = (file_on(made, day) for day in (died - timedelta(days=1), died, moved))
    assert [row.person for row in before.members] == [head, wife]
    assert (before.head.person, before.area.pk) == (head, factories.VILLAGE)
    assert [one.category for one in before.categories] == ["dibao"]
    assert [row.person for row in after.members] == [wife]
    assert (after.head.person, after.categories) == (wife, [])
    assert (after.area.pk, later.area.pk) == (factories.VILLAGE, factories.OTHER_VILLAGE)
    assert not file_on(made, factories.DAY - timedelta(days=1)).existed


def test_the_page_says_that_it_looks_back_and_refuses_tomorrow():
    made = factories.household(business_income_year=700)
    browser = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    address = reverse("registry:as-of", args=[made.pk])
    text = browser.get(address).content.decode()
    assert "不是现在的情况" in text
    assert "700" in text
    assert "还没有这份档案" in browser.get(address, {"on": "2020-01-01"}).content.decode()
    tomorrow = timezone.localdate() + timedelta(days=1)
    assert browser.get(address, {"on": tomorrow.isoformat()}).status_code == 422
    assert browser.get(address, {"on": "昨天"}).status_code == 422


def test_who_joins_and_leaves_on_one_day_was_never_there_at_its_end():
    made = factories.household()
    row = Membership.objects.filter(household=made, relation="10").get()
    Membership.objects.filter(pk=row.pk).update(until=row.since, ended_by="mistake")
    assert [one.relation for one in file_on(made, date(2026, 11, 2)).members] == ["02"]
