"""What became of the survey file on its way in, as reports tell it: counts and kinds of faults, never the data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from zhikun.identity import mask_id_numbers_in
from zhikun.tables import RowMessage, Severity


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of fault: where, what was expected, what to do, and how many rows have it."""

    sheet: str
    column: str
    expected: str
    remedy: str
    example: str
    rows: int
    rejected: bool


@dataclass(frozen=True, slots=True)
class Intake:
    """The file, how many households came in and how many were kept out, and why.

    `households_read` is None where nobody counted; `rejects_file` is '' where nothing was rejected.
    """

    file: str = ""
    households_read: int | None = None
    households_rejected: int = 0
    rows_rejected: int = 0
    rejects_file: str = ""
    problems: tuple[Problem, ...] = ()

    @property
    def warned_rows(self) -> int:
        """Rows that were let in but want a look."""
        return sum(p.rows for p in self.problems if not p.rejected)


def problems_of(messages: Iterable[RowMessage]) -> tuple[Problem, ...]:
    """Row messages gathered by place and kind, errors first, then the most frequent; notes are left out."""
    counts: Counter[tuple[str, str, str, str, bool]] = Counter()
    examples: dict[tuple[str, str, str, str, bool], str] = {}
    for message in messages:
        if message.severity is Severity.NOTE:
            continue
        key = (
            message.sheet, message.column, message.expected, message.remedy, message.severity is Severity.ERROR,
        )  # fmt: skip
        counts[key] += message.rows
        examples.setdefault(key, mask_id_numbers_in(message.found))
    order = sorted(counts, key=lambda k: (not k[4], -counts[k], k[0], k[1]))
    return tuple(Problem(k[0], k[1], k[2], k[3], examples[k], counts[k], k[4]) for k in order)
