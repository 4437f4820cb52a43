"""From tokens to numbers: who matters this month, and everything that is said about them by number.

Who matters is watched and stands in some list, or was left something by last month, or was decided about. A number is the
place in the order of their tokens: what is in order of the numbers is in order of person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from zhikun.engine.packs.monitoring import GROUP, HOUSEHOLD
from zhikun.screening import arrays
from zhikun.screening.facts import Rows
from zhikun.screening.listed import Listed, ListRows, take_lists
from zhikun.screening.model import Earlier
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


@dataclass(frozen=True, slots=True)
class Numbered:
    """A part of a month by number of person.

    `left` are the tables that last month left, `out` the warnings as the month itself went out before, `decided` the
    decisions, each with `id` in place of `person`. `rows` are the rows of each indicator, of those whom it concerns.
    """

    tokens: Tokens
    watched: NDArray[np.bool_]
    groups: NDArray[np.int64]  # bits; 0 of who is not watched
    place: pa.Array
    household: pa.Array
    rows: tuple[Rows | None, ...]
    left: Mapping[str, pa.Table]
    out: pa.Table | None
    decided: pa.Table | None

    def __len__(self) -> int:
        return len(self.tokens)


def number_persons(work: Work, listed: Listed | None = None) -> Numbered:
    """Everything by number. `listed` are the lists' rows where they have been read for several parts."""
    listed = take_lists(work) if listed is None else listed
    rows = [one if one is None else one.between(work.part) for one in listed]
    tables = _tables(work)
    population = _Population(work)
    places = [None if one is None else population.tokens.find(one.tokens) for one in rows]
    owners = {name: Tokens.of(table.column(_PERSON)) for name, table in tables.items()}
    found = {name: population.tokens.find(one) for name, one in owners.items()}
    hit = np.zeros(len(population.tokens), dtype=bool)
    for at in (*places, *(one for name, one in found.items() if name != "out")):
        if at is not None:
            hit[at[at >= 0]] = True
    gone = together(*(one.take(found[name] < 0) for name, one in owners.items() if name != "out"))
    persons, numbers = _numbers(population.tokens, hit, gone)
    ids = {
        name: np.where(at >= 0, numbers[at], persons.find(owners[name]) if len(gone) else -1)
        for name, at in found.items()
    }
    watched, groups, place, household = _people(work, population, hit, numbers, len(persons))
    own: list[Rows | None] = []
    for number, (one, at) in enumerate(zip(rows, places, strict=True)):
        mask = work.group_mask(work.indicators[number])
        own.append(None if one is None or at is None else _concerned(one, numbers[at], groups, mask))
    left = {name: _with_ids(table, ids[name]) for name, table in tables.items()}
    out, decided = left.pop("out", None), left.pop("decided", None)
    return Numbered(persons, watched, groups, place, household, tuple(own), left, out, decided)


def _tables(work: Work) -> dict[str, pa.Table]:
    """What there is by token: the tables of last month, of the month as it went out before, and the decisions."""
    task, part = work.task, work.part
    tables = {}
    if task.earlier is not None:
        tables = {name: read_between(task.earlier, name, columns, part) for name, columns in LEFT.items()}
    if task.out is not None:
        tables["out"] = read_between(task.out, "warnings", LEFT["warnings"], part)
    if task.decided is not None:
        tables["decided"] = _within(task.decided, part)
    return tables


def _concerned(rows: ListRows, ids: Places, groups: NDArray[np.int64], mask: int) -> Rows:
    """The rows of who is watched, and in one of the groups of the mask where there is one."""
    which = ids >= 0
    if mask:
        which[which] = (groups[ids[which]] & mask) != 0
    if which.all():
        return Rows(ids, rows.files, rows.holds, rows.values, rows.known)
    some = rows.of(rows.tokens, which)
    return Rows(ids[which], some.files, some.holds, some.values, some.known)


def _numbers(watched: Tokens, hit: NDArray[np.bool_], gone: Tokens) -> tuple[Tokens, Places]:
    """The tokens of who matters, in order, and the number of each who is watched: -1 for who does not matter.

    `gone` are those who matter and are not watched. The last number, for a place of -1, is -1.
    """
    chosen = watched.take(hit)
    numbers = np.full(len(watched) + 1, -1, dtype=np.int64)
    if not len(gone):
        numbers[:-1][hit] = np.arange(len(chosen))
        return chosen, numbers
    persons = together(chosen, gone)
    numbers[:-1][hit] = persons.find(chosen)
    return persons, numbers


