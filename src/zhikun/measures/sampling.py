"""Standard errors where the rows are a sample of the population: Taylor linearisation, with-replacement primary units.

z_i = w_i (y_i - R x_i) / sum(w x) for a ratio R = sum(w y) / sum(w x); the variance is that of the sum of z over primary
units (Saerndal, Swensson, Wretman, Model Assisted Survey Sampling, 1992, ch. 5). A place is a domain: the
rows outside it stay in the sample with z = 0. Strata and the finite population are not allowed for, which errs on
the side of too large.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zhikun.measures.errors import MeasureError
from zhikun.wording import _


@dataclass(frozen=True, slots=True)
class Errors:
    """Standard errors of the headcount H, the intensity A and M0; None where the sample is too small to tell."""

    headcount: float | None
    intensity: float | None
    adjusted: float | None


@dataclass(frozen=True, slots=True)
class Sample:
    """How the rows were drawn: each by itself, or by `clusters` (one code a row, such as the village drawn first)."""

    clusters: Sequence[str] | None = None

    def errors(self, weights: NDArray[np.float64], poor: NDArray[np.float64], share: NDArray[np.float64]) -> Errors:
        """Errors of mean poor, share / poor, mean share. A row of weight 0 is outside the domain. Raises MeasureError."""
        ones = np.ones(len(weights))
        unit, count = self._units(len(weights))
        return Errors(
            _error(weights, poor, ones, unit, count),
            _error(weights, share, poor, unit, count),
            _error(weights, share, ones, unit, count),
        )

    def _units(self, rows: int) -> tuple[NDArray[np.intp], int]:
        if self.clusters is None:
            return np.arange(rows), rows
        if len(self.clusters) != rows:
            raise MeasureError(_("抽样单位的个数与户数不同，不能对上。"))
        if any(not code for code in self.clusters):
            raise MeasureError(_("有的户没有抽样单位（村）的代码，算不出抽样误差。请补填区划代码，或不按村计算误差。"))
        found, at = np.unique(np.asarray(self.clusters, str), return_inverse=True)
        return at.reshape(-1), len(found)


def _error(
    weights: NDArray[np.float64], y: NDArray[np.float64], x: NDArray[np.float64], unit: NDArray[np.intp], count: int
) -> float | None:
    base = float((weights * x).sum())
    if base <= 0 or count < 2:
        return None
    ratio = float((weights * y).sum()) / base
    z = np.bincount(unit, weights=weights * (y - ratio * x) / base, minlength=count)
    return float(np.sqrt(count / (count - 1) * ((z - z.mean()) ** 2).sum()))
