"""A folder of Parquet or CSV files in blocks of households: never the whole of it in memory.

The rows of members (and of what a household owns) stand in the order of the household file; a file that stands otherwise is
put in order by DuckDB first. CSV is turned into Parquet once. What is written for that lies in a private folder that goes
with the block's reader.
"""

from __future__ import annotations

import csv
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from zhikun.disk import file_hash, private_folder
from zhikun.engine.packs.model import Pack
from zhikun.intake.survey.headings import household_column, sheet_entity
from zhikun.intake.survey.layout import layouts
from zhikun.tables import RowMessage, Sheet, UnreadableFile, sheet_of_table

_READ = 50_000  # rows at once where a file is rewritten
_MEMORY = "300MB"


@dataclass
class Table:
    """One Parquet file of the source; the row group read last is kept, for blocks follow one another."""

    entity: str
    name: str
    file: pq.ParquetFile
    starts: NDArray[np.int64]  # of the row groups, with the end
    typed: bool
    _held: tuple[int, pa.Table] | None = None

    @property
    def headings(self) -> list[str]:
        return list(self.file.schema_arrow.names)

    def take(self, first: int, last: int) -> pa.Table:
        """The rows from `first` up to `last`."""
        groups = range(
            int(np.searchsorted(self.starts, first, side="right")) - 1,
            int(np.searchsorted(self.starts, last, side="left")),
        )
        parts = []
        for group in groups:
            table, start = self._group(group), int(self.starts[group])
            parts.append(table.slice(max(0, first - start), min(last - start, table.num_rows) - max(0, first - start)))
        return pa.concat_tables(parts) if parts else self.file.schema_arrow.empty_table()

    def _group(self, group: int) -> pa.Table:
        if self._held is None or self._held[0] != group:
            self._held = None  # the old one goes before the new one comes
            self._held = (group, self.file.read_row_group(group))
        return self._held[1]


@dataclass(frozen=True)
class Block:
    """Some households with everything that belongs to them, as sheets; how far the rows stand from those of the files."""

    number: int
    sheets: list[Sheet]
    offsets: dict[str, int]


@dataclass
class Source:
    """The files of one survey, ready to be read block by block."""

    tables: list[Table]
    bounds: dict[str, NDArray[np.int64]]  # entity -> for each household where its rows begin, with the end
    households: int
    loose: int

    def blocks(self, size: int, first: int = 0) -> Iterator[Block]:
        """The blocks from number `first` on."""
        for number in range(first, -(-self.households // size)):
            start, end = number * size, min((number + 1) * size, self.households)
            sheets, offsets = [], {}
            for table in self.tables:
                edges = self.bounds[table.entity]
                rows = table.take(int(edges[start]), int(edges[end]))
                sheets.append(sheet_of_table(table.name, rows, typed=table.typed))
                offsets[table.name] = int(edges[start])
            yield Block(number, sheets, offsets)


def fingerprint(folder: Path, pack: Pack) -> tuple[str, int]:
    """The SHA-256 of the folder's tables together, and how many bytes they are."""
    work, size = hashlib.sha256(), 0
    for path in _files(folder, pack).values():
        work.update(f"{path.name}:{file_hash(path)}\n".encode())
        size += path.stat().st_size
    return work.hexdigest(), size


@contextmanager
def opened(folder: Path, pack: Pack, bench: Path) -> Iterator[Source]:
    """The source of a folder; `bench` is where files may be rewritten, gone at the end. Raises UnreadableFile."""
    shutil.rmtree(bench, ignore_errors=True)
    private_folder(bench)
    try:
        yield _source(_files(folder, pack), bench)
    finally:
        shutil.rmtree(bench, ignore_errors=True)


def _files(folder: Path, pack: Pack) -> dict[str, Path]:
    """The table files by entity, households first."""
    plans = layouts(pack)
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.suffix.lower() not in {".parquet", ".csv"}:
            continue
        entity = sheet_entity(path.name, plans)
        if entity and entity in found:
            raise _refused(_("{a} 和 {b} 说的是同一张表").format(a=found[entity].name, b=path.name), _("请只留一个"))
        if entity:
            found[entity] = path
    for entity in ("household", "member"):
        if entity not in found:
            title = next(plan.title for plan in plans if plan.entity == entity)
            raise _refused(
                _("文件夹“{f}”里没有“{t}”的 Parquet 或 CSV 文件").format(f=folder.name, t=title),
                _("文件名请写成 {e}.parquet 或 {t}.csv").format(e=entity, t=title),
            )
    return {plan.entity: found[plan.entity] for plan in plans if plan.entity in found}


def _source(files: dict[str, Path], bench: Path) -> Source:
    tables = [_table(entity, path, bench) for entity, path in files.items()]
    home = tables[0]
    numbers = _numbers(home)
    households = len(numbers)
    bounds = {"household": np.arange(households + 1, dtype=np.int64)}
    loose = 0
    for at, table in enumerate(tables[1:], start=1):
        codes = _codes(table, numbers)
        if len(codes) and (np.diff(codes) < 0).any():
            tables[at] = _in_order(table, codes, bench)
            codes = np.sort(codes)
        inside = int(np.searchsorted(codes, households))
        loose += len(codes) - inside
        bounds[table.entity] = np.searchsorted(codes[:inside], np.arange(households + 1)).astype(np.int64)
    return Source(tables, bounds, households, loose)


def _table(entity: str, path: Path, bench: Path) -> Table:
    typed = path.suffix.lower() == ".parquet"
    plain = path if typed else _as_parquet(path, bench / f"{entity}.parquet")
    return _opened(entity, path.name, plain, typed)


def _opened(entity: str, name: str, path: Path, typed: bool) -> Table:
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError):
        raise _refused(_("“{n}”不完整或已损坏").format(n=name), _("请重新导出或复制一次")) from None
    sizes = [file.metadata.row_group(n).num_rows for n in range(file.metadata.num_row_groups)]
    return Table(entity, name, file, np.cumsum([0, *sizes], dtype=np.int64), typed)


def _as_parquet(path: Path, target: Path) -> Path:
    """A CSV as Parquet, every column as text, a piece at a time."""
    with path.open("rb") as file:
        head = file.read(1 << 16)
    encoding = "utf-8" if _is_utf8(head) else "gb18030"
    names = next(csv.reader(head.decode(encoding, "replace").lstrip("\ufeff").splitlines()[:1]), [])
    convert = pacsv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
    )
    try:
        reader = pacsv.open_csv(path, read_options=pacsv.ReadOptions(encoding=encoding), convert_options=convert)
        with pq.ParquetWriter(target, reader.schema) as writer:
            for batch in reader:
                writer.write_batch(batch)
    except (pa.ArrowException, UnicodeDecodeError):
        raise _refused(
            _("“{n}”不是规整的 CSV").format(n=path.name), _("请另存为“CSV UTF-8”或 Parquet 再导入")
        ) from None
    return target


