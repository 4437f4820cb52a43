"""When a run ends, what pages will ask of it is made ready; what fails there does not spoil the run."""

import pytest
from tests.assessments.test_assessing import DAY, county, reviewer, well_known

from zhikun.assessments import followers
from zhikun.assessments.keeping import folder_of
from zhikun.assessments.models import Run
from zhikun.assessments.services import run as running

pytestmark = pytest.mark.django_db


def test_the_statistics_of_a_run_are_ready_before_anybody_looks():
    well_known(n=1)
    run, _new = running.assess(county(), DAY, acting_officer=reviewer())
    assert list((folder_of(run.pk) / "statistics").glob("*.arrow"))


def test_a_follower_that_fails_spoils_neither_the_run_nor_the_others(monkeypatch):
    seen = []

    def fail(_run):
        raise OSError

    monkeypatch.setattr(followers, "_followers", {"one": fail, "other": lambda run: seen.append(run.pk)})
    well_known(n=1)
    run, new = running.assess(county(), DAY, acting_officer=reviewer())
    assert (new, run.state, seen) == (True, Run.State.DONE, [run.pk])
