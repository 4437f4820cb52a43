"""Ways in which departments' files are broken: each a name, the file, and what has to be said about it."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from tests.intake.lists.factory import STAYS_HEADER, as_csv, number, stay, stays

Rows = list[list[str]]


@dataclass(frozen=True)
class Refused:
    """The whole file goes back: words of the message."""

    says: str


@dataclass(frozen=True)
class Rejected:
    """Some rows go back: how many for which reason, and words of the message."""

    reason: str
    says: str
    count: int = 1


@dataclass(frozen=True)
class Held:
    """The file waits for a person: the code of the hold and words of it."""

    code: str
    says: str


@dataclass(frozen=True)
class Read:
    """The file is understood all the same: one cell of the first row, by column."""

    values: dict[str, object] = field(default_factory=dict)
    rows: int = 60
    note: str = ""


@dataclass(frozen=True)
class Damage:
    name: str
    content: bytes
    expected: Refused | Rejected | Held | Read
    file: str = "list.csv"


def one(**cells: str) -> bytes:
    """Sixty good rows, the first of them changed."""
    return as_csv([STAYS_HEADER, stay(0, **cells), *(stay(i) for i in range(1, 60))])


def columns(change: Callable[[Rows], object]) -> bytes:
    rows = [list(row) for row in stays(60)]
    change(rows)
    return as_csv(rows)


def headed(title: str, other: str) -> bytes:
    return columns(lambda rows: rows[0].__setitem__(STAYS_HEADER.index(title), other))


def without(title: str) -> bytes:
    def change(rows: Rows) -> None:
        place = STAYS_HEADER.index(title)
        for row in rows:
            del row[place]

    return columns(change)


def doubled(title: str, again: str) -> bytes:
    def change(rows: Rows) -> None:
        for position, row in enumerate(rows):
            row.append(row[STAYS_HEADER.index(title)] if position else again)

    return columns(change)


def lines(change: Callable[[list[str]], object]) -> bytes:
    """The file as lines of text, changed."""
    found = as_csv(stays(60)).decode().splitlines()
    change(found)
    return ("\n".join(found) + "\n").encode()


def swallowed(text: list[str]) -> None:
    """A quote opened in one row and closed in the next: two rows become one."""
    text[5:7] = [text[5].replace("县医院", '"县医院'), text[6].replace("县医院", '县医院"')]


def workbook(rows: list[list[object]], *sheets: str, merge: str = "") -> bytes:
    book = openpyxl.Workbook()
    for position, name in enumerate(sheets or ("名单",)):
        sheet = book.active if not position else book.create_sheet()
        sheet.title = name
        for row in rows:
            sheet.append(row)
        if merge:
            sheet.merge_cells(merge)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def typed(**cells: object) -> bytes:
    """A workbook whose first row has cells of other types."""
    rows: list[list[object]] = [list(row) for row in stays(60)]
    for title, cell in cells.items():
        rows[1][STAYS_HEADER.index(title)] = cell
    return workbook(rows)


def parquet(**cells: object) -> bytes:
    table = pa.table({title: pa.array([row[i] for row in stays(60)[1:]]) for i, title in enumerate(STAYS_HEADER)})
    for title, values in cells.items():
        table = table.set_column(STAYS_HEADER.index(title), title, values)
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def zipped(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, content)
    return out.getvalue()


def many(share: int, **cells: str) -> bytes:
    """Two hundred rows, every so many of them changed."""
    return as_csv([STAYS_HEADER, *(stay(i, **cells) if not i % share else stay(i) for i in range(200))])


GOOD = number(0)
WRONG_CHECK = GOOD[:17] + ("X" if GOOD[17] != "X" else "0")
FLOATS = pa.array([6.42223197001011234e17] * 60)
SEPTEMBER = [STAYS_HEADER, *(stay(i, 入院日期="2026-09-09") for i in range(60))]
GOOD_BOOK = workbook([list(row) for row in stays(60)])
ENCRYPTED = bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 512 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 512
OLD_WORD = bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 512 + "WordDocument".encode("utf-16-le") + b"\0" * 512

HEADINGS = [
    Damage("column missing", without("身份证号"), Refused("缺少“患病住院”必须有的列：身份证号")),
    Damage("column misspelt", headed("姓名", "性名"), Refused("缺少“患病住院”必须有的列：姓名")),
    Damage(
        "column twice under one heading", doubled("姓名", "姓名"), Refused("“姓名”有 2 列（姓名、姓名，在第 2、10 列）")
    ),
    Damage("column twice under two headings", doubled("身份证号", "公民身份号码"), Refused("“身份证号”有 2 列")),
    Damage("no heading row", as_csv(stays(60)[1:]), Refused("找不到“患病住院”的表头")),
    Damage("optional column missing", without("自付费用"), Read({"cost": None}, note="自付费用")),
    Damage("column nobody agreed on", doubled("姓名", "联系电话"), Read({}, note="没有读取也没有保存：联系电话")),
    Damage("headings with spaces and stars", headed("姓名", " * 姓 名 "), Read({"hospital": "县医院"})),
    Damage(
        "heading in another unit", headed("自付费用", "自付费用（万元）"), Read({"cost": None}, note="自付费用（万元）")
    ),
    Damage("heading with its unit", headed("自付费用", "自付费用（元）"), Read({"cost": 100.0})),
    Damage("title above the headings", lines(lambda t: t.insert(0, "患病住院人员名单,,,,,,,,")), Read({"row": 3})),
    Damage(
        "headings again in the middle", lines(lambda t: t.insert(30, t[0])), Rejected("heading", "表头又出现了一次")
    ),
    Damage(
        "the file of another list",
        as_csv([["身份证号", "姓名", "残疾等级"], [GOOD, "张三丰", "一级"]]),
        Refused("它的表头是名单“残疾人名册”（disabled）的"),
    ),
    Damage(
        "another list, without a column of this one",
        as_csv([["姓名", "出生日期", "区划代码"], ["张三丰", "2026-11-01", "620102"]]),
        Refused("它的表头是名单“新生儿”（births）的"),
    ),
    Damage("headings in broken characters", as_csv([["锟斤拷锟斤拷", "锟斤拷"], ["1", "2"]]), Refused("表头是乱码")),
]
WHOLE_FILES = [
    Damage("empty file", b"", Refused("文件是空的")),
    Damage("nothing but blank lines", b"\n\n \n", Refused("文件是空的")),
    Damage("headings only", as_csv(stays(0)), Held("empty", "没有一行可用")),
    Damage("zero bytes in the middle", as_csv(stays(60))[:5000] + b"\0" * 64 + as_csv(stays(60))[5000:], Refused("空字节")),
    Damage("last line cut off", as_csv(stays(60))[:-40], Held("cut_off", "没有传完")),
    Damage("neither UTF-8 nor GB18030", as_csv(stays(60)) + b"\xff\xff,\x80\x80\n", Refused("既不是 UTF-8 也不是 GB18030")),
    Damage("two files of two encodings", as_csv(stays(60)) + as_csv(stays(60)[1:], "gb18030"), Refused("编码")),
    Damage("byte order mark in the middle", as_csv(stays(30)) + as_csv(stays(60)[31:], "utf-8-sig"), Read(rows=59 + 1)),
    Damage("GB18030", as_csv(stays(60), "gb18030"), Read({"hospital": "县医院"})),
    Damage("tabs for commas", as_csv(stays(60)).replace(b",", b"\t"), Read({"hospital": "县医院"})),
    Damage("semicolons for commas", as_csv(stays(60)).replace(b",", b";"), Read({"hospital": "县医院"})),
    Damage("Chinese commas", as_csv(stays(60)).replace(b",", "，".encode()), Read({"hospital": "县医院"})),
    Damage("Windows line ends", as_csv(stays(60)).replace(b"\n", b"\r\n"), Read({"row": 2})),
    Damage("comma behind every row", lines(lambda t: t.__setitem__(slice(1, None), [x + "," for x in t[1:]])), Read({"row": 2})),
    Damage("row with a cell too many", lines(lambda t: t.__setitem__(5, t[5] + ",x")), Rejected("split", "格数与表头不同")),
    Damage("row with too few cells", lines(lambda t: t.__setitem__(5, "1,2")), Rejected("split", "格数与表头不同")),
    Damage("quote never closed", lines(lambda t: t.__setitem__(5, t[5].replace("县医院", '"县医院'))), Refused("引号不成对")),
    Damage("quotes that swallow a row", lines(swallowed), Rejected("id_inside", "这一格里有身份证号")),
    Damage("comma inside quotes", one(医疗机构="县医院,东院"), Read({"hospital": "县医院,东院"})),
    Damage("full-width signs", one(医疗机构="县医院（东院）Ａ座"), Read({"hospital": "县医院（东院）Ａ座"})),
    Damage("invisible marks in a text", one(医疗机构="县\u200b医院\ufeff "), Read({"hospital": "县医院"})),
    Damage("line break inside quotes", one(医疗机构="县医院\n东院"), Read({"hospital": "县医院\n东院"})),
    Damage("packed with gzip", gzip.compress(as_csv(stays(60))), Read({"row": 2}), "list.csv.gz"),
    Damage("gzip cut off", gzip.compress(as_csv(stays(60)))[:-100], Refused("压缩文件“list.csv.gz”不完整"), "list.csv.gz"),
    Damage("packed with zip", zipped("a.csv", as_csv(stays(60))), Refused("请先解压"), "list.zip"),
    Damage("zip cut off", zipped("a.csv", as_csv(stays(60)))[:-80], Refused("不完整或已损坏"), "list.zip"),
    Damage("workbook cut off", GOOD_BOOK[:-500], Refused("不完整或已损坏"), "list.xlsx"),
    Damage("workbook with a password", ENCRYPTED, Refused("设有打开密码"), "list.xlsx"),
    Damage("Word document", OLD_WORD, Refused("不是工作簿"), "list.doc"),
    Damage("picture", b"\x89PNG\r\n" + b"1" * 99, Refused("PNG 图片"), "list.csv"),
    Damage("page of the web", b"<html><table><tr><td>1</td></tr></table></html>", Refused("网页格式"), "list.xls"),
    Damage("text called a workbook", as_csv(stays(60)), Refused("内容却是普通文本"), "list.xlsx"),
    Damage("Parquet cut off", parquet()[:-50], Refused("不完整或已损坏"), "list.parquet"),
    Damage("two sheets alike", workbook([list(r) for r in stays(60)], "一月", "二月"), Refused("都像这份名单"), "list.xlsx"),
    Damage("workbook without data", workbook([]), Refused("找不到“患病住院”的表头"), "list.xlsx"),
]  # fmt: skip
NUMBERS = [
    Damage("no number", one(身份证号=""), Rejected("id_blank", "没有身份证号")),
    Damage("number shown as 6.42223E+17", one(身份证号="6.42223E+17"), Rejected("id_rounded", "四舍五入")),
    Damage("number ending in zeros", one(身份证号="642223197001011000"), Rejected("id_rounded", "后几位已经丢失")),
    Damage("number kept as a number", typed(身份证号=642223197001011234), Rejected("id_rounded", "四舍五入"), "list.xlsx"),
    Damage("number as a float", parquet(身份证号=FLOATS), Rejected("id_rounded", "四舍五入", 60), "list.parquet"),
    Damage("number of 15 digits", one(身份证号="990101500101001"), Read({"row": 2})),
    Damage("number of 17 digits", one(身份证号=GOOD[:17]), Rejected("id_length", "位数不对")),
    Damage("lower-case x", one(身份证号=next(number(i) for i in range(99) if number(i)[-1] == "X" and i > 59).lower()), Read({"row": 2})),
    Damage("full-width digits", one(身份证号=GOOD.translate({48 + d: 0xFF10 + d for d in range(10)})), Read({"row": 2})),
    Damage("spaces and an apostrophe", one(身份证号=f"'{GOOD[:6]} {GOOD[6:]} "), Read({"row": 2})),
    Damage("wrong check character", one(身份证号=WRONG_CHECK), Rejected("id_check", "校验位不对")),
    Damage("letters in the number", one(身份证号="99010119500101AB12"), Rejected("id_characters", "以外的字符")),
    Damage("born on February 30", one(身份证号="990101195002300017"), Rejected("id_birth_date", "不是真实的日期")),
    Damage("name in the number's place", one(身份证号="张三丰"), Rejected("id_characters", "以外的字符")),
    Damage("kind of document nobody knows", one(证件种类="学生证"), Rejected("document", "请照证件写出种类")),
    Damage("passport", one(身份证号="E12345678", 证件种类="护照"), Read({"document_kind": "护照"})),
    Damage("no name", one(姓名=""), Rejected("blank", "必填")),
    Damage("name with a middle dot and spaces", one(姓名="阿依古丽 • 买买提"), Read({"row": 2})),
    Damage("broken characters in a name", one(姓名="张\ufffd丰"), Rejected("garbled", "乱码")),
]  # fmt: skip
CELLS = [
    Damage("thousands separators", one(自付费用="12,345.60"), Read({"cost": 12345.6})),
    Damage("ten-thousands", one(自付费用="1.15万"), Read({"cost": 11500.0})),
    Damage("ten-thousands with unit", one(自付费用="３．２万元"), Read({"cost": 32000.0})),
    Damage("sign of money", one(自付费用="¥1,200元"), Read({"cost": 1200.0})),
    Damage("full-width amount", one(自付费用="１２３４．５"), Read({"cost": 1234.5})),
    Damage("amount in words", one(自付费用="约三千"), Rejected("number", "填的是“约三千”")),
    Damage("range for an amount", one(自付费用="1000-2000"), Rejected("number", "不要填范围")),
    Damage("not known", one(自付费用="不详"), Read({"cost": None})),
    Damage("negative amount", one(自付费用="-300"), Rejected("range", "不能是负数")),
    Damage("amount beyond all limits", one(自付费用="12345678"), Rejected("range", "是元不是万元")),
    Damage("code nobody agreed on", one(类型="急诊"), Rejected("choice", "应为住院、门诊之一")),
    Damage("code in place of its words", one(类型="outpatient"), Read({"kind": "outpatient"})),
    Damage("words with a space", one(类型="门 诊"), Read({"kind": "outpatient"})),
    Damage("yes and no", one(是否参保="√"), Read({"insured": True})),
    Damage("neither yes nor no", one(是否参保="可能"), Rejected("boolean", "应为“是”或“否”")),
    Damage("date with slashes", one(入院日期="2026/11/3"), Read({"admitted_on": "2026-11-03"})),
    Damage("date with points", one(入院日期="2026.11.03"), Read({"admitted_on": "2026-11-03"})),
    Damage("date in one piece", one(入院日期="20261103"), Read({"admitted_on": "2026-11-03"})),
    Damage("date in Chinese", one(入院日期="2026年11月3日"), Read({"admitted_on": "2026-11-03"})),
    Damage("date in Chinese numerals", one(入院日期="二〇二六年十一月三日"), Read({"admitted_on": "2026-11-03"})),
    Damage("date as a serial", one(入院日期="46329"), Read({"admitted_on": "2026-11-03"})),
    Damage("date as a serial with time", one(入院日期="46329.5"), Read({"admitted_on": "2026-11-03"})),
    Damage("date with time", one(入院日期="2026-11-03 08:30:00"), Read({"admitted_on": "2026-11-03"})),
    Damage("date typed in a workbook", typed(入院日期=datetime(2026, 11, 3, 8, 30)), Read({"admitted_on": "2026-11-03"}), "list.xlsx"),  # noqa: DTZ001 - cells of a workbook have no zone
    Damage("only a month", one(入院日期="2026年11月"), Rejected("date", "补全年月日")),
    Damage("day before month", one(入院日期="03/11/2026"), Rejected("date", "先后分不清")),
    Damage("year of two digits", one(入院日期="26-11-03"), Rejected("date", "写全四位")),
    Damage("day the calendar does not have", one(入院日期="2026-11-31"), Rejected("date", "日历上没有这一天")),
    Damage("date in the future", one(入院日期="2027-01-02"), Rejected("future", "不晚于 2026-11-30")),
    Damage("date of another century", one(入院日期="1026-11-03"), Rejected("old_date", "核对年份")),
    Damage("place by name", one(区划代码="城关区"), Rejected("place", "不要填地名")),
    Damage("place with missing digits", one(区划代码="62010"), Rejected("place", "位数不对")),
    Damage("place of nine digits", one(区划代码="620102001"), Read({"place": 620102001000})),
    Damage("place as a number", typed(区划代码=620102001001), Read({"place": 620102001001}), "list.xlsx"),
    Damage("error cell", typed(自付费用="=1/0"), Rejected("cell", "公式没有计算结果"), "list.xlsx"),
    Damage("merged cells", workbook([list(r) for r in stays(60)], merge="C2:C3"), Rejected("cell", "合并区域"), "list.xlsx"),
    Damage("a thousand characters in a cell", one(医疗机构="县" * 1200), Rejected("long", "上千字")),
    Damage("a number in another column", one(医疗机构=f"县医院 {number(5)}"), Rejected("id_inside", "这一格里有身份证号")),
    Damage("row twice", as_csv([*stays(60), stay(3)]), Held("duplicates", "完全重复的有 1 行")),
]  # fmt: skip
SHARES = [
    Damage("many without number", many(40, 身份证号=""), Held("missing_keys", "没有身份证号的有 5 行（2.5%）")),
    Damage("many wrong check characters", many(50, 身份证号=WRONG_CHECK), Held("check_digits", "有 4 行")),
    Damage("many unknown codes", many(100, 类型="急诊"), Held("new_codes", "对方可能换了代码")),
    Damage("many after the period", many(40, 入院日期="2026-12-01"), Rejected("future", "还没有到", 5)),
    Damage("all of another month", as_csv(SEPTEMBER), Held("stale", "可能是以前的文件")),
    Damage("another month in its name", as_csv(stays(60)), Held("other_month", "文件名里写的是 2026-10"), "住院2026年10月.csv"),
    Damage(
        "all numbers rounded",
        as_csv([STAYS_HEADER, *(stay(i, 身份证号=number(i)[:15] + "000") for i in range(200))]),
        Rejected("id_rounded", "四舍五入", 200),
    ),
    Damage("a day in its name", as_csv(stays(60)), Read(), "住院2026-12-05导出.csv"),
    Damage("a tenth goes back", many(10, 自付费用="没算"), Held("rejected", "退回 20 行（10.0%）")),
]  # fmt: skip
DAMAGES = [*HEADINGS, *WHOLE_FILES, *NUMBERS, *CELLS, *SHARES]
