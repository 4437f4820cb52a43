"""The household view beside the person view: which warnings stand in one household, and what changed since last month.

A household's number is its county's own. Whoever has none stands alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from zhikun.engine.packs.monitoring import DIRECTIONS, LEVELS, Indicator
from zhikun.screening import arrays
from zhikun.screening.model import CHANGES, Earlier

_COUNTY_STEP = 1_000_000
_NOWHERE = -1  # the county of a household whose place is not known
_TOGETHER = 100_000
_NEVER = np.iinfo(np.int32).max
#: Of every warned row of a month: as small as it can be, because they wait until all are there.
_KEPT = pa.schema([
    ("d", pa.uint8()), ("rank", pa.uint8()), ("found", pa.int64()), ("place", pa.int64()), ("raised", pa.date32()),
    ("deadline", pa.date32()), ("provisional", pa.bool_()), ("person", pa.binary(16)),
])  # fmt: skip

Rows = NDArray[np.int64]


class Households:
    """Takes the warned rows of a month, in order of person, and makes its table."""

    def __init__(self) -> None:
        self._parts: list[pa.Table] = []

    def add(self, rows: pa.Table) -> None:
        """Rows of `warned`; those with a colour now count."""
        standing = rows.filter(pc.greater(rows.column("rank"), 0))
        names = standing.column("household").combine_chunks()
        if names.null_count:
            alone = standing.column("person").filter(names.is_null()).to_pylist()
            names = pc.replace_with_mask(names, names.is_null(), pa.array([one.hex() for one in alone], pa.string()))
        kept = standing.select(_KEPT.names).cast(_KEPT)
        self._parts.append(kept.append_column("household", pa.chunked_array([names], pa.string())))

    def tables(self, month: str, indicators: tuple[Indicator, ...], last_month: Earlier | None) -> Iterator[pa.Table]:
        """households.parquet, some counties at a time.

        By county, then by first member, then direction; a county's households without a colour now come last.
        """
        now, was = pa.concat_tables(self._parts), _last_month(last_month)
        self._parts.clear()
        counties, counties_then = _counties(now), _counties_then(was)
        for first, end in _ranges(np.concatenate([counties, counties_then])):
            mine = pa.array((counties >= first) & (counties < end))
            theirs = pa.array((counties_then >= first) & (counties_then < end))
            yield self._table(now.filter(mine), was.filter(theirs), month, indicators)

    def _table(self, now: pa.Table, was: pa.Table, month: str, indicators: tuple[Indicator, ...]) -> pa.Table:
        names = pa.concat_arrays(now.column("household").chunks).dictionary_encode() if len(now) else _no_names()
        own, before = names.indices.to_numpy().astype(np.int64), _found_in(names.dictionary, was.column("household"))
        keys, was_keys = _keys(now, own, was, before)
        order = np.argsort(keys, kind="stable")
        firsts = np.flatnonzero(np.diff(keys[order], prepend=-1)) if len(order) else order
        every, place, was_place = _both(keys[order][firsts], was_keys)
        was_rank = np.zeros(len(every), dtype=np.int64)
        was_rank[was_place] = _ranks(was)
        standing = np.zeros(len(every), dtype=bool)
        standing[place] = True
        group = _Groups(now, order, firsts, place, len(every))
        rank = group.largest("rank")
        county = np.full(len(every), _NOWHERE, dtype=np.int64)
        county[was_place], county[place] = _counties_then(was), _counties(now)[order][firsts]
        codes, first = arrays.distinct(group.bits("found"))
        causes = [
            sorted({one.cause for n, one in enumerate(indicators) if int(bits) >> n & 1})
            for bits in group.bits("found")[first]
        ]
        titles = pa.concat_arrays([names.dictionary, arrays.whole(was.column("household"))])
        number = np.empty(len(every), dtype=np.int64)
        number[was_place] = len(names.dictionary) + np.arange(len(was))
        number[place] = own[order][firsts]
        direction = every & 1
        due, provisional = group.earliest_deadline()
        here = group.smallest("place", np.iinfo(np.int64).max)
        raised = group.smallest("raised", _NEVER)
        return pa.table({
            "month": arrays.words(np.zeros(len(every), np.int64), [month]),
            "household": titles.take(pa.array(number)),
            "county": pa.array(county, mask=county == _NOWHERE),
            "place": pa.array(here, mask=here == np.iinfo(np.int64).max),
            "direction": arrays.words(direction, DIRECTIONS),
            "level": arrays.words(rank, (None, *LEVELS)),
            "change": arrays.words(arrays.changes(rank, was_rank), CHANGES),
            "warned_members": group.sizes(),
            "members": group.members(),
            "causes": arrays.lists_of_words(codes, causes),
            "raised": arrays.days(np.where(standing, raised, 0), standing),
            "deadline": arrays.days(np.where(due == _NEVER, 0, due), due != _NEVER),
            "provisional": pa.array(provisional, mask=due == _NEVER),
        })  # fmt: skip


class _Groups:
    """Rows in order of their group, summed up group by group; `place` is the row of the result."""

    def __init__(self, rows: pa.Table, order: Rows, firsts: Rows, place: Rows, count: int) -> None:
        self._rows, self._order, self._firsts, self._place, self._count = rows, order, firsts, place, count

    def largest(self, name: str) -> Rows:
        return self._put(np.maximum, arrays.numbers(self._rows, name).astype(np.int64), 0)

    def smallest(self, name: str, missing: int) -> Rows:
        return self._put(np.minimum, arrays.numbers(self._rows, name, missing).astype(np.int64), missing)

    def bits(self, name: str) -> Rows:
        return self._put(np.bitwise_or, arrays.numbers(self._rows, name), 0)

    def earliest_deadline(self) -> tuple[Rows, NDArray[np.bool_]]:
        """The earliest deadline, and whether one on that day may still move."""
        late = arrays.numbers(self._rows, "deadline", _NEVER).astype(np.int64)
        fixed = ~arrays.numbers(self._rows, "provisional").astype(bool)
        found = self._put(np.minimum, late * 2 + fixed, 2 * _NEVER + 1)
        return found >> 1, found & 1 == 0

    def sizes(self) -> Rows:
        found = np.zeros(self._count, dtype=np.int64)
        found[self._place] = np.diff(np.append(self._firsts, len(self._rows)))
        return found

    def members(self) -> pa.ListArray:
        """Their tokens, in order: the groups stand in the order of the result."""
        persons = arrays.whole(self._rows.column("person")).take(pa.array(self._order))
        return arrays.lists(self.sizes(), persons.cast(pa.binary()))

    def _put(self, join: np.ufunc, values: NDArray[Any], otherwise: int) -> Rows:
        found = np.full(self._count, otherwise, dtype=np.int64)
        if len(self._firsts):
            found[self._place] = join.reduceat(values[self._order], self._firsts)
        return found


def _ranges(counties: Rows) -> list[tuple[int, int]]:
    """Ranges of counties, in order, with about so many rows each; one county is never divided."""
    known, sizes = np.unique(counties, return_counts=True)
    if not len(known):
        return [(_NOWHERE, _NOWHERE + 1)]
    steps = np.cumsum(sizes) // _TOGETHER
    firsts = known[np.flatnonzero(np.diff(steps, prepend=-1))] if len(known) > 1 else known
    return list(pairwise([*firsts.tolist(), int(known[-1]) + 1]))


def _last_month(run: Earlier | None) -> pa.Table:
    columns = {"household": pa.string(), "county": pa.int64(), "direction": pa.string(), "level": pa.string()}
    if run is None:
        return pa.table({name: pa.array([], kind) for name, kind in columns.items()})
    try:
        with pq.ParquetFile(
            run.file("households"), read_dictionary=["direction", "level"], page_checksum_verification=True
        ) as file:
            table = file.read(columns=list(columns))
    except (pa.ArrowException, OSError) as error:
        raise run.damaged("households") from error
    return table.filter(table.column("level").is_valid())


def _no_names() -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array([], pa.int32()), pa.array([], pa.string()))


def _found_in(names: pa.Array, wanted: pa.ChunkedArray) -> Rows:
    """The number of each name among those of now; one behind them, each its own, for who is not there."""
    chunk = wanted.combine_chunks()
    chunk = chunk if isinstance(chunk, pa.Array) else pa.concat_arrays(chunk.chunks)
    found = pc.index_in(chunk, value_set=names).fill_null(-1).to_numpy().astype(np.int64)
    encoded = chunk.dictionary_encode().indices.to_numpy()  # one household stands in two directions
    return np.where(found < 0, len(names) + encoded, found)


def _keys(now: pa.Table, own: Rows, was: pa.Table, before: Rows) -> tuple[Rows, Rows]:
    """One number for county, household and direction, in the order of the table: the same however counties are put together."""
    counties, counties_then = _counties(now), _counties_then(was)
    known = np.unique(np.concatenate([counties, counties_then]))
    names = int(max(own.max(initial=0), before.max(initial=0))) + 1
    here, then = np.searchsorted(known, counties), np.searchsorted(known, counties_then)
    # A household is numbered in its county, by its first member now; those without a colour now come behind them.
    met = pa.array(np.concatenate([here * names + own, then * names + before])).dictionary_encode()
    order, most = met.indices.to_numpy().astype(np.int64), len(met.dictionary)
    direction = arrays.numbers(now, "d").astype(np.int64)
    exits = arrays.same(was.column("direction").cast(pa.string()), DIRECTIONS[1])
    return (
        (here * most + order[: len(here)]) * 2 + direction,
        (then * most + order[len(here) :]) * 2 + exits.astype(np.int64),
    )


def _both(now: Rows, before: Rows) -> tuple[Rows, Rows, Rows]:
    """All keys in order, and where those of now and of before stand among them."""
    every = np.sort(np.concatenate([now, before]))
    every = every[np.diff(every, prepend=-1) != 0]
    return every, np.searchsorted(every, now), np.searchsorted(every, before)


def _counties(now: pa.Table) -> Rows:
    places = arrays.numbers(now, "place", _NOWHERE).astype(np.int64)
    return np.where(places < 0, _NOWHERE, places // _COUNTY_STEP)


def _counties_then(was: pa.Table) -> Rows:
    return arrays.numbers(was, "county", _NOWHERE).astype(np.int64)


def _ranks(was: pa.Table) -> Rows:
    return (
        pc.index_in(was.column("level").cast(pa.string()), value_set=pa.array(LEVELS)).to_numpy().astype(np.int64) + 1
    )
