"""The tables of a page as one workbook: what is on the page and no more, with whose copy it is on every sheet."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from django.utils.translation import gettext as _

from zhikun.analytics.ui.grids import Cell, Grid
from zhikun.documents.book import MONEY, SHARE, TEXT, WHOLE, WRAP, Book, Head

_LONGEST_NAME = 31  # of a sheet, and without these characters
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\']")
_WORDS = 26  # longer texts break their lines


def workbook(title: str, grids: Sequence[Grid], mark: str, about: Sequence[tuple[str, str]]) -> bytes:
    """One sheet for each table. `mark` stands on every sheet and in its footer; `about`: what the numbers rest on."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tables.xlsx"
        with Book(path, title, foot=mark) as book:
            names: set[str] = set()
            for grid in grids:
                parts = _parts(grid)
                book.table(
                    _name(grid.title, names), _heads(grid, parts), [_line(row, parts) for row in grid.rows],
                    title=f"{title}：{grid.title}", remarks=[text for text in (grid.note, mark) if text], frozen_columns=1,
                )  # fmt: skip
            book.lines(_("说明"), title, [*about, (_("副本"), mark)])
        return path.read_bytes()


def _parts(grid: Grid) -> list[bool]:
    """Which columns have shares, that stand in a column of their own."""
    return [any(row[at].share is not None for row in grid.rows) for at in range(len(grid.heads))]


def _heads(grid: Grid, parts: Sequence[bool]) -> list[Head]:
    heads = []
    for at, (head, part) in enumerate(zip(grid.heads, parts, strict=True)):
        column = [row[at] for row in grid.rows]
        longest = max((len(cell.value) for cell in column if isinstance(cell.value, str)), default=0)
        numbers = [cell for cell in column if cell.is_number]
        kind = (MONEY if numbers[0].kind == "money" else WHOLE) if numbers else WRAP if longest > _WORDS else TEXT
        width = 12 if numbers else min(46.0, max(10.0, 2.0 * longest + 2))
        heads.append(Head(str(head.title), max(width, 2.0 * len(str(head.title))), kind))
        heads += [Head(_("{t}占比").format(t=head.title), 12, SHARE)] if part else []
    return heads


def _line(row: Sequence[Cell], parts: Sequence[bool]) -> list[object]:
    line: list[object] = []
    for cell, part in zip(row, parts, strict=True):
        line += [cell.value, cell.share] if part else [cell.value]
    return line


def _name(title: str, taken: set[str]) -> str:
    """A sheet's name: short, without what Excel forbids, and no name twice."""
    plain = _NOT_IN_NAMES.sub("", title) or _("统计表")
    name = next(
        one
        for n in range(1, len(taken) + 2)
        if (one := plain[:_LONGEST_NAME] if n == 1 else f"{plain[: _LONGEST_NAME - 3]}{n}") not in taken
    )
    taken.add(name)
    return name
