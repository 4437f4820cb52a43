"""After the run: feedback, precision, explanation, simulation, reminders, lists for other departments."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from tests.screening.world import COUNTY_A, COUNTY_B, NUMBER

from zhikun import screening as room
from zhikun.identity import rotate, token_text
from zhikun.identity.numbers import with_check_character
from zhikun.screening.feedback import Given
from zhikun.tables import UnreadableFile
from zhikun.workdays import Month, deadline

TODAY = date(2026, 3, 20)


def take(county, *rows, by="甲"):
    given = [Given(n, {key: str(value) for key, value in row.items()}) for n, row in enumerate(rows, start=2)]
    return room.take(county.data, county.pack, given, ring=county.ring, today=TODAY, by=by)


def explained(county, person, month=None):
    return room.explain(
        county.data,
        county.pack,
        county.token(person),
        ring=county.ring,
        calendar=county.calendar,
        month=month and Month.read(month),
    )


@pytest.fixture
def warned(county, month):
    month("2026-01", stays=[{"person": n} for n in range(3)], cars=[{"person": 0, "price": 60000.0}])
    return county


def test_feedback_is_answered_row_by_row(warned):
    code = [token_text(warned.token(n)) for n in range(4)]
    answers = take(
        warned,
        {"person": code[1], "outcome": "已帮扶", "helped_with": "临时救助", "on": "2026-02-20"},
        {"person": code[1], "outcome": "已帮扶", "helped_with": "临时救助", "on": "2026/02/20"},
        {"person": code[2], "outcome": "helped"},
        {"person": code[0], "outcome": "情况属实"},
        {"person": code[0], "outcome": "情况属实", "direction": "可能需要帮扶"},
        {"person": code[2], "outcome": "不困滩"},
        {"person": code[3], "outcome": "不困难"},
        {"person": code[2], "outcome": "不困难", "month": "2026-02"},
        {"person": code[2], "outcome": "不困难", "causes": "因残"},
        {"person": code[2], "outcome": "不困难", "on": "2027-01-01"},
        {"person": "99010119800101002X", "outcome": "不困难"},
        {"outcome": "不困难"},
        {"person": code[2]},
    )
    assert [one.state for one in answers] == ["accepted", "known", "refused", "refused", "accepted", *["refused"] * 8]
    texts = {one.row: one.text for one in answers if one.state == "refused"}
    assert "帮扶措施" in texts[4]
    assert "两个方向" in texts[5]
    assert "您是不是想写“不困难”" in texts[7]
    assert "没有过预警" in texts[8]
    assert "没有筛查过" in texts[9]
    assert "原因" in texts[10]
    assert "晚于今天" in texts[11]
    assert "不是人员代码" in texts[12]
    assert "0101002X" not in texts[12], "a number is never repeated"
    assert "不知道是谁" in texts[13]
    assert "没有填" in texts[14]
    assert len(room.Decisions(warned.data, warned.ring).history()) == 2


def test_the_same_feedback_again_counts_once(warned):
    row = {"person": token_text(warned.token(1)), "outcome": "不困难"}
    assert take(warned, row)[0].state == "accepted"
    assert take(warned, row, row)[1].state == "known"
    assert len(room.Decisions(warned.data, warned.ring).history()) == 1


def test_a_finding_corrected_back_is_the_last_word(warned):
    row = {"person": token_text(warned.token(1)), "on": "2026-02-20"}
    helped, missed = row | {"outcome": "已帮扶", "helped_with": "低保"}, row | {"outcome": "未见到本人"}
    assert [take(warned, one)[0].state for one in (helped, missed, helped, helped)] == [
        "accepted", "accepted", "accepted", "known",
    ]  # fmt: skip
    assert [one.state for one in take(warned, missed, helped, helped)] == ["accepted", "accepted", "known"]
    assert room.Decisions(warned.data, warned.ring).history()[-1].outcome == "helped"


def test_an_identity_number_in_what_was_done_is_refused_and_kept_nowhere(warned):
    number = with_check_character("99010119800101001")
    row = {"person": token_text(warned.token(1)), "outcome": "已帮扶"}
    spaced = f"{number[:6]} {number[6:14]} {number[14:]}"
    for text in (f"给{number}办了低保", f"给 {spaced} 办了低保"):
        answer = take(warned, row | {"helped_with": text})[0]
        assert (answer.state, "请删去号码" in answer.text) == ("refused", True)
        assert number[6:14] not in answer.text
    assert take(warned, row | {"helped_with": "低保 2026 年 2 月起，每月 500 元"})[0].state == "accepted"
    file = warned.data / "screening/feedback.jsonl"
    assert number[6:14] not in file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o777 == 0o600


def test_feedback_by_identity_number(warned):
    number = with_check_character("99010119800101001")
    assert take(warned, {"id_number": number, "outcome": "不困难"})[0].text.startswith("这个人没有过预警")
    wrong = take(warned, {"id_number": number[:-1] + "A", "outcome": "不困难"})[0]
    assert wrong.state == "refused"
    assert number[:14] not in wrong.text


def test_a_feedback_file_is_read_by_its_headings(warned, tmp_path):
    file = tmp_path / "反馈.csv"
    code = token_text(warned.token(1))
    file.write_text(
        f"2026年1月预警反馈,,\n人员代码,核实结果,经办人,备注\n{code},不困难,乙,x\n,,,\n", encoding="utf-8-sig"
    )
    rows = room.rows_of(file)
    assert [(one.row, one.cells["person"], one.cells["by"]) for one in rows] == [(3, code, "乙")]
    file.write_text("姓名,结果\n甲,不困难\n", encoding="utf-8-sig")
    with pytest.raises(UnreadableFile, match="人员代码"):
        room.rows_of(file)


def test_precision_counts_each_warning_once_by_its_last_word(warned):
    code = [token_text(warned.token(n)) for n in range(3)]
    take(
        warned,
        {"person": code[0], "outcome": "不困难", "direction": "hardship", "on": "2026-02-03"},
        {"person": code[0], "outcome": "已帮扶", "helped_with": "低保", "direction": "hardship", "on": "2026-02-05"},
        {"person": code[0], "outcome": "已帮扶", "helped_with": "低保", "direction": "exit", "on": "2026-02-05"},
        {"person": code[1], "outcome": "不困难", "on": "2026-02-11"},
        {"person": code[2], "outcome": "未见到本人", "on": "2026-02-11"},
    )
    found = room.precision(warned.data, warned.pack, ring=warned.ring)
    stay, car = found.indicators
    assert (stay.name, stay.visited, stay.right, stay.wrong, stay.helped, stay.days) == (
        "stay",
        3,
        1,
        1,
        1,
        4 + 10 + 10,
    )
    assert (stay.rate, stay.days_each) == (Decimal("0.5"), Decimal("8.0"))
    assert (car.visited, car.right, car.wrong) == (1, 0, 1), "who still needs help was wrongly held to need none"
    assert [one.name for one in found.sources] == ["stays", "cars"]


def states_of(found):
    """How each indicator stands, in a line."""
    return ", ".join(f"{line.indicator} {line.state}" for line in found.lines)


def test_an_explanation_opens_every_indicator(county, month):
    month("2026-01", stays=[{"person": 1}], register=[{"person": 1, "grade": "g3"}], missing=("jobs",))
    month("2026-02", missing=("stays", "jobs"), bills=[{"person": 1, "amount": 999.0}], run=False)
    county.run("2026-02")
    found = explained(county, 1)
    assert found.as_written
    assert not found.pack_changed
    assert states_of(found) == "stay carried, disabled absent, costs unknown, jobless unknown, car other_groups"
    stay = found.lines[0]
    assert (stay.files, stay.looked_in, stay.missing) == (("stays/2026-01/001",), (), ("2026-02",))
    assert (stay.points * stay.weight / 100, stay.contribution) == (20, 20)
    assert [(row["month"], row["change"]) for row in found.history] == [("2026-01", "new"), ("2026-02", "continued")]
    assert found.shown.startswith("人*")
    text = json.dumps(room.as_data(found), ensure_ascii=False)
    assert NUMBER.format(1) not in text


def test_an_explanation_equals_what_was_written_for_everybody(tmp_path):
    from tests.screening.test_runs import fill
    from tests.screening.world import world

    place = world(tmp_path)
    fill(place, months=2, people=12)
    place.run("2026-01")
    place.run("2026-02")
    for person in range(12):
        found = explained(place, person)
        assert found.as_written, person
        for row in found.warnings:
            counted = [
                one.contribution
                for one in found.lines
                if one.direction == row["direction"] and one.state in ("counts", "carried")
            ]
            assert sum(counted) == row["score"]


def test_an_explanation_tells_a_changed_file_and_a_changed_pack(warned):
    rows = warned.data / "lists/stays/2026-01/001/rows.parquet"
    rows.write_bytes((warned.data / "lists/jobs/2026-01/001/rows.parquet").read_bytes())
    assert not explained(warned, 1).as_written
    warned.pack = replace(warned.pack, hash="sha256:other")
    assert explained(warned, 1).pack_changed


def test_somebody_unknown_is_refused(warned):
    with pytest.raises(room.ScreeningRefused, match="名册里没有这个人"):
        explained(warned, 77)


def test_somebody_watched_in_whom_no_list_finds_anything_is_explained_and_not_said_to_be_unknown(county, month):
    month("2026-01", stays=[{"person": 1}], missing=("jobs",))
    found = explained(county, 2)
    assert (found.household, found.groups, found.history) == ("h2", ("other",), ())
    assert found.shown.startswith("人*")
    assert states_of(found) == "stay absent, disabled absent, costs unknown, jobless unknown, car other_groups"
    assert found.as_written


def test_a_code_printed_before_the_keys_were_rotated_still_opens_the_person(warned):
    before = {person: warned.token(person) for person in (0, 1, 2)}
    warned.ring = rotate(warned.ring.path, warned.data, date(2026, 3, 10), "测试")
    for person, old in before.items():
        found = room.explain(warned.data, warned.pack, old, ring=warned.ring, calendar=warned.calendar)
        assert found.person == token_text(warned.token(person))
        assert found.lines


def test_a_quiet_cause_is_explained_as_handled(county, month):
    month("2026-01", register=[{"person": 1, "grade": "g1"}])
    take(county, {"person": token_text(county.token(1)), "outcome": "不困难"})
    month("2026-02", register=[{"person": 1, "grade": "g1"}])
    found = explained(county, 1)
    assert [line.state for line in found.lines if line.indicator == "disabled"] == ["quiet"]
    assert [one.outcome for one in found.findings] == ["not_in_hardship"]
    assert found.as_written


def simulated(county, **changes):
    given = {"weights": {}, "levels": {}, "bands": {}} | changes
    tried = room.changed(county.pack.monitoring, room.Changes(**given))
    _month, counts = room.simulate(county.data, county.pack, tried, ring=county.ring, calendar=county.calendar)
    return {(one.county, one.direction, one.level): (one.run, one.tried) for one in counts}


def test_a_simulation_counts_both_and_writes_nothing(county, month):
    watched = [(0, ["dibao"], "h1", COUNTY_A), (1, ["edge"], "h1", COUNTY_A), (2, ["other"], "h2", COUNTY_B)]
    month("2026-01", stays=[{"person": n} for n in range(3)], register=[{"person": 0, "grade": "g1"}], watched=watched)
    before = sorted(county.data.rglob("*"))
    assert simulated(county, levels={"blue": 20.000001}) == {
        ("640402", "hardship", "blue"): (1, 0),
        ("640402", "hardship", "yellow"): (1, 1),
        ("640422", "hardship", "blue"): (1, 0),
    }
    found = simulated(county, weights={"stay": 30.0, "disabled": 10.0})
    assert found["640422", "hardship", "yellow"] == (0, 1)
    assert found["640402", "hardship", "yellow"] == (1, 2)
    assert sorted(county.data.rglob("*")) == before


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"weights": {"stay": 30.0}}, "合计 110"),
        ({"weights": {"stey": 30.0}}, "您是不是想写“stay”"),
        ({"levels": {"blue": 30.0}}, "逐级升高"),
        ({"levels": {"green": 1.0}}, "没有“green”这一级"),
        ({"bands": {("costs", 4): (1.0, 1.0)}}, "只有 3 档"),
        ({"bands": {("costs", 1): (6000.0, 25.0)}}, "从小到大"),
        ({"bands": {("costs", 1): (-1.0, 25.0)}}, "分档 costs:1 写的是 -1"),
        ({"bands": {("costs", 3): (float("inf"), 25.0)}}, "分档 costs:3 写的是 inf"),
        ({"bands": {("costs", 3): (30000.0, float("nan"))}}, "分档 costs:3 写的是 nan"),
        ({"weights": {"stay": float("nan"), "costs": 20.0}}, "权重 stay 写的是 nan"),
        ({"weights": {"stay": -20.0, "costs": 80.0}}, "权重 stay 写的是 -20"),
        ({"levels": {"red": float("nan")}}, "级别 red 写的是 nan"),
        ({"levels": {"blue": -5.0}}, "级别 blue 写的是 -5"),
    ],
)
def test_a_trial_that_cannot_stand_is_refused(county, changes, said):
    with pytest.raises(room.ScreeningRefused, match=said):
        room.changed(county.pack.monitoring, room.Changes(**({"weights": {}, "levels": {}, "bands": {}} | changes)))


def remind(county, on):
    return room.remind(
        county.data, county.pack, on, ring=county.ring, calendar=county.calendar, today=date(2026, 11, 20)
    )


def test_reminders_of_a_day_to_come_are_refused_and_nothing_counts_as_sent(county, month):
    month("2026-01", stays=[{"person": 1}])
    with pytest.raises(room.ScreeningRefused, match=r"2026-11-21 晚于今天.*请用今天 2026-11-20"):
        remind(county, date(2026, 11, 21))
    assert [one.levels for one in remind(county, date(2026, 11, 20)).reminders] == [{"blue": 1}, {"blue": 1}]


def test_overdue_warnings_are_reminded_once_and_rise(county, month):
    month("2026-01", stays=[{"person": n} for n in range(3)], register=[{"person": 0, "grade": "g1"}])
    yellow, blue = county.warning("2026-01", 0)["deadline"], county.warning("2026-01", 1)["deadline"]
    first, fifth = (deadline(county.calendar, blue, n).due for n in (1, 5))
    assert remind(county, yellow).reminders == (), "on its last day nothing is overdue"
    take(county, {"person": token_text(county.token(2)), "outcome": "不困难", "on": "2026-02-11"})
    sent = remind(county, first)
    assert [(one.to, one.area, one.levels) for one in sent.reminders] == [
        ("county", "640402", {"yellow": 1, "blue": 1}),
        ("city", "6404", {"yellow": 1}),
    ]
    again = remind(county, first)
    assert again.repeated
    assert again.reminders == sent.reminders
    later = remind(county, fifth)
    assert [(one.to, one.area, one.levels) for one in later.reminders] == [("city", "6404", {"blue": 1})]


def test_one_cause_answered_leaves_the_others_overdue(county, month):
    month("2026-01", stays=[{"person": 1}], register=[{"person": 1, "grade": "g1"}])
    due = county.warning("2026-01", 1)["deadline"]
    take(county, {"person": token_text(county.token(1)), "outcome": "不困难", "causes": "因残", "on": "2026-02-04"})
    assert remind(county, deadline(county.calendar, due, 1).due).reminders
    take(county, {"person": token_text(county.token(1)), "outcome": "不困难", "causes": "因病", "on": "2026-03-04"})
    assert remind(county, deadline(county.calendar, due, 9).due).reminders == ()


def test_a_visit_after_the_reminder_ends_it_and_nobody_met_begins_anew(county, month):
    month("2026-01", stays=[{"person": 1}, {"person": 2}])
    for person in (1, 2):
        take(
            county,
            {
                "person": token_text(county.token(person)),
                "outcome": "未见到本人" if person == 2 else "情况属实",
                "on": "2026-02-20",
            },
        )
    month("2026-02", stays=[{"person": 2}])
    due = county.warning("2026-02", 2)["deadline"]
    assert due == deadline(county.calendar, date(2026, 3, 1), 15).due
    sent = remind(county, deadline(county.calendar, due, 1).due)
    assert [one.levels for one in sent.reminders] == [{"blue": 1}], "the one to be visited again is overdue again"


def test_an_event_that_the_next_list_does_not_name_is_reminded_of_when_overdue(county, month):
    month("2026-01", stays=[{"person": 1}])
    due = county.warning("2026-01", 1)["deadline"]
    month("2026-02")
    assert county.warning("2026-02", 1)["deadline"] == due
    sent = remind(county, deadline(county.calendar, due, 3).due)
    assert (str(sent.month), [one.levels for one in sent.reminders]) == ("2026-02", [{"blue": 1}])
    take(county, {"person": token_text(county.token(1)), "outcome": "不困难", "on": "2026-03-10"})
    assert remind(county, deadline(county.calendar, due, 12).due).reminders == ()


def test_routes_pass_on_only_the_people_and_columns_agreed(county, month, tmp_path):
    jobs = [{"person": n, "lost": True} for n in (1, 2)]
    month("2026-01", jobs=jobs, stays=[{"person": 1}])
    written = room.write_routes(county.data, county.pack, tmp_path, ring=county.ring, calendar=county.calendar)
    assert [(one.file.name, one.rows) for one in written] == [("work-2026-01.csv", 1)]
    with written[0].file.open(encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["月份", "姓名和证件号码（已遮盖）", "区划代码", "级别", "核实期限"]
    assert rows[1][:4] == ["2026-01", "人* 9901**01", str(COUNTY_A), "yellow"]
    assert token_text(county.token(1)) not in written[0].file.read_text(encoding="utf-8-sig")
    take(county, {"person": token_text(county.token(1)), "outcome": "不困难", "on": "2026-02-04"})
    month("2026-02")
    again = room.write_routes(county.data, county.pack, tmp_path, ring=county.ring, calendar=county.calendar)
    assert [one.rows for one in again] == [0], "a cleared warning is not passed on"
