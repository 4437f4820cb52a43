"""What visitors take along and bring back: the work list, whose word stands, what is refused at the door."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import openpyxl
import pytest
from tests.screening.world import COUNTY_A, COUNTY_B, NUMBER

from zhikun import screening as room
from zhikun.identity import DocumentKind, rotate, token_of, token_text
from zhikun.identity.numbers import with_check_character
from zhikun.screening import worklist
from zhikun.screening.feedback import Given, as_rows
from zhikun.workdays import deadline

TODAY = date(2026, 3, 20)
WATCHED = [(0, ["dibao"], "h1", COUNTY_A), (1, ["edge"], "h1", COUNTY_A), (2, ["other"], "h2", COUNTY_B)]


def take(county, *rows, today=TODAY):
    given = [Given(n, {key: str(value) for key, value in row.items()}) for n, row in enumerate(rows, start=2)]
    return room.take(county.data, county.pack, given, ring=county.ring, today=today, by="甲")


@pytest.fixture
def warned(county, month):
    """One person in hospital and disabled, in both directions; one in hospital; one in another county out of work."""
    month(
        "2026-01", watched=WATCHED, stays=[{"person": 0}, {"person": 1}], register=[{"person": 1, "grade": "g1"}],
        cars=[{"person": 0, "price": 60000.0}], jobs=[{"person": 2, "lost": True}],
    )  # fmt: skip
    return county


def listed(county, path, on=TODAY, **more):
    return room.write_worklist(
        county.data, county.pack, path, on, ring=county.ring, calendar=county.calendar, **more
    )  # fmt: skip


def cells(path):
    """The heading and the lines of the sheet, by heading."""
    sheet = openpyxl.load_workbook(path).active
    rows = [["" if cell is None else cell for cell in row] for row in sheet.iter_rows(values_only=True)]
    head = next(n for n, row in enumerate(rows) if "人员代码" in row)
    return rows[head], [dict(zip(rows[head], row, strict=True)) for row in rows[head + 1 :]]


def fill(path, answers):
    """What visitors write into the sheet, by the line's place in it."""
    book = openpyxl.load_workbook(path)
    sheet = book.active
    head = next(n for n, row in enumerate(sheet.iter_rows(values_only=True), start=1) if "人员代码" in row)
    columns = {cell.value: cell.column for cell in sheet[head]}
    for line, written in answers.items():
        for title, text in written.items():
            sheet.cell(head + 1 + line, columns[title], text)
    book.save(path)


def test_a_work_list_filled_in_is_the_feedback_file(warned, month, tmp_path):
    path = tmp_path / "名单.xlsx"
    assert listed(warned, path).rows == 4
    _head, lines = cells(path)
    told = [(one["户编号"], one["级别"], one["方向"], one["原因"]) for one in lines]
    assert sorted(told[:3]) == [
        ("h1", "blue", "可能需要帮扶", "因病"), ("h1", "orange", "可能不再符合条件", "车辆"),
        ("h1", "yellow", "可能需要帮扶", "因残、因病"),
    ]  # fmt: skip
    assert told[3:] == [("h2", "blue", "可能需要帮扶", "因失业")], "by place and household"
    yellow = next(one for one in lines if one["级别"] == "yellow")
    due = deadline(warned.calendar, date(2026, 2, 1), 10).due
    assert yellow["核实期限"] == due.isoformat()
    assert yellow["剩余工作日"] == -warned.calendar.working_days_between(due, TODAY)
    assert yellow["姓名和证件号码（已遮盖）"] == "人* 9901**01"
    assert yellow["处置方式"] == "按类型纳入"
    fill(
        path,
        {
            lines.index(yellow): {"结果": "已帮扶", "帮扶措施": "临时救助", "核实日期": "2026-03-02", "经办人": "乙"},
            3: {"结果": "未见到本人", "核实日期": "2026-03-03"},
        },
    )
    rows = room.rows_of(path)
    assert [row.filled for row in rows].count(True) == 2
    answers = room.take(
        warned.data, warned.pack, [row for row in rows if row.filled], ring=warned.ring, today=TODAY, by="甲"
    )
    assert [one.state for one in answers] == ["accepted", "accepted"]
    helped, missed = room.Decisions(warned.data, warned.ring).history()
    assert (helped.person, helped.causes, helped.by, helped.on) == (
        warned.token(1), ("disability", "illness"), "乙", date(2026, 3, 2),
    )  # fmt: skip
    assert (missed.person, missed.outcome, missed.by) == (warned.token(2), "not_found", "甲")
    again = tmp_path / "再来.xlsx"
    assert listed(warned, again).rows == 3, "who was helped is visited; who was not met is to be visited again"
    assert token_text(warned.token(1)) not in {one["人员代码"] for one in cells(again)[1]}


