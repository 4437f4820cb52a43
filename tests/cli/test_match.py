"""`zhikun match` as officers run it: leads without identity numbers beside the people watched."""

from __future__ import annotations

import csv
import json
import os
import re
import stat
from dataclasses import replace
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest

from zhikun.identity import token_of, with_check_character
from zhikun.identity.keyring import read_ring
from zhikun.tables import read_sheets

HOME, OTHER, FAR = "640402001001", "640402001002", "640402103005"
#: Nobody of them exists: area 99 is not assigned.
WANG, LI, MA, TWIN, SUN = (
    with_check_character(f"990101{rest}") for rest in ("19800102001", "19750304002", "19900607003", "19900607005", "19610909004")
)  # fmt: skip
NAMES = {WANG: "王小明", LI: "李秀英", MA: "马晓东", TWIN: "马晓亮", SUN: "孙德福"}
PEOPLE = [(WANG, HOME, "H1"), (LI, HOME, "H2"), (MA, OTHER, "H3"), (TWIN, OTHER, "H3"), (SUN, FAR, "H4")]
# Sixty villages in which somebody else lives, so that a village says something.
OTHERS = [(with_check_character(f"99010219{n:02d}0101002"), f"6404021{n:02d}001", f"X{n}") for n in range(10, 70)]
NAMES |= {number: f"{chr(0x4E00 + 40 * n)}某" for n, (number, _place, _home) in enumerate(OTHERS)}
LEADS = [
    ("王小明", "1980-01-02", HOME),  # as in the register
    ("李秀瑛", "1975-03-04", HOME),  # a character that sounds alike
    ("孙德福", "", FAR),  # nobody asked when he was born
    ("钱老七", "1950-05-05", HOME),  # not watched
]


def table(path: Path, header: str, rows: list[tuple]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header.split(","), *rows])
    return path


class Desk:
    """A county with keys, a register of people watched and a list of leads."""

    def __init__(self, folder: Path, zhikun) -> None:
        self.folder, self.zhikun, self.data = folder, zhikun, folder / "data"

    def receive(self, source: str, path: Path, period: str = "2026-10"):
        words = ("--source", source, "--period", period, "--on", "2026-11-20", "--by", "收件员")
        answer = self.zhikun("lists", "receive", path, *words)
        if waiting := re.search(r"refuse (\S+) --by", answer.out):  # a small county's files look odd to the desk
            assert self.zhikun("lists", "release", waiting[1], "--by", "收件员", "--why", "测试").code == 0
        return answer

    def watch(self, people=PEOPLE, period="2026-10"):
        rows = [(number, NAMES[number], place, home, "最低生活保障对象") for number, place, home in [*people, *OTHERS]]
        path = table(self.folder / f"名册-{period}.csv", "身份证号,姓名,区划代码,户编号,监测对象类别", rows)
        return self.receive("population", path, period)

    def leads(self, rows=LEADS, period="2026-10"):
        return self.receive("leads", table(self.folder / f"线索-{period}.csv", "姓名,出生日期,区划代码", rows), period)

    def link(self, period="2026-10", *more):
        return self.zhikun("match", "link", "leads", "--period", period, *more)

    def run(self, month="2026-10"):
        return self.zhikun("monitor", "run", "--month", month, "--on", f"{month}-31")

    def token(self, number: str) -> bytes:
        return token_of(read_ring(Path(os.environ["ZHIKUN_KEYS"])), "monitoring", number)

    def file(self, name: str, period="2026-10", number="001") -> Path:
        (newest,) = [*(self.data / "matching" / "leads" / period / number).glob(f"*/{name}")][-1:]
        return newest

    def outcomes(self, period="2026-10", path=None) -> dict[int, list[tuple]]:
        found: dict[int, list[tuple]] = {}
        for row in pq.read_table(path or self.file("links.parquet", period)).to_pylist():
            found.setdefault(row["row"], []).append((row["outcome"], row["step"], row["person"]))
        return found

    def reviewed(self, verdicts: dict[str, str], period="2026-10") -> Path:
        """The workbook of open pairs, filled in by the row of the sender's file."""
        book = self.folder / "核对.xlsx"
        book.unlink(missing_ok=True)
        answer = self.zhikun("match", "review", "leads", "--period", period, "--out", book)
        assert answer.code == 0, answer.said
        (sheet,) = read_sheets(book)
        head = next(n for n, row in enumerate(sheet.head(20)) if "认定" in row)
        rows = sheet.head(100)[head:]
        place = rows[0].index("认定")
        for row in rows[1:]:
            row[place], row[place + 1] = verdicts.get(row[0], ""), "入户核实" if row[0] in verdicts else ""
        return table(
            self.folder / "认定.csv",
            ",".join(f"列{n}" if rows[0].count(h) > 1 else h for n, h in enumerate(rows[0])),
            rows[1:],
        )

    def warned(self, number: str, month="2026-10") -> dict | None:
        found = pq.read_table(self.data / "screening" / "national" / month / "warnings.parquet").to_pylist()
        return next((w for w in found if w["person"] == self.token(number)), None)


