"""Answers judged where nobody can tamper: limits, options, conditions, unknowns, people."""

from datetime import date

import pytest
from tests.factories import id_number

from zhikun.engine.packs import load
from zhikun.surveys.answers import OnFile, read

TODAY = date(2026, 11, 22)
PACK = load("yuanzhou")
HEAD = OnFile("p1", "马** 户主", "head", "male", date(1968, 5, 12))
PUPIL = OnFile("p2", "苏** 女", "daughter", "female", date(2012, 2, 29))


def said(answers, on_file=(HEAD,)):
    rows = answers.setdefault("rows_member", [])
    for one in on_file:
        if not any(row.get("_row") == one.key for row in rows):
            rows.append({"_row": one.key})
    return read(PACK, answers, {"member": list(on_file)}, TODAY)


def of_household(told):
    return told.facts.get("household", {}).get("", {})


def test_empty_unknown_and_zero_are_three_things():
    told = said({"h_pens": 0, "h_land_let_area__u": ["__unknown"]})
    assert of_household(told)["pens"] == 0
    assert of_household(told)["land_let_area"] is None
    assert "business_income_year" not in of_household(told)
    assert ("household", "", "business_income_year") in told.open


@pytest.mark.parametrize(("answer", "value"), [("__unknown", None), ("food", "food")])
def test_an_option_may_be_unknown(answer, value):
    assert of_household(said({"h_planting": answer}))["planting"] == value


@pytest.mark.parametrize(
    ("answer", "value"), [(["__none"], []), (["__unknown"], None), (["pig", "cattle"], ["cattle", "pig"])]
)
def test_none_of_the_options_is_not_unknown(answer, value):
    assert of_household(said({"h_livestock_kinds": answer}))["livestock_kinds"] == value


def test_none_cannot_stand_beside_an_option():
    assert "不能和别的选项" in said({"h_livestock_kinds": ["__none", "pig"]}).faults[0].text


@pytest.mark.parametrize(
    ("sent", "fault"),
    [
        (1000, ""), (1001, "应在 0 到 1,000 之间"), (-1, "应在 0 到"), (1.5, "最多 0 位小数"), ("2", "应为数字"), (True, "应为数字"),
        ([], ""), ({"a": 1}, "应为数字"), (float("nan"), "应为数字"), (float("inf"), "应为数字"),
    ],
)  # fmt: skip
def test_a_number_outside_its_limits_is_refused_whatever_the_browser_let_through(sent, fault):
    faults = said({"h_pens": sent}).faults
    assert [fault in one.text for one in faults] == ([True] if fault else [])
    assert all(one.path == "h_pens" for one in faults)


def test_a_question_that_is_not_asked_gets_the_packs_value_whatever_was_sent():
    told = said({"h_planting": "none", "h_planted_area": 12})
    assert of_household(told)["planted_area"] == 0
    assert told.faults == []


def test_while_the_condition_is_unknown_nothing_is_assumed():
    assert "planted_area" not in of_household(said({"h_planting": "__unknown"}))
    assert "planted_area" not in of_household(said({}))


@pytest.mark.parametrize(
    ("born", "asked"),
    [("2010-11-23", False), ("2010-11-22", True), ("1966-11-23", True), ("1966-11-22", False), (None, None)],
)
def test_the_age_at_which_a_question_begins_and_ends(born, asked):
    one = OnFile("p1", "", "head", "male", date.fromisoformat(born) if born else None)
    told = said({"rows_member": [{"_row": "p1", "skill_level": "certified"}]}, [one])
    kept = told.facts.get("member", {}).get("p1", {}).get("skill_level")
    assert kept == {True: "certified", False: "none", None: None}[asked]


def test_a_member_on_file_cannot_be_dropped_or_doubled_or_invented():
    dropped = read(PACK, {"rows_member": []}, {"member": [HEAD]}, TODAY)
    assert "不能从问卷中移除" in dropped.faults[0].text
    for rows in ([{"_row": "p1"}, {"_row": "p1"}], [{"_row": "p1"}, {"_row": "p9"}]):
        told = read(PACK, {"rows_member": rows}, {"member": [HEAD]}, TODAY)
        assert [fault.path for fault in told.faults] == ["rows_member/1/_row"]


