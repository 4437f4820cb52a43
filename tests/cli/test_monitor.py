"""`zhikun monitor` as officers run it."""

from __future__ import annotations

import importlib
import io
import json
from dataclasses import replace
from datetime import date

import openpyxl
import pytest
from tests.screening.world import COUNTY_A, monitoring_for_tests, world

from zhikun.cli.screen import say_months
from zhikun.documents import FontsMissing
from zhikun.engine.packs import load
from zhikun.identity import token_of, token_text
from zhikun.identity.numbers import with_check_character
from zhikun.workdays import Month

monitor = importlib.import_module("zhikun.cli.monitor")  # the package has the command by this name
NUMBER = with_check_character("99010119800101001")


@pytest.fixture
def county(tmp_path, monkeypatch):
    """A county whose month 2026-01 can be run: one person in hospital, one in hospital and disabled."""
    place = world(tmp_path)
    place.watch("2026-01", [(1, ["edge"], "h1", COUNTY_A), (2, ["other"], "h2", COUNTY_A)])
    for name in ("stays", "register", "bills", "jobs", "cars"):
        rows = {"stays": [{"person": 1}, {"person": 2}], "register": [{"person": 2, "grade": "g1"}]}.get(name, [])
        place.deliver(name, "2026-01", rows)
    pack = replace(load("gansu"), id="county", monitoring=monitoring_for_tests(), sample=True)
    monkeypatch.setattr(monitor, "load_pack", lambda _name: pack)
    monkeypatch.setattr(monitor, "_lists", lambda _data: place)
    monkeypatch.setattr(monitor, "_today", lambda: date(2026, 4, 20))
    monkeypatch.setenv("ZHIKUN_DATA", str(place.data))
    monkeypatch.setenv("ZHIKUN_KEYS", str(place.ring.path))
    return place


@pytest.fixture
def screened(county, zhikun):
    assert zhikun("monitor", "run", "--month", "2026-01", "--on", "2026-02-01").code == 0
    return county


def test_a_run_says_what_changed_what_is_unknown_and_that_figures_are_samples(county, zhikun):
    answer = zhikun("monitor", "run", "--month", "2026-01", "--on", "2026-02-01")
    assert answer.code == 0
    assert "2026-01 已筛查，预警从 2026-02-01 发出" in answer.out
    assert "yellow 1 人，blue 1 人（新增 2" in answer.out
    assert "“costs”缺 2025-11、2025-12 的名单" in answer.out
    assert "示例参数" in answer.out
    again = zhikun("monitor", "run", "--month", "2026-01")
    assert "都没有变，结果不变" in again.out


@pytest.mark.parametrize(
    ("month", "on", "said"),
    [
        ("2026-05", "", "2026-05 还没有到，不能筛查。请核对年份，最晚写这个月 2026-04"),
        ("2026-01", "2026-04-21", "2026-04-21 晚于今天"),
        ("2026-01", "2025-12-31", "请用 --on 写 2026-01-01 或以后的日子"),
    ],
)
def test_a_month_to_come_and_a_day_that_cannot_be_are_refused(county, zhikun, month, on, said):
    answer = zhikun("monitor", "run", "--month", month, *(["--on", on] if on else []))
    assert answer.code == 2
    assert said in answer.err
    assert not (county.data / "screening").exists()


@pytest.mark.parametrize("on", ["2026-01-01", "2026-04-20"])
def test_the_first_day_of_the_month_and_today_are_taken(county, zhikun, on):
    assert zhikun("monitor", "run", "--month", "2026-01", "--on", on).code == 0


def test_a_late_file_says_which_months_to_run_again_in_order(screened, zhikun):
    for name in ("stays", "register", "bills", "jobs", "cars"):
        screened.deliver(name, "2026-02", [])
    screened.watch("2026-02", [(1, ["edge"], "h1", COUNTY_A)])
    zhikun("monitor", "run", "--month", "2026-02", "--on", "2026-03-01")
    screened.deliver("stays", "2026-01", [{"person": 1}])
    answer = zhikun("monitor", "run", "--month", "2026-02")
    assert "请按顺序重新筛查：zhikun monitor run --month 2026-01 --pack gansu" in answer.out
    answer = zhikun("monitor", "run", "--month", "2026-01", "--pack", "other")
    assert "请按顺序重新筛查：zhikun monitor run --month 2026-02 --pack other。" in answer.out


