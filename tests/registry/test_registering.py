"""Opening a file, recording, contradictions, and what the registry refuses."""

import pytest
from tests import factories

from zhikun.accounts.roles import Role
from zhikun.audit.models import Entry
from zhikun.places.models import Area
from zhikun.registry.errors import (
    EditConflict,
    FactsRefused,
    NotAllowedHere,
    NotYoursToTakeBack,
    OwnStatement,
    PersonElsewhere,
    PersonRefused,
)
from zhikun.registry.models import Contradiction, Household, HouseholdFacts, Membership, NameKey, Person, Recording
from zhikun.registry.services import household, person, recording
from zhikun.registry.sources import SourceKind, Told

pytestmark = pytest.mark.django_db


def told(source=SourceKind.DEPARTMENT, text="人社局社保缴费"):
    return Told(source, factories.DAY, source_text=text)


def test_a_file_is_opened_with_its_people_home_facts_and_record():
    made = factories.household(business_income_year=0)
    assert made.number.startswith("640402-2026-")
    assert [m.relation for m in made.memberships.order_by("position")] == ["02", "10"]
    assert made.head.name == "马试一"
    assert made.head.born_on.isoformat() == "1968-05-12"
    assert made.residences.get().area_id == factories.VILLAGE
    assert HouseholdFacts.objects.get(household=made).values == {"household": {"": {"business_income_year": 0}}}
    entry = Entry.objects.get(event="registry.household_registered")
    assert entry.household == made.pk
    assert "马试一" not in str(entry.details)


def test_two_households_of_a_county_get_two_numbers():
    assert factories.household(n=1).number != factories.household(n=2).number


def test_nothing_personal_stands_in_the_database_in_plain_text():
    made = factories.household()
    rows = [*Person.objects.values_list(), *NameKey.objects.values_list(), *Recording.objects.values_list()]
    kept = " ".join(str(row) for row in rows)
    assert "马试一" not in kept
    assert made.head.id_number not in kept


def test_a_person_is_found_by_name_pinyin_and_initials():
    made = factories.household()
    for kind, text in (
        (person.KeyKind.NAME, "马试一"),
        (person.KeyKind.PINYIN, "mashiyi"),
        (person.KeyKind.INITIALS, "msy"),
    ):
        found = NameKey.objects.filter(key__in=person.looked_up(kind, text)).values_list("person_id", flat=True)
        assert set(found) == {made.head_id}


def test_who_is_in_a_household_cannot_be_in_a_second_one_and_nothing_of_it_is_kept():
    first = factories.household()
    with pytest.raises(PersonElsewhere) as refused:
        factories.household(members=[factories.member("马试一", "02", 2)])
    assert first.number in refused.value.what
    assert Household.objects.count() == 1


def test_which_household_it_is_is_not_told_to_who_may_not_see_it():
    first = factories.household()
    stranger = factories.officer(Role.COUNTY_REVIEWER, factories.OTHER_COUNTY)
    with pytest.raises(PersonElsewhere) as refused:
        factories.household(factories.FAR_VILLAGE, members=[factories.member("马试一", "02", 2)], by=stranger)
    assert first.number not in str(refused.value)


@pytest.mark.parametrize("number", ["640402196805120011", "64040219680512", "640402199902310022"])
def test_a_number_that_cannot_be_right_is_refused(number):
    with pytest.raises(PersonRefused):
        person.checked(person.Particulars("马试一", number))


def test_a_household_needs_exactly_one_head():
    with pytest.raises(Exception, match="户主"):
        factories.household(members=[factories.member("马试一", "10", 5)])
    assert Person.objects.count() == 0


def test_an_officer_of_another_township_cannot_open_a_file_here():
    with pytest.raises(NotAllowedHere):
        factories.household(by=factories.officer(Role.TOWNSHIP_CLERK, factories.OTHER_TOWNSHIP))


def test_facts_that_do_not_fit_are_named_and_none_is_kept():
    made = factories.household()
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    facts = {"household": {"": {"business_income_year": "很多", "no_such_fact": 1, "pens": 2}}}
    with pytest.raises(FactsRefused) as refused:
        recording.record(made, told(SourceKind.OFFICER), facts, acting_officer=clerk)
    assert {misfit.fact for misfit in refused.value.misfits} == {"business_income_year", "no_such_fact"}
    assert HouseholdFacts.objects.get(household=made).values == {}


def test_an_older_version_does_not_overwrite_a_newer_one():
    made = factories.household()
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    recording.record(made, told(SourceKind.OFFICER), {"household": {"": {"pens": 2}}}, acting_officer=clerk, version=1)
    with pytest.raises(EditConflict):
        recording.record(
            made, told(SourceKind.OFFICER), {"household": {"": {"pens": 3}}}, acting_officer=clerk, version=1
        )
    assert HouseholdFacts.objects.get(household=made).values["household"][""]["pens"] == 2


