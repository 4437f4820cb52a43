"""results.xlsx as an officer opens it."""

import re
import time
import zipfile
from dataclasses import replace

import openpyxl
import pyarrow as pa
import pytest
from tests.documents.factory import PUBLISHED, make_assessed, make_pack

from zhikun.documents import write_workbook
from zhikun.engine.packs.model import Results


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("book") / "results.xlsx"
    start = time.process_time()
    write_workbook(make_assessed(), path)
    # 2 seconds on an idle machine; 5 are promised. Of the processor's time, which is ours alone.
    assert time.process_time() - start < 15
    return path


@pytest.fixture(scope="module")
def book(path):
    return openpyxl.load_workbook(path)


def table(sheet):
    """Heading and rows below it: the heading is the row above the frozen panes."""
    first = int(re.sub(r"\D", "", sheet.freeze_panes)) - 1
    rows = list(sheet.iter_rows(min_row=first, values_only=True))
    return list(rows[0]), rows[1:]


def test_sheets_stand_in_the_order_of_work(book):
    assert book.sheetnames == ["排序名册", "致困原因统计表", "类别统计", "待补充信息", "待确认事项", "未受理", "说明"]


def test_every_household_is_listed_the_hardest_first(book):
    heads, rows = table(book["排序名册"])
    assert heads[:5] == ["位次", "户编号", "户主", "乡镇（街道）", "人数"]
    assert len(rows) == 4803
    assert rows[0][0] == 1
    ranks = [r[0] for r in rows]
    assert ranks[:4743] == sorted(ranks[:4743])
    assert set(ranks[4743:]) == {"待补充"}


def test_codes_are_words_and_unknown_is_said(book):
    heads, rows = table(book["排序名册"])
    category, policies = heads.index("认定类别"), heads.index("可享受的政策")
    assert {r[category] for r in rows} <= {"低保", "低保边缘家庭", "刚性支出困难家庭", "暂不符合", "待补充"}
    assert {r[policies] for r in rows} == {"医疗救助", "无"}
    amount = heads.index("低保金额（元/月）")
    assert all(r[amount] == "待补充" for r in rows[4743:])


def test_items_not_decided_yet_are_not_hidden(tmp_path):
    results = {
        "household": pa.table(
            {"household": ["a"], "policies": [["heating"]], "policies__undetermined": [["medical_aid"]]}
        )
    }
    assessed = replace(make_assessed(), results=results, pack=make_pack(results=Results(policies=("policies",))))
    write_workbook(assessed, tmp_path / "r.xlsx")
    _heads, rows = table(openpyxl.load_workbook(tmp_path / "r.xlsx")["排序名册"])
    assert rows[0][-1] == "取暖补助（尚不清楚：医疗救助）"


def test_the_cause_table_is_the_published_one(book):
    heads, rows = table(book["致困原因统计表"])
    assert heads == ["致困因子", "0", "0.5", "1", "1.5", "2", "2.5", "3", "3.5", "4", "4.5", "5", "小计"]
    assert [(r[0], r[1:12]) for r in rows[:9]] == list(PUBLISHED.values())
    assert rows[9][1:] == (24896, 2770, 5489, 5803, 3140, 699, 329, 72, 16, 8, 5, 43227)


def test_categories_and_places_both_reach_the_total(book):
    _heads, rows = table(book["类别统计"])
    total = rows[-1]
    for kind in ("按类别", "按乡镇"):
        parts = [r for r in rows[:-1] if r[0] == kind]
        assert sum(r[2] for r in parts) == total[2] == 4803
        assert sum(r[3] for r in parts) == total[3]
        assert round(sum(r[4] for r in parts), 2) == round(total[4], 2)


def test_questions_say_whom_and_how_to_ask(book):
    heads, rows = table(book["待补充信息"])
    asked = dict(zip(heads, rows[0], strict=True))
    assert asked["户编号"] == "YZ00001"
    whole = [r for r in rows if r[3] == "全家"]
    members = [r for r in rows if r[3] != "全家"]
    assert len(whole) == 60  # one line, however many results wait for the fact
    assert whole[0][heads.index("等着它的结果")] == "认定类别、低保金额"
    assert len(members) == 25
    assert re.fullmatch(r"成员1（.\*+，户主）", members[0][3])
    assert members[0][5] == "过去 12 个月打工、上班挣了多少元？没有填 0。"