def test_who_has_left_is_named_with_the_reason_and_nothing_of_them_is_recorded():
    told = said({"rows_member": [{"_row": "p1"}, {"_row": "p2", "_here": "married", "health": "weak"}]}, [HEAD, PUPIL])
    assert told.left == {"p2": "married"}
    assert "p2" not in told.facts.get("member", {})


def test_a_row_that_the_form_showed_and_that_is_no_longer_listed_is_taken_off_and_no_other():
    filed = {"member": [HEAD], "vehicle": [OnFile("2"), OnFile("3")], "dwelling": [OnFile("1")]}
    told = read(load("national"), {"rows_member": [{"_row": "p1"}]}, filed, TODAY, {"vehicle": ["2"]})
    assert told.facts["vehicle"] == {"2": {"_removed": True}}, "3 was added after the form was opened"
    assert "dwelling" not in told.facts
    assert "vehicle" not in read(load("national"), {"rows_member": [{"_row": "p1"}]}, filed, TODAY).facts


def new(**more):
    return {"name": "马试一", "relation": "head", "id_number": id_number(3), "sex": "male", **more}


def whole(*people):
    return read(PACK, {"h_place": "640402103200", "rows_member": list(people)}, None, TODAY)


def test_a_new_household_has_people_with_what_their_number_says():
    told = whole(new(health="weak"), {"name": "苏试二", "relation": "spouse"})
    assert told.faults == []
    assert told.place == "640402103200"
    assert set(told.people) == {"new-1", "new-2"}
    assert told.facts["member"]["new-1"]["health"] == "weak"
    assert "name" not in told.facts["member"]["new-1"]


@pytest.mark.parametrize(
    ("changed", "path", "text"),
    [
        ({"id_number": id_number(3)[:-1] + "0"}, "rows_member/0/id_number", "校验位"),
        ({"id_number": "6404021968"}, "rows_member/0/id_number", "位数"),
        ({"birth_date": "1968-05-13"}, "rows_member/0/birth_date", "不一致"),
        ({"sex": "female"}, "rows_member/0/sex", "不一致"),
        ({"name": "１２３"}, "rows_member/0/name", "不是姓名"),
        ({"name": ""}, "rows_member/0/name", "必须填写"),
        ({"birth_date": "2026-11-23"}, "rows_member/0/birth_date", "今天之后"),
        ({"relation": "son"}, "rows_member", "户主"),
        ({"relation": "__unknown"}, "rows_member/0/relation", "必须填写"),
        ({"salary": 1}, "rows_member/0/salary", "没有这一项"),
    ],
)
def test_a_new_member_who_cannot_be_right_is_named_with_the_way_out(changed, path, text):
    faults = {fault.path: fault.text for fault in whole(new(**changed)).faults}
    assert text in faults[path]
    assert all(id_number(3) not in said for said in faults.values())


def test_nobody_stands_twice_in_one_household():
    told = whole(new(), new(relation="son"))
    assert any("同一个身份证号" in fault.text for fault in told.faults)


def test_personal_particulars_are_never_among_the_facts_and_numbers_not_in_remarks():
    told = said({"h_phone": "0954-2010001", "h_address": "示例路1号", "h_survey_note": f"其子{id_number(5)}"})
    assert told.personal == {"household": {"": {"phone": "0954-2010001", "address": "示例路1号"}}}
    assert "phone" not in of_household(told)
    assert ["身份证号" in fault.text for fault in told.faults] == [True]


@pytest.mark.parametrize("answers", [None, [], "x", {"rows_member": "x"}, {"rows_member": ["x"]}, {"x": 1}])
def test_what_is_no_answer_at_all_is_said_and_raises_nothing(answers):
    assert read(PACK, answers, None, TODAY).faults
