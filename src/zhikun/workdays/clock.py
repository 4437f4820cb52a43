"""A statutory period that can be stopped and resumed: missing materials, a disputed point, an expert's opinion.

Everything happens at the end of its day, as the receipt does (民法典 第201条): the day on which the clock is stopped
counts, the day on which it is resumed does not. Stopped and resumed on one day, nothing changes. A clock stopped on
its last day has no days left; it is due on the day of its resumption, or on the first working day after that. A stop
after the last day changes nothing: what is overdue stays overdue.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from zhikun.wording import _
from zhikun.workdays.calendar import Calendar
from zhikun.workdays.deadlines import Unit, last_day, negative


class ClockFault(ValueError):
    """A stop or resumption that cannot have been: before the receipt, out of order, twice."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Days that do not count, from the day after `start` to `end`; still stopped where there is no end."""

    start: dt.date
    end: dt.date | None
    reason: str


@dataclass(frozen=True, slots=True)
class Reading:
    """The clock as it stood on a day.

    `used` and `left` are in the clock's unit and make up the whole period. `due` is None while the clock stands still;
    `due_if_resumed` is then the last day if it were resumed on the day of reading. `overdue` is in working days: 0 on
    the days off after the last day, where `late` is true all the same. `unknown_years` could still change the reading.
    """

    on: dt.date
    used: int
    left: int
    due: dt.date | None
    due_if_resumed: dt.date | None
    overdue: int
    unknown_years: tuple[int, ...]

    @property
    def stopped(self) -> bool:
        return self.due is None

    @property
    def late(self) -> bool:
        return self.due is not None and self.on > self.due

    @property
    def provisional(self) -> bool:
        return bool(self.unknown_years)


@dataclass(frozen=True, slots=True)
class Clock:
    """The period, the day of receipt and every stop; the calendar is given when it is read, so it can be read anew."""

    received: dt.date
    days: int
    unit: Unit = Unit.WORKING
    pauses: tuple[Pause, ...] = ()

    def __post_init__(self) -> None:
        if self.days < 0:
            raise negative(self.days)
        running_since: dt.date | None = self.received
        for pause in self.pauses:
            if running_since is None:
                raise ClockFault(
                    _("期限已经停着，{start} 不能再停一次，否则停了多久说不清；请先登记恢复的日期。").format(
                        start=pause.start
                    )
                )
            if pause.start < running_since:
                raise ClockFault(
                    _("停止计时的日期 {start} 早于开始计时的 {since}，这段时间会算错；请核对两个日期。").format(
                        start=pause.start, since=running_since
                    )
                )
            if pause.end is not None and pause.end < pause.start:
                raise ClockFault(
                    _("恢复计时的日期 {end} 早于停止的 {start}，这段时间会算错；请核对两个日期。").format(
                        end=pause.end, start=pause.start
                    )
                )
            running_since = pause.end

    def stopped(self, on: dt.date, reason: str) -> Clock:
        """The clock with one stop more. Raises ClockFault."""
        return replace(self, pauses=(*self.pauses, Pause(on, None, reason)))

    def resumed(self, on: dt.date) -> Clock:
        """The clock running again, from the day after. Raises ClockFault."""
        if not self.pauses or self.pauses[-1].end is not None:
            raise ClockFault(_("期限没有停着，{on} 无从恢复；请先登记停止的日期和原因。").format(on=on))
        return replace(self, pauses=(*self.pauses[:-1], replace(self.pauses[-1], end=on)))

    def read(self, calendar: Calendar, on: dt.date) -> Reading:
        """The clock at the end of a day, by what had happened until then. Raises ClockFault before the receipt."""
        if on < self.received:
            raise ClockFault(
                _("{on} 还没有收到（收到日期 {received}），期限尚未开始；请核对日期。").format(
                    on=on, received=self.received
                )
            )
        left, since, unknown = self.days, self.received, set[int]()
        for pause in self.pauses:
            due, doubtful_from = last_day(calendar, since, left, self.unit)
            if pause.start > min(due, on):
                break
            run = self._count(calendar, since, pause.start)
            if self.unit is Unit.WORKING:
                unknown.update(calendar.unknown_years(since + dt.timedelta(days=1), pause.start))
            elif pause.start > doubtful_from:
                unknown.update(calendar.unknown_years(doubtful_from, pause.start))
            left = max(left - run, 0)
            if pause.end is None or pause.end > on:
                return self._standing(calendar, on, left, unknown)
            since = pause.end
        return self._running(calendar, on, since, left, unknown)

    def _count(self, calendar: Calendar, after: dt.date, until: dt.date) -> int:
        if self.unit is Unit.WORKING:
            return calendar.working_days_between(after, until)
        return max((until - after).days, 0)

    def _standing(self, calendar: Calendar, on: dt.date, left: int, unknown: set[int]) -> Reading:
        due, doubtful_from = last_day(calendar, on, left, self.unit)
        unknown.update(calendar.unknown_years(doubtful_from, due))
        return Reading(on, self.days - left, left, None, due, 0, tuple(sorted(unknown)))

    def _running(self, calendar: Calendar, on: dt.date, since: dt.date, left: int, unknown: set[int]) -> Reading:
        due, doubtful_from = last_day(calendar, since, left, self.unit)
        unknown.update(calendar.unknown_years(doubtful_from, max(due, on)))
        used = self.days - left + min(self._count(calendar, since, on), left)
        overdue = calendar.working_days_between(due, on)
        return Reading(on, used, self.days - used, due, None, overdue, tuple(sorted(unknown)))
