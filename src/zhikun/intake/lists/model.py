"""What stands in the data folder about one reception, and how a list stands in a month."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

from zhikun.workdays import Month

ROWS, NAMES, RECEIPT = "rows.parquet", "names.sealed", "receipt.json"
#: Columns that every file of rows has beside those of its source.
PERSON, ROW, SHOWN = "person", "row", "shown"
#: For what tokens in lists are made; lists and warnings are joined by them.
PURPOSE = "monitoring"


class State(StrEnum):
    """What became of a received file. Only `ACCEPTED` ones carry conclusions."""

    ACCEPTED = "accepted"
    HELD = "held"
    REFUSED = "refused"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class Hold:
    """One reason why a person has to look before the file counts."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Decided:
    """Who released or refused a held file, when (ISO 8601 with zone) and why."""

    by: str
    at: str
    why: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is said about one received file. `accepted` counts rows of this file, `kept` those of the file it completes."""

    source: str
    title: str
    pack: str
    period: Month
    number: int
    received_at: str
    by: str
    file: str
    sha256: str
    rows: int
    accepted: int
    rejected: Mapping[str, int]
    profile: Mapping[str, Any]
    against: Mapping[str, Any]
    state: State
    holds: tuple[Hold, ...] = ()
    notes: tuple[str, ...] = ()
    replaces: int | None = None
    completes: int | None = None  # the receipt whose rejects came back corrected in this file
    kept: int = 0
    changes: Mapping[str, int] = field(default_factory=dict)  # against the file it replaces
    decided: Decided | None = None
    rows_sha256: str = ""  # of rows.parquet and of names.sealed as they were written
    names_sha256: str = ""

    @property
    def id(self) -> str:
        """inpatients/2026-11/001: how people and rejects name the receipt."""
        return f"{self.source}/{self.period}/{self.number:03d}"

    @property
    def in_force_rows(self) -> int:
        return self.accepted + self.kept

    def with_state(self, state: State, decided: Decided | None = None) -> Receipt:
        return replace(self, state=state, decided=decided or self.decided)

    def to_json(self) -> bytes:
        """The receipt's file."""
        body = {
            "source": self.source,
            "title": self.title,
            "pack": self.pack,
            "period": str(self.period),
            "number": self.number,
            "received_at": self.received_at,
            "by": self.by,
            "file": self.file,
            "sha256": self.sha256,
            "rows_sha256": self.rows_sha256,
            "names_sha256": self.names_sha256,
            "rows": self.rows,
            "accepted": self.accepted,
            "rejected": dict(self.rejected),
            "kept": self.kept,
            "completes": self.completes,
            "profile": dict(self.profile),
            "against": dict(self.against),
            "changes": dict(self.changes),
            "holds": [{"code": hold.code, "text": hold.text} for hold in self.holds],
            "notes": list(self.notes),
            "state": self.state.value,
            "replaces": self.replaces,
            "decided": None
            if self.decided is None
            else {"by": self.decided.by, "at": self.decided.at, "why": self.decided.why},
        }
        return json.dumps(body, ensure_ascii=False, indent=1).encode()

    @staticmethod
    def from_json(content: bytes) -> Receipt:
        """The receipt in a file. Raises ValueError, KeyError or TypeError where it is not whole."""
        body = json.loads(content)
        decided = body["decided"]
        return Receipt(
            source=body["source"],
            title=body["title"],
            pack=body["pack"],
            period=Month.read(body["period"]),
            number=int(body["number"]),
            received_at=body["received_at"],
            by=body["by"],
            file=body["file"],
            sha256=body["sha256"],
            rows_sha256=body.get("rows_sha256", ""),
            names_sha256=body.get("names_sha256", ""),
            rows=int(body["rows"]),
            accepted=int(body["accepted"]),
            rejected=body["rejected"],
            profile=body["profile"],
            against=body["against"],
            state=State(body["state"]),
            holds=tuple(Hold(hold["code"], hold["text"]) for hold in body["holds"]),
            notes=tuple(body["notes"]),
            replaces=body["replaces"],
            completes=body["completes"],
            kept=int(body["kept"]),
            changes=body["changes"],
            decided=None if decided is None else Decided(decided["by"], decided["at"], decided["why"]),
        )


@dataclass(frozen=True, slots=True)
class ListFile:
    """A received file in its folder: the receipt and the accepted rows."""

    receipt: Receipt
    folder: Path

    @property
    def rows(self) -> Path:
        """The Parquet file of accepted rows."""
        return self.folder / ROWS

    @property
    def names(self) -> Path:
        """The sealed names, where the list has any (`read_names`)."""
        return self.folder / NAMES

    @property
    def period(self) -> Month:
        return self.receipt.period


class Standing(StrEnum):
    """How a list stands in a month, seen on a day."""

    RECEIVED = "received"  # the file that was due is in force
    HELD = "held"  # it came and waits for a person
    MISSING = "missing"  # its day has passed and no older file is still valid: its indicators are unknown
    LATE = "late"  # its day has passed; conclusions rest on an older file that is still valid
    NOT_DUE = "not_due"  # its day has not come


@dataclass(frozen=True, slots=True)
class ListStatus:
    """One list in a month: what was due, what is there, and on which period conclusions rest (None: on nothing)."""

    source: str
    title: str
    department: str
    standing: Standing
    due_period: Month
    due: date
    rests_on: Month | None
    receipts: tuple[Receipt, ...]  # of the due period, in order of reception
    #: Earlier periods on which conclusions of the month still look, whose day has passed and of which none is in force:
    #: HELD where one waits for a person, else MISSING.
    overdue_periods: tuple[tuple[Month, Standing], ...] = ()
