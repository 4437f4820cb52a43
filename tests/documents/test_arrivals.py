"""What reports say of a survey's faults: kinds and counts, never a person's number."""

from zhikun.documents import Intake, problems_of
from zhikun.tables import RowMessage, Severity

NUMBER = "11010519491231002X"  # the standard's own example


def message(row, found, severity=Severity.ERROR, column="身份证号", rows=1):
    return RowMessage("成员", row, column, found, "18位号码", "改为文本后重填", severity, rows=rows)


def test_faults_of_one_kind_are_told_once_with_their_number():
    found = problems_of([message(3, "“1”"), message(4, "“2”"), message(9, "空白", column="姓名")])
    assert [(p.column, p.rows, p.rejected) for p in found] == [("身份证号", 2, True), ("姓名", 1, True)]
    assert found[0].example == "“1”"


def test_errors_come_before_warnings_and_notes_are_left_out():
    found = problems_of(
        [message(1, "x", Severity.WARNING, rows=50), message(2, "y"), message(0, "z", Severity.NOTE, rows=900)]
    )
    assert [(p.rejected, p.rows) for p in found] == [(True, 1), (False, 50)]
    assert Intake(problems=found).warned_rows == 50


def test_an_identity_number_in_a_message_is_masked():
    (problem,) = problems_of([message(3, f"“{NUMBER}”与第 5 行相同")])
    assert NUMBER not in problem.example
    assert "19491231" not in problem.example
    assert "与第 5 行相同" in problem.example
