"""How often a proxy means test is wrong: who is poor and not reached, who is reached and not poor, by cut-off.

漏保 (exclusion error, under-coverage): poor and not reached, as a share of the poor. 误保 (inclusion error, leakage): reached and not
poor, as a share of the reached. Poor is who is actually below the line, reached is who is told below the cut-off; exactly at
either is not below (民发〔2021〕57号: 低于).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhikun.measures.design import Predictor, Unknowns
from zhikun.measures.errors import MeasureError
from zhikun.measures.means import Target, fit
from zhikun.measures.values import column, numbers
from zhikun.wording import _

#: The cut-offs that are compared where none is named, in per cent of the line.
SHARES = tuple(range(50, 160, 10))


def cutoff_at(line: float, share: int) -> float:
    """So many per cent of a line, on the grid of told values: who is told exactly that is not below it."""
    return line if share == 100 else round(line * share / 100, 6)


@dataclass(frozen=True, slots=True)
class Cutoff:
    """One point of the curve. Counts are sums of weights (households where there are none); rates None where nothing is shared.

    `untold` are households with an actual value and no told one, `untold_poor` those of them below the line: they are in no rate.
    """

    cutoff: float
    line: float
    poor: float
    reached: float
    missed: float
    leaked: float
    total: float
    untold: float
    untold_poor: float

    @property
    def undercoverage(self) -> float | None:
        """漏保率."""
        return self.missed / self.poor if self.poor else None

    @property
    def leakage(self) -> float | None:
        """误保率."""
        return self.leaked / self.reached if self.reached else None


def errors(
    actual: NDArray[np.float64],
    told: NDArray[np.float64],
    cutoffs: Sequence[float],
    *,
    line: float | None = None,
    weights: NDArray[np.float64] | None = None,
) -> tuple[Cutoff, ...]:
    """The errors at each cut-off in the order given. Without `line` each cut-off is also the line of who is poor.

    Households of which the actual value (or the weight) is unknown are in no figure. Raises MeasureError.
    """
    if not all(np.isfinite(c) for c in (*cutoffs, *([] if line is None else [line]))):
        raise MeasureError(_("分界线要是一个数。"))
    weight = np.ones(len(actual)) if weights is None else weights
    known = ~np.isnan(actual) & ~np.isnan(weight)
    counted, untold = known & ~np.isnan(told), known & np.isnan(told)
    points = []
    for cutoff in cutoffs:
        limit = cutoff if line is None else line
        poor, reached = actual < limit, told < cutoff

        def people(rows: NDArray[np.bool_]) -> float:
            return float(weight[rows].sum())

        points.append(
            Cutoff(
                float(cutoff), float(limit), people(counted & poor), people(counted & reached),
                people(counted & poor & ~reached), people(counted & reached & ~poor), people(counted),
                people(untold), people(untold & poor),
            )
        )  # fmt: skip
    return tuple(points)


@dataclass(frozen=True, slots=True)
class Validation:
    """What households were told by models that had not seen them: NaN where none could. R2 and error are out of sample."""

    told: NDArray[np.float64]
    folds: int
    seed: int
    r_squared: float | None
    rms_error: float | None  # root mean square, in the fitted unit (a logarithm's: about a relative error)


def cross_validate(
    table: pa.Table,
    target: Target,
    predictors: Sequence[Predictor],
    *,
    folds: int,
    seed: int,
    weights: pa.Array | None = None,
    unknowns: Unknowns = Unknowns.LEAVE_OUT,
) -> Validation:
    """Each of `folds` parts of equal size is told by a model of the others; seed and order of rows fix the parts. Raises MeasureError."""
    rows = table.num_rows
    if not 2 <= folds <= rows:
        raise MeasureError(_("交叉检验要分 2 份以上、不超过户数 {n}；这里是 {k}。").format(n=rows, k=folds))
    fold = np.random.default_rng(seed).permutation(rows) % folds
    told = np.full(rows, np.nan)
    for number in range(folds):
        mine = pa.array(fold == number)
        others = pa.array(fold != number)
        model = fit(
            table.filter(others), target, predictors,
            weights=None if weights is None else weights.filter(others), unknowns=unknowns,
        )  # fmt: skip
        told[fold == number] = model.predict(table.filter(mine))
    actual = numbers(column(table, target.value), target.value.title)
    weight = np.ones(rows) if weights is None else np.nan_to_num(numbers(weights, _("调查权数")))
    return Validation(told, folds, seed, *_fit_of(actual, told, weight, log=target.log))


def _fit_of(
    actual: NDArray[np.float64], told: NDArray[np.float64], weight: NDArray[np.float64], *, log: bool
) -> tuple[float | None, float | None]:
    both = ~np.isnan(actual) & ~np.isnan(told) & (weight > 0)
    if log:
        both &= (actual > 0) & (told > 0)
    if not both.any():
        return None, None
    y, guess, w = actual[both], told[both], weight[both]
    if log:
        y, guess = np.log(y), np.log(guess)
    square = float(np.average((y - guess) ** 2, weights=w))
    spread = float(np.average((y - np.average(y, weights=w)) ** 2, weights=w))
    return (1 - square / spread if spread else None), square**0.5
