"""What reading a survey yields: facts for the engine, messages for people, rows to be corrected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from zhikun.tables import RowMessage, Severity
from zhikun.wording import _


@dataclass(frozen=True, slots=True)
class RejectedSheet:
    """Rows of one sheet that did not get in, as they stand in the file, with what is wrong beside each.

    `problems[i]` belongs to `rows[i]`: pairs of column index (-1: the whole row) and text.
    """

    entity: str
    sheet: str
    header: tuple[str, ...]
    facts: Mapping[int, str]  # column index -> fact name
    row_numbers: tuple[int, ...]
    rows: tuple[tuple[object, ...], ...]
    problems: tuple[tuple[tuple[int, str], ...], ...]


@dataclass(frozen=True, slots=True)
class Survey:
    """A survey read: `tables` are the engine's facts of the accepted households, texts included.

    `counts`: `households` read, `accepted`, `rejected`, `rows.<entity>` read, `accepted.<entity>`,
    `loose_rows` (rows that belong to no household), `examples` and `empty_rows` left out.
    `sheets`: what the files have sheets of, file by file ('' the survey itself, then the corrected files by their name in
    messages); a file of which every household is told in a later one is not among them.
    """

    tables: dict[str, pa.Table]
    messages: tuple[RowMessage, ...]
    rejects: dict[str, RejectedSheet]
    counts: dict[str, int]
    sheets: tuple[tuple[str, frozenset[str]], ...] = ()

    def of(self, severity: Severity) -> list[RowMessage]:
        """The messages of one severity, in the order of the file."""
        return [m for m in self.messages if m.severity is severity]

    def summary(self) -> list[tuple[str, int]]:
        """How many rows have each problem, most frequent first: for a screen that cannot show thousands."""
        counted: Counter[str] = Counter()
        for message in self.messages:
            if message.severity is not Severity.NOTE:
                counted[f"{message.sheet}·{message.column}：{_told(message)}"] += message.rows
        return counted.most_common()


def _told(message: RowMessage) -> str:
    """What is wrong and what is right, without the value: rows with the same fault read alike."""
    wrong = message.wrong or (_("填得不对") if message.expected else message.found)
    if message.expected:
        wrong = _("{wrong}，应为：{e}").format(wrong=wrong, e=message.expected)
    return wrong if message.severity is Severity.ERROR else _("{wrong}（只是提醒，不影响入库）").format(wrong=wrong)
