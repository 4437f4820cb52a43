"""From the rows of lists to facts: what each indicator finds about a person.

A fact is a lower bound (`low`, in millionths) with the band it reaches; `open` says that the value may be higher: a blank
cell left a condition or an amount unknown, or a file of the window is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zhikun.engine.packs.monitoring import Indicator
from zhikun.screening import arrays, sql
from zhikun.screening.work import Work

Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]
_MOST = np.iinfo(np.int64).max
#: From here on a sum of floats no longer says whether the sum of whole numbers fits.
_NEAR = 9.0e18


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one indicator in order of `ids`; for the rest see `listed.ListRows`."""

    ids: Numbers
    files: Numbers | None
    holds: Mask | None
    values: Numbers | None
    known: Mask | None

    def take(self, which: Mask) -> Rows:
        """Some of them."""
        return Rows(
            self.ids[which], arrays.some(self.files, which), arrays.some(self.holds, which),
            arrays.some(self.values, which), arrays.some(self.known, which),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facts:
    """What one indicator found: a row for each person, in order of `ids`. `known` is where `low` is a number."""

    ids: Numbers
    low: Numbers
    known: Mask
    band: Numbers
    open: Mask
    adds: Numbers  # to the score, in millionths
    more: Mask  # whether what is open could still add to it
    files: Numbers  # the bits of the files in which the person stands


def facts_of(work: Work, indicator: Indicator, rows: Rows) -> Facts:
    """For each person of the rows the value, the band and what it adds to the score."""
    starts = np.flatnonzero(np.diff(rows.ids, prepend=-1))
    ids = rows.ids[starts]
    if not len(ids):
        none, nothing = np.zeros(0, np.int64), np.zeros(0, bool)
        return Facts(ids, none, nothing, none, nothing, none, nothing, none)
    low, known, opened = _measured(work, indicator, rows, starts)
    band = band_of(low, known, indicator)
    files = np.ones(len(ids), np.int64) if rows.files is None else np.bitwise_or.reduceat(rows.files, starts)
    return Facts(
        ids, low, known, band, opened, worth(indicator, band, opened), may_grow(indicator, band, opened), files
    )


def band_of(low: Numbers, known: Mask, indicator: Indicator) -> Numbers:
    """The number of the band that each value reaches: 0 below the first; an unknown value reaches none."""
    return np.where(known, reached(low, [band.low for band in indicator.bands]), 0)


def reached(values: Numbers, lows: Sequence[float]) -> Numbers:
    """How many of the limits, which rise, each value in millionths reaches; one beyond any number is reached by none."""
    limits = np.array([min(sql.micro(low), _MOST) for low in lows], dtype=np.int64)
    return np.searchsorted(limits, values, side="right")


def worth(indicator: Indicator, band: Numbers, opened: Mask) -> Numbers:
    """What a band adds to the score: less is certain where the value is open."""
    exact, certain = (
        np.array(one, np.int64) for one in (sql.contributions(indicator), sql.certain_contributions(indicator))
    )
    return np.where(opened, certain[band], exact[band])


def may_grow(indicator: Indicator, band: Numbers, opened: Mask) -> Mask:
    """Whether what is open could still add to the score."""
    certain, highest = (
        np.array(one) for one in (sql.certain_contributions(indicator), sql.highest_contribution(indicator))
    )
    return np.asarray(opened & (highest > certain)[band], dtype=bool)


def _measured(work: Work, indicator: Indicator, rows: Rows, starts: Numbers) -> tuple[Numbers, Mask, Mask]:
    """The lower bound, whether there is one, and whether the value may be higher, over the rows of each person.

    A blank amount, or a row of which it is not known whether it counts, can only add where the column has no negative
    numbers (its `min` is 0 or more); otherwise nothing is certain about a sum with it.
    """
    count = len(rows.ids)
    holds = np.ones(count, dtype=bool) if rows.holds is None else rows.holds
    window = bool(work.given(indicator).missing)
    certain = np.ones(len(starts), dtype=bool)
    if indicator.measure == "any":
        sure = np.logical_or.reduceat(holds, starts)
        return np.where(sure, sql.MILLION, 0).astype(np.int64), certain, ~sure
    if indicator.measure == "count":
        counted = np.add.reduceat(holds.astype(np.int64), starts) * sql.MILLION
        return counted, certain, window | np.logical_or.reduceat(~holds, starts)
    values = np.zeros(count, np.int64) if rows.values is None else rows.values
    known = np.ones(count, dtype=bool) if rows.known is None else rows.known
    blank = np.logical_or.reduceat(~known, starts)
    if indicator.measure == "max":
        sure = holds & known
        highest = np.maximum.reduceat(np.where(sure, values, -_MOST), starts)
        some = np.logical_or.reduceat(sure, starts)
        return np.where(some, highest, 0), some, window | blank | np.logical_or.reduceat(~holds, starts)
    unknown = blank | np.logical_or.reduceat(~holds & known & (values != 0), starts)
    column = work.task.monitoring.sources[indicator.list_source].columns[indicator.column]
    if column.min is not None and column.min >= 0:
        total, fits = _sums(np.where(holds & known, values, 0), starts)
        return total, fits, window | unknown | ~fits
    total, fits = _sums(np.where(holds, values, np.minimum(values, 0)), starts)
    fits &= ~blank & (not window)
    return np.where(fits, total, 0), fits, unknown | ~fits


def _sums(values: Numbers, starts: Numbers) -> tuple[Numbers, Mask]:
    """The sum of each person's values, and whether it is a number that can be held."""
    total = np.add.reduceat(values, starts)
    rough = np.abs(np.add.reduceat(values.astype(np.float64), starts))
    fits = rough < _NEAR
    ends = np.append(starts[1:], len(values))
    for place in np.flatnonzero(~fits):
        exact = sum(values[starts[place] : ends[place]].tolist())
        fits[place] = -_MOST <= exact <= _MOST
        total[place] = exact if fits[place] else 0
    return total, fits
