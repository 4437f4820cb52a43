"""The side menu. Apps register their entries when they start; the officer's permissions decide what is shown.

    menu.register(menu.Entry(_("家庭档案"), "registry:search", icon="home", permission="registry.view", group=_("信息录入")))

This room knows no app and no rule of permission: whoever is signed in answers `may(permission)` for themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Protocol

from django.http import HttpRequest
from django.urls import reverse

from zhikun.pages.formats import Text


class Officer(Protocol):
    """What the menu asks of whoever is signed in."""

    def may(self, permission: str) -> bool:
        """Whether they hold the permission anywhere."""


@dataclass(frozen=True)
class Entry:
    """One line of the menu.

    `permission` is asked of the officer; an empty one means everybody who is signed in. `order` sorts entries, and a
    group stands where its first entry stands. `within` names further views (`registry:household`) or whole apps
    (`registry:`) on whose pages the line is marked as the current one.
    """

    title: Text
    view: str
    icon: str
    permission: str = ""
    group: Text = ""
    order: int = 100
    within: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """An entry as one officer sees it on one page."""

    title: Text
    url: str
    icon: str
    current: bool


@dataclass(frozen=True)
class Group:
    """Entries under one heading; the first group may have none."""

    title: Text
    lines: list[Line] = field(default_factory=list)


_entries: dict[str, Entry] = {}


def register(*entries: Entry) -> None:
    """Add entries to the menu. One entry for a view: registering a view again replaces its line."""
    for entry in entries:
        _entries[entry.view] = entry


def menu_for(request: HttpRequest) -> list[Group]:
    """What this officer may open, in groups. Nobody who is not signed in has a menu."""
    officer = getattr(request, "user", None)
    if officer is None or not officer.is_authenticated:
        return []
    allowed = [entry for entry in _ordered(_entries.values()) if not entry.permission or officer.may(entry.permission)]
    nearest = _current(request, allowed)
    return [
        Group(title, [Line(str(e.title), reverse(e.view), e.icon, e is nearest) for e in entries])
        for title, entries in groupby(allowed, key=lambda entry: str(entry.group))
    ]


def _ordered(entries: Iterable[Entry]) -> list[Entry]:
    listed = sorted(entries, key=lambda entry: entry.order)
    first: dict[str, int] = {}
    for entry in listed:
        first.setdefault(str(entry.group), entry.order)
    return sorted(listed, key=lambda entry: (bool(entry.group), first[str(entry.group)], str(entry.group), entry.order))


def _current(request: HttpRequest, entries: list[Entry]) -> Entry | None:
    match = request.resolver_match
    here = match.view_name if match is not None else ""
    for entry in entries:
        if entry.view == here:
            return entry
    fitting = [(len(name), entry) for entry in entries for name in entry.within if here.startswith(name)]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None
