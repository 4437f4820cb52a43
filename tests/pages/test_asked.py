"""A question that is said once answers as Django answers it each time."""

import uuid
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from tests import factories

from zhikun.accounts.models import Appointment, Officer
from zhikun.accounts.roles import Role
from zhikun.pages.asked import Asked
from zhikun.registry.models import Household, HouseholdFacts, Membership, Recording

pytestmark = [pytest.mark.django_db, pytest.mark.database]

QUESTIONS = {
    "one join": (
        lambda pk: Membership.objects.now().filter(household=pk).select_related("person").order_by("position")
    ),
    "joins of joins, some to nobody": (
        lambda pk: Household.objects.filter(pk=pk).select_related(
            "area__parent__parent", "head", "merged_into", "facts"
        )
    ),
    "JSON, sealed columns": (
        lambda pk: Recording.objects.filter(household=pk).select_related("recorded_by__organisation")
    ),
    "its own key is the other's": (lambda pk: HouseholdFacts.objects.filter(household=pk)),
    "a choice and a limit": (lambda pk: Membership.objects.filter(household=pk, position=1).order_by("pk")[:1]),
    "nobody": (lambda pk: Membership.objects.filter(person=pk)),
}


def values(row, above=None):
    """Every column of a row and of what is joined to it."""
    beside = row._state.fields_cache.items()
    joined = {name: values(one, row) for name, one in beside if one is not None and one is not above}
    none = {name for name, one in beside if one is None}
    plain = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    return type(row), row._state.db, row._state.adding, plain, joined, none


def with_columns(rows):
    return [values(row) for row in rows]


@pytest.mark.parametrize("name", QUESTIONS)
def test_rows_are_those_of_django(name, django_assert_num_queries):
    made = [factories.household(n=1, pens=3), factories.household(n=2, members=[factories.member("马试二", "02", 7)])]
    question = QUESTIONS[name]
    asked = Asked(question)
    for one in (*made, *made):
        with django_assert_num_queries(1):
            found = asked(one.pk)
        assert with_columns(found) == with_columns(question(one.pk))
    assert asked(uuid.UUID(int=3)) == []


def test_what_has_changed_is_in_the_next_answer():
    made = factories.household()
    asked = Asked(lambda pk: Household.objects.filter(pk=pk))
    before = asked(made.pk)[0].version
    Household.objects.filter(pk=made.pk).update(version=before + 1)
    assert asked(made.pk)[0].version == before + 1


def test_a_question_about_nothing_is_refused():
    with pytest.raises(ValueError, match="about no row"):
        Asked(lambda _pk: Household.objects.all())(uuid.UUID(int=3))


def test_a_row_may_be_changed_and_saved():
    made = factories.household()
    with transaction.atomic():
        one = Asked(lambda pk: Household.objects.filter(pk=pk))(made.pk)[0]
        one.people = 9
        one.save()
    assert Household.objects.get(pk=made.pk).people == 9


def test_appointments_in_force_are_those_of_the_query():
    clerk, now = factories.officer(Role.TOWNSHIP_CLERK), timezone.now()
    day = timedelta(days=1)
    area = clerk.appointments.get().area
    for role, begins, ends, revoked in (
        (Role.SURVEYOR, now + day, None, None),
        (Role.SURVEYOR, now - day, now - day / 2, None),
        (Role.SURVEYOR, now - day, now + day, now),
        (Role.VILLAGE_ASSISTANT, now - day, now + day, None),
    ):
        Appointment.objects.create(officer=clerk, role=role, area=area, begins=begins, ends=ends, revoked_at=revoked)
    held = Officer.objects.get(pk=clerk.pk).held
    assert {one.pk for one in held} == {one.pk for one in clerk.appointments.in_force(timezone.now())}
    assert {one.role for one in held} == {Role.TOWNSHIP_CLERK, Role.VILLAGE_ASSISTANT}
