"""Who stands in a list of a period, and the population's own rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from zhikun.engine.packs.monitoring import GROUP, HOUSEHOLD, ListSource, Monitoring
from zhikun.intake.demo.months.chance import Chance, Mask, threshold
from zhikun.intake.demo.months.columns import Rows, cells, written
from zhikun.intake.demo.months.habits import CHURN, CHURN_OF_OTHERS, Habit, habit_of, in_province, with_trait
from zhikun.intake.demo.months.people import NEVER, People, Source
from zhikun.intake.demo.months.periods import Period, ordinal

_TWICE = 0.03  # of the people in a list of events: they have two rows
_EVERYBODY = 1.0
_LEAVERS = 0.95  # of the school leavers who are in lists only


@dataclass(frozen=True, slots=True)
class Making:
    """What the files of a demo are made from."""

    source: Source
    monitoring: Monitoring
    first: Period
    fewer: float  # events of people, against those of a province
    everybody: bool  # whether lists of hardship name the people watched among all residents, as in a province

    def month(self, period: Period) -> int:
        """Months since the first."""
        return ordinal(period) - ordinal(self.first)

    def habit(self, listed: ListSource, *, watched: bool) -> Habit:
        """How often people stand in the list: those watched at some time, or the others."""
        habit = habit_of(listed, self.monitoring)
        return in_province(habit, listed, self.monitoring, watched=watched) if self.everybody else habit


def population_rows(making: Making, people: People, period: Period) -> pa.Table:
    """A row for each person watched and each group he or she is watched in."""
    listed, month = making.monitoring.population, making.month(period)
    codes = making.source.groups.codes
    watched = np.flatnonzero(people.watched(month))
    bits = people.groups_in(month)[watched]
    member = (bits[:, None] >> np.arange(len(codes), dtype=np.uint32)) & np.uint32(1)
    row, group = np.nonzero(member)
    places = watched[row]
    rows = Rows(making.source, listed, period, month, people, places, np.zeros(len(places), np.int64))
    words = pa.array([listed.columns[GROUP].choices.get(code, code) for code in codes], pa.string())
    made = {}
    for name, column in listed.columns.items():
        if name == GROUP:
            made[column.title] = words.take(pa.array(group))
        elif name == HOUSEHOLD:
            made[column.title] = people.household.take(pa.array(places))
        else:
            made[column.title] = cells(rows, column, making.monitoring)
    return pa.table(made)


def list_rows(making: Making, listed: ListSource, people: People, period: Period) -> pa.Table:
    """The rows of these people in the list of the period."""
    month = making.month(period)
    never = never_watched(people)
    habit = making.habit(listed, watched=not never)
    if not habit.steady and habit.trait not in ("died", "leaver", "candidate"):
        habit = replace(habit, share=habit.share * making.fewer, others=habit.others * making.fewer)
    if habit.leavers and never:
        habit = replace(habit, share=_LEAVERS)
    places = np.flatnonzero(_stands(making, habit, listed, people, period) & people.alive(month))
    again = np.zeros(len(places), np.int64)
    if listed.kind == "event" and listed.rhythm == "monthly" and not habit.steady and habit.share < _EVERYBODY:
        twice = Chance(making.source.seed, listed.id, "twice", period).below(people.key[places], _TWICE)
        again = np.concatenate([again, np.ones(int(twice.sum()), np.int64)])
        places = np.concatenate([places, places[twice]])
        order = np.argsort(places, kind="stable")
        places, again = places[order], again[order]
    return written(Rows(making.source, listed, period, month, people, places, again), making.monitoring)


def never_watched(people: People) -> bool:
    """Whether these are people in lists only; blocks are of one kind."""
    return len(people) > 0 and bool(people.entered[0] == NEVER)


def _stands(making: Making, habit: Habit, listed: ListSource, people: People, period: Period) -> Mask:
    has = with_trait(habit, people, making.month(period), period)
    words = (making.source.seed, listed.id) if habit.steady else (making.source.seed, listed.id, period)
    bits = Chance(*words).bits(people.key)
    stands = np.zeros(len(people), bool)
    churn = CHURN_OF_OTHERS if making.everybody and never_watched(people) else CHURN
    for share, those in ((habit.share, has), (habit.others, ~has)):
        if not share:
            continue
        if share >= _EVERYBODY:
            stands |= those
            continue
        moved = bits
        if habit.steady:
            # A window of the share's width moves over everybody's bits: half of the churn comes in, half goes out.
            step = int(threshold(share * churn / 2)) * ordinal(period)
            moved = bits - np.uint64(step % (1 << 64))
        stands |= those & (moved < threshold(share))
    return stands