def test_a_run_on_an_earlier_register_says_who_is_watched(county, zhikun):
    answer = zhikun("monitor", "run", "--month", "2026-02", "--on", "2026-03-01")
    assert answer.code == 0, answer.said
    assert "监测的是 2026-01 名册上的人" in answer.out
    assert "名册上的人" not in zhikun("monitor", "run", "--month", "2026-01", "--on", "2026-02-01").out


def test_a_work_list_without_a_column_says_what_is_taken_instead(screened, zhikun, tmp_path):
    book = tmp_path / "名单.xlsx"
    assert zhikun("monitor", "worklist", "--out", book).code == 0
    opened = openpyxl.load_workbook(book)
    sheet = opened.active
    head = next(n for n, row in enumerate(sheet.iter_rows(values_only=True), start=1) if "结果" in row)
    columns = {cell.value: cell.column for cell in sheet[head]}
    sheet.cell(head + 1, columns["结果"], "不困难")
    opened.save(book)
    assert "这一列" not in zhikun("monitor", "feedback", book).err
    sheet.delete_cols(columns["核实日期"])
    opened.save(book)
    answer = zhikun("monitor", "feedback", book)
    assert "表里没有“核实日期”这一列，入户都按今天记" in answer.err
    assert "经办人" not in answer.err


def test_findings_that_contradict_each_other_are_shown(screened, zhikun, tmp_path):
    code = token_text(screened.token(1))
    zhikun("monitor", "feedback", "--person", code, "--outcome", "情况属实", "--by", "甲")
    file = tmp_path / "反馈.csv"
    file.write_text(f"人员代码,结果,经办人\n{code},不困难,乙\n", encoding="utf-8-sig")
    answer = zhikun("monitor", "feedback", file)
    assert answer.code == 0
    assert "与以前的反馈相反的，请核对：\n  第 2 行：甲 " in answer.out


def test_an_explanation_shows_the_arithmetic_and_the_files(screened, zhikun):
    answer = zhikun("monitor", "explain", token_text(screened.token(2)))
    assert answer.code == 0, answer.err
    assert "1 → 1起，100 分 × 权重 20% = 20 分；依据 stays/2026-01/001" in answer.out
    assert "合计：20 + 20 = 至少 40 分，达到yellow的起点 30 分" in answer.out
    assert "前核实" in answer.out
    as_json = json.loads(zhikun("monitor", "explain", token_text(screened.token(2)), "--json").out)
    assert as_json["as_written"] is True
    assert [one["contribution"] for one in as_json["indicators"] if one["state"] == "counts"] == ["20", "20"]


def test_an_identity_number_is_asked_for_and_never_shown(screened, zhikun, monkeypatch):
    asked = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.prompt", lambda text, **how: asked.append(how["hide_input"]) or NUMBER)
    answer = zhikun("monitor", "explain")
    assert asked == [True]
    assert "名册里没有这个人" in answer.err
    assert NUMBER not in answer.said
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{NUMBER}\n"))
    piped = zhikun("monitor", "explain")
    assert "名册里没有这个人" in piped.err
    assert NUMBER not in piped.said
    typed = zhikun("monitor", "explain", NUMBER)
    assert typed.code != 0
    assert "历史记录" in typed.err
    assert NUMBER not in typed.said
    assert token_text(token_of(screened.ring, "monitoring", NUMBER)) not in answer.said


