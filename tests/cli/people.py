"""Generated people (their numbers begin with 99, an area that does not exist) filled into a template, as an office fills it in."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import openpyxl

from zhikun.engine.packs import load
from zhikun.identity import with_check_character
from zhikun.intake.survey.layout import layouts

NEUTRAL = {"健康", "无残疾", "无", "不适用", "不在读", "没有", "农村", "A级（安全）"}
NAMES = ["陈德山", "林小满", "阿依·古丽", "欧阳明月", "周立冬", "许春分"]
FIRST_ROW = 4  # row 3 is the example


def number(household: int, row: int) -> str:
    """The identity number of a generated member; all are born on 8 March 1965."""
    return with_check_character(f"99010119650308{household:02d}{row}")


def numbers(count: int) -> list[str]:
    return [number(h, 1) for h in range(1, count + 1)]


def fill(template: Path, pack_name: str, target: Path, count: int = 4, **changes: object) -> Path:
    """`count` households of one person each, everything answered with “no”, “none” and 0, then `changes`.

    A change is written as 家庭__H02__城乡类别="…"; the blank that means unknown as None.
    """
    pack = load(pack_name)
    book = openpyxl.load_workbook(template)
    for plan in layouts(pack):
        if plan.entity not in {"household", "member"}:
            continue
        sheet = book[plan.title]
        for at in range(1, count + 1):
            values = [f"H{at:02d}", *(["1"] if plan.row_heading else [])]
            values += [_answer(fact, at, (pack.place or "990101") + "101201") for fact in plan.facts]
            for column, value in enumerate(values, start=1):
                sheet.cell(FIRST_ROW + at - 1, column, value)
    for where, value in changes.items():
        sheet_name, household, heading = where.split("__")
        put(book, sheet_name, household, heading, value)
    book.save(target)
    return target


def put(book: openpyxl.Workbook, sheet_name: str, household: str, heading: str, value: object) -> None:
    """Write one cell, found by household and heading, whichever row the headings stand in."""
    sheet = book[sheet_name]
    head = next(row for row in sheet.iter_rows(max_row=3) if row[0].value == "户编号")
    column = next(cell.column for cell in head if cell.value == heading)
    row = next(row[0].row for row in sheet.iter_rows(min_row=head[0].row + 1) if row[0].value == household)
    sheet.cell(row, column).value = value  # None too: `cell(value=None)` would leave what stands there


def _answer(fact, at: int, place: str) -> object:
    by_name = {
        "place": place,
        "name": NAMES[(at - 1) % len(NAMES)],
        "id_number": number(at, 1),
        "birth_date": "1965年3月8日",
        "lives_together": "是",
        "relation": "户主",
    }
    if fact.name in by_name:
        return by_name[fact.name]
    if fact.type == "choice":
        labels = list(fact.choices.values())
        return next((label for label in labels if label in NEUTRAL), labels[0])
    if fact.type == "choices":
        return "无"
    if fact.type == "boolean":
        return "否"
    if fact.type == "date":
        return dt.date(2023, 1, 5)
    if fact.type == "number":
        return max(fact.min or 0, 0)
    return "某乡某村三组" if fact.format == "address" else None
