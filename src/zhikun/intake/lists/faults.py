"""What can be wrong with a row, once for each kind and column; rows carry numbers of this table."""

from __future__ import annotations

from dataclasses import dataclass

from zhikun.intake.survey.values import wrote
from zhikun.wording import _

#: Reasons as they stand in receipts, with what people read.
REASONS = {
    "id_blank": "没有身份证号",
    "id_rounded": "身份证号被四舍五入",
    "id_length": "身份证号位数不对",
    "id_characters": "身份证号有别的字符",
    "id_birth_date": "身份证号里的出生日期不真实",
    "id_check": "身份证号校验位不对",
    "document": "证件号码或种类不对",
    "blank": "必填的一格空着",
    "name": "不是姓名",
    "number": "不是数字",
    "range": "数值超出范围",
    "boolean": "不是“是”或“否”",
    "choice": "选项里没有",
    "date": "不是日期",
    "future": "日期在将来",
    "old_date": "日期太早",
    "place": "不是区划代码",
    "place_outside": "不在本地",
    "cell": "单元格出错",
    "id_inside": "别的列里有身份证号",
    "long": "一格里字太多",
    "garbled": "乱码",
    "split": "格数与表头不同",
    "heading": "表头又出现一次",
    "duplicate": "与前面一行完全相同",
}


def reason_title(reason: str) -> str:
    """What officers read for a reason."""
    return _(REASONS[reason])


@dataclass(frozen=True, slots=True)
class Fault:
    """One way in which a cell is wrong. `found` is empty where the cell itself is quoted."""

    reason: str
    column: str  # the heading, '' for the whole row
    found: str
    expected: str
    remedy: str
    quotes: bool = False  # the cell as it stands belongs to the message
    wrong: str = ""  # what is said of a quoted cell

    def text(self, cell: str) -> str:
        """“住院日期”列：填的是“2024-02-30”，日历上没有这一天；应为日期，如 2023-05-03；请核对。"""
        return self._said(wrote(cell, self.wrong) if self.quotes else self.found)

    def text_without_cell(self) -> str:
        """The same for many rows at once."""
        return self._said(self.found or self.wrong)

    def _said(self, found: str) -> str:
        gap = " " if self.expected[:1].isascii() else ""
        parts = [found, _("应为{e}").format(e=gap + self.expected) if self.expected else "", self.remedy]
        said = "；".join(part for part in parts if part)
        where = _("“{c}”列：").format(c=self.column) if self.column else ""
        return where + said + ("" if said.endswith(("。", "？")) else "。")


class Faults:
    """The faults met in one file, numbered from 1; 0 says that nothing is wrong."""

    def __init__(self) -> None:
        self._numbers: dict[Fault, int] = {}
        self.known: list[Fault] = []

    def number(self, fault: Fault) -> int:
        """The number of a fault, the same for the same one."""
        if fault not in self._numbers:
            self.known.append(fault)
            self._numbers[fault] = len(self.known)
        return self._numbers[fault]

    def __getitem__(self, number: int) -> Fault:
        return self.known[number - 1]
