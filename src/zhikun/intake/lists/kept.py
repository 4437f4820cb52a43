"""Rows that were kept, in the columns that their list has today: a pack may have gained or lost some since.

A column that a file does not have, or has as another type, is unknown in all its rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from zhikun.disk import file_hash
from zhikun.engine.packs.monitoring import ListSource
from zhikun.identity import renewed_from
from zhikun.intake.lists.coming import BLOCK_ROWS
from zhikun.intake.lists.errors import ListDamaged
from zhikun.intake.lists.model import ListFile
from zhikun.intake.lists.rows import row_fields
from zhikun.wording import _

_SQL = {
    pa.string(): "VARCHAR",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
    pa.date32(): "DATE",
    pa.int64(): "BIGINT",
    pa.int32(): "INTEGER",
}


def as_table(source: ListSource, *files: Path, more: Iterable[pa.Field] = ()) -> str:
    """Kept files of a list as one table for DuckDB, with the columns of today, `more`, and any others of the files.

    Raises ListDamaged.
    """
    fields = pa.schema([*row_fields(source), *more])
    return f"({' UNION ALL BY NAME '.join(_selected(fields, file) for file in files)})"


def read_kept(source: ListSource, file: Path) -> Iterator[pa.Table]:
    """The rows of a kept file, block by block, with the columns of today. Raises ListDamaged."""
    fields = row_fields(source)
    try:
        with pq.ParquetFile(file, page_checksum_verification=True) as opened:
            own = _own(fields, opened.schema_arrow)
            for batch in opened.iter_batches(batch_size=BLOCK_ROWS, columns=sorted(own)):
                columns = [batch.column(f.name) if f.name in own else pa.nulls(batch.num_rows, f.type) for f in fields]
                yield pa.table(columns, schema=fields)
    except (pa.ArrowException, OSError) as error:
        raise damaged(file) from error


def is_readable(file: Path) -> bool:
    """Whether every page of a kept file of rows can be read and is what was written."""
    try:
        with pq.ParquetFile(file, page_checksum_verification=True) as opened:
            return sum(batch.num_rows for batch in opened.iter_batches(BLOCK_ROWS)) == opened.metadata.num_rows
    except (pa.ArrowException, OSError, ValueError):
        return False


def damage_in(file: ListFile) -> Path | None:
    """Which of a received file's rows and names is not as it was written; None where both are.

    The receipt has their hashes. Rows that a rotation of keys has just written anew say from which hash they come; until the
    receipt has the new one (`note_renewed`) they are read through, against the check sums of their pages.
    """
    receipt = file.receipt
    try:
        if file_hash(file.rows) != receipt.rows_sha256 and not is_renewed(file):
            return file.rows
    except (OSError, ValueError):
        return file.rows
    try:
        named = file_hash(file.names) if receipt.names_sha256 else ""
    except OSError:
        named = ""
    return None if named == receipt.names_sha256 else file.names


def is_renewed(file: ListFile) -> bool:
    """Whether a rotation made the rows from those of the receipt; of receipts without a hash, whether they can be read."""
    known = file.receipt.rows_sha256
    return (not known or known in renewed_from(file.rows)) and is_readable(file.rows)


def damaged(file: Path) -> ListDamaged:
    """What to say of a kept file that cannot be read."""
    return ListDamaged(
        _(
            "{p} 读不出来：文件已损坏或不在了，依据它就会漏人，因此没有继续。请从备份恢复这个文件；没有备份的，请重新接收原来的那份名单。"
        ).format(p=file)
    )


def _own(fields: pa.Schema, held: pa.Schema) -> set[str]:
    """The columns that a file has as they are today."""
    return {f.name for f in fields if (at := held.get_field_index(f.name)) >= 0 and held.field(at).type == f.type}


def _selected(fields: pa.Schema, file: Path) -> str:
    try:
        held = pq.read_schema(file)
    except (pa.ArrowException, OSError) as error:
        raise damaged(file) from error
    lacking = [field for field in fields if field.name not in _own(fields, held)]
    other = {field.name for field in lacking}
    columns = [_quoted(name) for name in held.names if name not in other]
    columns += [f"NULL::{_kind(field.type)} AS {_quoted(field.name)}" for field in lacking]
    place = str(file).replace("'", "''")
    return f"SELECT {', '.join(columns)} FROM read_parquet('{place}')"  # noqa: S608 - names and path are quoted


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _kind(type_: pa.DataType) -> str:
    return _SQL.get(type_.value_type if pa.types.is_dictionary(type_) else type_, "BLOB")
