"""Income, expenses, housing, land and help of a generated household, such that its given levels come out.

All amounts are in 元/年 and whole tens, drawn well inside the bands of the pack, so that no rounding moves a level.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from zhikun.intake.demo.dice import Dice
from zhikun.intake.demo.families import Family
from zhikun.intake.demo.people import Person
from zhikun.intake.demo.work import put_to_work

LINE_RURAL, LINE_URBAN = 500, 650  # 元/月: the pack's sample standards line_rural and line_urban
# Income per head as a share of the line, by half points of 收入不足.
_INCOME = {4: (0.16, 0.5), 3: (0.5, 0.75), 2: (0.75, 1.0), 1: (1.0, 1.5), 0: (1.5, 2.6)}
# Shares of the year's income, by half points of each burden.
_EDUCATION = ((0.0, 0.1), (0.1, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 1.3))
_MEDICAL = ((0.01, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 1.0), (1.0, 2.4))
_RENT = ((0.0, 0.0), (0.0, 0.1), (0.1, 0.3), (0.3, 0.6))
_DISASTER = (
    (0.0, 0.0),
    (0.01, 0.05),
    (0.05, 0.2),
    (0.2, 0.4),
    (0.4, 0.6),
    (0.6, 0.8),
    (0.8, 1.0),
    (1.0, 1.5),
    (1.5, 2.4),
)
# What a year in each stage of school costs a family, 元.
_FEES = {
    "kindergarten": (900, 4200),
    "compulsory": (100, 2400),
    "senior": (700, 3500),
    "vocational": (300, 2500),
    "college": (2400, 11000),
}
# Safety of the dwelling and the band of rent that give each level of 因房.
_HOMES: dict[int, tuple[tuple[str, int], ...]] = {
    0: (("a", 0),), 1: (("b", 0), ("a", 1)), 2: (("a", 2), ("b", 1)), 3: (("a", 3), ("b", 2)), 4: (("c", 0), ("b", 3)),
    5: (("c", 1),), 6: (("c", 2),), 7: (("d", 0), ("c", 3)), 8: (("d", 1),), 9: (("d", 2),), 10: (("homeless", 0),),
}  # fmt: skip
_LEAST_RENT, _MOST_RENT = 600, {False: 7200, True: 12000}  # by urban
_LIVESTOCK = (
    ("cattle",),
    ("cattle",),
    ("sheep",),
    ("poultry",),
    ("pig",),
    ("bees",),
    ("cattle", "sheep"),
    ("cattle", "poultry"),
)
_SPECIAL = {"single_parent": 1, "lone_elder": 1, "left_behind": 1, "debt": 1, "legal": 1, "accident": 2}


@dataclass(slots=True)
class Facts:
    """What the survey records about the household itself; names are those of the packs' facts."""

    values: dict[str, object] = field(default_factory=dict)

    def amount(self, name: str) -> int:
        value = self.values.get(name, 0)
        return value if isinstance(value, int) else 0


def settle(family: Family, levels: dict[str, int], urban: bool, dice: Dice) -> Facts | None:
    """The household's facts, with wages and pensions written to its members; None when the levels cannot be met."""
    special = _special(family.people)
    gap = levels["other"] - sum(_SPECIAL[item] for item in special)
    if gap < 0:
        return None
    extra = _extras(gap, dice)
    gap -= sum(_SPECIAL[item] for item in extra)
    if gap > 4:
        return None
    year = 12 * (LINE_URBAN if urban else LINE_RURAL) * len(family.people)
    income = within(*_INCOME[gap], year, dice)
    if income is None or not put_to_work(family.people, levels, urban, income, dice):
        return None
    facts = Facts({"residence": "urban" if urban else "rural", "special_situations": sorted([*special, *extra])})
    _land(facts, family.people, urban, dice)
    _earn(facts, family.people, urban, income, dice)
    steps = (_study, _heal, _dwell, _suffer)
    if not all(step(facts, family, levels, income, dice) for step in steps):
        return None
    _receive(facts, family, income / year, urban, dice)
    return facts


def within(low: float, high: float, whole: int, dice: Dice, least: float = 0, most: float = float("inf")) -> int | None:
    """Tens of 元 that are at least `low` and below `high` of `whole`, between `least` and `most`; None if there are none."""
    bottom, top = max(low * whole * 1.01, least), min(high * whole * 0.985, most)
    amount = round(dice.between(bottom, top) / 10) * 10
    return amount if bottom <= top and low * whole <= amount < high * whole else None


