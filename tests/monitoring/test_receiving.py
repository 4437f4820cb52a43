"""A month comes before the officers once; whose the warnings are; what a repetition may change."""

import pytest
from django.utils import timezone
from tests import factories
from tests.monitoring.conftest import MONTH
from tests.screening.world import Month

from zhikun.accounts.roles import Role
from zhikun.audit.models import Entry
from zhikun.identity import rotate
from zhikun.monitoring.errors import NothingToPublish
from zhikun.monitoring.explained import explained
from zhikun.monitoring.models import RaisedWarning, WarningMonth
from zhikun.monitoring.services import people
from zhikun.monitoring.services import receive as receiving
from zhikun.privacy import use_ring
from zhikun.registry.models import Household, Person
from zhikun.screening import as_rows, take


def _all():
    return list(RaisedWarning.objects.order_by("pk").values())


def test_each_warning_finds_its_person_household_and_place(county):
    done = county.publish()
    assert (done.added, done.waiting, done.unfiled) == (5, 5, 1)
    blue, orange, red, gone = (county.one(n) for n in (2, 4, 6, 8))
    assert [blue.level, orange.level, red.level, gone.level] == [1, 3, 4, 1]
    assert [one.household for one in (blue, orange, red)] == county.homes
    assert blue.person == county.homes[0].head
    assert (gone.person, gone.household, gone.area_id) == (None, None, factories.VILLAGE)
    assert county.one(3, "exit").household == county.homes[0]
    written = county.place.warning(MONTH, 6)
    assert (red.due, red.score, red.causes) == (written["deadline"], written["score"], written["causes"])


def test_the_same_run_again_changes_nothing_and_is_said_once(county):
    first = county.publish()
    before = _all()
    again = county.publish()
    assert first.new_run
    assert not again.new_run
    assert _all() == before
    assert Entry.objects.filter(event="monitoring.received").count() == 1


def test_a_month_run_again_updates_what_nobody_has_touched_and_leaves_the_rest(county):
    county.publish()
    kept, untouched = county.one(2), county.one(4)
    RaisedWarning.objects.filter(pk__in=[kept.pk, county.one(8).pk]).update(touched_at=timezone.now())
    # A later list: 2 is worse, 4 is well, 8 is not named any more, 5 is new.
    county.screen(stays=[2, 5, 6], disabled=[6], bills=[2, 6], cars=[3])
    done = county.publish()
    assert (done.new_run, done.added, done.gone, done.kept) == (True, 1, 1, 2)
    kept.refresh_from_db()
    assert (kept.level, kept.differs) == (1, True)
    assert county.one(8).differs
    assert not RaisedWarning.objects.filter(pk=untouched.pk).exists()
    assert county.one(5).level == 1
    before = _all()
    assert not county.publish().new_run
    assert _all() == before


def test_a_visit_reported_by_file_closes_its_warning(county):
    county.publish()
    rows = list(as_rows({
        "person": county.place.token(4).hex(), "id_number": "", "document_kind": "", "month": Month.read(MONTH), "direction": None,
        "outcome": "情况属实", "helped_with": None, "causes": None, "on": timezone.localdate(), "by": "测试",
    }))  # fmt: skip
    answers = take(
        county.place.data, county.place.pack, rows, ring=county.place.ring, today=timezone.localdate(), by="测试"
    )
    assert [one.state for one in answers] == ["accepted"], answers
    done = county.publish()
    assert (done.new_run, done.changed, done.waiting) == (True, 1, 4)
    assert county.one(4).state == RaisedWarning.State.ANSWERED


def test_who_is_cleared_the_month_after_waits_for_nobody(county):
    county.screen("2026-09", stays=[6], disabled=[6], bills=[6], watched=(2, 3, 4, 6, 7, 8))
    county.publish("2026-09")
    cleared = county.one(8, month="2026-09")
    assert cleared.level_before == 1
    assert (cleared.state, cleared.level) in {("cleared", 0), ("waiting", 1)}
    assert all(one.level for one in RaisedWarning.objects.waiting())


def test_a_month_that_was_not_screened_is_refused_in_words(office):
    with pytest.raises(NothingToPublish, match="还没有筛查"):
        office.publish("2026-07")
    assert not WarningMonth.objects.exists()


def test_whoever_died_or_left_is_found_where_they_were_last_and_a_merged_household_where_it_went(county):
    blue, orange, red = county.homes
    person = blue.head
    blue.memberships.filter(person=person).update(until=timezone.localdate(), ended_by="died")
    Person.objects.filter(pk=person.pk).update(died_on=timezone.localdate())
    county.publish()
    assert county.one(2).household == blue
    Household.objects.filter(pk=orange.pk).update(state=Household.State.MERGED, merged_into=red)
    orange.memberships.update(until=timezone.localdate())
    assert receiving.follow() == 1
    assert county.one(4).household == red


def test_who_comes_into_a_file_later_is_followed_at_night(county):
    county.publish()
    home = factories.household(factories.VILLAGE, n=4)  # persons 8 and 9
    assert receiving.follow() == 1
    assert county.one(8).household == home
    assert receiving.follow() == 0


def test_a_damaged_number_keeps_one_person_from_being_found_and_no_other(county):
    other = Person.objects.get(pk=county.homes[1].head_id)  # what was sealed to another row does not open in this one
    Person.objects.filter(pk=county.homes[0].head_id).update(id_number_sealed=other.id_number_sealed)
    done = county.publish()
    assert done.unfiled == 2
    assert county.one(2).person is None
    assert county.one(4).household == county.homes[1]


def test_after_a_rotation_of_the_keys_the_same_warnings_are_known_again(county):
    county.publish()
    before = {one.pk: bytes(one.token) for one in RaisedWarning.objects.all()}
    newer = rotate(county.place.ring.path, county.place.data, timezone.localdate(), "测试")
    with use_ring(newer):
        county.place.ring = newer
        done = county.publish()
        assert (done.added, done.changed, done.gone) == (0, 0, 0)
        assert {one.pk for one in RaisedWarning.objects.all()} == set(before)
        assert all(bytes(one.token) != before[one.pk] and one.token_version == 2 for one in RaisedWarning.objects.all())
        assert county.one(6).household == county.homes[2]
        assert explained(county.one(6)).total.endswith("分")


def test_a_place_that_is_not_known_stands_in_the_nearest_that_is(db):
    factories.areas()
    unknown_village, unknown_town = factories.VILLAGE + 77, factories.COUNTY + 999_000
    found = people.areas_of({unknown_village, unknown_town, 990101000000, factories.VILLAGE})
    assert found == {
        unknown_village: factories.TOWNSHIP, unknown_town: factories.COUNTY, factories.VILLAGE: factories.VILLAGE
    }  # fmt: skip


def test_an_officer_who_publishes_stands_in_the_record(county):
    officer = factories.officer(Role.COUNTY_REVIEWER)
    county.publish(by=officer)
    entry = Entry.objects.get(event="monitoring.received")
    assert entry.officer_id == officer.pk
    assert county.place.token(6).hex() not in str(entry.details)
