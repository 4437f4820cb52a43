import os
import signal
import subprocess
import sys
from datetime import date

import pytest
from generated import OTHER_VILLAGE, outcomes, record, table

from zhikun.matching import Decisions, MatchingError, People, Verdict, compare, people_model

MODEL = people_model()
DAY = date(2026, 11, 2)


def persons(result):
    return dict(zip(result["record_id"].to_pylist(), result["person_id"].to_pylist(), strict=True))


def said(store, left, right, verdict, **more):
    return store.decide(left, right, verdict, by="张核对", on=DAY, why="入户核实", **more)


def test_new_records_join_existing_people_and_ids_never_change(tmp_path):
    people = People(tmp_path)
    first = table(record("a", number="1"), record("b", "李秀英", "1970-01-01", number="2"))
    before = persons(people.join(first, table(), model=MODEL).members)
    after = persons(
        people.join(table(record("0", number="2"), record("c", "赵四", "1950-05-05")), first, model=MODEL).members
    )
    assert before == {"a": 1, "b": 2}
    assert after == {"0": 2, "c": 3}
    assert persons(people.members()) == {"a": 1, "b": 2, "0": 2, "c": 3}


def test_the_same_run_again_adds_nothing(tmp_path):
    people = People(tmp_path)
    rows = table(record("a", number="1"), record("b", number="1"))
    first = people.join(rows, table(), model=MODEL)
    files = sorted(tmp_path.iterdir())
    second = people.join(rows, rows, model=MODEL)
    assert first.members.equals(second.members)
    assert sorted(tmp_path.iterdir()) == files


def test_two_existing_people_are_merged_by_a_decision_only(tmp_path):
    people = People(tmp_path)
    known = table(record("a", number="1"), record("b", number="2"))
    people.join(known, table(), model=MODEL)
    joined = people.join(table(record("c")), known, model=MODEL)
    assert persons(joined.members) == {"c": 3}, "not to either of the two"
    said(people.decisions, "b", "a", Verdict.SAME)
    assert people.aliases() == {2: 1}
    assert persons(people.members()) == {"a": 1, "b": 1, "c": 3}
    said(people.decisions, "a", "b", Verdict.DIFFERENT, replace=True)
    assert people.aliases() == {}
    assert persons(people.members()) == {"a": 1, "b": 2, "c": 3}, "both ids are themselves again"


def test_a_pair_decided_apart_is_not_asked_again_and_not_joined_through_a_third(tmp_path):
    decisions = Decisions(tmp_path)
    rows = table(record("a"), record("b"))
    assert outcomes(compare(rows, model=MODEL))["a", "b"][0] == "linked"
    said(decisions, "a", "b", Verdict.DIFFERENT)
    kept = decisions.in_force()
    assert outcomes(compare(rows, model=MODEL, decisions=kept))["a", "b"] == (
        "not_linked",
        "decision",
        "different_by_decision",
    )
    third = outcomes(compare(table(record("a"), record("b"), record("c")), model=MODEL, decisions=kept))
    assert third["a", "c"][::2] == third["b", "c"][::2] == ("review", "would_join")


def test_numbers_do_not_overrule_a_person_either(tmp_path):
    people = People(tmp_path)
    rows = table(record("a", number="1"), record("b", number="1"))
    people.join(rows, table(), model=MODEL)
    said(people.decisions, "a", "b", Verdict.DIFFERENT)
    people.join(rows, rows, model=MODEL)
    assert persons(people.members()) == {"a": 1, "b": 2}
    people.join(rows, rows, model=MODEL)
    assert persons(people.members()) == {"a": 1, "b": 2}


def test_decided_same_links_what_the_machine_would_not(tmp_path):
    people = People(tmp_path)
    known = table(record("a"))
    people.join(known, table(), model=MODEL)
    new = table(record("b", place=OTHER_VILLAGE))
    said(people.decisions, "a", "b", Verdict.SAME)
    assert persons(people.join(new, known, model=MODEL).members) == {"b": 1}


def test_a_decision_is_kept_once_and_contradicted_only_on_purpose(tmp_path):
    decisions = Decisions(tmp_path)
    said(decisions, "b", "a", Verdict.SAME)
    said(decisions, "a", "b", Verdict.SAME)
    assert len(decisions.history()) == 1
    with pytest.raises(MatchingError, match="张核对已于2026-11-02"):
        said(decisions, "a", "b", Verdict.DIFFERENT)
    said(decisions, "b", "c", Verdict.SAME)
    with pytest.raises(MatchingError, match="不能同时成立"):
        said(decisions, "a", "c", Verdict.DIFFERENT)
    with pytest.raises(MatchingError, match="理由"):
        decisions.decide("a", "d", Verdict.SAME, by="张核对", on=DAY, why=" ")
    assert len(decisions.history()) == 2


def test_a_half_written_decision_never_counted_and_is_cut_off(tmp_path):
    decisions = Decisions(tmp_path)
    said(decisions, "a", "b", Verdict.SAME)
    with (tmp_path / "decisions.jsonl").open("ab") as file:
        file.write(b'{"left": "c", "ri')
    assert len(decisions.history()) == 1
    said(decisions, "d", "e", Verdict.SAME)
    assert [(d.left, d.right) for d in decisions.history()] == [("a", "b"), ("d", "e")]


def test_a_damaged_decision_stops_the_run(tmp_path):
    (tmp_path / "decisions.jsonl").write_text("{}\n", encoding="utf-8")
    with pytest.raises(MatchingError, match="第 1 行"):
        Decisions(tmp_path).in_force()


def test_records_that_were_left_out_would_get_a_second_id_and_are_asked_for(tmp_path):
    people = People(tmp_path)
    people.join(table(record("a")), table(), model=MODEL)
    with pytest.raises(MatchingError, match="缺少 1 条"):
        people.join(table(record("b")), table(), model=MODEL)


def test_killed_while_deciding_every_line_is_whole_and_none_is_doubled(tmp_path):
    program = (
        "import sys; from datetime import date; from pathlib import Path; from zhikun.matching import Decisions, Verdict\n"
        "store = Decisions(Path(sys.argv[1]))\n"
        "for n in range(100000):\n"
        "    store.decide(f'a{n}', f'b{n}', Verdict.SAME, by='x', on=date(2026, 11, 2), why='y'); print(n, flush=True)\n"
    )
    for _round in range(2):
        command = [sys.executable, "-c", program, str(tmp_path)]
        running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
        last = -1
        for line in running.stdout:
            last = int(line)
            if last >= 20:
                running.send_signal(signal.SIGKILL)
                break
        running.wait()
        pairs = [(d.left, d.right) for d in Decisions(tmp_path).history()]
        assert len(pairs) == len(set(pairs)) > last, "what was acknowledged is kept, once"
