"""Which household shall reach which level of which cause, so that every cell of the published table is met.

The published table gives nine margins and nothing about how causes meet in one household. Each cause is therefore dealt
out by rank of a propensity: older households lack labour, young ones have pupils, urban ones rent, illness and
disability go together with lack of labour. Levels are counted in half points: 3 is a score of 1.5.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CAUSES = ("education", "housing", "illness", "disability", "disaster", "employment", "skills", "labour", "other")
_TABLE = Path(__file__).parent / "data" / "yuanzhou_causes.csv"
_NEVER = 1e6
# From this level on (half points) a household has too little labour for anyone to be out of work or unskilled.
_NO_WORKER = 7


def published_counts() -> dict[str, list[int]]:
    """Households at each level 0, 0.5, ... 5 of each cause, as published on 2023-11-30."""
    with _TABLE.open(encoding="utf-8") as lines:
        next(lines)
        rows = list(csv.reader(lines))[1:]
    return {row[0]: [int(cell) for cell in row[1:]] for row in rows}


def deal(generator: np.random.Generator, urban: NDArray[np.bool_]) -> list[list[int]]:
    """One list of nine levels (half points, in the order of CAUSES) for each household; margins as published."""
    counts = published_counts()
    households = len(urban)

    def noise() -> NDArray[np.float64]:
        return generator.standard_normal(households)

    age, sickness, town = noise(), noise(), urban.astype(float)
    dealt = {
        "labour": _by_rank(0.7 * age + 0.5 * sickness + noise(), counts["labour"]),
        "illness": _by_rank(0.4 * age + 0.8 * sickness + noise(), counts["illness"]),
        "disability": _by_rank(0.5 * sickness + noise(), counts["disability"]),
        "education": _by_rank(noise() - 0.9 * age, counts["education"]),
        "housing": _by_rank(1.6 * town + noise(), counts["housing"]),
        "disaster": _by_rank(noise() - 3.0 * town, counts["disaster"]),
    }
    tired = dealt["labour"] >= _NO_WORKER
    dealt["employment"] = _by_rank(noise() - 0.3 * age + 0.5 * town - _NEVER * tired, counts["employment"])
    # A household that lives on odd jobs often has little skill; an old one has nobody to train.
    idle = dealt["employment"] > 0
    dealt["skills"] = _by_rank(noise() - 0.6 * age + 0.5 * idle - _NEVER * tired, counts["skills"])
    dealt["other"] = _by_rank(0.15 * dealt["labour"] + 0.15 * dealt["illness"] + 0.4 * idle + noise(), counts["other"])
    return [[int(level) for level in row] for row in np.stack([dealt[cause] for cause in CAUSES], axis=1)]


def _by_rank(propensity: NDArray[np.float64], counts: list[int]) -> NDArray[np.int64]:
    order = np.argsort(propensity, kind="stable")
    levels = np.empty(len(propensity), dtype=np.int64)
    levels[order] = np.repeat(np.arange(len(counts)), counts)
    return levels
