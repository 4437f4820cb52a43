"""What the engine says of a real pack's household can be drawn: the two rooms agree about names and shapes."""

from datetime import date

import openpyxl
import pyarrow as pa
import pytest

from zhikun.documents import Assessed, county_report, household_report, html_page, write_workbook
from zhikun.engine.packs import load
from zhikun.engine.plan import make_plan
from zhikun.engine.run import assess, explain, missing_facts

DAY = date(2025, 3, 1)


@pytest.fixture(scope="module")
def plan():
    return make_plan(load("yuanzhou"), on=DAY)


@pytest.fixture(scope="module")
def survey():
    """One household of which hardly anything was asked."""
    household = pa.table({"household": ["YZ1"], "place": ["640402100201"]})
    member = pa.table(
        {
            "household": ["YZ1", "YZ1"],
            "row": pa.array([1, 2], pa.int32()),
            "name": ["马小军", "李秀兰"],
            "relation": ["head", "spouse"],
            "health": ["serious", None],
        }
    )
    return {"household": household, "member": member}


@pytest.fixture(scope="module")
def assessed(plan, survey):
    results = plan.pack.results
    missing = missing_facts(plan, survey, [results.category, results.index, *results.causes])
    return Assessed(plan.pack, DAY, assess(plan, survey).tables, survey, missing)


def test_a_household_hardly_asked_leaves_questions_not_zeros(assessed, tmp_path):
    page = html_page(county_report(assessed))
    assert "有1户缺少能够改变结果的信息" in page
    write_workbook(assessed, tmp_path / "results.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "results.xlsx")["待补充信息"]
    lines = [row for row in sheet.iter_rows(values_only=True) if "身体怎么样？" in row]
    assert [row[3] for row in lines] == ["家庭成员2（李**，配偶）"]  # the head's health is known
    assert assessed.column(assessed.pack.results.index) == [None]


def test_its_report_names_the_member_to_ask_and_masks_the_name(plan, survey, assessed):
    explanation = explain(plan, survey, "YZ1").data
    page = html_page(household_report(explanation, plan.pack, head=assessed.heads()[0]))
    assert "马**" in page
    assert "小军" not in page
    assert '<td class="left">身体怎么样？' in page
    assert page.count("待补充信息后确定") >= 2
    assert "示例参数，须由本地填报" in page


def test_what_was_computed_is_written_without_identifiers_of_the_pack(plan, survey):
    """People read titles; an identifier in a page means that a title was forgotten on the way."""
    page = html_page(household_report(explain(plan, survey, "YZ1").data, plan.pack))
    body = page[page.index("<main") :]
    assert "hardship_index" not in body
    assert "member.health" not in body
