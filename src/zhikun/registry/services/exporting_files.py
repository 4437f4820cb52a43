"""A list as a file: nothing in it becomes a formula, and every copy says who took it and for what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import xlsxwriter
from django.utils.translation import gettext as _
from xlsxwriter.workbook import Workbook

from zhikun.tables import plain_text, write_csv, write_text_cell


@dataclass(frozen=True)
class Sheet:
    """A list with what is said about it: `mark` in every part of it, `about` on a sheet of its own."""

    title: str
    headings: Sequence[str]
    rows: Iterable[Sequence[object]]
    about: Sequence[tuple[str, str]]
    mark: str


def write(path: Path, sheet: Sheet) -> int:
    """The list as the path's ending says. Returns how many rows."""
    return _workbook(path, sheet) if path.suffix == ".xlsx" else _csv(path, sheet)


def _csv(path: Path, sheet: Sheet) -> int:
    """The mark is the first line and the last: a file cut in two still has one."""

    def lines() -> Iterator[Sequence[object]]:
        yield list(map(str, sheet.headings))
        yield from sheet.rows
        yield [sheet.mark]

    return write_csv(path, [sheet.mark], lines()) - 2


def _workbook(path: Path, sheet: Sheet) -> int:
    """What the library puts aside while it writes lies beside the path, in the folder that is removed with it."""
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "tmpdir": str(path.parent),
    }
    # Closed also where the rows end in an error: the library closes by itself otherwise, whenever it is collected.
    with xlsxwriter.Workbook(str(path), options) as book:
        return _pages(book, sheet)


def _pages(book: Workbook, sheet: Sheet) -> int:
    heading = book.add_format({"bold": True, "bg_color": "#DCE6F1", "border": 1, "border_color": "#BFC8D4"})
    quoted, day, quiet = (
        book.add_format(about)
        for about in ({"quote_prefix": True}, {"num_format": "yyyy-mm-dd"}, {"font_color": "#7F7F7F"})
    )
    page = book.add_worksheet(plain_text(sheet.title)[:31])
    page.set_header("&L" + plain_text(sheet.mark).replace("&", "&&")[:200])
    write_text_cell(page, 0, 0, sheet.mark, quiet)
    for column, text in enumerate(sheet.headings):
        write_text_cell(page, 1, column, str(text), heading)
    page.set_column(0, max(0, len(sheet.headings) - 1), 16)
    page.freeze_panes(2, 1)
    count = 0
    for count, row in enumerate(sheet.rows, start=1):
        for column, value in enumerate(row):
            if value is None:
                continue
            if isinstance(value, date):
                page.write_datetime(count + 1, column, value, day)
            elif isinstance(value, int | float) and not isinstance(value, bool):
                page.write_number(count + 1, column, value)
            else:
                write_text_cell(page, count + 1, column, str(value), None, quoted)
    about = book.add_worksheet(_("导出说明"))
    about.set_column(0, 0, 18)
    about.set_column(1, 1, 80)
    for line, (topic, text) in enumerate([*sheet.about, (_("户数"), f"{count:,}")]):
        write_text_cell(about, line, 0, topic, heading)
        write_text_cell(about, line, 1, text)
    return count