def by_number(table: pa.Table, persons: Tokens) -> pa.Table:
    """A table with `id` in place of `person`, without the rows of who has no number."""
    return _with_ids(table, persons.find(Tokens.of(table.column(_PERSON))))


def _with_ids(table: pa.Table, ids: Places) -> pa.Table:
    table = table.drop_columns([_PERSON])
    if (ids < 0).any():
        table, ids = table.filter(pa.array(ids >= 0)), ids[ids >= 0]
    return table.add_column(0, "id", pa.array(ids.astype(np.int32)))


def read_between(run: Earlier, name: str, columns: Sequence[str], part: Part) -> pa.Table:
    """Rows of a month's table, which is in order of person, of a range of tokens: `person` and the columns named.

    Raises ScreeningDamaged where a page is not what was written: it would lower or clear the warnings of others.
    """
    path = run.file(name)
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            groups = list(_groups_between(file, part))
            table = file.read_row_groups(groups, columns=[_PERSON, *columns]).select([_PERSON, *columns])
    except (pa.ArrowException, OSError) as error:
        raise run.damaged(name) from error
    tokens = Tokens.of(table.column(_PERSON))
    if not tokens.in_order():
        return _within(table, part)
    rows = tokens.between(part)
    return table.slice(rows.start, rows.stop - rows.start)


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
        from zhikun.intake.lists.rows import row_fields  # noqa: PLC0415 - see received.py

        self._fields = row_fields(work.task.monitoring.population)
        self._held: list[_Held] = []
        found: list[Tokens] = []
        for given in work.task.inputs.population.files:
            file = pq.ParquetFile(given.path, page_checksum_verification=True)
            for number in _groups_between(file, work.part):
                column = file.read_row_group(number, columns=[_PERSON]).column(_PERSON)
                known = np.asarray(column.is_valid().to_numpy(), dtype=bool)
                tokens = Tokens.of(column.drop_null() if column.null_count else column)
                inside = tokens.within(work.part)
                found.append(tokens if inside.all() else tokens.take(inside))
                known[known] = inside
                self._held.append(_Held(file, number, known))
        every = Tokens.joined(found)
        self.in_order = (
            len(work.task.inputs.population.files) == 1 and every.in_order()
        )  # as intake keeps it: then by row
        if self.in_order:
            first = every.firsts()
            self.tokens, self._persons = every.take(first), np.cumsum(first) - 1
        else:
            self.tokens = together(every)
            self._persons = self.tokens.find(every)

    def _as_today(self, held: pa.Schema, name: str) -> bool:
        """Whether a file has the column as the pack has it today; one that it has in another type is unknown (`intake.lists.kept`)."""
        return name in held.names and held.field(name).type == self._fields.field(name).type

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
                own = [name for name in columns if self._as_today(held.file.schema_arrow, name)]
                tables.append(held.file.read_row_group(held.number, columns=own).filter(pa.array(which)))
        table = pa.concat_tables(tables, promote_options="default") if tables else pa.table({})
        return self._persons[chosen], table


def _people(
    work: Work, population: _Population, hit: NDArray[np.bool_], numbers: Places, count: int
) -> tuple[NDArray[np.bool_], NDArray[np.int64], pa.Array, pa.Array]:
    """By number: whether watched, the groups, the place, the household."""
    place = work.task.monitoring.population.column_of("place")
    persons, table = population.rows(hit, [_ROW, GROUP, HOUSEHOLD, *([place.name] if place else [])])
    ids = numbers[persons]
    watched, groups = np.zeros(count, dtype=bool), np.zeros(count, dtype=np.int64)
    if not len(ids):
        return watched, groups, pa.nulls(count, pa.int64()), pa.nulls(count, pa.string())
    order = _by_row(ids, arrays.numbers(table, _ROW).astype(np.int64))
    starts = np.flatnonzero(np.diff(ids[order], prepend=-1))
    known = ids[order][starts]
    watched[known] = True
    groups[known] = np.bitwise_or.reduceat(_masks(work, table)[order], starts)
    where = np.full(count, -1, dtype=np.int64)
    where[known] = np.arange(len(known))
    spread = pa.array(where, mask=where < 0)
    places = _first_known(table, place.name if place else "", order, starts, pa.int64())
    return watched, groups, places.take(spread), _first_known(table, HOUSEHOLD, order, starts, pa.string()).take(spread)


def _by_row(ids: Places, rows: NDArray[np.int64]) -> Places:
    """The order by person, then by row: nearly always that in which they were kept."""
    key = (ids << 32) + rows
    return np.arange(len(key)) if (key[1:] > key[:-1]).all() else np.argsort(key, kind="stable")


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
