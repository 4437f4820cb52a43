"""From facts to points: what a missing file leaves unknown, or a list of events does not repeat before anybody has visited,
keeps last month's value, and every value names its files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhikun.engine.packs.monitoring import DIRECTIONS
from zhikun.screening import arrays
from zhikun.screening.facts import Facts, Mask, Numbers, band_of, may_grow, worth
from zhikun.screening.numbered import Numbered
from zhikun.screening.work import Work

_BETWEEN = "\n"  # no label of a file has one


@dataclass(frozen=True, slots=True)
class Points:
    """The values of one indicator, a row for each person: `low` where `known`, what they add, and `evidence`, the number of
    the list of files on which each rests. `carried` ones are last month's.
    """

    ids: Numbers
    low: Numbers
    known: Mask
    band: Numbers
    open: Mask
    carried: Mask
    adds: Numbers
    more: Mask
    evidence: Numbers


class Evidence:
    """Lists of files, each said once; none has the number 0."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, ...], int] = {(): 0}

    def number(self, files: Sequence[str]) -> int:
        """The number of a list of files."""
        return self._numbers.setdefault(tuple(files), len(self._numbers))

    def lists(self) -> list[list[str]]:
        """Every list by its number."""
        return [list(files) for files in self._numbers]


@dataclass(frozen=True, slots=True)
class _Left:
    """Last month's values of one indicator, of who is watched: `evidence` is the number of their files."""

    ids: Numbers
    low: Numbers
    known: Mask
    open: Mask
    evidence: Numbers


def find_points(
    work: Work, month: Numbered, facts: Sequence[Facts | None], answered: Mapping[tuple[str, str], Numbers]
) -> tuple[list[Points], Evidence]:
    """The points of every indicator, and the files they rest on.

    Last month's value is carried where it adds more than what is certain now and either this month leaves it open (an unknown
    never lowers or clears) or it is `waiting`: an event of a warning that nobody has answered. It keeps the files on which it
    rests. `answered` are the persons whose cause a person has handled, by direction and cause.
    """
    evidence = Evidence()
    left = _left(work, month, evidence)
    waiting = _Waiting(work, month, answered)
    points = []
    for number, own in enumerate(facts):
        now = _now(work, number, own, evidence)
        kept = _kept(work, number, own, left.get(number), waiting)
        points.append(now if kept is None else _joined(len(month), now, *kept))
    return points, evidence


def _now(work: Work, number: int, facts: Facts | None, evidence: Evidence) -> Points:
    """Facts as points: nothing is carried."""
    if facts is None:
        none, nothing = np.zeros(0, np.int64), np.zeros(0, bool)
        return Points(none, none, nothing, none, nothing, nothing, none, nothing, none)
    given = work.given(work.indicators[number])
    masks, where = np.unique(facts.files, return_inverse=True)
    files = [file.label(given.source) for file in given.files]
    numbers = np.array(
        [evidence.number([file for bit, file in enumerate(files) if int(mask) >> bit & 1]) for mask in masks], np.int64
    )
    nowhere = np.zeros(len(facts.ids), dtype=bool)
    return Points(
        facts.ids, facts.low, facts.known, facts.band, facts.open, nowhere, facts.adds, facts.more,
        numbers[where] if len(masks) else where.astype(np.int64),
    )  # fmt: skip


def _kept(
    work: Work, number: int, facts: Facts | None, left: _Left | None, waiting: _Waiting
) -> tuple[Points, Mask] | None:
    """Last month's values of an indicator that may not end by themselves, and of which of them it is known that they go on."""
    if left is None:
        return None
    indicator = work.indicators[number]
    band = band_of(left.low, left.known, indicator)
    if not work.given(indicator).complete:
        opened, goes_on = np.ones(len(left.ids), dtype=bool), np.zeros(len(left.ids), dtype=bool)
    else:
        opened = np.zeros(len(left.ids), dtype=bool)
        if facts is not None:
            opened = np.isin(left.ids, facts.ids[facts.open], assume_unique=True)
        goes_on = np.zeros(len(left.ids), dtype=bool)
        if work.task.monitoring.sources[indicator.list_source].kind == "event":
            goes_on = ~opened & waiting.of(number)[left.ids]
    which = opened | goes_on
    if not which.any():
        return None
    adds = np.where(opened, worth(indicator, band, opened), worth(indicator, band, left.open))
    more = may_grow(indicator, band, opened)
    carried = np.ones(int(which.sum()), dtype=bool)
    kept = Points(
        left.ids[which], left.low[which], left.known[which], band[which], ~goes_on[which], carried, adds[which],
        more[which], left.evidence[which],
    )  # fmt: skip
    return kept, goes_on[which]


