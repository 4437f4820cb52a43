"""Facts as the engine takes them in: Arrow tables -> arrays with masks, rows in household order.

A fact that is not the grid number it claims to be, a code nobody declared, a row without household: FactsError names the
household, the fact and the value. Nothing is repaired silently.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhikun.engine.packs.model import Fact
from zhikun.engine.plan.model import Plan
from zhikun.engine.run.operations import Frame, Rows, Value
from zhikun.wording import _, did_you_mean

ID = "household"
ROW = "row"
ALL_BITS = np.uint64(0xFFFF_FFFF_FFFF_FFFF)


class FactsError(Exception):
    """Facts that cannot be assessed: which household, which fact, what was found, what to do."""


@dataclass(slots=True)
class Block:
    """The facts of some households, ready for the kernel."""

    frame: Frame
    values: dict[tuple[str, str], Value]

    def part(self, first: int, last: int) -> Block:
        """The households first..last-1 of this block."""
        bounds = {entity: self.bounds(entity, first, last) for entity in self.frame.rows}
        rows = {
            entity: Rows.of(self.frame.rows[entity].starts[first:last] - low, high - low)
            for entity, (low, high) in bounds.items()
        }
        values = {}
        for key, (data, known) in self.values.items():
            low, high = bounds.get(key[0], (first, last))
            values[key] = (data[low:high], None if known is None else known[low:high])
        return Block(Frame(last - first, rows), values)

    def bounds(self, entity: str, first: int, last: int) -> tuple[int, int]:
        """The rows of an entity that belong to the households first..last-1."""
        rows = self.frame.rows[entity]
        low = int(rows.starts[first]) if first < len(rows.starts) else rows.count
        high = int(rows.starts[last]) if last < len(rows.starts) else rows.count
        return low, high


class Needs(Protocol):
    """The facts and entities that some work needs; a Kernel is one."""

    facts: tuple[tuple[str, str], ...]
    entities: frozenset[str]


def entities_of(plan: Plan) -> tuple[str, ...]:
    """The entities below the household whose rows the plan touches."""
    used = {i.space for i in plan.instructions} | {str(i.value) for i in plan.instructions if i.op == "count_rows"}
    return tuple(entity for entity in plan.pack.entities if entity in used and entity != ID)


def load(
    plan: Plan,
    tables: Mapping[str, pa.Table],
    *,
    starts: Mapping[str, NDArray[np.intp]] | None = None,
    only: Needs | None = None,
) -> Block:
    """Arrow tables in the shape of docs/reference/engine-api.md as one block.

    `starts`: each household's first row, where the order was checked before. `only`: just what a kernel needs.
    """
    households = tables[ID]
    for entity, table in tables.items():
        if ID not in table.column_names:
            raise FactsError(_("“{e}”的资料里没有 household（户编号）一列，分不清哪一行是哪一户的。").format(e=entity))
    ids = _flat(households.column(ID))
    if ids.null_count:
        raise FactsError(_("“household”有 {n} 行没有户编号；请补填后再评估。").format(n=ids.null_count))
    if starts is None and pc.count_distinct(ids).as_py() != len(ids):
        raise FactsError(_("户编号有重复；每户只能有一行。请先合并或改正重复的户。"))
    rows: dict[str, Rows] = {}
    ordered: dict[str, pa.Table] = {ID: households}
    for entity in entities_of(plan):
        table = tables.get(entity)
        if only is not None and entity not in only.entities:
            continue
        if table is None:
            table = pa.table({ID: pa.array([], ids.type)})
        if starts is not None and entity in starts:
            firsts = starts[entity]
        else:
            firsts, table = in_household_order(ids, table, entity)
            table = _in_row_order(firsts, table)
        rows[entity] = Rows.of(firsts, table.num_rows)
        ordered[entity] = table
    frame = Frame(len(ids), rows)
    values = {
        (step.entity, step.name): column_value(step.fact, ordered[step.entity], frame.size(step.entity))
        for step in plan.facts
        if step.fact is not None and step.entity in ordered and (only is None or (step.entity, step.name) in only.facts)
    }
    return Block(frame, values)


def in_household_order(ids: Any, table: pa.Table, entity: str) -> tuple[NDArray[np.intp], pa.Table]:
    """Each household's first row, and the rows sorted by household if they were not; members keep their order."""
    own = _flat(table.column(ID))
    count = len(own)
    if count == 0:
        return np.zeros(len(ids), np.intp), table
    if own.null_count:  # a comparison with null is null: the row would pass for one of the household above
        raise FactsError(_("“{e}”有 {n} 行没有户编号；请补填后再评估。").format(e=entity, n=own.null_count))
    own = own if own.type == ids.type else own.cast(ids.type)
    changes = np.flatnonzero(np.asarray(pc.not_equal(own[1:], own[:-1]))) + 1 if count > 1 else np.zeros(0, np.intp)
    firsts = np.concatenate([np.zeros(1, np.intp), changes])
    heads = own.take(pa.array(firsts))
    if len(heads) == len(ids) and heads.equals(ids):
        return firsts.astype(np.intp), table
    places = pc.index_in(own, value_set=ids)
    if places.null_count:
        stray = own.filter(pc.is_null(places))[0].as_py()
        raise FactsError(_("“{e}”中户编号 {h} 在家庭表里没有；请补上这一户，或改正编号。").format(e=entity, h=stray))
    index = places.to_numpy(zero_copy_only=False)
    if np.any(np.diff(index) < 0):
        order = np.argsort(index, kind="stable")
        table, index = table.take(pa.array(order)), index[order]
    return np.searchsorted(index, np.arange(len(ids))).astype(np.intp), table


