"""Workbooks, Parquet and anything else that comes as columns of Arrow, in the same blocks of texts as a CSV."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zhikun.engine.packs.monitoring import ListSource, Monitoring
from zhikun.intake.lists.coming import BLOCK_ROWS, Block, Ended, Special
from zhikun.intake.lists.errors import ListUnreadable
from zhikun.intake.lists.headings import LOOK_AT, find_heading_row, heading_score, no_heading_row
from zhikun.tables import Grid, Kind, UnreadableFile, read_sheets
from zhikun.tables.cells import column_of_arrow
from zhikun.wording import _

_SPECIAL = (Kind.ERROR, Kind.UNCALCULATED, Kind.MERGED)
_BROKEN = (pa.ArrowException, OSError, ValueError)  # what a damaged Parquet file makes Arrow say; bad texts among them
_ZONE = "Asia/Shanghai"  # the days of the lists are days in China


@dataclass(slots=True)
class SheetComing:
    """A sheet of a workbook (or a CSV that only the careful reader takes)."""

    path: Path
    grid: Grid
    header: tuple[str, ...]
    _hash: str

    @property
    def file(self) -> str:
        return self.path.name

    @property
    def known_hash(self) -> str | None:
        return self._hash

    def blocks(self) -> Iterator[Block]:
        for start in range(0, len(self.grid.rows), BLOCK_ROWS):
            part = slice(start, start + BLOCK_ROWS)
            special = []
            for position, column in enumerate(self.grid.columns):
                kinds = column.kind[part]
                found = np.flatnonzero(np.isin(kinds, _SPECIAL))
                special += [
                    Special(at, position, Kind(int(kinds[at])), column.text[start + at].as_py())
                    for at in map(int, found)
                ]
            texts = tuple(column.text.slice(start, BLOCK_ROWS) for column in self.grid.columns)
            yield Block(self.grid.rows[part], texts, tuple(special))

    def finish(self) -> Ended:
        return Ended(self._hash)


def open_sheets(path: Path, source: ListSource, monitoring: Monitoring | None = None) -> SheetComing:
    """The one sheet with the list's headings. Raises ListUnreadable for none, and for two that could be meant."""
    try:
        sheets = read_sheets(path)
    except UnreadableFile as error:
        raise ListUnreadable(str(error)) from None
    fitting = []
    for sheet in sheets:
        rows = sheet.head(LOOK_AT)
        at = find_heading_row(source, rows)
        if at is not None:
            fitting.append((heading_score(source, rows[at]), sheet, at))
    if not fitting:
        rows = next((sheet.head(LOOK_AT) for sheet in sheets if len(sheet)), [])
        raise no_heading_row(source, rows, path.name, monitoring)
    best = max(score for score, _sheet, _at in fitting)
    alike = [sheet.name for score, sheet, _at in fitting if score == best]
    if len(alike) > 1:
        raise ListUnreadable(
            _("“{f}”里的工作表{names}都像这份名单，不知道该读哪一张。请只留一张，或分开存成文件逐一接收。").format(
                f=path.name, names="、".join(_("“{n}”").format(n=name) for name in alike)
            )
        )
    _score, sheet, at = next(found for found in fitting if found[0] == best)
    grid = sheet.grid(at)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return SheetComing(path, grid, grid.header, digest)


@dataclass(slots=True)
class ArrowComing:
    """Batches of Arrow: a Parquet file, the answer to a query, the pages of an address."""

    file: str
    header: tuple[str, ...]
    batches: Callable[[], Iterable[pa.RecordBatch]]
    known_hash: str | None = None
    ended: Callable[[], tuple[str, ...]] = tuple
    _digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    def blocks(self) -> Iterator[Block]:
        """The rows, numbered as if the names of the columns were row 1."""
        self._digest.update("\x1f".join(self.header).encode())
        following = 2
        for batch in self.batches():
            for start in range(0, batch.num_rows, BLOCK_ROWS):
                part = batch.slice(start, BLOCK_ROWS)
                texts = tuple(texts_of(column) for column in part.columns)
                self._count_in(texts)
                rows = np.arange(following, following + part.num_rows, dtype=np.int32)
                following += part.num_rows
                yield Block(rows, texts)

    def finish(self) -> Ended:
        return Ended(self.known_hash or self._digest.hexdigest(), notes=self.ended())

    def _count_in(self, texts: tuple[pa.Array, ...]) -> None:
        """What was read, row by row, for the hash of content that is no file: the same rows have the same hash."""
        if self.known_hash is None and texts:
            lines = pc.binary_join_element_wise(*texts, "", "\x1f")
            _validity, offsets, content = lines.buffers()
            end = int(np.frombuffer(offsets, dtype=np.int32)[len(lines)])
            self._digest.update(memoryview(content)[:end] if content is not None else b"")


def open_parquet(path: Path, source: ListSource, monitoring: Monitoring | None = None) -> ArrowComing:
    """A Parquet file. Raises ListUnreadable."""
    try:
        with pq.ParquetFile(path) as file:
            header = tuple(file.schema_arrow.names)
    except _BROKEN:
        raise _broken_parquet(path) from None
    if find_heading_row(source, [header]) is None:
        raise no_heading_row(source, [header], path.name, monitoring)

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            with pq.ParquetFile(path, page_checksum_verification=True) as file:
                for batch in file.iter_batches(batch_size=BLOCK_ROWS):
                    batch.validate(full=True)  # among others that texts are texts
                    yield batch
        except _BROKEN:
            raise _broken_parquet(path) from None

    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return ArrowComing(path.name, header, batches, digest)


def texts_of(array: pa.Array) -> pa.Array:
    """A column as the texts that people would write; null is a blank. Long whole numbers stay exact."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return texts_of(array.dictionary_decode())
    if pa.types.is_null(kind):
        return pa.array([""] * len(array), pa.string())
    if pa.types.is_timestamp(kind):
        local = array if kind.tz is None else pc.local_timestamp(array.cast(pa.timestamp("us", tz=_ZONE)))
        array = local.cast(pa.date32(), safe=False)
    elif pa.types.is_floating(kind):
        return _number_texts(array.cast(pa.float64()))
    elif not (
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_date(kind)
    ):
        return column_of_arrow(array).text
    return pc.fill_null(array.cast(pa.string()), "")


def _number_texts(array: pa.Array) -> pa.Array:
    """642223197001011234.0 has lost its last digits: it is shown as a spreadsheet shows it, and refused by name."""
    values = array.to_numpy(zero_copy_only=False)
    large = np.abs(np.nan_to_num(values)) >= 1e15
    whole = ~np.isnan(values) & ~large & (values == np.floor(values))
    whole_text = pa.array(np.where(whole, values, 0).astype(np.int64)).cast(pa.string())
    text = pc.if_else(pa.array(whole), whole_text, pc.fill_null(array.cast(pa.string()), ""))
    if large.any():
        texts = text.to_pylist()
        for at in map(int, np.flatnonzero(large)):
            texts[at] = f"{values[at]:.5E}"
        text = pa.array(texts, pa.string())
    return pc.if_else(pa.array(np.isnan(values)), "", text)


def _broken_parquet(path: Path) -> ListUnreadable:
    return ListUnreadable(
        _(
            "Parquet 文件“{f}”不完整或已损坏，或里面的文字不是 UTF-8，读不出来。没有接收；请重新导出或重新复制一次。"
        ).format(f=path.name)
    )
