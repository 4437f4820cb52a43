"""The demo county: the published table reproduced by assessment, and households one could meet."""

from __future__ import annotations

import csv
import hashlib
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from zhikun.engine.packs import load
from zhikun.engine.plan import make_plan
from zhikun.engine.run import assess
from zhikun.identity import check_id_numbers
from zhikun.intake.demo import NOTE, STABLE_FROM, STABLE_UNTIL, SURVEY_DAY, UnknownCounty, generate

PUBLISHED = Path(__file__).parent / "published_causes.csv"
LEVELS = [half / 2 for half in range(11)]
STUDENT_AGES = {
    "kindergarten": (3, 6),
    "compulsory": (6, 15),
    "senior": (16, 18),
    "vocational": (16, 18),
    "college": (18, 22),
}


@pytest.fixture(scope="module")
def pack():
    return load("yuanzhou")


@pytest.fixture(scope="module")
def county():
    return generate(1)


@pytest.fixture(scope="module")
def results(pack, county):
    return assess(make_plan(pack, on=SURVEY_DAY), county).tables["household"]


@pytest.fixture(scope="module")
def families(county):
    found = defaultdict(list)
    for member in county["member"].to_pylist():
        found[member["household"]].append(member)
    return found


def published() -> list[tuple[str, list[int]]]:
    with PUBLISHED.open(encoding="utf-8") as lines:
        next(lines)
        return [(row[0], [int(cell) for cell in row[1:12]]) for row in list(csv.reader(lines))[1:]]


def cause_table(pack, results: pa.Table) -> list[tuple[str, list[int]]]:
    rows = []
    for cause in pack.results.causes:
        count = Counter(results[cause].to_pylist())
        assert set(count) <= set(LEVELS), f"{cause} has scores off the scale or undetermined"
        rows.append((pack.rules["household", cause].title, [count[level] for level in LEVELS]))
    return rows


def age(member: dict) -> int:
    born = member["birth_date"]
    return SURVEY_DAY.year - born.year - ((SURVEY_DAY.month, SURVEY_DAY.day) < (born.month, born.day))


def test_computed_scores_are_the_published_table_cell_by_cell(pack, results):
    assert cause_table(pack, results) == published()


@pytest.mark.parametrize("day", [STABLE_FROM, date(2025, 3, 1), STABLE_UNTIL])
def test_the_table_holds_whenever_the_county_is_assessed(pack, county, day):
    assert cause_table(pack, assess(make_plan(pack, on=day), county).tables["household"]) == published()


def test_another_seed_gives_other_people_and_the_same_table(pack, county):
    other = generate(2)
    assert other["household"].num_rows == county["household"].num_rows == 4803
    assert other["member"]["name"].to_pylist()[:200] != county["member"]["name"].to_pylist()[:200]
    assert other["household"]["medical_expense_year"] != county["household"]["medical_expense_year"]
    assert cause_table(pack, assess(make_plan(pack, on=SURVEY_DAY), other).tables["household"]) == published()


def test_a_seed_gives_the_same_county_in_another_process(county):
    code = (
        "import hashlib; from zhikun.intake.demo import generate; t = generate(1);"
        "print(hashlib.sha256(repr([x.to_pylist() for x in t.values()]).encode()).hexdigest())"
    )
    here = hashlib.sha256(repr([table.to_pylist() for table in county.values()]).encode()).hexdigest()
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONHASHSEED": "7"},
    )
    assert done.stdout.strip() == here


def test_only_facts_of_the_survey_are_written_and_every_one_is_known(pack, county):
    for entity, table in county.items():
        facts = {fact.name for fact in pack.facts_of(entity)}
        assert set(table.column_names) - {"household", "row"} == facts
        assert not [name for name in table.column_names if table[name].null_count]


def test_nobody_is_real(county):
    member = county["member"]
    checked = check_id_numbers(member["id_number"].combine_chunks())
    assert not checked.fault.any()
    assert checked.birth_date.to_pylist() == member["birth_date"].to_pylist()
    assert checked.sex.to_pylist() == member["sex"].to_pylist()
    numbers = member["id_number"].to_pylist()
    assert len(set(numbers)) == len(numbers)
    assert all(number.startswith("990101") for number in numbers), "990101 is no place: the mark of generated people"
    assert set(county["household"]["survey_note"].to_pylist()) == {NOTE}
    assert all(phone.startswith("120") for phone in county["household"]["phone"].to_pylist()), "120 is given to nobody"


