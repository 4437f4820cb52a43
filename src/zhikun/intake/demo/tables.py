"""Generated households as Arrow tables in the engine's shape of facts."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from zhikun.intake.demo.dice import Dice
from zhikun.intake.demo.household import Household
from zhikun.intake.demo.people import Person

NOTE = "生成数据，非真实人员"
_TEXTS = ("residence", "planting", "housing_safety")
_SETS = ("special_situations", "livestock_kinds", "disaster_effects", "current_assistance")
_AMOUNTS = (
    "business_income_year", "rent_income_year", "support_income_year", "transfer_income_year",
    "government_subsidy_year", "uncounted_income_year", "financial_assets", "planted_area", "land_let_area", "pens",
    "livestock_count", "education_expense_year", "medical_expense_year", "medicine_expense_year",
    "rehabilitation_expense_year", "rent_expense_year", "disaster_loss_year",
)  # fmt: skip
_SELF_RATED = {
    "healthy": (0.62, 0.37, 0.01),
    "weak": (0.05, 0.65, 0.3),
    "chronic": (0.02, 0.58, 0.4),
    "serious": (0.0, 0.15, 0.85),
}


def to_tables(households: Sequence[Household]) -> dict[str, pa.Table]:
    """Tables `household` and `member`; every household carries NOTE in its remarks."""
    ids = [f"YZ{number:05d}" for number in range(1, len(households) + 1)]
    columns: dict[str, pa.Array] = {
        "household": pa.array(ids, pa.string()),
        "place": pa.array([household.village.code for household in households], pa.string()),
        "address": pa.array([household.address for household in households], pa.string()),
        "phone": pa.array([household.phone for household in households], pa.string()),
        "survey_note": pa.array([NOTE] * len(ids), pa.string()),
    }
    for names, kind in ((_TEXTS, pa.string()), (_SETS, pa.list_(pa.string())), (_AMOUNTS, pa.float64())):
        for name in names:
            columns[name] = pa.array([household.facts.values[name] for household in households], kind)
    return {"household": pa.table(columns), "member": _members(ids, households)}


def _members(ids: Sequence[str], households: Sequence[Household]) -> pa.Table:
    rows = [
        {"household": id_, "row": row, **_member(person, Dice(person.id_number))}
        for id_, household in zip(ids, households, strict=True)
        for row, person in enumerate(household.family.people, 1)
    ]
    schema = pa.schema(
        [("household", pa.string()), ("row", pa.int32()), ("name", pa.string()), ("id_number", pa.string()),
         ("relation", pa.string()), ("sex", pa.string()), ("birth_date", pa.date32()), ("lives_together", pa.bool_()),
         ("occupation", pa.string()), ("skill_level", pa.string()), ("idle_months", pa.float64()),
         ("wage_income_year", pa.float64()), ("pension_income_year", pa.float64()), ("health", pa.string()),
         ("self_rated_health", pa.string()), ("self_care_failed", pa.float64()), ("disability_class", pa.string()),
         ("disability_grade", pa.string()), ("disability_subsidy", pa.list_(pa.string())), ("schooling", pa.string()),
         ("dropout_reason", pa.string()), ("on_dibao", pa.bool_())]
    )  # fmt: skip
    return pa.Table.from_pylist(rows, schema=schema)


def _member(person: Person, dice: Dice) -> dict[str, object]:
    return {
        "name": person.name, "id_number": person.id_number, "relation": person.relation, "sex": person.sex,
        "birth_date": person.birth_date, "lives_together": True, "occupation": person.occupation,
        "skill_level": person.skill_level, "idle_months": person.idle_months, "wage_income_year": person.wage,
        "pension_income_year": person.pension, "health": person.health,
        "self_rated_health": dice.weighted(("good", "fair", "poor"), _SELF_RATED[person.health]),
        "self_care_failed": person.self_care_failed, "disability_class": person.disability_class,
        "disability_grade": person.disability_grade, "disability_subsidy": person.subsidies,
        "schooling": person.schooling, "dropout_reason": "not_applicable", "on_dibao": person.on_dibao,
    }  # fmt: skip
