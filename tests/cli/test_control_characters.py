"""What a file may hold to steer a terminal, or to turn words round, never reaches a screen or a page as such."""

from __future__ import annotations

import csv
import re

import openpyxl
import pyarrow.parquet as pq
import pytest
from tests.cli.conftest import DAY

from zhikun.tables import RowMessage
from zhikun.wording import shown

RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
RED = "\x1b[31m"
ASSESS = ["--pack", "national", "--on", DAY]


@pytest.fixture
def hostile(good, tmp_path):
    """A folder of CSV files: codes of a terminal in a household's number, in bad cells, in a heading, in texts."""
    folder = tmp_path / "调查"
    folder.mkdir()
    book = openpyxl.load_workbook(good)
    for title in ("家庭", "成员"):
        rows = [["" if c is None else str(c) for c in r] for r in book[title].iter_rows(min_row=2, values_only=True)]
        rows = [row for row in rows if row[0] != "示例"]
        for row in rows[1:]:
            row[0] = f"H{RED}01" if row[0] == "H01" else row[0]
        if title == "家庭":
            rows[2][rows[0].index("城乡类别")] = f"农{RED}忖\u202e\x9b2J"
            rows = [[*row, "备"] for row in rows]
            rows[0][-1] = f"村{RED}里意见"
        else:
            rows[1][rows[0].index("姓名")] = f"张{RED}\u202e三"
        with (folder / f"{title}.csv").open("w", encoding="utf-8", newline="") as lines:
            csv.writer(lines).writerows(rows)
    return folder


def test_a_screen_shows_them_as_a_mark(zhikun, hostile, tmp_path):
    answer = zhikun("survey", "check", hostile, "--pack", "national", "--rejects", tmp_path / "r.xlsx")
    assert answer.code == 1
    assert not RAW.search(answer.said)
    assert "填的是“农�[31m忖��2J”" in answer.out
    assert "“村�[31m里意见”列" in answer.out


@pytest.mark.fonts
def test_results_and_pages_are_clean_and_the_data_stay(zhikun, hostile, tmp_path):
    household = f"H{RED}01"
    answer = zhikun("assess", hostile, *ASSESS, "--out", tmp_path / "out", "--explain", household)
    assert answer.code == 1
    assert not RAW.search(answer.said)
    assert "户 H�[31m01" in answer.out
    pages = list((tmp_path / "out").glob("*.html"))
    assert len(pages) == 2
    for page in pages:
        assert not RAW.search(page.read_text(encoding="utf-8")), page
    assert pq.read_table(tmp_path / "out" / "results.parquet")["household"].to_pylist()[0] == household


@pytest.mark.parametrize("form", ["--json", "--markdown"])
def test_an_explanation_piped_on_is_clean(zhikun, hostile, form):
    assert not RAW.search(zhikun("assess", hostile, *ASSESS, "--explain", f"H{RED}01", form).said)


@pytest.mark.parametrize(
    "words",
    [
        ["survey", "check", f"{RED}.xlsx", "--pack", "national"],
        ["packs", "check", f"{RED}x"],
        [f"as{RED}sess"],
        ["assess", "x.xlsx", "--pack", "national", "--on", f"{RED}2025"],
        ["assess", "x.xlsx", "--pack", "national", "--on", DAY, f"{RED}extra"],
    ],
)
def test_refusals_are_clean(zhikun, words):
    answer = zhikun(*words)
    assert answer.code
    assert not RAW.search(answer.said)


def test_a_message_is_clean_wherever_it_is_shown():
    message = RowMessage(f"家{RED}庭", 2, f"城\x07乡{RED}", f"填的是{RED}", f"\x9b应为{RED}", "改\x00")
    assert not RAW.search(str(message))
    assert str(message).startswith("“家�[31m庭”表第 2 行“城�乡�[31m”列：")


def test_lines_and_tabs_and_every_other_sign_stay():
    text = "第一行\n\t第二行：阿依·古丽　€ 𠮷 é"
    assert shown(text) == text
