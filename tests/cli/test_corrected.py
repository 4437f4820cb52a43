"""Rejects corrected by a person and assessed together with the rest, without touching the survey itself."""

from __future__ import annotations

import openpyxl
import pyarrow.parquet as pq
import pytest
from tests.cli.conftest import DAY
from tests.cli.people import fill, number, numbers, put

ASSESS = ["--pack", "national", "--on", DAY]


@pytest.fixture
def rejects(zhikun, flawed, tmp_path):
    """What came back of `flawed`: H02 and H03."""
    path = tmp_path / "rejects.xlsx"
    assert zhikun("survey", "check", flawed, "--pack", "national", "--rejects", path).code == 1
    return path


def correct(path, **changes):
    book = openpyxl.load_workbook(path)
    for where, value in changes.items():
        put(book, *where.split("__"), value)
    book.save(path)


def households(out):
    rows = pq.read_table(out / "results.parquet").to_pylist()
    return {row["household"]: row for row in rows}


def test_corrected_households_are_assessed_with_the_others(zhikun, flawed, templates, rejects, tmp_path):
    correct(rejects, 家庭__H02__城乡类别="农村", 成员__H03__身份证号=number(3, 1))
    answer = zhikun("assess", flawed, *ASSESS, "--corrected", rejects, "--out", tmp_path / "a")
    assert answer.code == 0, answer.said
    assert "读入 4 户：接受 4 户，退回 0 户。" in answer.out
    assert "2 户替换了原表中同一编号的户，0 户是原表没有的" in answer.out
    assert not (tmp_path / "a" / "rejects.xlsx").exists()
    right = fill(templates("national"), "national", tmp_path / "right.xlsx", **{"家庭__H04__经营净收入（年）": None})
    assert zhikun("assess", right, *ASSESS, "--out", tmp_path / "b").code == 0
    assert households(tmp_path / "a") == households(tmp_path / "b")
    assert "有错.xlsx（更正表 rejects.xlsx）" in (tmp_path / "a" / "report.html").read_text(encoding="utf-8")


def test_one_still_wrong_stays_out_and_goes_back_again(zhikun, flawed, rejects, tmp_path):
    correct(rejects, 家庭__H02__城乡类别="半城", 成员__H03__身份证号=number(3, 1))
    answer = zhikun("assess", flawed, *ASSESS, "--corrected", rejects, "--out", tmp_path / "a")
    assert answer.code == 1
    assert "读入 4 户：接受 3 户，退回 1 户。" in answer.out
    assert "1 户替换了原表中同一编号的户" in answer.out
    assert "“更正表·家庭”表第 2 行“城乡类别”列：填的是“半城”" in answer.out
    assert "半城半乡" not in answer.out  # what the survey said of it no longer counts
    assert set(households(tmp_path / "a")) == {"H01", "H03", "H04"}
    again = openpyxl.load_workbook(tmp_path / "a" / "rejects.xlsx")["家庭"]
    assert [row[0] for row in again.iter_rows(min_row=2, values_only=True)] == ["H02"]
    assert [c.value for c in again[1]].count("问题") == 1


def test_a_household_that_the_survey_lacks_is_added(zhikun, good, templates, tmp_path):
    fill(templates("national"), "national", tmp_path / "more.xlsx", count=5)
    answer = zhikun("assess", good, *ASSESS, "--corrected", tmp_path / "more.xlsx", "--out", tmp_path / "out")
    assert answer.code == 0, answer.said
    assert "4 户替换了原表中同一编号的户，1 户是原表没有的，补入。" in answer.out
    assert sorted(households(tmp_path / "out")) == ["H01", "H02", "H03", "H04", "H05"]


def test_a_household_is_explained_as_corrected(zhikun, flawed, rejects):
    correct(rejects, 家庭__H02__城乡类别="农村", 成员__H03__身份证号=number(3, 1))
    words = ["assess", flawed, *ASSESS, "--explain", "H02"]
    assert zhikun(*words).code == 3
    assert "户 H02" in zhikun(*words, "--corrected", rejects).out


def test_a_trial_counts_corrected_households_too(zhikun, flawed, rejects):
    correct(rejects, 家庭__H02__城乡类别="农村", 成员__H03__身份证号=number(3, 1))
    words = ["whatif", flawed, *ASSESS, "--set", "农村低保标准=700"]
    assert "共 2 户" in zhikun(*words).out
    answer = zhikun(*words, "--corrected", rejects)
    assert "共 4 户" in answer.out
    assert "退回" not in answer.err


def test_rejects_that_lie_in_the_folder_of_the_survey_are_no_second_survey(zhikun, flawed, tmp_path):
    folder = tmp_path / "南乡"
    folder.mkdir()
    (folder / "a.xlsx").write_bytes(flawed.read_bytes())
    assert zhikun("survey", "check", folder / "a.xlsx", "--pack", "national").code == 1
    back = folder / "a-退回.xlsx"
    correct(back, 家庭__H02__城乡类别="农村", 成员__H03__身份证号=number(3, 1))
    answer = zhikun("assess", folder, *ASSESS, "--corrected", back, "--explain", "H03")
    assert answer.code == 0, answer.said


