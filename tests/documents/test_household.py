"""One household's report: every part of the explanation is there, in an order that can be read and signed."""

import io
import json
import re
from copy import deepcopy
from pathlib import Path

import pypdf
import pytest
from tests.documents.factory import make_pack

from zhikun.documents import household_report, html_page, write_household_report
from zhikun.engine.run.reading import as_tree

EXPLANATION = json.loads((Path(__file__).parent / "explanation.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def page():
    return html_page(household_report(EXPLANATION, make_pack(), head="马**", place="三营镇"))


def rows_of(document, heading):
    """The rows of the first table below a heading, as texts."""
    blocks = list(document.blocks)
    at = next(i for i, b in enumerate(blocks) if b.kind == "heading" and b.text == heading)
    table = next(b for b in blocks[at:] if b.kind == "table")
    return [[c.text for c in row] for row in table.rows]


@pytest.mark.parametrize(
    "text",
    [
        "低保",
        "218 元/月",
        "待补充信息后确定",
        "72.50 元/月",
        "家庭人均月收入达到 585 元（每月再多 217.5 元）时，不再符合低保条件",
        "残疾人证上是几级？",
        "核实车辆现值和用途；残疾人代步车、谋生工具车辆除外",
        "医疗保障局",
        "桃源县是虚构的；取一个公开的农村标准，便于与真实的数比较。",
        "57号第13条（A级）",
        "经办人：",
        "审核人：",
        "户主（或代理人）：",
        "系统提出建议，由人作出决定",
        "3f9a1c0b7de24f0a",
        "2025年3月1日",
        "马**",
        "三营镇",
    ],
)
def test_the_page_says(page, text):
    assert text in page


def test_the_calculation_reads_from_the_result_down_each_thing_once():
    rows = rows_of(household_report(EXPLANATION, make_pack()), "计算过程")
    names = [row[0] for row in rows]
    assert names[:5] == ["认定类别", "符合低保条件", "家庭人均月收入", "家庭月收入", "工资性收入（年）（成员1）"]
    assert len(names) == len(set(names)) == len(EXPLANATION["steps"])
    assert rows[0][2] == "低保"


def test_inputs_stand_deeper_than_what_uses_them():
    tree = as_tree(EXPLANATION["steps"], ["category", "dibao_amount"])
    depth = {step["id"]: level for level, step in tree}
    assert depth["category"] == 0
    assert depth["dibao_eligible"] == 1
    assert depth["member.wage_income_year.1"] == 4
    assert depth["dibao_amount"] == 0


def test_a_members_own_value_is_matched_by_row():
    steps = [
        {"id": "member.a.1", "name": "a", "on": "member", "row": 1, "inputs": []},
        {"id": "member.a.2", "name": "a", "on": "member", "row": 2, "inputs": []},
        {"id": "member.b.2", "name": "b", "on": "member", "row": 2, "inputs": ["member.a"]},
        {"id": "total", "name": "total", "on": "household", "row": 0, "inputs": ["member.b"]},
    ]
    tree = [(level, step["id"]) for level, step in as_tree(steps, ["total"])]
    assert tree == [(0, "total"), (1, "member.b.2"), (2, "member.a.2"), (0, "member.a.1")]


def test_a_circle_in_foreign_data_does_not_hang():
    steps = [{"id": "a", "name": "a", "on": "household", "row": 0, "inputs": ["b"]},
             {"id": "b", "name": "b", "on": "household", "row": 0, "inputs": ["a"]}]  # fmt: skip
    assert [s["id"] for _, s in as_tree(steps, ["a"])] == ["a", "b"]


def test_a_value_exactly_on_the_limit_is_called_equal():
    explanation = deepcopy(EXPLANATION)
    explanation["conditions"] = [{"text": "收入 585 < 标准 585：不成立", "holds": False, "margin": 0.0, "unit": "元/月",
                                  "reference": "57号第8条", "step": "x"}]  # fmt: skip
    (row,) = rows_of(household_report(explanation, make_pack()), "哪些条件起了作用")
    assert row == ["收入 585 < 标准 585", "不成立", "正好相等", "57号第8条"]


def test_an_unknown_condition_is_neither_true_nor_false():
    rows = rows_of(household_report(EXPLANATION, make_pack()), "哪些条件起了作用")
    assert rows[2][:3] == ["重度残疾人数 未知 > 0", "尚不清楚", "–"]


def test_sample_figures_are_marked_where_they_are_used(page):
    assert page.count('<span class="badge">示例</span>') == 3
    assert "本结果用到3项示例参数" in page


def test_parts_with_nothing_to_say_leave_no_heading():
    bare = deepcopy(EXPLANATION) | {"missing": [], "flags": [], "changes": [], "lists": {}, "conditions": []}
    text = html_page(household_report(bare, make_pack()))
    for heading in ("还不清楚的情况", "等待工作人员确认的事项", "什么情况会改变结果", "哪些条件起了作用"):
        assert f"<h2>{heading}</h2>" not in text


@pytest.mark.fonts
def test_the_pdf_can_be_printed_and_signed(tmp_path):
    path = tmp_path / "household.pdf"
    write_household_report(EXPLANATION, make_pack(), path, head="马**", generated=True)
    reader = pypdf.PdfReader(io.BytesIO(path.read_bytes()))
    text = re.sub(r"\s", "", "".join(p.extract_text() for p in reader.pages))
    for expected in ("家庭救助评估报告", "户编号TY000123", "218元/月", "经办人：", "不是真实居民", "还不清楚的情况"):
        assert expected in text
    assert reader.metadata.title == "家庭救助评估报告"
    assert all(595 <= p.mediabox.width < 596 for p in reader.pages)  # A4


@pytest.mark.fonts
def test_rare_characters_of_names_are_drawn_not_boxed(tmp_path):
    path = tmp_path / "household.pdf"
    write_household_report(EXPLANATION, make_pack(), path, head="𬱖*、䶮*、㛃*")
    page = pypdf.PdfReader(io.BytesIO(path.read_bytes())).pages[0]
    assert "𬱖*、䶮*、㛃*" in page.extract_text()
    fonts = {str(f["/BaseFont"]) for f in page["/Resources"]["/Font"].values()}
    assert all("NotoS" in f for f in fonts)  # another font would mean that ours lacks the character
