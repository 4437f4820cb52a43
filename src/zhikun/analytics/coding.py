"""A finished run as small numbers: what each household answered to each question of the statistics, a byte or two apiece.

    made(file_of_results, questions)    all of it, as arrays by name, to be kept in one file (coded.py reads it)

Households stand in the order of their areas, so that a place is one stretch of each array. A question has a column of codes; what
a code answers stands once beside it, and may be several answers: all the items of a list, or a score and that it reaches the
line. How many households of each township gave which answer is counted ahead, so that no page of a county counts households.

A million households take a second, which is part of each run's time: everything here is a pass of NumPy over a column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zhikun.documents.statistics import GRID, Scale, scale_over, tail_at
from zhikun.places.models import FREE_DIGITS, Level

#: What is counted beside the pack's own names.
ALL, OPEN, FLAGGED, FLAGS, CATEGORY, REACHED = "_all", "_undetermined", "_flagged", "_flags", "_category", "_reached"
AMOUNT, AMOUNT_OPEN, INDEX = "_amount", "_amount_open", "_index"
TOWNSHIP = 10 ** FREE_DIGITS[Level.TOWNSHIP]

Answer = str | None
#: Which question, and what was answered; None: not known yet.
Given = tuple[str, Answer]
Codes = npt.NDArray[Any]
Numbers = npt.NDArray[np.int64]

_BITS = 63  # items of a list that are told apart in one number
_MOST_HALVES = 100  # scores are half points up to five; others have a table of their own
_BLOCK = 1 << 21  # numbers of a table of townships by codes that is made at once


@dataclass(frozen=True)
class Questions:
    """What the pack in force asks of a run, by names of its results. `line`: from which score a cause counts."""

    causes: tuple[str, ...]
    line: float
    lists: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    eligible: str = ""
    amount: str = ""

    @property
    def columns(self) -> list[str]:
        """What has to be read for them."""
        own = ["_area", "_category", "_index", "_undetermined", "_flags"]
        return list(
            dict.fromkeys([*own, *self.causes, *self.lists, *self.groups, *filter(None, [self.eligible, self.amount])])
        )

    @property
    def lines(self) -> list[float]:
        """From which scores on it is counted how many causes a household has."""
        return sorted({1.0, self.line})


@dataclass(frozen=True)
class Column:
    """A code for each household, and what each code answers. `own`: the scores of the codes, rising; only of causes."""

    codes: Codes
    answers: list[list[Given]]
    own: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Made:
    """A run as small numbers. `counts` and `sums` have a row a township and a column for each of their answers.

    `starts`: with which household each of the `areas` begins, and how many households there are. `index` and `amount` are in
    millionths, an index that is not known as `unknown` says, an amount that is not known zero.
    """

    areas: Numbers
    starts: Numbers
    columns: dict[str, Column]
    index: Codes
    amount: Codes
    townships: Numbers
    answers: list[Given]
    counts: npt.NDArray[np.int32]
    sums: Numbers
    scale: Scale | None


def number_of_causes(at: float) -> str:
    """What is counted: how many causes are scored so or above."""
    return f"_causes@{at:g}"


def made(path: Path, asked: Questions) -> Made:
    """The results of a run as small numbers."""
    table = _read(path, asked)
    areas, starts = _stretches(table.column("_area").to_numpy())
    index, amount = _micro(table.column("_index"), unknown), np.zeros(0, np.int64)
    scale = _scale(index)
    columns = _columns(table, asked)
    columns[INDEX] = _binned(index, scale)
    if asked.amount:
        known = ~np.asarray(table.column(asked.amount).is_null())
        amount = _micro(table.column(asked.amount))
        columns[AMOUNT_OPEN] = _open_amounts(columns[CATEGORY], known)
    townships, first = np.unique(areas // TOWNSHIP * TOWNSHIP, return_index=True)
    size = np.diff(np.append(starts[first], starts[-1]))
    of_row = np.repeat(np.arange(len(townships), dtype=np.int32), size)
    answers, counts = _by_township(columns, of_row, size)
    sums = _sums(columns[CATEGORY], amount, of_row, len(townships))
    return Made(areas, starts, columns, index, amount, townships, answers, counts, sums, scale)


def summed(codes: Codes, amount: Codes, groups: Codes, among: int, kinds: int) -> Numbers:
    """Amounts by group and code, exactly: floats would lose millionths."""
    found = np.zeros((among, kinds), np.int64)
    for code in range(kinds):
        mine = codes == code
        if mine.any():
            np.add.at(found[:, code], groups[mine], amount[mine].astype(np.int64))
    return found


def _read(path: Path, asked: Questions) -> pa.Table:
    """The columns in the order of areas; texts as numbers of a dictionary."""
    schema = pq.read_schema(path)
    texts = [name for name in asked.columns if pa.types.is_string(schema.field(name).type)]
    texts += [f"{name}.list.element" for name in asked.columns if pa.types.is_list(schema.field(name).type)]
    table = pq.read_table(path, columns=asked.columns, read_dictionary=texts, memory_map=True)
    table = table.unify_dictionaries().combine_chunks()
    area = table.column("_area").to_numpy()
    return table if bool((area[1:] >= area[:-1]).all()) else table.take(np.argsort(area, kind="stable"))


def _stretches(area: Numbers) -> tuple[Numbers, Numbers]:
    """The areas with households, and where each begins."""
    begins = np.flatnonzero(np.append(True, area[1:] != area[:-1])) if len(area) else np.zeros(0, np.int64)
    return area[begins].astype(np.int64), np.append(begins, len(area)).astype(np.int64)


def _columns(table: pa.Table, asked: Questions) -> dict[str, Column]:
    causes = {name: _scores(name, table.column(name), asked.line) for name in asked.causes}
    found: dict[str, Column] = {OPEN: _answered(OPEN, table.column("_undetermined")), **causes}
    found[CATEGORY] = _answered(CATEGORY, table.column("_category"))
    found[FLAGS] = _listed(FLAGS, table.column("_flags"), flagged=True)
    if causes:
        found |= {number_of_causes(at): _at_once(list(causes.values()), at) for at in asked.lines}
    found |= {name: _listed(name, table.column(name)) for name in asked.lists}
    found |= {name: _answered(name, table.column(name)) for name in (*asked.groups, asked.eligible) if name}
    return found


def _answered(name: str, column: pa.ChunkedArray) -> Column:
    """A code or truth of each household."""
    if pa.types.is_boolean(column.type):
        words: list[Answer] = ["false", "true"]
        codes = _filled(column.cast(pa.uint8()), 2)
    else:
        told = column if pa.types.is_dictionary(column.type) else pc.dictionary_encode(column.cast(pa.string()))
        one = _whole(told)
        words = one.dictionary.to_pylist()
        codes = _filled(one.indices, len(words))
    return Column(_small(codes, len(words) + 1), [[(name, word)] for word in (*words, None)])


def _scores(name: str, column: pa.ChunkedArray, line: float) -> Column:
    """The scores of a cause, rising, so that those at a line or above are codes above one; not known yet is the last."""
    open_, values = np.asarray(column.is_null()), _filled(column, 0.0)
    halves = values * 2
    if not len(values) or (
        halves.min() >= 0 and halves.max() < _MOST_HALVES and bool((halves == np.floor(halves)).all())
    ):
        codes: Codes = halves.astype(np.uint8)
        own = np.arange(int(codes.max(initial=0)) + 1) / 2
    else:
        own, codes = np.unique(values, return_inverse=True)
    codes[open_] = len(own)
    answers: list[list[Given]] = [
        [(name, str(float(score))), *([(REACHED, name)] if score >= line else [])] for score in own
    ]
    return Column(_small(codes, len(own) + 1), [*answers, [(name, None)]], own.tolist())


def _at_once(causes: Sequence[Column], at: float) -> Column:
    """How many causes reach a line; not known as soon as one score is not."""
    most, rows = len(causes), len(causes[0].codes)
    number, open_ = np.zeros(rows, np.uint8), np.zeros(rows, np.bool_)
    for one in causes:
        known = one.codes < len(one.own)
        number += (one.codes >= np.searchsorted(one.own, at)) & known
        open_ |= ~known
    number[open_] = most + 1
    return Column(number, [[(number_of_causes(at), None if n > most else str(n))] for n in range(most + 2)])


def _listed(name: str, column: pa.ChunkedArray, *, flagged: bool = False) -> Column:
    """The items of a list of each household: as many codes as there are different lists."""
    lists = _whole(column)
    told = lists.flatten()
    if not pa.types.is_dictionary(told.type):
        told = told.cast(pa.string()).dictionary_encode()
    words, items = told.dictionary.to_pylist(), _filled(told.indices, 0).astype(np.int64)
    length = _filled(pc.list_value_length(lists), 0)
    some = length > 0
    begins = (np.cumsum(length) - length)[some]
    codes = np.zeros(len(length), np.int64)
    sets: list[list[str]] = [[]]
    for low in range(0, max(len(words), 1), _BITS):
        bits = np.zeros(len(length), np.int64)
        if len(begins):
            here = (items >= low) & (items < low + _BITS)
            bits[some] = np.bitwise_or.reduceat(np.where(here, np.int64(1) << ((items - low) % _BITS), 0), begins)
        one = pa.array(bits).dictionary_encode()
        found = one.dictionary.to_pylist()
        both = pa.array(codes * len(found) + one.indices.to_numpy()).dictionary_encode()
        codes = both.indices.to_numpy().astype(np.int64)
        sets = [
            sets[pair // len(found)] + [w for n, w in enumerate(words[low : low + _BITS]) if found[pair % len(found)] >> n & 1]
            for pair in both.dictionary.to_pylist()
        ] or [[]]  # fmt: skip
    answers: list[list[Given]] = [[(name, word) for word in one] for one in sets]
    if flagged:
        answers = [[*one, (FLAGGED, "true" if one else "false")] for one in answers]
    return Column(_small(codes, len(sets)), answers)


def _binned(index: Codes, scale: Scale | None) -> Column:
    """In which bin of the whole run the index of each household lies."""
    if scale is None:
        return Column(np.zeros(len(index), np.uint8), [[]])
    known = index != unknown(index)
    codes = np.minimum(index // scale.width, scale.last) - scale.first
    codes[~known] = scale.last - scale.first + 1
    bins = [str(n) for n in range(scale.first, scale.last + 1)]
    return Column(_small(codes, len(bins) + 1), [[(INDEX, one)] for one in (*bins, None)])


def _scale(index: Codes) -> Scale | None:
    """The bins over all that the run saw, as the county's report draws them."""
    known = index[index != unknown(index)]
    if not len(known):
        return None
    high = np.partition(known, tail_at(len(known)))[tail_at(len(known))]
    return scale_over(int(known.min()) / GRID, int(high) / GRID)