def _in_row_order(starts: NDArray[np.intp], table: pa.Table) -> pa.Table:
    """The rows of each household by their numbers, where a table has them: person 2 stays person 2."""
    if ROW not in table.column_names or table.num_rows == 0 or table.column(ROW).null_count:
        return table
    numbers = _flat(table.column(ROW)).to_numpy(zero_copy_only=False)
    falling = np.flatnonzero(numbers[1:] < numbers[:-1]) + 1
    if np.isin(falling, starts).all():  # it falls only where the next household begins
        return table
    owners = np.searchsorted(starts, np.arange(table.num_rows), side="right")
    return table.take(pa.array(np.lexsort((numbers, owners))))


def column_value(fact: Fact, table: pa.Table, count: int) -> Value:
    """One fact's column as data and mask; a column nobody supplied is unknown for everyone."""
    if fact.name not in table.column_names:
        return np.zeros(count, _DTYPES[fact.type]), _none_known(fact, count)
    column = _flat(table.column(fact.name))
    if column.null_count == len(column):
        return np.zeros(count, _DTYPES[fact.type]), _none_known(fact, count)
    try:
        return _READERS[fact.type](fact, column, table)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        text = _(
            "“{t}”（{n}）这一列是 {found}，读不成{kind}（{why}）；请按 docs/reference/engine-api.md 改正这一列的类型。"
        )
        raise FactsError(
            text.format(t=fact.title, n=fact.name, found=column.type, kind=_KINDS[fact.type], why=error)
        ) from error


def _flat(column: Any) -> Any:
    """One contiguous array of a column; dictionary columns with one dictionary."""
    if isinstance(column, pa.ChunkedArray):
        if pa.types.is_dictionary(column.type):
            column = column.unify_dictionaries()
        column = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    return column


def _none_known(fact: Fact, count: int) -> Any:
    return np.full(count, ALL_BITS) if fact.type == "choices" else np.zeros(count, np.bool_)


_KINDS = {
    "number": "数字",
    "boolean": "是非",
    "choice": "单选代码",
    "choices": "多选代码的列表",
    "date": "日期",
    "place": "区划代码",
}
_DTYPES: dict[str, Any] = {
    "number": np.float64,
    "boolean": np.bool_,
    "choice": np.int16,
    "choices": np.uint64,
    "date": np.int32,
    "place": np.int64,
}


def _known(column: Any) -> Any:
    if column.null_count == 0:
        return None
    return column.is_valid().to_numpy(zero_copy_only=False)


def _fault(fact: Fact, table: pa.Table, place: int, found: object, expected: str) -> FactsError:
    who = table.column(ID)[place].as_py()
    return FactsError(
        _("户 {h} 的“{t}”（{n}）是 {f}，应当是{e}；请改正这一户的资料再评估。").format(
            h=who, t=fact.title, n=fact.name, f=found, e=expected
        )
    )


