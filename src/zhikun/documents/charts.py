"""Charts as SVG: text stays text, one calm palette, a title and description inside for screen readers.

The same SVG stands in HTML (inline) and in a PDF (Typst draws it as an image).
"""

from __future__ import annotations

import io
import logging
import math
import re
import zlib
from collections.abc import Callable, Sequence
from functools import cache
from xml.sax.saxutils import escape

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from zhikun.documents.fonts import SANS_FAMILIES, font_files
from zhikun.documents.statistics import CausesTable, Distribution, Group
from zhikun.documents.values import number_text, percent_text
from zhikun.wording import _

BLUE = "#1f5fa8"
LEVEL_COLOURS = ("#bcd5ee", "#6ea3d8", "#0b3f8a")
CATEGORY_COLOURS = ("#0b3f8a", "#4b8bd0", "#5aa596", "#8a77b5", "#b5654f", "#7f9440", "#9db9d8", "#6d5a4a")
GREY = "#c5ccd6"
AMBER = "#e3b04b"  # what waits for a person: not known yet
INK, MUTED, LINE = "#1c2430", "#5a6676", "#dde3ea"
WIDTH = 5.2  # inches, narrow on purpose: type stays readable when a phone shrinks the chart
_TOP_PLACES = 24
_LEGEND_ROOM = 30  # characters beside each other above a chart


def causes_chart(table: CausesTable) -> str:
    """Households by cause: scored 1 and above, 2 and above, 3 and above, one bar inside the other."""
    rows = list(table.rows)[::-1]
    if not rows:
        return ""
    tails = ((1.0, _("1分及以上")), (2.0, _("2分及以上")), (3.0, _("3分及以上")))

    def draw(axes: Axes) -> None:
        heights = (0.72, 0.5, 0.28)
        for (level, label), colour, height in zip(tails, LEVEL_COLOURS, heights, strict=True):
            axes.barh([r.title for r in rows], [r.at_least(level) for r in rows], height, color=colour, label=label)
        for index, row in enumerate(rows):
            text = " / ".join(number_text(row.at_least(level)) for level, _label in tails)
            _value(axes, row.at_least(1.0), index, text)
        _finish(axes, max(r.at_least(1.0) for r in rows), room=1.42)
        _legend(axes)

    worst = max(table.rows, key=lambda r: r.at_least(2.0))
    text = _("共{households}户。2分及以上户数最多的是“{cause}”，{count}户。").format(
        households=number_text(table.households), cause=worst.title, count=number_text(worst.at_least(2.0))
    )
    return _svg(draw, _("各致困因子的户数"), text, 0.34 * len(rows) + 1.0)


def place_chart(groups: Sequence[Group], categories: Sequence[Group]) -> str:
    """Households by township, in colours by category where the pack has categories; the largest two dozen."""
    shown = sorted(groups, key=lambda g: -g.households)[:_TOP_PLACES][::-1]
    if not shown:
        return ""
    parts = [c for c in categories if c.households] or [Group("", _("户数"))]

    def draw(axes: Axes) -> None:
        left = [0] * len(shown)
        titles = _distinct([g.title for g in shown])
        for part, colour in zip(parts, _colours(parts), strict=True):
            counts = [g.categories.get(part.code, 0) for g in shown]
            axes.barh(titles, counts, 0.66, left=left, color=colour, label=part.title)
            left = [a + b for a, b in zip(left, counts, strict=True)]
        for index, total in enumerate(left):
            _value(axes, total, index, number_text(total))
        _finish(axes, max(left), room=1.12)
        if len(parts) > 1:
            _legend(axes)

    largest = shown[-1]
    text = _("户数最多的是{place}，{count}户。").format(place=largest.title, count=number_text(largest.households))
    return _svg(draw, _("各乡镇（街道）的户数"), text, 0.3 * len(shown) + 1.1)


def category_chart(groups: Sequence[Group]) -> str:
    """Households by category, with their share."""
    shown = list(groups)[::-1]
    if not shown:
        return ""
    whole = sum(g.households for g in shown)

    def draw(axes: Axes) -> None:
        colours = list(_colours(list(groups)))[::-1]
        axes.barh(_distinct([g.title for g in shown]), [g.households for g in shown], 0.6, color=colours)
        for index, group in enumerate(shown):
            share = percent_text(group.households, whole)
            _value(axes, group.households, index, f"{number_text(group.households)}（{share}）")
        _finish(axes, max(g.households for g in shown), room=1.3)

    text = "，".join(_("{title}{count}户").format(title=g.title, count=number_text(g.households)) for g in groups)
    return _svg(draw, _("各类别的户数"), text + "。", 0.36 * len(shown) + 0.8)


