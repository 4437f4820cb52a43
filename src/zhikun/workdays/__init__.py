"""The official working-day calendar, and deadlines that stop and resume.

Pure: no clock of the machine is read, the day is always an argument. How it counts: docs/reference/workdays.md.
"""

from zhikun.workdays.calendar import FIRST, LAST, Calendar, DayException, OutOfCalendar
from zhikun.workdays.clock import Clock, ClockFault, Pause, Reading
from zhikun.workdays.deadlines import Deadline, DueDates, NotADuration, Unit, days_left, deadline, due_dates
from zhikun.workdays.months import Month, NotAMonth
from zhikun.workdays.reading import (
    BadExceptions,
    Fault,
    load_calendar,
    national_calendar,
    read_exceptions,
    weekday_name,
)

__all__ = [
    "FIRST",
    "LAST",
    "BadExceptions",
    "Calendar",
    "Clock",
    "ClockFault",
    "DayException",
    "Deadline",
    "DueDates",
    "Fault",
    "Month",
    "NotADuration",
    "NotAMonth",
    "OutOfCalendar",
    "Pause",
    "Reading",
    "Unit",
    "days_left",
    "deadline",
    "due_dates",
    "load_calendar",
    "national_calendar",
    "read_exceptions",
    "weekday_name",
]