def test_a_work_list_shows_nobody_elses_place_or_colour_and_no_number(warned, tmp_path):
    assert listed(warned, tmp_path / "a.xlsx", place="640422").rows == 1
    assert listed(warned, tmp_path / "b.xlsx", place="640402000000").persons == 2
    assert listed(warned, tmp_path / "c.xlsx", levels=["yellow"]).rows == 1
    for wrong, said in (({"place": "东湖"}, "应为不超过 12 位数字"), ({"levels": ["yelow"]}, "您是不是想写“yellow”")):
        with pytest.raises(room.ScreeningRefused, match=said):
            listed(warned, tmp_path / "d.xlsx", **wrong)
    assert not (tmp_path / "d.xlsx").exists()
    _head, lines = cells(tmp_path / "b.xlsx")
    assert NUMBER.format(1) not in json.dumps(lines, ensure_ascii=False, default=str)


def test_a_work_list_too_long_for_a_sheet_is_refused_and_not_cut(warned, tmp_path, monkeypatch):
    monkeypatch.setattr(worklist, "_MOST_ROWS", 3)
    with pytest.raises(room.ScreeningRefused, match="有 4 件，一张表最多 3 行。请用 --place"):
        listed(warned, tmp_path / "a.xlsx")
    assert listed(warned, tmp_path / "a.xlsx", place="6404020").rows == 3


def test_a_list_of_another_packs_warnings_is_not_recorded_about_these(warned, tmp_path):
    path = tmp_path / "名单.xlsx"
    listed(warned, path, place="640422")
    fill(path, {0: {"结果": "不困难", "核实日期": "2026-03-03"}})
    other = replace(warned.pack, id="other")
    (warned.data / "screening" / "other").symlink_to(warned.data / "screening" / "county")
    (answer,) = room.take(warned.data, other, room.rows_of(path), ring=warned.ring, today=TODAY, by="甲")
    assert answer.state == "refused"
    assert "是政策包“county”的预警，现在收的是“other”的反馈" in answer.text
    assert "请加 --pack county" in answer.text
    assert not room.Decisions(warned.data, warned.ring).history()


def test_whoever_found_the_opposite_is_named_and_which_visit_stands(warned):
    row = {"person": token_text(warned.token(2)), "on": "2026-03-02"}
    first, opposite, further = take(
        warned, row | {"outcome": "情况属实", "by": "乙"}, row | {"outcome": "不困难", "on": "2026-03-05", "by": "丙"},
        row | {"outcome": "已帮扶", "helped_with": "公益岗位", "on": "2026-03-04", "by": "丁"},
    )  # fmt: skip
    assert (first.state, first.text) == ("accepted", "")
    assert "乙 2026-03-02 反馈的是“情况属实”，这次是“不困难”" in opposite.text
    assert "以 2026-03-05 入户的“不困难”为准" in opposite.text
    assert "丙 2026-03-05 反馈的是“不困难”，这次是“已帮扶”" in further.text
    assert "以 2026-03-05 入户的“不困难”为准" in further.text, "an older visit takes nothing back"
    (later,) = take(warned, row | {"outcome": "情况属实", "on": "2026-03-09", "by": "戊"})
    assert "以 2026-03-09 入户的“情况属实”为准" in later.text
    (agrees,) = take(warned, row | {"outcome": "已帮扶", "helped_with": "x", "on": "2026-03-10"})
    assert agrees.text == "", "helped after verified is no contradiction"


def test_a_list_taken_along_before_the_keys_were_rotated_still_comes_back(warned, tmp_path):
    path = tmp_path / "名单.xlsx"
    listed(warned, path, place="640422")
    fill(path, {0: {"结果": "不困难", "核实日期": "2026-03-03"}})
    warned.ring = rotate(warned.ring.path, warned.data, date(2026, 3, 10), "测试")
    answers = room.take(warned.data, warned.pack, room.rows_of(path), ring=warned.ring, today=TODAY, by="甲")
    assert [one.state for one in answers] == ["accepted"]
    assert room.Decisions(warned.data, warned.ring).history()[0].person == warned.token(2)


def test_only_the_causes_that_a_visit_was_about_are_credited(warned):
    code = token_text(warned.token(1))
    row = {"person": code, "on": "2026-03-02"}
    take(warned, row | {"outcome": "情况属实", "causes": "因残"}, row | {"outcome": "不困难", "causes": "因病"})
    found = {one.name: one for one in room.precision(warned.data, warned.pack, ring=warned.ring).indicators}
    assert (found["disabled"].visited, found["disabled"].right, found["disabled"].wrong) == (1, 1, 0)
    assert (found["stay"].visited, found["stay"].right, found["stay"].wrong) == (1, 0, 1)


