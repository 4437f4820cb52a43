"""Household surveys: the workbook that people fill in, and what is read from it.

from zhikun.intake import survey

survey.template(pack, "调查表.xlsx")
found = survey.read("调查表.xlsx", pack)      # Survey: tables, messages, rejects, counts
survey.write_rejects(found, pack, "退回.xlsx")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from zhikun.tables import Limits, RowMessage, Severity, UnreadableFile

if TYPE_CHECKING:
    from zhikun.intake.survey.book import declared_count
    from zhikun.intake.survey.model import RejectedSheet, Survey
    from zhikun.intake.survey.reading import read, read_sheets_given
    from zhikun.intake.survey.writing import template, write, write_rejects

__all__ = [
    "Limits",
    "RejectedSheet",
    "RowMessage",
    "Severity",
    "Survey",
    "UnreadableFile",
    "declared_count",
    "read",
    "read_sheets_given",
    "template",
    "write",
    "write_rejects",
]

#: Where each name stands. It is imported when it is asked for: department lists need only how a cell is read.
_WHERE = {
    "declared_count": "book",
    "RejectedSheet": "model",
    "Survey": "model",
    "read": "reading",
    "read_sheets_given": "reading",
    "template": "writing",
    "write": "writing",
    "write_rejects": "writing",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
