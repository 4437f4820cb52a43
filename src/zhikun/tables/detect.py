"""What a file really is, judged by its first bytes and not by its name."""

from __future__ import annotations

import re
import zipfile
import zlib
from enum import StrEnum
from pathlib import Path

from zhikun.tables.messages import RowMessage, UnreadableFile
from zhikun.wording import _

_CFB = bytes.fromhex("d0cf11e0a1b11ae1")
_OTHERS = (
    (b"%PDF", "PDF"),
    (b"\x89PNG", "PNG 图片"),
    (b"\xff\xd8\xff", "JPEG 图片"),
    (b"GIF8", "GIF 图片"),
    (b"BM", "BMP 图片"),
    (b"Rar!", "RAR 压缩包"),
    (b"7z\xbc\xaf", "7z 压缩包"),
    (b"\x1f\x8b", "gzip 压缩包"),
    (b"SQLite format 3", "SQLite 数据库"),
    (b"{\\rtf", "RTF 文档"),
)
# What reading a damaged archive raises: bad structure, unknown compression, an encrypted member, bad data.
BROKEN_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    KeyError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class FileKind(StrEnum):
    """What can be read."""

    WORKBOOK = "workbook"  # .xlsx .xlsm .xlsb .ods
    OLD_WORKBOOK = "old workbook"  # .xls, and .et of WPS
    PARQUET = "parquet"
    TEXT = "text"


def unreadable(path: Path, found: str, expected: str, remedy: str) -> UnreadableFile:
    """The error for a file that cannot be used at all."""
    message = RowMessage("", 0, "", _("文件“{name}”：{found}").format(name=path.name, found=found), expected, remedy)
    return UnreadableFile(message)


def is_container(path: Path) -> bool:
    """Whether the file begins like a workbook: as a ZIP or an old Office container."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(8).startswith((b"PK\x03\x04", _CFB))


def detect(path: Path) -> FileKind:
    """The kind of the file. Raises UnreadableFile with the way out for everything that cannot be read."""
    if path.is_dir():
        raise unreadable(path, _("这是一个文件夹"), _("一个文件"), _("请写文件夹里要读的那个文件"))
    if not path.is_file():
        raise unreadable(path, _("找不到这个文件"), "", _("请检查路径和文件名是否写对"))
    with path.open("rb") as file:
        head = file.read(4096)
    if not head.strip(b"\x00\r\n\t \xef\xbb\xbf"):
        raise unreadable(path, _("文件是空的"), _("有内容的工作簿或 CSV"), _("请确认传输完整，重新导出后再试"))
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(path)
    if head.startswith(_CFB):
        return _ole_kind(path)
    if head.startswith(b"PAR1"):
        return FileKind.PARQUET
    return _text_kind(path, head)


def _workbook_expected() -> str:
    return _("工作簿（.xlsx、.xls）、CSV 或 Parquet 文件")


def _zip_kind(path: Path) -> FileKind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            mimetype = archive.read("mimetype")[:80] if "mimetype" in names else b""
    except BROKEN_ZIP:
        raise unreadable(
            path,
            _("文件不完整或已损坏，打不开"),
            _("完整的 .xlsx 工作簿"),
            _("多半是传输中断造成的，请重新复制或下载一次"),
        ) from None
    if b"opendocument.spreadsheet" in mimetype:
        return FileKind.WORKBOOK
    if any(name.startswith("xl/workbook") for name in names):
        return FileKind.WORKBOOK
    what = _("Word 文档") if any(n.startswith("word/") for n in names) else _("压缩包，不是工作簿")
    raise unreadable(
        path,
        _("这是{what}").format(what=what),
        _workbook_expected(),
        _("压缩包请先解压；Word 里的表格请粘贴到 .xlsx 工作簿中"),
    )


def _ole_kind(path: Path) -> FileKind:
    """Old Office files: the directory of the container names its streams in UTF-16."""
    content = path.read_bytes()
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise unreadable(
            path,
            _("工作簿设有打开密码"),
            _("没有密码的工作簿"),
            _("请在 Excel 或 WPS 里打开，取消密码后另存一份再导入"),
        )
    if any(name.encode("utf-16-le") in content for name in ("Workbook", "Book\0")):
        return FileKind.OLD_WORKBOOK
    raise unreadable(
        path,
        _("这是旧版 Office 文档，但不是工作簿"),
        _workbook_expected(),
        _("请把表格粘贴到 .xlsx 工作簿中再导入"),
    )


def _text_kind(path: Path, head: bytes) -> FileKind:
    for magic, what in _OTHERS:
        if head.startswith(magic):
            found = _("这是 {what}，不是表格").format(what=what)
            raise unreadable(path, found, _workbook_expected(), _("请选择表格文件本身"))
    if b"\x00" in head and not head.startswith(_UTF16):
        raise unreadable(path, _("内容不是表格，也不是文本"), _workbook_expected(), _("请选择表格文件本身"))
    start = head.lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if re.match(rb"<(!doctype html|html|table|meta|head)", start) or b"urn:schemas-microsoft-com" in start:
        raise unreadable(
            path,
            _("这是网页格式的表格，只是文件名像工作簿"),
            _workbook_expected(),
            _("请用 Excel 或 WPS 打开，另存为 .xlsx 再导入"),
        )
    if path.suffix.lower() in {".xlsx", ".xls", ".xlsm", ".xlsb", ".et", ".ods", ".parquet"}:
        raise unreadable(
            path,
            _("文件名是{suffix}，内容却是普通文本").format(suffix=path.suffix),
            _workbook_expected(),
            _("如果是逗号分隔的文本，请把扩展名改为 .csv；否则请重新导出"),
        )
    return FileKind.TEXT