def _joined(count: int, now: Points, kept: Points, goes_on: Mask) -> Points:
    """Points of this month with last month's in the place of those that may not end by themselves."""
    at = np.full(count, -1, dtype=np.int64)
    at[now.ids] = np.arange(len(now.ids))
    own = at[kept.ids]
    new = own < 0
    if len(now.ids):
        own = np.maximum(own, 0)
        stays = (kept.adds > np.where(new, 0, now.adds[own])) & (new | now.open[own] | goes_on)
    else:
        stays = kept.adds > 0
    replaced = np.zeros(len(now.ids), dtype=bool)
    replaced[own[stays & ~new]] = True
    names = Points.__slots__
    found = {
        name: np.concatenate([getattr(now, name)[~replaced], getattr(kept, name)[stays]]) for name in names
    }  # fmt: skip
    order = np.argsort(found["ids"])
    return Points(**{name: values[order] for name, values in found.items()})


def _left(work: Work, month: Numbered, evidence: Evidence) -> dict[int, _Left]:
    """What the earlier month left of each indicator, of those whom it concerns."""
    table = month.left.get("state")
    if table is None or not len(table):
        return {}
    ids = arrays.numbers(table, "id").astype(np.int64)
    named = arrays.whole(table.column("indicator").cast(pa.string())).dictionary_encode()
    known = {one.id: number for number, one in enumerate(work.indicators)}
    numbers = np.array([known.get(name, -1) for name in named.dictionary.to_pylist()], np.int64)
    which = numbers[named.indices.to_numpy()]
    files = _files(table, evidence)
    low, sure, opened = arrays.numbers(table, "low"), arrays.known(table, "low"), arrays.numbers(table, "open")
    found = {}
    for number, indicator in enumerate(work.indicators):
        mask = work.group_mask(indicator)
        mine = (which == number) & month.watched[ids]
        if mask:
            mine &= (month.groups[ids] & mask) != 0
        rows = np.flatnonzero(mine)
        if len(rows):
            found[number] = _Left(ids[rows], low[rows], sure[rows], opened[rows].astype(bool), files[rows])
    return found


def _files(table: pa.Table, evidence: Evidence) -> Numbers:
    """The number of each row's list of files."""
    joined = (
        arrays.whole(pc.binary_join(arrays.whole(table.column("files")), _BETWEEN)).fill_null("").dictionary_encode()
    )
    numbers = [evidence.number(text.split(_BETWEEN) if text else ()) for text in joined.dictionary.to_pylist()]
    return np.array(numbers, np.int64)[joined.indices.to_numpy()]


class _Waiting:
    """Whose warning last month had the cause of an event, about which nobody has found anything."""

    def __init__(self, work: Work, month: Numbered, answered: Mapping[tuple[str, str], Numbers]) -> None:
        self._work, self._count, self._answered = work, len(month), answered
        told = month.left.get("warnings")
        self._bits: dict[str, Numbers] = {}
        if told is None:
            return
        causes = {one: 1 << n for n, one in enumerate(dict.fromkeys(one.cause for one in work.indicators))}
        self._causes = causes
        ids, bits = arrays.numbers(told, "id").astype(np.int64), arrays.bits_of_lists(told.column("causes"), causes)
        standing = arrays.known(told, "level")
        for direction in DIRECTIONS:
            rows = standing & arrays.same(told.column("direction"), direction)
            self._bits[direction] = np.zeros(self._count, dtype=np.int64)
            self._bits[direction][ids[rows]] = bits[rows]

    def of(self, number: int) -> Mask:
        """By number of person, for the cause of one indicator."""
        one = self._work.indicators[number]
        if one.direction not in self._bits:
            return np.zeros(self._count, dtype=bool)
        found = (self._bits[one.direction] & self._causes[one.cause]) != 0
        found[self._answered.get((one.direction, one.cause), np.zeros(0, np.int64))] = False
        return found
