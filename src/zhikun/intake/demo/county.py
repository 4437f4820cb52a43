"""A demo county: households in real townships, people who do not exist, scores that match a published table.

Scores are never written. Each household is dealt nine levels (`levels`), a family is drawn for them (`families`), work
and money follow (`work`, `money`); where no family fits, two households exchange the levels of one cause.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from zhikun.intake.demo.dice import Dice
from zhikun.intake.demo.families import Family, compose, labour_level
from zhikun.intake.demo.household import Household, Village
from zhikun.intake.demo.levels import CAUSES, deal
from zhikun.intake.demo.money import settle
from zhikun.intake.demo.people import (
    STABLE_FROM,
    STABLE_UNTIL,
    SURVEY_DAY,
    Numbers,
    Person,
    born,
    name,
    surname,
    turning_days,
)
from zhikun.intake.demo.tables import NOTE, to_tables
from zhikun.intake.demo.work import work_levels
from zhikun.wording import _, did_you_mean

__all__ = ["COUNTIES", "NOTE", "STABLE_FROM", "STABLE_UNTIL", "SURVEY_DAY", "UnknownCounty", "generate"]

COUNTIES: Mapping[str, int] = {"yuanzhou": 4803}
_PLACES = Path(__file__).parent / "data" / "yuanzhou_places.csv"
_ATTEMPTS = 10
_BIRTHDAYS = 12  # draws of birth dates before another family is drawn
_EXCHANGES = 4000
_URBAN_SHARE = 0.27


class UnknownCounty(ValueError):
    """No demo county of this name."""


def generate(seed: int, like: str = "yuanzhou") -> dict[str, pa.Table]:
    """Tables `household` and `member` in the engine's shape of facts, with names and numbers that belong to nobody.

    Assessed with pack `yuanzhou` on any day from STABLE_FROM to STABLE_UNTIL, the 4,803 households give the published
    table of nine causes by eleven levels cell by cell, whatever the seed. Raises UnknownCounty for another `like`,
    ValueError for a negative seed.
    """
    if like not in COUNTIES:
        raise UnknownCounty(
            _("没有名为“{like}”的演示县。可以选用：{known}。{hint}").format(
                like=like, known="、".join(COUNTIES), hint=did_you_mean(like, COUNTIES)
            )
        )
    if seed < 0:
        raise ValueError(_("种子是 0 或正整数，得到的是 {seed}：请换一个，例如 1。").format(seed=seed))
    generator = np.random.Generator(np.random.PCG64(seed))
    homes = _homes(generator, COUNTIES[like])
    levels = [dict(zip(CAUSES, row, strict=True)) for row in deal(generator, np.array([home.urban for home in homes]))]
    households = [
        _build(seed, number, home, wish) for number, (home, wish) in enumerate(zip(homes, levels, strict=True))
    ]
    _exchange(seed, homes, levels, households)
    return to_tables(_named(seed, [household for household in households if household is not None]))


def _homes(generator: np.random.Generator, count: int) -> list[Village]:
    with _PLACES.open(encoding="utf-8") as lines:
        next(lines)
        villages = [Village(row["code"], row["township"], row["village"]) for row in csv.DictReader(lines)]
    urban = np.array([village.urban for village in villages])
    size = generator.uniform(0.4, 1.6, len(villages))
    weight = np.where(urban, _URBAN_SHARE * size / size[urban].sum(), (1 - _URBAN_SHARE) * size / size[~urban].sum())
    chosen = np.sort(generator.choice(len(villages), count, p=weight / weight.sum()))
    return [villages[index] for index in chosen]


def _build(seed: int, number: int, home: Village, levels: dict[str, int], turn: int = 0) -> Household | None:
    for attempt in range(_ATTEMPTS):
        dice = Dice(seed, number, turn, attempt)
        family = compose(levels, dice)
        facts = settle(family, levels, home.urban, dice) if family else None
        if family and facts and _date_births(family, levels, dice):
            return Household(home, family, facts)
    return None


def _date_births(family: Family, levels: dict[str, int], dice: Dice) -> bool:
    """Birth dates with which the levels hold on every day from STABLE_FROM to STABLE_UNTIL; False if none were found."""
    people = family.people
    for _draw in range(_BIRTHDAYS):
        for person in people:
            person.birth_date = born(person, dice)
        # The ends of the time first: most dates that fail, fail there.
        if not (_holds(people, levels, STABLE_UNTIL) and _holds(people, levels, STABLE_FROM)):
            continue
        days = [day for person in people for day in turning_days(person) if STABLE_FROM < day < STABLE_UNTIL]
        if all(_holds(people, levels, day) for day in days):
            return True
    return False


def _holds(people: list[Person], levels: dict[str, int], day: date) -> bool:
    ages = [person.age_on(day) for person in people]
    wanted = (levels["employment"], levels["skills"])
    return labour_level(people, ages) == levels["labour"] and work_levels(people, ages) == wanted


def _exchange(
    seed: int, homes: list[Village], levels: list[dict[str, int]], households: list[Household | None]
) -> None:
    """Give households without a family the levels of others until all have one; the margins stay what they are."""
    dice = Dice(seed, "exchange")
    stuck = [number for number, household in enumerate(households) if household is None]
    for turn in range(1, _EXCHANGES):
        if not stuck:
            return
        one, other, cause = stuck[0], dice.whole(0, len(homes) - 1), dice.pick(CAUSES)
        if levels[one][cause] == levels[other][cause]:
            continue
        mine = levels[one] | {cause: levels[other][cause]}
        theirs = levels[other] | {cause: levels[one][cause]}
        first = _build(seed, one, homes[one], mine, turn)
        second = _build(seed, other, homes[other], theirs, turn) if first else None
        if second:
            levels[one], levels[other], households[one], households[other] = mine, theirs, first, second
            stuck = [number for number in stuck if households[number] is None]
        else:
            stuck.append(stuck.pop(0))
    if stuck:
        raise RuntimeError(
            _("种子 {seed} 生成演示县时有 {n} 户无法构成，请换一个种子。").format(seed=seed, n=len(stuck))
        )


def _named(seed: int, households: list[Household]) -> list[Household]:
    numbers = Numbers()
    for index, household in enumerate(households):
        dice = Dice(seed, "names", index)
        own, other = surname(dice), surname(dice)
        for person in household.family.people:
            person.name = name(person, _family_name(person, household.family.head, own, other), dice)
            person.id_number = numbers.give(person)
        village = household.village
        where = (
            _("{n}号楼{m}室").format(n=dice.whole(1, 30), m=dice.whole(1, 6) * 100 + dice.whole(1, 4))
            if village.urban
            else _("{n}组{m}号").format(n=dice.whole(1, 8), m=dice.whole(1, 60))
        )
        committee = village.name.removesuffix("村委会") + "村" if village.name.endswith("村委会") else village.name
        household.address = f"固原市原州区{village.township}{committee}{where}"
        # No operator was ever given numbers that begin with 120: nobody answers there.
        household.phone = f"120{index + 1:08d}"
    return households


def _family_name(person: Person, head: Person, own: str, other: str) -> str:
    """Children are called after their father; a mother and a wife keep their own name."""
    if person.relation == "spouse" or (person.relation == "parent" and person.sex == "female"):
        return other
    child = person.relation in ("son", "daughter", "grandchild")
    return other if child and head.sex == "female" else own
