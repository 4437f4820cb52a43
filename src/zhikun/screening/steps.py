"""All steps of a screening, from the lists to the month's warnings."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from zhikun.screening.facts import facts_of
from zhikun.screening.listed import Listed
from zhikun.screening.numbered import Numbered, number_persons
from zhikun.screening.points import Points, find_points
from zhikun.screening.quiet import Quiet, find_quiet, take_marks
from zhikun.screening.warnings import Scores, find_scores, find_warnings
from zhikun.screening.work import Work


@dataclass(frozen=True, slots=True)
class Screened:
    """What was found: persons by number, the points of each indicator with the files they rest on, scores, warnings."""

    work: Work  # its database may be closed
    month: Numbered
    points: list[Points]
    evidence: list[list[str]]
    quiet: Quiet
    scores: list[Scores]
    rows: pa.Table


def screen(work: Work, listed: Listed | None = None) -> Screened:
    """All steps. `listed` are the rows of the lists, where they have been read for several parts."""
    month = number_persons(work, listed)
    answered = take_marks(work, month)
    facts = [
        None if rows is None else facts_of(work, indicator, rows)
        for indicator, rows in zip(work.indicators, month.rows, strict=True)
    ]
    points, evidence = find_points(work, month, facts, answered)
    quiet = find_quiet(work, month, points)
    scores = find_scores(work, month, points, quiet.points)
    return Screened(work, month, points, evidence.lists(), quiet, scores, find_warnings(work, month, scores))
