"""What differs between two runs is worked out once, however many look at it at once."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from tests.analytics.made_runs import DAY, home, run

from zhikun.assessments import comparing

pytestmark = pytest.mark.django_db


def test_two_who_compare_the_same_runs_at_once_both_get_what_one_worked_out(monkeypatch):
    earlier, later = run([home()]), run([home(category="single_need")], on=DAY + timedelta(days=1))
    worked, work_out = [], comparing._work_out

    def slowly(*told):
        worked.append(told)
        time.sleep(0.3)
        work_out(*told)

    monkeypatch.setattr(comparing, "_work_out", slowly)
    with ThreadPoolExecutor(2) as pool:
        found = list(
            pool.map(lambda _n: len(comparing.differences(earlier, later, [later.range]).fetchall()), range(2))
        )
    assert (found, len(worked)) == ([2, 2], 1), "one came and one is gone"