def distribution_chart(data: Distribution) -> str:
    """Households by the size of one value, such as income per head."""
    if not data.bins:
        return ""
    labels = [number_text(b.first) if b.below is not None else f"≥{number_text(b.first)}" for b in data.bins]

    def draw(axes: Axes) -> None:
        places = range(len(data.bins))
        counts = [b.households for b in data.bins]
        axes.bar(places, counts, 0.92, align="edge", color=BLUE)
        axes.set_xticks(list(places), labels, fontsize=9)
        top = max(counts) * 1.12
        axes.set_ylim(0, top)
        for place, count in zip(places, counts, strict=True):
            if count:
                axes.text(place + 0.46, count + top * 0.012, number_text(count), ha="center", fontsize=9, color=INK)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.set_ylabel(_("户数"), color=MUTED)
        axes.set_xlabel(f"{data.title}（{data.unit}）" if data.unit else data.title, color=MUTED)
        axes.grid(axis="y", color=LINE, linewidth=0.8)

    text = _("中位数{median}{unit}。").format(median=number_text(data.median or 0), unit=data.unit)
    return _svg(draw, _("{title}的分布").format(title=data.title), text, 3.1)


@cache
def _families() -> tuple[str, ...]:
    """Register the product's own fonts; the families to try, best first."""
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    for file in font_files():
        font_manager.fontManager.addfont(file)
    known = set(font_manager.fontManager.get_font_names())
    present = [family for family in SANS_FAMILIES if family in known]
    # A reader's machine has other fonts than the one that draws: the whole list goes into the file.
    return tuple(dict.fromkeys([*present, *SANS_FAMILIES]))


def _svg(draw: Callable[[Axes], None], title: str, text: str, height: float) -> str:
    style = {
        "font.family": list(_families()),
        "font.size": 10.5,
        "svg.fonttype": "none",
        "svg.hashsalt": title,
        "axes.edgecolor": GREY,
        "xtick.color": MUTED,
        "ytick.color": INK,
        "axes.axisbelow": True,
        "axes.unicode_minus": False,
    }
    out = io.StringIO()
    with mpl.rc_context(style):
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        axes.tick_params(length=0)
        axes.spines[["top", "right", "left"]].set_visible(False)
        draw(axes)
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _accessible(out.getvalue(), title, text)


def _accessible(svg: str, title: str, text: str) -> str:
    """Only the <svg> element, with ids of its own, a title, a description and no fixed size."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    mark = f"c{zlib.crc32((title + text).encode()):x}"
    svg = re.sub(r'\bid="', f'id="{mark}-', svg)
    svg = re.sub(r'((?:xlink:)?href="#|url\(#)', rf"\g<1>{mark}-", svg)
    head, body = svg.split(">", 1)
    head = re.sub(r'\s(width|height)="[^"]*"', "", head)
    label = f' role="img" aria-labelledby="{mark}-title {mark}-text">'
    words = f'<title id="{mark}-title">{escape(title)}</title><desc id="{mark}-text">{escape(text)}</desc>'
    return head + label + words + body


def _colours(parts: Sequence[Group]) -> list[str]:
    palette = iter(CATEGORY_COLOURS * (len(parts) // len(CATEGORY_COLOURS) + 1))
    quiet = {"": AMBER, "none": GREY} if len(parts) > 1 else {}
    return [quiet.get(part.code) or next(palette) for part in parts]


def _distinct(titles: Sequence[str]) -> list[str]:
    """Titles as they are; two that are equal would share one bar, so later ones get an invisible difference."""
    seen: dict[str, int] = {}
    out = []
    for title in titles:
        seen[title] = seen.get(title, 0) + 1
        out.append(title + "\u200b" * (seen[title] - 1))
    return out


def _value(axes: Axes, x: float, index: int, text: str) -> None:
    axes.annotate(text, (x, index), xytext=(4, 0), textcoords="offset points", va="center", fontsize=9.5, color=INK)


def _finish(axes: Axes, top: float, room: float) -> None:
    axes.set_xlim(0, max(top, 1) * room)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.grid(axis="x", color=LINE, linewidth=0.8)


def _legend(axes: Axes) -> None:
    """Above the chart, read line by line (matplotlib fills column by column), as many a line as there is room for."""
    handles, labels = axes.get_legend_handles_labels()
    longest = max(len(label) for label in labels) + 3
    across = max(1, min(len(labels), 4, _LEGEND_ROOM // longest))
    lines = math.ceil(len(labels) / across)
    cells = [line * across + column for column in range(across) for line in range(lines)]
    order = [i for i in cells if i < len(labels)]
    axes.legend(
        [handles[i] for i in order], [labels[i] for i in order], loc="lower left", bbox_to_anchor=(0, 1.0),
        ncols=across, frameon=False, handlelength=1, handleheight=1, columnspacing=1.2, borderaxespad=0.2,
        fontsize=9.5,
    )  # fmt: skip
