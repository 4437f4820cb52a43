"""What the members of a generated household do for a living, for its given levels of 就业 and 技术."""

from __future__ import annotations

import math

from zhikun.intake.demo.dice import Dice
from zhikun.intake.demo.people import Person

SKILLS = ("certified", "proficient", "some", "none")
_COMMON = (0.08, 0.3, 0.37, 0.25)
# Half points of 缺技术 by occupation and skill (the pack's table skill_points).
_HALVES = {
    "none": (0, 1, 5, 10),
    "farmer": (0, 0, 1, 2),
    "migrant": (0, 0, 1, 2),
    "local_odd_jobs": (0, 0, 2, 4),
    "employee": (0, 0, 0, 1),
    "self_employed": (0, 0, 1, 3),
}
_RURAL = {"farmer": 5.0, "migrant": 3.0, "local_odd_jobs": 1.6, "employee": 0.3, "self_employed": 0.4}
_URBAN = {"local_odd_jobs": 4.0, "migrant": 2.0, "employee": 1.2, "self_employed": 1.0}
# What a year of it brings at least, in 元: nobody is an employee for less.
_LEAST = {"employee": 9000, "self_employed": 5000, "migrant": 3000}
_TRIES = 60


def put_to_work(people: list[Person], levels: dict[str, int], urban: bool, income: int, dice: Dice) -> bool:
    """Give every member an occupation so that both levels come out; False when that cannot be.

    `income` is the household's in 元/年: a poor family has no one in steady employment.
    """
    workers = [person for person in people if person.works]
    for person in people:
        _at_home(person, urban, dice)
    if not workers:
        return levels["employment"] == 0 and levels["skills"] == 0
    idle = _idle_months(len(workers), levels["employment"], dice)
    if idle is None:
        return False
    options = [_options(months, urban, income / len(workers), levels["skills"]) for months in idle]
    for _attempt in range(_TRIES):
        jobs = [dice.weighted(pairs, weights) for pairs, weights in options]
        if _skills(jobs) == levels["skills"]:
            for person, months, (occupation, skill) in zip(workers, idle, jobs, strict=True):
                person.idle_months, person.occupation, person.skill_level = months, occupation, skill
            return True
    return False


def work_levels(people: list[Person], ages: list[int]) -> tuple[int, int]:
    """Half points of 就业 and 技术 at these ages."""
    workers = [person for person, age in zip(people, ages, strict=True) if person.works_at(age)]
    if not workers:
        return 0, 0
    months = sum(person.idle_months for person in workers)
    return _employment(months, len(workers)), _skills([(p.occupation, p.skill_level) for p in workers])


def _employment(months: int, workers: int) -> int:
    # 5 x months / (12 x workers), rounded half up to half points, in whole numbers.
    return (20 * months + 12 * workers) // (24 * workers)


def _skills(jobs: list[tuple[str, str]]) -> int:
    halves = sum(_HALVES[occupation][SKILLS.index(skill)] for occupation, skill in jobs)
    return (2 * halves + len(jobs)) // (2 * len(jobs))


def _idle_months(workers: int, level: int, dice: Dice) -> list[int] | None:
    """Months out of work of each worker; the share of all months rounds to the level. None when no whole months do."""
    fitting = [months for months in range(12 * workers + 1) if _employment(months, workers) == level]
    if not fitting:
        return None
    total = 0 if level == 0 and dice.chance(0.97) else dice.pick(fitting)
    idle = [0] * workers
    while total:
        worker = dice.whole(0, workers - 1)
        months = min(total, 12 - idle[worker])
        idle[worker] += months
        total -= months
    return idle


def _options(months: int, urban: bool, income: float, level: int) -> tuple[list[tuple[str, str]], list[float]]:
    if months >= 9:
        jobs = {"none": 0.7, "local_odd_jobs": 0.3}
    elif months:
        jobs = {"local_odd_jobs": 0.6, "migrant": 0.4}
    else:
        jobs = {job: weight for job, weight in (_URBAN if urban else _RURAL).items() if income >= _LEAST.get(job, 0)}
        if level > _HALVES["local_odd_jobs"][-1]:
            jobs["none"] = 0.5  # at home with the children or the sick: not looking for work, and without a skill
    pairs, weights = [], []
    for job, often in jobs.items():
        for skill, common, halves in zip(SKILLS, _COMMON, _HALVES[job], strict=True):
            pairs.append((job, skill))
            weights.append(often * common * math.exp(-0.5 * abs(halves - level)))
    return pairs, weights


def _at_home(person: Person, urban: bool, dice: Dice) -> None:
    """The occupation of those of whom no work is expected; workers are given theirs later."""
    if person.schooling == "kindergarten" or person.age < 6:
        person.occupation = "preschool"
    elif person.schooling != "none":
        person.occupation = "student"
    elif person.age >= 60 and urban and dice.chance(0.4):
        person.occupation = "retired"
    elif not urban and person.age < 76 and person.ability != "none" and dice.chance(0.6):
        person.occupation = "farmer"
    if 16 <= person.age <= 59 and person.schooling == "none":
        person.skill_level = dice.weighted(SKILLS, _COMMON)
