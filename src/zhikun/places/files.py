"""The two files an office imports: areas, and changes of codes. CSV or workbook, with English or Chinese headings.

Areas:   code, name, level, parent, valid_from, valid_until, source (level and parent may be left out: the code says them)
Changes: old_code, old_name, new_code, kind, date, source
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Generic, TypeVar

from django.utils.translation import gettext as _

from zhikun.places.codes import read_code
from zhikun.places.models import AreaChange, Level
from zhikun.tables import RowMessage, Severity, read_sheets
from zhikun.wording import did_you_mean

AREA_COLUMNS = {
    "code": "区划代码", "name": "名称", "level": "级别", "parent": "上级代码", "valid_from": "启用日期",
    "valid_until": "停用日期", "source": "出处",
}  # fmt: skip
CHANGE_COLUMNS = {
    "old_code": "原代码", "old_name": "原名称", "new_code": "现代码", "kind": "变更类型", "date": "变更日期", "source": "依据",
}  # fmt: skip
_LEVELS = {
    **{str(level.value): level for level in Level},
    **dict.fromkeys(("省", "省级", "自治区", "直辖市"), Level.PROVINCE),
    **dict.fromkeys(("市", "市级", "地级", "地级市"), Level.CITY),
    **dict.fromkeys(("县", "县级", "区", "县（市、区）"), Level.COUNTY),
    **dict.fromkeys(("乡", "乡级", "镇", "乡镇", "街道", "乡镇（街道）"), Level.TOWNSHIP),
    **dict.fromkeys(("村", "村级", "社区", "村（社区）"), Level.VILLAGE),
}
_KINDS = {**{kind.value: kind for kind in AreaChange.Kind}, **{str(kind.label): kind for kind in AreaChange.Kind}}
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{4})(\d{2})(\d{2})", re.ASCII)
_HEADER_WITHIN = 10


@dataclass(frozen=True)
class AreaRow:
    """One area of a file. What the file leaves blank is None, and leaves a known area as it is."""

    row: int
    code: int
    name: str
    level: Level | None = None
    parent: int | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    source: str = ""


@dataclass(frozen=True)
class ChangeRow:
    """One change of code of a file."""

    row: int
    old: int
    old_name: str
    new: int
    kind: AreaChange.Kind
    on: date
    source: str


Row = TypeVar("Row", AreaRow, ChangeRow)


@dataclass
class Table(Generic[Row]):
    """The rows of one file, with what is wrong with them. `titles` are the headings as they stand in the file."""

    name: str
    rows: list[Row] = field(default_factory=list)
    messages: list[RowMessage] = field(default_factory=list)
    titles: dict[str, str] = field(default_factory=dict)

    def fault(self, row: int, column: str, found: str, expected: str = "", remedy: str = "") -> None:
        """Something that keeps the file out."""
        self.say(row, column, found, remedy, Severity.ERROR, expected)

    def say(self, row: int, column: str, found: str, remedy: str, severity: Severity, expected: str = "") -> None:
        """Something about a row, at the column with this key."""
        title = self.titles.get(column, column)
        self.messages.append(RowMessage(self.name, row, title, found, expected, remedy, severity))

    def code(self, row: int, column: str, text: str) -> int | None:
        """A code, or a fault."""
        code = read_code(text)
        if code is None:
            found = _("没有写代码") if not text else _("“{t}”不是区划代码").format(t=text)
            way = _("表格软件可能丢了数字，请把这一列设为文本后重新填写")
            self.fault(row, column, found, _("2、4、6、9 或 12 位数字"), way)
        return code

    def day(self, row: int, column: str, text: str) -> date | None:
        """A day; None where nothing or nonsense is written, the latter with a fault."""
        if not text:
            return None
        found = _DAY.fullmatch(text.split(" ", maxsplit=1)[0])
        try:
            year, month, day = (int(part) for part in found.groups() if part) if found else (0, 0, 0)
            return date(year, month, day)
        except ValueError:
            self.fault(row, column, _("“{t}”不是日期").format(t=text), _("2023-06-30 这样的日期"))
            return None

    def text(self, row: int, column: str, text: str, longest: int) -> str:
        """A text that must be there and fits."""
        if not text:
            self.fault(row, column, _("空着"), remedy=_("请填写"))
        elif len(text) > longest:
            self.fault(row, column, _("有 {n} 个字").format(n=len(text)), _("不超过 {m} 个字").format(m=longest))
        return text


def read_areas(path: Path, name: str = "") -> Table[AreaRow]:
    """The areas of a file and the messages about its rows. Raises UnreadableFile. `name` is what people call the file."""
    reader = Table[AreaRow](name or path.name)
    seen: dict[int, int] = {}
    for number, cells in _rows(reader, path, AREA_COLUMNS, {"code", "name"}):
        code = reader.code(number, "code", cells["code"])
        level = _level(reader, number, cells["level"])
        row = AreaRow(
            number, code or 0, reader.text(number, "name", cells["name"], 100), level,
            reader.code(number, "parent", cells["parent"]) if cells["parent"] else None,
            reader.day(number, "valid_from", cells["valid_from"]), reader.day(number, "valid_until", cells["valid_until"]),
            cells["source"][:200],
        )  # fmt: skip
        if code in seen:
            found = _("代码 {c} 与第 {r} 行重复").format(c=cells["code"], r=seen[code])
            reader.fault(number, "code", found, remedy=_("一个代码只能有一行，请删去一行"))
        elif code is not None:
            seen[code] = number
            reader.rows.append(row)
    return reader


def read_changes(path: Path, name: str = "") -> Table[ChangeRow]:
    """The changes of codes of a file and the messages about its rows. Raises UnreadableFile."""
    reader = Table[ChangeRow](name or path.name)
    seen: dict[tuple[int, int, date], int] = {}
    for number, cells in _rows(reader, path, CHANGE_COLUMNS, set(CHANGE_COLUMNS)):
        old, new = (reader.code(number, key, cells[key]) for key in ("old_code", "new_code"))
        on = reader.day(number, "date", cells["date"])
        kind = _KINDS.get(cells["kind"])
        if kind is None:
            kinds = "、".join(str(one.label) for one in AreaChange.Kind)
            reader.fault(number, "kind", _("“{t}”不是变更类型").format(t=cells["kind"]), kinds)
        if on is None and not cells["date"]:
            reader.fault(number, "date", _("没有写日期"), remedy=_("请填写批复或公布的日期"))
        old_name = reader.text(number, "old_name", cells["old_name"], 100)
        source = reader.text(number, "source", cells["source"], 200)
        if old is None or new is None or on is None or kind is None:
            continue
        if (old, new, on) in seen:
            reader.fault(number, "old_code", _("与第 {r} 行重复").format(r=seen[old, new, on]), remedy=_("请删去一行"))
            continue
        seen[old, new, on] = number
        reader.rows.append(ChangeRow(number, old, old_name, new, kind, on, source))
    return reader


def _level(reader: Table[AreaRow], row: int, text: str) -> Level | None:
    if text and text not in _LEVELS:
        reader.fault(row, "level", _("“{t}”不是级别").format(t=text), _("1 至 5，或省、市、县、乡、村"))
    return _LEVELS.get(text)


def _rows(
    reader: Table[Any], path: Path, columns: Mapping[str, str], needed: set[str]
) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows below the headings, by column; blank rows and rows that begin with # are for people."""
    sheet = read_sheets(path)[0]
    known = {**{key: key for key in columns}, **{title: key for key, title in columns.items()}}
    head = sheet.head(_HEADER_WITHIN)
    places = [{known[cell.strip()]: at for at, cell in enumerate(row) if cell.strip() in known} for row in head]
    at = max(range(len(places)), key=lambda index: len(places[index]), default=None)
    missing = needed - set(places[at]) if at is not None else needed
    if at is None or missing:
        titles = "、".join(f"{columns[key]}（{key}）" for key in columns if key in missing)
        reader.fault(0, "", _("缺少列：{t}").format(t=titles), remedy=_("第一行写列名，次序不限"))
        return
    for title in (cell.strip() for cell in head[at]):
        if title and title not in known:
            reader.messages.append(
                RowMessage(
                    reader.name,
                    at + 1,
                    title,
                    _("没有叫这个名字的列，没有读取"),
                    "",
                    did_you_mean(title, known),
                    Severity.WARNING,
                )
            )
    reader.titles = {key: head[at][index].strip() for key, index in places[at].items()}
    grid = sheet.grid(at)
    texts = {key: grid.columns[index].text.to_pylist() for key, index in places[at].items()}
    for index, number in enumerate(grid.rows.tolist()):
        cells = {key: texts[key][index].strip() if key in texts else "" for key in columns}
        first = next(iter(cells.values()))
        if any(cells.values()) and not first.startswith("#"):
            yield number, cells
