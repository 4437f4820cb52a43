"""Working days and last days: holidays, make-up days, years nobody knows yet; vector = scalar = counting by hand."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhikun.workdays import (
    FIRST,
    LAST,
    DayException,
    NotADuration,
    OutOfCalendar,
    Unit,
    deadline,
    due_dates,
    national_calendar,
)

D = dt.date
CHINA = national_calendar()
DAY = dt.timedelta(days=1)


def due(start, days, unit=Unit.WORKING):
    return deadline(CHINA, start, days, unit).due


def counted(calendar, start, days, unit):
    """The last day, and whether it is certain, one day after the other."""
    day, looked_at = start, []
    if days == 0:
        looked_at.append(day)
    elif unit is Unit.WORKING:
        left = days
        while left:
            day += DAY
            looked_at.append(day)
            left -= calendar.is_working_day(day)
    else:
        day += days * DAY
        looked_at.append(day)
    while not calendar.is_working_day(day):
        day += DAY
        looked_at.append(day)
    return day, not all(map(calendar.is_certain, looked_at))


def test_spring_festival_2026_with_its_make_up_saturdays():
    # 13 Feb is a Friday; Sat 14 is worked, 15 to 23 are off.
    assert [due(D(2026, 2, 13), n) for n in (1, 2, 3)] == [D(2026, 2, 14), D(2026, 2, 24), D(2026, 2, 25)]
    assert due(D(2026, 2, 27), 1) == D(2026, 2, 28)  # the second make-up Saturday
    assert CHINA.exception(D(2026, 2, 14)).name == "春节"


def test_national_day_2025_from_the_make_up_sunday_before_to_the_saturday_after():
    # 28 Sep is a worked Sunday, 1 to 8 Oct are off, 11 Oct is a worked Saturday.
    assert [due(D(2025, 9, 27), n) for n in (1, 2, 3, 4)] == [
        D(2025, 9, 28),
        D(2025, 9, 29),
        D(2025, 9, 30),
        D(2025, 10, 9),
    ]
    assert due(D(2025, 10, 10), 1) == D(2025, 10, 11)


def test_the_spring_festival_of_2020_was_lengthened_and_its_make_up_day_withdrawn():
    assert due(D(2020, 1, 23), 1) == D(2020, 2, 3)
    assert "延长" in CHINA.exception(D(2020, 2, 1)).source


def test_calendar_days_end_on_a_working_day():
    assert due(D(2026, 9, 24), 7, Unit.CALENDAR) == D(2026, 10, 8)  # 1 Oct is off until the 7th
    assert due(D(2026, 2, 7), 7, Unit.CALENDAR) == D(2026, 2, 14)  # a Saturday that is worked
    assert due(D(2026, 3, 2), 7, Unit.CALENDAR) == D(2026, 3, 9)


def test_zero_days_end_on_the_day_or_the_first_working_day_after():
    for unit in Unit:
        assert due(D(2026, 3, 2), 0, unit) == D(2026, 3, 2)
        assert due(D(2026, 10, 1), 0, unit) == D(2026, 10, 8)


def test_leap_day():
    assert due(D(2024, 2, 28), 1) == D(2024, 2, 29)
    assert due(D(2024, 2, 28), 2, Unit.CALENDAR) == D(2024, 3, 1)
    assert due(D(2023, 2, 28), 1) == D(2023, 3, 1)


def test_into_a_year_nobody_knows_is_provisional_until_it_is_known():
    early = deadline(CHINA, D(2026, 12, 23), 5)
    assert (early.due, early.provisional, early.unknown_years) == (D(2026, 12, 30), True, (2027,))
    over = deadline(CHINA, D(2026, 12, 30), 3)
    assert (over.due, over.unknown_years) == (D(2027, 1, 4), (2027,))  # Friday 1 January counted: weekends only
    known = CHINA.extended([*arrangement_2027(), DayException(D(2027, 1, 3), True, "元旦", "x")])
    later = over.recounted(known)
    assert (later.due, later.provisional) == (D(2027, 1, 4), False)
    assert later.edition != over.edition
    assert over.recounted(CHINA) == over


def test_the_last_weekend_of_december_belongs_to_the_next_notice():
    assert not deadline(CHINA, D(2026, 12, 24), 1).provisional  # Friday 25
    assert deadline(CHINA, D(2026, 12, 25), 1).provisional  # Saturday 26 could be made a working day
    assert not deadline(CHINA, D(2025, 12, 25), 5).provisional  # 2026 is known
    for item in CHINA:  # no notice so far has begun earlier
        if item.day.month == 12:
            assert item.day >= max(
                D(item.day.year, 12, n) for n in range(25, 32) if D(item.day.year, 12, n).weekday() == 5
            )


def test_a_year_with_a_local_holiday_only_is_not_known():
    partly = CHINA.extended([DayException(D(2027, 3, 10), False, "开斋节", "x")])
    assert 2027 not in partly.known_years
    assert not partly.is_working_day(D(2027, 3, 10))
    assert CHINA.extended(arrangement_2027()).missing(2027) == ()


def test_days_between():
    assert CHINA.working_days_between(D(2026, 2, 13), D(2026, 2, 24)) == 2
    assert CHINA.working_days_between(D(2026, 2, 24), D(2026, 2, 13)) == 0
    assert CHINA.working_days_between(D(2026, 2, 24), D(2026, 2, 24)) == 0


def test_what_cannot_be_a_deadline():
    with pytest.raises(NotADuration, match="-1 日"):
        deadline(CHINA, D(2026, 1, 5), -1)
    with pytest.raises(OutOfCalendar, match="0026"):
        deadline(CHINA, D(26, 1, 5), 1)
    for unit in Unit:
        with pytest.raises(OutOfCalendar, match="超出 2199 年"):
            deadline(CHINA, D(2026, 1, 5), 100_000, unit)
        with pytest.raises(OutOfCalendar, match="第 2 行"):
            due_dates(CHINA, np.array(["2026-01-05"] * 2, "M8[D]"), np.array([1, 100_000]), unit)
    with pytest.raises(NotADuration, match="第 2 行"):
        due_dates(CHINA, pa.array([D(2026, 1, 5)] * 2), pa.array([1, -1]))
    with pytest.raises(OutOfCalendar, match=r"第 1 行.*1826"):
        due_dates(CHINA, pa.array([D(1826, 1, 5)]), 1)


def test_unknown_starts_and_lengths_stay_unknown():
    starts = pa.array([D(2026, 2, 13), None, D(2026, 2, 13)])
    found = due_dates(CHINA, starts, pa.array([1, 1, None]))
    assert found.due.to_pylist() == [D(2026, 2, 14), None, None]
    assert found.provisional.to_pylist() == [False, None, None]
    nat = due_dates(CHINA, np.array(["NaT", "2026-02-13"], "M8[D]"), 1)
    assert nat.due.to_pylist() == [None, D(2026, 2, 14)]
    assert len(due_dates(CHINA, pa.array([], pa.date32()), 3).due) == 0


DAYS = st.dates(D(2003, 6, 1), D(2028, 12, 31))


@given(st.lists(st.tuples(DAYS, st.integers(0, 70)), min_size=1, max_size=30), st.sampled_from(Unit))
def test_vector_scalar_and_counting_by_hand_agree(cases, unit):
    starts, lengths = zip(*cases, strict=True)
    found = due_dates(CHINA, pa.array(starts, pa.date32()), np.array(lengths), unit)
    for (start, days), end, open_ in zip(cases, found.due.to_pylist(), found.provisional.to_pylist(), strict=True):
        one = deadline(CHINA, start, days, unit)
        assert (one.due, one.provisional) == (end, open_) == counted(CHINA, start, days, unit)


@pytest.mark.parametrize("start", [FIRST, FIRST + DAY, LAST - 10 * DAY])
def test_at_both_ends_of_the_tables(start):
    for unit in Unit:
        for days in (0, 1, 2):
            found = due_dates(CHINA, pa.array([start]), days, unit)
            assert (found.due[0].as_py(), found.provisional[0].as_py()) == counted(CHINA, start, days, unit)


def arrangement_2027():
    """Made up for the test: an arrangement that has what every one has."""
    off = [D(2027, 1, 1), *(D(2027, 2, n) for n in range(5, 12)), *(D(2027, 10, n) for n in range(1, 8)), D(2027, 5, 3)]
    return [DayException(day, False, "节日", "测试用安排") for day in off]
