"""Lists without numbers beside the people watched."""

import subprocess
import sys
from datetime import date

import pytest
from generated import OTHER_VILLAGE, VILLAGE, record, table

from zhikun.matching import Candidates, Decisions, Verdict, ambiguous, by_probability_possible, link, watched_model

COUNTY = {990101101001 + 1000 * town + n: 100 for town in range(10) for n in range(15)}
MODEL = watched_model(COUNTY)
FAR = "990202102002"


def linked(records, people, **more):
    rows = link(table(*records), table(*people), model=MODEL, **more).to_pylist()
    return [(row["record_id"], row["person_id"], row["outcome"], row["step"], row["note"]) for row in rows]


def test_each_record_ends_linked_to_be_reviewed_or_with_nobody():
    people = [record("p1", number="1"), record("p2", "李秀英", "1970-03-04", number="2")]
    found = linked([record("r1"), record("r2", "李秀瑛", "1970-03-04"), record("r3", "赵四", "1950-05-05")], people)
    assert found == [
        ("r1", "p1", "linked", "name", ""),
        ("r2", "p2", "review", "probability", "names_differ"),
        ("r3", None, "not_linked", "", "nobody"),
    ]


def test_a_linked_record_asks_nothing_more_and_a_doubtful_one_names_everybody_it_may_be():
    assert linked([record("r1")], [record("p1", number="1"), record("p2", "王小红", number="2")]) == [
        ("r1", "p1", "linked", "name", "")
    ]
    people = [record("p1", number="1"), record("p2", place=OTHER_VILLAGE, number="2")]
    doubtful = linked([record("r1", place=None)], people)
    assert [row[:3] for row in doubtful] == [("r1", "p1", "review"), ("r1", "p2", "review")]


def test_day_and_month_that_changed_places_are_asked_about_and_never_linked():
    assert [row[2] for row in linked([record("r1", birth="1980-02-01")], [record("p1", number="1")])] == ["review"]


def test_what_a_person_decided_stands_and_the_others_are_not_asked_about(tmp_path):
    people = [record("p1", number="1"), record("p2", place=OTHER_VILLAGE, number="2")]
    decisions = Decisions(tmp_path)

    def decide(person, verdict):
        decisions.decide("r1", person, verdict, by="张核对", on=date(2026, 11, 2), why="入户核实")

    decide("p1", Verdict.DIFFERENT)
    left = linked([record("r1", place=None)], people, decisions=decisions.in_force())
    assert ("r1", "p1", "not_linked", "decision", "different_by_decision") in left
    assert [row[:3] for row in left if row[1] == "p2"] == [("r1", "p2", "review")]
    decide("p2", Verdict.SAME)
    assert [row[1:4] for row in linked([record("r1", place=None)], people, decisions=decisions.in_force())] == [
        ("p2", "linked", "decision"),
        ("p1", "not_linked", "decision"),
    ]


def test_without_splink_only_what_is_equal_is_linked_and_the_rest_says_so():
    people = [record("p1", number="1"), record("p2", "李秀英", "1970-03-04", number="2")]
    rows = link(table(record("r1"), record("r2", "李秀瑛", "1970-03-04")), table(*people), model=MODEL, exact_only=True)
    assert rows["outcome"].to_pylist() == ["linked", "not_linked"]
    assert "没有安装 splink" in rows["text"].to_pylist()[1]


def test_people_of_one_name_and_birthday_in_a_township_make_a_record_ambiguous():
    people = table(record("p1", number="1"), record("p2", place=OTHER_VILLAGE, number="2"), record("p3", "李秀英"))
    assert ambiguous(table(record("r1"), record("r2", "李秀英")), people, MODEL) == {"r1"}
    once = table(record("p1", number="1"), record("p2", place=FAR, number="2"))
    assert ambiguous(table(record("r1")), once, MODEL) == set()


def test_candidates_leave_out_nobody_whom_the_comparison_would_have_found():
    records = [record("r1"), record("r2", "李秀瑛", "1970-03-04"), record("r3", "赵四", "1950-05-05", place=None)]
    people = [
        record("p1", number="1"),
        record("p2", "李秀英", "1970-03-04", number="2"),
        record("p3", "王小明", "1999-09-09", number="3"),
        record("p4", "孙七", "1950-05-05", place=FAR, number="4"),
        record("p5", "赵四", None, number="5"),
        record("p6", "钱八", "1961-01-01", number="6"),
    ]
    mask = Candidates(table(*records), MODEL).among(table(*people)).to_pylist()
    assert mask == [True, True, True, False, False, False]
    few = [person for person, wanted in zip(people, mask, strict=True) if wanted]
    assert linked(records, few) == linked(records, people)


def test_places_weigh_what_the_people_watched_say_and_never_speak_for_strangers():
    province = {
        990101101000 + 1_000_000 * c + 1000 * t + v: 50 for c in range(60) for t in range(10) for v in range(20)
    }
    for places in (COUNTY, province, {int(VILLAGE): 10}):
        m_and_u = watched_model(places).fields[-1].parameters()
        assert m_and_u[0][0] > m_and_u[0][1] or len(places) == 1, "one village tells nothing"
        assert m_and_u[-1][0] < m_and_u[-1][1], "another county never speaks for one person"
        assert sum(u for _m, u in m_and_u) == pytest.approx(1, abs=1e-3)
    assert watched_model(province).fields[-1].parameters()[2][1] < watched_model(COUNTY).fields[-1].parameters()[2][1]
    assert watched_model({1: 5_000_000}).prior == pytest.approx(2e-7)
    assert watched_model({}).prior == watched_model(COUNTY).prior == 2e-6


def test_splink_is_loaded_only_when_pairs_are_scored():
    code = "import sys, zhikun.matching, zhikun.cli; assert 'splink' not in sys.modules"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert by_probability_possible()
