"""What is read for a million says the same as what is read for one."""

import pytest
from tests import factories
from tests.assessments.test_assessing import PERSON, WELL, well_known

from zhikun.accounts.roles import Role
from zhikun.assessments import reading
from zhikun.assessments.bridge import known, tables
from zhikun.places.models import Area
from zhikun.registry.models import Household, HouseholdFacts
from zhikun.registry.services import recording
from zhikun.registry.sources import SourceKind, Told
from zhikun.registry.vocabulary import pack_in_force

pytestmark = pytest.mark.django_db

EVERY = {"livestock_kinds": ["cattle", "sheep"], "transfer_income_year": -12.5, "special_situations": ["debt"]}


def county():
    return Area.objects.get(pk=factories.COUNTY).range


def read(pack):
    households = reading.listed(county())
    return households, reading.columns(pack, households, reading.said_of(households))


def some():
    factories.household(factories.OTHER_VILLAGE, n=1)  # of which nothing is known
    well_known(n=2, **EVERY)
    members = [factories.member("马试一", "02", 6, **WELL), factories.member("苏试二", "11", 7, "20150102", **PERSON)]
    factories.household(factories.VILLAGE, n=3, members=members, transfer_income_year=0.25)
    well_known(factories.FAR_VILLAGE, n=4)  # another county


def test_columns_made_of_text_are_those_made_one_household_at_a_time():
    some()
    pack = pack_in_force()
    households, found = read(pack)
    rows = {str(one.pk): one for one in Household.objects.all()}
    ids = households.column("household").to_pylist()
    assert [rows[one].area_id for one in ids] == sorted(rows[one].area_id for one in ids)
    assert len(ids) == 3
    wanted = tables(pack, known([rows[one] for one in ids]))
    assert set(found) == set(wanted)
    for entity, table in wanted.items():
        assert found[entity].drop_columns("position").to_pylist() == table.to_pylist(), entity
        assert found[entity].schema.remove(0) == table.schema


def test_of_a_household_without_facts_nothing_is_known_and_who_died_is_not_there():
    made = factories.household()
    HouseholdFacts.objects.filter(household=made).delete()
    spouse = made.memberships.get(relation="10").person
    spouse.died_on = factories.DAY
    spouse.save()
    _households, found = read(pack_in_force())
    assert (found["household"].num_rows, found["member"].num_rows) == (1, 1)
    assert found["household"].column("pens").to_pylist() == [None]


def test_whatever_changes_in_the_file_changes_its_digest():
    some()
    before = reading.listed(county())
    first = reading.digest(before, reading.said_of(before))
    assert reading.digest(before, reading.said_of(before)) == first
    one = Household.objects.filter(area=factories.VILLAGE).first()
    told = Told(SourceKind.OFFICER, factories.DAY)
    clerk = factories.officer(Role.COUNTY_REVIEWER)
    kept = recording.record(one, told, {"household": {"": {"pens": 7}}}, acting_officer=clerk)
    assert reading.digest(before, reading.said_of(before)) != first
    recording.withdraw(kept, reason="录错了", acting_officer=clerk)
    assert reading.digest(before, reading.said_of(before)) == first
    assert reading.listed(county()).column("version") != before.column("version")
    member = one.memberships.first()
    member.relation = "97"
    member.save()
    assert reading.digest(before, reading.said_of(before)) != first


def test_no_household_is_no_row_with_every_column():
    factories.areas()
    pack = pack_in_force()
    households, found = read(pack)
    assert households.num_rows == 0
    assert {fact.name for fact in pack.facts_of("member") if fact.type != "text"} <= set(found["member"].column_names)


def test_what_a_household_still_says_of_somebody_who_left_is_not_taken_along():
    some()
    left, joined = Household.objects.order_by("number")[1:3]
    person = joined.memberships.first().person
    facts = HouseholdFacts.objects.get(household=left)
    facts.values["member"][str(person.pk)] = {"health": "chronic", "wage_income_year": 9001.0}
    facts.save()
    pack = pack_in_force()
    households, found = read(pack)
    rows = {str(one.pk): one for one in Household.objects.all()}
    wanted = tables(pack, known([rows[one] for one in households.column("household").to_pylist()]))["member"]
    assert found["member"].drop_columns("position").to_pylist() == wanted.to_pylist()
    assert 9001.0 not in found["member"].column("wage_income_year").to_pylist()
