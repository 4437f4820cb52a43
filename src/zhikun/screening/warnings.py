"""From points to warnings: the score of each direction, its colour, what changed since last month, the way, the deadline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhikun.engine.packs.monitoring import DIRECTIONS, LEVELS
from zhikun.screening import arrays, sql
from zhikun.screening.facts import Mask, Numbers, reached
from zhikun.screening.numbered import Numbered
from zhikun.screening.points import Points
from zhikun.screening.work import Work
from zhikun.workdays import OutOfCalendar, deadline

NO_TOP = 255
_NO_DAY = np.iinfo(np.int32).max


@dataclass(frozen=True, slots=True)
class Scores:
    """One direction, by number of person. `some` is where there is anything to score.

    `whole` is the score with the quiet causes; `found` the bits of the indicators that count; `top` the one that adds most.
    """

    some: Mask
    score: Numbers
    whole: Numbers
    rank: Numbers
    may_be_more: Mask
    found: Numbers
    top: Numbers


def find_scores(work: Work, month: Numbered, points: Sequence[Points], quiet: Sequence[Mask | None]) -> list[Scores]:
    """The scores of each direction. `quiet` marks, of each indicator's points, the ones whose cause a person has handled."""
    return [_scored(work, month, direction, points, quiet) for direction in DIRECTIONS]


def _scored(
    work: Work, month: Numbered, direction: str, points: Sequence[Points], quiet: Sequence[Mask | None]
) -> Scores:
    count = len(month)
    some, more = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    score, whole, found = (np.zeros(count, dtype=np.int64) for _each in range(3))
    best, top = np.full(count, -1, dtype=np.int64), np.full(count, NO_TOP, dtype=np.int64)
    for number, (one, own) in enumerate(zip(work.indicators, points, strict=True)):
        if one.direction != direction:
            continue
        some[own.ids] = True
        whole[own.ids] += own.adds
        if not work.given(one).complete:
            # Unknown, not false, for everybody whom it concerns: the score may be higher by what is not known.
            concerned = month.watched.copy() if not one.groups else (month.groups & work.group_mask(one)) != 0
            known = np.zeros(count, dtype=np.int64)
            known[own.ids] = own.adds
            more |= concerned & (known < max(sql.contributions(one)))
        silent = quiet[number]
        ids, adds, grows = (one_ if silent is None else one_[~silent] for one_ in (own.ids, own.adds, own.more))
        score[ids] += adds
        more[ids] |= grows
        found[ids[adds > 0]] |= 1 << number
        better = adds > best[ids]
        best[ids[better]], top[ids[better]] = adds[better], number
    levels = work.task.monitoring.levels
    passed = reached(score, [level.low for level in levels])
    ranks = np.array([0, *(LEVELS.index(level.id) + 1 for level in levels)], dtype=np.int64)
    return Scores(some, score, whole, np.where(some, ranks[passed], 0), some & more, found, top)


@dataclass(frozen=True, slots=True)
class _Stood:
    """Warnings that stood, of one direction: by number of person the row, -1 where there was none; and of each row what is kept."""

    at: Numbers
    rank: Numbers
    causes: Numbers  # bits
    raised: Numbers
    counted_from: Numbers
    days: Numbers

    def of(self, name: str, ids: Numbers, otherwise: int = 0) -> Numbers:
        """A column for persons."""
        rows, values = self.at[ids], getattr(self, name)
        if not len(values):
            return np.full(len(ids), otherwise, dtype=np.int64)
        return np.where(rows < 0, otherwise, values[rows])


def find_warnings(work: Work, month: Numbered, scores: Sequence[Scores]) -> pa.Table:
    """The warnings of the month and the ones that are none any more, with change, raised day and deadline.

    By person and the name of the direction.
    """
    causes = {one: 1 << n for n, one in enumerate(dict.fromkeys(one.cause for one in work.indicators))}
    then, out = month.left.get("warnings"), month.out
    before, gone = _stood(work, month, then, causes), _stood(work, month, out, causes)
    due = _Due(work, [*before, *gone])
    parts = [
        _of_direction(work, month, d, scores[d], before[d], gone[d], due, _visited(month, direction, causes), causes)
        for d, direction in enumerate(DIRECTIONS)
    ]
    found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    named = np.argsort(np.argsort(DIRECTIONS))  # within one person by the name of the direction
    order = np.argsort(found["id"] * len(DIRECTIONS) + named[found["d"]])
    return _table(month, then, {name: values[order] for name, values in found.items()})


