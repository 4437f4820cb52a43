"""Cells and CSV files that open safely in a spreadsheet program.

A text that begins like a formula stays a text: names and addresses come from outside and are opened by officers.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zhikun.tables.cells import cell_text

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

_FORMULA_START = ("=", "+", "-", "@", "\t", "\r")
_INVISIBLE = re.compile("[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u200b-\u200f\u202a-\u202e\u2060\ufeff\u00ad]")
_PLAIN_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_LONGEST_CELL = 32_767


def plain_text(text: str) -> str:
    """The text without invisible and control characters, no longer than a cell can hold."""
    return _INVISIBLE.sub("", text)[:_LONGEST_CELL]


def safe_text(text: str) -> str:
    """For CSV: a text that a spreadsheet would take for a formula gets an apostrophe in front; numbers do not."""
    plain = plain_text(text)
    if plain.startswith(_FORMULA_START) and not _PLAIN_NUMBER.fullmatch(plain):
        return "'" + plain
    return plain


def write_text_cell(
    sheet: Worksheet, row: int, column: int, text: str, style: Format | None = None, quoted: Format | None = None
) -> None:
    """A cell of type text. `quoted` is the style with quote prefix for texts that begin like a formula."""
    plain = plain_text(text)
    risky = plain.startswith(_FORMULA_START)
    sheet.write_string(row, column, plain, quoted if risky and quoted else style)


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """A CSV in UTF-8 with a mark, which WPS and Excel open with the right characters. Returns the rows written."""
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([safe_text(h) for h in header])
        for row in rows:
            writer.writerow([safe_text(v) if isinstance(v, str) else cell_text(v) for v in row])
            count += 1
    return count
