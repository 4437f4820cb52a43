"""All steps of a screening, from the lists to the table `warned`."""

from __future__ import annotations

from zhikun.screening import facts, points, quiet, warnings
from zhikun.screening.listed import Listed
from zhikun.screening.numbered import number_persons
from zhikun.screening.persons import Tokens
from zhikun.screening.work import Work


def screen(work: Work, listed: Listed | None = None) -> Tokens:
    """All steps, from the lists to the table `warned`; the tokens of persons by their numbers in it.

    `listed` are the rows of the lists, where they have been read for several parts.
    """
    persons = number_persons(work, listed)
    quiet.take_marks(work, persons)
    facts.find_facts(work)
    points.find_points(work)
    quiet.find_quiet(work)
    warnings.find_scores(work)
    warnings.find_warnings(work)
    return persons
