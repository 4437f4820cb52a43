"""Ages, months and days on the days on which they are disputed."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.judge import completed_months, completed_years
from tests.engine.small import fact, one, plan_of, rule

from zhikun.engine.run.calendar import Calendar

EPOCH = date(1970, 1, 1)


def on(day, born, formula="AGE(born)"):
    return one(
        plan_of(fact("born", "date"), rule("r", formula, unit=UNITS[formula.split("(")[0]]), day=day), born=born
    )["r"]


UNITS = {"AGE": "岁", "MONTHS_SINCE": "月", "DAYS_SINCE": "天"}


@pytest.mark.parametrize(
    ("day", "born", "years"),
    [
        (date(2025, 2, 28), date(2008, 2, 29), 16),
        (date(2025, 3, 1), date(2008, 2, 29), 17),
        (date(2024, 2, 28), date(2008, 2, 29), 15),
        (date(2024, 2, 29), date(2008, 2, 29), 16),
        (date(2025, 3, 1), date(1965, 3, 1), 60),
        (date(2025, 3, 1), date(1965, 3, 2), 59),
        (date(2009, 1, 1), date(2008, 12, 31), 0),
        (date(2025, 3, 1), date(2025, 3, 1), 0),
        (date(2025, 3, 1), date(1899, 12, 31), 125),
    ],
)
def test_age_counts_birthdays_reached(day, born, years):
    assert on(day, born) == years


@pytest.mark.parametrize(
    ("day", "since", "months"),
    [
        (date(2025, 2, 28), date(2025, 1, 31), 0),
        (date(2025, 3, 1), date(2025, 1, 31), 1),
        (date(2025, 3, 31), date(2025, 1, 31), 2),
        (date(2024, 2, 29), date(2023, 2, 28), 12),
        (date(2025, 3, 1), date(2024, 3, 2), 11),
        (date(2025, 3, 1), date(2025, 3, 1), 0),
    ],
)
def test_months_are_counted_when_completed(day, since, months):
    assert on(day, since, "MONTHS_SINCE(born)") == months


def test_days_count_the_leap_day():
    assert on(date(2024, 3, 1), date(2024, 2, 28), "DAYS_SINCE(born)") == 2
    assert on(date(2025, 3, 1), date(2025, 2, 28), "DAYS_SINCE(born)") == 1


def test_an_unknown_birthday_has_no_age():
    assert on(date(2025, 3, 1), None) is None


def test_dates_compare_with_each_other():
    plan = plan_of(
        fact("a", "date"), fact("b", "date"), rule("before", "a < b", "boolean"), rule("same", "a = b", "boolean"),
        rule("between", "a BETWEEN b AND b", "boolean"),
    )  # fmt: skip
    result = one(plan, a=date(2024, 2, 29), b=date(2024, 3, 1))
    assert (result["before"], result["same"], result["between"]) == (True, False, False)


@given(st.dates(date(2000, 1, 1), date(2040, 12, 31)), st.integers(0, 2**32 - 1))
def test_the_table_of_a_block_and_the_single_count_say_the_same(day, seed):
    random = np.random.default_rng(seed)
    days = random.integers(-25_000, (day - EPOCH).days + 400, 70).astype(np.int32)  # before 1900 to after the day
    calendar = Calendar(day)
    for kind, count in (("age", completed_years), ("months_since", completed_months)):
        expected = [count(EPOCH + timedelta(days=int(d)), day) for d in days]
        assert calendar.since(kind, days).tolist() == expected
        assert [float(calendar.since(kind, days[i : i + 1])[0]) for i in range(5)] == expected[:5]
