"""CSV of any size, in blocks: UTF-8 with or without a mark, GB18030, UTF-16; plain or gzipped.

The file is looked at twice: once for its hash, its encoding and what would make every row after it wrong (a zero byte, a
quote that is never closed), once for its rows.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BufferedReader, StringIO
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from zhikun.engine.packs.monitoring import ListSource, Monitoring
from zhikun.intake.lists.coming import BLOCK_ROWS, Block, Ended, Unsplit
from zhikun.intake.lists.errors import ListUnreadable
from zhikun.intake.lists.headings import LOOK_AT, find_heading_row, no_heading_row
from zhikun.tables.text import delimiter_of
from zhikun.wording import _

_GZIP = b"\x1f\x8b"
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CHUNK = 4 << 20
_BLOCK_BYTES = 1 << 20  # Arrow reads up to 32 of them ahead
_SAMPLE_BYTES = 1 << 18
_SAMPLE_ROWS = 60
_MOST_UNSPLIT = 100_000
_FOLLOWS, _LEAD, _LEAD_OF_THREE, _LEAD_OF_FOUR = 0x80, 0xC0, 0xE0, 0xF0  # the bytes of a character in UTF-8
_MOST_COLUMNS = 2000


def is_gzip(path: Path) -> bool:
    """Whether the file is packed with gzip."""
    with path.open("rb") as file:
        return file.read(2) == _GZIP


@dataclass(slots=True)
class _Look:
    """What the first reading found."""

    sha256: str
    encoding: str
    quotes: bool
    open_end: bool  # the last line has no end
    bad_utf8_line: int = 0  # where UTF-8 broke, when the file was then taken for GB18030


@dataclass(slots=True)
class CsvComing:
    """A CSV file as it comes in."""

    path: Path
    header: tuple[str, ...]
    header_row: int
    delimiter: str
    look: _Look
    _unsplit: list[Unsplit] = field(default_factory=list)
    _last_row: int = 0

    @property
    def file(self) -> str:
        return self.path.name

    @property
    def known_hash(self) -> str | None:
        return self.look.sha256

    def blocks(self) -> Iterator[Block]:
        """The rows below the heading, with the numbers that a spreadsheet would show beside them."""
        numbers = _Numbers()
        names = [f"f{i}" for i in range(len(self.header))]

        def unsplit(row: pacsv.InvalidRow) -> str:
            numbers.skipped.append(row.number)
            if row.number > self.header_row:
                self._keep_unsplit(row)
            return "skip"

        try:
            with _stream(self.path) as stream:
                reader = pacsv.open_csv(
                    stream,
                    read_options=pacsv.ReadOptions(
                        column_names=names, use_threads=False, block_size=_BLOCK_BYTES, encoding=self.look.encoding
                    ),
                    parse_options=pacsv.ParseOptions(
                        delimiter=self.delimiter,
                        newlines_in_values=self.look.quotes,
                        ignore_empty_lines=False,
                        invalid_row_handler=unsplit,
                    ),
                    convert_options=pacsv.ConvertOptions(
                        column_types=dict.fromkeys(names, pa.string()),
                        strings_can_be_null=False,
                        quoted_strings_can_be_null=False,
                    ),
                )
                for batch in _together(reader):
                    rows = numbers.next(batch.num_rows)
                    first = int(np.searchsorted(rows, self.header_row, side="right"))
                    if first < len(rows):
                        self._last_row = int(rows[-1])
                        yield Block(rows[first:], tuple(column.slice(first) for column in batch.columns))
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            raise self._broken(error) from None

    def finish(self) -> Ended:
        last = self._unsplit[-1].row if self._unsplit else 0
        cut_off = self.look.open_end and last > self._last_row
        return Ended(self.look.sha256, tuple(self._unsplit), cut_off)

    def _keep_unsplit(self, row: pacsv.InvalidRow) -> None:
        if len(self._unsplit) >= _MOST_UNSPLIT:
            raise ListUnreadable(
                _(
                    "“{f}”有超过 {n} 行的格数与表头（{h} 格）不同，不是规整的 CSV。"
                    "请让报送部门重新导出，含逗号或换行的文字要加引号。"
                ).format(f=self.file, n=_MOST_UNSPLIT, h=len(self.header))
            )
        cells = next(csv.reader(StringIO(row.text, newline=""), delimiter=self.delimiter), [])
        self._unsplit.append(Unsplit(row.number, tuple(cells)))

    def _broken(self, error: Exception) -> ListUnreadable:
        after = self._last_row or self.header_row
        if isinstance(error, UnicodeDecodeError) or "UTF8" in str(error):
            return _bad_encoding(self.file, self.look.bad_utf8_line or after)
        return ListUnreadable(
            _("“{f}”第 {n} 行以后按行拆不开：多半是引号没有成对，或一格里有几百万字。请让报送部门重新导出。").format(
                f=self.file, n=after
            )
        )


def open_csv(path: Path, source: ListSource, monitoring: Monitoring | None = None) -> CsvComing | None:
    """The file with its headings found. Raises ListUnreadable; None for delimiters that only a spreadsheet reader takes."""
    look = _looked(path)
    csv.field_size_limit(10_000_000)
    with _opened(path) as file:
        head = file.read(_SAMPLE_BYTES)
    rows, delimiter = _sample(head, look.encoding)
    if not delimiter.isascii():
        return None
    at = find_heading_row(source, rows)
    if at is None:
        if look.bad_utf8_line and find_heading_row(source, _sample(head, "utf8")[0]) is not None:
            raise _bad_encoding(path.name, look.bad_utf8_line)
        raise no_heading_row(source, rows, path.name, monitoring)
    header = _as_wide_as_rows(rows[at], rows[at + 1 :])
    if len(header) > _MOST_COLUMNS:
        raise ListUnreadable(_("“{f}”的表头有 {n} 列，不像一份名单。请核对文件。").format(f=path.name, n=len(header)))
    return CsvComing(path, tuple(header), at + 1, delimiter, look)


def _together(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Small batches put together, until there are rows enough to be looked at in columns."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        waiting.append(batch)
        count += batch.num_rows
        if count >= BLOCK_ROWS:
            yield pa.concat_batches(waiting)
            waiting, count = [], 0
    if waiting:
        yield pa.concat_batches(waiting)


class _Numbers:
    """Which line of the file each row is: Arrow leaves out lines it cannot split, and says which."""

    def __init__(self) -> None:
        self.skipped: list[int] = []
        self._used = 0
        self._next = 1

    def next(self, count: int) -> NDArray[np.int32]:
        """The numbers of the next rows."""
        pending = np.asarray(self.skipped[self._used :], dtype=np.int64)
        before = pending - self._next - np.arange(len(pending))  # so many good rows stand before each of them
        shift = np.searchsorted(before, np.arange(count), side="right")
        rows = self._next + np.arange(count) + shift
        used = int(np.searchsorted(before, count, side="left"))
        self._used += used
        self._next += count + used
        return rows.astype(np.int32)


def _opened(path: Path) -> BinaryIO:
    file = gzip.open(path, "rb") if is_gzip(path) else path.open("rb")  # noqa: SIM115 - the caller closes it
    return cast("BinaryIO", file)


def _stream(path: Path) -> pa.NativeFile:
    return pa.input_stream(str(path), compression="gzip" if is_gzip(path) else None)


def _looked(path: Path) -> _Look:
    """The first reading. Raises ListUnreadable for what no row could be read right behind."""
    digest, lines, quotes, last = hashlib.sha256(), 0, 0, b""
    decoder: _Utf8 | None = _Utf8()
    bad_line, zero_line, odd_line = 0, 0, 0
    wide = False
    try:
        with _opened(path) as file:
            while chunk := file.read(_CHUNK):
                if not last:
                    wide = chunk.startswith(_UTF16_MARKS)
                digest.update(chunk)
                if decoder is not None and not wide:
                    try:
                        decoder.decode(chunk)
                    except UnicodeDecodeError as error:
                        bad_line, decoder = lines + chunk.count(b"\n", 0, max(error.start, 0)) + 1, None
                if not zero_line and not wide and (at := chunk.find(b"\0")) >= 0:
                    zero_line = lines + chunk.count(b"\n", 0, at) + 1
                quotes += chunk.count(b'"') if b'"' in chunk else 0
                if quotes % 2 and not odd_line:
                    odd_line = lines + chunk.count(b"\n", 0, chunk.rfind(b'"')) + 1
                elif not quotes % 2:
                    odd_line = 0
                lines += chunk.count(b"\n")
                last = chunk[-1:]
            if decoder is not None and not wide:
                try:
                    decoder.decode(b"", final=True)
                except UnicodeDecodeError:
                    bad_line, decoder = lines + 1, None
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise ListUnreadable(
            _("压缩文件“{f}”不完整或已损坏，解不开。多半是传输中断，请重新复制或下载一次。").format(f=path.name)
        ) from None
    if zero_line:
        raise ListUnreadable(
            _(
                "“{f}”第 {n} 行有空字节（NUL），多半是导出或传输中断造成的，后面的内容不可信。请重新导出或重新传一次。"
            ).format(f=path.name, n=zero_line)
        )
    if quotes % 2 and not wide:
        raise ListUnreadable(
            _(
                "“{f}”的引号不成对（从第 {n} 行附近起）：后面的行会被当成一格，因此没有读。请让报送部门重新导出，或改正那一行。"
            ).format(f=path.name, n=_first_open_quote(path) or odd_line)
        )
    encoding = "utf-16" if wide else "utf8" if decoder is not None else "gb18030"
    return _Look(_file_hash(path, digest), encoding, quotes > 0, last not in {b"\n", b""}, bad_line)


class _Utf8:
    """Whether bytes that come in pieces are UTF-8: Arrow says so six times as fast as Python, which is asked where it does not."""

    def __init__(self) -> None:
        self._begun = b""  # of a character that goes on in the next piece

    def decode(self, piece: bytes, *, final: bool = False) -> None:
        """The next piece. Raises UnicodeDecodeError."""
        whole = self._begun + piece if self._begun else piece
        end = len(whole) if final else len(whole) - _unfinished(whole[-3:])
        self._begun = whole[end:]
        known = pa.py_buffer(whole[:end] if self._begun else whole)
        ends = pa.py_buffer(np.array([0, end], dtype=np.int32))
        try:
            pa.Array.from_buffers(pa.binary(), 1, [None, ends, known]).cast(pa.string())
        except pa.ArrowInvalid:
            whole[:end].decode("utf-8")


def _unfinished(last: bytes) -> int:
    """How many of the last three bytes begin a character of UTF-8 that is not at its end."""
    for back, byte in enumerate(reversed(last), start=1):
        if byte >= _LEAD:
            return back if back < 2 + (byte >= _LEAD_OF_THREE) + (byte >= _LEAD_OF_FOUR) else 0
        if byte < _FOLLOWS:
            return 0
    return 0


def _file_hash(path: Path, content: hashlib._Hash) -> str:
    """The hash of the file as it lies there: what `sha256sum` gives."""
    if not is_gzip(path):
        return content.hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _first_open_quote(path: Path) -> int:
    """The first line that opens a quote which the next lines do not close soon; 0 where none stands out."""
    with _opened(path) as file:
        for number, line in enumerate(cast("BufferedReader", file), start=1):
            if line.count(b'"') % 2:
                return number
    return 0


def _sample(head: bytes, encoding: str) -> tuple[list[list[str]], str]:
    """The first rows and the sign that separates cells."""
    text = codecs.decode(head, "utf-8-sig" if encoding == "utf8" else encoding, "replace")
    if len(head) == _SAMPLE_BYTES:
        text = text[: text.rfind("\n") + 1] or text
    delimiter = delimiter_of(text)
    rows = []
    try:
        for row in csv.reader(StringIO(text, newline=""), delimiter=delimiter):
            rows.append(row)
            if len(rows) >= LOOK_AT + _SAMPLE_ROWS:
                break
    except csv.Error:
        pass  # what was read before it is enough to look for headings
    return rows, delimiter


def _as_wide_as_rows(header: list[str], rows: list[list[str]]) -> list[str]:
    """A heading row without the comma that every row below it ends with gets one more, blank, heading."""
    widths = [len(row) for row in rows if any(cell.strip() for cell in row)]
    if widths:
        usual = max(set(widths), key=widths.count)
        extra = usual - len(header)
        if extra > 0 and all(not cell.strip() for row in rows if len(row) == usual for cell in row[len(header) :]):
            return [*header, *[""] * extra]
    return header


def _bad_encoding(file: str, line: int) -> ListUnreadable:
    return ListUnreadable(
        _(
            "“{f}”第 {n} 行附近的文字既不是 UTF-8 也不是 GB18030 编码，多半是几份编码不同的文件接在一起。"
            "请用 Excel 或 WPS 打开核对，另存为“CSV UTF-8”后再接收。"
        ).format(f=file, n=line)
    )
