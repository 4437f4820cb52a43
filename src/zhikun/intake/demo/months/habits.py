"""How often people stand in a list, and who: what the demo knows of the lists that the packs name, and of any other.

Shares are chosen so that a list of hardship has 15 rows in a month for 100 people watched; what speaks of people who may
no longer qualify (deaths, vehicles, firms) is as rare as it is. In the demo county those rows are of the people watched; a
province's department does not know who is watched, and names everybody. All of it is invented.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from zhikun.engine.packs.monitoring import ListSource, Monitoring
from zhikun.intake.demo.months.chance import Mask
from zhikun.intake.demo.months.people import People
from zhikun.intake.demo.months.periods import Period

#: Of those who stand in a register, the share that comes or goes in a month; people newly watched or gone make it 1 to 2 %.
CHURN = 0.006
#: The same of a province's other residents, of whom nobody comes or goes by being watched.
CHURN_OF_OTHERS = 0.013
#: Of the rows of a province's list of hardship, the share that is of people watched. 甘肃 watched 4.1911 million people (中国社会报,
#: 2021-05-12) of 25.02 million residents (census of 2020), 16.8 %; the poor are a little oftener ill, disabled or out of work.
#: So 2.7 % of the people watched stand in each list, and with the five lists of `gansu` about 12.5 % have a warning in a
#: month: 526,349 of 4.1911 million, which is what that province had in all from the spring of 2020 to May 2021.
WATCHED_ROWS = 0.18


@dataclass(frozen=True, slots=True)
class Habit:
    """Of the people with a trait this share stands in the list, of the others that; the same people each month or not."""

    share: float
    others: float = 0.0
    trait: str = ""  # TRAITS; '' for everybody
    steady: bool = False  # as in a register: who stands in it stays in it
    leavers: bool = False  # most rows are school leavers who are not watched


_ILLNESS = Habit(0.45, 0.093, "ill")
_HABITS: Mapping[str, Habit] = {
    "inpatients": _ILLNESS,
    "serious_illness": _ILLNESS,
    "large_medical": _ILLNESS,
    "medical_costs": _ILLNESS,
    "chronic_illness": Habit(0.94, trait="ill", steady=True),
    "disability_certificates": Habit(0.94, trait="disabled", steady=True),
    "disability": Habit(0.94, trait="disabled", steady=True),
    "unemployed": Habit(0.27, trait="adult"),
    "unemployment": Habit(0.27, trait="adult"),
    "college_admissions": Habit(0.45, trait="leaver", leavers=True),
    "schooling": Habit(0.85, trait="pupil", leavers=True),
    "education_costs": Habit(0.8, trait="pupil", leavers=True),
    "deaths": Habit(1.0, trait="died"),
    "vehicles": Habit(0.004, trait="adult"),
    "businesses": Habit(0.002, trait="adult"),
    "leads": Habit(0.006, 0.006),
    "incomes": Habit(0.09, trait="adult", steady=True),
}
_HARDSHIP, _EXIT = 0.15, 0.003
# A province's school leavers with their neighbours in age: too few of the people watched are 18 for a seventh of 630,000 rows.
_ADMITTED_IN_PROVINCE = Habit(0.58, trait="candidate", leavers=True)


def habit_of(source: ListSource, monitoring: Monitoring) -> Habit:
    """What is known of the list by its name; otherwise by its kind and by what is looked for in it."""
    known = _HABITS.get(source.id)
    if known:
        return known
    share = _HARDSHIP if of_hardship(source, monitoring) else _EXIT
    return Habit(share, share, steady=source.kind == "register")


def in_province(habit: Habit, source: ListSource, monitoring: Monitoring, *, watched: bool) -> Habit:
    """The habit where the list names everybody, for the people watched or for the others; of what is not hardship, the same."""
    if not of_hardship(source, monitoring):
        return habit
    if habit.trait == "leaver":
        return _ADMITTED_IN_PROVINCE
    scale = WATCHED_ROWS if watched else 1.0
    # Pupils of every year are among the others already.
    return replace(habit, share=habit.share * scale, others=habit.others * scale, leavers=False)


def of_hardship(source: ListSource, monitoring: Monitoring) -> bool:
    """Whether hardship is looked for in the list, or nothing: not only signs that somebody may no longer qualify."""
    looked = {i.direction for i in monitoring.indicators.values() if i.list_source == source.id}
    return looked != {"exit"}


def with_trait(habit: Habit, people: People, month: int, period: Period) -> Mask:
    """Which of the people have the trait on the first day of the period."""
    day = int(period.astype("datetime64[D]").astype(np.int64))
    years = (day - people.born) * 4 // 1461
    year = int(str(period)[:4])
    if habit.trait == "ill":
        return people.ill > 0
    if habit.trait == "disabled":
        return people.disabled > 0
    if habit.trait == "died":
        return people.died == month
    if habit.trait == "adult":
        return (years >= 16) & (years < 60)
    if habit.trait == "pupil":
        return (years >= 15) & (years < 23)
    if habit.trait in ("leaver", "candidate"):
        turns = year - (people.born.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970)
        return turns == 18 if habit.trait == "leaver" else (turns >= 17) & (turns <= 19)
    return np.ones(len(people), bool)