def test_a_corrected_file_that_cannot_be_read_is_named(zhikun, good, tmp_path):
    (tmp_path / "x.xlsx").write_bytes(b"no workbook")
    answer = zhikun("assess", good, *ASSESS, "--corrected", tmp_path / "x.xlsx", "--out", tmp_path / "out")
    assert answer.code == 3
    assert "更正表：文件“x.xlsx”" in answer.err
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_identity_numbers_of_corrected_people_stay_masked(zhikun, flawed, rejects):
    correct(rejects, 家庭__H02__城乡类别="农村", 成员__H03__身份证号=number(1, 1))  # H01's
    answer = zhikun("assess", flawed, *ASSESS, "--corrected", rejects, "--explain", "H02")
    assert answer.code == 1
    assert not any(whole in answer.said for whole in numbers(4))


def test_two_rounds_of_corrections_are_assessed_together(zhikun, flawed, rejects, tmp_path):
    correct(rejects, 家庭__H02__城乡类别="半城", 成员__H03__身份证号=number(3, 1))
    assert zhikun("assess", flawed, *ASSESS, "--corrected", rejects, "--out", tmp_path / "a").code == 1
    second = tmp_path / "a" / "rejects.xlsx"
    correct(second, 家庭__H02__城乡类别="农村")
    rounds = ["--corrected", rejects, "--corrected", second]
    answer = zhikun("assess", flawed, *ASSESS, *rounds, "--out", tmp_path / "b")
    assert answer.code == 0, answer.said
    assert "读入 4 户：接受 4 户，退回 0 户。" in answer.out
    assert set(households(tmp_path / "b")) == {"H01", "H02", "H03", "H04"}
    report = (tmp_path / "b" / "report.html").read_text(encoding="utf-8")
    assert "有错.xlsx（更正表 rejects.xlsx、rejects.xlsx）" in report
    assert "共 4 户" in zhikun("whatif", flawed, *ASSESS, *rounds, "--set", "农村低保标准=700").out


def test_corrections_are_checked_with_the_survey(zhikun, flawed, tmp_path):
    """What is wrong again goes to a new workbook: the one a person typed into stays as it is."""
    words = ["survey", "check", flawed, "--pack", "national"]
    back = flawed.with_name("有错-退回.xlsx")
    first = zhikun(*words)
    assert "每退回一轮加一个 --corrected，先前各轮的也要写上" in first.out
    correct(back, 家庭__H02__城乡类别="半城", 成员__H03__身份证号=number(3, 1))
    typed = back.read_bytes()
    answer = zhikun(*words, "--corrected", back)
    assert answer.code == 1
    assert "读入 4 户：接受 3 户，退回 1 户。" in answer.out
    assert f"--corrected {back} --corrected 退回表" in answer.out
    assert back.read_bytes() == typed
    again = flawed.with_name("有错-退回2.xlsx")
    correct(again, 家庭__H02__城乡类别="农村")
    assert zhikun(*words, "--corrected", back, "--corrected", again).code == 0


def test_results_are_not_written_over_the_corrections_they_rest_on(zhikun, flawed, tmp_path):
    out = tmp_path / "out"
    assert zhikun("assess", flawed, *ASSESS, "--out", out).code == 1
    typed = (out / "rejects.xlsx").read_bytes()
    for words in (
        ["assess", flawed, *ASSESS, "--corrected", out / "rejects.xlsx", "--out", out],
        ["survey", "check", flawed, "--pack", "national", "--corrected", out / "rejects.xlsx", "--rejects",
         out / "rejects.xlsx"],
    ):  # fmt: skip
        answer = zhikun(*words)
        assert answer.code == 2
        assert "请先把它改名，或换一个地方写结果" in answer.err
        assert (out / "rejects.xlsx").read_bytes() == typed


def without(path, target, *names):
    book = openpyxl.load_workbook(path)
    for name in names:
        del book[name]
    book.save(target)
    return target


def test_a_sheet_that_the_survey_lacks_is_told_of_though_the_corrections_have_it(
    zhikun, flawed, good, templates, tmp_path
):
    survey = without(flawed, tmp_path / "无表.xlsx", "赡养人")
    words = ["survey", "check", "--pack", "national", "--rejects", tmp_path / "back.xlsx"]
    more = fill(templates("national"), "national", tmp_path / "more.xlsx", count=2)
    assert "没有“赡养人”表" in zhikun(*words, survey, "--corrected", more).out
    assert "没有“赡养人”表" not in zhikun(*words, survey, "--corrected", good).out  # nothing of the survey is left
    short = without(more, tmp_path / "short.xlsx", "赡养人")
    assert "更正表：没有“赡养人”表" in zhikun(*words, flawed, "--corrected", short).out
    assert zhikun(*words, survey, "--corrected", short).out.count("没有“赡养人”表") == 1
