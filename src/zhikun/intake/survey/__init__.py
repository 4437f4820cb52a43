"""Household surveys: the workbook that people fill in, and what is read from it.

from zhikun.intake import survey

survey.template(pack, "调查表.xlsx")
found = survey.read("调查表.xlsx", pack)      # Survey: tables, messages, rejects, counts
survey.write_rejects(found, pack, "退回.xlsx")
"""

from zhikun.intake.survey.book import declared_count
from zhikun.intake.survey.model import RejectedSheet, Survey
from zhikun.intake.survey.reading import read
from zhikun.intake.survey.writing import template, write, write_rejects
from zhikun.tables import Limits, RowMessage, Severity, UnreadableFile

__all__ = [
    "Limits",
    "RejectedSheet",
    "RowMessage",
    "Severity",
    "Survey",
    "UnreadableFile",
    "declared_count",
    "read",
    "template",
    "write",
    "write_rejects",
]
