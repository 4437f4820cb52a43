"""What is said, and with which code the command ends, when something is wrong."""

import dataclasses
import re
import shutil
import sys

import openpyxl
import pytest
from tests.cli.conftest import DAY

from zhikun.engine.packs.model import Place
from zhikun.engine.run.cases import run_cases

CFB = bytes.fromhex("d0cf11e0a1b11ae1")
LATIN = re.compile(r"Traceback|Error|Invalid|Missing|No such|denied|directory|exists", re.IGNORECASE)


def refused(answer, code, *texts):
    assert answer.code == code, answer.said
    for text in texts:
        assert text in answer.err
    assert not LATIN.search(answer.err), answer.err


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["asess"], "没有命令 asess。是不是想写“assess”？"),
        (["survey", "chek"], "没有命令 chek。是不是想写“check”？"),
        (["assess"], "缺少参数“FILE”。"),
        (["assess", "a.xlsx"], "缺少选项“--pack”。"),
        (["assess", "a.xlsx", "--pak", "national"], "没有选项 --pak。是不是想写“--pack”？"),
        (["assess", "a.xlsx", "--pack"], "选项 --pack 后面要写值。"),
        (["assess", "a.xlsx", "b.xlsx", "--pack", "national", "--on", DAY], "多出了参数（b.xlsx）"),
        (["assess", "a.xlsx", "--pack", "national", "--on", "2025-13-01"], "2025-13-01 不是日期；请写成 2025-03-01。"),
        (["assess", "a.xlsx", "--pack", "national", "--on", DAY], "请写 --out DIR（写全部结果）或 --explain 户编号"),
        (["assess", "a.xlsx", "--o", "x"], "没有选项 --o。是不是想写“--json”、“--on”、“--out”中的一个？"),
        (["demo", "county", "--seed", "abc", "--out", "a.xlsx"], "“abc”不是整数；请写阿拉伯数字，例如 1。"),
        (["survey", "template", "--pack", "national", "a.xls"], "a.xls 要以 .xlsx 结尾"),
        (["demo", "county", "--out", "a.csv"], "a.csv 要以 .xlsx 结尾"),
    ],
)
def test_a_command_written_wrongly_ends_with_2(zhikun, words, text):
    answer = zhikun(*words)
    refused(answer, 2, text)
    assert answer.out == ""


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("没有的.xlsx", None, "找不到这个文件"),
        ("信.xlsx", b"Dear Sir", "内容却是普通文本"),
        ("空.xlsx", b"", "文件是空的"),
        ("空.csv", b"", "文件是空的"),
        ("加密.xlsx", CFB + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), "工作簿设有打开密码"),
    ],
)
@pytest.mark.parametrize("command", ["check", "assess", "explain", "whatif"])
def test_an_input_that_cannot_be_read_ends_with_3(zhikun, tmp_path, name, content, text, command):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    words = {
        "check": ["survey", "check"],
        "assess": ["assess", "--on", DAY, "--out", tmp_path / "out"],
        "explain": ["assess", "--on", DAY, "--explain", "H01"],
        "whatif": ["whatif", "--on", DAY, "--set", "农村低保标准=700"],
    }[command]
    refused(zhikun(*words, tmp_path / name, "--pack", "national"), 3, f"“{name}”读不了：", text)
    assert not (tmp_path / "out").exists()


def test_a_folder_without_tables_ends_with_3(zhikun, tmp_path):
    refused(zhikun("survey", "check", tmp_path, "--pack", "national"), 3, "里没有表格文件")


@pytest.mark.parametrize("words", [["survey", "check"], ["assess", "--on", DAY, "--explain", "H01"]])
def test_a_folder_with_two_surveys_names_their_files_once(zhikun, tmp_path, good, words):
    for name in "a", "b", "c":
        shutil.copy(good, tmp_path / f"{name}.xlsx")
    answer = zhikun(*words, tmp_path, "--pack", "national")
    refused(answer, 3, "“a.xlsx”和“b.xlsx”都有“家庭”表，是两份调查表")
    assert [line[2:21] for line in answer.err.splitlines()[1:]] == ["“a.xlsx”和“b.xlsx”都有", "“a.xlsx”和“c.xlsx”都有"]
    assert "--corrected" in answer.err


