"""What persons found at the door: an append-only file that every later run obeys.

One JSON line for each finding. A line counts once it is whole and on disk; what a killed process left half-written never
counted and is cut off by the next writer. Tokens are kept with the version of their key and renewed when read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from zhikun.disk import append_lines, one_writer, whole_lines
from zhikun.engine.packs.monitoring import DIRECTIONS
from zhikun.identity import TOKEN, KeyRing, renewed
from zhikun.screening.errors import ScreeningDamaged
from zhikun.screening.model import PURPOSE, SCREENING, Earlier
from zhikun.wording import _
from zhikun.workdays import Month

#: What was found: in hardship as the warning says; helped (with what); not in hardship; nobody met; moved away.
OUTCOMES = ("verified", "helped", "not_in_hardship", "not_found", "moved")
#: Of which outcomes a warning of each direction was right, and of which it was wrong; the others say neither.
RIGHT = {"hardship": ("verified", "helped"), "exit": ("verified", "not_in_hardship")}
WRONG = {"hardship": ("not_in_hardship",), "exit": ("helped",)}
#: The table a run takes: the last word about each cause.
DECIDED = pa.schema(
    [
        ("person", TOKEN), ("direction", pa.string()), ("cause", pa.string()),
        ("month", pa.string()), ("number", pa.int64()), ("outcome", pa.string()),
    ]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One visit: whom, about which month's warning and which causes of it, what was found, by whom, when."""

    person: bytes
    pack: str
    month: Month
    direction: str
    causes: tuple[str, ...]
    outcome: str
    helped_with: str
    on: date
    by: str
    received: date  # the day on which it was entered here
    number: int = 0  # its line in the file

    def same(self, other: Finding) -> bool:
        """Whether the two say the same thing; the day of entering does not matter."""
        return replace(self, number=0, received=other.received) == replace(other, number=0)


class Decisions:
    """The findings kept in a data folder."""

    def __init__(self, data: Path, ring: KeyRing) -> None:
        self._folder = data / SCREENING
        self._path = self._folder / "feedback.jsonl"
        self._ring = ring

    def lines(self) -> list[bytes]:
        """The lines that count."""
        return whole_lines(self._path)

    def history(self) -> list[Finding]:
        """Every finding in the order of entering, tokens in the ring's current version."""
        read = [_read(line, number, self._path) for number, line in enumerate(self.lines(), start=1)]
        tokens = dict[int, bytes]()
        for version in {item[1] for item in read}:
            rows = [n for n, item in enumerate(read) if item[1] == version]
            self._ring.keys(PURPOSE, 1, version)  # refused where the ring does not know it yet
            column = pa.chunked_array([pa.array([read[n][0].person for n in rows], TOKEN)])
            new = column if version == self._ring.current else renewed(self._ring, PURPOSE, column, version)
            tokens |= dict(zip(rows, new.to_pylist(), strict=True))
        return [replace(finding, person=tokens[n]) for n, (finding, _version) in enumerate(read)]

    def check(self, runs: Iterable[Earlier]) -> None:
        """Raises ScreeningDamaged where lines are gone or others that runs have taken in: a person's word would be lost silently."""
        run, lines = max(runs, key=lambda one: one.decisions, default=None), self.lines()
        if run is None or run.run["decisions"]["sha256"] == prefix_hash(lines[: run.decisions]):
            return
        raise ScreeningDamaged(
            _(
                "反馈记录 {p} 不是 {m} 筛查时的那一份：当时的 {a} 行已经不全或不同，现在共 {n} 行。照它筛查，工作人员处理过的会重新预警，"
                "因此没有继续。请从最近的备份恢复这个文件；找不回来的，移走 {f} 和以后各月的文件夹，补录反馈后依次重新筛查。"
            ).format(p=self._path, m=run.month, a=run.decisions, n=len(lines), f=run.folder)
        )

    def add(self, findings: Iterable[Finding]) -> list[bool]:
        """Keep findings; for each whether it is new. What is the last word about that day's visit already is not kept twice."""
        with one_writer(self._folder):
            history = self.history()
            last = {about: old for old in history for about in _about(old)}
            new: list[Finding] = []
            answers: list[bool] = []
            for finding in findings:
                answers.append(not all(about in last and finding.same(last[about]) for about in _about(finding)))
                if answers[-1]:
                    last |= dict.fromkeys(_about(finding), finding)
                    new.append(replace(finding, number=len(history) + len(new) + 1))
            if new:
                append_lines(self._path, (json.dumps(self._line(one), ensure_ascii=False) for one in new))
        return answers

    def _line(self, finding: Finding) -> dict[str, Any]:
        body = asdict(finding) | {
            "person": finding.person.hex(), "version": self._ring.current, "month": str(finding.month),
            "on": finding.on.isoformat(), "received": finding.received.isoformat(),
        }  # fmt: skip
        del body["number"]
        return body


