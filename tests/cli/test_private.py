"""All that stands in the data folder is about people: it is readable to its owner alone, whoever wrote it."""

import os
import stat
from datetime import date

import pyarrow.parquet as pq
import pytest
from openpyxl import load_workbook
from tests.intake.lists.factory import number

from zhikun.identity import token_text

HEADER = "身份证号,姓名,医疗机构,入院日期,费用总额,自付费用\n"


@pytest.fixture
def desk(tmp_path, monkeypatch, zhikun):
    """A county whose machine lets everybody read what is written."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "conf"))
    monkeypatch.delenv("ZHIKUN_KEYS", raising=False)
    monkeypatch.delenv("ZHIKUN_PACK", raising=False)
    monkeypatch.setenv("ZHIKUN_DATA", str(tmp_path / "deep" / "data"))
    before = os.umask(0o022)
    yield tmp_path
    os.umask(before)


def open_to_others(folder):
    """Files and folders that others may look into."""
    return [
        path.relative_to(folder).as_posix() or "."
        for path in (folder, *folder.rglob("*"))
        if stat.S_IMODE(path.stat().st_mode) & 0o077
    ]


def receive(zhikun, path, source):
    return zhikun(
        "lists", "receive", path, "--source", source, "--period", "2026-10", "--on", "2026-11-22", "--by", "收"
    )


def test_the_whole_data_folder_is_private_through_a_month_of_work(desk, zhikun):
    data = desk / "deep" / "data"
    assert zhikun("keys", "init").code == 0
    people = desk / "名册.csv"
    rows = "".join(f"{number(i)},张三丰,620102001001,H{i},低保对象\n" for i in range(60))
    group = "城乡低保对象、特困供养人员"
    people.write_text(
        "身份证号,姓名,区划代码,户编号,监测对象类别\n" + rows.replace("低保对象", group), encoding="utf-8"
    )
    assert receive(zhikun, people, "population").code == 0
    assert open_to_others(data) == []
    stays = desk / "住院.csv"
    stays.write_text(
        HEADER + "".join(f"{number(i)},张三丰,县医院,2026-10-{i % 28 + 1:02d},90000,80000\n" for i in range(60))
        + "123,李四光,县医院,2026-10-02,,\n" * 9,
        encoding="utf-8",
    )  # fmt: skip
    assert "先不使用" in receive(zhikun, stays, "inpatients").out
    assert open_to_others(data) == []
    assert zhikun("lists", "release", "inpatients/2026-10/001", "--by", "王", "--why", "已问过").code == 0
    book = load_workbook(desk / "住院-退回.xlsx")
    book["退回"].delete_rows(3, 50)
    book["退回"].cell(2, 1).value = number(70)
    book.save(desk / "改好.xlsx")
    assert "补入" in receive(zhikun, desk / "改好.xlsx", "inpatients").out
    assert open_to_others(data) == []
    assert zhikun("monitor", "run", "--month", "2026-10", "--on", "2026-11-01").code == 0
    warned = pq.read_table(data / "screening/gansu/2026-10/warnings.parquet", columns=["person"]).column("person")
    code = token_text(warned[0].as_py())
    answer = zhikun("monitor", "feedback", "--person", code, "--outcome", "不困难", "--by", "王", "--month", "2026-10")
    assert answer.code == 0, answer.said
    assert zhikun("monitor", "reminders", "--on", date.today().isoformat()).code == 0  # noqa: DTZ011 - the command's own day
    assert open_to_others(data) == []
    assert zhikun("keys", "rotate", "--data", data).code == 0
    assert open_to_others(data) == []
    assert len(list(data.rglob("*"))) > 25, "the walk saw the whole tree"
