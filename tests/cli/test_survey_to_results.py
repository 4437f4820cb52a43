"""A small survey from the filled workbook to every result, and back through its rejects."""

import csv
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pypdf
import pytest
from tests.cli.conftest import DAY
from tests.cli.people import NAMES, fill, number, numbers, put

from zhikun import documents

FILES = {"causes.csv", "report.html", "report.pdf", "results.parquet", "results.xlsx"}
ASSESS = ["--pack", "national", "--on", DAY]


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def content(path: Path) -> str:
    """Everything that stands in a file: bytes, the parts of a workbook, the text of a PDF, the cells of a table."""
    texts = [path.read_bytes().decode("utf-8", "replace")]
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as archive:
            texts += [archive.read(part).decode("utf-8", "replace") for part in archive.namelist()]
    if path.suffix == ".pdf":
        reader = pypdf.PdfReader(io.BytesIO(path.read_bytes()))
        texts += [page.extract_text() for page in reader.pages] + [str(reader.metadata)]
    if path.suffix == ".parquet":
        texts.append(str(pq.read_table(path).to_pylist()))
    return re.sub(r"\s", "", "".join(texts))


@pytest.fixture(scope="module")
def county(zhikun, flawed, tmp_path_factory):
    """The flawed survey, assessed, with the report of one household beside it."""
    out = tmp_path_factory.mktemp("county") / "结果"
    return zhikun("assess", flawed, *ASSESS, "--out", out, "--explain", "H01"), out


@pytest.mark.fonts
def test_the_results_have_exactly_these_names(zhikun, good, tmp_path):
    answer = zhikun("assess", good, *ASSESS, "--out", tmp_path / "深" / "结果")
    assert answer.code == 0, answer.said
    assert names_in(tmp_path / "深" / "结果") == FILES
    listed = answer.out.partition("结果写在")[2].split()[-len(FILES) :]
    assert set(listed) == FILES


@pytest.mark.fonts
def test_rejected_households_end_the_command_with_1_and_stand_in_rejects(county):
    answer, out = county
    assert answer.code == 1
    assert "读入 4 户：接受 2 户，退回 2 户。" in answer.out
    assert "“家庭”表第 5 行“城乡类别”列：填的是“半城半乡”，不在可选项里；应为城镇、农村之一" in answer.out
    assert names_in(out) == FILES | {"rejects.xlsx", "household-H01.html", "household-H01.pdf"}
    assert pq.read_table(out / "results.parquet")["household"].to_pylist() == ["H01", "H04"]


def test_no_identity_number_leaves_the_rejects(county):
    answer, out = county
    for path in out.iterdir():
        if path.name == "rejects.xlsx":
            continue
        said = content(path)
        for whole in numbers(4):
            assert whole not in said, path
            assert whole[:14] not in said, path
    assert "99010119650308" not in answer.said


def test_the_rejects_hold_what_is_needed_to_correct_them(county):
    _answer, out = county
    said = content(out / "rejects.xlsx")
    assert number(2, 1) in said
    assert number(1, 1) not in said


def test_names_are_masked_in_every_result(county):
    _answer, out = county
    for path in out.iterdir():
        said = content(path)
        shown = [name for name in NAMES[:4] if name in said]
        assert shown == ([NAMES[1], NAMES[2]] if path.name == "rejects.xlsx" else []), path
    assert "陈**" in content(out / "results.xlsx")


def test_a_household_with_an_unknown_income_is_not_decided_and_its_question_is_asked(county):
    answer, out = county
    rows = {row["household"]: row for row in pq.read_table(out / "results.parquet").to_pylist()}
    assert rows["H04"]["income_per_head"] is None
    assert rows["H01"]["income_per_head"] == 0
    assert "有 1 户的结果还不能全部确定" in answer.out
    asked = openpyxl.load_workbook(out / "results.xlsx")["待补充信息"]
    assert any(row[0] == "H04" and "经营净收入（年）" in row for row in asked.iter_rows(values_only=True))


def test_what_only_a_flag_waits_for_is_asked_too(zhikun, templates, tmp_path):
    """In Balinzuo the dwellings decide no category and no amount, but whether someone must go and look."""
    answers = {"家庭__H01__住房套数": None, "家庭__H01__申报数与行数不一致的核实": None}
    survey = fill(templates("balinzuo"), "balinzuo", tmp_path / "x.xlsx", count=1, **answers)
    said = zhikun("assess", survey, "--pack", "balinzuo", "--on", DAY, "--out", tmp_path / "out", "--explain", "H01")
    assert said.code == 0, said.said
    (row,) = pq.read_table(tmp_path / "out" / "results.parquet").to_pylist()
    assert row["assessment_category"] is not None
    asked = openpyxl.load_workbook(tmp_path / "out" / "results.xlsx")["待补充信息"]
    lines = [line for line in asked.iter_rows(values_only=True) if line[0] == "H01"]
    assert [(line[4], line[7]) for line in lines] == [("住房套数", "待核实的十四条")]
    assert "全家名下的住房（包括门面房等非居住用房）一共几套？" in said.out


