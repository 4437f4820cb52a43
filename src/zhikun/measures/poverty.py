"""Multidimensional poverty after Alkire and Foster (Journal of Public Economics 95, 2011): counted, decomposed, bounded.

    from zhikun.measures import poverty
    lacks = [poverty.Deprivation("illness", "因病", of="illness", at_least=2), ...]
    found = poverty.measure(poverty.deprived(values, lacks), lacks, cutoff=2, population=values["member_count"], groups=townships)
    found.total.low.headcount, found.total.high.headcount       # H, with unknown deprivations as absent and as present

A unit (household or person) is poor when the weights of its deprivations add up to the cutoff. H is the poor's share of
the population, A the mean share of deprivations among them, M0 = H x A. Weights and cutoff are exact fractions and
population weights whole millionths: no unit lies on the wrong side for a rounding, and sums do not depend on an order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhikun.measures.errors import MeasureError
from zhikun.measures.sampling import Errors, Sample
from zhikun.measures.values import MILLIONTHS, micro_weights
from zhikun.wording import _

MOST_DIMENSIONS = 39  # so many digits to base 3 fit into 64 bits
_NO, _YES, _UNKNOWN = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Deprivation:
    """In what a household may be deprived, and from which value on.

    `of` is a household value of the pack's results or facts. A number counts as a deprivation from `at_least` on, or below
    `below` (one of the two); a truth value, with neither, counts when it is true. Unknown stays unknown.
    """

    name: str
    title: str
    of: str
    at_least: float | None = None
    below: float | None = None
    weight: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True)
class Figures:
    """The measures of one group under one reading of what is unknown. Shares from 0 to 1; None where nobody is there to count.

    `uncensored` is who is deprived in a dimension, `censored` who is deprived in it and poor; `contributions` are each
    dimension's part of M0 and add up to 1. `errors` are standard errors, where the rows are a sample.
    """

    poor: float
    headcount: float | None
    intensity: float | None
    adjusted: float | None
    uncensored: Mapping[str, float | None]
    censored: Mapping[str, float | None]
    contributions: Mapping[str, float | None]
    errors: Errors | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """One place, or all of them.

    `low` counts an unknown deprivation as absent, `high` as present. For headcount, M0 and the headcounts by dimension these
    are the bounds of what the truth can be; intensity and contributions may lie outside the two.
    """

    code: str
    units: int
    population: float
    incomplete_units: int  # some deprivation is unknown
    undetermined_units: int  # and poor or not depends on it
    undetermined_population: float
    unknown: Mapping[str, float]  # population of whom a dimension is unknown
    unweighted_units: int  # population weight unknown: in no figure of this group
    low: Figures
    high: Figures
    contribution_low: float | None = None  # of this group to M0 of all
    contribution_high: float | None = None


@dataclass(frozen=True, slots=True)
class Poverty:
    """All groups, and what they were measured by."""

    deprivations: tuple[Deprivation, ...]
    cutoff: Fraction
    total: Group
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class _Rule:
    """Weights and cutoff as whole numbers of a common denominator."""

    weights: tuple[int, ...]
    cutoff: int

    @property
    def whole(self) -> int:
        return sum(self.weights)


def deprived(values: pa.Table, deprivations: Sequence[Deprivation]) -> pa.Table:
    """A column of true, false and null for each deprivation, from household values. Raises MeasureError."""
    columns = {}
    for one in deprivations:
        if one.of not in values.column_names:
            raise MeasureError(_("“{t}”要看的 {n} 不在结果里，也不在事实里。").format(t=one.title, n=one.of))
        columns[one.name] = _deprived(values.column(one.of).combine_chunks(), one)
    return pa.table(columns)


def _deprived(values: pa.Array, one: Deprivation) -> pa.Array:
    line = one.at_least if one.at_least is not None else one.below
    if one.at_least is not None and one.below is not None:
        raise MeasureError(_("“{t}”写了两条线，只能写一条：达到多少，或低于多少。").format(t=one.title))
    if pa.types.is_boolean(values.type):
        if line is not None:
            raise MeasureError(_("“{t}”是“是/否”，不能与数比较；请只写它的名称。").format(t=one.title))
        return values
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
        raise MeasureError(_("“{t}”既不是数字也不是“是/否”，说不出从哪里起算剥夺。").format(t=one.title))
    if line is None:
        raise MeasureError(_("“{t}”是数字，要写从多少起算剥夺，如 {n}>=2。").format(t=one.title, n=one.of))
    compare = pc.greater_equal if one.at_least is not None else pc.less
    return compare(values.cast(pa.float64()), pa.scalar(float(line)))


def measure(
    deprived: pa.Table,
    deprivations: Sequence[Deprivation],
    *,
    cutoff: Fraction | float,
    population: pa.Array | None = None,
    groups: Sequence[str] | None = None,
    sample: Sample | None = None,
) -> Poverty:
    """The measures of all rows and of each group.

    `deprived` has a column of true, false or null for each deprivation. `cutoff` is in the unit of the weights: with weights of
    one it counts deprivations. `population` is how many people a row stands for (household size, survey weight, their product);
    a row of which that is unknown is counted as such and is in no figure. Raises MeasureError.
    """
    rule = _rule(deprivations, cutoff)
    units = deprived.num_rows
    weights, known = (
        micro_weights(population, _("人口权数"))
        if population is not None
        else (np.full(units, MILLIONTHS, np.int64), np.ones(units, np.bool_))
    )
    codes = ("",) * units if groups is None else tuple(groups)
    if len(weights) != units or len(codes) != units:
        raise MeasureError(_("权数或地区的个数与户数不同，不能对上。"))
    patterns, at = _patterns(deprived, deprivations)
    counting = _Counting(rule, deprivations, patterns, at, weights, known, sample)
    total = counting.group("", np.ones(units, np.bool_))
    order = sorted(set(codes), key=lambda code: (code == "", code)) if groups is not None else []
    places = np.asarray(codes, object)
    parts = [counting.group(code, places == code) for code in order]
    return Poverty(tuple(deprivations), Fraction(cutoff), total.group, tuple(part.within(total) for part in parts))


def _rule(deprivations: Sequence[Deprivation], cutoff: Fraction | float) -> _Rule:
    if not deprivations:
        raise MeasureError(_("没有写任何一项剥夺，没有可以计量的。"))
    if len(deprivations) > MOST_DIMENSIONS:
        raise MeasureError(_("最多 {m} 项剥夺，这里有 {n} 项。").format(m=MOST_DIMENSIONS, n=len(deprivations)))
    names = [one.name for one in deprivations]
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled is not None:
        raise MeasureError(_("“{n}”写了两次，会重复计算；每项只写一次。").format(n=doubled))
    for one in deprivations:
        if one.weight <= 0:
            raise MeasureError(_("“{t}”的权数是 {w}；权数要大于 0，不计的项请不写。").format(t=one.title, w=one.weight))
    whole, line = sum(one.weight for one in deprivations), Fraction(cutoff)
    if not 0 < line <= whole:
        raise MeasureError(
            _("临界值 k = {k}，要大于 0，不超过权数合计 {w}：否则人人都贫困，或没有人会贫困。").format(k=line, w=whole)
        )
    scale = lcm(line.denominator, *(one.weight.denominator for one in deprivations))
    return _Rule(tuple(int(one.weight * scale) for one in deprivations), int(line * scale))


def _patterns(deprived: pa.Table, deprivations: Sequence[Deprivation]) -> tuple[NDArray[np.int8], NDArray[np.intp]]:
    """The different rows of answers (no, yes, unknown), and which of them each unit has."""
    code = np.zeros(deprived.num_rows, np.int64)
    for one in deprivations:
        answers = deprived.column(one.name).combine_chunks()
        if not pa.types.is_boolean(answers.type):
            raise MeasureError(_("“{t}”一列应为是、否或空。").format(t=one.title))
        digits = pc.if_else(answers, pa.scalar(_YES, pa.int8()), pa.scalar(_NO, pa.int8())).fill_null(_UNKNOWN)
        code = code * 3 + digits.to_numpy(zero_copy_only=False)
    found, at = np.unique(code, return_inverse=True)
    powers = 3 ** np.arange(len(deprivations) - 1, -1, -1, dtype=np.int64)
    return ((found[:, None] // powers) % 3).astype(np.int8), at.reshape(-1)


@dataclass(frozen=True, slots=True)
class _Sums:
    """Exact sums over a group: weights in millionths, scores in the rule's unit."""

    whole: int
    poor: int
    score: int
    uncensored: tuple[int, ...]
    censored: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    group: Group
    low: _Sums
    high: _Sums

    def within(self, total: _Part) -> Group:
        """The group with its part of M0 of all."""
        given = {name: getattr(self.group, name) for name in Group.__slots__}
        given["contribution_low"] = _share(self.low.score, total.low.score)
        given["contribution_high"] = _share(self.high.score, total.high.score)
        return Group(**given)