@pytest.fixture
def desk(tmp_path, monkeypatch, zhikun):
    conf = tmp_path / "conf"
    conf.mkdir(mode=0o700)
    monkeypatch.setenv("ZHIKUN_KEYS", str(conf / "keys.json"))
    monkeypatch.setenv("ZHIKUN_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("ZHIKUN_PACK", "national")
    assert zhikun("keys", "init").code == 0
    place = Desk(tmp_path, zhikun)
    place.watch()
    place.leads()
    return place


def test_a_list_without_numbers_is_linked_with_three_outcomes_and_nothing_in_the_clear(desk):
    answer = desk.link()
    assert answer.code == 1, answer.said
    assert "对上 1 行，2 行等人核对，1 行不在监测名册" in answer.out
    assert desk.outcomes() == {
        2: [("linked", "name", desk.token(WANG))],
        3: [("review", "probability", desk.token(LI))],
        4: [("review", "probability", desk.token(SUN))],
        5: [("not_linked", "", None)],
    }
    for path in (desk.data / "matching").rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode & 0o077 == 0, path
        if path.is_file():
            content = path.read_bytes()
            assert not any(name.encode() in content for name in [*NAMES.values(), "李秀瑛", "钱老七"]), path


def test_the_same_again_makes_nothing_and_made_anew_it_is_the_same_bytes(desk):
    import shutil

    desk.link()
    before = {p.relative_to(desk.data): p.read_bytes() for p in (desk.data / "matching").rglob("*.*") if p.is_file()}
    assert "比对过" in desk.link().out
    shutil.rmtree(desk.data / "matching")
    desk.link()
    after = {p.relative_to(desk.data): p.read_bytes() for p in (desk.data / "matching").rglob("*.*") if p.is_file()}
    assert before == after


def test_a_run_links_by_itself_and_who_waits_is_unknown_upward_not_false(desk, zhikun):
    desk.receive("unemployment", table(desk.folder / "失业.csv", "身份证号,姓名", [(n, NAMES[n]) for n in (LI, MA)]))
    desk.receive("disability", table(desk.folder / "残疾.csv", "身份证号,姓名,残疾等级", []))
    answer = desk.run()
    assert answer.code == 0, answer.said
    assert "2 行等人核对" in answer.out
    assert "等核对的行可能是 2 位监测对象" in answer.out
    assert desk.warned(WANG)["score"] == 10
    assert desk.warned(SUN) is None, "a row that may be another's is no finding"
    told = json.loads(zhikun("monitor", "explain", desk.token(LI).hex(), "--json").out)
    lead = {line["indicator"]: line for line in told["indicators"]}["lead"]
    assert (lead["state"], lead["contribution"], lead["at_least"]) == ("unknown", "0", True)
    assert lead["looked_in"] == ["leads/2026-10/001"]
    assert "走访或热线发现的困难线索：未知" in zhikun("monitor", "explain", desk.token(LI).hex()).out
    assert "还没有核对是不是本人" in zhikun("monitor", "explain", desk.token(LI).hex()).out
    sure = json.loads(zhikun("monitor", "explain", desk.token(MA).hex(), "--json").out)
    lead = {line["indicator"]: line for line in sure["indicators"]}["lead"]
    assert (lead["state"], lead["at_least"]) == ("absent", False)
    assert "结果不变" in desk.run().out


def test_decisions_come_back_count_at_the_next_run_and_are_never_undone(desk, zhikun):
    desk.run()
    answer = zhikun("match", "decide", desk.reviewed({"3": "是同一人", "4": "不是同一人"}), "--by", "张核对")
    assert answer.code == 0, answer.said
    assert "新收 2 对，已有 0 对，退回 0 对；0 行没有填" in answer.out
    again = desk.run()
    assert "对上 2 行，0 行等人核对，2 行不在监测名册" in again.out
    assert desk.warned(LI)["score"] == 10
    assert desk.warned(SUN) is None
    # A correction of the list: other rows, the same records, and one more.
    desk.leads([("马晓东", "1990-06-07", OTHER), *LEADS[::-1]])
    corrected = desk.link().out
    assert "leads/2026-10/002" in corrected
    assert "对上 3 行，0 行等人核对，2 行不在监测名册" in corrected
    # The same said again next month is not asked again.
    desk.watch(period="2026-11")
    desk.leads(LEADS[1:3], "2026-11")
    assert "对上 1 行，0 行等人核对，1 行不在监测名册" in desk.link("2026-11").out


def test_what_cannot_be_decided_is_answered_row_by_row_and_the_rest_is_kept(desk, zhikun):
    desk.link()
    book = desk.reviewed({"3": "也许", "4": "是同一人"})
    answer = zhikun("match", "decide", book, "--by", "张核对")
    assert answer.code == 1
    assert "新收 1 对，已有 0 对，退回 1 对" in answer.out
    assert "“认定”不能是“也许”，请写 是同一人、不是同一人" in answer.out
    other = desk.reviewed({"3": "不是同一人"})
    text = other.read_text(encoding="utf-8")
    pair = next(line for line in text.splitlines() if line.startswith("3,")).rsplit(",", 2)[1:]
    words = ("--record", pair[0], "--person", pair[1], "--by", "李核对")
    assert zhikun("match", "decide", *words, "--verdict", "不是同一人", "--why", "入户核实").code == 0
    against = zhikun("match", "decide", *words, "--verdict", "是同一人", "--why", "看过户口本")
    assert against.code == 1
    assert "李核对已于" in against.out
    assert zhikun("match", "decide", *words, "--verdict", "是同一人", "--why", "看过户口本", "--replace").code == 0
    stranger = (
        "--record",
        pair[0],
        "--person",
        desk.token(MA).hex(),
        "--by",
        "李",
        "--verdict",
        "是同一人",
        "--why",
        "x",
    )
    assert "没有比对过这一对" in zhikun("match", "decide", *stranger).out
    assert zhikun("match", "decide", "--by", "李").code == 2
    lines = (desk.data / "matching" / "decisions.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["verdict"] for line in lines] == ["same", "different", "same"], "nothing is taken out"


def test_one_row_is_not_two_people(desk, zhikun):
    desk.leads([("马晓东", "1990-06-07", OTHER), ("马晓", "1990-06-07", OTHER)])
    desk.link()
    pairs = desk.outcomes(path=desk.file("links.parquet", number="002"))
    assert pairs[2] == [("linked", "name", desk.token(MA))], "the twin is another"
    assert {(outcome, person) for outcome, _step, person in pairs[3]} == {
        ("review", desk.token(MA)),
        ("review", desk.token(TWIN)),
    }
    answer = zhikun("match", "decide", desk.reviewed({"3": "是同一人"}), "--by", "张核对")
    assert "新收 1 对，已有 0 对，退回 1 对" in answer.out
    assert "一行不能是两个人" in answer.out


def test_what_is_decided_where_several_have_that_name_and_day_holds_for_this_list_alone(desk, zhikun, monkeypatch):
    namesake = with_check_character("99010119800102009")
    monkeypatch.setitem(NAMES, namesake, "王小明")
    desk.watch([*PEOPLE, (namesake, OTHER, "H8")])
    desk.link()
    found = desk.outcomes()[2]
    assert {(outcome, person) for outcome, _step, person in found} == {
        ("review", desk.token(WANG)),
        ("review", desk.token(namesake)),
    }
    rows = desk.reviewed({"2": "是同一人"})
    lines = rows.read_text(encoding="utf-8").splitlines()
    mine = [line for line in lines if not line.startswith("2,") or desk.token(namesake).hex() in line]
    rows.write_text("\n".join(mine), encoding="utf-8")
    assert "新收 1 对" in zhikun("match", "decide", rows, "--by", "张核对").out
    assert "对上 1 行，2 行等人核对，1 行不在监测名册" in desk.link().out
    desk.leads(LEADS[:1], "2026-11")
    assert "对上 0 行，1 行等人核对" in desk.link("2026-11", "--month", "2026-11").out


def test_decisions_survive_a_rotation_of_the_keys(desk, zhikun):
    desk.link()
    zhikun("match", "decide", desk.reviewed({"3": "是同一人"}), "--by", "张核对")
    desk.link()
    before = {path.parent.name for path in (desk.data / "matching").rglob("about.json")}
    assert zhikun("keys", "rotate", "--data", desk.data).code == 0
    answer = desk.link()
    assert "比对过：对上 2 行，1 行等人核对" in answer.out
    assert {path.parent.name for path in (desk.data / "matching").rglob("about.json")} == before
    assert desk.token(LI) in {row["person"] for row in pq.read_table(_decided(desk)).to_pylist()}
    printed_before = zhikun("match", "decide", desk.folder / "认定.csv", "--by", "张核对")
    assert "新收 0 对，已有 1 对，退回 0 对" in printed_before.out


def test_a_workbook_filled_in_while_the_keys_were_rotated_is_taken_as_it_is(desk, zhikun):
    desk.link()
    filled = desk.reviewed({"3": "是同一人", "4": "不是同一人"})
    assert zhikun("keys", "rotate", "--data", desk.data).code == 0
    answer = zhikun("match", "decide", filled, "--by", "张核对")
    assert "新收 2 对，已有 0 对，退回 0 对" in answer.out
    assert "对上 2 行，0 行等人核对，2 行不在监测名册" in desk.link().out


def test_no_identity_number_and_no_day_to_come_is_kept_with_a_decision(desk, zhikun):
    desk.link()
    filled = desk.reviewed({"3": "是同一人", "4": "不是同一人"})
    text = filled.read_text(encoding="utf-8").replace("入户核实", f"看了证件{LI}", 1)
    filled.write_text(text, encoding="utf-8")
    assert zhikun("match", "decide", filled, "--by", f"张{MA}").code == 4
    assert zhikun("match", "decide", filled, "--by", "张核对", "--on", "2999-01-01").code == 2
    assert not (desk.data / "matching" / "decisions.jsonl").exists(), "nothing is kept of what was refused whole"
    answer = zhikun("match", "decide", filled, "--by", "张核对")
    assert "新收 1 对，已有 0 对，退回 1 对" in answer.out
    assert "“理由”里像是写了身份证号" in answer.out
    assert LI not in answer.said + (desk.data / "matching" / "decisions.jsonl").read_text(encoding="utf-8")


def test_two_officers_at_once_do_not_make_one_row_two_people(desk, monkeypatch):
    from contextlib import contextmanager
    from datetime import date

    from zhikun.matching import MatchingError, Verdict, decisions
    from zhikun.screening.identified import LinkDecisions, person_id, record_id

    ring, folder = read_ring(Path(os.environ["ZHIKUN_KEYS"])), desk.data / "matching"
    row, said = record_id(ring, b"r" * 16), {"on": date(2026, 11, 1), "why": "核实"}
    alone = decisions.one_writer

    @contextmanager
    def after_somebody_else(place):
        monkeypatch.setattr(decisions, "one_writer", alone)
        LinkDecisions(folder, ring).decide(row, person_id(ring, desk.token(MA)), Verdict.SAME, by="李", **said)
        with alone(place):
            yield

    monkeypatch.setattr(decisions, "one_writer", after_somebody_else)
    with pytest.raises(MatchingError, match="李于2026-11-01认定为另一个人"):
        LinkDecisions(folder, ring).decide(row, person_id(ring, desk.token(TWIN)), Verdict.SAME, by="张", **said)
    assert len(LinkDecisions(folder, ring).in_force()) == 1


def test_people_left_at_older_keys_are_not_linked_for_good(desk, zhikun):
    watched = next((desk.data / "lists" / "population").rglob("rows.parquet"))
    backup = watched.read_bytes()
    assert zhikun("keys", "rotate", "--data", desk.data).code == 0
    watched.write_bytes(backup)
    answer = desk.link()
    assert answer.code not in (0, 1)
    assert "rows.parquet" in answer.err.replace("\n", "")
    assert not list((desk.data / "matching").rglob("links.parquet")), (
        "links to old tokens would name nobody, and be kept"
    )


def _decided(desk: Desk) -> Path:
    paths = (desk.data / "matching" / "leads").rglob("links.parquet")
    return next(p for p in paths if any(r["step"] == "decision" for r in pq.read_table(p).to_pylist()))


def test_without_splink_exact_links_only_and_loudly(desk, monkeypatch):
    monkeypatch.setattr("zhikun.screening.linking.by_probability_possible", lambda: False)
    answer = desk.link()
    assert "没有安装 splink" in answer.out
    assert "对上 1 行，0 行等人核对，3 行不在监测名册" in answer.out
    monkeypatch.undo()


def test_what_was_not_compared_without_splink_stands_in_the_explanation_and_the_report(desk, zhikun, monkeypatch):
    monkeypatch.setattr("zhikun.screening.linking.by_probability_possible", lambda: False)
    desk.run()
    told = zhikun("monitor", "explain", desk.token(LI).hex()).out
    lead = next(line for line in told.splitlines() if "走访或热线" in line)
    assert "名单里有 3 行没有比对（没有安装 splink），其中可能有这个人" in lead
    assert told.count("没有比对") == 1, "lists with numbers are whole"
    zhikun("monitor", "report", "--month", "2026-10", "--out", desk.folder)
    report = (desk.folder / "report.html").read_text(encoding="utf-8")
    assert "没有安装 splink" in report
    assert "“主动发现线索”3 行" in report
    monkeypatch.setattr("zhikun.screening.linking.by_probability_possible", lambda: True)
    desk.run()
    assert "没有比对" not in zhikun("monitor", "explain", desk.token(LI).hex()).out


def test_after_a_decision_the_months_that_rest_on_older_links_are_named(desk, zhikun):
    desk.run()
    answer = zhikun("match", "decide", desk.reviewed({"3": "是同一人"}), "--by", "张核对")
    assert "请按顺序重新筛查：zhikun monitor run --month 2026-10 --pack national。" in answer.out
    assert "重新筛查" not in desk.run().out
    assert "重新筛查" not in zhikun("match", "decide", desk.folder / "认定.csv", "--by", "张核对").out


def test_a_run_without_such_a_list_does_not_load_splink(desk, zhikun):
    import subprocess
    import sys

    code = (
        "import sys\nfrom zhikun.cli import main\nsys.argv = ['zhikun', 'monitor', 'run', '--month', '2026-09', '--on', '2026-09-30']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\nassert 'splink' not in sys.modules"
    )
    desk.watch(PEOPLE[:-1], "2026-09")
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert (desk.data / "screening" / "national" / "2026-09").is_dir()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("link", "deaths", "--period", "2026-10"), 4, "有身份证号"),
        (("link", "lead", "--period", "2026-10"), 4, "您是不是想写“leads”"),
        (("link", "leads", "--period", "2026-08"), 4, "没有可用的监测名册"),
        (("link", "leads", "--period", "2026-09", "--month", "2026-10"), 4, "没有 2026-09 这一期可用的名单"),
        (("review", "leads", "--period", "2026-10", "--out", "x.csv"), 2, ".xlsx"),
        (("duplicates", "--month", "2026-08", "--out", "x.xlsx"), 4, "没有可用的监测名册"),
    ],
)
def test_what_cannot_be_linked_is_answered_with_the_way_out(desk, zhikun, words, code, said):
    answer = zhikun("match", *words)
    assert answer.code == code, answer.said
    assert said in answer.said


