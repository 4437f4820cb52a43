"""Lists that rooms above the registry have made, as an export takes them: they register a source, the registry never imports them.

    exporting_sources.register("run", source)

A source reads the query of an address into plain JSON codes (`asked`), which are kept with the export; when the file is written,
or shown beforehand, it makes the list of them (`listing`). How households are shown, masked, recorded and written is the
registry's own, the same for every list.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.http import QueryDict

from zhikun.accounts.models import Officer


@dataclass(frozen=True)
class Row:
    """One household of a list, and what its source knows of it, by column."""

    household: uuid.UUID
    values: Mapping[str, object]


@dataclass(frozen=True)
class Listing:
    """A list for one officer, cut to where they may export.

    `seen`: how many the page that led here counts, `count`: how many rows the file has. A household that has left the officer's
    areas since stays a row, without particulars. `lines`: what was asked, in words; `codes`: the same for the record.
    `columns`: its own, by name, with their titles; `rows(size)` gives it in parts.
    """

    title: str
    url: str
    seen: int
    count: int
    columns: Mapping[str, str]
    rows: Callable[[int], Iterator[Sequence[Row]]]
    usual: Sequence[str] = ()
    lines: Sequence[tuple[str, str]] = ()
    codes: Mapping[str, Any] = field(default_factory=dict)
    place: int | None = None


class Source(Protocol):
    """What makes lists out of what was asked."""

    def asked(self, query: QueryDict, officer: Officer) -> dict[str, Any]:
        """The codes that an address asks for. Raises Http404 for what is not there for this officer."""

    def listing(self, what: Mapping[str, Any], officer: Officer) -> Listing:
        """The list of these codes as of now. Raises NotAllowedHere where the officer may not see it (any more)."""

    def title(self, column: str) -> str | None:
        """What a column of this source is called; None: it is none of this source's."""


@dataclass(frozen=True)
class FromSource:
    """What an export was asked for: the list of a source."""

    source: str
    what: Mapping[str, Any]

    def listing(self, officer: Officer) -> Listing:
        """The list for this officer as of now."""
        return _sources[self.source].listing(self.what, officer)


_sources: dict[str, Source] = {}


def register(name: str, source: Source) -> None:
    """Add a source; one of the same name takes its place."""
    _sources[name] = source


def source(name: str) -> Source | None:
    """The source of this name, if there is one."""
    return _sources.get(name)


def title_of(column: str) -> str | None:
    """What a column of any source is called."""
    return next((told for one in _sources.values() if (told := one.title(column)) is not None), None)