def test_two_sheets_of_one_kind_in_one_workbook_are_told_by_their_names(zhikun, tmp_path, good):
    book = openpyxl.load_workbook(good)
    book.copy_worksheet(book["家庭"]).title = "2024家庭"
    book.save(tmp_path / "x.xlsx")
    refused(zhikun("survey", "check", tmp_path / "x.xlsx", "--pack", "national"), 3, "“2024家庭”表：与“家庭”是同一种表")


def test_a_household_that_is_not_there_or_was_rejected_ends_with_3(zhikun, flawed):
    words = ["assess", flawed, "--pack", "national", "--on", DAY, "--explain"]
    refused(zhikun(*words, "H99"), 3, "没有 H99；请核对户编号")
    refused(zhikun(*words, "H02"), 3, "没有 H02；它被退回了，请先改正")


def test_a_county_without_a_published_table_ends_with_3(zhikun, tmp_path):
    refused(zhikun("demo", "county", "--like", "atlantis", "--out", tmp_path / "a.xlsx"), 3, "可用的有 yuanzhou")


@pytest.mark.parametrize(
    "words",
    [
        ["survey", "template", "x.xlsx"],
        ["survey", "check", "x.xlsx"],
        ["assess", "x.xlsx", "--on", DAY, "--out", "x"],
        ["whatif", "x.xlsx", "--on", DAY, "--set", "a=1"],
    ],
    ids=lambda words: words[0],
)
def test_an_unknown_pack_ends_with_4_and_the_nearest_name(zhikun, words):
    refused(zhikun(*words, "--pack", "yuanzhuo"), 4, "您是不是想写“yuanzhou”？")


@pytest.mark.parametrize("command", ["check", "cases"])
def test_an_unknown_pack_to_be_checked_ends_with_4(zhikun, command):
    refused(zhikun("packs", command, "nationl"), 4, "您是不是想写“national”？")


@pytest.mark.parametrize("command", ["assess", "whatif"])
def test_a_day_before_the_pack_begins_ends_with_4(zhikun, good, tmp_path, command):
    words = {"assess": ["--out", tmp_path / "out"], "whatif": ["--set", "a=1"]}[command]
    answer = zhikun(command, good, "--pack", "yuanzhou", "--on", "2022-12-31", *words)
    refused(answer, 4, "从 2023-01-01 起才有规定", "不能评估 2022-12-31", "请改用以后的日期")


@pytest.mark.parametrize(
    ("change", "texts"),
    [
        ("农村低保标准", ["要写成 标准=新值 或 表[键,键]=新值"]),
        ("=700", ["要写成 标准=新值"]),
        ("农村低保标淮=700", ["您是不是想写“农村低保标准”？", "dibao_standard_rural（农村低保标准）"]),
        ("农村低保标准=七百", ["是数字，不能换成“七百”"]),
        ("农村低保标准=nan", ["是数字，不能换成“nan”"]),
        ("农村低保标准=inf", ["是数字，不能换成“inf”"]),
        ("support_formula=any", ["只能是", "不能换成“any”"]),
        ("没有的表[a,b]=1", ["没有叫“没有的表”的表", "dibao_tier（低保分档表）"]),
        ("低保分档表[不是数]=1", ["里没有键为 不是数 的行", "dibao_tier["]),
    ],
)
def test_a_change_that_cannot_be_tried_ends_with_4(zhikun, good, change, texts):
    refused(zhikun("whatif", good, "--pack", "national", "--on", DAY, "--set", change), 4, *texts)


def test_a_template_never_replaces_a_workbook_that_may_be_filled_in(zhikun, tmp_path):
    filled = tmp_path / "survey.xlsx"
    filled.write_bytes(b"three weeks of visits")
    refused(zhikun("survey", "template", "--pack", "national", filled), 2, "已经有了", "请换一个文件名")
    assert filled.read_bytes() == b"three weeks of visits"


@pytest.fixture
def blocked(tmp_path):
    """A path that no user, not even root, can write below: part of it is a file."""
    (tmp_path / "文件").write_text("x", encoding="utf-8")
    return tmp_path / "文件"


