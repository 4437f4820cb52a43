"""Two at once: the same visit handed in by two tries, one visit accepted by two reviewers."""

import threading
import uuid

import pytest
from django.db import connection, connections
from tests import factories
from tests.surveys import factory

from zhikun.accounts.roles import Role
from zhikun.registry.models import Household, Recording
from zhikun.surveys.errors import VisitDecided
from zhikun.surveys.models import Assignment, Visit, VisitFile
from zhikun.surveys.services import assigning, visits

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*calls):
    """Run the calls in threads that start together; what each answered, or the error it raised."""
    gate, told = threading.Barrier(len(calls)), [None] * len(calls)

    def run(n, call):
        try:
            gate.wait()
            told[n] = call()
        except Exception as error:  # noqa: BLE001 - the error is the answer
            told[n] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(n, call)) for n, call in enumerate(calls)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return told


@pytest.fixture
def shared():
    """SQLite in memory is one connection: there is no second one to race with."""
    if connection.vendor == "sqlite" and "memory" in str(connection.settings_dict["NAME"]):
        pytest.skip("需要 PostgreSQL 或文件数据库")


def test_the_same_visit_from_two_tries_at_once_is_one(shared):
    found = factory.found()
    handed, me = factory.handed(found), factory.surveyor()
    told = at_once(*[lambda: visits.submit(found, handed, acting_officer=me)] * 3)
    assert sorted(new for _visit, new in told) == [False, False, True]
    assert (Visit.objects.count(), VisitFile.objects.count()) == (1, 3)


def test_a_finding_registered_twice_at_once_is_one(shared):
    made = factory.found()
    finding = assigning.Finding(uuid.uuid4(), made.team, made.area, "路上")
    told = at_once(*[lambda: assigning.found(made.round, finding, acting_officer=factory.surveyor())] * 3)
    assert len({one.pk for one in told}) == 1
    assert Assignment.objects.count() == 2


def test_two_phones_that_find_two_families_in_the_same_words_at_once_make_two(shared):
    made = factory.found()
    findings = [assigning.Finding(uuid.uuid4(), made.team, made.area, "路上") for _phone in range(2)]
    told = at_once(
        *[lambda one=one: assigning.found(made.round, one, acting_officer=factory.surveyor()) for one in findings]
    )
    assert len({one.pk for one in told}) == 2
    assert Assignment.objects.count() == 3


def test_two_reviewers_at_once_register_one_household(shared):
    found = factory.found()
    visit, _new = visits.submit(found, factory.handed(found), acting_officer=factory.surveyor())
    both = [factory.reviewer(), factories.officer(Role.TOWNSHIP_REVIEWER, username="second-reviewer")]
    told = at_once(*[lambda one=one: visits.accept(visit, acting_officer=one) for one in both])
    assert sum(isinstance(one, VisitDecided) for one in told) == 1
    assert (Household.objects.count(), Recording.objects.count()) == (1, 1)
