"""An option that is not in the list: the answer names the one that was meant, or nothing, and where all of them stand."""

from __future__ import annotations

import pytest
from tests.intake.survey.factory import fact

from zhikun.intake.survey.choices import expected_choice, expected_picks, parse_choice, parse_choices

AID = ("最低生活保障对象", "最低生活保障边缘家庭", "特困供养", "刚性支出困难家庭", "都不是")
SCHOOL = ("小学", "初级中学", "高级中学", "大学及以上")
WORK = ("务农", "务工", "无固定职业", "无业")
HOUSE = ("A级（安全）", "B级（基本安全）", "C级（局部危险）", "D级（整体危险）")
PLAIN = "请从下拉列表中选择；不知道就留空"


def of(labels: tuple[str, ...], kind: str = "choice"):
    return fact("asked", "household", "所问", kind, choices={f"code_{n}": label for n, label in enumerate(labels)})


def answer(word: str, labels: tuple[str, ...]) -> str:
    return parse_choice(word, of(labels), {}).remedy


@pytest.mark.parametrize(
    ("word", "labels", "meant"),
    [
        ("特困", AID, "特困供养"),
        ("特困供养人员", AID, "特困供养"),
        ("特 困", AID, "特困供养"),
        ("初中", SCHOOL, "初级中学"),
        ("小学毕业", SCHOOL, "小学"),
        ("大学", SCHOOL, "大学及以上"),
        ("在家务农", WORK, "务农"),
        ("c级", HOUSE, "C级（局部危险）"),
        ("Ｄ", HOUSE, "D级（整体危险）"),
        ("整体危险", HOUSE, "D级（整体危险）"),
        ("刚性支出困维家庭", AID, "刚性支出困难家庭"),
    ],
)
def test_an_abbreviation_a_longer_wording_and_a_slip_are_answered_with_the_option(word, labels, meant):
    assert answer(word, labels) == f"您是不是想写“{meant}”？"


def test_of_two_options_equally_near_both_are_offered():
    assert answer("低保", AID[:1] + AID[2:]) == "您是不是想写“最低生活保障对象”？"
    assert answer("低保", AID) == "您是不是想写“最低生活保障对象”或“最低生活保障边缘家庭”？"
    assert answer("城镇低宝", ("城镇低保", "城镇低收", "农村")) == "您是不是想写“城镇低保”或“城镇低收”？"


@pytest.mark.parametrize(
    ("word", "labels"),
    [
        ("贫困", SCHOOL),
        ("", SCHOOL),
        ("学初", SCHOOL),  # the characters stand in another order
        ("ap", ("a_local", "area_plan")),  # letters of a code are not characters of an abbreviation
        ("安全房", ("不安全房", "危房")),  # the opposite is never what was meant
        ("没有务工", ("务工", "务农")),
        ("救助", ("医疗救助", "教育救助", "住房救助", "就业救助")),  # of many none
    ],
)
def test_where_nothing_is_near_nothing_is_offered(word, labels):
    assert answer(word, labels) == PLAIN


def test_three_are_named_and_of_four_the_shortest():
    aid = ("医疗救助", "教育救助", "住房救助")
    assert answer("救助", aid) == "您是不是想写“医疗救助”或“教育救助”或“住房救助”？"
    assert answer("救助", (*aid[:2], "特困人员救助供养", "受灾人员救助")) == "您是不是想写“医疗救助”或“教育救助”？"


def test_a_mistyped_code_is_answered_with_its_label():
    asked = fact("asked", "household", "所问", "choice", choices={"dibao": "最低生活保障", "tekun": "特困供养"})
    assert parse_choice("dibaoo", asked, {}).remedy == "您是不是想写“最低生活保障”？"


def test_among_several_the_one_that_is_no_option_is_named_with_the_near_one():
    asked = of(AID, "choices")
    verdict = parse_choices("特困供养、低保边缘", asked, {"特困供养": "code_2"})
    assert verdict.found == "其中“低保边缘”不是选项"
    assert verdict.remedy == "您是不是想写“最低生活保障边缘家庭”？"


def test_a_dozen_options_are_all_listed_and_of_more_their_number_and_where_they_stand():
    twelve = tuple(f"第{n}种" for n in range(1, 13))
    assert expected_choice(of(twelve)) == "、".join(twelve) + "之一"
    assert expected_choice(of((*twelve, "第13种"))) == ("、".join(twelve) + "等之一，共 13 项，见模板中该列的下拉选项")
    assert expected_picks(of(twelve)) == "、".join(twelve) + "中的一项或几项（用顿号隔开），没有就填“无”"
    assert "第12种等（共 13 项，见模板中该列表头的批注）中的一项" in expected_picks(of((*twelve, "第13种")))