def _special(people: list[Person]) -> list[str]:
    """Item 28 as the family itself shows it."""
    grown = [p for p in people if p.age >= 18 and p.schooling == "none"]
    minors = any(p.age < 18 for p in people)
    if len(people) == 1 and people[0].age >= 60:
        return ["lone_elder"]
    if minors and len(grown) == 1 and grown[0].age < 60:
        return ["single_parent"]
    return ["left_behind"] if minors and grown and all(p.age >= 60 for p in grown) else []


def _extras(gap: int, dice: Dice) -> list[str]:
    items = dice.pick((("debt", "legal", "accident"), ("accident", "debt", "legal"), ("debt", "accident", "legal")))
    wanted = max(0, gap - 4)
    if gap and dice.chance(0.1):
        wanted += 1
    chosen: list[str] = []
    for item in items:
        if _SPECIAL[item] <= wanted:
            chosen.append(item)
            wanted -= _SPECIAL[item]
    return chosen


def _land(facts: Facts, people: list[Person], urban: bool, dice: Dice) -> None:
    farmers = sum(p.occupation == "farmer" for p in people)
    planting, area, let, heads, pens = "none", 0.0, 0.0, 0, 0
    kinds: list[str] = []
    if not urban:
        if farmers or dice.chance(0.3):
            planting = dice.weighted(("food", "grain", "cash"), (5, 4, 1) if farmers else (1, 0, 0))
            area = round(dice.between(1.5, 6 + 9 * farmers), 1)
        if dice.chance(0.6 if not farmers else 0.2):
            let = round(dice.between(1, 12), 1)
        if farmers and dice.chance(0.55):
            kinds = list(dice.pick(_LIVESTOCK))
            heads = dice.whole(1, 6) + (dice.whole(4, 20) if {"sheep", "poultry", "bees"} & set(kinds) else 0)
        pens = 1 + heads // 8 if kinds else int(farmers > 0 and dice.chance(0.3))
    facts.values |= {"planting": planting, "planted_area": area, "land_let_area": let,
                     "pens": pens, "livestock_kinds": kinds, "livestock_count": heads}  # fmt: skip


def _earn(facts: Facts, people: list[Person], urban: bool, income: int, dice: Dice) -> None:
    """Spread the income over those who can have earned it; the parts add up to it exactly."""
    shares: list[tuple[str, Person | None, float]] = []
    for person in people:
        months = (12 - person.idle_months) / 12
        strength = 1.0 if person.works else 0.3
        wage = {"migrant": 1.0, "local_odd_jobs": 0.5, "employee": 1.3}.get(person.occupation, 0) * months
        if wage:
            shares.append(("wage", person, wage * dice.between(0.8, 1.2)))
        if person.occupation in ("farmer", "self_employed"):
            shares.append(("business_income_year", None, 0.7 * strength * dice.between(0.7, 1.3)))
        if person.occupation == "retired":
            shares.append(("pension", person, dice.between(0.6, 1.2)))
        if person.age >= 60 and person.relation in ("head", "spouse") and dice.chance(0.7):
            shares.append(("support_income_year", None, dice.between(0.1, 0.35)))
    if facts.values["land_let_area"] or (urban and dice.chance(0.02)):
        shares.append(("rent_income_year", None, dice.between(0.04, 0.12)))
    if (not urban and dice.chance(0.75)) or not shares:
        shares.append(("transfer_income_year", None, dice.between(0.05, 0.15)))
    facts.values |= dict.fromkeys(
        ("business_income_year", "rent_income_year", "transfer_income_year", "support_income_year"), 0
    )
    total, left = sum(share for *_rest, share in shares), income
    for index, (source, earner, share) in enumerate(sorted(shares, key=lambda item: item[2])):
        amount = left if index == len(shares) - 1 else int(income * share / total / 10) * 10
        left -= amount
        if earner is None:
            facts.values[source] = facts.amount(source) + amount
        elif source == "wage":
            earner.wage += amount
        else:
            earner.pension += amount
    transfer = facts.amount("transfer_income_year")
    facts.values["government_subsidy_year"] = transfer if not urban and dice.chance(0.7) else 0


def _study(facts: Facts, family: Family, levels: dict[str, int], income: int, dice: Dice) -> bool:
    stages = [p.schooling for p in family.people if p.schooling != "none"]
    least, most = (sum(_FEES[stage][end] for stage in stages) for end in (0, 1))
    cost = within(*_EDUCATION[family.education_burden], income, dice, least, most) if stages else 0
    facts.values["education_expense_year"] = cost
    return cost is not None