def test_an_unwritable_place_ends_with_5(zhikun, good, flawed, blocked):
    at_file = ["assess", good, "--pack", "national", "--on", DAY, "--out", blocked]
    refused(zhikun(*at_file), 5, "不能建立文件夹", "请换一个位置")
    refused(zhikun(*at_file[:-1], blocked / "out"), 5, "不是文件夹")
    refused(zhikun(*at_file[:-1], blocked, "--explain", "H01"), 5, "不能建立文件夹")
    refused(zhikun("survey", "template", "--pack", "national", blocked / "a.xlsx"), 5, "写不了")
    rejects = ["survey", "check", flawed, "--pack", "national", "--rejects", blocked / "a.xlsx"]
    refused(zhikun(*rejects), 5, "写不了")
    refused(zhikun("demo", "county", "--out", blocked / "a.xlsx"), 5, "写不了")
    whatif = ["whatif", good, "--pack", "national", "--on", DAY, "--set", "农村低保标准=700", "--out", blocked]
    refused(zhikun(*whatif), 5, "不能建立文件夹")
    assert blocked.read_text(encoding="utf-8") == "x"


def test_a_result_that_cannot_be_replaced_ends_with_5(zhikun, good, tmp_path):
    (tmp_path / "report.html").mkdir()
    answer = zhikun("assess", good, "--pack", "national", "--on", DAY, "--out", tmp_path)
    refused(answer, 5, "结果写不进")
    assert not (tmp_path / "results.parquet").exists()


def test_a_pack_with_faults_ends_packs_check_with_1(zhikun, monkeypatch):
    faults = [(Place("taoyuan/pack.yaml", 7), "在 2025-01-01 缺少标准")]
    monkeypatch.setattr(sys.modules["zhikun.cli.packs"], "check_days", lambda pack: faults)
    answer = zhikun("packs", "check", "taoyuan")
    assert answer.code == 1
    assert "✗ taoyuan：1 处错误\n  taoyuan/pack.yaml:7: 在 2025-01-01 缺少标准" in answer.out


def test_a_sound_pack_ends_packs_check_and_cases_with_0(zhikun):
    checked, cases = zhikun("packs", "check", "taoyuan"), zhikun("packs", "cases", "taoyuan")
    assert (checked.code, cases.code) == (0, 0)
    assert re.search(r"✓ taoyuan：\d+ 项事实，\d+ 条规则.*都完整", checked.out)
    assert re.search(r"✓ taoyuan：\d\d+ 个案例，0 个不符", cases.out)


def test_a_failed_case_ends_packs_cases_with_1(zhikun, monkeypatch):
    def one_off(pack, cases):
        found = run_cases(pack, cases)
        return [dataclasses.replace(found[0], differences=("income：应为 1，算得 2",)), *found[1:]]

    monkeypatch.setattr(sys.modules["zhikun.cli.packs"], "run_cases", one_off)
    answer = zhikun("packs", "cases", "taoyuan")
    assert answer.code == 1
    assert "  income：应为 1，算得 2" in answer.out
    assert "，1 个不符" in answer.out


def test_the_list_of_packs_marks_those_with_sample_figures(zhikun):
    answer = zhikun("packs", "list")
    assert answer.code == 0
    assert len(answer.out.splitlines()) == 14
    assert re.search(r"^taoyuan +\S+ +桃源县.*（含示例参数）$", answer.out, re.MULTILINE)


def test_the_template_can_be_opened_and_says_how_to_say_none(templates):
    book = openpyxl.load_workbook(templates("national"))
    assert book.sheetnames[:3] == ["填表说明", "家庭", "成员"]
    guide = "\n".join(str(c) for row in book["填表说明"].iter_rows(values_only=True) for c in row if c)
    assert "确实没有赡养人、住房、车辆的户，在“家庭”表的“义务人人数”、“住房套数”、“机动车辆数”填 0" in guide


def test_the_template_lists_the_codes_of_its_villages(templates):
    """The first thing an office must fill in is a code that nobody knows by heart."""
    guide = openpyxl.load_workbook(templates("yuanzhou"))["填表说明"]
    codes = {row[0]: row[1] for row in guide.iter_rows(values_only=True)}
    assert codes["640402100"] == "三营镇"
    assert len([code for code in codes if str(code).isdigit() and len(str(code)) == 12]) > 100


def test_a_pack_that_only_watches_assesses_nobody_and_says_which_do(zhikun, tmp_path):
    answer = zhikun("survey", "template", "--pack", "gansu", tmp_path / "a.xlsx")
    refused(answer, 4, "政策包“gansu”只有监测预警", "national")
    assert not (tmp_path / "a.xlsx").exists()


def test_a_pack_that_only_watches_is_checked_with_its_lists_and_indicators(zhikun):
    answer = zhikun("packs", "check", "gansu")
    assert answer.code == 0
    assert "监测名单 10 个，预警指标 9 项" in answer.said
