"""Months as people write them, and counting with them."""

from datetime import date

import pytest

from zhikun.workdays import Month, NotAMonth


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("2026-11", Month(2026, 11)),
        (" 2026-1 ", Month(2026, 1)),
        ("202603", Month(2026, 3)),
        ("2026年11月", Month(2026, 11)),
        ("2026-Q3", Month(2026, 9)),
        ("2026q1", Month(2026, 3)),
        ("2026年第四季度", Month(2026, 12)),
    ],
)
def test_what_people_write_is_read(text, month):
    assert Month.read(text) == month
    assert Month.read(str(month)) == month


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "2026-00", "2026-Q5", "26-11", "2026-11-01", "11月", "1899-12"]
)
def test_what_is_no_month_is_answered_with_how_to_write_one(text):
    with pytest.raises(NotAMonth, match="2026-11"):
        Month.read(text)


def test_counting_goes_over_the_end_of_the_year_and_back():
    november = Month(2026, 11)
    assert november.plus(2) == Month(2027, 1)
    assert november.plus(-11) == Month(2025, 12)
    assert Month(2027, 1).since(november) == 2
    assert november.since(Month(2027, 1)) == -2
    assert sorted([Month(2027, 1), november, Month(2026, 2)]) == [Month(2026, 2), november, Month(2027, 1)]


def test_a_day_that_the_month_does_not_have_is_its_last_one():
    assert Month(2024, 2).day(30) == date(2024, 2, 29) == Month(2024, 2).last_day
    assert Month(2026, 12).last_day == date(2026, 12, 31)
    assert Month.of(date(2026, 12, 31)).first_day == date(2026, 12, 1)