def _heal(facts: Facts, family: Family, levels: dict[str, int], income: int, dice: Dice) -> bool:
    health = [p.health for p in family.people]
    medical: int | None = 0
    medicine: int | None = 0
    if family.medical_burden is not None:
        total = within(*_MEDICAL[family.medical_burden], income, dice)
        medical = None if total is None else round(total * dice.between(0.55, 0.9) / 10) * 10
        medicine = None if total is None or medical is None else total - medical
    elif "serious" in health:
        medical = within(0.6, 2.4, income, dice)
        medicine = within(0.05, 0.3, income, dice)
    elif family.costly_medicine:
        medicine = within(0.2, 0.45, income, dice)
    elif "chronic" in health:
        medicine = within(0.015, 0.19, income, dice)
    elif "weak" in health or dice.chance(0.5):
        medicine = round(min(600, 0.08 * income) * dice.between(0, 1) / 10) * 10
    facts.values |= {"medical_expense_year": medical, "medicine_expense_year": medicine}
    disabled = any(p.disability_grade != "none" for p in family.people)
    facts.values["rehabilitation_expense_year"] = dice.whole(0, 120) * 10 if disabled and dice.chance(0.5) else 0
    return medical is not None and medicine is not None


def _dwell(facts: Facts, family: Family, levels: dict[str, int], income: int, dice: Dice) -> bool:
    homes = _HOMES[levels["housing"]]
    urban = facts.values["residence"] == "urban"
    # Country people who rent a home of their own are few: most of them pay for a room near the school or the work.
    first = (0.45 if urban else 0.1) if homes[0][1] else (0.15 if urban else 0.75)
    home, band = homes[0] if len(homes) == 1 or dice.chance(first) else homes[1]
    most = _MOST_RENT[urban]
    rent = within(*_RENT[band], income, dice, least=min(_LEAST_RENT, 0.2 * income), most=most) if band else 0
    facts.values |= {"housing_safety": home, "rent_expense_year": rent}
    return rent is not None


def _suffer(facts: Facts, family: Family, levels: dict[str, int], income: int, dice: Dice) -> bool:
    level, effects = levels["disaster"], []
    loss: int | None = 0
    if level:
        urban = facts.values["residence"] == "urban"
        effects = (
            ["property"]
            if urban
            else dice.pick((["crops"], ["crops"], ["crops"], ["livestock"], ["crops", "livestock"]))
        )
        if level == 10:
            effects = [*effects, "house_collapsed"]
        elif level == 9 or (level > 2 and dice.chance(0.15)):
            effects, level = [*effects, "house_damaged"], level - 1
        loss = within(*_DISASTER[min(level, 8)], income, dice)
    facts.values |= {"disaster_effects": effects, "disaster_loss_year": loss}
    return loss is not None


def _receive(facts: Facts, family: Family, ratio: float, urban: bool, dice: Dice) -> None:
    """What the household already gets (items 5, 8, 27); it changes no score."""
    people, help_ = family.people, set[str]()
    if dice.chance(0.94 if ratio < 1 else 0.15 if ratio < 1.5 else 0.03):
        help_.add("dibao")
        severe = [p for p in people if p.disability_grade in ("g1", "g2") or p.health == "serious"]
        for person in severe if severe and dice.chance(0.08) else people:
            person.on_dibao = True
    uncounted = (
        round(max(0.2, 1 - ratio) * (LINE_URBAN if urban else LINE_RURAL)) * 12 * sum(p.on_dibao for p in people)
    )
    for person in people:
        if person.disability_grade in ("g1", "g2") and dice.chance(0.9):
            person.subsidies.append("care")
        if person.disability_grade != "none" and person.on_dibao and dice.chance(0.92):
            person.subsidies.insert(0, "living")
        uncounted += 1320 * len(person.subsidies) + (2640 if person.age >= 60 and not person.pension else 0)
        help_ |= {{"care": "disability_care", "living": "disability_living"}[item] for item in person.subsidies}
    stages = {p.schooling for p in people}
    chances = {
        "medical": 0.6 if any(p.health == "serious" for p in people) else 0.05,
        "education": 0.6 if stages & {"college", "senior", "vocational"} else 0,
        "disaster": 0.4 if facts.amount("disaster_loss_year") else 0,
        "housing": 0.15 if urban and facts.amount("rent_expense_year") else 0.01,
        "temporary": 0.08, "charity": 0.03, "old_age": 0.9 if any(p.age >= 80 for p in people) else 0,
    }  # fmt: skip
    help_ |= {item for item, probability in chances.items() if dice.chance(probability)}
    saved = 8000 if "dibao" in help_ else 40000
    facts.values |= {"current_assistance": sorted(help_), "uncounted_income_year": uncounted,
                     "financial_assets": int(dice.between(0, 1) ** 2 * saved / 100) * 100}  # fmt: skip
