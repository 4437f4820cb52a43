"""Records as they come, checked, and made comparable: names, places and addresses in one form."""

from __future__ import annotations

import re
import unicodedata

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from zhikun.identity import normalise_name
from zhikun.matching.errors import MatchingError
from zhikun.matching.kinds import Kind
from zhikun.matching.model import Model
from zhikun.wording import _

TOKEN = pa.binary(16)
_SPACES = re.compile(r"\s+")


def in_memory() -> duckdb.DuckDBPyConnection:
    """A database for names in the clear: it has no file and may not spill to one."""
    return duckdb.connect(":memory:", config={"temp_directory": ""})


def prepared(records: pa.Table, model: Model) -> pa.Table:
    """The records with `record_id`, `token` and one comparable text for each field, plus the columns that blocks use.

    Raises MatchingError for a missing column, an empty or doubled record id, a token of the wrong length.
    """
    _check(records, model)
    columns: dict[str, pa.Array | pa.ChunkedArray] = {
        "record_id": records["record_id"].cast(pa.string()),
        "token": records["token"].cast(TOKEN) if "token" in records.column_names else pa.nulls(len(records), TOKEN),
    }
    for field in model.fields:
        if field.column not in records.column_names:
            columns[field.column] = pa.nulls(len(records), pa.string())
        else:
            columns[field.column] = _comparable(records[field.column], field.kind)
        if field.kind is Kind.PLACE:
            text = columns[field.column]
            town = pc.if_else(pc.greater_equal(pc.utf8_length(text), 9), pc.utf8_slice_codeunits(text, 0, 9), None)
            columns[f"{field.column}_town"] = town
        if field.kind is Kind.NAME:
            columns[f"{field.column}_first"] = pc.utf8_slice_codeunits(columns[field.column], 0, 1)
    return pa.table(columns)


def _check(records: pa.Table, model: Model) -> None:
    names = set(records.column_names)
    if "record_id" not in names:
        raise MatchingError(_("待比对的表没有 record_id 列，结果无法对应到记录。请为每条记录加上不重复的编号。"))
    wanted = [field.column for field in model.fields if field.column != "address"]
    if missing := [column for column in wanted if column not in names]:
        message = _("待比对的表缺少列：{columns}。缺列会被当成“没有重复”，所以没有比对。请补上；没有值可以留空。")
        raise MatchingError(message.format(columns="、".join(missing)))
    ids = records["record_id"]
    if ids.null_count:
        message = _("待比对的表有 {count} 条记录没有编号（record_id），结果无法对应到记录。请补上编号。")
        raise MatchingError(message.format(count=ids.null_count))
    if doubled := len(ids) - pc.count_distinct(ids).as_py():
        message = _("待比对的表有 {count} 个重复的记录编号（record_id），无法分清是哪一条。请让每条记录各有编号。")
        raise MatchingError(message.format(count=doubled))
    if "token" in names and records["token"].type not in (TOKEN, pa.binary(), pa.null()):
        message = _("token 列的类型是 {found}，应为 16 字节的定长二进制。证件号码不能直接用来比对，请先换成标记。")
        raise MatchingError(message.format(found=records["token"].type))


def _comparable(column: pa.ChunkedArray, kind: Kind) -> pa.Array | pa.ChunkedArray:
    """One text per value; empty text is unknown, never a value that could agree."""
    if kind is Kind.DATE and pa.types.is_temporal(column.type):
        return pc.strftime(column, "%Y%m%d")
    encoded = pc.dictionary_encode(column.cast(pa.string())).combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = pa.concat_arrays(encoded.chunks) if encoded.num_chunks else pa.array([], pa.string())
    if not len(encoded):
        return pa.array([], pa.string())
    clean = {Kind.NAME: _name, Kind.PLACE: _place}.get(kind, _text)
    values = pa.array([clean(value) or None for value in encoded.dictionary.to_pylist()], pa.string())
    return values.take(encoded.indices)


def _name(value: str) -> str:
    return normalise_name(value).casefold()


def _text(value: str) -> str:
    folded = unicodedata.normalize("NFKC", value).casefold().strip()
    return folded if folded.isascii() else _SPACES.sub("", folded)


def _place(value: str) -> str:
    """Without the zeros that fill a code up: 640402000000 is a county, 640402101000 a township."""
    code = _text(value)
    for digits in (12, 9):
        if len(code) == digits and code.endswith("000"):
            code = code[:-3]
    return code
