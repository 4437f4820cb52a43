"""The tables that a month leaves, put together in columns and written in the order in which they come.

Each is sorted by what tells its rows apart, so that the same month gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhikun.engine.packs.monitoring import DIRECTIONS, LEVELS
from zhikun.screening import arrays, sql
from zhikun.screening.model import CHANGES, CLEARED_BY
from zhikun.screening.points import Points
from zhikun.screening.steps import Screened
from zhikun.screening.work import MOST_BITS, Work

_RANKS = (None, *LEVELS)


def warnings_of(screened: Screened) -> pa.Table:
    """warnings.parquet: one row for each person and direction with a warning this month or last month."""
    work, rows = screened.work, screened.rows
    rank, d = arrays.numbers(rows, "rank"), arrays.numbers(rows, "d")
    standing = rank > 0
    found = arrays.numbers(rows, "found")
    codes, first = arrays.distinct(found)
    combinations = [_of_bits(int(bits), work.indicators) for bits in found[first]]
    late = arrays.known(rows, "deadline") & standing
    given = arrays.known(rows, "provisional") & standing
    columns: dict[str, Any] = {
        "month": arrays.words(np.zeros(len(rows), np.int64), [str(work.task.month)]),
        "person": rows.column("person"),
        "household": rows.column("household"),
        "place": rows.column("place"),
        "groups": _groups(work, rows),
        "direction": arrays.words(d, DIRECTIONS),
        "level": arrays.words(rank, _RANKS),
        "score": arrays.decimals(arrays.numbers(rows, "score"), 9),
        "at_least": rows.column("may_be_more"),
        "change": arrays.words(changes_of(rows), CHANGES),
        "cleared_by": arrays.words(_cleared_by(work, rows), (None, *CLEARED_BY)),
        "level_before": arrays.words(arrays.numbers(rows, "was"), _RANKS),
        "way": _ways(work, rows),
        "causes": arrays.lists_of_words(codes, [sorted({one.cause for one in ones}) for ones in combinations]),
        "indicators": arrays.lists_of_words(codes, [[one.id for one in ones] for ones in combinations]),
        "reasons": _reasons(screened),
        "raised": rows.column("raised"),
        "counted_from": rows.column("counted_from"),
        "days": rows.column("days"),
        "deadline": arrays.days(arrays.numbers(rows, "deadline"), late),
        "provisional": pa.array(arrays.numbers(rows, "provisional"), pa.bool_(), mask=~given),
    }
    return pa.table(columns)


def changes_of(rows: pa.Table) -> NDArray[np.int64]:
    """What changed in each row, by its number in CHANGES."""
    return arrays.changes(arrays.numbers(rows, "rank"), arrays.numbers(rows, "was"))


def counts_of(rows: pa.Table) -> dict[tuple[str, str, str], int]:
    """How many persons by direction, level ('' for none) and change."""
    codes, first = arrays.distinct(arrays.numbers(rows, "d"), arrays.numbers(rows, "rank"), changes_of(rows))
    d, rank, change = (
        values[first] for values in (arrays.numbers(rows, "d"), arrays.numbers(rows, "rank"), changes_of(rows))
    )
    sizes = np.bincount(codes, minlength=len(first))
    return {
        (DIRECTIONS[d[at]], _RANKS[rank[at]] or "", CHANGES[change[at]]): int(sizes[at]) for at in range(len(first))
    }


def state_of(found: Screened) -> pa.Table:
    """state.parquet: every value that adds to a score, with the files it rests on; next month may have to carry it."""
    told = _told(found, lambda one: one.adds > 0)
    return pa.table({
        "person": found.month.tokens.take(told["ids"]).to_arrow(),
        "indicator": arrays.words(told["indicator"], [one.id for one in found.work.indicators]),
        "low": pa.array(told["low"], mask=None if told["known"].all() else ~told["known"]),
        "band": told["band"].astype(np.uint8),
        "open": told["open"],
        "carried": told["carried"],
        "files": arrays.lists_of_words(told["evidence"], found.evidence),
    })  # fmt: skip


def marks_of(found: Screened) -> pa.Table:
    """marks.parquet: the causes that a person has handled."""
    marks = found.quiet.marks
    who = found.month.tokens.take(arrays.numbers(marks, "id")).to_arrow()
    return marks.drop_columns(["id"]).add_column(0, "person", who)


def _told(found: Screened, which: Callable[[Points], NDArray[np.bool_]]) -> dict[str, NDArray[Any]]:
    """Points of all indicators together, in order of person and indicator; `quiet` ones do not count."""
    parts: list[dict[str, NDArray[Any]]] = []
    for number, (one, silent) in enumerate(zip(found.points, found.quiet.points, strict=True)):
        rows = np.flatnonzero(which(one))
        own = {name: getattr(one, name)[rows] for name in Points.__slots__}
        own["indicator"] = np.full(len(rows), number, dtype=np.int64)
        own["quiet"] = np.zeros(len(rows), dtype=bool) if silent is None else silent[rows]
        parts.append(own)
    every = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.argsort(every["ids"] * MOST_BITS + every["indicator"])
    return {name: values[order] for name, values in every.items()}


def _of_bits(bits: int, options: Sequence[Any]) -> list[Any]:
    """The options whose bits are set."""
    return [option for number, option in enumerate(options) if bits >> number & 1]


def _groups(work: Work, rows: pa.Table) -> pa.ListArray:
    """The groups of who is watched; for who is not any more those of the warning."""
    masks, watched = arrays.numbers(rows, "mask", -1), arrays.numbers(rows, "watched")
    codes, first = arrays.distinct(np.where(watched, masks, -1))
    names = list(work.task.monitoring.groups)
    options: list[list[str] | None] = [_of_bits(int(masks[row]), names) if watched[row] else None for row in first]
    gone = np.flatnonzero(~watched)
    if len(gone):
        last = rows.column("last_groups").take(pa.array(gone)).to_pylist()
        known = {tuple(one): place for place, one in enumerate(dict.fromkeys(map(tuple, last)), start=len(options))}
        codes = codes.copy()
        codes[gone] = [known[tuple(one)] for one in last]
        options += [list(one) for one in known]
    return arrays.lists_of_words(codes, options)


def _cleared_by(work: Work, rows: pa.Table) -> NDArray[np.int64]:
    """Of a warning that is none any more: what the lists say (1), a decision (2), the person is not watched (3)."""
    least = sql.micro(work.task.monitoring.levels[0].low)
    data, decision, unwatched = (CLEARED_BY.index(one) + 1 for one in ("data", "decision", "unwatched"))
    standing, watched = arrays.numbers(rows, "rank") > 0, arrays.numbers(rows, "watched")
    return np.select([standing, ~watched, arrays.numbers(rows, "whole") >= least], [0, unwatched, decision], data)


def _ways(work: Work, rows: pa.Table) -> pa.DictionaryArray:
    """The way of `Monitoring.way_of` for the indicator that adds most."""
    monitoring = work.task.monitoring
    given = [*(level.way for level in monitoring.levels), *(one.way for one in work.indicators), "deliver", "enrol"]
    names = list(dict.fromkeys(way for way in given if way))
    rank, d, top = arrays.numbers(rows, "rank"), arrays.numbers(rows, "d"), arrays.numbers(rows, "top", 255)
    enrolled = work.mask(tuple(code for code, group in monitoring.groups.items() if group.enrolled))
    chosen = [(rank == 0, len(names))]
    chosen += [
        ((d == 0) & (rank == LEVELS.index(level.id) + 1), names.index(level.way))
        for level in monitoring.levels
        if level.way
    ]
    chosen += [(top == n, names.index(one.way)) for n, one in enumerate(work.indicators) if one.way]
    chosen += [(arrays.numbers(rows, "mask") & enrolled != 0, names.index("deliver"))]
    found = np.select([rows_ for rows_, _way in chosen], [way for _rows, way in chosen], names.index("enrol"))
    return arrays.words(found, [*names, None])


def _reasons(found: Screened) -> pa.ListArray:
    """What is said of each row, in the order of the indicators.

    A sentence is everything about a reason but its value. There are few of them, however many the people.
    """
    work, told = found.work, _told(found, lambda one: (one.adds > 0) | one.more)
    exits = np.array([one.direction == DIRECTIONS[1] for one in work.indicators], dtype=np.int64)
    places = _places(found)[told["ids"] * 2 + exits[told["indicator"]]]
    # Rows are in order of person: only where one has both directions do reasons stand in another order than the points.
    order = np.argsort(places, kind="stable")
    order = order[int((places < 0).sum()) :]
    places, told = places[order], {name: values[order] for name, values in told.items()}
    indicator, band, added, evidence = (told[name] for name in ("indicator", "band", "adds", "evidence"))
    flags = np.zeros(len(places), dtype=np.int64)
    for bit, name in enumerate(("more", "carried", "quiet")):
        flags |= told[name].astype(np.int64) << bit
    said, first = arrays.distinct((band << 10) + (indicator << 3) + flags, added, evidence)
    sentences = [
        _sentence(
            work, int(indicator[at]), int(band[at]), int(added[at]), int(flags[at]), found.evidence[int(evidence[at])]
        )
        for at in first
    ]
    value = arrays.decimals(told["low"], 20, told["known"])
    return arrays.lists(np.bincount(places, minlength=len(found.rows)), _said(sentences, said, value))


def _places(found: Screened) -> NDArray[np.int64]:
    """The row of each person and direction, by twice the person's number; -1 where there is none."""
    watched = arrays.numbers(found.rows, "watched")
    ids = arrays.numbers(found.rows, "id") * 2 + arrays.numbers(found.rows, "d")
    places = np.full(2 * len(found.month), -1, dtype=np.int64)
    places[ids[watched]] = np.flatnonzero(watched)
    return places


