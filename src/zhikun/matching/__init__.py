"""Which records are the same person: exact first, then by probability; three outcomes, each with its reasons.

Tables in, tables out. Nothing here decides for good: a person's decision (`Decisions`) wins over every run.
"""

from zhikun.matching.candidates import Candidates
from zhikun.matching.decisions import Decision, Decisions, Verdict
from zhikun.matching.duplicates import HOUSEHOLDS, dead_on_list, households_twice, people_twice
from zhikun.matching.errors import MatchingError
from zhikun.matching.kinds import Kind
from zhikun.matching.links import LINKS, ambiguous, link
from zhikun.matching.model import Field, Limits, Model, people_model, watched_model
from zhikun.matching.pairs import PAIRS, compare
from zhikun.matching.people import Joined, People
from zhikun.matching.records import in_memory
from zhikun.matching.scoring import by_probability_possible, train
from zhikun.matching.words import nobody_text

__all__ = [
    "HOUSEHOLDS",
    "LINKS",
    "PAIRS",
    "Candidates",
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
    "ambiguous",
    "by_probability_possible",
    "compare",
    "dead_on_list",
    "households_twice",
    "in_memory",
    "link",
    "nobody_text",
    "people_model",
    "people_twice",
    "train",
    "watched_model",
]