@pytest.mark.fonts
def test_every_result_says_that_the_people_are_generated(county):
    _answer, out = county
    for name in FILES - {"results.parquet", "causes.csv"}:
        assert "生成" in content(out / name), name


def test_the_causes_have_their_columns_even_in_a_pack_without_causes(county):
    _answer, out = county
    with (out / "causes.csv").open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.reader(lines))
    assert rows == [["cause", "0", "0.5", "1", "1.5", "2", "2.5", "3", "3.5", "4", "4.5", "5", "total"]]


@pytest.mark.parametrize(("pack", "causes"), [("taoyuan", 2), ("yuanzhou", 9)])
def test_the_causes_count_every_household_once(zhikun, templates, tmp_path, pack, causes):
    survey = fill(templates(pack), pack, tmp_path / "x.xlsx", count=3)
    assert zhikun("assess", survey, "--pack", pack, "--on", DAY, "--out", tmp_path / "out").code == 0
    with (tmp_path / "out" / "causes.csv").open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == causes
    for row in rows:
        assert sum(int(row[f"{level / 2:g}"]) for level in range(11)) == int(row["total"]) == 3


@pytest.mark.parametrize("command", ["check", "assess"])
def test_rejects_can_be_corrected_and_fed_back(zhikun, flawed, tmp_path, command):
    words = {"check": ["survey", "check", flawed, "--pack", "national", "--rejects", tmp_path / "rejects.xlsx"],
             "assess": ["assess", flawed, *ASSESS, "--out", tmp_path]}[command]  # fmt: skip
    assert zhikun(*words).code == 1
    book = openpyxl.load_workbook(tmp_path / "rejects.xlsx")
    put(book, "家庭", "H02", "城乡类别", "城镇")
    put(book, "成员", "H03", "身份证号", number(3, 1))
    book.save(tmp_path / "rejects.xlsx")
    answer = zhikun("survey", "check", tmp_path / "rejects.xlsx", "--pack", "national")
    assert answer.code == 0, answer.said
    assert "读入 2 户：接受 2 户，退回 0 户。" in answer.out


def test_the_answer_to_a_check_lies_beside_the_file(zhikun, templates, tmp_path):
    survey = fill(templates("national"), "national", tmp_path / "南乡.xlsx", 家庭__H01__城乡类别="半城半乡")
    assert zhikun("survey", "check", survey, "--pack", "national").code == 1
    assert names_in(tmp_path) == {"南乡.xlsx", "南乡-退回.xlsx"}


def test_a_corrected_survey_leaves_no_old_rejects(zhikun, good, flawed, tmp_path):
    assert zhikun("assess", flawed, *ASSESS, "--out", tmp_path).code == 1
    assert "rejects.xlsx" in names_in(tmp_path)
    assert zhikun("assess", good, *ASSESS, "--out", tmp_path).code == 0
    assert "rejects.xlsx" not in names_in(tmp_path)


def test_a_survey_without_the_sheet_of_supporters_is_warned_about(zhikun, good, tmp_path):
    book = openpyxl.load_workbook(good)
    del book["赡养人"]
    book.save(tmp_path / "x.xlsx")
    answer = zhikun("survey", "check", tmp_path / "x.xlsx", "--pack", "national")
    assert answer.code == 0
    assert "没有“赡养人”表：“义务人人数”填 0 的户按没有计算，其余的户与之有关的结果待定" in answer.out


def test_an_explanation_opens_the_figures(zhikun, good):
    """2,400 yuan a year, one person: 200 yuan a month, to be found with its clause and what would change it."""
    text = zhikun("assess", good, *ASSESS, "--explain", "H01")
    assert text.code == 0
    assert "家庭人均月收入 200 元/月 < 适用的低保标准" in text.out
    assert re.search(r"经营净收入（年）：2,400 元/年（.*第13条）", text.out)
    assert "什么会改变结果" in text.out
    markdown = zhikun("assess", good, *ASSESS, "--explain", "H01", "--markdown")
    assert markdown.out.startswith("# 户 H01 的评估说明")
    data = json.loads(zhikun("assess", good, *ASSESS, "--explain", "H01", "--json").out)
    step = next(step for step in data["steps"] if step["name"] == "income_per_head")
    assert step["value"] == 200