def test_a_file_that_is_no_workbook_of_pairs_is_refused(desk, zhikun):
    path = table(desk.folder / "别的.csv", "姓名,结果", [("甲", "是")])
    answer = zhikun("match", "decide", path, "--by", "张")
    assert answer.code == 3
    assert "没有找到核对表的表头" in answer.err
    answer = zhikun("match", "decide", desk.folder, "--by", "张")
    assert (answer.code, "这是一个文件夹；应为一个文件" in answer.err) == (3, True), "it is there, and is no file"


def test_a_workbook_that_somebody_may_have_filled_in_is_not_written_over(desk, zhikun):
    desk.link()
    desk.reviewed({})
    book, duplicates = desk.folder / "核对.xlsx", desk.folder / "重复.xlsx"
    duplicates.write_bytes(b"mine")
    before = book.read_bytes()
    for words in (
        ("review", "leads", "--period", "2026-10", "--out", book),
        ("duplicates", "--month", "2026-10", "--out", duplicates),
    ):
        answer = zhikun("match", *words)
        assert answer.code == 5
        assert "没有覆盖" in answer.err
    assert (book.read_bytes(), duplicates.read_bytes()) == (before, b"mine")


@pytest.mark.parametrize(
    ("file", "asked"),
    [
        ("lists/leads/2026-10/001/rows.parquet", ("link", "review", "run")),
        ("lists/population/2026-10/001/rows.parquet", ("link", "review", "duplicates", "run")),
        ("lists/deaths/2026-10/001/rows.parquet", ("duplicates",)),
    ],
)
def test_a_damaged_list_is_named_with_the_way_out_by_whatever_needs_it(desk, zhikun, file, asked):
    desk.receive("deaths", table(desk.folder / "死亡.csv", "身份证号,姓名,死亡日期", [(SUN, "孙德福", "2026-10-03")]))
    desk.link()
    path = desk.data / file
    os.truncate(path, path.stat().st_size * 2 // 3)
    words = {
        "link": ("match", "link", "leads", "--period", "2026-10"),
        "review": ("match", "review", "leads", "--period", "2026-10", "--out", desk.folder / "新.xlsx"),
        "duplicates": ("match", "duplicates", "--month", "2026-10", "--out", desk.folder / "重.xlsx"),
        "run": ("monitor", "run", "--month", "2026-10"),
    }
    for one in asked:
        answer = zhikun(*words[one])
        assert answer.code == 3, (one, answer.said)
        assert f"{path} 读不出来：文件已损坏或不在了" in answer.err
        assert "请从备份恢复这个文件；没有备份的，请重新接收" in answer.err


@pytest.mark.parametrize("name", ["links.parquet", "rows.parquet", "about.json"])
def test_damaged_links_are_made_anew_the_same(desk, zhikun, name):
    desk.run()
    path = desk.file(name)
    before = path.read_bytes()
    os.truncate(path, len(before) // 2)
    if name == "rows.parquet":
        told = zhikun("monitor", "explain", desk.token(WANG).hex())
        assert (told.code, "可以重新算出" in told.err) == (3, True), told.said
    if name == "links.parquet":
        told = zhikun(
            "match",
            "decide",
            "--record",
            "00" * 16,
            "--person",
            "00" * 16,
            "--verdict",
            "是",
            "--why",
            "x",
            "--by",
            "李",
        )
        assert (told.code, "可以重新算出" in told.err) == (3, True), told.said
    answer = desk.link()
    assert "对上 1 行，2 行等人核对" in answer.out
    assert path.read_bytes() == before


def test_a_list_received_before_the_pack_gave_it_a_column_is_still_linked(desk, monkeypatch):
    from zhikun.engine.packs import load
    from zhikun.engine.packs.monitoring import Column

    pack = load("national")
    source = pack.monitoring.sources["leads"]
    place = source.column_of("place")
    other = Column("where_seen", place.title, "place", place.at)
    columns = {name: one for name, one in source.columns.items() if one is not place} | {"where_seen": other}
    sources = dict(pack.monitoring.sources) | {"leads": replace(source, columns=columns)}
    changed = replace(pack, monitoring=replace(pack.monitoring, sources=sources))
    monkeypatch.setattr("zhikun.cli.screen.load", lambda _name: changed)
    answer = desk.link()
    assert answer.code == 1, answer.said
    assert "对上 0 行，2 行等人核对，2 行不在监测名册" in answer.out, (
        "where nobody wrote a place of today, none is known"
    )


def test_decisions_that_are_gone_are_told_and_not_undone_silently(desk, zhikun):
    desk.link()
    zhikun("match", "decide", desk.reviewed({"3": "是同一人", "4": "不是同一人"}), "--by", "张核对")
    desk.link()
    kept = desk.data / "matching" / "decisions.jsonl"
    whole = kept.read_bytes()
    for left in (whole.splitlines(keepends=True)[0], b""):
        kept.write_bytes(left)
        for answer in (desk.link(), desk.run(), zhikun("match", "decide", desk.folder / "认定.csv", "--by", "李")):
            assert answer.code == 3, answer.said
            assert "认定记录" in answer.err
            assert "请从最近的备份恢复" in answer.err
    kept.write_bytes(whole)
    assert "对上 2 行，0 行等人核对" in desk.link().out


def test_people_and_households_twice_and_the_dead_still_watched_are_asked_about(desk, zhikun):
    second = with_check_character("99010119800102009")  # another number for the same name, day and village
    monkey = dict(NAMES)
    NAMES[second] = "王小明"
    try:
        desk.watch([*PEOPLE, (LI, HOME, "H9"), (second, HOME, "H8")])
    finally:
        NAMES.clear()
        NAMES.update(monkey)
    desk.receive("deaths", table(desk.folder / "死亡.csv", "身份证号,姓名,死亡日期", [(SUN, "孙德福", "2026-10-03")]))
    out = desk.folder / "重复.xlsx"
    answer = zhikun("match", "duplicates", "--month", "2026-10", "--out", out)
    assert answer.code == 1, answer.said
    sheets = {sheet.name: sheet.head(20) for sheet in read_sheets(out)}
    twice = [row for row in sheets["一人在两户"] if row[1].startswith("H")]
    assert sorted((row[1], row[3], row[4]) for row in twice) == [("H1", "H8", "待核对"), ("H2", "H9", "是同一人")]
    assert [(row[1], row[2], row[3]) for row in sheets["已故仍在册"] if row[1].startswith("H")] == [
        ("H4", "2026-10-03", "deaths/2026-10/001")
    ]
    said = json.dumps(sheets, ensure_ascii=False)
    assert SUN not in said
    assert "孙德福" not in said
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def filled(book: Path, household: str, verdict: str, why: str = "看过户口本") -> Path:
    """The workbook of duplicates with a verdict about the pair with this other household."""
    opened = openpyxl.load_workbook(book)
    sheet = opened["一人在两户"]
    head = next(n for n, row in enumerate(sheet.iter_rows(values_only=True), start=1) if "认定" in row)
    columns = {cell.value: cell.column for cell in sheet[head]}
    row = next(r for r in range(head + 1, sheet.max_row + 1) if sheet.cell(r, columns["另一户编号"]).value == household)
    sheet.cell(row, columns["认定"], verdict)
    sheet.cell(row, columns["理由"], why)
    opened.save(book)
    return book


def test_who_was_found_to_be_two_people_is_not_asked_about_again(desk, zhikun, monkeypatch):
    second = with_check_character("99010119800102009")  # another number for the same name, day and village
    monkeypatch.setitem(NAMES, second, "王小明")
    desk.watch([*PEOPLE, (LI, HOME, "H9"), (second, HOME, "H8")])

    def asked(name: str) -> tuple[Path, dict[str, str]]:
        book = desk.folder / name
        zhikun("match", "duplicates", "--month", "2026-10", "--out", book)
        sheets = {sheet.name: sheet.head(20) for sheet in read_sheets(book)}
        assert "演示数据" in json.dumps(sheets, ensure_ascii=False), "nobody takes generated people for real ones"
        return book, {row[3]: row[4] for row in sheets["一人在两户"] if row[1].startswith("H")}

    book, pairs = asked("1.xlsx")
    assert pairs == {"H8": "待核对", "H9": "是同一人"}
    same = zhikun("match", "decide", filled(book, "H9", "不是同一人"), "--by", "张核对")
    assert "证件号码相同，就是同一个人，不用认定" in same.out
    book, _pairs = asked("2.xlsx")
    assert zhikun("keys", "rotate", "--data", desk.data).code == 0
    answer = zhikun("match", "decide", filled(book, "H8", "不是同一人"), "--by", "张核对")
    assert (answer.code, "新收 1 对" in answer.out) == (0, True), answer.said
    assert asked("3.xlsx")[1] == {"H9": "是同一人"}
    assert "已有 1 对" in zhikun("match", "decide", book, "--by", "李核对").out
    against = zhikun("match", "decide", filled(book, "H8", "是同一人"), "--by", "李核对")
    assert "张核对已于" in against.out
    assert zhikun("match", "decide", book, "--by", "李核对", "--replace").code == 0
    assert zhikun("keys", "rotate", "--data", desk.data).code == 0
    assert asked("4.xlsx")[1] == {"H8": "是同一人", "H9": "是同一人"}, "asked for until the register is put right"
    words = ("--person", desk.token(WANG).hex(), "--by", "王", "--verdict", "不是同一人", "--why", "核实")
    assert "李核对已于" in zhikun("match", "decide", "--other", desk.token(second).hex(), *words).out
    assert "监测名册里没有这一对人" in zhikun("match", "decide", "--other", "00" * 16, *words).out
    assert zhikun("match", "decide", "--record", "00" * 16, "--other", "00" * 16, *words).code == 2
    assert "对上" in desk.link().out, "decisions about people are none about records"


def test_killed_or_twice_at_once_the_links_are_whole_and_the_same(desk):
    import shutil
    import signal
    import subprocess
    import sys
    import time

    words = [
        sys.executable,
        "-c",
        "from zhikun.cli import main; main()",
        "match",
        "link",
        "leads",
        "--period",
        "2026-10",
    ]
    desk.link()
    folder = desk.data / "matching"
    wanted = {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*.*") if p.is_file()}
    code = 1
    while code != -signal.SIGKILL:  # until one is killed at work, and not after it
        shutil.rmtree(folder, ignore_errors=True)
        killed = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        while killed.poll() is None and not [*folder.glob("leads/2026-10/001/.*.new/*")]:
            time.sleep(0.001)
        killed.send_signal(signal.SIGKILL)
        code = killed.wait()
    both = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [1, 1]
    assert sorted("地点比对过" in text for text in said) == [False, True]
    assert {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*.*") if p.is_file()} == wanted