def test_feedback_by_command_and_by_file(screened, zhikun, tmp_path):
    code = token_text(screened.token(1))
    answer = zhikun(
        "monitor", "feedback", "--person", code, "--outcome", "已帮扶", "--helped-with", "临时救助", "--by", "甲"
    )
    assert (answer.code, answer.out) == (0, "反馈 1 行：新收 1 行，已有 0 行，退回 0 行。\n")
    file = tmp_path / "反馈.csv"
    file.write_text(
        f"人员代码,结果,经办人\n{token_text(screened.token(2))},不困难,乙\n{code},不知道,乙\n", encoding="utf-8-sig"
    )
    answer = zhikun("monitor", "feedback", file)
    assert answer.code == 1
    assert "新收 1 行，已有 0 行，退回 1 行" in answer.out
    assert "第 3 行：“结果”不能是“不知道”" in answer.out
    told = zhikun("monitor", "precision").out
    assert "stay：核实 2 件，属实 1，不属实 1（准确率 50.00%），已帮扶 1" in told


def test_a_simulation_and_its_refusals(screened, zhikun):
    answer = zhikun("monitor", "simulate", "--level", "blue=25")
    assert "合计：red 0 → 0，orange 0 → 0，yellow 1 → 1，blue 1 → 0" in answer.out
    assert "640402：" in answer.out
    assert zhikun("monitor", "simulate").code == 2
    assert "合计 110，应为 100" in zhikun("monitor", "simulate", "--weight", "stay=30").err
    assert "应写成" in zhikun("monitor", "simulate", "--weight", "stay").err
    for word in ("nan", "inf", "-3"):
        answer = zhikun("monitor", "simulate", "--band", f"stay:1={word}:100")
        assert (answer.code, f"分档 stay:1 写的是 {word}，应在 0 至 1 万亿之间" in answer.err) == (4, True)


def test_reminders_and_routes(screened, zhikun, tmp_path):
    assert "没有新的超期预警" in zhikun("monitor", "reminders", "--on", "2026-02-02").out
    answer = zhikun("monitor", "reminders", "--on", "2026-03-31")
    assert "县 640402：催办，2 件（yellow 1，blue 1）" in answer.out
    assert "已经发过" in zhikun("monitor", "reminders", "--on", "2026-03-31").out
    answer = zhikun("monitor", "routes", "--out", tmp_path / "out")
    assert "人社：失业 0 人" in answer.out


def test_a_work_list_is_written_once_and_comes_back(screened, zhikun, tmp_path):
    path = tmp_path / "名单.xlsx"
    answer = zhikun("monitor", "worklist", "--out", path, "--level", "yellow", "--on", "2026-03-02")
    assert (answer.code, answer.out) == (0, f"2026-01 等着核实的预警 1 件、1 人 → {path}\n")
    again = zhikun("monitor", "worklist", "--out", path)
    assert (again.code, "没有覆盖" in again.err) == (5, True)
    assert zhikun("monitor", "worklist", "--out", tmp_path / "a.csv").code == 2
    back = zhikun("monitor", "feedback", path)
    assert back.code == 0
    assert "还没有填结果的 1 行没有收" in back.out
    assert zhikun("monitor", "worklist", "--out", tmp_path / "b.xlsx", "--place", "x").code == 4


def test_a_month_screened_by_other_rules_needs_a_word(screened, zhikun, monkeypatch):
    pack = monitor.load_pack("")
    monkeypatch.setattr(monitor, "load_pack", lambda _name: replace(pack, hash="sha256:ffff0000", version="7.7"))
    answer = zhikun("monitor", "run", "--month", "2026-01")
    assert answer.code == 4
    assert "现在是 7.7 版（ffff0000）" in answer.err
    assert zhikun("monitor", "run", "--month", "2026-01", "--new-rules").code == 0


def test_a_number_on_another_document_is_asked_for_and_never_shown(screened, zhikun, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("E12345678\n"))
    answer = zhikun("monitor", "explain", "--document", "护照")
    assert "名册里没有这个人" in answer.err
    assert "E12345678" not in answer.said
    typed = zhikun("monitor", "feedback", "--person", "E12345678", "--document", "护照", "--outcome", "不困难")
    assert (typed.code, "历史记录" in typed.err, "E12345678" in typed.said) == (3, True, False)


def test_before_any_run_the_commands_say_how_to_begin(county, zhikun, tmp_path):
    for words in (
        ("explain", token_text(county.token(1))),
        ("simulate", "--level", "blue=25"),
        ("routes", "--out", tmp_path),
    ):
        answer = zhikun("monitor", *words)
        assert answer.code == 4
        assert "请先运行 zhikun monitor run" in answer.err


