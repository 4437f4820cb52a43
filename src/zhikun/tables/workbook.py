"""Workbooks: values through calamine, and what it does not tell (error cells, uncalculated formulas) from the XML."""

from __future__ import annotations

import html
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import python_calamine as calamine

from zhikun.tables.cells import Kind
from zhikun.tables.detect import BROKEN_ZIP, unreadable
from zhikun.tables.messages import UnreadableFile
from zhikun.tables.sheets import Sheet
from zhikun.wording import _

Progress = Callable[[str, int, int], None]

_SHEET_TAG = re.compile(rb"<(?:\w+:)?sheet\b([^>]*)/?>")
_RELATION_TAG = re.compile(rb"<(?:\w+:)?Relationship\b([^>]*)/?>")
_ATTRIBUTE = re.compile(rb"([\w:]+)\s*=\s*[\"']([^\"']*)[\"']")
_FORMULA = rb"<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)"
_FORMULA_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*)>\s*" + _FORMULA + rb"\s*(<(?:\w+:)?(?:v|is)\b[^>/]*>\s*[^<\s])?")
_ERROR_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*\bt=\"e\"[^>]*)>(?:\s*" + _FORMULA + rb")?\s*<(?:\w+:)?v>([^<]*)<")
_REFERENCE = re.compile(rb"\br=\"([A-Z]{1,3})(\d+)\"")
Marks = dict[tuple[int, int], tuple[Kind, str]]


def read_workbook(path: Path, max_unpacked: int, progress: Progress | None = None) -> list[Sheet]:
    """Every worksheet of the workbook, hidden ones included, charts left out.

    Raises UnreadableFile for a damaged file, for one with a password, and for one that would unpack to
    more than `max_unpacked` bytes.
    """
    parts = _xml_parts(path, max_unpacked)
    sheets = []
    try:
        with calamine.CalamineWorkbook.from_path(str(path)) as book:
            names = [m.name for m in book.sheets_metadata if m.typ == calamine.SheetTypeEnum.WorkSheet]
            for number, name in enumerate(names):
                if progress:
                    progress(_("读取工作表“{name}”").format(name=name), number, len(names))
                sheet = book.get_sheet_by_name(name)
                cells = sheet.to_python(skip_empty_area=False)
                marks = _marks(path, parts[name]) if name in parts else {}
                sheets.append(
                    Sheet(
                        name,
                        cells,
                        merged=sheet.merged_cell_ranges or (),
                        marks=marks,
                        tells_errors=name in parts,
                        file=path.name,
                    )
                )
    except calamine.PasswordError:
        raise unreadable(
            path, _("工作簿设有打开密码"), _("没有密码的工作簿"), _("请取消密码后另存一份再导入")
        ) from None
    except (calamine.CalamineError, *BROKEN_ZIP) as error:
        if isinstance(error, UnreadableFile):
            raise
        raise _damaged(path) from None
    return sheets


def _damaged(path: Path) -> UnreadableFile:
    return unreadable(
        path,
        _("文件不完整或已损坏，打不开"),
        _("完整的工作簿"),
        _("请用 Excel 或 WPS 打开后另存为 .xlsx；打不开就重新复制或下载一次"),
    )


def _xml_parts(path: Path, max_unpacked: int) -> dict[str, str]:
    """Sheet name -> its part in the .xlsx; empty for formats that are built otherwise."""
    if not zipfile.is_zipfile(path):
        return {}
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
            if unpacked > max_unpacked:
                raise unreadable(
                    path,
                    _("解开后有 {size} MB，超过工作簿的上限 {limit} MB").format(
                        size=unpacked // 1_000_000, limit=max_unpacked // 1_000_000
                    ),
                    _("较小的工作簿"),
                    _("请按乡镇分成几个文件，或另存为 CSV 再导入"),
                )
            if "xl/workbook.xml" not in archive.namelist():
                return {}
            relations = _relations(archive)
            parts = {}
            for tag in _SHEET_TAG.findall(archive.read("xl/workbook.xml")):
                attributes = dict(_ATTRIBUTE.findall(tag))
                target = next((relations.get(v) for k, v in attributes.items() if k.endswith(b":id")), None)
                if target and b"name" in attributes:
                    parts[html.unescape(attributes[b"name"].decode())] = target
            return parts
    except UnreadableFile:
        raise
    except BROKEN_ZIP:
        raise _damaged(path) from None


def _relations(archive: zipfile.ZipFile) -> dict[bytes, str]:
    targets = {}
    for tag in _RELATION_TAG.findall(archive.read("xl/_rels/workbook.xml.rels")):
        attributes = dict(_ATTRIBUTE.findall(tag))
        target = attributes.get(b"Target", b"").decode()
        targets[attributes.get(b"Id", b"")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return targets


def _marks(path: Path, part: str) -> Marks:
    """Cells (row, column from 0) that hold an error or a formula without a stored result."""
    with zipfile.ZipFile(path) as archive:
        xml = archive.read(part)
    marks: Marks = {}
    if b't="e"' in xml:
        for attributes, text in _ERROR_CELL.findall(xml):
            _put(marks, attributes, Kind.ERROR, html.unescape(text.decode("utf-8", "replace")))
    if any(tag in xml for tag in (b"<f>", b"<f ", b"<f/", b":f>", b":f ", b":f/")):
        for attributes, value in _FORMULA_CELL.findall(xml):
            if not value:
                _put(marks, attributes, Kind.UNCALCULATED, "")
    return marks


def _put(marks: Marks, attributes: bytes, kind: Kind, text: str) -> None:
    reference = _REFERENCE.search(attributes)
    if reference:
        column = 0
        for letter in reference.group(1):
            column = column * 26 + letter - 64
        marks.setdefault((int(reference.group(2)) - 1, column - 1), (kind, text))
