"""What comes in, in blocks of texts: every reader, of a file, a table or an address, gives these."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhikun.tables import Kind

#: So many rows are looked at together: enough that columns pay, few enough that memory stays small.
BLOCK_ROWS = 1 << 17


@dataclass(frozen=True, slots=True)
class Special:
    """A spreadsheet cell that has no value: an error, a formula without result, one under a merged range."""

    at: int  # the row's position in its block
    column: int
    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows. `rows`: their numbers in the file; `columns`: texts without nulls, in the order of the header."""

    rows: NDArray[np.int32]
    columns: tuple[pa.Array, ...]
    special: tuple[Special, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class Unsplit:
    """A line that has more or fewer cells than the header: as it stands, and what it was split into."""

    row: int
    cells: tuple[str, ...]


class Coming(Protocol):
    """Something that delivers a list once, in order."""

    @property
    def file(self) -> str:
        """What the receipt calls it."""

    @property
    def header(self) -> tuple[str, ...]:
        """The headings."""

    @property
    def known_hash(self) -> str | None:
        """SHA-256 of the content where it is known before the blocks are read."""

    def blocks(self) -> Iterator[Block]:
        """The rows."""

    def finish(self) -> Ended:
        """What can be said only after the last block."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The hash of what was read, the lines that could not be split, and whether the end of the file is missing."""

    sha256: str
    unsplit: tuple[Unsplit, ...] = ()
    cut_off: bool = False
    notes: tuple[str, ...] = field(default=())
