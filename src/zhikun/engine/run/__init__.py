"""Plan + facts -> results; one household explained; what-if."""

from zhikun.engine.run.assess import Results, assess
from zhikun.engine.run.explain import Explainer, Explanation, explain
from zhikun.engine.run.facts import FactsError
from zhikun.engine.run.files import assess_files
from zhikun.engine.run.household import one_household
from zhikun.engine.run.missing import missing_facts
from zhikun.engine.run.parts import Part, PartsRun

__all__ = [
    "Explainer",
    "Explanation",
    "FactsError",
    "Part",
    "PartsRun",
    "Results",
    "assess",
    "assess_files",
    "explain",
    "missing_facts",
    "one_household",
]