def test_an_empty_work_list_of_a_place_says_so(screened, zhikun, tmp_path):
    assert "名单是空的" in zhikun("monitor", "worklist", "--out", tmp_path / "a.xlsx", "--place", "999999").out
    assert "名单是空的" not in zhikun("monitor", "worklist", "--out", tmp_path / "b.xlsx", "--place", "640402").out


def test_where_another_pack_was_screened_the_way_out_names_it(screened, zhikun, monkeypatch):
    other = replace(monitor.load_pack("county"), id="other")
    monkeypatch.setattr(monitor, "load_pack", lambda _name: other)
    answer = zhikun("monitor", "explain", token_text(screened.token(1)), "--pack", "other")
    assert answer.code == 4
    assert "这个数据文件夹里筛查过的是 --pack county。" in answer.err


def test_a_pack_without_monitoring_is_refused(county, zhikun, monkeypatch):
    monkeypatch.setattr(monitor, "load_pack", lambda _name: replace(load("gansu"), monitoring=None))
    answer = zhikun("monitor", "run", "--month", "2026-01")
    assert answer.code == 4
    assert "没有监测预警" in answer.err


@pytest.mark.fonts
def test_a_report_is_written_whole_for_readers_with_and_without_a_browser(screened, zhikun, tmp_path):
    out = tmp_path / "月报"
    answer = zhikun("monitor", "report", "--month", "2026-01", "--on", "2026-03-20", "--out", out)
    assert answer.code == 0, answer.err
    assert (
        "监测对象 2 → 在名单里找到 2 → 有得分 2 → 发出预警 2 → 已入户核实 0 → 已帮扶 0；超期未核实 2 件" in answer.out
    )
    assert sorted(path.name for path in out.iterdir()) == ["report.html", "report.pdf"]
    text = (out / "report.html").read_text(encoding="utf-8")
    assert "示例参数，须由本地填报" in text
    assert "系统提出建议，由人作出决定" in text
    assert (out / "report.pdf").read_bytes().startswith(b"%PDF")


def test_without_fonts_an_older_pdf_does_not_stay_beside_the_newer_page(screened, zhikun, tmp_path, monkeypatch):
    writing = importlib.import_module("zhikun.cli.monitor_report")
    (tmp_path / "report.pdf").write_bytes(b"%PDF of another month")

    def without_fonts(_found, _pack, html, pdf):
        if pdf is not None:
            raise FontsMissing("这台机器没有中文字体")
        html.write_text("页", encoding="utf-8")

    monkeypatch.setattr(writing, "write_report", without_fonts)
    answer = zhikun("monitor", "report", "--on", "2026-03-20", "--out", tmp_path)
    assert answer.code == 0
    assert "没有写 PDF：这台机器没有中文字体" in answer.err
    assert (tmp_path / "report.html").exists()
    assert not (tmp_path / "report.pdf").exists()


def test_a_report_of_a_month_that_was_not_run_or_of_an_earlier_day_is_refused(screened, zhikun, tmp_path):
    answer = zhikun("monitor", "report", "--month", "2026-05", "--out", tmp_path / "out")
    assert (answer.code, "还没有筛查" in answer.err) == (4, True)
    answer = zhikun("monitor", "report", "--on", "2026-01-15", "--out", tmp_path / "out")
    assert (answer.code, "2026-01-15" in answer.err) == (4, True)
    assert not (tmp_path / "out").exists()


def test_a_command_that_a_message_prints_can_be_copied_as_it_is(monkeypatch, capsys, tmp_path):
    monkeypatch.delenv("ZHIKUN_DATA", raising=False)
    say_months([Month(2026, 2)], "gansu", tmp_path / "数据 一")
    assert f"zhikun monitor run --month 2026-02 --pack gansu --data '{tmp_path}/数据 一'" in capsys.readouterr().out
    monkeypatch.setenv("ZHIKUN_DATA", str(tmp_path))
    say_months([Month(2026, 2)], "gansu", tmp_path)
    assert "--data" not in capsys.readouterr().out
