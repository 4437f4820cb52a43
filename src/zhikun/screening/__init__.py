"""Monthly screening: who is watched x what departments deliver -> scores, colours, changes, deadlines.

A month rests on the files in force, the month before and what persons decided; the same month gives the same files, byte
for byte. The machine proposes whom to visit; a person decides.
"""

from zhikun.screening.errors import ScreeningDamaged, ScreeningRefused
from zhikun.screening.freshness import inputs_of
from zhikun.screening.model import Earlier, Given, GivenFile, Inputs, Limits, Ran
from zhikun.screening.running import run_month
from zhikun.screening.runs import Runs

__all__ = [
    "Earlier",
    "Given",
    "GivenFile",
    "Inputs",
    "Limits",
    "Ran",
    "Runs",
    "ScreeningDamaged",
    "ScreeningRefused",
    "inputs_of",
    "run_month",
]
