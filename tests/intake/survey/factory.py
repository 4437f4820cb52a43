"""A small pack and a good survey of three households, which each test damages in one way. All people are made up."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import xlsxwriter

from zhikun.engine.packs.model import Entity, Fact, Pack, Place, Results, Source
from zhikun.identity import with_check_character

TODAY = dt.date(2025, 6, 30)
AT = Place("test/facts.yaml", 1)
TYPES = {"a": "无", "b": "NA", "c": "否", "d": "煤炉、火炕", "e": "暖气"}
RELATIONS = {"head": "户主", "spouse": "配偶", "child": "子女"}


def number_of(first17: str) -> str:
    return with_check_character(first17)


HEAD_A = number_of("99040219650308101")
WIFE_A = number_of("99040219670412202")
HEAD_B = number_of("99040219500101303")
HEAD_C = number_of("99040219880229404")
CHILD_C = number_of("99040220150715505")


def fact(name: str, entity: str, title: str, kind: str, **more) -> Fact:
    return Fact(name, entity, title, kind, Source("测试"), AT, **more)


def make_pack(place: str = "640402") -> Pack:
    home = [
        fact("place", "household", "所在村", "place", required=True, dimension="基本情况"),
        fact("residence", "household", "城乡", "choice", choices={"urban": "城镇", "rural": "农村"}, dimension="基本情况"),
        fact("income", "household", "经营收入", "number", unit="元/年", min=0, max=1e7, dimension="收入"),
        fact("rooms", "household", "房间数", "number", unit="间", decimals=0, min=0, max=50, dimension="住房"),
        fact("heating", "household", "取暖方式", "choice", choices=TYPES, dimension="住房"),
        fact("help", "household", "享受救助", "choices",
             choices={"dibao": "低保", "medical": "医疗救助", "old": "高龄、护理补贴"}, dimension="救助"),
        fact("surveyed_on", "household", "调查日期", "date", dimension="基本情况"),
        fact("account", "household", "银行账号", "text", format="bank_account", dimension="基本情况"),
        fact("phone", "household", "联系电话", "text", format="phone", dimension="基本情况"),
        fact("address", "household", "住址", "text", format="address", dimension="基本情况"),
    ]  # fmt: skip
    people = [
        fact("name", "member", "姓名", "text", format="name", required=True),
        fact("id_number", "member", "身份证号", "text", format="id_number"),
        fact("relation", "member", "与户主关系", "choice", choices=RELATIONS, required=True),
        fact("sex", "member", "性别", "choice", choices={"male": "男", "female": "女"}),
        fact("birth_date", "member", "出生日期", "date"),
        fact("wage", "member", "工资收入", "number", unit="元/年", min=0, max=1e7),
        fact("on_dibao", "member", "享受低保", "boolean"),
    ]
    others = [fact("yearly", "supporter", "总收入", "number", unit="元/年", min=0)]
    entities = {
        "household": Entity("household", "家庭", "家庭"),
        "member": Entity("member", "家庭成员", "成员"),
        "supporter": Entity("supporter", "赡养人", "赡养人"),
    }
    return Pack(
        id="small", title="小县测试", version="1", hash="0", place=place, first_day=dt.date(2020, 1, 1), sample=True,
        entities=entities, facts={(f.entity, f.name): f for f in [*home, *people, *others]}, standards={}, tables={},
        rules={}, rankings={}, sources={}, programmes={}, notes=(), results=Results(), case_files=(),
    )  # fmt: skip


@dataclass(frozen=True)
class Formula:
    """A formula with the result stored beside it ('' for none)."""

    text: str
    result: object


def good() -> dict[str, list[list[object]]]:
    """Sheets as lists of rows; row 1 are the headings."""
    day = dt.date(2025, 5, 3)
    return {
        "家庭": [
            ["户编号", "所在村", "城乡", "经营收入", "房间数", "取暖方式", "享受救助", "调查日期", "银行账号", "联系电话", "住址"],
            ["A1", "640402001001", "农村", 12000, 3, "暖气", "低保", day, "6228480000001", "13800000001", "甲村1组"],
            ["A2", "640402001001", "农村", 0, 2, "无", "无", day, "6228480000002", "13800000002", "甲村2组"],
            ["A3", "640402001002", "城镇", 500.5, 1, "煤炉、火炕", "低保、医疗救助", day, "6228480000003", "", "乙村"],
        ],
        "成员": [
            ["户编号", "成员序号", "姓名", "身份证号", "与户主关系", "性别", "出生日期", "工资收入", "享受低保"],
            ["A1", 1, "张甲一", HEAD_A, "户主", "男", dt.date(1965, 3, 8), 8000, "是"],
            ["A1", 2, "李甲二", WIFE_A, "配偶", "女", dt.date(1967, 4, 12), 0, "是"],
            ["A2", 1, "王乙一", HEAD_B, "户主", "男", dt.date(1950, 1, 1), 0, "否"],
            ["A3", 1, "赵丙一", HEAD_C, "户主", "女", dt.date(1988, 2, 29), 30000, "否"],
            ["A3", 2, "赵丙二", CHILD_C, "子女", "男", dt.date(2015, 7, 15), None, ""],
        ],
    }  # fmt: skip


def save(path: Path, sheets: dict[str, list[list[object]]], merges: dict[str, list[str]] | None = None) -> Path:
    """The sheets as a workbook, cell by cell as given."""
    workbook = xlsxwriter.Workbook(str(path))
    day = workbook.add_format({"num_format": "yyyy-mm-dd"})
    for name, rows in sheets.items():
        sheet = workbook.add_worksheet(name)
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                if isinstance(value, Formula):
                    sheet.write_formula(r, c, value.text, None, value.result)
                elif isinstance(value, dt.date):
                    sheet.write_datetime(r, c, value, day)
                elif isinstance(value, bool):
                    sheet.write_boolean(r, c, value)
                elif isinstance(value, int | float):
                    sheet.write_number(r, c, value)
                elif value not in (None, ""):
                    sheet.write_string(r, c, value)
        for span in (merges or {}).get(name, []):
            first = span.split(":")[0]
            r, c = xlsxwriter.utility.xl_cell_to_rowcol(first)
            value = rows[r][c]
            sheet.merge_range(span, value if not isinstance(value, dt.date) else "")
    workbook.close()
    return path
