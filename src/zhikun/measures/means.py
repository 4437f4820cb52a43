"""The proxy means test (准家计调查): income told from facts that a visitor can see, fitted on surveyed households.

    from zhikun.measures import means
    model = means.fit(values, means.Target(income), predictors, weights=values["survey_weight"])
    model.coefficients, model.r_squared, model.predict(values)

It proposes whom to look at and never decides: 低保 is decided on income and property that somebody checked, and no rule may
rest on a coefficient alone (民政部 notice of 2022-10-20). `zhikun.measures.targeting` says how often the model is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhikun.measures.design import Design, Predictor, Term, Unknowns
from zhikun.measures.errors import MeasureError
from zhikun.measures.values import MILLIONTHS, Named, column, numbers
from zhikun.wording import _


@dataclass(frozen=True, slots=True)
class Target:
    """What is told: income or consumption per head; by default its natural logarithm is fitted."""

    value: Named
    log: bool = True


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One column's weight, with its heteroscedasticity-robust standard error (HC1), p value and interval of 95 %."""

    term: Term
    value: float
    error: float
    p: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Model:
    """A fitted model: coefficients in the order of the design, the constant (`fact` '') first.

    `reasons`: for each reason to leave households out of the fit which of the table they are; a household may have several.
    """

    target: Target
    design: Design
    coefficients: tuple[Coefficient, ...]
    r_squared: float
    adjusted: float
    households: int
    weighted: bool
    smearing: float  # Duan's factor: times exp of the fitted logarithm gives a mean, not a median
    reasons: Mapping[str, NDArray[np.bool_]] = field(compare=False)

    @property
    def left_out(self) -> dict[str, int]:
        """How many were left out by reason; a reason that nobody has is none."""
        return {reason: int(rows.sum()) for reason, rows in self.reasons.items() if rows.any()}

    @property
    def used(self) -> NDArray[np.bool_]:
        """Which households of the table the model was fitted on."""
        return ~np.logical_or.reduce(list(self.reasons.values()))

    def predict(self, table: pa.Table) -> NDArray[np.float64]:
        """The told value of each household in the target's unit, to a millionth; NaN where a needed fact is unknown.

        With a logarithm it is the median of such households; times `smearing` it would be their mean.
        """
        matrix = self.design.matrix(table)
        weights = np.array([one.value for one in self.coefficients])
        fitted = (
            weights[0] + matrix.rows @ weights[1:] if len(weights) > 1 else np.where(matrix.usable, weights[0], np.nan)
        )
        told = np.exp(fitted) if self.target.log else fitted
        return np.rint(told * MILLIONTHS) / MILLIONTHS


def fit(
    table: pa.Table,
    target: Target,
    predictors: Sequence[Predictor],
    *,
    weights: pa.Array | None = None,
    unknowns: Unknowns = Unknowns.LEAVE_OUT,
) -> Model:
    """Least squares on the households of which everything is known; with `weights` (survey weights) weighted. Raises MeasureError."""
    actual = numbers(column(table, target.value), target.value.title)
    weight = np.ones(len(actual)) if weights is None else numbers(weights, _("调查权数"))
    if (weight[~np.isnan(weight)] < 0).any():
        raise MeasureError(_("调查权数里有负数。请检查这一列。"))
    reasons = {
        _("“{t}”不清楚").format(t=target.value.title): np.isnan(actual),
        _("没有调查权数，或权数为 0"): ~(weight > 0),
    }
    if target.log:
        reasons[_("“{t}”是零或负数，没有对数").format(t=target.value.title)] = actual <= 0
    usable = ~np.logical_or.reduce(list(reasons.values()))
    design = Design.of(table.filter(pa.array(usable)), predictors, unknowns)
    matrix = design.matrix(table)
    reasons |= {
        _("“{t}”不清楚，或参加估计的户里没有这种情况").format(t=title): rows for title, rows in matrix.missing.items()
    }
    usable &= matrix.usable
    return _fitted(
        target, design, matrix.rows[usable], actual[usable], weight[usable] if weights is not None else None, reasons
    )  # fmt: skip


def _fitted(
    target: Target,
    design: Design,
    rows: NDArray[np.float64],
    actual: NDArray[np.float64],
    weight: NDArray[np.float64] | None,
    reasons: Mapping[str, NDArray[np.bool_]],
) -> Model:
    from statsmodels.regression.linear_model import OLS, WLS  # noqa: PLC0415 - it takes two seconds to load

    columns = np.column_stack([np.ones(len(rows)), rows])
    _check(columns, design, reasons)
    wanted = np.log(actual) if target.log else actual
    model = OLS(wanted, columns) if weight is None else WLS(wanted, columns, weights=weight)
    found = model.fit(cov_type="HC1")
    residuals = wanted - columns @ found.params
    smearing = float(np.average(np.exp(residuals), weights=weight)) if target.log else 1.0
    interval = np.asarray(found.conf_int(0.05))
    terms = (Term("", "", _("常数项")), *design.terms)
    coefficients = tuple(
        Coefficient(
            term, float(found.params[i]), float(found.bse[i]), float(found.pvalues[i]), *map(float, interval[i])
        )
        for i, term in enumerate(terms)
    )
    return Model(
        target, design, coefficients, float(found.rsquared), float(found.rsquared_adj), len(rows), weight is not None,
        smearing, reasons,
    )  # fmt: skip


def _check(columns: NDArray[np.float64], design: Design, reasons: Mapping[str, NDArray[np.bool_]]) -> None:
    """Enough households, and no column that the others already say."""
    households, width = columns.shape
    if households <= width:
        left_out = {reason: int(rows.sum()) for reason, rows in reasons.items() if rows.any()}
        why = "；".join(_("{r} {n} 户").format(r=reason, n=n) for reason, n in left_out.items())
        raise MeasureError(
            _("可用的只有 {h} 户，而要估计 {w} 个系数，估不出来。请补齐资料或少用几项事实。{why}").format(
                h=households, w=width, why=_("没有用上的：{w}。").format(w=why) if why else "")
        )  # fmt: skip
    scaled = columns / np.maximum(np.abs(columns).max(axis=0), 1e-300)
    rank = int(np.linalg.matrix_rank(scaled))
    if rank == width:
        return
    dependent = []
    for at in range(1, width):
        kept = [0, *(i for i in range(1, at) if design.terms[i - 1].title not in dependent)]
        if int(np.linalg.matrix_rank(scaled[:, [*kept, at]])) <= len(kept):
            dependent.append(design.terms[at - 1].title)
    raise MeasureError(
        _("{t}可以由前面的几项算出（或人人相同），系数不唯一。请去掉它们，或去掉与它们重复的事实。").format(
            t="、".join(f"“{title}”" for title in dependent))
    )  # fmt: skip