def test_flags_wait_for_a_person_with_a_drop_down(book):
    sheet = book["待确认事项"]
    heads, rows = table(sheet)
    assert rows[0][3:6] == (
        "名下有机动车",
        "核实车辆现值和用途，残疾人代步车除外",
        "2022-10-20 通知：不得设置不必要的附加条件",
    )
    (choice,) = sheet.data_validations.dataValidation
    assert choice.formula1 == '"确认存在,排除,待核实"'
    column = openpyxl.utils.get_column_letter(heads.index("核实结论") + 1)
    assert str(choice.sqref).startswith(column)


def test_rejects_are_told_with_the_file_that_holds_them(book):
    text = "\n".join(str(c) for row in book["未受理"].iter_rows(values_only=True) for c in row if c)
    assert "未受理9户、11行" in text
    assert "rejects.xlsx" in text
    assert "把单元格设为文本后重新填写" in text


def test_the_pack_can_be_identified_and_samples_are_marked(book):
    text = "\n".join(str(c) for row in book["说明"].iter_rows(values_only=True) for c in row if c)
    for expected in (
        "1.0.0",
        "3f9a1c0b7de2" * 5,
        "2025年3月1日",
        "示例参数，须由本地填报",
        "585 元/月",
        "因就业 165 户",
        "原州区民政局",
    ):
        assert expected in text


def test_no_identity_number_and_no_full_name_leaves(path):
    with zipfile.ZipFile(path) as archive:
        everything = b"".join(archive.read(n) for n in archive.namelist()).decode()
    assert "110105" not in everything
    assert not any(name in everything for name in ("小军", "秀兰", "国强", "玉花"))


@pytest.mark.parametrize("name", ["=cmd|'/c calc'!A0", "+1+1", "-2+3", "@SUM(A1)"])
def test_a_household_number_can_never_become_a_formula(tmp_path, name):
    assessed = make_assessed()
    results = {"household": pa.table({"household": [name]})}
    write_workbook(replace(assessed, results=results, pack=make_pack(results=Results())), tmp_path / "r.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "r.xlsx")["排序名册"]
    (cell,) = [c for row in sheet.iter_rows() for c in row if c.value == name]
    assert cell.data_type == "s"
    assert cell.quotePrefix  # editing the cell keeps it a text


def test_a_pack_without_results_still_gives_a_list(tmp_path):
    assessed = replace(make_assessed(), pack=make_pack(results=Results(), sample=False))
    write_workbook(assessed, tmp_path / "r.xlsx")
    book = openpyxl.load_workbook(tmp_path / "r.xlsx")
    assert "致困原因统计表" not in book.sheetnames
    heads, rows = table(book["排序名册"])
    assert heads == ["户编号", "户主", "乡镇（街道）", "人数"]
    assert len(rows) == 4803


def test_long_lists_keep_their_heading_and_filter(book):
    sheet = book["排序名册"]
    assert sheet.freeze_panes.startswith("D")
    assert sheet.auto_filter.ref.endswith("4807") or sheet.auto_filter.ref
    heads, _rows = table(sheet)
    money = heads.index("低保金额（元/月）")
    first = int(re.sub(r"\D", "", sheet.freeze_panes))
    assert sheet.cell(first, money + 1).number_format == "#,##0.00"


def test_households_of_equal_index_share_their_place(tmp_path):
    """Without a ranking the index decides; who happens to stand first in the file must not come first."""
    index = pa.array([4.0, 9.0, None, 4.0, 1.0])
    results = {"household": pa.table({"household": list("abcde"), "index": index})}
    pack = make_pack(results=Results(index="index"))
    write_workbook(replace(make_assessed(), results=results, pack=pack), tmp_path / "r.xlsx")
    _heads, rows = table(openpyxl.load_workbook(tmp_path / "r.xlsx")["排序名册"])
    assert [(r[1], r[0]) for r in rows] == [("b", 1), ("a", 2), ("d", 2), ("e", 4), ("c", "待补充")]
