"""Files of the months: their names, days of arrival, flaws, and how they are written."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
from pyarrow import csv

from zhikun.engine.packs.monitoring import ListSource
from zhikun.intake.demo.months.periods import Period, due_day

_SPECIAL = ',"\r\n'


@dataclass(frozen=True, slots=True)
class Flaw:
    """A row that was spoiled on purpose: which line of the file (the heading is line 1), and how."""

    kind: str
    line: int
    text: str


@dataclass(slots=True)
class Sheet:
    """One file of a department."""

    listed: ListSource
    period: Period
    arrives: date
    rows: int = 0
    suffix: str = ""
    note: str = ""
    flaws: list[Flaw] = field(default_factory=list)

    @classmethod
    def due(cls, listed: ListSource, period: Period) -> Sheet:
        """A file that comes on the day by which it is due."""
        return cls(listed, period, due_day(listed, period))

    @property
    def file(self) -> str:
        return f"{self.listed.id}/{self.period}{self.suffix}.csv"


class Files:
    """Open files of a folder; rows are added to any of them. Numbers of rows are kept in the sheets."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._open: dict[str, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def add(self, sheet: Sheet, rows: pa.Table) -> None:
        """More rows; the first time with the heading."""
        writer = self._open.get(sheet.file)
        if writer is None:
            path = self._folder / sheet.file
            path.parent.mkdir(parents=True, exist_ok=True)
            file = self._stack.enter_context(path.open("wb"))
            quotes = _needs_quotes(sheet.listed)
            file.write((",".join(_quoted(title) if quotes else title for title in rows.column_names) + "\n").encode())
            options = csv.WriteOptions(include_header=False, quoting_style="needed" if quotes else "none")
            writer = self._stack.enter_context(csv.CSVWriter(file, rows.schema, write_options=options))
            self._open[sheet.file] = writer
        writer.write_table(rows)
        sheet.rows += len(rows)


def _needs_quotes(listed: ListSource) -> bool:
    """Whether a heading or a word of the pack would break a line without them; Arrow quotes all texts or none."""
    words = [word for column in listed.columns.values() for word in (column.title, *column.choices.values())]
    return any(sign in word for word in words for sign in _SPECIAL)


def _quoted(title: str) -> str:
    return '"' + title.replace('"', '""') + '"'
