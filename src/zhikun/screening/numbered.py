"""From tokens to numbers: who matters this month, and every table of the month with numbers in their place.

Who matters is watched and stands in some list, or was left something by last month, or was decided about. A number is the
place in the order of their tokens: what is in order of the numbers is in order of person.

Tables: `people` (id, groups, place, household: the watched among them), `rows_<n>` (id, f, t, v: the rows of each indicator),
`state_then`, `warnings_then`, `marks_then` (what last month left), `warnings_out` (the month as it went out before), `given`
(the decisions).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from zhikun.engine.packs.monitoring import GROUP, HOUSEHOLD
from zhikun.screening import arrays
from zhikun.screening.listed import Listed, take_lists
from zhikun.screening.persons import Part, Places, Tokens, together
from zhikun.screening.work import Work

_PERSON, _ROW = "person", "row"
#: What is read of each table that a month leaves.
LEFT = {
    "state": ("indicator", "low", "open", "files"),
    "warnings": ("household", "place", "groups", "direction", "level", "causes", "raised", "counted_from", "days"),
    "marks": ("direction", "cause", "month", "number", "indicator", "low"),
}
_NO_ROW = np.iinfo(np.int64).max


def number_persons(work: Work, listed: Listed | None = None) -> Tokens:
    """Everything by number; the tokens by their numbers. `listed` are the lists' rows where they have been read."""
    listed = take_lists(work) if listed is None else listed
    rows = [one if one is None else one.between(work.part) for one in listed]
    left = {f"{name}_then": table for name in LEFT if (table := _left(work, name)) is not None}
    if work.task.decided is not None:
        left["given"] = _within(work.task.decided, work.part)
    population = _Population(work)
    places = [None if one is None else population.tokens.find(one.tokens) for one in rows]
    owners = {name: Tokens.of(table.column(_PERSON)) for name, table in left.items()}
    everybody = together(Tokens.none(), *owners.values())
    hit = np.zeros(len(population.tokens), dtype=bool)
    for found in (*places, population.tokens.find(everybody)):
        if found is not None:
            hit[found[found >= 0]] = True
    persons = together(population.tokens.take(hit), everybody)
    numbers = np.full(len(population.tokens) + 1, -1, dtype=np.int64)  # the last: of who is not watched
    numbers[:-1][hit] = persons.find(population.tokens.take(hit))
    groups = _people(work, population, hit, numbers, len(persons))
    for number, (one, found) in enumerate(zip(rows, places, strict=True)):
        if one is not None and found is not None:
            ids = numbers[found]
            mask = work.group_mask(work.indicators[number])
            which = ids >= 0
            if mask:
                which &= (groups[ids] & mask) != 0
            work.con.register(f"rows_{number}", one.table(which, ids[which]))
    if (out := work.gone_out_file()) is not None:
        left["warnings_out"] = read_between(out, LEFT["warnings"], work.part)
        owners["warnings_out"] = Tokens.of(left["warnings_out"].column(_PERSON))
    for name, table in left.items():
        work.con.register(name, by_number(table, persons, owners[name]))
    return persons


def by_number(table: pa.Table, persons: Tokens, owners: Tokens | None = None) -> pa.Table:
    """A table with `id` in place of `person`, without the rows of who has no number."""
    ids = persons.find(Tokens.of(table.column(_PERSON)) if owners is None else owners)
    table = table.drop_columns([_PERSON])
    if (ids < 0).any():
        table, ids = table.filter(pa.array(ids >= 0)), ids[ids >= 0]
    return table.add_column(0, "id", pa.array(ids.astype(np.int32)))


def read_between(path: Path, columns: Sequence[str], part: Part) -> pa.Table:
    """Rows of a month's table, which is in order of person, of a range of tokens: `person` and the columns named."""
    with pq.ParquetFile(path) as file:
        groups = list(_groups_between(file, part))
        table = file.read_row_groups(groups, columns=[_PERSON, *columns])
    return _within(table.select([_PERSON, *columns]), part)


def _left(work: Work, name: str) -> pa.Table | None:
    path = work.left_file(name)
    return None if path is None else read_between(path, LEFT[name], work.part)


def _within(table: pa.Table, part: Part) -> pa.Table:
    if part == (b"", b""):
        return table
    inside = Tokens.of(table.column(_PERSON)).within(part)
    return table if inside.all() else table.filter(pa.array(inside))


def _groups_between(file: pq.ParquetFile, part: Part) -> Iterator[int]:
    """The row groups that may hold persons of the range, by what they say of themselves."""
    first, end = part
    schema = file.metadata.schema
    place = [schema.column(number).path for number in range(len(schema))].index(_PERSON)
    for number in range(file.metadata.num_row_groups):
        said = file.metadata.row_group(number).column(place).statistics
        if said is None or not said.has_min_max or ((not end or said.min < end) and said.max >= first):
            yield number


