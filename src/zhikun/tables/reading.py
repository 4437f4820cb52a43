"""One way to read every kind of table file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from zhikun.tables.cells import column_of_arrow, column_of_texts
from zhikun.tables.detect import FileKind, detect, is_container, unreadable
from zhikun.tables.sheets import Sheet
from zhikun.tables.text import read_text
from zhikun.tables.workbook import Progress, read_workbook
from zhikun.wording import _

_SUFFIXES = {".xlsx", ".xlsm", ".xlsb", ".xls", ".et", ".ods", ".csv", ".tsv", ".txt", ".parquet"}


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a file may be, in bytes. Beyond it a workbook cannot be held in the memory of an office computer."""

    workbook: int = 100_000_000
    workbook_unpacked: int = 1_000_000_000
    text: int = 2_000_000_000
    parquet: int = 8_000_000_000


def is_table_file(path: Path) -> bool:
    """Whether the name is that of a file that can be read; temporary files of Excel and WPS are not."""
    return path.suffix.lower() in _SUFFIXES and not path.name.startswith(("~$", ".~", "."))


def read_sheets(path: Path, *, limits: Limits | None = None, progress: Progress | None = None) -> list[Sheet]:
    """The sheets of a workbook, or the one sheet of a CSV or Parquet file. Raises UnreadableFile."""
    limits = limits or Limits()
    if is_container(path):  # judged by size first: a damaged one of 200 MB need not be searched
        _check_size(path, limits.workbook)
    kind = detect(path)
    if kind in (FileKind.TEXT, FileKind.PARQUET):
        _check_size(path, limits.text if kind is FileKind.TEXT else limits.parquet)
    if kind is FileKind.TEXT:
        return [read_text(path)]
    if kind is FileKind.PARQUET:
        return [_read_parquet(path)]
    return read_workbook(path, limits.workbook_unpacked, progress)


def _check_size(path: Path, limit: int) -> None:
    size = path.stat().st_size
    if size > limit:
        raise unreadable(
            path,
            _("文件有 {size:.1f} MB，超过上限 {limit:.1f} MB").format(size=size / 1e6, limit=limit / 1e6),
            _("较小的文件"),
            _("请按乡镇分成几个文件；工作簿里有图片的请删去图片，或另存为 CSV 再导入"),
        )


def _read_parquet(path: Path) -> Sheet:
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError):
        raise unreadable(
            path, _("Parquet 文件不完整或已损坏"), _("完整的 Parquet 文件"), _("请重新导出或复制一次")
        ) from None
    return sheet_of_table(path.name, table)


def sheet_of_table(name: str, table: pa.Table, *, typed: bool = True) -> Sheet:
    """A table in memory as a sheet. Its names become the first row, as the headings of every other kind of file."""
    columns = []
    for heading, chunks in zip(table.column_names, table.columns, strict=True):
        column = column_of_arrow(chunks.combine_chunks())
        columns.append(column_of_texts(pa.array([heading], pa.string())).followed_by(column))
    return Sheet(name, columns=tuple(columns), typed=typed)
