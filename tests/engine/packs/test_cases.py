"""Case files: what a person wrote about one household, ready to be run."""

from datetime import date
from pathlib import Path

import pytest

from zhikun.engine.packs import load
from zhikun.engine.packs.cases import cases_of, read_cases

GOOD = Path(__file__).parent / "good"


@pytest.fixture(scope="module")
def cases():
    return cases_of(load("tiny", GOOD), GOOD)


def test_the_base_is_merged_into_every_row(cases):
    first, second = cases
    assert first.rows["member"] == (
        {"health": "well", "helps": (), "birth_date": date(1960, 2, 29)},
        {"health": "ill", "helps": ("food", "coal"), "birth_date": date(2015, 1, 1)},
    )
    assert second.rows["household"] == ({"residence": "on", "income": 12000.0, "alone": True, "place": "064042001"},)


def test_unknown_takes_a_fact_of_the_base_away(cases):
    assert cases[0].rows["household"] == ({"residence": "on", "alone": True},)


def test_entities_without_rows_have_none(cases):
    assert cases[1].rows["member"] == ()
    assert cases[1].rows["supporter"] == ()


def test_place_is_the_households_or_else_the_packs(cases):
    assert [case.place for case in cases] == ["064042", "064042001"]


def test_expected_values_are_typed_and_unknown_is_none(cases):
    assert cases[0].expect == {
        "care_points": 4.5,
        "member.points": (1.5, 2.0),
        "eligible": None,
        "policies": ("visit", "meal"),
    }


def test_missing_facts_name_entity_row_and_fact(cases):
    household_income = frozenset({("household", 0, "income")})
    assert cases[0].missing == {"eligible": household_income, "category": household_income}


def test_skipped_cases_say_why(cases):
    assert [case.skip for case in cases] == ["", "等待民政局答复"]


def test_a_case_knows_its_line(cases):
    assert str(cases[0].at) == "tiny/care/cases/care.yaml:5"


def test_a_single_file_can_be_read(tmp_path):
    path = tmp_path / "one.yaml"
    path.write_text("cases:\n  - {name: 甲, date: 2024-01-01, expect: {care_points: unknown}}\n", encoding="utf-8")
    (case,) = read_cases(load("tiny", GOOD), path)
    assert case.expect == {"care_points": None}
    assert case.rows["household"] == ({},)