def test_a_correction_of_one_cause_leaves_the_word_about_the_other(warned):
    row = {"person": token_text(warned.token(1)), "on": "2026-03-02"}
    take(warned, row | {"outcome": "情况属实"}, row | {"outcome": "不困难", "causes": "因病"})
    found = {one.name: one for one in room.precision(warned.data, warned.pack, ring=warned.ring).indicators}
    assert (found["disabled"].right, found["stay"].wrong) == (1, 1)


@pytest.mark.parametrize(("day", "state"), [("2026-01-31", "refused"), ("2026-02-01", "accepted")])
def test_nobody_verifies_a_warning_before_it_went_out(warned, day, state):
    answer = take(warned, {"person": token_text(warned.token(2)), "outcome": "不困难", "on": day})[0]
    assert answer.state == state
    assert state == "accepted" or "早于预警发出的日子 2026-02-01" in answer.text


def test_a_direction_without_a_warning_and_one_not_out_yet_are_told_apart(warned, month):
    row = {"person": token_text(warned.token(0)), "outcome": "不困难"}
    month("2026-02", watched=WATCHED, cars=[{"person": 0, "price": 300000.0}])
    assert warned.warning("2026-02", 0, "exit")["raised"] == date(2026, 3, 1)
    raised = row | {"direction": "可能不再符合条件", "month": "2026-02"}
    assert "早于预警发出的日子 2026-03-01" in take(warned, raised | {"on": "2026-02-27"})[0].text
    assert take(warned, raised | {"on": "2026-03-02"})[0].state == "accepted"
    other = {"person": token_text(warned.token(1)), "outcome": "不困难", "direction": "可能不再符合条件"}
    assert "没有“可能不再符合条件”方向的预警" in take(warned, other)[0].text


def test_a_visit_answers_the_warning_that_was_out_on_its_day(warned, month):
    month("2026-02", watched=WATCHED, stays=[{"person": 2}])
    assert warned.warning("2026-02", 2)["raised"] == date(2026, 3, 1)
    take(warned, {"person": token_text(warned.token(2)), "outcome": "不困难", "on": "2026-02-10"})
    assert str(room.Decisions(warned.data, warned.ring).history()[0].month) == "2026-01"


def test_what_is_cleared_cannot_be_found_to_be_true(warned, month):
    month("2026-02", watched=WATCHED[:2])
    row = {"person": token_text(warned.token(2)), "month": "2026-01"}
    late = take(warned, row | {"outcome": "情况属实", "on": "2026-03-02"})[0]
    assert (late.state, "2026-02 已经解除" in late.text) == ("refused", True)
    assert take(warned, row | {"outcome": "情况属实", "on": "2026-02-27"})[0].state == "accepted", "then it stood"
    assert take(warned, row | {"outcome": "已迁出", "on": "2026-03-02"})[0].state == "accepted"


def test_the_same_file_again_adds_nothing_though_it_has_two_visits_of_one_person(warned):
    code = token_text(warned.token(2))
    rows = (
        {"person": code, "outcome": "未见到本人", "on": "2026-02-10"},
        {"person": code, "outcome": "不困难", "on": "2026-02-12"},
    )
    assert [one.state for one in take(warned, *rows)] == ["accepted", "accepted"]
    assert [one.state for one in take(warned, *rows)] == ["known", "known"]


def test_people_with_other_documents_are_found_by_them(county, month):
    token = token_of(county.ring, "monitoring", "E12345678", DocumentKind.PASSPORT)
    county.token = lambda person: token if person == 1 else token_of(county.ring, "monitoring", NUMBER.format(person))
    month("2026-01", stays=[{"person": 1}])
    row = {"id_number": "e 1234-5678", "outcome": "不困难", "on": "2026-03-02"}
    assert room.person_of("", "Ｅ12345678", county.ring, "护照") == token
    plain, unknown, right = take(county, row, row | {"document_kind": "护罩"}, row | {"document_kind": "护照"})
    assert (plain.state, unknown.state, right.state) == ("refused", "refused", "accepted")
    assert "不认识证件类型“护罩”" in unknown.text
    typed = take(county, {"person": "E12345678", "outcome": "不困难"})[0]
    assert "证件类型" in typed.text
    assert "E12345678" not in typed.text, "a number is never repeated"


def test_an_identity_number_as_the_name_of_who_visited_is_refused(warned):
    number = with_check_character("99010119800101001")
    row = {"person": token_text(warned.token(2)), "outcome": "不困难", "by": f"张三{number}"}
    answer = take(warned, row)[0]
    assert (answer.state, "经办人" in answer.text, number[6:14] in answer.text) == ("refused", True, False)
    assert not (warned.data / "screening/feedback.jsonl").exists()


def test_options_of_a_command_are_one_row():
    assert [row.filled for row in as_rows({"person": "x", "outcome": None, "on": None})] == [False]
