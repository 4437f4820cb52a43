"""Charts as SVG: text stays text, one calm palette, a title and description inside for screen readers.

The same SVG stands in HTML (inline) and in a PDF (Typst draws it as an image).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from zhikun.documents import drawing
from zhikun.documents.drawing import WIDTH, Bar, Part, Sheet, text_width
from zhikun.documents.statistics import LEVELS, CausesTable, Distribution, Group, round_width
from zhikun.documents.values import number_text, percent_text
from zhikun.wording import _

BLUE = "#1f5fa8"
LEVEL_COLOURS = ("#bcd5ee", "#6ea3d8", "#0b3f8a")
CATEGORY_COLOURS = ("#0b3f8a", "#4b8bd0", "#5aa596", "#8a77b5", "#b5654f", "#7f9440", "#9db9d8", "#6d5a4a")
GREY = "#c5ccd6"
AMBER = "#e3b04b"  # what waits for a person: not known yet
_TOP_PLACES = 24


def causes_chart(table: CausesTable) -> str:
    """Households by cause: scored at the line and above, and a point below and above it, one bar inside the other."""
    if not table.rows:
        return ""
    line = table.line.level
    faces = zip((-1.0, 0.0, 1.0), LEVEL_COLOURS, (0.72, 0.5, 0.28), strict=True)
    tails = [(line + step, colour, thick) for step, colour, thick in faces if 0 < line + step <= LEVELS[-1]]
    lines = []
    for row in table.rows:
        counts = [row.at_least(level) for level, _colour, _thick in tails]
        pieces = tuple((0.0, float(n), c, t) for n, (_level, c, t) in zip(counts, tails, strict=True))
        lines.append(Bar(row.title, pieces, aligned=tuple(map(number_text, counts))))
    worst = max(table.rows, key=lambda r: r.at_least(line))
    text = _("共{households}户。{line}分及以上户数最多的是“{cause}”，{count}户。").format(
        households=number_text(table.households),
        line=number_text(line),
        cause=worst.title,
        count=number_text(worst.at_least(line)),
    )
    heads = [Part(_("≥{level}分").format(level=number_text(level)), c) for level, c, _thick in tails]
    return bar_chart(lines, [], _("各致困因子的户数"), text, 27, heads)


def place_chart(groups: Sequence[Group], categories: Sequence[Group]) -> str:
    """Households by township, in colours by category where the pack has categories; the largest two dozen."""
    shown = sorted(groups, key=lambda g: -g.households)[:_TOP_PLACES]
    if not shown:
        return ""
    parts = [c for c in categories if c.households] or [Group("", _("户数"))]
    colours = _colours(parts)
    lines = []
    for group in shown:
        pieces, at = [], 0
        for part, colour in zip(parts, colours, strict=True):
            count = group.categories.get(part.code, 0)
            pieces.append((float(at), float(at + count), colour, 0.66))
            at += count
        lines.append(Bar(group.title, tuple(pieces), number_text(at)))
    text = _("户数最多的是{place}，{count}户。").format(place=shown[0].title, count=number_text(shown[0].households))
    legend = [Part(p.title, c) for p, c in zip(parts, colours, strict=True)] if len(parts) > 1 else []
    return bar_chart(lines, legend, _("各乡镇（街道）的户数"), text, 25)


def category_chart(groups: Sequence[Group]) -> str:
    """Households by category, with their share."""
    if not groups:
        return ""
    whole = sum(g.households for g in groups)
    lines = []
    for group, colour in zip(groups, _colours(groups), strict=True):
        figures = f"{number_text(group.households)}（{percent_text(group.households, whole)}）"
        lines.append(Bar(group.title, ((0.0, float(group.households), colour, 0.62),), figures))
    text = "，".join(_("{title}{count}户").format(title=g.title, count=number_text(g.households)) for g in groups)
    return bar_chart(lines, [], _("各类别的户数"), text, 29)


def distribution_chart(data: Distribution) -> str:
    """Households by the size of one value, such as income per head."""
    if not data.bins:
        return ""
    counts = [b.households for b in data.bins]
    labels = [number_text(b.first) if b.below is not None else f"≥{number_text(b.first)}" for b in data.bins]
    sheet = Sheet()
    sheet.text(0, 13, _("户数"), size=drawing.SMALL, colour=drawing.MUTED)
    drawing.columns(sheet, counts, labels, max(1.0, round_width(max(counts) / 5)), BLUE)
    unit = f"{data.title}（{data.unit}）" if data.unit else data.title
    sheet.text(WIDTH / 2, sheet.height + 14, unit, size=drawing.SMALL, anchor="middle", colour=drawing.MUTED)
    sheet.height += 22
    text = _("中位数{median}{unit}。").format(median=number_text(data.median or 0), unit=data.unit)
    return sheet.svg(_("{title}的分布").format(title=data.title), text)


def bar_chart(
    lines: Sequence[Bar],
    legend: Sequence[Part],
    title: str,
    text: str,
    row_height: float,
    heads: Sequence[Part] = (),
) -> str:
    """Bars below each other with their legend, wide enough for the longest title; '' where there are none."""
    if not lines:
        return ""
    sheet = Sheet()
    left = min(max(text_width(b.title, drawing.SIZE) for b in lines) + 12, WIDTH * 0.42)
    if legend:
        drawing.legend(sheet, legend, left if len(legend) < 4 else 2.0)
    step = max(1.0, round_width(max(b.length for b in lines) / 5))
    drawing.bars(sheet, [_shortened(b, left - 12) for b in lines], step, left, row_height, heads)
    return sheet.svg(title, text)


def _shortened(bar: Bar, room: float) -> Bar:
    """A title too long for its place ends in an ellipsis; the table below the chart has it in full."""
    title = bar.title
    while text_width(title, drawing.SIZE) > room and len(title) > 2:
        title = title.removesuffix("…")[:-1] + "…"
    return replace(bar, title=title)


def _colours(parts: Sequence[Group]) -> list[str]:
    palette = iter(CATEGORY_COLOURS * (len(parts) // len(CATEGORY_COLOURS) + 1))
    quiet = {"": AMBER, "none": GREY} if len(parts) > 1 else {}
    return [quiet.get(part.code) or next(palette) for part in parts]
