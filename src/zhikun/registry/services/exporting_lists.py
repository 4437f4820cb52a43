"""What an export lists: the households of a search, or those of a list that a room above has made. Both become one `Told`."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.identity.pinyin import as_query
from zhikun.places.models import Area
from zhikun.registry.models import Household
from zhikun.registry.selectors.search import Hit, Wanted, find, scope
from zhikun.registry.services.exporting_sources import Listing, source

AT_ONCE = 2_000
#: A household with what the list's source knows of it; None: it has left the areas of the officer since.
Pair = tuple[Hit | None, Mapping[str, object]]


@dataclass(frozen=True)
class Told:
    """A list for one officer. `codes` are for the record, `lines` for people; `parts` gives the rows, and how many are expected.

    `expected`: how many rows, where that is known beforehand.
    """

    title: str
    place: int | None
    codes: Mapping[str, Any]
    lines: Sequence[tuple[str, str]]
    parts: Iterator[tuple[Sequence[Pair], int]]
    columns: Mapping[str, str] = field(default_factory=dict)
    expected: int | None = None


@dataclass(frozen=True)
class Filter:
    """What was searched for, as the search page has it."""

    place: int | None = None
    text: str = ""
    category: str = ""
    state: str = ""
    contradicted: bool = False

    def wanted(self, officer: Officer) -> Wanted:
        """The search within the officer's scope for exports."""
        area = Area.objects.filter(pk=self.place).first() if self.place else None
        return Wanted(
            ranges=[]
            if self.place and area is None
            else scope(officer, area.range if area else None, Right.HOUSEHOLD_EXPORT),
            query=as_query(self.text) if self.text else None,
            category=self.category,
            state=self.state,
            contradicted=self.contradicted,
        )

    def told(self, officer: Officer) -> Told:
        """The list for this officer as of now."""
        place = Area.objects.filter(pk=self.place).first() if self.place else None
        lines = [
            (_("地区"), place.name if place else _("全部管辖地区")),
            (_("按姓名或号码查找"), _("是") if self.text else _("否")),
        ]
        # The filter for the record: never what was typed.
        codes = {
            "place": self.place, "typed": bool(self.text), "category": self.category, "state": self.state,
            "contradicted": self.contradicted,
        }  # fmt: skip
        return Told(_("家庭名单"), self.place, codes, lines, self._parts(officer))

    def _parts(self, officer: Officer) -> Iterator[tuple[Sequence[Pair], int]]:
        """Page by page of the same search that the officer saw."""
        wanted, after = self.wanted(officer), None
        while True:
            found = find(officer, wanted, after, AT_ONCE)
            yield [(hit, {}) for hit in found.hits], found.count
            after = found.next
            if after is None:
                return


@dataclass(frozen=True)
class FromSource:
    """A list that a room above has made, by the codes that it was asked for with."""

    source: str
    what: Mapping[str, Any]

    def listing(self, officer: Officer) -> Listing:
        """The list for this officer as of now. Raises LookupError for a source that there is not."""
        found = source(self.source)
        if found is None:
            raise LookupError(self.source)
        return found.listing(self.what, officer)

    def told(self, officer: Officer) -> Told:
        """The same as an export writes it."""
        listing = self.listing(officer)
        codes = {**listing.codes, "place": listing.place}
        return Told(
            listing.title, listing.place, codes, listing.lines, _of(listing, officer), listing.columns, listing.count
        )


def _of(listing: Listing, officer: Officer) -> Iterator[tuple[Sequence[Pair], int]]:
    visible = Household.objects.visible_to(officer).visible_to(officer, Right.HOUSEHOLD_EXPORT)
    for rows in listing.rows(AT_ONCE):
        found: dict[uuid.UUID, Household] = {
            home.pk: home
            for home in visible.filter(pk__in=[row.household for row in rows]).select_related("area__parent", "head")
        }
        yield (
            [(Hit(found[row.household]) if row.household in found else None, row.values) for row in rows],
            listing.count,
        )
