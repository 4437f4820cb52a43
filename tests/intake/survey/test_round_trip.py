"""Out and in again: the template, facts written as a workbook, rejects corrected and fed back."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import tempfile
import zipfile

import openpyxl
import pyarrow as pa
import pytest
from tests.intake.survey.factory import HEAD_A, HEAD_B, TODAY, Formula, good, make_pack, save

from zhikun.engine.packs import load
from zhikun.intake import survey
from zhikun.intake.survey.asked import asked_in_words

PACK = make_pack()


@pytest.fixture
def template(tmp_path):
    path = tmp_path / "template.xlsx"
    survey.template(PACK, path)
    return path


def test_the_template_has_a_sheet_for_each_entity_and_an_explanation(template):
    book = openpyxl.load_workbook(template)
    assert book.sheetnames == ["填表说明", "家庭", "成员", "赡养人"]
    assert [c.value for c in book["成员"][2]] == [
        "户编号", "成员序号", "姓名", "身份证号", "与户主关系", "性别", "出生日期", "工资收入", "享受低保",
    ]  # fmt: skip
    home = book["家庭"]
    # Facts of one dimension stand together, whatever their order in the pack.
    assert [c.value for c in home[2]] == [
        "户编号", "所在村", "城乡", "调查日期", "银行账号", "联系电话", "住址",
        "经营收入", "房间数", "取暖方式", "享受救助",
    ]  # fmt: skip
    assert home["B1"].value == "基本情况"
    assert home["H1"].value == "收入"
    assert home["A3"].value == "示例"
    assert home.freeze_panes == "B3"
    guide = "\n".join(str(c.value) for row in book["填表说明"] for c in row if c.value)
    assert "小县测试调查表" in guide
    assert "本方案含有示例参数，须由本地填报后才能用于认定。" in guide


def test_the_template_guides_and_limits_what_is_filled_in(template):
    home = openpyxl.load_workbook(template)["家庭"]
    rules = {str(rule.sqref).split(":")[0]: rule for rule in home.data_validations.dataValidation}
    assert rules["C3"].formula1 == '"城镇,农村"'
    assert (rules["H3"].type, rules["H3"].formula1, rules["H3"].formula2) == ("decimal", "0", "10000000.0")
    assert rules["I3"].type == "whole"
    assert rules["D3"].type == "date"
    assert "低保、医疗救助、高龄、护理补贴中的一项或几项（用顿号隔开），没有就填“无”" in home["K2"].comment.text
    assert "必填" in home["B2"].comment.text


ASKED = {
    "national": {"残疾等级": "只在“残疾类别”不是“无残疾”时填；其他情况留空，按“无”计算。"},
    "fuyang": {
        "镇街能承接": "只在“村（社区）能承接”为“否”时填；其他情况留空，按“是”计算。",
        "课后有人照看": "只在不满 18 周岁时填；其他情况留空，按“是”计算。",
    },
    "yuanzhou": {
        "没有活干的月数": "只在满 16 周岁，并且不超过 59 周岁时填；其他情况留空，按“0”计算。",
        "养殖数量": "只在“养殖种类”选了至少一项（不是“无”）时填；其他情况留空，按“0”计算。",
    },
}


@pytest.mark.parametrize("name", list(ASKED))
def test_a_column_says_when_its_question_does_not_arise(name, tmp_path):
    survey.template(load(name), tmp_path / "x.xlsx")
    book = openpyxl.load_workbook(tmp_path / "x.xlsx")
    notes = {c.value: c.comment.text for sheet in book for row in sheet.iter_rows(max_row=2) for c in row if c.comment}
    assert {title: ASKED[name][title] in notes.get(title, "") for title in ASKED[name]} == dict.fromkeys(
        ASKED[name], True
    )
    guide = {row[0].value: row[1].value for row in book["填表说明"] if row[1].value}
    assert all(any(words in text for text in guide.values()) for words in ASKED[name].values())
    assert "时填；" not in notes["姓名"]


def test_when_is_told_of_every_condition_a_pack_may_write():
    asked = {
        "rooms >= 2 OR income = 0": "“房间数”不小于 2，或者“经营收入”等于 0 ",
        "NOT (heating IN ('a', 'b'))": "“取暖方式”不是“无”或“NA”",
        "NOT HAS(help, 'old')": "“享受救助”里没有选“高龄、护理补贴”",
        "COUNT_OF(help) > 1": "“享受救助”选的项数大于 1 ",
        "rooms + 1 < 3": "符合 “房间数” + 1 < 3 ",
    }
    for formula, words in asked.items():
        pack = make_pack()
        conditional = dataclasses.replace(
            pack.facts["household", "residence"], asked_when=formula, if_not_asked="rural"
        )
        pack = dataclasses.replace(pack, facts={**pack.facts, ("household", "residence"): conditional})
        assert asked_in_words(pack) == {("household", "residence"): f"只在{words}时填；其他情况留空，按“农村”计算。"}


def test_the_example_is_a_person_who_lives_with_the_family(tmp_path):
    survey.template(load("national"), tmp_path / "x.xlsx")
    people = openpyxl.load_workbook(tmp_path / "x.xlsx")["成员"]
    example = {heading.value: cell.value for heading, cell in zip(people[2], people[3], strict=True)}
    assert (example["户编号"], example["与户主关系"], example["共同生活"]) == ("示例", "户主", "是")


@pytest.mark.parametrize("name", ["national", "balinzuo", "jinxiang"])
def test_the_example_declares_the_rows_it_has_and_verifies_nothing(tmp_path, name):
    """Copied down a column, it must not say of every household that its missing rows were verified."""
    pack = load(name)
    survey.template(pack, tmp_path / "x.xlsx")
    book = openpyxl.load_workbook(tmp_path / "x.xlsx")
    sheet = book["家庭"]
    example = {heading.value: cell.value for heading, cell in zip(sheet[2], sheet[3], strict=True)}
    assert example[pack.facts["household", "rows_checked"].title] in (None, "")
    counted = [entity for entity in pack.entities if ("household", f"{entity}_count_declared") in pack.facts]
    assert len(counted) >= 2
    for entity in counted:
        rows = [row[0].value for row in book[pack.entities[entity].sheet].iter_rows(min_row=3) if row[0].value]
        assert (rows, example[pack.facts["household", f"{entity}_count_declared"].title]) == (["示例"], "1")


def test_identity_numbers_and_accounts_are_typed_into_text_columns(template):
    """Otherwise the spreadsheet rounds them: the style of the whole column, not only of filled cells, is text."""
    with zipfile.ZipFile(template) as archive:
        styles = archive.read("xl/styles.xml").decode()
        people = archive.read("xl/worksheets/sheet3.xml").decode()
    formats = re.findall(r'<xf numFmtId="(\d+)"[^>]* xfId=', styles)
    column_d = next(c for c in re.findall(r"<col [^>]*>", people) if 'min="4"' in c)
    assert formats[int(re.search(r'style="(\d+)"', column_d)[1])] == "49"


def test_long_lists_stand_on_a_hidden_sheet(tmp_path):
    path = tmp_path / "long.xlsx"
    pack = make_pack()
    fact = pack.facts["household", "heating"]
    long = {f"c{i}": f"第{i}种取暖方式（说明文字较长）" for i in range(60)}
    facts = dict(pack.facts) | {("household", "heating"): dataclasses.replace(fact, choices=long)}
    survey.template(dataclasses.replace(pack, facts=facts), path)
    book = openpyxl.load_workbook(path)
    assert book["选项"].sheet_state == "hidden"
    rules = [r.formula1 for r in book["家庭"].data_validations.dataValidation if r.type == "list"]
    assert "'选项'!$A$1:$A$60" in rules
    assert book["选项"]["A60"].value == "第59种取暖方式（说明文字较长）"


def test_an_unfilled_template_says_that_there_are_no_rows(template):
    with pytest.raises(survey.UnreadableFile, match="“家庭”表：没有数据行（示例行不算）"):
        survey.read(template, PACK)


def test_a_filled_template_is_read(template):
    book = openpyxl.load_workbook(template)
    columns = {c.value: c.column for c in book["家庭"][2]}
    for title, value in {"户编号": "0001", "所在村": "640402001", "城乡": "农村"}.items():
        book["家庭"].cell(4, columns[title], value)
    for column, value in enumerate(["0001", None, "欧阳某某", None, "户主"], start=1):
        book["成员"].cell(4, column, value)
    book.save(template)
    found = survey.read(template, PACK, today=TODAY)
    assert found.messages == ()
    assert found.counts["examples"] == 3
    assert found.tables["household"]["household"].to_pylist() == ["0001"]
    assert found.tables["member"].select(["household", "row", "name", "relation"]).to_pylist() == [
        {"household": "0001", "row": 1, "name": "欧阳某某", "relation": "head"}
    ]


@pytest.mark.parametrize("name", ["national"])
def test_facts_written_are_facts_read(name, tmp_path):
    """Every type of fact, known and unknown, through a workbook and back, for a real pack."""
    pack = load(name)
    values = {"number": [1.0, None, 3.0], "boolean": [True, False, None], "date": [dt.date(1950, 1, 1), None, TODAY]}
    tables = {}
    for entity in ("household", "member"):
        columns: dict[str, pa.Array] = {"household": pa.array(["H1", "H2", "H3"])}
        if entity == "member":
            columns["row"] = pa.array([1, 1, 1], pa.int32())
        for fact in pack.facts_of(entity):
            columns[fact.name] = _column(fact, values)
        tables[entity] = pa.table(columns)
    survey.write(tables, pack, tmp_path / "x.xlsx")
    found = survey.read(tmp_path / "x.xlsx", pack, today=TODAY)
    assert [str(m) for m in found.messages] == []
    for entity, table in tables.items():
        for column in table.column_names:
            read = found.tables[entity][column].to_pylist()
            assert read == table[column].to_pylist(), f"{entity}.{column}"


def _column(fact, values) -> pa.Array:
    if fact.type in values:
        chosen = values[fact.type]
        if fact.type == "number" and fact.min is not None:
            chosen = [fact.min, None, fact.max]
        return pa.array(chosen)
    if fact.type == "choice":
        codes = list(fact.choices)
        if fact.name == "relation":
            return pa.array(["head"] * 3)
        return pa.array([codes[0], codes[-1], None])
    if fact.type == "choices":
        return pa.array([list(fact.choices), [], None], pa.list_(pa.string()))
    if fact.type == "place":
        return pa.array(["640402001001", "640402001", "640402"])
    texts = {
        "name": ["张某", "阿某某·买某某", "欧阳某"],
        "id_number": [HEAD_B, None, None],
        "phone": ["13800000000", None, None],
    }
    return pa.array(texts.get(fact.format, ["=1+1", None, "某村"]))


def test_people_stand_in_the_order_of_their_numbers(tmp_path):
    """What the engine asks of its second person must reach the person whom the survey calls the second."""
    sheets = good()
    sheets["成员"][1:3] = sheets["成员"][2:0:-1]
    sheets["成员"][4][1], sheets["成员"][5][1] = 7, 4
    people = survey.read(save(tmp_path / "x.xlsx", sheets), PACK, today=TODAY).tables["member"]
    assert list(zip(*(people.column(c).to_pylist() for c in ("household", "row", "name")), strict=True)) == [
        ("A1", 1, "张甲一"), ("A1", 2, "李甲二"), ("A2", 1, "王乙一"), ("A3", 1, "赵丙二"), ("A3", 2, "赵丙一"),
    ]  # fmt: skip


def test_a_household_whose_number_cannot_be_used_counts_as_rejected(tmp_path):
    sheets = good()
    sheets["家庭"][2][0] = sheets["成员"][3][0] = HEAD_A  # an identity number is no number of a household
    counts = survey.read(save(tmp_path / "x.xlsx", sheets), PACK, today=TODAY).counts
    assert (counts["households"], counts["accepted"], counts["rejected"]) == (3, 2, 1)


def test_rejects_are_corrected_and_fed_back(tmp_path):
    sheets = good()
    sheets["家庭"][1][2] = "农忖"
    sheets["家庭"][1].append("自己的列")
    sheets["家庭"][0].append("村里意见")
    sheets["成员"][4][7] = Formula("=NA()", "#N/A")
    sheets["成员"][3][0] = ""
    found = survey.read(save(tmp_path / "x.xlsx", sheets), PACK, today=TODAY)
    assert found.tables["household"].num_rows == 0
    rejects = tmp_path / "rejects.xlsx"
    survey.write_rejects(found, PACK, rejects)

    book = openpyxl.load_workbook(rejects)
    home, people = book["家庭"], book["成员"]
    assert [c.value for c in home[1]][-2:] == ["村里意见", "问题"]
    assert home["C2"].value == "农忖"
    assert home["C2"].fill.fgColor.rgb == "FFFCE4D6"
    assert home["D2"].fill.fgColor.rgb != "FFFCE4D6"
    assert home["L2"].value == "自己的列"
    assert home["M2"].value == (
        "“城乡”列：填的是“农忖”，不在可选项里；应为城镇、农村之一；请从下拉列表中选择；不知道就留空。"
    )
    assert people["J2"].value == "本行没有问题；同一户的其他行有错，改好后整户一起交回。"
    assert people["H5"].value == "#N/A"
    assert people["D2"].value == good()["成员"][1][3]

    home["C2"] = "农村"
    people["H5"] = 30000
    people["A4"] = "A2"
    book.save(rejects)
    again = survey.read(rejects, PACK, today=TODAY)
    assert [str(m) for m in again.messages if m.severity is survey.Severity.ERROR] == []
    untouched = survey.read(save(tmp_path / "good.xlsx", good()), PACK, today=TODAY)
    assert again.tables["household"].equals(untouched.tables["household"])
    assert again.tables["member"].equals(untouched.tables["member"])


def test_rejects_keep_formulas_as_text(tmp_path):
    sheets = good()
    sheets["家庭"][1][10] = "=HYPERLINK(1)"
    sheets["家庭"][1][2] = "+cmd"
    found = survey.read(save(tmp_path / "x.xlsx", sheets), PACK, today=TODAY)
    survey.write_rejects(found, PACK, tmp_path / "rejects.xlsx")
    home = openpyxl.load_workbook(tmp_path / "rejects.xlsx")["家庭"]
    assert (home["K2"].value, home["K2"].data_type) == ("=HYPERLINK(1)", "s")
    assert home["K2"].quotePrefix
    assert (home["C2"].value, home["C2"].data_type, home["C2"].quotePrefix) == ("+cmd", "s", True)


def test_what_is_put_aside_while_writing_lies_beside_the_workbook(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    survey.template(PACK, tmp_path / "survey.xlsx")
    assert [path.name for path in tmp_path.iterdir()] == ["survey.xlsx"]


def test_a_place_that_cannot_be_written_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        survey.template(PACK, tmp_path / "missing" / "x.xlsx")