def _number(fact: Fact, column: Any, table: pa.Table) -> Value:
    if not pa.types.is_float64(column.type):
        column = column.cast(pa.float64())
    known = _known(column)
    data = (column if known is None else column.fill_null(0.0)).to_numpy(zero_copy_only=False)
    scale = 10.0**fact.decimals
    scaled = data * scale
    whole = np.rint(scaled)
    with np.errstate(invalid="ignore"):  # an infinite number is wrong too, and told as such
        wrong = np.abs(scaled - whole) > 1e-3
    wrong |= ~(np.abs(data) <= 1e9)
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        raise _fault(fact, table, place, data[place], _("不超过十亿、最多 {n} 位小数的数字").format(n=fact.decimals))
    whole /= scale
    whole += 0.0
    return whole, known


def _boolean(_fact: Fact, column: Any, _table: pa.Table) -> Value:
    column = column.cast(pa.bool_())
    known = _known(column)
    return (column if known is None else column.fill_null(False)).to_numpy(zero_copy_only=False), known


def _choice(fact: Fact, column: Any, table: pa.Table) -> Value:
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    codes = list(fact.choices)
    words = column.dictionary.to_pylist()
    unknown = [word for word in words if word is not None and word not in codes]
    indices = column.indices
    known = _known(column)
    places = (indices if known is None else indices.fill_null(0)).to_numpy(zero_copy_only=False)
    if unknown:
        used = np.isin(places, [words.index(word) for word in unknown])
        used &= True if known is None else known
        if used.any():
            place = int(np.flatnonzero(used)[0])
            word = words[int(places[place])]
            near = did_you_mean(str(word), codes)
            raise _fault(
                fact, table, place, f"“{word}”", _("代码 {c} 之一。{near}").format(c="、".join(codes), near=near)
            )
    small = np.int8 if len(codes) < 128 else np.int16
    order = np.array([codes.index(word) if word in codes else 0 for word in words] or [0], small)
    return order[places], known


def _choices(fact: Fact, column: Any, table: pa.Table) -> Value:
    codes = list(fact.choices)
    known = _known(column)
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    flat = pc.list_flatten(column)
    if not pa.types.is_dictionary(flat.type):
        flat = flat.cast(pa.string()).dictionary_encode()
    words = flat.dictionary.to_pylist()
    if flat.null_count:
        spot = int(np.flatnonzero(flat.is_null().to_numpy(zero_copy_only=False))[0])
        place = int(np.searchsorted(np.cumsum(lengths), spot, side="right"))
        raise _fault(fact, table, place, _("含空项的列表"), _("没有空项的代码列表，或整个留空表示未知"))
    places = flat.indices.to_numpy(zero_copy_only=False)
    for word in set(words) - set(codes):
        spots = np.flatnonzero(places == words.index(word))
        if len(spots):  # a dictionary may hold words that no row uses
            place = int(np.searchsorted(np.cumsum(lengths), spots[0], side="right"))
            raise _fault(fact, table, place, f"“{word}”", _("代码 {c} 之中的").format(c="、".join(codes)))
    bits = np.zeros(len(column), np.uint64)
    if len(flat):
        one = np.array([1 << codes.index(word) if word in codes else 0 for word in words], np.uint64)[places]
        filled = lengths > 0
        starts = (np.cumsum(lengths) - lengths)[filled]
        bits[filled] = np.bitwise_or.reduceat(one, starts)
    return bits, None if known is None else np.where(known, np.uint64(0), ALL_BITS)


def _date(fact: Fact, column: Any, table: pa.Table) -> Value:
    column = column.cast(pa.date32())
    known = _known(column)
    days = column.cast(pa.int32())
    return (days if known is None else days.fill_null(0)).to_numpy(zero_copy_only=False), known


def _place(fact: Fact, column: Any, table: pa.Table) -> Value:
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    padded: list[int] = []
    for word in column.dictionary.to_pylist():
        text = str(word or "")
        if not (text.isdigit() and len(text) in (6, 9, 12)):
            place = int(np.flatnonzero(column.indices.to_numpy(zero_copy_only=False) == len(padded))[0])
            raise _fault(fact, table, place, f"“{text}”", _("6、9 或 12 位数字的区划代码"))
        padded.append(int(text.ljust(12, "0")))
    known = _known(column)
    indices = column.indices if known is None else column.indices.fill_null(0)
    return np.array(padded or [0], np.int64)[indices.to_numpy(zero_copy_only=False)], known


_READERS = {
    "number": _number,
    "boolean": _boolean,
    "choice": _choice,
    "choices": _choices,
    "date": _date,
    "place": _place,
}
