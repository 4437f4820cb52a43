"""A sheet as it stands in the file, and the grid below its heading row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhikun.tables.cells import Column, Kind, cell_text, column_of_values


@dataclass(frozen=True, slots=True)
class Grid:
    """Headings and the rows below them, in columns. `rows` are the numbers that the spreadsheet shows."""

    sheet: str
    header: tuple[str, ...]
    header_row: int
    rows: NDArray[np.int32]
    columns: tuple[Column, ...]
    merged: Mapping[tuple[int, int], str] = field(default_factory=dict)  # (row number, column) -> 'B5:B8'
    typed: bool = True  # False: a text file, where every cell is text


@dataclass(frozen=True, slots=True)
class Sheet:
    """Every cell of a sheet, from row 1 and the first column on; `cells` by row or `columns` (one of the two)."""

    name: str
    cells: Sequence[Sequence[object]] = ()
    columns: tuple[Column, ...] = ()
    merged: Sequence[tuple[tuple[int, int], tuple[int, int]]] = ()
    marks: Mapping[tuple[int, int], tuple[Kind, str]] = field(default_factory=dict)  # (row, column) from 0
    typed: bool = True
    tells_errors: bool = True  # False: formats in which error cells look like blank ones
    file: str = ""  # the workbook; a CSV or Parquet file is named as its sheet

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else len(self.cells)

    def head(self, count: int) -> list[list[str]]:
        """The texts of the first rows, to look for the headings in."""
        if self.columns:
            texts = [c.text.slice(0, count).to_pylist() for c in self.columns]
            return [list(row) for row in zip(*texts, strict=True)]
        return [[cell_text(v) for v in row] for row in self.cells[:count]]

    def grid(self, header_index: int) -> Grid:
        """The sheet with the row `header_index` (from 0) as its headings."""
        header = tuple(self.head(header_index + 1)[header_index])
        if self.columns:
            body = tuple(
                Column(c.text.slice(header_index + 1), c.kind[header_index + 1 :], c.number[header_index + 1 :])
                for c in self.columns
            )
        else:
            body = self._body(header_index, len(header))
        count = len(self) - header_index - 1
        rows = np.arange(header_index + 1, header_index + 1 + count, dtype=np.int32) + 1
        covered = self._covered(header_index)
        grid = Grid(self.name, header, header_index + 1, rows, body, covered, self.typed)
        return _with_marks(grid, self.marks, covered)

    def _body(self, header_index: int, width: int) -> tuple[Column, ...]:
        body = self.cells[header_index + 1 :]
        if not body:
            return tuple(column_of_values([]) for _unused in range(width))
        return tuple(column_of_values(values) for values in zip(*body, strict=True))

    def _covered(self, header_index: int) -> dict[tuple[int, int], str]:
        """Cells below the heading that a merged range leaves empty."""
        covered = {}
        for (top, left), (bottom, right) in self.merged:
            if bottom <= header_index or not cell_text(self.cells[top][left]).strip():
                continue
            label = f"{column_letters(left)}{top + 1}:{column_letters(right)}{bottom + 1}"
            for row in range(max(top, header_index + 1), min(bottom, len(self.cells) - 1) + 1):
                for column in range(left, min(right, len(self.cells[top]) - 1) + 1):
                    if (row, column) != (top, left):
                        covered[row + 1, column] = label
        return covered


def column_letters(index: int) -> str:
    """0 -> A, 26 -> AA, as a spreadsheet names its columns."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _with_marks(
    grid: Grid,
    marks: Mapping[tuple[int, int], tuple[Kind, str]],
    covered: Mapping[tuple[int, int], str],
) -> Grid:
    """Error cells, uncalculated formulas and covered cells put into the columns' kinds and texts."""
    by_column: dict[int, list[tuple[int, Kind, str]]] = {}
    for (row, column), (kind, text) in marks.items():
        if row >= grid.header_row and row - grid.header_row < len(grid.rows):
            by_column.setdefault(column, []).append((row - grid.header_row, kind, text))
    for (row_number, column), label in covered.items():
        if row_number - grid.header_row - 1 < len(grid.rows):
            by_column.setdefault(column, []).append((row_number - grid.header_row - 1, Kind.MERGED, label))
    columns = list(grid.columns)
    for column, found in by_column.items():
        if column >= len(columns):
            continue
        texts = columns[column].text.to_pylist()
        kinds = columns[column].kind.copy()
        for index, kind, text in found:
            if kind is Kind.MERGED and kinds[index] != Kind.BLANK:
                continue
            texts[index], kinds[index] = text, kind
        columns[column] = Column(pa.array(texts, pa.string()), kinds, columns[column].number)
    return Grid(grid.sheet, grid.header, grid.header_row, grid.rows, tuple(columns), covered, grid.typed)