def _sentence(work: Work, number: int, band: int, added: int, flags: int, files: list[str]) -> dict[str, Any]:
    one = work.indicators[number]
    reached = one.bands[band - 1] if band else None
    return {
        "indicator": one.id,
        "unit": one.unit,
        "band": reached.title if reached else "",
        "points": arrays.exact(sql.micro(reached.points) if reached else 0),
        "weight": arrays.exact(sql.micro(one.weight)),
        "contribution": arrays.exact(added),
        "at_least": bool(flags & 1),
        "carried": bool(flags & 2),
        "quiet": bool(flags & 4),
        "files": files,
    }


def _said(sentences: list[dict[str, Any]], said: NDArray[np.int64], value: pa.Array) -> pa.StructArray:
    """The sentences with the values put in."""
    chosen = pa.array(said)
    fields: dict[str, pa.Array] = {}
    for name in ("indicator", "unit", "band", "points", "weight", "contribution", "at_least", "carried", "quiet"):
        every = [sentence[name] for sentence in sentences]
        if name in ("indicator", "unit", "band"):
            fields[name] = arrays.words(said, every)
        else:
            kind = pa.bool_() if name in ("at_least", "carried", "quiet") else pa.decimal128(9, 6)
            fields[name] = pa.array(every, kind).take(chosen)
        if name == "indicator":
            fields["value"] = value
    fields["files"] = arrays.lists_of_words(said, [sentence["files"] for sentence in sentences])
    return pa.StructArray.from_arrays(list(fields.values()), names=list(fields))