@dataclass(frozen=True, slots=True)
class _Counting:
    """The units by their patterns of answers."""

    rule: _Rule
    deprivations: Sequence[Deprivation]
    patterns: NDArray[np.int8]
    at: NDArray[np.intp]
    weights: NDArray[np.int64]
    known: NDArray[np.bool_]
    sample: Sample | None

    def group(self, code: str, inside: NDArray[np.bool_]) -> _Part:
        """All figures of the units in one group."""
        counted = inside & self.known
        sums = np.zeros(len(self.patterns), np.int64)
        np.add.at(sums, self.at[counted], self.weights[counted])
        units = np.bincount(self.at[inside], minlength=len(self.patterns))
        low, high = (self._sums(sums, self.patterns == _YES), self._sums(sums, self.patterns != _NO))
        unknown = self.patterns == _UNKNOWN
        open_ = (self._score(self.patterns == _YES) < self.rule.cutoff) & (
            self._score(self.patterns != _NO) >= self.rule.cutoff
        )
        names = [one.name for one in self.deprivations]
        group = Group(
            code, int(inside.sum()), low.whole / MILLIONTHS, int(units[unknown.any(axis=1)].sum()), int(units[open_].sum()),
            int(sums[open_].sum()) / MILLIONTHS,
            {name: int(sums[unknown[:, i]].sum()) / MILLIONTHS for i, name in enumerate(names)},
            int((inside & ~self.known).sum()),
            self._figures(low, counted, self.patterns == _YES), self._figures(high, counted, self.patterns != _NO),
        )  # fmt: skip
        return _Part(group, low, high)

    def _score(self, has: NDArray[np.bool_]) -> NDArray[np.object_]:
        """The weighted deprivations of each pattern; Python integers, for fractions may have large denominators."""
        weights = np.array(self.rule.weights, object)
        scores: NDArray[np.object_] = np.where(has, weights, 0).sum(axis=1) if len(has) else np.zeros(0, object)
        return scores

    def _sums(self, sums: NDArray[np.int64], has: NDArray[np.bool_]) -> _Sums:
        score = self._score(has)
        poor = np.asarray(score >= self.rule.cutoff, np.bool_)
        per_dimension = [sums[has[:, i]].sum() for i in range(has.shape[1])]
        censored = [sums[has[:, i] & poor].sum() for i in range(has.shape[1])]
        return _Sums(
            int(sums.sum()),
            int(sums[poor].sum()),
            sum(int(w) * int(s) for w, s in zip(sums[poor], score[poor], strict=True)),
            tuple(map(int, per_dimension)),
            tuple(map(int, censored)),
        )

    def _figures(self, sums: _Sums, counted: NDArray[np.bool_], has: NDArray[np.bool_]) -> Figures:
        names = [one.name for one in self.deprivations]
        whole = self.rule.whole
        parts = [w * s for w, s in zip(self.rule.weights, sums.censored, strict=True)]
        return Figures(
            sums.poor / MILLIONTHS,
            _share(sums.poor, sums.whole),
            _share(sums.score, sums.poor * whole),
            _share(sums.score, sums.whole * whole),
            {name: _share(s, sums.whole) for name, s in zip(names, sums.uncensored, strict=True)},
            {name: _share(s, sums.whole) for name, s in zip(names, sums.censored, strict=True)},
            {name: _share(part, sums.score) for name, part in zip(names, parts, strict=True)},
            self._errors(counted, has),
        )

    def _errors(self, counted: NDArray[np.bool_], has: NDArray[np.bool_]) -> Errors | None:
        if self.sample is None:
            return None
        score = self._score(has)
        poor = np.asarray(score >= self.rule.cutoff, np.float64)
        share = np.asarray([float(Fraction(int(s), self.rule.whole)) for s in score]) * poor
        weights = np.where(counted, self.weights / MILLIONTHS, 0.0)
        return self.sample.errors(weights, poor[self.at], share[self.at])


def _share(part: int, whole: int) -> float | None:
    return float(Fraction(part, whole)) if whole else None
