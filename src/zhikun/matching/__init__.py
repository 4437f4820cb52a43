"""Which records are the same person: exact first, then by probability; three outcomes, each with its reasons.

Tables in, tables out. Nothing here decides for good: a person's decision (`Decisions`) wins over every run.
"""

from zhikun.matching.decisions import Decision, Decisions, Verdict
from zhikun.matching.duplicates import HOUSEHOLDS, dead_on_list, households_twice, people_twice
from zhikun.matching.errors import MatchingError
from zhikun.matching.kinds import Kind
from zhikun.matching.model import Field, Limits, Model, people_model
from zhikun.matching.pairs import PAIRS, compare
from zhikun.matching.people import Joined, People
from zhikun.matching.scoring import train

__all__ = [
    "HOUSEHOLDS",
    "PAIRS",
    "Decision",
    "Decisions",
    "Field",
    "Joined",
    "Kind",
    "Limits",
    "MatchingError",
    "Model",
    "People",
    "Verdict",
    "compare",
    "dead_on_list",
    "households_twice",
    "people_model",
    "people_twice",
    "train",
]