def test_a_contradiction_is_opened_settled_with_a_reason_and_stays_settled():
    made = factories.household(business_income_year=0)
    clerk, reviewer = factories.officer(Role.TOWNSHIP_CLERK), factories.officer(Role.TOWNSHIP_REVIEWER)
    recording.record(made, told(), {"household": {"": {"business_income_year": 24000}}}, acting_officer=clerk)
    clash = Contradiction.objects.get(household=made)
    assert [side["value"] for side in clash.sides] == [24000, 0]
    with pytest.raises(NotAllowedHere):
        recording.settle(clash, value=0, reason="我说了算", acting_officer=clerk)
    recording.settle(clash, value=18000, reason="已核对工资流水", acting_officer=reviewer)
    clash.refresh_from_db()
    assert clash.state == Contradiction.State.SETTLED
    assert HouseholdFacts.objects.get(household=made).values["household"][""]["business_income_year"] == 18000
    with pytest.raises(Exception, match="已经核定"):
        recording.settle(clash, value=1, reason="再来一次", acting_officer=reviewer)


def test_a_withdrawn_recording_counts_no_longer_and_its_contradiction_goes():
    made = factories.household(business_income_year=0)
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    wrong = recording.record(made, told(), {"household": {"": {"business_income_year": 24000}}}, acting_officer=clerk)
    with pytest.raises(NotYoursToTakeBack):
        recording.withdraw(wrong, reason="认错了人", acting_officer=clerk)
    recording.withdraw(wrong, reason="认错了人", acting_officer=factories.officer(Role.TOWNSHIP_REVIEWER))
    assert Contradiction.objects.get(household=made).state == Contradiction.State.GONE
    assert HouseholdFacts.objects.get(household=made).values["household"][""]["business_income_year"] == 0


def test_who_sees_which_households():
    here, there = factories.household(), factories.household(factories.OTHER_VILLAGE, n=2)
    far = factories.household(factories.FAR_VILLAGE, n=3)
    seen = {
        (Role.VILLAGE_ASSISTANT, None): {here},
        (Role.TOWNSHIP_CLERK, None): {here},
        (Role.COUNTY_APPROVER, None): {here, there},
        (Role.CITY_SUPERVISOR, None): {here, there, far},
        (Role.SURVEYOR, None): set(),
        (Role.DEPARTMENT_OFFICER, None): set(),
        (Role.ADMINISTRATOR, None): set(),
        (Role.AUDITOR, None): set(),
        (None, None): set(),
    }
    for (role, area), expected in seen.items():
        assert set(Household.objects.visible_to(factories.officer(role, area))) == expected, role


def test_a_person_is_in_one_household_even_when_two_officers_add_them_at_once():
    made = factories.household()
    other = factories.household(n=2)
    with pytest.raises(Exception, match=r"one_household_at_a_time|UNIQUE"):
        Membership.objects.create(household=other, person=made.head, relation="20", position=9, since=factories.DAY)


def test_a_household_is_registered_only_down_to_a_township():
    factories.areas()
    new = household.NewHousehold(Area.objects.get(pk=factories.COUNTY), [factories.member("马试一", "02", 2)])
    with pytest.raises(Exception, match="只写到了县"):
        household.register(new, told(), acting_officer=factories.officer(Role.COUNTY_REVIEWER))


def test_an_entry_is_taken_back_by_the_office_that_made_it_and_by_no_other():
    made = factories.household()
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    kept = recording.record(made, told(SourceKind.OFFICER), {"household": {"": {"pens": 2}}}, acting_officer=clerk)
    with pytest.raises(NotYoursToTakeBack):
        recording.withdraw(kept, reason="不是我的", acting_officer=factories.officer(Role.VILLAGE_ASSISTANT))
    recording.withdraw(kept, reason="录错了", acting_officer=clerk)


def test_what_came_with_an_import_goes_only_with_its_batch():
    made = factories.household()
    reviewer = factories.officer(Role.COUNTY_REVIEWER)
    facts = {"household": {"": {"pens": 2}}}
    kept = recording.record(made, told(SourceKind.IMPORT, "旧台账"), facts, acting_officer=reviewer)
    with pytest.raises(NotYoursToTakeBack, match="批量导入"):
        recording.withdraw(kept, reason="不对", acting_officer=reviewer)


def test_nobody_decides_for_what_they_said_themselves():
    made = factories.household(business_income_year=0)
    both = factories.officer(Role.COUNTY_REVIEWER)
    recording.record(made, told(), {"household": {"": {"business_income_year": 24000}}}, acting_officer=both)
    clash = Contradiction.objects.get(household=made)
    other = factories.officer(Role.TOWNSHIP_REVIEWER)
    for value in (24000, 18000):
        with pytest.raises(OwnStatement):
            recording.settle(clash, value=value, reason="我说了算", acting_officer=both)
    recording.settle(clash, value=24000, reason="已看流水", acting_officer=other)


def test_who_comes_back_is_found_by_name_where_they_live_now():
    made = factories.household()
    spouse = made.memberships.get(relation="10")
    Membership.objects.filter(pk=spouse.pk).update(until=factories.DAY)
    factories.household(factories.OTHER_VILLAGE, members=[factories.member("苏试二", "02", 3, "19700301")])
    assert set(NameKey.objects.filter(person=spouse.person).values_list("area", flat=True)) == {factories.OTHER_VILLAGE}