@dataclass(frozen=True, slots=True)
class _Held:
    """A row group of the list of who is watched: its file, and which of its rows are of the part."""

    file: pq.ParquetFile
    number: int
    inside: NDArray[np.bool_]


class _Population:
    """Who is watched, by token: first the tokens of all, then the other columns of those who matter."""

    def __init__(self, work: Work) -> None:
        self._held: list[_Held] = []
        found: list[Tokens] = []
        for given in work.task.inputs.population.files:
            file = pq.ParquetFile(given.path, page_checksum_verification=True)
            for number in _groups_between(file, work.part):
                column = file.read_row_group(number, columns=[_PERSON]).column(_PERSON)
                known = np.asarray(column.is_valid().to_numpy(), dtype=bool)
                tokens = Tokens.of(column.drop_null() if column.null_count else column)
                inside = tokens.within(work.part)
                found.append(tokens.take(inside))
                known[known] = inside
                self._held.append(_Held(file, number, known))
        every = Tokens.joined(found)
        if every.in_order():
            first = every.firsts()
            self.tokens, self._persons = every.take(first), np.cumsum(first) - 1
        else:
            self.tokens = together(every)
            self._persons = self.tokens.find(every)

    def rows(self, hit: NDArray[np.bool_], columns: Sequence[str]) -> tuple[Places, pa.Table]:
        """The rows of the persons chosen: the person's place among the tokens, and the columns that their files have."""
        chosen = hit[self._persons]
        tables, start = [], 0
        for held in self._held:
            count = int(held.inside.sum())
            which = held.inside.copy()
            which[which] = chosen[start : start + count]
            start += count
            if which.any():
                own = [name for name in columns if name in held.file.schema_arrow.names]
                tables.append(held.file.read_row_group(held.number, columns=own).filter(pa.array(which)))
        table = pa.concat_tables(tables, promote_options="default") if tables else pa.table({})
        return self._persons[chosen], table


def _people(
    work: Work, population: _Population, hit: NDArray[np.bool_], numbers: Places, count: int
) -> NDArray[np.int64]:
    """Registers `people`; the groups of each number, 0 for who is not watched."""
    place = work.task.monitoring.population.column_of("place")
    columns = [_ROW, GROUP, HOUSEHOLD, *([place.name] if place else [])]
    persons, table = population.rows(hit, columns)
    ids = numbers[persons]
    groups = np.zeros(count, dtype=np.int64)
    if not len(ids):
        empty = {"id": pa.int32(), "groups": pa.int64(), "place": pa.int64(), "household": pa.string()}
        work.con.register("people", pa.table({name: pa.array([], kind) for name, kind in empty.items()}))
        return groups
    rows = arrays.numbers(table, _ROW)
    order = np.lexsort((rows, ids))
    starts = np.flatnonzero(np.diff(ids[order], prepend=-1))
    watched = ids[order][starts]
    groups[watched] = np.bitwise_or.reduceat(_masks(work, table)[order], starts)
    found = {"id": pa.array(watched.astype(np.int32)), "groups": pa.array(groups[watched])}
    for name, column, kind in (
        ("place", place.name if place else "", pa.int64()),
        ("household", HOUSEHOLD, pa.string()),
    ):
        found[name] = _first_known(table, column, order, starts, kind)
    work.con.register("people", pa.table(found))
    return groups


def _masks(work: Work, table: pa.Table) -> NDArray[np.int64]:
    """The bit of each row's group; 0 for one that the pack does not know."""
    if GROUP not in table.column_names:
        return np.zeros(len(table), dtype=np.int64)
    encoded = table.column(GROUP).combine_chunks().cast(pa.string()).dictionary_encode()
    chunks = encoded.chunks if isinstance(encoded, pa.ChunkedArray) else [encoded]
    bits = {code: 1 << number for number, code in enumerate(work.task.monitoring.groups)}
    return np.concatenate([
        np.array([*(bits.get(word, 0) for word in chunk.dictionary.to_pylist()), 0], dtype=np.int64)[
            chunk.indices.fill_null(len(chunk.dictionary)).to_numpy()
        ]
        for chunk in chunks
    ])  # fmt: skip


def _first_known(table: pa.Table, name: str, order: Places, starts: Places, kind: pa.DataType) -> pa.Array:
    """Of each person the first value that is known, in order of the rows."""
    if name not in table.column_names:
        return pa.nulls(len(starts), kind)
    column = arrays.whole(table.column(name))
    if column.type != kind:
        column = column.cast(kind) if pa.types.is_dictionary(column.type) else pa.nulls(len(column), kind)
    at = np.arange(len(order))
    if column.null_count:
        known = np.asarray(column.is_valid().to_numpy(zero_copy_only=False), dtype=bool)[order]
        at = np.where(known, at, _NO_ROW)
    first = np.minimum.reduceat(at, starts)
    missing = first == _NO_ROW
    where = pa.array(order[np.where(missing, 0, first)], mask=missing if missing.any() else None)
    return column.take(where)
