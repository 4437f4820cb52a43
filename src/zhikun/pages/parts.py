"""What the components draw: plain data that a view puts into its context. Each names the template that draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from django.utils.html import escape, strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from zhikun.pages import formats
from zhikun.pages.formats import Number, Text
from zhikun.wording import is_money


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
    """One number with its name, for `{% figure one %}`. A value of None is shown as 未知; `note` says what it rests on.

    With the kind `text` the value is drawn already: two bounds, a share with more decimals.
    """

    title: Text
    value: Number | SafeString | None
    unit: Text = ""
    kind: str = "count"
    note: Text = ""
    tone: str = ""
    url: str = ""

    @property
    def shown(self) -> SafeString:
        if self.kind == "count" and not isinstance(self.value, str):
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
    again: bool = False
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
    def told_whole(self) -> bool:
        """Whether what came of it is said in words: the steps it took to get there say nothing more."""
        return self.state == "done" and bool(self.message)

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
class Series:
    """One row of numbers of a chart: as many as the chart has categories; None is unknown and stays a gap.

    `urls`: where each number leads. `tone` of `TONES` where the colour has a meaning (a warning's, undetermined).
    """

    name: Text
    values: Sequence[Number | None]
    urls: Sequence[str] = ()
    tone: str = ""


@dataclass(frozen=True)
class Cell:
    """One number of the table behind a chart. A zero leads nowhere: the list behind it is empty."""

    value: Number | None
    url: str

    @property
    def known(self) -> bool:
        return not formats.is_unknown(self.value)


ChartKind = Literal["bar", "stacked", "line", "heat"]


@dataclass(frozen=True)
class Chart:
    """Numbers side by side, for `{% chart one %}`: the drawing, and the table with the same numbers behind it.

    Bars lie down by themselves where their names need the room. `heat` draws categories as rows and series as columns.
    `urls`: where each category leads; `note` says in a sentence what was counted; `gap` what a number of None means where
    it is not 未知 (withheld, say). Raises ValueError where a series is not as long as the categories.
    """

    title: Text
    kind: ChartKind
    categories: Sequence[Text]
    series: Sequence[Series]
    unit: Text = ""
    sample: bool = False
    note: Text = ""
    urls: Sequence[str] = ()
    gap: Text = ""

    #: More of them are a table, not a picture; names of unknown numbers and numbers read aloud are told up to these.
    MOST_DRAWN, MOST_UNKNOWN, MOST_SAID = 60, 12, 24

    def __post_init__(self) -> None:
        wanted = len(self.categories)
        given = [self.urls, *(one.urls for one in self.series)]
        if any(len(one.values) != wanted for one in self.series) or any(len(one) not in (0, wanted) for one in given):
            raise ValueError(f"chart {self.title}: numbers and addresses must be as many as the {wanted} categories")

    @property
    def rows(self) -> list[tuple[Text, str, list[Cell]]]:
        """The table behind: a line for each category with its address and the number of each series."""
        return [
            (name, self.urls[at] if self.urls else "", [_cell(one, at) for one in self.series])
            for at, name in enumerate(self.categories)
        ]

    @property
    def body(self) -> SafeString:
        """These lines as HTML: a page has hundreds of their cells, and a template takes a tenth of a second for so many."""
        lines = []
        for name, url, cells in self.rows:
            head = f'<a href="{escape(url)}">{escape(name)}</a>' if url else escape(name)
            told = "".join(f'<td class="zk-right">{self._told(cell)}</td>' for cell in cells)
            lines.append(f'<tr><th scope="row">{head}</th>{told}</tr>')
        return mark_safe("\n".join(lines))  # noqa: S308 - made of escaped parts

    def _told(self, cell: Cell) -> str:
        if not cell.known:
            return formats.unknown(self.gap_words)
        shown = self._shown(cell.value)
        return f'<a href="{escape(cell.url)}">{shown}</a>' if cell.url else shown

    @property
    def unknown(self) -> str:
        """The names of what is left out of the drawing, because nothing is known of it."""
        names = [
            f"{name}（{one.name}）" if len(self.series) > 1 else str(name)
            for at, name in enumerate(self.categories)
            for one in self.series
            if formats.is_unknown(one.values[at])
        ]
        told = "、".join(names[: self.MOST_UNKNOWN])
        return told if len(names) <= self.MOST_UNKNOWN else _("{a} 等 {b} 项").format(a=told, b=len(names))

    @property
    def gap_words(self) -> str:
        """What stands in the place of a number that is not told."""
        return str(self.gap) or _("未知")

    @property
    def left_out(self) -> int:
        """How many categories stand in the table only."""
        return max(0, len(self.categories) - self.MOST_DRAWN)

    @property
    def data(self) -> dict[str, Any] | None:
        """What charts.js draws; None where no number is known."""
        if all(formats.is_unknown(value) for one in self.series for value in one.values):
            return None
        cells = [_drawn(one, self.MOST_DRAWN) for one in self.series]
        return {
            "kind": self.kind,
            "unit": str(self.unit),
            "categories": [str(name) for name in self.categories[: self.MOST_DRAWN]],
            "series": cells,
            "said": self.said,
            "words": {"unknown": self.gap_words},
        }

    @property
    def said(self) -> str:
        """The drawing in words, for those who hear the page."""
        told = [
            f"{name}{f' {one.name}' if len(self.series) > 1 else ''} {self._said(one.values[at])}"
            for at, name in enumerate(self.categories)
            for one in self.series
        ]
        rest = "" if len(told) <= self.MOST_SAID else _("……其余见下面的数据表")
        return _("{a}：{b}").format(a=self.title, b="，".join(told[: self.MOST_SAID])) + rest

    def _said(self, value: Number | None) -> str:
        return self.gap_words if formats.is_unknown(value) else f"{strip_tags(self._shown(value))}{self.unit}"

    def _shown(self, value: Number | None) -> SafeString:
        """A number of the table behind; amounts, whose unit stands over the table, with their cents."""
        return formats.amounts(value) if is_money(str(self.unit)) else formats.count(value)


def _cell(one: Series, at: int) -> Cell:
    value = one.values[at]
    return Cell(value, one.urls[at] if one.urls and value != 0 else "")


def _drawn(one: Series, most: int) -> dict[str, Any]:
    cells = [_cell(one, at) for at in range(min(most, len(one.values)))]
    return {
        "name": str(one.name),
        "tone": one.tone,
        "values": [None if formats.is_unknown(cell.value) else float(cell.value or 0) for cell in cells],
        "urls": [cell.url for cell in cells],
    }


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