def _is_utf8(head: bytes) -> bool:
    try:
        head[:-4].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(head) - 8
    return True


def _key(table: Table) -> str:
    at = household_column(table.headings)
    if at is None:
        raise _refused(_("“{n}”里没有“户编号”一列").format(n=table.name), _("请加上这一列，各张表用同一个编号"))
    return table.headings[at]


def _numbers(table: Table) -> pa.Array:
    return table.file.read(columns=[_key(table)]).column(0).cast(pa.string()).combine_chunks()


def _codes(table: Table, numbers: pa.Array) -> NDArray[np.int64]:
    """For each row the position of its household; of an unknown household, one past the last."""
    found = pc.index_in(_numbers(table), value_set=numbers)
    return np.asarray(pc.fill_null(found, len(numbers)).to_numpy(zero_copy_only=False), dtype=np.int64)


def _in_order(table: Table, codes: NDArray[np.int64], bench: Path) -> Table:
    """The table's rows in the order of the households, sorted on disk."""
    target = bench / f"{table.entity}-sorted.parquet"
    source = bench / f"{table.entity}-keyed.parquet"
    with pq.ParquetWriter(source, table.file.schema_arrow.append(pa.field("_at", pa.int64()))) as writer:
        at = 0
        for batch in table.file.iter_batches(_READ):
            part = pa.Table.from_batches([batch]).append_column(
                "_at", pa.array(codes[at : at + len(batch)], pa.int64())
            )
            writer.write_table(part)
            at += len(batch)
    with duckdb.connect(config={"memory_limit": _MEMORY, "temp_directory": str(bench), "threads": 1}) as connection:
        connection.execute(
            "COPY (SELECT * EXCLUDE (_at, file_row_number) FROM read_parquet($source, file_row_number=true) "
            "ORDER BY _at, file_row_number) TO $target (FORMAT parquet, ROW_GROUP_SIZE 50000)",
            {"source": str(source), "target": str(target)},
        )
    source.unlink()
    return _opened(table.entity, table.name, target, table.typed)


def _refused(found: str, remedy: str) -> UnreadableFile:
    return UnreadableFile(RowMessage("", 0, "", found, "", remedy))
