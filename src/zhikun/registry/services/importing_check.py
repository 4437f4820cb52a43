"""The dry run of a file: the survey's own checks, and what only the registry knows, on the same rows with the same rejects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from zhikun.intake.survey.rows import Rows
from zhikun.registry.services.importing_judge import Bounds, Problem, Verdict, judge
from zhikun.registry.services.importing_told import ToldHousehold, ToldPerson, area_code
from zhikun.tables import RowMessage, Severity


@dataclass
class AgainstRegistry:
    """The check that `survey.read` calls last. Keeps the verdict on every household by its number."""

    bounds: Bounds
    verdicts: dict[str, Verdict] = field(default_factory=dict)

    def __call__(self, sheets: dict[str, Rows]) -> None:
        """Judge every household of the file and report on its rows."""
        home, members = sheets["household"], sheets["member"]
        told, where = _told(home, members)
        verdicts = judge([one for one, _row in told], self.bounds)
        for (one, row), verdict in zip(told, verdicts, strict=True):
            self.verdicts.setdefault(one.number, verdict)
            rows = where.get(one.number, [])
            for problem in verdict.problems:
                _report(problem, home, row, members, rows, Severity.ERROR)
            for note in verdict.notes:
                wants_a_look = note.person is not None or note.fact
                _report(note, home, row, members, rows, Severity.WARNING if wants_a_look else Severity.NOTE)


def _told(home: Rows, members: Rows) -> tuple[list[tuple[ToldHousehold, int]], dict[str, list[int]]]:
    """The households with their row, as far as judging needs them; and the rows of their members."""
    where: dict[str, list[int]] = {}
    for row, number in enumerate(members.households.to_pylist()):
        if number is not None:
            where.setdefault(number, []).append(row)
    names, numbers, relations = (_values(members, name) for name in ("name", "id_number", "relation"))
    places, addresses, phones = (_values(home, name) for name in ("place", "address", "phone"))
    told = []
    for row, number in enumerate(home.households.to_pylist()):
        if number is None:
            continue
        people = [ToldPerson(names[n] or "", numbers[n] or "", relations[n] or "") for n in where.get(number, [])]
        one = ToldHousehold(number, area_code(places[row]) or 0, people, addresses[row] or "", phones[row] or "")
        told.append((one, row))
    return told, where


def _values(rows: Rows, fact: str) -> list[Any]:
    if fact not in rows.facts:
        return [None] * len(rows)
    values = rows.facts[fact].values
    return list(values.to_pylist() if isinstance(values, pa.Array | pa.ChunkedArray) else values)


def _report(problem: Problem, home: Rows, row: int, members: Rows, rows: Sequence[int], severity: Severity) -> None:
    """The problem on its row, unless the row's own check has said something about the same cell."""
    sheet, at = (home, row) if problem.person is None else (members, rows[problem.person])
    known = problem.fact in sheet.facts
    column = sheet.heading(problem.fact) if known else ("" if problem.fact else sheet.household_column())
    if known and any(f.at == at and f.severity is Severity.ERROR for f in sheet.facts[problem.fact].findings):
        return
    sheet.report(at, column, problem.found, problem.expected, problem.remedy, severity)


def message_json(message: RowMessage) -> dict[str, Any]:
    """A message as a batch keeps it."""
    return {
        "sheet": message.sheet, "row": message.row, "column": message.column, "found": message.found,
        "expected": message.expected, "remedy": message.remedy, "severity": message.severity.value,
        "household": message.household, "rows": message.rows,
    }  # fmt: skip


def message_of(held: dict[str, Any]) -> RowMessage:
    """What `message_json` gave."""
    return RowMessage(**{**held, "severity": Severity(held["severity"])})
