"""Department files: received, checked row by row, kept with a receipt each.

from zhikun.intake import lists

lists.open_file(path, source, monitoring)                     # Coming: CSV, workbook or Parquet
lists.open_table("sqlite:///x.db?table=t", source)            # Coming: a table or query; lists.fetched(...): an address
lists.receive(coming, delivery, data, ring, rejects)          # Received: the receipt, rejects, findings
lists.Lists(data).in_force("inpatients", Month(2026, 11))     # ListFile: receipt and rows.parquet
"""

from zhikun.intake.lists.check import Checked, check_kept, note_renewed
from zhikun.intake.lists.coming import Coming
from zhikun.intake.lists.database import SCHEMES as DATABASES
from zhikun.intake.lists.database import open_table
from zhikun.intake.lists.endpoint import SCHEMES as ENDPOINTS
from zhikun.intake.lists.endpoint import TOKEN_VARIABLE, fetched
from zhikun.intake.lists.errors import ListDamaged, ListRefused, ListUnreadable, ListUnusable, ListUnwritten
from zhikun.intake.lists.faults import reason_title
from zhikun.intake.lists.holds import LIMITS
from zhikun.intake.lists.kept import as_table, damage_in, damaged, is_readable, read_kept
from zhikun.intake.lists.model import Hold, ListFile, ListStatus, Receipt, Standing, State
from zhikun.intake.lists.opening import open_file
from zhikun.intake.lists.receive import Delivery, Finding, Received, check_period, receive
from zhikun.intake.lists.sealed import read_names
from zhikun.intake.lists.store import Lists, due_date, due_months, expected_period, expected_periods

__all__ = [
    "DATABASES",
    "ENDPOINTS",
    "LIMITS",
    "TOKEN_VARIABLE",
    "Checked",
    "Coming",
    "Delivery",
    "Finding",
    "Hold",
    "ListDamaged",
    "ListFile",
    "ListRefused",
    "ListStatus",
    "ListUnreadable",
    "ListUnusable",
    "ListUnwritten",
    "Lists",
    "Receipt",
    "Received",
    "Standing",
    "State",
    "as_table",
    "check_kept",
    "check_period",
    "damage_in",
    "damaged",
    "due_date",
    "due_months",
    "expected_period",
    "expected_periods",
    "fetched",
    "is_readable",
    "note_renewed",
    "open_file",
    "open_table",
    "read_kept",
    "read_names",
    "reason_title",
    "receive",
]
