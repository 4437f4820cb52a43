"""What this room keeps."""

from zhikun.surveys.models.engagement import Engagement
from zhikun.surveys.models.recheck import Recheck
from zhikun.surveys.models.report import SelfReport
from zhikun.surveys.models.round import Assignment, Round, Team, TeamMember
from zhikun.surveys.models.visit import Draft, ReturnComment, Visit, VisitFile

__all__ = [
    "Assignment",
    "Draft",
    "Engagement",
    "Recheck",
    "ReturnComment",
    "Round",
    "SelfReport",
    "Team",
    "TeamMember",
    "Visit",
    "VisitFile",
]