def _of_direction(  # noqa: PLR0913, PLR0917 - everything on which a warning rests
    work: Work, month: Numbered, d: int, scores: Scores, before: _Stood, gone: _Stood, due: _Due, visited: Numbers,
    causes: dict[str, int],
) -> dict[str, NDArray[Any]]:  # fmt: skip
    ids = np.flatnonzero((month.watched & (scores.rank > 0)) | (before.at >= 0))
    watched = month.watched[ids]
    rank, found = (np.where(watched, one[ids], 0) for one in (scores.rank, scores.found))
    stood, went = before.at[ids] >= 0, (gone.at[ids] >= 0) & (rank > 0)
    was = before.of("rank", ids)
    on = (work.task.on - date(1970, 1, 1)).days
    kept = {
        name: np.where(went, gone.of(name, ids), before.of(name, ids, _NO_DAY))
        for name in ("raised", "counted_from", "days")
    }
    # A warning is a new task, with a new deadline, where none of last month's causes is still waiting for its visit.
    same_task = (before.of("causes", ids) & ~visited[ids] & _causes_of(work, found, causes)) != 0
    as_before = np.ones(len(ids), dtype=bool)
    for name in ("raised", "counted_from"):
        as_before &= gone.of(name, ids) == before.of(name, ids)
    afresh = stood & (rank > 0) & ~same_task & (~went | as_before)
    higher = rank > np.maximum(was, np.where(went, gone.of("rank", ids), 0))
    new_due, old_due = due.of_rank[rank], due.of_days(kept["counted_from"], kept["days"])
    sooner = (new_due == _NO_DAY) | (old_due == _NO_DAY) | (new_due < old_due)
    anew = (~stood & ~went) | afresh | (higher & sooner)
    top = np.where(watched, scores.top[ids], NO_TOP)
    return {
        "id": ids, "d": np.full(len(ids), d, np.int64), "rank": rank, "was": was, "watched": watched,
        "score": np.where(watched, scores.score[ids], 0), "whole": np.where(watched, scores.whole[ids], 0),
        "may_be_more": watched & scores.may_be_more[ids], "found": found, "top": top,
        "then": np.where(watched, -1, before.at[ids]),
        "raised": np.where(afresh | higher, on, kept["raised"]),
        "counted_from": np.where(anew, on, kept["counted_from"]),
        "days": np.where(anew, due.days_of_rank[rank], kept["days"]),
        "deadline": np.where(anew, new_due, old_due),
        "provisional": np.where(anew, due.provisional_of_rank[rank],
                                due.provisional_of_days(kept["counted_from"], kept["days"])),
    }  # fmt: skip


def _causes_of(work: Work, found: Numbers, causes: dict[str, int]) -> Numbers:
    """The bits of the causes of the indicators found."""
    bits = np.zeros(len(found), dtype=np.int64)
    for number, one in enumerate(work.indicators):
        bits |= np.where(found >> number & 1, causes[one.cause], 0)
    return bits


def _visited(month: Numbered, direction: str, causes: dict[str, int]) -> Numbers:
    """By number of person the bits of the causes about which somebody has decided since last month."""
    bits = np.zeros(len(month), dtype=np.int64)
    if month.decided is not None and len(month.decided):
        table = month.decided.filter(pa.array(arrays.same(month.decided.column("direction"), direction)))
        own = np.array([causes.get(one, 0) for one in table.column("cause").to_pylist()], dtype=np.int64)
        np.bitwise_or.at(bits, arrays.numbers(table, "id"), own)
    return bits


def _stood(work: Work, month: Numbered, table: pa.Table | None, causes: dict[str, int]) -> list[_Stood]:
    """Warnings that stood, of each direction."""
    nowhere, none = np.full(len(month), -1, dtype=np.int64), np.zeros(0, np.int64)
    if table is None:
        return [_Stood(nowhere, none, none, none, none, none)] * len(DIRECTIONS)
    ids, standing = arrays.numbers(table, "id"), arrays.known(table, "level")
    named = arrays.whole(table.column("level").cast(pa.string())).dictionary_encode()
    known = {name: rank for rank, name in enumerate(LEVELS, 1)}
    ranks = np.array([*(known.get(name, 0) for name in named.dictionary.to_pylist()), 0], dtype=np.int64)
    rank = ranks[named.indices.fill_null(len(ranks) - 1).to_numpy()]
    bits = arrays.bits_of_lists(table.column("causes"), causes)
    rest = [arrays.numbers(table, name).astype(np.int64) for name in ("raised", "counted_from", "days")]
    found = []
    for direction in DIRECTIONS:
        at = nowhere.copy()
        rows = np.flatnonzero(standing & arrays.same(table.column("direction"), direction))
        at[ids[rows]] = rows
        found.append(_Stood(at, rank, bits, *rest))
    return found


