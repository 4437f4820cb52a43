"""A table of counts as data: drawn on the page and saved as CSV from the same cells, each leading to the list it counts."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.analytics import events
from zhikun.assessments.models import Run
from zhikun.assessments.wanted import Wanted
from zhikun.audit.services import record as note
from zhikun.pages import formats
from zhikun.pages.formats import Number, Text
from zhikun.pages.frame import Crumb
from zhikun.places.models import Area
from zhikun.tables.writing import safe_text
from zhikun.wording import SAMPLE_MARK

SAVE = "save"  # the part of an address that asks for a table as a file
_SHADES = 4


@dataclass(frozen=True)
class Cell:
    """A number, or words, with the address of its list. `share`: of what it is a part, 0 to 1; `shade`: 0 to 4, for the eye."""

    value: Number | str | None
    url: str = ""
    share: float | None = None
    shade: int = 0
    strong: bool = False
    kind: str = "count"
    edge: bool = False  # a line is drawn before it

    @property
    def shown(self) -> SafeString:
        """As the page draws it."""
        return formats.text(self.value) if isinstance(self.value, str) else formats.COLUMNS[self.kind](self.value)

    @property
    def is_number(self) -> bool:
        return not isinstance(self.value, str)

    @property
    def drawn(self) -> str:
        """What stands in the cell, as HTML: its link, its share."""
        whole = isinstance(self.value, int) and self.kind == "count"
        shown = f'<span class="zk-number">{self.value:,}</span>' if whole else self.shown
        linked = f'<a href="{escape(self.url)}">{shown}</a>' if self.url else shown
        share = f' <span class="zk-share">{formats.percent(self.share)}</span>' if self.share is not None else ""
        return f"{linked}{share}"

    @property
    def side(self) -> str:
        """The classes of the column: numbers to the right, words may break their lines."""
        return ("zk-right" if self.is_number else "zk-wide") + (" zk-edge" if self.edge else "")

    @property
    def css(self) -> str:
        """The classes of the cell."""
        shade = f" zk-shade-{self.shade}" if self.shade else ""
        return f"{self.side}{shade}{' zk-strong' if self.strong else ''}"


@dataclass(frozen=True)
class Head:
    """The heading of a column; with an address, a click orders the rows by it."""

    title: Text
    url: str = ""
    current: bool = False


@dataclass(frozen=True)
class Grid:
    """Rows of cells; the first of each is its heading. `name` stands in the address that saves it.

    `most`: of more rows only so many are drawn, and the last, which sums them up; all of them are saved.
    """

    name: str
    title: str
    heads: Sequence[Head]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    save_url: str = ""
    empty: str = ""
    most: int | None = None

    @property
    def drawn(self) -> Sequence[Sequence[Cell]]:
        """The rows that the page shows."""
        if self.most is None or len(self.rows) <= self.most + 1:
            return self.rows
        return [*self.rows[: self.most], self.rows[-1]]

    @property
    def left_out(self) -> int:
        """How many rows the page does not show."""
        return len(self.rows) - len(self.drawn)

    @property
    def shares(self) -> bool:
        """Whether numbers are followed by what part they are."""
        return any(cell.share is not None for row in self.rows for cell in row)

    @property
    def headed(self) -> list[tuple[Head, str]]:
        """The headings with their classes: over numbers to the right, over words to the left."""
        return [(head, self.rows[0][at].side if at else "") for at, head in enumerate(self.heads)]

    @property
    def body(self) -> SafeString:
        """The rows as HTML: a page has a thousand cells, and a template takes a tenth of a second for so many."""
        rows = []
        for first, *rest in self.drawn:
            cells = "".join(f'<td class="{cell.css}">{cell.drawn}</td>' for cell in rest)
            strong = ' class="zk-strong"' if first.strong else ""
            rows.append(f'<tr><th scope="row"{strong}>{first.drawn}</th>{cells}</tr>')
        return mark_safe("\n".join(rows))  # noqa: S308 - made of escaped parts

    def lines(self) -> list[list[str]]:
        """As a spreadsheet gets it: headings, then rows; each share in a column beside its number."""
        parts = [any(row[at].share is not None for row in self.rows) for at in range(len(self.heads))]
        first = []
        for head, part in zip(self.heads, parts, strict=True):
            first += [str(head.title)] + ([_("{t}占比").format(t=head.title)] if part else [])
        told = [first]
        for row in self.rows:
            line = []
            for cell, part in zip(row, parts, strict=True):
                share = "" if cell.share is None else f"{cell.share:.4f}"
                line += [_words(cell.value)] + ([share] if part else [])
            told.append(line)
        return told


def counted(n: int, url: str, of: int | None = None, shade: int = 0, *, strong: bool = False) -> Cell:
    """A number of households; none of them leads nowhere. `of`: of how many it is a part."""
    return Cell(n, url if n else "", n / of if of else None, shade, strong)


def shade(value: float, most: float) -> int:
    """How dark a cell is among others: in quarters of the largest; nothing is not shaded."""
    return min(_SHADES, int(value / most * _SHADES) + 1) if value > 0 and most > 0 else 0


@lru_cache(maxsize=100)
def _list_page(run: UUID) -> str:
    """The same for a thousand numbers of a page."""
    return reverse("assessments:households", args=[run])


def list_url(run: Run, wanted: Wanted, place: Area | int | None) -> str:
    """The list of what a number counts."""
    code = place.pk if isinstance(place, Area) else place
    parts = [part for part in (f"place={code}" if code else "", _asked_for(wanted)) if part]
    url = _list_page(run.pk)
    return f"{url}?{'&'.join(parts)}" if parts else url


@lru_cache(maxsize=4096)
def _asked_for(wanted: Wanted) -> str:
    """The same for each place of a page, and from page to page."""
    return urlencode(wanted.query())


def with_parameters(page: str, place: Area | int | None, **more: str) -> str:
    """A page of the room for a place."""
    code = place.pk if isinstance(place, Area) else place
    pairs = ({"place": str(code)} if code else {}) | more
    return f"{page}?{urlencode(pairs)}" if pairs else page


def way_up(run: Run, place: Area | None) -> tuple[Crumb, Crumb]:
    """The statistics of a run, of which a page shows more."""
    page = with_parameters(reverse("analytics:statistics", args=[run.pk]), place)
    return Crumb(_("信息统计"), reverse("analytics:newest")), Crumb(run.on.isoformat(), page)


def with_query(request: HttpRequest, **changed: str) -> str:
    """The address of the page with other answers in it."""
    query = request.GET.copy()
    for name in (SAVE, *changed):
        query.pop(name, None)
    for name, value in changed.items():
        if value:
            query[name] = value
    return f"{request.path}?{query.urlencode()}" if query else request.path


def saved(
    request: HttpRequest, grids: Sequence[Grid], what: str, mark: str = "", **details: str
) -> HttpResponse | None:
    """The table that the address asks for as CSV, on record; None where it asks for none. `what`: for the name of the file.

    `mark` says whose copy it is, in the first line and the last: a file cut in two still has one.
    """
    name = request.GET.get(SAVE, "")
    if not name:
        return None
    grid = next((one for one in grids if one.name == name and one.rows), None)
    if grid is None or not isinstance(request.user, Officer):
        raise Http404
    place = request.GET.get("place", "")
    note(
        events.SAVED, by=request.user, area=int(place) if place else None, looks=True,
        details={"table": grid.title, "rows": len(grid.rows), **details},
    )  # fmt: skip
    out = io.StringIO()
    writer = csv.writer(out)
    marks = [[mark]] if mark else []
    for line in [*marks, *grid.lines(), *marks]:
        writer.writerow([safe_text(cell) for cell in line])
    answer = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(f'{grid.title}_{what}.csv')}"
    return answer


def copy_mark(what: str, officer: Officer, *, sample: bool = False) -> str:
    """Whose copy a file is: what it is about, the office and officer, and when. `sample`: the pack's figures are examples."""
    moment = timezone.localtime().strftime("%Y-%m-%d %H:%M")
    told = _("{what}，{office} {officer} 于 {at} 另存").format(
        what=what, office=officer.organisation, officer=officer.name, at=moment
    )
    return _("{mark}。{sample}").format(mark=told, sample=SAMPLE_MARK) if sample else told


def _words(value: Number | str | None) -> str:
    if value is None:
        return _("未知")
    return value if isinstance(value, str) else str(value)
