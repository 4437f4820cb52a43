"""Monthly screening: who is watched x what departments deliver -> scores, colours, changes, deadlines.

A month rests on the files in force, the month before and what persons decided; the same month gives the same files, byte
for byte. The machine proposes whom to visit; a person decides.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from zhikun.screening.again import screened_packs, to_run_again
from zhikun.screening.errors import ScreeningDamaged, ScreeningRefused
from zhikun.screening.explain import Explanation, Line, as_data, explain
from zhikun.screening.freshness import inputs_of
from zhikun.screening.model import Earlier, Given, GivenFile, Inputs, Limits, Ran
from zhikun.screening.precision import Precision, Tally, precision
from zhikun.screening.running import monitoring_of, run_month
from zhikun.screening.simulate import Changes, Count, changed, simulate

if TYPE_CHECKING:
    from zhikun.screening.decisions import Decisions, Finding
    from zhikun.screening.feedback import (
        Answer,
        Unanswerable,
        as_rows,
        left_out,
        looks_like_number,
        person_of,
        rows_of,
        take,
    )
    from zhikun.screening.figures import Figures, figures_of
    from zhikun.screening.linking import Linking, Links
    from zhikun.screening.reminders import Reminder, Sent, remind
    from zhikun.screening.routes import write_routes
    from zhikun.screening.runs import Runs
    from zhikun.screening.worklist import Worklist, write_worklist

__all__ = [
    "Answer",
    "Changes",
    "Count",
    "Decisions",
    "Earlier",
    "Explanation",
    "Figures",
    "Finding",
    "Given",
    "GivenFile",
    "Inputs",
    "Limits",
    "Line",
    "Linking",
    "Links",
    "Precision",
    "Ran",
    "Reminder",
    "Runs",
    "ScreeningDamaged",
    "ScreeningRefused",
    "Sent",
    "Tally",
    "Unanswerable",
    "Worklist",
    "as_data",
    "as_rows",
    "changed",
    "explain",
    "figures_of",
    "inputs_of",
    "left_out",
    "looks_like_number",
    "monitoring_of",
    "person_of",
    "precision",
    "remind",
    "rows_of",
    "run_month",
    "screened_packs",
    "simulate",
    "take",
    "to_run_again",
    "write_routes",
    "write_worklist",
]

#: Names that are imported when they are asked for: every command that receives a list asks which months to screen again,
#: and writes no workbook.
_LATER = {
    "decisions": ("Decisions", "Finding"),
    "feedback": ("Answer", "Unanswerable", "as_rows", "left_out", "looks_like_number", "person_of", "rows_of", "take"),
    "figures": ("Figures", "figures_of"),
    "linking": ("Linking", "Links"),
    "reminders": ("Reminder", "Sent", "remind"),
    "routes": ("write_routes",),
    "runs": ("Runs",),
    "worklist": ("Worklist", "write_worklist"),
}
_WHERE = {name: module for module, names in _LATER.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
