"""Bars, axes and legends as SVG, drawn by hand: a report has four plain bar charts, and text must stay text.

Widths of texts are estimated (a Chinese letter is as wide as it is high), because the reader's machine chooses the font.
"""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from zhikun.documents.fonts import SANS_FAMILIES
from zhikun.documents.values import number_text

WIDTH = 460.0  # narrow on purpose: type stays readable when a phone shrinks the chart
INK, MUTED, LINE, AXIS = "#1c2430", "#5a6676", "#dde3ea", "#b4bdc9"
SIZE, SMALL = 14.0, 12.5
_LEGEND_LINE = 21.0
_BOX = 11.0


@dataclass(frozen=True, slots=True)
class Part:
    """One colour of a chart, with its name in the legend."""

    title: str
    colour: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a bar chart: pieces as (from, to, colour, thickness between 0 and 1), and the figures beside it.

    `aligned` are figures in columns at the right edge instead, one for each head of the chart.
    """

    title: str
    pieces: tuple[tuple[float, float, str, float], ...]
    figures: str = ""
    aligned: tuple[str, ...] = ()

    @property
    def length(self) -> float:
        return max((to for _from, to, _colour, _thick in self.pieces), default=0.0)


@dataclass
class Sheet:
    """An SVG while it is being drawn, from top to bottom."""

    height: float = 0.0
    marks: list[str] = field(default_factory=list)

    def text(
        self, x: float, y: float, text: str, *, size: float = SIZE, anchor: str = "start", colour: str = INK
    ) -> None:
        place = f'x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{colour}" text-anchor="{anchor}"'
        self.marks.append(f"<text {place}>{escape(text)}</text>")

    def rect(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
        self.marks.append(f'<rect {place} fill="{colour}"/>')

    def line(self, x1: float, y1: float, x2: float, y2: float, colour: str) -> None:
        self.marks.append(f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{colour}" fill="none"/>')

    def svg(self, title: str, text: str) -> str:
        """The whole, with a title and a description for those who cannot see it."""
        mark = f"c{zlib.crc32((title + text).encode()):x}"
        families = ", ".join(f"'{f}'" if " " in f else f for f in SANS_FAMILIES)
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {self.height:g}" role="img" '
            f'aria-labelledby="{mark}-title {mark}-text" font-family="{families}">'
        )
        words = f'<title id="{mark}-title">{escape(title)}</title><desc id="{mark}-text">{escape(text)}</desc>'
        return head + words + "".join(self.marks) + "</svg>"


def text_width(text: str, size: float) -> float:
    """About how wide a text will be: Chinese letters and punctuation one em, Latin letters and digits 0.57."""
    return size * sum(1.0 if unicodedata.east_asian_width(c) in "WFA" else 0.57 for c in text)


def legend(sheet: Sheet, parts: Sequence[Part], left: float) -> None:
    """Names of the colours, as many beside each other as there is room for."""
    x, y = left, sheet.height + 14
    for part in parts:
        wide = _BOX + 6 + text_width(part.title, SMALL)
        if x > left and x + wide > WIDTH:
            x, y = left, y + _LEGEND_LINE
        sheet.rect(x, y - _BOX + 1, _BOX, _BOX, part.colour)
        sheet.text(x + _BOX + 6, y, part.title, size=SMALL)
        x += wide + 16
    sheet.height = y + 12


def bars(
    sheet: Sheet, lines: Sequence[Bar], step: float, left: float, row_height: float, heads: Sequence[Part] = ()
) -> None:
    """Horizontal bars below each other, with a grid at every `step`; the figures stand at the end of each bar.

    With `heads` they stand in columns at the right edge, each under its colour and name, so that small counts are read, not measured.
    """
    edges = _heads(sheet, lines, heads)
    room = WIDTH - edges[0] if heads else max(text_width(b.figures, SMALL) for b in lines) + 10
    longest = max(1.0, *(b.length for b in lines))
    scale = (WIDTH - left - room) / longest
    top, bottom = sheet.height + 2, sheet.height + 4 + row_height * len(lines)
    ticks = int((longest if heads else longest + room / scale * 0.8) // step)
    for tick in range(ticks + 1):
        x = left + tick * step * scale
        sheet.line(x, top, x, bottom, LINE if tick else AXIS)
        label = number_text(tick * step)
        if x + text_width(label, SMALL) / 2 <= (edges[0] + 12 if heads else WIDTH):
            sheet.text(x, bottom + 17, label, size=SMALL, anchor="middle", colour=MUTED)
    for place, bar in enumerate(lines):
        middle = top + row_height * (place + 0.5)
        sheet.text(left - 8, middle + SIZE * 0.36, bar.title, anchor="end")
        for start, end, colour, thick in bar.pieces:
            if end > start:
                tall = row_height * thick
                sheet.rect(left + start * scale, middle - tall / 2, max((end - start) * scale, 2.0), tall, colour)
        if bar.figures:
            sheet.text(left + bar.length * scale + 6, middle + SMALL * 0.36, bar.figures, size=SMALL)
        for edge, figure in zip(edges[1:], bar.aligned, strict=bool(heads)):
            sheet.text(edge, middle + SMALL * 0.36, figure, size=SMALL, anchor="end")
    sheet.height = bottom + 24


def _heads(sheet: Sheet, lines: Sequence[Bar], heads: Sequence[Part]) -> list[float]:
    """The heads of the columns of figures with their colours; returns where the columns begin, then where each ends."""
    if not heads:
        return [WIDTH]
    wide = [
        max(text_width(head.title, SMALL) + _BOX + 4, *(text_width(b.aligned[place], SMALL) for b in lines)) + 14
        for place, head in enumerate(heads)
    ]
    edges = [WIDTH - sum(wide[place:]) for place in range(len(heads))] + [WIDTH - 2]
    y = sheet.height + 14
    for edge, head in zip(edges[1:], heads, strict=True):
        sheet.text(edge, y, head.title, size=SMALL, anchor="end")
        sheet.rect(edge - text_width(head.title, SMALL) - 4 - _BOX, y - _BOX + 1, _BOX, _BOX, head.colour)
    sheet.height = y + 8
    return edges


def columns(sheet: Sheet, counts: Sequence[int], labels: Sequence[str], step: float, colour: str) -> None:
    """Upright columns side by side, each with its count; labels stand below the left edge of each."""
    tallest = max(*counts, 1)
    left = 12 + text_width(number_text(tallest), SMALL)
    wide = (WIDTH - left - 16) / len(counts)
    top, base = sheet.height + 22, sheet.height + 22 + 200.0
    scale = (base - top) / tallest
    for tick in range(int(tallest // step) + 1):
        y = base - tick * step * scale
        sheet.line(left, y, WIDTH, y, LINE if tick else AXIS)
        sheet.text(left - 8, y + SMALL * 0.36, number_text(tick * step), size=SMALL, anchor="end", colour=MUTED)
    for place, (count, label) in enumerate(zip(counts, labels, strict=True)):
        x = left + 6 + place * wide
        sheet.rect(x + 1, base - count * scale, wide - 2, count * scale, colour)
        if count:
            sheet.text(x + wide / 2, base - count * scale - 5, number_text(count), size=11.5, anchor="middle")
        sheet.text(x, base + 17, label, size=11.5, anchor="middle", colour=MUTED)
    sheet.height = base + 24