def _open_amounts(category: Column, known: npt.NDArray[np.bool_]) -> Column:
    """Whose amount is not known yet, by category."""
    kinds = len(category.answers)
    codes = np.where(known, kinds, category.codes)
    words = [one[0][1] for one in category.answers]
    return Column(_small(codes, kinds + 1), [*([(AMOUNT_OPEN, word)] for word in words), []])


def _sums(category: Column, amount: Codes, of_row: Codes, townships: int) -> Numbers:
    if not len(amount):
        return np.zeros((townships, 0), np.int64)
    return summed(category.codes, amount, of_row, townships, len(category.answers))


def _by_township(columns: dict[str, Column], of_row: Codes, size: Numbers) -> tuple[list[Given], npt.NDArray[np.int32]]:
    """How many households of each township gave which answer."""
    answers: list[Given] = [(ALL, None)]
    counts: list[npt.NDArray[Any]] = [size[:, np.newaxis]]
    ends = np.append(0, np.cumsum(size))
    for column in columns.values():
        told = list(codes_by_answer(column.answers))
        answers += [given for given, _codes in told]
        kinds = len(column.answers)
        parts = [np.zeros((0, len(told)), np.int64)]
        for first in range(0, len(size), step := max(1, _BLOCK // kinds)):
            last = min(first + step, len(size))
            rows = slice(ends[first], ends[last])
            found = cross(of_row[rows] - first, column.codes[rows], last - first, kinds)
            parts += [np.stack([found[:, codes].sum(axis=1) for _given, codes in told], axis=1)] if told else []
        counts.append(np.concatenate(parts) if told else np.zeros((len(size), 0), np.int64))
    return answers, np.concatenate(counts, axis=1).astype(np.int32)


def codes_by_answer(answers: Sequence[Sequence[Given]]) -> Iterator[tuple[Given, list[int]]]:
    """Each answer of a column with the codes that say it."""
    found: dict[Given, list[int]] = {}
    for code, told in enumerate(answers):
        for given in told:
            found.setdefault(given, []).append(code)
    yield from found.items()


def cross(groups: Codes, codes: Codes, among: int, kinds: int) -> Numbers:
    """How many households of each group have which code."""
    both = groups.astype(np.int64) * kinds + codes
    return np.bincount(both, minlength=among * kinds).reshape(among, kinds)


def unknown(micro: Codes) -> int:
    """What stands among millionths where nothing is known yet."""
    return int(np.iinfo(micro.dtype).min)


def _micro(column: pa.ChunkedArray, otherwise: Callable[[Codes], int] = lambda _micro: 0) -> Codes:
    """Values in millionths, in as many bytes as they need."""
    values = np.rint(_filled(column, 0.0) * GRID).astype(np.int64)
    limits = np.iinfo(np.int32)
    if not len(values) or (values.min() > limits.min and values.max() <= limits.max):
        values = values.astype(np.int32)
    values[np.asarray(column.is_null())] = otherwise(values)
    return values


def _filled(column: Any, instead: Any) -> Codes:
    return pc.fill_null(column, instead).to_numpy() if column.null_count else column.to_numpy()


def _whole(column: pa.ChunkedArray) -> Any:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _small(codes: Codes, kinds: int) -> Codes:
    """In as many bytes as they need."""
    return codes.astype(np.min_scalar_type(max(kinds - 1, 0)), copy=False)
