"""Pack on a day, for a place -> Plan."""

from zhikun.engine.plan.build import make_plan
from zhikun.engine.plan.model import Instruction, Lowered, Plan, PlanErrors, Step

__all__ = ["Instruction", "Lowered", "Plan", "PlanErrors", "Step", "make_plan"]
