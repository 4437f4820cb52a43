"""Stop and resume: what counts, what is left, what is overdue."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhikun.workdays import Clock, ClockFault, NotADuration, Unit, deadline, national_calendar

D = dt.date
CHINA = national_calendar()
MONDAY = D(2026, 3, 2)


def read(clock, on):
    found = clock.read(CHINA, on)
    return found.used, found.left, found.due, found.overdue


def test_a_running_clock_and_when_it_is_overdue():
    clock = Clock(MONDAY, 4)  # due Friday 6
    assert read(clock, MONDAY) == (0, 4, D(2026, 3, 6), 0)
    assert read(clock, D(2026, 3, 6)) == (4, 0, D(2026, 3, 6), 0)
    assert not clock.read(CHINA, D(2026, 3, 6)).late
    weekend = clock.read(CHINA, D(2026, 3, 8))
    assert (weekend.late, weekend.overdue) == (True, 0)
    assert read(clock, D(2026, 3, 10)) == (4, 0, D(2026, 3, 6), 2)


def test_stopped_and_resumed_across_weekends_several_times():
    clock = Clock(MONDAY, 5).stopped(D(2026, 3, 4), "缺银行流水")
    standing = clock.read(CHINA, D(2026, 3, 13))
    assert (standing.used, standing.left, standing.stopped, standing.due) == (2, 3, True, None)
    assert (standing.due_if_resumed, standing.overdue, standing.late) == (D(2026, 3, 18), 0, False)
    clock = clock.resumed(D(2026, 3, 14))  # materials came on a Saturday
    assert read(clock, D(2026, 3, 16)) == (3, 2, D(2026, 3, 18), 0)
    clock = clock.stopped(D(2026, 3, 16), "对核对结果有异议").resumed(D(2026, 3, 23))
    assert read(clock, D(2026, 3, 26)) == (5, 0, D(2026, 3, 25), 1)


def test_what_the_file_said_on_an_earlier_day():
    clock = Clock(MONDAY, 5).stopped(D(2026, 3, 4), "x").resumed(D(2026, 3, 11))
    assert read(clock, D(2026, 3, 3)) == (1, 4, D(2026, 3, 9), 0)  # not yet stopped
    assert clock.read(CHINA, D(2026, 3, 10)).stopped
    assert not clock.read(CHINA, D(2026, 3, 11)).stopped


def test_stopped_on_the_last_day_it_is_due_when_resumed():
    clock = Clock(MONDAY, 4).stopped(D(2026, 3, 6), "x")
    assert clock.read(CHINA, D(2026, 3, 6)).left == 0
    assert read(clock.resumed(D(2026, 3, 11)), D(2026, 3, 11)) == (4, 0, D(2026, 3, 11), 0)
    assert read(clock.resumed(D(2026, 3, 14)), D(2026, 3, 14)) == (4, 0, D(2026, 3, 16), 0)


def test_a_stop_after_the_last_day_helps_nobody():
    clock = Clock(MONDAY, 4).stopped(D(2026, 3, 9), "x")
    late = clock.read(CHINA, D(2026, 3, 11))
    assert (late.stopped, late.due, late.overdue) == (False, D(2026, 3, 6), 3)


def test_stopped_and_resumed_on_one_day_changes_nothing():
    clock = Clock(MONDAY, 4)
    same = clock.stopped(D(2026, 3, 4), "x").resumed(D(2026, 3, 4))
    for day in range(2, 13):
        assert read(clock, D(2026, 3, day)) == read(same, D(2026, 3, day))


def test_calendar_days_stop_too_and_end_on_a_working_day():
    clock = Clock(MONDAY, 7, Unit.CALENDAR)  # Monday 9
    assert read(clock, MONDAY)[2] == D(2026, 3, 9)
    paused = clock.stopped(D(2026, 3, 4), "x").resumed(D(2026, 3, 9))  # 5 left: Saturday 14
    assert read(paused, D(2026, 3, 10)) == (3, 4, D(2026, 3, 16), 0)
    between = Clock(MONDAY, 5, Unit.CALENDAR).stopped(D(2026, 3, 8), "x")  # nominal Saturday 7, due Monday 9
    assert between.read(CHINA, D(2026, 3, 10)).stopped
    assert read(between.resumed(D(2026, 3, 12)), D(2026, 3, 12)) == (5, 0, D(2026, 3, 12), 0)


def test_a_stop_in_a_known_year_resumed_in_an_unknown_one():
    clock = Clock(D(2026, 12, 7), 10).stopped(D(2026, 12, 9), "x")
    assert not clock.read(CHINA, D(2026, 12, 9)).provisional
    assert clock.resumed(D(2027, 1, 20)).read(CHINA, D(2027, 1, 20)).unknown_years == (2027,)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Clock(MONDAY, 4).stopped(D(2026, 3, 1), "x"), "早于开始计时"),
        (lambda: Clock(MONDAY, 4).stopped(D(2026, 3, 3), "x").stopped(D(2026, 3, 4), "x"), "已经停着"),
        (lambda: Clock(MONDAY, 4).resumed(D(2026, 3, 4)), "没有停着"),
        (lambda: Clock(MONDAY, 4).stopped(D(2026, 3, 4), "x").resumed(D(2026, 3, 3)), "早于停止"),
        (lambda: Clock(MONDAY, 4).read(CHINA, D(2026, 3, 1)), "还没有收到"),
    ],
)
def test_what_cannot_have_been(make, says):
    with pytest.raises(ClockFault, match=says):
        make()
    with pytest.raises(NotADuration):
        Clock(MONDAY, -1)


@given(st.integers(0, 40), st.lists(st.integers(0, 25), max_size=6), st.integers(0, 120))
def test_every_day_is_used_or_paused(days, gaps, until):
    """The clock equals counting day by day; the same steps that stop and resume it stand in `gaps`."""
    clock, day = Clock(D(2026, 1, 5), days), D(2026, 1, 5)
    for number, gap in enumerate(gaps):
        day += dt.timedelta(days=gap)
        clock = clock.resumed(day) if number % 2 else clock.stopped(day, "x")
    on = D(2026, 1, 5) + dt.timedelta(days=until)
    found = clock.read(CHINA, on)
    pauses = [(p.start, p.end or D.max) for p in clock.pauses]
    run, at = 0, clock.received
    while at < on and run < days:
        at += dt.timedelta(days=1)
        run += CHINA.is_working_day(at) and not any(start < at <= end for start, end in pauses)
    assert (found.used, found.left) == (run, days - run)
    if not clock.pauses:
        assert found.due == deadline(CHINA, clock.received, days).due
