"""Reports, workbooks and charts of an assessment, for the officers, leaders and households who read them.

Everything starts from `Assessed`: one pack applied to one survey on one day. A report is a `Document` of blocks,
written once in words and drawn as HTML (one file, opens offline) or PDF (Typst).
"""

from zhikun.documents.arrivals import Intake, Problem, problems_of
from zhikun.documents.errors import DocumentError, FontsMissing, ScoreOffScale, UnknownValue
from zhikun.documents.household import Filed, household_report, write_household_report
from zhikun.documents.inputs import Assessed
from zhikun.documents.render import html_page, pdf_bytes
from zhikun.documents.report import county_report, write_report
from zhikun.documents.statistics import CausesTable, causes_table, write_causes_csv
from zhikun.documents.workbook import write_workbook

__all__ = [
    "Assessed",
    "CausesTable",
    "DocumentError",
    "Filed",
    "FontsMissing",
    "Intake",
    "Problem",
    "ScoreOffScale",
    "UnknownValue",
    "causes_table",
    "county_report",
    "household_report",
    "html_page",
    "pdf_bytes",
    "problems_of",
    "write_causes_csv",
    "write_household_report",
    "write_report",
    "write_workbook",
]
