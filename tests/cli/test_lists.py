"""`zhikun lists` as the officer who receives the files runs it."""

import json
import re

import pytest
from tests.intake.lists.factory import number

HEADER = "身份证号,姓名,医疗机构,入院日期\n"


@pytest.fixture
def desk(tmp_path, monkeypatch, zhikun):
    """A county with keys and a data folder, named by the environment."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "conf"))
    monkeypatch.delenv("ZHIKUN_KEYS", raising=False)
    monkeypatch.delenv("ZHIKUN_PACK", raising=False)
    monkeypatch.setenv("ZHIKUN_DATA", str(tmp_path / "data"))
    assert zhikun("keys", "init").code == 0
    return tmp_path


def stays(desk, name="住院.csv", count=100, extra="", month="11"):
    path = desk / name
    rows = "".join(f"{number(i)},张三丰,县医院,2026-{month}-{i % 20 + 1:02d}\n" for i in range(count))
    path.write_text(HEADER + rows + extra, encoding="utf-8")
    return path


def receive(zhikun, path, period="2026-11", *more):
    return zhikun("lists", "receive", path, "--source", "inpatients", "--period", period, "--on", "2026-11-22", *more)


def test_a_good_file_is_answered_with_its_receipt(desk, zhikun):
    answer = receive(zhikun, stays(desk))
    assert answer.code == 0, answer.said
    assert "回执 inpatients/2026-11/001" in answer.out
    assert "读入 100 行：收下 100 行，退回 0 行" in answer.out
    again = receive(zhikun, stays(desk))
    assert again.code == 0
    assert "已经收过" in again.out


def test_bad_rows_are_told_without_the_number_and_come_back_beside_the_file(desk, zhikun):
    wrong = number(500)[:17] + ("1" if number(500)[17] != "1" else "2")
    answer = receive(zhikun, stays(desk, extra=f"{wrong},李四光,县医院,2026-11-02\n"))
    assert answer.code == 1
    assert "校验位不对" in answer.out
    assert "第 102 行" in answer.out
    assert wrong not in answer.said
    assert (desk / "住院-退回.xlsx").exists()


def test_rejects_of_one_month_do_not_lie_over_those_of_another(desk, zhikun):
    bad = "123,李四光,县医院,\n"
    receive(zhikun, stays(desk, "住院.2026-09.csv", extra=bad, month="09"), "2026-09")
    receive(zhikun, stays(desk, "住院.2026-10.csv", extra=bad, month="10"), "2026-10")
    first = (desk / "住院.2026-10-退回.xlsx").read_bytes()
    assert (desk / "住院.2026-09-退回.xlsx").exists()
    answer = receive(zhikun, stays(desk, "住院.2026-10.csv", 101, bad, month="10"), "2026-10")
    assert "住院.2026-10-退回-2.xlsx" in answer.out.replace("\n", "")
    assert (desk / "住院.2026-10-退回-2.xlsx").exists()
    assert (desk / "住院.2026-10-退回.xlsx").read_bytes() == first


def test_a_suspicious_file_waits_for_a_person_and_status_says_so(desk, zhikun):
    receive(zhikun, stays(desk, "九月.csv", month="09"), "2026-09")
    answer = receive(zhikun, stays(desk, "十一月.csv", 30))
    assert answer.code == 1
    assert "少得不寻常" in answer.out
    status = zhikun("lists", "status", "--month", "2026-11", "--on", "2026-12-05")
    assert status.code == 1
    assert "［待核］  患病住院" in status.out
    assert "［缺失］  新增失业" in status.out
    assert "相关指标一律未知" in status.out
    assert zhikun("lists", "release", "inpatients/2026-11/001", "--by", "王", "--why", " ").code == 4
    released = zhikun("lists", "release", "inpatients/2026-11/001", "--by", "王核", "--why", "只有两县报送")
    assert released.code == 0, released.said
    assert "已收下：王核，只有两县报送" in released.out
    refused = zhikun("lists", "refuse", "inpatients/2026-11/001", "--by", "王核", "--why", "错了")
    assert refused.code == 4
    assert "不在待核之列" in refused.err
    assert "依据 2026-11" in zhikun("lists", "status", "--month", "2026-11").out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--source", "inpatient", "--period", "2026-11"], 4, "您是不是想写“inpatients”"),
        (["--source", "inpatients", "--period", "2026-13"], 2, "请写成 2026-11"),
        (["--source", "inpatients", "--period", "2027-01"], 4, "还没有到"),
        (["--source", "college_admissions", "--period", "2026-11"], 4, "2026-09"),
        (["--source", "inpatients", "--period", "2026-11", "--pack", "taoyuan"], 4, "没有监测预警"),
        (["--source", "inpatients", "--period", "2026-11", "--rejects", "x.csv"], 2, ".xlsx"),
    ],
)
def test_what_cannot_be_received_is_answered_with_the_way_out(desk, zhikun, words, code, said):
    answer = zhikun("lists", "receive", stays(desk), "--on", "2026-11-22", *words)
    assert answer.code == code, answer.said
    assert said in answer.said


def test_a_file_that_is_no_list_and_keys_that_are_not_there(desk, zhikun):
    (desk / "x.csv").write_text("甲,乙\n1,2\n", encoding="utf-8")
    answer = receive(zhikun, desk / "x.csv")
    assert answer.code == 3
    assert "找不到“患病住院”的表头" in answer.err
    assert receive(zhikun, desk / "none.csv").code == 3
    (desk / "conf" / "zhikun" / "keys.json").unlink()
    answer = receive(zhikun, stays(desk))
    assert answer.code == 3
    assert "zhikun keys init" in answer.err


def test_a_database_is_an_address_and_what_is_none_is_told(desk, zhikun):
    import contextlib
    import sqlite3

    pytest.importorskip(
        "adbc_driver_sqlite", reason="adbc-driver-sqlite is not installed: pip install 'zhikun[databases]'"
    )
    with contextlib.closing(sqlite3.connect(desk / "h.db")) as connection, connection:
        connection.execute('CREATE TABLE t ("身份证号" TEXT, "姓名" TEXT)')
        connection.executemany("INSERT INTO t VALUES (?, '张三丰')", [(number(i),) for i in range(50)])
    words = ("--source", "inpatients", "--period", "2026-11", "--on", "2026-11-22")
    answer = zhikun("lists", "receive", "--from", f"sqlite:///{desk / 'h.db'}?table=t", *words)
    assert answer.code == 0, answer.said
    assert "收下 50 行" in answer.out
    assert "文件里没有这些列" in answer.out
    assert zhikun("lists", "receive", "--from", "ftp://x/y", *words).code == 2
    assert zhikun("lists", "receive", *words).code == 2
    assert zhikun("lists", "receive", "--from", "http://127.0.0.1:1/x", "--query", "SELECT 1", *words).code == 2


def population(desk, count=60):
    path = desk / "名册.csv"
    rows = "".join(f"{number(i)},张三丰,620102001001,H{i},城乡低保对象、特困供养人员\n" for i in range(count))
    path.write_text("身份证号,姓名,区划代码,户编号,监测对象类别\n" + rows, encoding="utf-8")
    return path


@pytest.fixture
def screened(desk, zhikun):
    """September and October, received and screened."""
    for month in ("09", "10"):
        words = ("--period", f"2026-{month}", "--on", "2026-11-22")
        assert zhikun("lists", "receive", population(desk, 60 + int(month)), "--source", "population", *words).code == 0
        receive(zhikun, stays(desk, f"{month}月.csv", month=month), f"2026-{month}")
    for month in ("2026-09", "2026-10"):
        assert zhikun("monitor", "run", "--month", month, "--on", "2026-11-01").code == 0
    return desk


def months_again(answer):
    """The months that are to be screened again, in the order in which they are said."""
    return re.findall(r"monitor run --month (\S+) --pack gansu", answer.out) if "请按顺序重新筛查" in answer.out else []


def test_a_correction_says_which_months_are_to_be_screened_again_and_in_which_order(screened, zhikun):
    answer = receive(zhikun, stays(screened, "九月更正.csv", 101, month="09"), "2026-09")
    assert answer.code == 0, answer.said
    assert months_again(answer) == ["2026-09", "2026-10"], "October's changes are told against September's"
    assert months_again(receive(zhikun, stays(screened, "九月更正.csv", 101, month="09"), "2026-09")) == []
    for month in months_again(answer):
        zhikun("monitor", "run", "--month", month)
    answer = receive(zhikun, stays(screened, "十月更正.csv", 102, month="10"), "2026-10")
    assert months_again(answer) == ["2026-10"]
    assert months_again(receive(zhikun, stays(screened), "2026-11")) == ["2026-10"], "November was never screened"


def test_what_is_released_is_to_be_screened_again_what_is_held_or_refused_is_not(screened, zhikun):
    assert months_again(receive(zhikun, stays(screened, "少.csv", 20, month="10"), "2026-10")) == []
    refused = zhikun("lists", "refuse", "inpatients/2026-10/002", "--by", "王核", "--why", "漏了一县")
    assert (refused.code, months_again(refused)) == (0, [])
    receive(zhikun, stays(screened, "少.csv", 20, month="10"), "2026-10")
    released = zhikun("lists", "release", "inpatients/2026-10/003", "--by", "王核", "--why", "确实只有这些")
    assert (released.code, months_again(released)) == (0, ["2026-10"])


def test_a_pack_that_is_gone_keeps_no_list_out(screened, zhikun):
    (screened / "data/screening/gansu").rename(screened / "data/screening/gone")
    answer = receive(zhikun, stays(screened, "十月更正.csv", 102, month="10"), "2026-10")
    assert answer.code == 0
    assert "不认识政策包“gone”" in answer.err


def test_an_earlier_month_that_never_came_is_told_though_the_newest_is_there(desk, zhikun):
    assert zhikun(
        "lists", "receive", population(desk), "--source", "population", "--period", "2026-11", "--on", "2026-11-22"
    ).code == 0  # fmt: skip
    said = zhikun("lists", "status", "--month", "2026-11", "--on", "2026-11-22").out.split("［")
    about = next(part for part in said if "（population，" in part)
    assert about.startswith("已到］")
    assert "更早的 2026-10 逾期未到" in about


def test_a_check_says_which_file_is_damaged_and_what_to_do(desk, zhikun):
    receive(zhikun, stays(desk, "十月.csv", month="10"), "2026-10")
    receive(zhikun, stays(desk))
    good = zhikun("lists", "status", "--check", "--month", "2026-11")
    assert good.code == 1, "other lists have not come"
    assert "核对了 2 份收下的文件，都与写下时一样" in good.out
    rows = desk / "data/lists/inpatients/2026-10/001/rows.parquet"
    rows.write_bytes(rows.read_bytes()[:-100])
    assert zhikun("lists", "status", "--month", "2026-11").code == 1, "without a check nothing is read"
    answer = zhikun("lists", "status", "--check", "--month", "2026-11")
    assert answer.code == 3
    assert "有 1 份不能用" in answer.out
    assert "inpatients/2026-10/001" in answer.out
    assert "请从备份恢复它；没有备份的，请重新接收“十月.csv”" in answer.out.replace("\n", "")


@pytest.mark.parametrize("command", [["run", "--month", "2026-10"], ["explain", "--month", "2026-10"]])
@pytest.mark.parametrize("how", ["cut", "hole", "gone"])
def test_a_damaged_file_is_named_where_a_month_is_screened_or_explained(screened, zhikun, command, how):
    from pyarrow import parquet as pq

    from zhikun.identity import token_text

    warnings = screened / "data/screening/gansu/2026-10/warnings.parquet"
    person = pq.read_table(warnings, columns=["person"]).column("person")[0].as_py()
    command = [*command, *([token_text(person)] if command[0] == "explain" else ["--on", "2026-11-02"])]
    rows = screened / "data/lists/inpatients/2026-10/001/rows.parquet"
    content = rows.read_bytes()
    chunk = pq.read_metadata(rows).row_group(0).column(0)
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    if how == "cut":
        rows.write_bytes(content[: len(content) // 2])
    elif how == "hole":
        rows.write_bytes(
            content[:start] + bytes(chunk.total_compressed_size) + content[start + chunk.total_compressed_size :]
        )
    else:
        rows.unlink()
    answer = zhikun("monitor", *command)
    assert answer.code == 3, answer.said
    assert "inpatients/2026-10/001/rows.parquet 读不出来" in answer.err.replace("\n", "")
    assert "请从备份恢复" in answer.err


def test_after_a_rotation_of_keys_every_receipt_knows_its_rows(desk, zhikun):
    receive(zhikun, stays(desk))
    receipt = desk / "data/lists/inpatients/2026-11/001/receipt.json"
    before = json.loads(receipt.read_text())
    assert zhikun("keys", "rotate", "--data", desk / "data").code == 0
    after = json.loads(receipt.read_text())
    assert after["rows_sha256"] != before["rows_sha256"]
    assert {**after, "rows_sha256": ""} == {**before, "rows_sha256": ""}
    assert "都与写下时一样" in zhikun("lists", "status", "--check").out
    assert "已经收过" in receive(zhikun, stays(desk)).out
