"""The tables that a month leaves, put together in columns and written in the order in which they come.

Each is sorted by what tells its rows apart, so that the same month gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhikun.engine.packs.monitoring import DIRECTIONS, LEVELS
from zhikun.screening import arrays, sql
from zhikun.screening.model import CHANGES, CLEARED_BY
from zhikun.screening.persons import Tokens
from zhikun.screening.work import MOST_BITS, Work

_RANKS = (None, *LEVELS)


@dataclass(frozen=True, slots=True)
class Taken:
    """What was found, out of the database: it can be put together while the next part is being screened."""

    work: Work  # its database may be closed
    rows: pa.Table  # `warned`, in order of person
    points: pa.Table
    persons: Tokens  # by their numbers
    marks: pa.Table
    evidence: list[list[str]]  # lists of files by their number


def taken(work: Work, persons: Tokens) -> Taken:
    """Everything that is written, and nothing else. `persons` are the tokens by number."""
    points = work.con.sql("""
        SELECT q.id, q.i, q.low, q.band::UTINYINT AS band, q.open, q.carried, q.c, q.more, q.e, y.id IS NOT NULL AS quiet
        FROM points q LEFT JOIN quiet y ON y.id = q.id AND y.i = q.i WHERE q.c > 0 OR q.more""").to_arrow_table()
    marks = work.con.sql("SELECT * FROM marks ORDER BY id, direction, cause, indicator").to_arrow_table()
    who = persons.take(arrays.numbers(marks, "id")).to_arrow()
    marks = marks.drop_columns(["id"]).add_column(0, "person", who)
    return Taken(work, _warned_rows(work, persons), points, persons, marks, _evidence(work))


def _warned_rows(work: Work, persons: Tokens) -> pa.Table:
    """`warned` as it is written: by person and direction, with a colour this month or last month."""
    table = work.con.sql("""
        SELECT id, d, rank, was, score, whole, may_be_more, found, top, mask, place, household,
               watched IS TRUE AS watched, CASE WHEN watched THEN NULL ELSE last_groups END AS last_groups,
               raised, counted_from, days, deadline, provisional
        FROM warned WHERE rank > 0 OR was > 0""").to_arrow_table()
    named = np.argsort(np.argsort(DIRECTIONS))  # within one person by the name of the direction
    ids = arrays.numbers(table, "id").astype(np.int64)
    order = np.argsort(ids * len(DIRECTIONS) + named[arrays.numbers(table, "d")])
    return table.take(pa.array(order)).append_column("person", persons.take(ids[order]).to_arrow())


def warnings_of(taken_: Taken) -> pa.Table:
    """warnings.parquet: one row for each person and direction with a warning this month or last month."""
    work, rows = taken_.work, taken_.rows
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
        "reasons": _reasons(taken_),
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


def state_of(found: Taken) -> pa.Table:
    """state.parquet: every value that adds to a score, with the files it rests on; next month may have to carry it."""
    table = found.points.filter(pc.greater(found.points.column("c"), 0))
    ids = arrays.numbers(table, "id").astype(np.int64)
    order = np.argsort(ids * MOST_BITS + arrays.numbers(table, "i"))
    table = table.select(["i", "low", "band", "open", "carried", "e"]).take(pa.array(order))
    return pa.table({
        "person": found.persons.take(ids[order]).to_arrow(),
        "indicator": arrays.words(arrays.numbers(table, "i"), [one.id for one in found.work.indicators]),
        **{name: table.column(name) for name in ("low", "band", "open", "carried")},
        "files": arrays.lists_of_words(arrays.numbers(table, "e"), found.evidence),
    })  # fmt: skip


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


def _evidence(work: Work) -> list[list[str]]:
    """The lists of files by their number; none has the number 0."""
    found = dict(work.con.execute("SELECT e, files FROM evidence").fetchall())
    return [found.get(number, []) for number in range(max(found, default=0) + 1)]


def _reasons(found: Taken) -> pa.ListArray:
    """What is said of each row, in the order of the indicators.

    A sentence is everything about a reason but its value. There are few of them, however many the people.
    """
    work, told = found.work, found.points
    exits = [n for n, one in enumerate(work.indicators) if one.direction == DIRECTIONS[1]]
    indicator = arrays.numbers(told, "i").astype(np.int64)
    places = _places(found)[arrays.numbers(told, "id").astype(np.int64) * 2 + np.isin(indicator, exits)]
    order = np.argsort(places * MOST_BITS + indicator)
    order = order[int((places < 0).sum()) :]
    told = told.select(["low", "band", "c", "more", "carried", "e", "quiet"]).take(pa.array(order))
    places, indicator = places[order], indicator[order]
    flags = np.zeros(len(told), dtype=np.int64)
    for bit, name in enumerate(("more", "carried", "quiet")):
        flags |= arrays.numbers(told, name).astype(np.int64) << bit
    band, added, evidence = (arrays.numbers(told, name).astype(np.int64) for name in ("band", "c", "e"))
    said, first = arrays.distinct((band << 10) + (indicator << 3) + flags, added, evidence)
    sentences = [
        _sentence(
            work, int(indicator[at]), int(band[at]), int(added[at]), int(flags[at]), found.evidence[int(evidence[at])]
        )
        for at in first
    ]
    value = arrays.decimals(arrays.numbers(told, "low"), 20, arrays.known(told, "low"))
    return arrays.lists(np.bincount(places, minlength=len(found.rows)), _said(sentences, said, value))


def _places(found: Taken) -> NDArray[np.int64]:
    """The row of each person and direction, by twice the person's number; -1 where there is none."""
    watched = arrays.numbers(found.rows, "watched")
    ids = arrays.numbers(found.rows, "id").astype(np.int64) * 2 + arrays.numbers(found.rows, "d")
    places = np.full(2 * len(found.persons), -1, dtype=np.int64)
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
