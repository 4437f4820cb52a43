"""A document as blocks: written once in words, drawn by HTML and by Typst alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

LEFT, RIGHT, CENTRE = "left", "right", "centre"


@dataclass(frozen=True, slots=True)
class Heading:
    """A numbered-by-hand section title; level 2 under the document's title, 3 below it."""

    text: str
    level: int = 2
    kind: str = "heading"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text; `quiet` is small print."""

    text: str
    quiet: bool = False
    kind: str = "paragraph"


@dataclass(frozen=True, slots=True)
class Bullets:
    """Short points, one below the other."""

    items: tuple[str, ...]
    kind: str = "bullets"


@dataclass(frozen=True, slots=True)
class Figure:
    """One headline figure."""

    label: str
    value: str
    unit: str = ""
    note: str = ""
    alert: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """Headline figures side by side."""

    figures: tuple[Figure, ...]
    kind: str = "figures"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: heading, alignment, share of the width in a PDF, whether it stays on one line."""

    title: str
    align: str = LEFT
    share: float = 1.0
    tight: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell with more to say than its text: depth of indentation, a mark (good, bad, wait, sample), small print."""

    text: str
    depth: int = 0
    mark: str = ""
    note: str = ""
    badge: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the last row stands apart when `total_row` is set. `caption` names it for readers and screen readers."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    total_row: bool = False
    dense: bool = False
    kind: str = "table"


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart as SVG, with the sentence that says what it shows."""

    svg: str
    title: str
    text: str = ""
    kind: str = "chart"


@dataclass(frozen=True, slots=True)
class Notice:
    """A box: tone `warn` (sample figures, generated people) or `info` (machine proposes, a person decides)."""

    title: str
    lines: tuple[str, ...] = ()
    tone: str = "info"
    kind: str = "notice"


@dataclass(frozen=True, slots=True)
class Signatures:
    """Places to sign, each with a date line."""

    names: tuple[str, ...]
    date_line: str = ""
    kind: str = "signatures"


Block = Heading | Paragraph | Bullets | Figures | Table | Chart | Notice | Signatures


@dataclass(frozen=True, slots=True)
class Document:
    """A whole document: its title, the facts under it, its blocks, and the line at the foot of each page."""

    title: str
    organisation: str
    subtitle: str
    blocks: tuple[Block, ...]
    foot: str
    page_of: str = ""
    meta: tuple[tuple[str, str], ...] = field(default=())

    def data(self) -> dict[str, object]:
        """The document as plain data, for a renderer outside Python."""
        return asdict(self)


def row(*cells: str | Cell) -> tuple[Cell, ...]:
    """A table row from texts and cells."""
    return tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in cells)


def columns(*specs: tuple[str, str, float]) -> tuple[Column, ...]:
    """Columns from (title, alignment, share)."""
    return tuple(Column(title, align, share, align in (RIGHT, CENTRE)) for title, align, share in specs)


def table_of(
    heads: Sequence[Column], rows: Sequence[tuple[Cell, ...]], caption: str = "", total: bool = False
) -> Table:
    """A table from lists."""
    return Table(tuple(heads), tuple(rows), caption, total)
