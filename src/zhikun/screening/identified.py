"""What people decided about a record of a list and a person watched, under ids that survive a rotation of the keys.

A record is known by a token of name, birth date and place, so that a correction of the list, or next month's, that says the
same is not asked about again. Where several people watched have that name and birth date the decision holds for the list
and the period alone (`scope`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from zhikun.disk import whole_lines
from zhikun.identity import KeyRing, renewed_token
from zhikun.matching import Decision, Decisions, MatchingError, Verdict
from zhikun.screening.model import PURPOSE
from zhikun.wording import _

#: For what the tokens of records are made.
RECORDS = "records"
_PURPOSES = {"person": PURPOSE, "record": RECORDS}


@dataclass(frozen=True, slots=True)
class Said:
    """A decision in force: which record (as it was named), which person, what, and its line in the file."""

    record: str
    person: str
    decision: Decision
    number: int


def person_id(ring: KeyRing, token: bytes) -> str:
    return f"person:{ring.current}:{token.hex()}"


def record_id(ring: KeyRing, token: bytes, scope: str = "") -> str:
    return f"record:{ring.current}:{token.hex()}" + (f"@{scope}" if scope else "")


def under_present_keys(ring: KeyRing, token: bytes, purpose: str = PURPOSE) -> Iterator[bytes]:
    """A token as it is and as the rotations since would have made it: it may have been printed under any earlier keys."""
    yield token
    for version in range(ring.current - 1, 0, -1):
        yield renewed_token(ring, purpose, token, version)


def token_in(text: str) -> bytes:
    """The token of a record's or a person's id."""
    return bytes.fromhex(text.split(":")[2].partition("@")[0])


def scope_in(text: str) -> str:
    return text.partition("@")[2]


class LinkDecisions:
    """The decisions about links in a data folder: append-only, the last one about a pair in force."""

    def __init__(self, folder: Path, ring: KeyRing) -> None:
        self._kept = _OnePerson(folder, ring)

    @property
    def path(self) -> Path:
        """The file they are kept in."""
        return self._kept.path

    def count(self) -> int:
        """How many decisions the file has, replaced ones too."""
        return len(whole_lines(self.path))

    def in_force(self) -> list[Said]:
        """The decisions in force in the order in which they were made."""
        last: dict[tuple[str, str], Said] = {}
        for number, decision in enumerate(self._kept.history(), start=1):
            pair = (decision.left, decision.right)  # "person:" stands before "record:"
            last[pair] = Said(decision.right, decision.left, decision, number)
        return sorted(last.values(), key=lambda said: said.number)

    def about(self, records: set[bytes], scope: str) -> list[Said]:
        """Those that hold for a list with these records."""
        return [s for s in self.in_force() if token_in(s.record) in records and scope_in(s.record) in ("", scope)]

    def known(self, about: Iterable[Said], ids: Mapping[bytes, str]) -> dict[tuple[str, str], Decision]:
        """The same as a comparison wants them, under the ids that the records have in it; the last word stands."""
        return {(said.person, ids[token_in(said.record)]): said.decision for said in about}

    def decide(
        self, record: str, person: str, verdict: Verdict, *, by: str, on: date, why: str, correct: bool = False
    ) -> bool:  # fmt: skip
        """Keep a decision; whether it is new. Raises MatchingError where it lacks something or contradicts another."""
        return self._kept.decide(record, person, verdict, by=by, on=on, why=why, replace=correct) is self._kept.newest


class DoubleDecisions:
    """The decisions about two people watched, whether they are one: append-only, the last one about a pair in force."""

    def __init__(self, folder: Path, ring: KeyRing) -> None:
        self._kept = _Renewed(folder, ring, "duplicates.jsonl")

    def in_force(self) -> dict[tuple[bytes, bytes], Decision]:
        """By the tokens of both."""
        return {(token_in(left), token_in(right)): said for (left, right), said in self._kept.in_force().items()}

    def decide(
        self, first: str, second: str, verdict: Verdict, *, by: str, on: date, why: str, correct: bool = False
    ) -> bool:  # fmt: skip
        """Keep a decision; whether it is new. Raises MatchingError where it lacks something or contradicts another."""
        return self._kept.decide(first, second, verdict, by=by, on=on, why=why, replace=correct) is self._kept.newest


class _Renewed(Decisions):
    """Decisions under the ids that records and people have today: ids made of tokens change when the keys are rotated."""

    def __init__(self, folder: Path, ring: KeyRing, name: str = "decisions.jsonl") -> None:
        super().__init__(folder)
        self._ring = ring
        self.path = self._path = folder / name
        self.newest: Decision | None = None  # the last one that this process has kept

    def history(self) -> list[Decision]:
        """Every decision in the order in which they were made."""
        found = []
        for decision in super().history():
            left, right = sorted((self._today(decision.left), self._today(decision.right)))
            found.append(replace(decision, left=left, right=right))
        return found

    def _append(self, decision: Decision) -> None:
        super()._append(decision)
        self.newest = decision

    def _today(self, text: str) -> str:
        """An id as it is after the rotations since."""
        try:
            kind, version, rest = text.split(":")
            plain, at, scope = rest.partition("@")
            token = bytes.fromhex(plain)
            if int(version) < self._ring.current:
                token = renewed_token(self._ring, _PURPOSES[kind], token, int(version))
        except (ValueError, KeyError) as error:
            raise MatchingError(
                _("认定记录里的代码“{t}”读不出来。为了不丢掉人工认定，没有继续。请从备份恢复这个文件。").format(t=text)
            ) from error
        return f"{kind}:{self._ring.current}:{token.hex()}{at}{scope}"


class _OnePerson(_Renewed):
    """Decisions about records and people."""

    def _allowed(self, known: dict[tuple[str, str], Decision], new: Decision) -> None:
        """A record is one person, whoever decides at the same moment."""
        others = (old for (person, record), old in known.items() if record == new.right and person != new.left)
        taken = next((old for old in others if old.verdict is Verdict.SAME), None)
        if taken is not None and new.verdict is Verdict.SAME:
            raise MatchingError(
                _(
                    "这一行已由{by}于{on}认定为另一个人，一行不能是两个人。如确需更正，请先把原来的一对更正为“不是同一人”。"
                ).format(by=taken.by, on=taken.on.isoformat())
            )