def test_an_explanation_piped_on_is_nothing_else(zhikun, flawed, tmp_path):
    answer = zhikun("assess", flawed, *ASSESS, "--explain", "H01", "--json")
    assert json.loads(answer.out)["household"] == "H01"
    assert "这份调查表有 2 户退回" in answer.err
    answer = zhikun("assess", flawed, *ASSESS, "--explain", "H01", "--json", "--out", tmp_path)
    assert json.loads(answer.out)["household"] == "H01"
    assert "读入 4 户" in answer.err


def command(*words: object, before: str = "") -> subprocess.CompletedProcess[str]:
    """A process of its own; `before` is run in it first."""
    program = f"{before}\nfrom zhikun.cli import main\nmain()"
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, words)], capture_output=True, text=True, check=False
    )


KILLED = """
import os, signal, zhikun.documents as documents
def die(*args): os.kill(os.getpid(), signal.SIGKILL)
documents.write_report = die
"""


def test_a_killed_run_leaves_nothing_that_looks_like_a_result(zhikun, good, tmp_path):
    died = command("assess", good, *ASSESS, "--out", tmp_path, before=KILLED)
    assert died.returncode == -9
    assert not names_in(tmp_path) & (FILES | {"rejects.xlsx"})
    assert all(name.startswith(".") for name in names_in(tmp_path))
    assert zhikun("assess", good, *ASSESS, "--out", tmp_path).code == 0
    assert not any(name.startswith(".") for name in names_in(tmp_path))


def test_a_killed_run_leaves_the_earlier_results_whole(zhikun, good, flawed, tmp_path):
    assert zhikun("assess", flawed, *ASSESS, "--out", tmp_path).code == 1
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert command("assess", good, *ASSESS, "--out", tmp_path, before=KILLED).returncode == -9
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_an_interrupted_run_says_so_and_ends_with_130(zhikun, good, tmp_path, monkeypatch):
    def stop(*_args, **_more):
        raise KeyboardInterrupt

    monkeypatch.setattr("zhikun.documents.write_workbook", stop)
    answer = zhikun("assess", good, *ASSESS, "--out", tmp_path)
    assert answer.code == 130
    assert "已中断，没有写出结果" in answer.err
    assert names_in(tmp_path) == set()


def test_a_full_disk_ends_with_5_and_leaves_nothing(zhikun, good, tmp_path, monkeypatch):
    def full(*_args, **_more):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("zhikun.documents.write_workbook", full)
    answer = zhikun("assess", good, *ASSESS, "--out", tmp_path)
    assert answer.code == 5
    assert "磁盘已满" in answer.err
    assert names_in(tmp_path) == set()


def test_without_fonts_everything_but_the_pdf_is_written_and_that_is_said(zhikun, good, tmp_path, monkeypatch):
    real = documents.write_report

    def without_fonts(assessed, html, pdf):
        if pdf is not None:
            raise documents.FontsMissing("这台机器没有中文字体")
        return real(assessed, html, pdf)

    monkeypatch.setattr(documents, "write_report", without_fonts)
    answer = zhikun("assess", good, *ASSESS, "--out", tmp_path)
    assert answer.code == 0
    assert "没有写 PDF：这台机器没有中文字体" in answer.err
    assert names_in(tmp_path) == FILES - {"report.pdf"}


def test_the_same_survey_gives_the_same_bytes(good, tmp_path):
    """In two processes: hash seeds, folder names and the clock must not show."""
    for name in "first", "second":
        assert command("assess", good, *ASSESS, "--out", tmp_path / name).returncode == 0
    for name in "results.parquet", "causes.csv":
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes(), name


def test_a_reader_that_goes_away_is_no_accident(good):
    words = [
        sys.executable,
        "-c",
        "from zhikun.cli import main; main()",
        "assess",
        str(good),
        *ASSESS,
        "--explain",
        "H01",
    ]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        assert process.stderr.read() == ""


