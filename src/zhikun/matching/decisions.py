"""What people decided about pairs: kept for good, obeyed by every run, never asked again.

One JSON line for each decision in an append-only file. A line is written whole and synced before it counts; what a
killed process left half-written never counted and is cut off by the next writer.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from zhikun.disk import append_lines, one_writer, whole_lines
from zhikun.matching.errors import MatchingError
from zhikun.matching.groups import Groups
from zhikun.wording import _


class Verdict(StrEnum):
    """What a person found."""

    SAME = "same"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decided what about which two records, when and why. `left` is the smaller id."""

    left: str
    right: str
    verdict: Verdict
    by: str
    on: date
    why: str


class Decisions:
    """The decisions kept in one folder. The last one about a pair is in force; the earlier ones stay in the file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "decisions.jsonl"

    def history(self) -> list[Decision]:
        """Every decision in the order in which they were made."""
        return [_read(line, number, self._path) for number, line in enumerate(whole_lines(self._path), start=1)]

    def in_force(self) -> dict[tuple[str, str], Decision]:
        return {(decision.left, decision.right): decision for decision in self.history()}

    def decide(
        self, first: str, second: str, verdict: Verdict, *, by: str, on: date, why: str, replace: bool = False
    ) -> Decision:  # fmt: skip
        """Keep a decision. The same one again changes nothing; another about the same pair needs `replace`.

        Raises MatchingError where it lacks a name or reason, or where it and the others cannot all be true.
        """
        _complete(first, second, by, why)
        left, right = sorted((first, second))
        with one_writer(self._folder):
            known = self.in_force()
            before = known.get((left, right))
            if before and before.verdict is verdict:
                return before
            if before and not replace:
                message = _(
                    "{by}已于{on}对这两条记录作出相反的认定（理由：{why}）。如确需更正，请选择“更正原认定”（--replace）并写明理由。"
                )
                raise MatchingError(message.format(by=before.by, on=before.on.isoformat(), why=before.why))
            decision = Decision(left, right, verdict, by.strip(), on, why.strip())
            _consistent({**known, (left, right): decision}, decision)
            self._allowed(known, decision)
            self._append(decision)
            return decision

    def _allowed(self, known: dict[tuple[str, str], Decision], new: Decision) -> None:
        """What else has to hold beside the decisions in force, asked while nobody else can write. Raises MatchingError."""

    def _append(self, decision: Decision) -> None:
        line = json.dumps({**asdict(decision), "on": decision.on.isoformat()}, ensure_ascii=False)
        append_lines(self._path, [line])


def _complete(first: str, second: str, by: str, why: str) -> None:
    if first == second:
        raise MatchingError(_("认定的两条记录是同一条（编号相同），没有什么可认定。请选择两条不同的记录。"))
    if not by.strip() or not why.strip():
        raise MatchingError(_("认定缺少经办人或理由，以后无法说明为什么合并或分开。请补全后再提交。"))


def _consistent(known: dict[tuple[str, str], Decision], new: Decision) -> None:
    """A = B and B = C leave no room for A and C being two."""
    groups = Groups()
    for (left, right), decision in known.items():
        if decision.verdict is Verdict.SAME:
            groups.join(left, right)
    for (left, right), decision in known.items():
        if decision.verdict is Verdict.DIFFERENT and groups.find(left) == groups.find(right):
            other = decision if decision != new else None
            message = _(
                "这一认定与已有的认定不能同时成立：经过其他“同一人”的认定，{left} 与 {right} 会既是同一人又不是同一人"
                "{detail}。请先更正其中一项。"
            )
            detail = _("（{by}，{on}）").format(by=other.by, on=other.on.isoformat()) if other else ""
            raise MatchingError(message.format(left=left, right=right, detail=detail))


def _read(line: bytes, number: int, path: Path) -> Decision:
    try:
        data = json.loads(line)
        return Decision(
            data["left"],
            data["right"],
            Verdict(data["verdict"]),
            data["by"],
            date.fromisoformat(data["on"]),
            data["why"],
        )
    except (ValueError, KeyError, TypeError) as error:
        message = _("认定记录 {file} 第 {row} 行读不出来。为了不丢掉人工认定，没有继续。请从备份恢复这个文件。")
        raise MatchingError(message.format(file=path.name, row=number)) from error