class _Due:
    """The deadline of each level from today, and of each deadline already running by the calendar as it is known today."""

    def __init__(self, work: Work, stood: Sequence[_Stood]) -> None:
        self._work = work
        size = len(LEVELS) + 1
        self.of_rank, self.days_of_rank = np.full(size, _NO_DAY, np.int64), np.zeros(size, np.int64)
        self.provisional_of_rank = np.zeros(size, dtype=bool)
        for level in work.task.monitoring.levels:
            rank = LEVELS.index(level.id) + 1
            self.days_of_rank[rank] = level.days
            self.of_rank[rank], self.provisional_of_rank[rank] = self._last_day(work.task.on, level.days)
        self._keys = np.unique(np.concatenate([_key(one.counted_from, one.days) for one in stood]))
        last = [
            self._last_day(date.fromordinal(date(1970, 1, 1).toordinal() + int(key >> 32)), int(key & 0xFFFFFFFF))
            for key in self._keys
        ]
        self._due = np.array([*(due for due, _provisional in last), _NO_DAY], dtype=np.int64)
        self._provisional = np.array([*(provisional for _due, provisional in last), False], dtype=bool)

    def of_days(self, counted_from: Numbers, days: Numbers) -> Numbers:
        """The last day of deadlines running from a day; _NO_DAY where there is none."""
        return self._due[self._place(counted_from, days)]

    def provisional_of_days(self, counted_from: Numbers, days: Numbers) -> Mask:
        """Whether an arrangement not known yet may still move them."""
        return self._provisional[self._place(counted_from, days)]

    def _place(self, counted_from: Numbers, days: Numbers) -> Numbers:
        keys = _key(counted_from, days)
        at = np.searchsorted(self._keys, keys)
        if not len(self._keys):
            return np.full(len(keys), -1, dtype=np.int64)
        known = self._keys[np.minimum(at, len(self._keys) - 1)] == keys
        return np.where(known, at, -1)

    def _last_day(self, start: date, days: int) -> tuple[int, bool]:
        """A deadline, and whether an arrangement not known yet may still move it; none beyond the calendar."""
        try:
            found = deadline(self._work.task.calendar, start, days)
        except OutOfCalendar:
            return _NO_DAY, True
        return (found.due - date(1970, 1, 1)).days, found.provisional


def _key(counted_from: Numbers, days: Numbers) -> Numbers:
    return (counted_from << 32) + days


def _table(month: Numbered, then: pa.Table | None, found: dict[str, NDArray[Any]]) -> pa.Table:
    """The rows as columns. Where and with whom who is not watched any more lives is what the warning said."""
    ids, watched, rows = found["id"], found["watched"], found["then"]
    where = pa.array(ids, mask=~watched)
    place, household = month.place.take(where), month.household.take(where)
    last_groups = pa.nulls(len(ids), pa.list_(pa.string()))
    if then is not None and not watched.all():
        left = pa.array(rows, mask=watched)
        place, household = (
            arrays.either(one, arrays.whole(then.column(name)).take(left), watched)
            for one, name in ((place, "place"), (household, "household"))
        )
        last_groups = arrays.whole(then.column("groups")).take(left)
    given = found["deadline"] != _NO_DAY
    return pa.table({
        **{name: found[name] for name in ("id", "rank", "d", "was", "score", "whole", "may_be_more", "found")},
        "top": found["top"],
        "mask": pa.array(month.groups[ids], mask=~watched),
        "place": place,
        "household": household,
        "watched": watched,
        "last_groups": last_groups,
        "raised": arrays.days(found["raised"]),
        "counted_from": arrays.days(found["counted_from"]),
        "days": pa.array(found["days"].astype(np.int16)),
        "deadline": arrays.days(np.where(given, found["deadline"], 0), given),
        "provisional": found["provisional"],
        "person": month.tokens.take(ids).to_arrow(),
    })  # fmt: skip
