"""Rotation: a new version becomes current, and every token in the data folder is brought to it.

The ring first records the new version and the folder in which the rotation runs; then each file is written anew
beside its place and renamed; then the folder is noted and the ring's record ends. Killed anywhere, the next call goes on
with the same new version, and the files are the same as if nothing had happened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zhikun.disk import clear_unfinished, file_hash, only_one, written_whole
from zhikun.identity.errors import KeysRefused, KeysUnwritten
from zhikun.identity.held import (
    RENEWED,
    Held,
    files_with_tokens,
    recorded,
    renewed_from,
    ring_beside,
    same_ring,
    write_note,
)
from zhikun.identity.keyring import KeyRing, read_ring, with_new_version, write_ring
from zhikun.identity.tokens import TOKEN_BYTES, renewed, token_texts, tokens_from_texts
from zhikun.wording import _

_ROWS = 1 << 20

Report = Callable[[int, int], None]


def rotate(path: Path, data: Path, on: date, reason: str, report: Report | None = None) -> KeyRing:
    """A new version, or the one whose rotation of this folder was broken off; returns the ring when all files have it."""
    refuse_no_folder(data)
    ring_beside(path, data)
    with only_one(path):
        ring = read_ring(path, data)
        folder, begun = data.resolve(), ring.rotation
        if begun is not None and begun.data != folder and begun.data.is_dir():
            raise KeysRefused(
                _(
                    "数据文件夹 {o} 的密钥轮换没有做完。请先运行 zhikun keys rotate --data {o} 做完它，再轮换别的。"
                ).format(o=begun.data)
            )
        if begun is None or begun.data != folder:
            _readable(ring, data)
            ring = with_new_version(ring, on, reason, folder)
        _renew_files(ring, data, report)
        return write_ring(replace(ring, rotation=None))


def catch_up(path: Path, data: Path, report: Report | None = None) -> KeyRing:
    """Files that stopped at an older version (from a backup, or in another folder) brought to the current one."""
    refuse_no_folder(data)
    ring_beside(path, data)
    with only_one(path):
        ring = read_ring(path, data)
        _renew_files(ring, data, report)
        if ring.rotation is not None and ring.rotation.data == data.resolve():
            ring = write_ring(replace(ring, rotation=None))
        return ring


def refuse_no_folder(data: Path) -> None:
    """A rotation of a folder that is not there would leave the real one behind."""
    if not data.is_dir():
        raise KeysRefused(_("没有数据文件夹 {d}，没有可以轮换的代码。请用 --data 指明它。").format(d=data))


def _readable(ring: KeyRing, data: Path) -> None:
    """Every file can be renewed; known before the ring has a new version."""
    for path, held in files_with_tokens(data):
        same_ring(ring, path, held)
        with pq.ParquetFile(path) as file:
            for name in held.columns:
                _check_column(path, name, file.schema_arrow)


def _renew_files(ring: KeyRing, data: Path, report: Report | None) -> None:
    clear_unfinished(data)
    files = files_with_tokens(data)
    for done, (path, held) in enumerate(files):
        same_ring(ring, path, held)
        if report is not None:
            report(done, len(files))
        if held.version != ring.current:
            _renew_file(ring, path, held)
    try:
        write_note(data, ring)
    except OSError as error:
        raise _stopped(data, error) from None


def _renew_file(ring: KeyRing, path: Path, held: Held) -> None:
    """The file with its tokens in the current version: same rows, same order, same row groups."""
    try:
        before = " ".join([*renewed_from(path), file_hash(path)])
        with pq.ParquetFile(path, page_checksum_verification=True) as file, written_whole(path) as beside:
            schema = file.schema_arrow
            for name in held.columns:
                _check_column(path, name, schema)
            schema = recorded(schema, ring, held.columns)
            schema = schema.with_metadata({**schema.metadata, RENEWED.encode(): before.encode()})
            with pq.ParquetWriter(beside, schema, compression=_compression(file), write_page_checksum=True) as writer:
                for group in range(file.num_row_groups):
                    table = _row_group(file, group)
                    for name, purpose in held.columns.items():
                        place = table.schema.get_field_index(name)
                        column = _renewed(ring, purpose, table.column(place), held.version)
                        table = table.set_column(place, table.schema.field(place), column)
                    writer.write_table(table.replace_schema_metadata(schema.metadata), row_group_size=_ROWS)
    except OSError as error:
        raise _stopped(path, error) from None
    except ValueError:
        raise KeysRefused(
            _("{p} 里的代码读不出来：文件已损坏，或记为代码的一列里有别的文字。请从备份恢复它，或移走后重新接收，再运行一次，会接着做完。")
            .format(p=path)
        ) from None  # fmt: skip


def _row_group(file: pq.ParquetFile, group: int) -> pa.Table:
    """The rows of a group. Raises ValueError where a page is not what was written."""
    try:
        return file.read_row_group(group)
    except OSError as error:
        raise ValueError(str(error)) from error


def _stopped(path: Path, error: OSError) -> KeysUnwritten:
    return KeysUnwritten(
        _("写不了 {p}：{why}。已换好的文件不受影响；腾出空间或权限后再运行一次，会接着做完。")
        .format(p=path, why=error.strerror or error)
    )  # fmt: skip


def _compression(file: pq.ParquetFile) -> str:
    """The file's own compression, so that a rotation does not change its size."""
    if not file.num_row_groups or not file.metadata.num_columns:
        return "snappy"
    name = str(file.metadata.row_group(0).column(0).compression).lower()
    return {"uncompressed": "none"}.get(name, name)


def _renewed(ring: KeyRing, purpose: str, column: pa.ChunkedArray, version: int) -> pa.ChunkedArray:
    """A column of tokens as bytes, as text, or as lists of either."""
    kind = column.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.chunked_array([_renewed_lists(ring, purpose, chunk, version) for chunk in column.chunks], kind)
    if pa.types.is_dictionary(kind):
        plain = _renewed(ring, purpose, column.cast(kind.value_type), version)
        return plain.dictionary_encode().cast(kind)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        tokens = tokens_from_texts(column)
        if tokens.null_count != column.null_count:
            raise ValueError(column.type)
        return token_texts(renewed(ring, purpose, tokens, version)).cast(kind)
    return renewed(ring, purpose, column, version).cast(kind)


def _renewed_lists(ring: KeyRing, purpose: str, lists: pa.Array, version: int) -> pa.Array:
    flat = pa.chunked_array([lists.flatten()], lists.type.value_type)
    values = _renewed(ring, purpose, flat, version).combine_chunks()
    lengths = pc.fill_null(pc.list_value_length(lists), 0)
    offsets = pa.concat_arrays([pa.array([0], lengths.type), pc.cumulative_sum(lengths)])
    return type(lists).from_arrays(offsets, values, type=lists.type, mask=lists.is_null())


def _check_column(path: Path, name: str, schema: pa.Schema) -> None:
    place = schema.get_field_index(name)
    kind = schema.field(place).type if place >= 0 else None
    while kind is not None and (pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_dictionary(kind)):
        kind = kind.value_type
    token = kind is not None and (
        kind == pa.binary(TOKEN_BYTES)
        or any(test(kind) for test in (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_string, pa.types.is_large_string))
    )  # fmt: skip
    if not token:
        raise KeysRefused(
            _("{p} 的代码记录里有 {n} 列，但文件里没有这一列，或它不是代码。请重新接收这个文件。").format(
                p=path, n=name
            )
        )
