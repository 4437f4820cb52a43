"""What the components draw: plain data that a view puts into its context. Each names the template that draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from zhikun.pages import formats
from zhikun.pages.formats import Number, Text


@dataclass(frozen=True)
class Event:
    """One thing that happened, for `{% timeline events %}`. `by` is who did it, already as it may be shown."""

    when: date | datetime | None
    title: Text
    by: Text = ""
    text: Text = ""
    tone: str = "neutral"
    url: str = ""

    @property
    def shown(self) -> SafeString:
        """The day, or the moment where it is known to the minute."""
        return formats.moment(self.when) if isinstance(self.when, datetime) else formats.day(self.when)


@dataclass(frozen=True)
class Figure:
    """One number with its name, for `{% figure one %}`. A value of None is shown as 未知; `note` says what it rests on."""

    title: Text
    value: Number | None
    unit: Text = ""
    kind: str = "count"
    note: Text = ""
    tone: str = ""
    url: str = ""

    @property
    def shown(self) -> SafeString:
        if self.kind == "count":
            return formats.count(self.value, self.unit)
        return formats.KINDS[self.kind](self.value)


@dataclass(frozen=True)
class Detail:
    """One line of what is known, for `{% details lines %}`: the value, where it comes from and since when."""

    label: Text
    value: Any
    kind: str = "text"
    source: Text = ""
    on: date | None = None
    note: Text = ""
    sample: bool = False
    html: SafeString | None = None

    @property
    def shown(self) -> SafeString:
        return self.html if self.html is not None else formats.KINDS[self.kind](self.value)


@dataclass(frozen=True)
class Step:
    """One value and what it was worked out from, for `{% explanation steps %}` (see explanation.py)."""

    title: Text
    display: Text
    id: str = ""
    undetermined: bool = False
    kind: Text = ""
    formula: Text = ""
    filled: Text = ""
    reference: Text = ""
    origin: Text = ""
    sample: bool = False
    reason: Text = ""
    children: tuple[Step, ...] = ()
    told_above: bool = False
    unit: Text = ""
    rounding: Text = ""
    question: Text = ""
    ask_url: str = ""


JobState = Literal["waiting", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True)
class Progress:
    """Where a job of the background stands, for `{% progress job %}`.

    While it waits or runs the component asks `url` again every two seconds; the view answers with the component alone.
    `total` of None: how much there is to do is not known yet.
    """

    title: Text
    state: JobState
    url: str
    done: int = 0
    total: int | None = None
    message: Text = ""
    cancel_url: str = ""
    retry_url: str = ""
    result_url: str = ""
    id: str = "job"

    @property
    def is_active(self) -> bool:
        return self.state in ("waiting", "running")

    @property
    def tone(self) -> str:
        return {"waiting": "neutral", "running": "progress", "done": "success", "failed": "danger"}.get(
            self.state, "neutral"
        )

    @property
    def words(self) -> str:
        return {
            "waiting": _("排队等待"),
            "running": _("正在处理"),
            "done": _("已完成"),
            "failed": _("没有完成"),
            "cancelled": _("已取消"),
        }[self.state]


@dataclass(frozen=True)
class Axis:
    """One direction of a radar chart: its name, the value (None: unknown) and the highest value possible."""

    title: Text
    value: Number | None
    most: Number


@dataclass(frozen=True)
class Radar:
    """Several values of one household around a point, for `{% radar chart %}`. The table behind it always says the same."""

    title: Text
    axes: Sequence[Axis]
    unit: Text = ""
    id: str = "radar"
    sample: bool = False

    @property
    def known(self) -> list[Axis]:
        return [axis for axis in self.axes if not formats.is_unknown(axis.value)]

    @property
    def unknown(self) -> str:
        """The names of what is left out of the drawing: a point at the centre would say zero."""
        return "、".join(str(axis.title) for axis in self.axes if formats.is_unknown(axis.value))

    @property
    def data(self) -> dict[str, Any] | None:
        """What charts.js draws: the known directions, where there are at least three of them."""
        if len(self.known) < 3:
            return None
        axes = [
            {"name": str(axis.title), "max": float(axis.most), "value": float(axis.value or 0)} for axis in self.known
        ]
        return {"kind": "radar", "title": str(self.title), "axes": axes}


@dataclass(frozen=True)
class Difference:
    """One field that two people see differently, for `{% comparison rows %}`.

    `opened`: what it was when this officer opened the page; `saved`: what somebody else has saved since; `mine`: what
    this officer wants to save. Values are shown as they are, so they come masked where they must be.
    """

    name: str
    label: Text
    opened: Any
    saved: Any
    mine: Any
    kind: str = "text"

    @property
    def clash(self) -> bool:
        """Both changed it, and not to the same."""
        return self.opened not in (self.saved, self.mine) and self.saved != self.mine

    @property
    def cells(self) -> list[SafeString]:
        return [formats.KINDS[self.kind](value) for value in (self.opened, self.saved, self.mine)]


@dataclass(frozen=True)
class Tab:
    """One view of the same thing under its own address, for `{% tabs those %}`."""

    title: Text
    url: str
    current: bool = False
    count: int | None = None


@dataclass(frozen=True)
class Confirm:
    """A question before something that cannot be taken back, for `{% confirm one %}`: answered by a POST to `url`."""

    label: Text
    question: Text
    url: str
    yes: Text = ""
    consequence: Text = ""
    danger: bool = True
    fields: dict[str, str] = field(default_factory=dict)
    reason: Text = ""
