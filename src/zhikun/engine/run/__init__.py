"""Plan + facts -> results; one household explained; what-if."""

from zhikun.engine.run.assess import Results, assess
from zhikun.engine.run.facts import FactsError
from zhikun.engine.run.missing import missing_facts

__all__ = ["FactsError", "Results", "assess", "missing_facts"]
