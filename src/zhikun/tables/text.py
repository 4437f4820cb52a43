"""CSV as offices send it: UTF-8 with or without a mark, GB18030, UTF-16; comma, tab or semicolon."""

from __future__ import annotations

import csv
import io
from itertools import zip_longest
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv

from zhikun.tables.cells import Column, column_of_texts
from zhikun.tables.detect import unreadable
from zhikun.tables.sheets import Sheet
from zhikun.wording import _

_DELIMITERS = ",\t;|，"
_MAX_COLUMNS = 2000


def read_text(path: Path) -> Sheet:
    """One CSV file as a sheet named after the file. Raises UnreadableFile for other encodings."""
    text = decode(path, path.read_bytes())
    delimiter = delimiter_of(text)
    columns = _read_fast(text, delimiter)
    if columns is None:
        columns = _read_ragged(path, text, delimiter)
    return Sheet(path.name, columns=columns, typed=False)


def decode(path: Path, content: bytes) -> str:
    """The file's text: by its mark, else UTF-8, else GB18030."""
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    encodings = ["utf-16"] if marked else ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise unreadable(
        path,
        _("文字编码认不出来"),
        _("UTF-8 或 GB18030（GBK）编码的 CSV"),
        _("请用 Excel 或 WPS 打开，另存为“CSV UTF-8”或 .xlsx 再导入"),
    )


def delimiter_of(text: str) -> str:
    """The sign that occurs most often in the first lines, outside quotes."""
    sample = "".join(text[:20_000].split('"')[::2])
    lines = [line for line in sample.splitlines() if line.strip()][:5]
    return max(_DELIMITERS, key=lambda sign: (sum(line.count(sign) for line in lines), sign == ","))


def _read_fast(text: str, delimiter: str) -> tuple[Column, ...] | None:
    """Regular files in one go; None when lines differ in length, which the careful reader handles."""
    if not delimiter.isascii():
        return None
    end = text.find("\n")
    first = next(csv.reader([text if end < 0 else text[:end]], delimiter=delimiter), [])
    if not first or len(first) > _MAX_COLUMNS:
        return None
    names = [f"f{i}" for i in range(len(first))]
    data = text.encode()
    options = pacsv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, quoted_strings_can_be_null=False
    )
    try:
        table = pacsv.read_csv(
            pa.BufferReader(data),
            read_options=pacsv.ReadOptions(column_names=names, block_size=max(1 << 22, len(first) * 64)),
            parse_options=pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False),
            convert_options=options,
        )
    except pa.ArrowInvalid:
        return None
    return tuple(column_of_texts(c.combine_chunks()) for c in table.columns)


def _read_ragged(path: Path, text: str, delimiter: str) -> tuple[Column, ...]:
    """Line by line: short lines end in blanks, blank lines stay, so that row numbers are the spreadsheet's."""
    csv.field_size_limit(10_000_000)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        raise unreadable(
            path,
            _("不是规整的 CSV，按行拆不开"),
            _("逗号分隔的文本"),
            _("请用 Excel 或 WPS 打开，另存为 .xlsx 再导入"),
        ) from None
    if max(map(len, rows), default=0) > _MAX_COLUMNS:
        raise unreadable(path, _("一行里有上千列"), _("逗号分隔的文本"), _("请确认这是调查表导出的 CSV"))
    return tuple(column_of_texts(pa.array(values, pa.string())) for values in zip_longest(*rows, fillvalue=""))
