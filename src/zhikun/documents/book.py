"""A workbook for officers: headings that stay, filters, number formats, and texts that can never become formulas."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from zhikun.tables import plain_text, write_text_cell

TEXT, WRAP, WHOLE, DECIMAL, MONEY, SHARE = "text", "wrap", "whole", "decimal", "money", "share"
_NUMBER_FORMATS = {WHOLE: "#,##0", DECIMAL: "#,##0.######", MONEY: "#,##0.00", SHARE: "0.0%"}
_FONT = {"font_name": "微软雅黑", "font_size": 10, "valign": "top"}
_NAVY, _PALE, _LINE, _AMBER, _AMBER_PALE = "#0B3F8A", "#EEF3FA", "#DDE3EA", "#9A5B00", "#FFF7E8"


@dataclass(frozen=True, slots=True)
class Head:
    """One column of a sheet: heading, width in characters, how its cells are shown, and what a blank is for."""

    title: str
    width: float
    kind: str = TEXT
    choices: tuple[str, ...] = ()  # a drop-down for the officer to fill in
    note: str = ""


class Book:
    """results.xlsx while it is being written. Use as a context manager: leaving it saves the file.

    `foot` stands at the bottom of every printed page, beside the page's number.
    """

    def __init__(self, path: Path, title: str, foot: str = "") -> None:
        # No strings_to_*: what is written as text stays text, and no link or formula is ever made.
        self._book = xlsxwriter.Workbook(
            str(path), {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        )
        self._book.set_properties({"title": title})
        # Longer than 255 characters, a footer is left out altogether.
        self._foot = f"&L&8{plain_text(foot).replace('&', '&&')[:200]}&R&P / &N" if foot else "&C&P / &N"
        self._formats: dict[tuple[str, bool, bool], Format] = {}
        self._heading = self._book.add_format(
            {**_FONT, "bold": True, "font_color": "#FFFFFF", "bg_color": _NAVY, "border": 1, "border_color": _LINE,
             "text_wrap": True, "valign": "vcenter"}
        )  # fmt: skip
        self._title = self._book.add_format({**_FONT, "bold": True, "font_size": 14, "font_color": _NAVY})
        self._remark = self._book.add_format({**_FONT, "font_color": "#5A6676", "text_wrap": True})
        self._warning = self._book.add_format(
            {**_FONT, "font_color": _AMBER, "bg_color": _AMBER_PALE, "text_wrap": True, "bold": True}
        )
        self._pending = self._book.add_format(
            {**_FONT, "font_color": _AMBER, "align": "right", "bottom": 1, "bottom_color": _LINE}
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._book.close()

    def table(
        self,
        name: str,
        heads: Sequence[Head],
        rows: Iterable[Sequence[object]],
        *,
        title: str,
        remarks: Sequence[str] = (),
        warning: str = "",
        frozen_columns: int = 0,
        total: Sequence[object] | None = None,
    ) -> int:
        """A sheet with a title, remarks, a heading that stays and a filter. Returns the number of rows written."""
        sheet = self._book.add_worksheet(name)
        first = self._top(sheet, len(heads), title, remarks, warning)
        for column, head in enumerate(heads):
            sheet.set_column(column, column, head.width)
            sheet.write_string(first, column, head.title, self._heading)
            if head.note:
                sheet.write_comment(first, column, head.note, {"x_scale": 1.6})
        sheet.set_row(first, 32)
        at = first
        for values in rows:
            at += 1
            for column, value in enumerate(values):
                self._cell(sheet, at, column, heads[column].kind, value)
        count = at - first
        sheet.freeze_panes(first + 1, frozen_columns)
        if count:
            sheet.autofilter(first, 0, at, len(heads) - 1)
        self._choices(sheet, heads, first + 1, at)
        if total is not None:
            for column, value in enumerate(total):
                self._cell(sheet, at + 1, column, heads[column].kind, value, total=True)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(first)
        sheet.set_footer(self._foot)
        return count

    def lines(self, name: str, title: str, lines: Iterable[tuple[str, str]], warning: str = "") -> None:
        """A sheet to read: a heading and a text beside it, line by line; an empty text makes a section title."""
        sheet = self._book.add_worksheet(name)
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 1, 110)
        at = self._top(sheet, 2, title, (), warning)
        for left, right in lines:
            if right:
                self._cell(sheet, at, 0, WRAP, left)
                self._cell(sheet, at, 1, WRAP, right)
            else:
                at += 1
                write_text_cell(sheet, at, 0, left, self._heading, self._heading)
                sheet.write_blank(at, 1, None, self._heading)
            at += 1
        sheet.set_paper(9)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.set_footer(self._foot)

    def _top(self, sheet: Worksheet, width: int, title: str, remarks: Sequence[str], warning: str) -> int:
        """Title, warning and remarks; returns the row of the heading."""
        sheet.hide_gridlines(2)
        write_text_cell(sheet, 0, 0, title, self._title, self._title)
        sheet.set_row(0, 24)
        at = 1
        for text, style in [(warning, self._warning), *((r, self._remark) for r in remarks)]:
            if text:
                sheet.merge_range(at, 0, at, max(width - 1, 1), "", style)
                write_text_cell(sheet, at, 0, text, style, style)
                sheet.set_row(at, 16 * (1 + len(text) // 70))
                at += 1
        return at

    def _cell(self, sheet: Worksheet, at: int, column: int, kind: str, value: object, total: bool = False) -> None:
        if value is None:
            sheet.write_blank(at, column, None, self._format(kind, total=total))
        elif isinstance(value, bool) or not isinstance(value, int | float):
            text = str(value)
            if kind in _NUMBER_FORMATS:
                sheet.write_string(at, column, text, self._pending)
            else:
                style = self._format(kind, total=total)
                write_text_cell(sheet, at, column, text, style, self._format(kind, quoted=True, total=total))
        else:
            sheet.write_number(at, column, value, self._format(kind, total=total))

    def _format(self, kind: str, *, quoted: bool = False, total: bool = False) -> Format:
        key = (kind, quoted, total)
        if key not in self._formats:
            style: dict[str, object] = {**_FONT, "bottom": 1, "bottom_color": _LINE}
            if kind in _NUMBER_FORMATS:
                style |= {"num_format": _NUMBER_FORMATS[kind], "align": "right"}
            else:
                style |= {"num_format": "@"}
            if kind == WRAP:
                style |= {"text_wrap": True}
            if quoted:
                style |= {"quote_prefix": True}
            if total:
                style |= {"bold": True, "bg_color": _PALE, "top": 2, "top_color": _NAVY}
            self._formats[key] = self._book.add_format(style)
        return self._formats[key]

    def _choices(self, sheet: Worksheet, heads: Sequence[Head], first: int, last: int) -> None:
        for column, head in enumerate(heads):
            if head.choices and last >= first:
                sheet.data_validation(first, column, last, column, {"validate": "list", "source": list(head.choices)})
