"""Who lives in a generated household: ages, relations, schooling, illness and disability for its given levels.

A family is drawn as families are (a couple with children, grandparents with a grandchild, an old person alone) and kept
when its labour comes out at the level asked for; otherwise another is drawn. Levels are half points (see `levels`).
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from zhikun.intake.demo.dice import Dice
from zhikun.intake.demo.people import Person

TRIES = 80
# Stages in school and half points of cost that give each level of 因学; the weight says how common it is.
_SCHOOLING: dict[int, tuple[tuple[tuple[str, ...], int, float], ...]] = {
    1: ((("kindergarten",), 0, 3), (("vocational",), 0, 2), (("compulsory",), 1, 2)),
    2: ((("senior",), 0, 4), (("kindergarten",), 1, 2), (("vocational",), 1, 2), (("compulsory", "compulsory"), 2, 1)),
    3: ((("senior",), 1, 5), (("vocational",), 2, 1), (("senior", "kindergarten"), 0, 1), (("college",), 0, 3),
        (("senior", "vocational"), 0, 1), (("kindergarten",), 2, 1)),
    4: ((("college",), 1, 4), (("senior",), 2, 2), (("senior", "senior"), 0, 1), (("college", "vocational"), 0, 1)),
    5: ((("college",), 2, 4), (("senior", "senior"), 1, 1), (("college", "senior"), 0, 1)),
    6: ((("college",), 3, 3), (("college", "senior"), 1, 1), (("college", "college"), 0, 1)),
    7: ((("college",), 4, 2), (("college", "college"), 1, 1)),
    8: ((("college", "college"), 2, 1), (("college", "senior"), 3, 1)),
    9: ((("college", "college"), 3, 1),),
}  # fmt: skip
_STUDENT_AGES = {
    "kindergarten": (3, 5),
    "compulsory": (6, 15),
    "senior": (16, 18),
    "vocational": (16, 18),
    "college": (18, 22),
}
_HEAD_AGES = {
    "kindergarten": (25, 38),
    "compulsory": (32, 48),
    "senior": (40, 52),
    "vocational": (40, 52),
    "college": (43, 54),
}
# Grades of the disabled members and half points for class and care that give each level of 因残.
_DISABILITY: dict[int, tuple[tuple[tuple[str, ...], int, float], ...]] = {
    1: ((("g4",), 0, 1),),
    2: ((("g3",), 0, 4), (("g4",), 1, 1), (("g4", "g4"), 0, 0.3)),
    3: ((("g3",), 1, 6), (("g3", "g4"), 0, 0.5), (("g4",), 2, 0.5)),
    4: ((("g2",), 0, 4), (("g3", "g3"), 0, 1)),
    5: ((("g2",), 1, 4), (("g3", "g3"), 1, 1), (("g2", "g4"), 0, 0.5)),
    6: ((("g1",), 0, 2), (("g2",), 2, 2), (("g2", "g3"), 0, 0.5)),
    7: ((("g1",), 1, 4), (("g2", "g3"), 1, 0.5)),
    8: ((("g1",), 2, 2), (("g1", "g3"), 0, 1)),
    9: ((("g1", "g3"), 1, 1), (("g1", "g3"), 2, 1)),
    10: ((("g1", "g2"), 1, 1), (("g2", "g2"), 1, 1)),
}
# Tenths of a full worker by ability and age: below 16, from 16, from 50, ... (the pack's table labour_coefficient).
_AGE_EDGES = (16, 50, 60, 70, 80)
_TENTHS = {"full": (0, 10, 8, 5, 2, 1), "reduced": (0, 6, 5, 3, 1, 0), "minimal": (0, 2, 2, 1, 0, 0), "none": (0,) * 6}


@dataclass(slots=True)
class Family:
    """The members, and what of the levels is left for money to bring about (half points)."""

    people: list[Person]
    education_burden: int = 0
    medical_burden: int | None = None  # with one serious illness: half points of cost; otherwise None
    costly_medicine: bool = False  # without a serious illness: a fifth of the income or more

    @property
    def head(self) -> Person:
        return self.people[0]


def compose(levels: dict[str, int], dice: Dice) -> Family | None:
    """A family with these levels of 因学, 因病, 因残 and 劳动力 (money permitting), or None when none was found."""
    for _attempt in range(TRIES):
        stages, burden = _stages(levels["education"], dice)
        family = Family(_people(levels, stages, dice), education_burden=burden)
        if len(family.people) <= 8 and _fall_ill(family, levels["illness"], dice) and _disable(
            family, levels["disability"], dice
        ):  # fmt: skip
            _grow_frail(family, dice)
            needs_worker = levels["employment"] > 0 or levels["skills"] > 0
            if labour_level(family.people, [p.age for p in family.people]) == levels["labour"] and (
                not needs_worker or any(p.works for p in family.people)
            ):
                return family
    return None


def labour_level(people: list[Person], ages: list[int]) -> int:
    """Half points of 劳动力 at these ages: one full worker for two people is 0, no labour at all 10."""
    tenths = 0
    for person, age in zip(people, ages, strict=True):
        tenths += _TENTHS[person.ability][bisect_right(_AGE_EDGES, age)]
    if tenths == 0:
        return 10
    return min(9, max(0, (21 * len(people) - 4 * tenths) // (2 * len(people))))


def _stages(level: int, dice: Dice) -> tuple[tuple[str, ...], int]:
    if level == 0:
        return (), 0
    options = _SCHOOLING[level]
    stages, burden, _weight = dice.weighted(options, [weight for *_rest, weight in options])
    return stages, burden


def _people(levels: dict[str, int], stages: tuple[str, ...], dice: Dice) -> list[Person]:
    labour = levels["labour"]
    elders = 0.3 if labour == 0 else 0.6 if labour <= 4 else 0.75
    if levels["employment"] or levels["skills"]:
        elders = 0.08
    if "college" in stages or len(stages) > 1:
        elders = 0.0
    elif stages:
        elders *= 0.2
    return _elders(stages, dice) if dice.chance(elders) else _core(stages, dice)


def _elders(stages: tuple[str, ...], dice: Dice) -> list[Person]:
    """Old people, perhaps with a grown unmarried son or with the grandchild whose parents are away."""
    age = _aged(min(dice.whole(60, 84), dice.whole(60, 84)), 84, dice)
    head = Person(age, "male" if dice.chance(0.75) else "female", "head")
    people = [head]
    if dice.chance(0.6):
        people.append(_spouse(head, dice))
    if dice.chance(0.2):
        people.append(Person(min(58, max(20, age - dice.whole(22, 38))), "male" if dice.chance(0.8) else "female", ""))
    people += [_student(stage, "grandchild", dice) for stage in stages]
    if not stages and dice.chance(0.06):
        people.append(_student("compulsory", "grandchild", dice))
    return _related(people)


def _core(stages: tuple[str, ...], dice: Dice) -> list[Person]:
    """Parents of working age with children and sometimes an old parent, or a grown person alone."""
    eldest = max(stages, key=lambda stage: _STUDENT_AGES[stage][1], default="")
    low, high = _HEAD_AGES[eldest] if eldest else (24, 59)
    head = Person(_aged(dice.whole(low, high), high, dice), "male" if dice.chance(0.86) else "female", "head")
    people = [head]
    if dice.chance(0.84):
        people.append(_spouse(head, dice))
    people += [_student(stage, "", dice) for stage in stages]
    youngest_parent = min(person.age for person in people[:2] if person.schooling == "none")
    for _child in range(dice.weighted((0, 1, 2), (5, 3, 1.5))):
        if 27 <= head.age <= 50:
            people.append(_student("compulsory", "", dice))
            people[-1].age = min(people[-1].age, max(6, youngest_parent - 20))
    if head.age < 40 and youngest_parent >= 21 and dice.chance(0.25):
        people.append(Person(dice.whole(0, 2), dice.pick(("male", "female")), ""))
    if head.age >= 45 and dice.chance(0.3):
        people.append(Person(dice.whole(18, min(32, youngest_parent - 20)), dice.pick(("male", "male", "female")), "")
                      if youngest_parent >= 40 else _student("compulsory", "", dice))  # fmt: skip
    for sex in ("female", "male"):
        if dice.chance(0.2) and head.age <= 58:
            people.append(Person(min(88, head.age + dice.whole(20, 32)), sex, "parent"))
    return _related(people)


def _aged(age: int, most: int, dice: Dice) -> int:
    """The age, more often one before a change of labour: such families are drawn again later when a birthday counts."""
    older = age // 10 * 10 + dice.whole(7, 9)
    return older if 40 <= age < older <= most and dice.chance(0.45) else age


def _spouse(head: Person, dice: Dice) -> Person:
    difference = dice.whole(-1, 5)
    if head.sex == "male":
        return Person(max(20, head.age - difference), "female", "spouse")
    return Person(min(86, head.age + difference), "male", "spouse")


def _student(stage: str, relation: str, dice: Dice) -> Person:
    return Person(dice.whole(*_STUDENT_AGES[stage]), dice.pick(("male", "female")), relation, schooling=stage)


def _related(people: list[Person]) -> list[Person]:
    for person in people:
        if not person.relation:
            person.relation = "son" if person.sex == "male" else "daughter"
    return people


def _draw(people: list[Person], count: int, dice: Dice, weight_of: tuple[float, ...]) -> list[Person]:
    """Different people, drawn by the weights of the ages below 6, 16, 40, 60 and above."""
    left, drawn = list(people), []
    for _person in range(count):
        weights = [weight_of[bisect_right((6, 16, 40, 60), p.age)] for p in left]
        if sum(weights) <= 0:
            return []
        drawn.append(dice.weighted(left, weights))
        left.remove(drawn[-1])
    return drawn


def _fall_ill(family: Family, level: int, dice: Dice) -> bool:
    """Give the members the illnesses of a level of 因病; False when there are too few members."""
    people, ages = family.people, (0.05, 0.08, 0.35, 2, 5)
    serious = chronic = weak = 0
    if level >= 10:
        serious = 2
    elif level >= 4:
        serious = 1
        over = level - 4
        others = over > 0 and (over == 5 or dice.chance(0.4))
        family.medical_burden = over - others
        if others:
            chronic, weak = dice.pick(((1, 0), (1, 0), (0, 1)))
    elif level == 3:
        chronic = 2 if len(people) > 1 and dice.chance(0.7) else 1
        family.costly_medicine = chronic == 1
        weak = int(dice.chance(0.15))
    elif level == 2:
        chronic, weak = 1, int(dice.chance(0.2))
    elif level == 1:
        weak = dice.pick((1, 1, 2))
    count = serious + chronic + weak
    if count > len(people):
        return False
    patients = _draw(people, count, dice, ages)
    for person, health in zip(patients, ["serious"] * serious + ["chronic"] * chronic + ["weak"] * weak, strict=False):
        person.health = health
    return len(patients) == count


def _disable(family: Family, level: int, dice: Dice) -> bool:
    """Give the members the disabilities of a level of 因残; False when there are too few members."""
    if level == 0:
        return True
    options = _DISABILITY[level]
    grades, extra, _weight = dice.weighted(options, [weight for *_rest, weight in options])
    able = [p for p in family.people if p.age >= 6 and (p.schooling in ("none", "compulsory"))]
    chosen = _draw(able, len(grades), dice, (0, 0.2, 2, 2, 1)) if len(able) >= len(grades) else []
    if len(chosen) < len(grades):
        return False
    by_class, by_care = {0: (False, False), 1: (dice.chance(0.6), False), 2: (True, True)}[extra]
    by_care = by_care or (extra == 1 and not by_class)
    for person, grade in zip(chosen, grades, strict=True):
        if person.schooling == "compulsory" and grade in ("g1", "g2"):
            return False
        person.disability_grade = grade
        person.disability_class = dice.pick(
            ("sight", "hearing") if grade == "g1" else ("limb", "limb", "limb", "sight", "hearing", "speech")
        )
    worst = chosen[0]
    if by_class:
        worst.disability_class = dice.pick(("intellectual", "mental", "mental", "multiple"))
    if by_care:
        worst.self_care_failed = {"g1": dice.whole(4, 6), "g2": dice.whole(1, 4)}.get(
            worst.disability_grade, dice.whole(1, 2)
        )
    return True


def _grow_frail(family: Family, dice: Dice) -> None:
    for person in family.people:
        if person.age >= 76 and person.disability_grade == "none" and dice.chance(0.2):
            person.self_care_failed = dice.whole(1, 3)
