"""Rejected rows as a workbook: what stood there, what is wrong, ready to be corrected and received again.

It holds full identity numbers, as the file did: it goes back to whom the file came from and nowhere else.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zhikun.disk import put_new, sync_file
from zhikun.intake.lists.headings import Layout, original_row_heading, problem_heading, returned_from_heading
from zhikun.intake.lists.rows import Rejected
from zhikun.tables import plain_text, write_text_cell
from zhikun.wording import _

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

_MOST_ROWS = 1_000_000  # of a sheet; a spreadsheet holds 1,048,576
_TEXT = "@"


def put_workbook(part: Path, wanted: Path, receipt: str) -> Path:
    """The finished workbook under the name that was asked for, whole, readable to its owner alone; returns where it lies.

    Where something else lies in its place it is numbered -2, -3, ...; of two receptions at once each gets a name of its own.
    Only the workbook of this very receipt, of a reception that did not come to its end, is written over.
    """
    if wanted.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(wanted))
    wanted.parent.mkdir(parents=True, exist_ok=True)
    _clear_unfinished(wanted)
    beside = wanted.with_name(f".{wanted.name}.{os.getpid()}.part")
    try:
        os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        shutil.copyfile(part, beside)
        sync_file(beside)
        candidate, count = wanted, 1
        while not put_new(beside, candidate):
            if candidate.is_file() and _is_of(candidate, receipt):
                beside.replace(candidate)
                break
            count += 1
            candidate = wanted.with_name(f"{wanted.stem}-{count}{wanted.suffix}")
    finally:
        beside.unlink(missing_ok=True)
    part.unlink()
    return candidate


def _clear_unfinished(rejects: Path) -> None:
    """What killed processes left half-written of this workbook, for it holds full numbers; those at work are left alone."""
    ours = re.compile(rf"\.{re.escape(rejects.name)}(\.(\d+))?\.part")
    for left in rejects.parent.iterdir():
        if (found := ours.fullmatch(left.name)) and not (found[2] and _is_at_work(int(found[2]))):
            left.unlink(missing_ok=True)


def _is_at_work(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return True


def _is_of(path: Path, receipt: str) -> bool:
    """Whether the workbook was written for this receipt, by a reception that did not come to its end."""
    try:
        with zipfile.ZipFile(path) as book:
            return f"<dc:subject>{receipt}</dc:subject>".encode() in book.read("docProps/core.xml")
    except (zipfile.BadZipFile, KeyError):
        return False


class Rejects:
    """Writes the workbook row by row; memory does not grow with the rows. No row, no workbook."""

    def __init__(self, path: Path, layout: Layout, receipt: str) -> None:
        self.path, self._receipt = path, receipt
        own = {layout.returned_from, layout.original_row, layout.problem}
        self._kept = [i for i in range(len(layout.header)) if i not in own]
        self._header = [layout.header[i] for i in self._kept]
        self._original = layout.original_row
        self._book: Workbook | None = None
        self._sheet: Worksheet | None = None
        self._at = self._sheets = 0
        self.written = 0

    def add(self, rejected: Rejected) -> None:
        """Rows that go back."""
        for row, cells, problems in zip(rejected.rows, rejected.cells, rejected.problems, strict=True):
            wrong = {place for place, _text in problems}
            number = cells[self._original] if self._original is not None else str(row)
            self._row(
                [cells[i] for i in self._kept], {i for i in self._kept if i in wrong}, number, [t for _p, t in problems]
            )

    def add_unsplit(self, row: int, cells: Sequence[str]) -> None:
        """A line with another number of cells than the header: its cells as they were split, in order."""
        text = _(
            "这一行有 {n} 格，表头有 {h} 格，各格可能已错位；请照表头逐格对齐，含逗号的文字在原系统里要加引号。"
        ).format(n=len(cells), h=len(self._header))
        own = len(self._header)
        fitted = [*cells, *[""] * own][:own]
        rest = [_("多出的格：{t}").format(t="、".join(cells[own:]))] if len(cells) > own else []
        self._row(fitted, set(), str(row), [text, *rest])

    def add_duplicates(self, pairs: Sequence[tuple[int, int]]) -> None:
        """Rows that repeat an earlier one: nothing is to be corrected, so they only are named."""
        book = self._open()
        sheet = book.add_worksheet(_("重复行"))
        for column, heading in enumerate((_("重复的行"), _("与第几行相同"))):
            sheet.write_string(0, column, heading, self._bold)
        for at, (row, first) in enumerate(pairs[: _MOST_ROWS - 1], start=1):
            sheet.write_number(at, 0, row)
            sheet.write_number(at, 1, first)

    def close(self) -> bool:
        """Write the file; whether there was anything to write. Raises OSError."""
        if self._book is None:
            return False
        self._close()
        return True

    def discard(self) -> None:
        """Leave the workbook unwritten: the file was not received."""
        if self._book is not None:
            self._book.fileclosed = 1  # otherwise it writes itself when it is let go

    def _close(self) -> None:
        from xlsxwriter.exceptions import FileCreateError  # noqa: PLC0415 - loaded by now

        if self._book is None:
            return
        try:
            self._book.close()
        except FileCreateError as error:
            cause = error.args[0] if error.args else error
            raise cause if isinstance(cause, OSError) else OSError(str(error)) from None

    def _open(self) -> Workbook:
        import xlsxwriter  # noqa: PLC0415 - of most files every row is accepted

        if self._book is None:
            options = {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "tmpdir": str(self.path.parent),
            }
            self._book = xlsxwriter.Workbook(str(self.path), options)
            self._book.set_properties({"subject": self._receipt})
            font = {"font_name": "Noto Sans CJK SC", "font_size": 10}
            self._bold = self._book.add_format({**font, "bold": True, "bg_color": "#EEF2F7", "text_wrap": True})
            self._text = self._book.add_format({**font, "num_format": _TEXT})
            self._quoted = self._book.add_format({**font, "num_format": _TEXT, "quote_prefix": True})
            bad = {**font, "num_format": _TEXT, "bg_color": "#FCE4D6", "border": 1, "border_color": "#C55A11"}
            self._bad = self._book.add_format(bad)
            self._bad_quoted = self._book.add_format({**bad, "quote_prefix": True})
            self._problem = self._book.add_format({**font, "text_wrap": True, "font_color": "#9C2A00"})
        return self._book

    def _new_sheet(self) -> Worksheet:
        book = self._open()
        self._sheets += 1
        name = _("退回") if self._sheets == 1 else _("退回{n}").format(n=self._sheets)
        sheet = book.add_worksheet(name)
        headings = [*self._header, returned_from_heading(), original_row_heading(), problem_heading()]
        sheet.set_column(0, max(len(self._header) - 1, 0), 22)
        sheet.set_column(len(headings) - 1, len(headings) - 1, 80)
        sheet.freeze_panes(1, 0)
        for column, heading in enumerate(headings):
            sheet.write_string(0, column, plain_text(heading), self._bold)
        self._at = 1
        return sheet

    def _row(self, cells: Sequence[str], wrong: set[int], number: str, problems: Sequence[str]) -> None:
        if self._sheet is None or self._at >= _MOST_ROWS:
            self._sheet = self._new_sheet()
        sheet, at = self._sheet, self._at
        for column, (place, cell) in enumerate(zip(self._kept, cells, strict=True)):
            if place in wrong:
                if cell:
                    write_text_cell(sheet, at, column, cell, self._bad, self._bad_quoted)
                else:
                    sheet.write_blank(at, column, None, self._bad)
            elif cell:
                write_text_cell(sheet, at, column, cell, self._text, self._quoted)
        last = len(self._header)
        sheet.write_string(at, last, self._receipt, self._text)
        sheet.write_string(at, last + 1, number, self._text)
        sheet.write_string(at, last + 2, plain_text("\n".join(problems)), self._problem)
        self._at += 1
        self.written += 1
