"""Workbooks, CSV and Parquet in and out, and the messages about their rows.

Raw values are kept as they stand in the file, so that a message can say what was found.
"""

from zhikun.tables.cells import Column, Kind, cell_text
from zhikun.tables.messages import RowMessage, Severity, UnreadableFile
from zhikun.tables.reading import Limits, is_table_file, read_sheets, sheet_of_table
from zhikun.tables.sheets import Grid, Sheet
from zhikun.tables.writing import plain_text, safe_text, write_csv, write_text_cell

__all__ = [
    "Column",
    "Grid",
    "Kind",
    "Limits",
    "RowMessage",
    "Severity",
    "Sheet",
    "UnreadableFile",
    "cell_text",
    "is_table_file",
    "plain_text",
    "read_sheets",
    "safe_text",
    "sheet_of_table",
    "write_csv",
    "write_text_cell",
]