def _about(finding: Finding) -> list[tuple[str, bytes, Month, str, str, date]]:
    """What a finding is a word about: each cause of a warning, as a visit on a day found it."""
    return [
        (finding.pack, finding.person, finding.month, finding.direction, cause, finding.on)
        for cause in finding.causes or ("",)
    ]


def _newest(finding: Finding) -> tuple[date, Month, int]:
    """Which of several findings stands: of the latest visit; about the later month's warning; recorded last."""
    return finding.on, finding.month, finding.number


def prefix_hash(lines: Sequence[bytes]) -> str:
    """The hash of the first lines of the file, which never change."""
    return hashlib.sha256(b"\n".join(lines)).hexdigest()


def in_force(history: Iterable[Finding]) -> dict[tuple[str, bytes, Month, str, str], Finding]:
    """The finding that stands about each cause of each warning: by pack, person, month, direction and cause."""
    return {
        (f.pack, f.person, f.month, f.direction, cause): f for f in sorted(history, key=_newest) for cause in f.causes
    }


def last_visits(history: Iterable[Finding]) -> dict[tuple[str, bytes, Month, str], Finding]:
    """The finding of the last visit about each warning, whatever its causes: by pack, person, month and direction."""
    return {(f.pack, f.person, f.month, f.direction): f for f in sorted(history, key=_newest)}


def decided(history: Sequence[Finding], pack: str, month: Month, count: int, earlier: Earlier | None) -> pa.Table:
    """What a run of the month has to take in: findings about earlier months' warnings that no earlier run has taken in.

    `count` is how many lines of the file it may look at. Of each cause the latest visit stands: an older one that is
    recorded later takes nothing back, whether or not the newer one was taken in before.
    """
    last: dict[tuple[bytes, str, str], Finding] = {}
    for finding in sorted(history[:count], key=_newest):
        if finding.pack == pack and finding.month < month:
            last |= {(finding.person, finding.direction, cause): finding for cause in finding.causes}
    rows = [
        {
            "person": person, "direction": direction, "cause": cause,
            "month": str(finding.month), "number": finding.number, "outcome": finding.outcome,
        }
        for (person, direction, cause), finding in last.items()
        if earlier is None or finding.number > earlier.decisions or finding.month >= earlier.month
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, DECIDED)


def right(finding: Finding) -> bool | None:
    """Whether the warning was right; None where the visit could not tell."""
    if finding.outcome in RIGHT[finding.direction]:
        return True
    return False if finding.outcome in WRONG[finding.direction] else None


def _read(line: bytes, number: int, path: Path) -> tuple[Finding, int]:
    try:
        body = json.loads(line)
        outcome, direction = _one_of(OUTCOMES, body["outcome"]), _one_of(DIRECTIONS, body["direction"])
        finding = Finding(
            bytes.fromhex(body["person"]), body["pack"], Month.read(body["month"]), direction, tuple(body["causes"]), outcome,
            body["helped_with"], date.fromisoformat(body["on"]), body["by"], date.fromisoformat(body["received"]), number,
        )  # fmt: skip
        return finding, int(body["version"])
    except (ValueError, KeyError, TypeError) as error:
        raise ScreeningDamaged(
            _("反馈记录 {p} 第 {n} 行读不出来。为了不丢掉人工认定，没有继续。请从备份恢复这个文件。").format(
                p=path, n=number
            )
        ) from error


def _one_of(known: Sequence[str], word: str) -> str:
    """The word, if it is one of them. Raises ValueError."""
    if word not in known:
        raise ValueError(word)
    return word
