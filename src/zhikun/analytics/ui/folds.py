"""A form folded away below the figures of a page: rows to tick, each with what belongs to it (analytics/_own_form.html)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zhikun.pages.formats import Text


@dataclass(frozen=True)
class Cell:
    """What belongs to a row: a field to write in, a box to tick (`ticked` not None), or only words where it has no `name`."""

    name: str = ""
    value: str = ""
    ticked: bool | None = None
    words: Text = "—"
    decimal: bool = False


@dataclass(frozen=True)
class Row:
    """One thing that may be ticked."""

    value: str
    title: str
    ticked: bool
    cells: Sequence[tuple[Text, Cell]]  # each with its label


@dataclass(frozen=True)
class Fold:
    """The form. `name`: of the boxes; `instead`: what is wrong and what to do, where there is nothing to choose from.

    `hidden`: what the address keeps.
    """

    summary: Text
    name: str
    heads: Sequence[Text]
    rows: Sequence[Row]
    button: Text
    is_open: bool = False
    post: bool = False
    wrong: str = ""
    about: str = ""
    instead: tuple[Text, Text] | None = None
    hidden: Sequence[tuple[str, str]] = ()