def test_households_live_in_all_townships(county):
    places = county["household"]["place"].to_pylist()
    assert all(re.fullmatch(r"640402\d{6}", place) for place in places)
    assert len({place[:9] for place in places}) == 14


def test_families_are_families(families):
    for family in families.values():
        relations = Counter(member["relation"] for member in family)
        head = family[0]
        assert relations["head"] == 1
        assert head["relation"] == "head"
        assert relations["spouse"] <= 1
        assert age(head) >= 18
        for member in family:
            years = age(head) - age(member)
            assert member["relation"] != "spouse" or (abs(years) <= 6 and member["sex"] != head["sex"])
            assert member["relation"] not in ("son", "daughter") or years >= 18
            assert member["relation"] != "parent" or years <= -20
            assert member["relation"] != "grandchild" or years >= 38


def test_pupils_are_of_school_age_and_children_go_to_school(county):
    for member in county["member"].to_pylist():
        if member["schooling"] != "none":
            low, high = STUDENT_AGES[member["schooling"]]
            assert low <= age(member) <= high
            assert member["occupation"] in ("student", "preschool")
            assert member["wage_income_year"] == 0
        assert not 6 <= age(member) <= 15 or member["schooling"] == "compulsory"


def test_education_costs_need_pupils_and_medical_costs_need_patients(county, families):
    for household in county["household"].to_pylist():
        family = families[household["household"]]
        pupils = any(member["schooling"] != "none" for member in family)
        assert (household["education_expense_year"] > 0) == pupils
        assert household["medical_expense_year"] == 0 or any(member["health"] == "serious" for member in family)


def test_work_disability_and_land_fit_together(county, families):
    for household in county["household"].to_pylist():
        urban = household["residence"] == "urban"
        assert not (urban and household["planted_area"] > 0)
        assert household["livestock_count"] == 0 or household["livestock_kinds"]
        for member in families[household["household"]]:
            assert (member["disability_class"] == "none") == (member["disability_grade"] == "none")
            assert member["disability_grade"] != "g1" or member["wage_income_year"] == 0
            assert member["self_care_failed"] < 4 or member["occupation"] in ("none", "retired")
            assert not (urban and member["occupation"] == "farmer")
            assert member["pension_income_year"] == 0 or member["occupation"] == "retired"


def test_two_causes_at_two_points_stay_below_what_the_table_allows(results):
    # 4269 marks of 2 or more in all nine causes: at most 2134 households can have two of them.
    several = sum(value >= 2 for value in results["cause_count"].to_pylist())
    assert 0 < several <= 2134
    assert Counter(results["need_class"].to_pylist())["several_needs"] == several


def test_help_already_received_changes_no_score(pack, county, results):
    household, member = county["household"], county["member"]
    nothing = pa.array([[]] * household.num_rows, pa.list_(pa.string()))
    without = {
        "household": household.set_column(
            household.column_names.index("current_assistance"), "current_assistance", nothing
        ),
        "member": member.set_column(
            member.column_names.index("on_dibao"), "on_dibao", pa.array([False] * member.num_rows)
        ).set_column(
            member.column_names.index("disability_subsidy"),
            "disability_subsidy",
            pa.array([[]] * member.num_rows, pa.list_(pa.string())),
        ),
    }
    bare = assess(make_plan(pack, on=SURVEY_DAY), without).tables["household"]
    for name in (*pack.results.causes, "hardship_index", "hardship_rank"):
        assert bare[name].to_pylist() == results[name].to_pylist(), name


def test_the_index_stays_on_its_scale_and_ranks_the_hardest_first(results):
    index, rank = results["hardship_index"].to_pylist(), results["hardship_rank"].to_pylist()
    assert all(0 <= value <= 100 for value in index)
    assert rank[index.index(max(index))] == 1
    by_rank = [value for _rank, value in sorted(zip(rank, index, strict=True))]
    assert by_rank == sorted(index, reverse=True)


def test_all_28_items_are_asked(pack):
    references = " ".join(fact.source.reference for fact in pack.facts.values())
    assert {int(number) for number in re.findall(r"28项指标第(\d+)项", references)} == set(range(1, 29))


def test_an_unknown_county_is_named_with_the_known_ones():
    with pytest.raises(UnknownCounty, match="yuanzhou"):
        generate(1, like="yuanzhuo")


def test_a_negative_seed_is_refused_with_a_way_out():
    with pytest.raises(ValueError, match="0 或正整数"):
        generate(-1)
