"""What takes a row off the file: only that the form showed it and the visit lists it no more."""

import json

import pytest
from tests import factories
from tests.surveys import factory

from zhikun.places.models import Area
from zhikun.registry import vocabulary
from zhikun.registry.models import HouseholdFacts
from zhikun.registry.services import recording
from zhikun.registry.sources import SourceKind, Told
from zhikun.surveys import filed
from zhikun.surveys.services import reports, visits
from zhikun.surveys.ui.door import _start as start_of

pytestmark = pytest.mark.django_db
CAR = {"kind": "car", "value": 30000}


@pytest.fixture(autouse=True)
def _things(settings):
    """The pack with vehicles and dwellings."""
    settings.ZHIKUN_PACK = "national"
    for one in (vocabulary.pack_in_force, vocabulary.vocabulary, filed.form_in_force):
        one.cache_clear()
    yield
    for one in (vocabulary.pack_in_force, vocabulary.vocabulary, filed.form_in_force):
        one.cache_clear()


def a_car(household, row):
    source = Told(SourceKind.SELF, factory.today())
    recording.record(household, source, {"vehicle": {row: dict(CAR)}}, acting_officer=factory.manager())


def cars(household):
    rows = HouseholdFacts.objects.get(household=household).values.get("vehicle", {})
    return sorted(row for row, said in rows.items() if not said.get("_removed"))


def accepted(assignment, answers):
    visit, _new = visits.submit(
        assignment, factory.handed(assignment, answers=answers), acting_officer=factory.surveyor()
    )
    visits.accept(visit, acting_officer=factory.reviewer())


def test_a_car_that_was_added_after_the_form_was_opened_stays():
    assignment = factory.assigned()
    a_car(assignment.household, "1")
    answers = start_of(assignment)
    a_car(assignment.household, "2")
    answers.pop("rows_vehicle")
    accepted(assignment, answers)
    assert cars(assignment.household) == ["2"]


@pytest.mark.parametrize("given", [None, "", {"vehicle": ["1"]}, "eyJ2ZWhpY2xlIjpbIjEiXX0:x:y"])
def test_what_the_browser_says_the_form_showed_takes_nothing_off(given):
    assignment = factory.assigned()
    a_car(assignment.household, "1")
    answers = filed.to_start_from(assignment.household) | {"given_rows": given}
    answers.pop("rows_vehicle")
    accepted(assignment, answers)
    assert cars(assignment.household) == ["1"]


def test_what_another_form_showed_takes_nothing_off():
    one, other = factory.assigned(n=1), factory.assigned(n=2)
    a_car(one.household, "1")
    a_car(other.household, "1")
    answers = filed.to_start_from(one.household) | {"given_rows": start_of(other)["given_rows"]}
    answers.pop("rows_vehicle")
    accepted(one, answers)
    assert cars(one.household) == ["1"]


def test_a_declaration_takes_nothing_off():
    household = factories.household()
    a_car(household, "1")
    area = Area.objects.get(pk=factories.VILLAGE)
    report, _code = reports.hand_code(area, household, acting_officer=factory.manager())
    rows = [{"_row": str(one.person_id)} for one in household.memberships.all()]
    reports.arrive(report, filed.form_in_force().hash, {"h_residence": "rural", "rows_member": rows})
    visit = reports.Verification(factory.a_round(), factory.a_team(), factory.today())
    taken = reports.take(report, visit, acting_officer=factory.manager())
    assert taken.recording is not None
    assert "vehicle" not in taken.recording.facts
    assert cars(household) == ["1"]
    assert "h_residence" in json.loads(taken.answers)