@pytest.mark.parametrize(
    ("encoding", "ending"), [("gb18030", "csv"), ("utf-8-sig", "csv"), ("utf-8", "csv"), ("", "parquet")]
)
def test_csv_and_parquet_give_the_results_of_the_workbook(zhikun, good, tmp_path, encoding, ending):

    book = openpyxl.load_workbook(good)
    folder = tmp_path / "调查"
    folder.mkdir()
    for title in ("家庭", "成员", "赡养人", "住房", "车辆"):
        rows = [["" if c is None else str(c) for c in r] for r in book[title].iter_rows(min_row=2, values_only=True)]
        if ending == "csv":
            with (folder / f"{title}.csv").open("w", encoding=encoding, newline="") as lines:
                csv.writer(lines).writerows(rows)
        else:
            columns = {h: pa.array([row[i] or None for row in rows[1:]], pa.string()) for i, h in enumerate(rows[0])}
            pq.write_table(pa.table(columns), folder / f"{title}.parquet")
    assert zhikun("assess", good, *ASSESS, "--out", tmp_path / "a").code == 0
    answer = zhikun("assess", folder, *ASSESS, "--out", tmp_path / "b")
    assert answer.code == 0, answer.said
    both = [pq.read_table(tmp_path / name / "results.parquet") for name in "ab"]
    assert both[0].equals(both[1])
    alone = zhikun("assess", folder / f"家庭.{ending}", *ASSESS, "--out", tmp_path / "c")
    assert alone.code == 0, alone.said
    assert pq.read_table(tmp_path / "c" / "results.parquet").equals(both[0])


def test_members_may_lie_in_a_file_of_any_name(zhikun, good, tmp_path):
    book = openpyxl.load_workbook(good)
    for title, name in (("家庭", "h.csv"), ("成员", "m.csv")):
        rows = [["" if c is None else str(c) for c in r] for r in book[title].iter_rows(min_row=2, values_only=True)]
        with (tmp_path / name).open("w", encoding="utf-8", newline="") as lines:
            csv.writer(lines).writerows(rows)
    words = ["--pack", "national", "--members", tmp_path / "m.csv"]
    assert "接受 4 户" in zhikun("survey", "check", tmp_path / "h.csv", *words).out
    alone = zhikun("survey", "check", tmp_path / "h.csv", "--pack", "national")
    assert alone.code == 3
    assert "没有“成员”表" in alone.err


def test_whatif_counts_who_enters_and_what_it_costs(zhikun, good, tmp_path):
    """90,000 a year is 7,500 a month: below a standard of 8,000, so the second household enters with 500 a month."""
    words = ["whatif", good, *ASSESS, "--set"]
    by_title = zhikun(*words, "农村低保标准=8000", "--out", tmp_path)
    by_name = zhikun(*words, "dibao_standard_rural=8000")
    assert by_title.code == by_name.code == 0
    assert by_title.out.splitlines()[:2] == by_name.out.splitlines()[:2]
    assert "共 4 户：进 1 户，出 0 户，未定 0 户；结果有变化的 4 户。" in by_title.out
    changed = {row["household"]: row for row in pq.read_table(tmp_path / "changed.parquet").to_pylist()}
    assert (changed["H02"]["dibao_eligible"], changed["H02"]["dibao_eligible__variant"]) == (False, True)
    assert changed["H02"]["assistance_amount__variant"] >= 500
    total = sum(row["difference"] for row in pq.read_table(tmp_path / "places.parquet").to_pylist())
    assert f"差 {total:+,.0f} 元" in by_title.out


def test_whatif_with_the_standard_in_force_changes_nothing(zhikun, good):
    answer = zhikun("whatif", good, *ASSESS, "--set", "农村低保标准=585")
    assert "进 0 户，出 0 户" in answer.out
    assert "差 +0 元。" in answer.out


def test_the_same_slip_in_many_rows_is_one_line_on_the_screen(zhikun, templates, tmp_path):
    """Thirteen households with one misunderstanding: one line, and the workbook marks every one of them."""
    slips = {f"家庭__H{at:02d}__城乡类别": "半城" for at in range(1, 14)}
    slips |= {"家庭__H14__城乡类别": "全城", "家庭__H15__城乡类别": "全城"}
    slips |= {f"成员__H{at:02d}__与户主关系": "东家" for at in range(1, 4)}
    path = fill(templates("national"), "national", tmp_path / "多.xlsx", count=15, **slips)
    answer = zhikun("survey", "check", path, "--pack", "national")
    assert answer.out.count("填的是“半城”") == 1
    assert (
        "“家庭”表“城乡类别”列 13 处（第 4、5、6、7、8、9、10、11…行）：填的是“半城”，不在可选项里；应为" in answer.out
    )
    assert "“家庭”表第 17 行“城乡类别”列：填的是“全城”" in answer.out  # two are two lines
    assert "“家庭”表第 18 行“城乡类别”列：填的是“全城”" in answer.out
    assert "“成员”表“与户主关系”列 3 处（第 4、5、6 行）：填的是“东家”" in answer.out
    back = openpyxl.load_workbook(tmp_path / "多-退回.xlsx")["家庭"]
    problems = [row[-1] for row in back.iter_rows(min_row=2, values_only=True)]
    assert sum("填的是“半城”" in text for text in problems) == 13
