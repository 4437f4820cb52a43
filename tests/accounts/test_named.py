"""Officers whom rows name, put there with one question."""

import pytest
from tests import factories

from zhikun.accounts.models import Appointment, name_officers
from zhikun.accounts.roles import Role

pytestmark = pytest.mark.django_db


def test_officers_of_several_kinds_of_rows_are_asked_for_once(django_assert_num_queries):
    clerk, other = factories.officer(Role.TOWNSHIP_CLERK), factories.officer(Role.TOWNSHIP_REVIEWER)
    rows = list(Appointment.objects.filter(officer__in=[clerk, other]))
    with django_assert_num_queries(1):
        name_officers((rows, "officer"), (rows, "delegated_by"))
        assert {str(row.officer) for row in rows} == {str(clerk), str(other)}
        assert {row.delegated_by for row in rows} == {None}


def test_nobody_is_asked_for_where_only_the_one_who_asks_is_named(django_assert_num_queries):
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    rows = list(Appointment.objects.filter(officer=clerk))
    with django_assert_num_queries(0):
        name_officers((rows, "officer"), ([], "officer"), known=clerk)
        assert [row.officer for row in rows] == [clerk]
