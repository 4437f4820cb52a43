"""All steps of a screening, from the lists to the table `warned`."""

from __future__ import annotations

from zhikun.screening import facts, points, quiet, warnings
from zhikun.screening.work import Work


def screen(work: Work) -> None:
    """All steps, from the lists to the table `warned`."""
    others = [table for name in ("state", "warnings", "marks") if (table := work.kept(name))]
    quiet.take_marks(work)
    facts.find_people(work, [*others, "decided"])
    facts.find_facts(work)
    points.find_points(work)
    quiet.find_quiet(work)
    warnings.find_scores(work)
    warnings.find_warnings(work)
