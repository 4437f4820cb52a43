"""The side menu. Apps register their entries when they start; the officer's permissions decide what is shown.

    menu.register(menu.Entry(_("家庭档案"), "registry:search", icon="home", permission="registry.view", group=_("信息录入")))

This room knows no app and no rule of permission: whoever is signed in answers `may(permission)` for themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Protocol

from django.http import HttpRequest
from django.urls import get_script_prefix, get_urlconf, reverse
from django.utils.translation import get_language

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
    allowed = [one for one in _standing() if not one.entry.permission or officer.may(one.entry.permission)]
    nearest = _current(request, [one.entry for one in allowed])
    return [
        Group(title, [Line(one.title, one.url, one.entry.icon, one.entry is nearest) for one in some])
        for title, some in groupby(allowed, key=lambda one: one.group)
    ]


@dataclass(frozen=True)
class _Standing:
    """An entry in its words and with its address, the same for everybody."""

    entry: Entry
    group: str
    title: str
    url: str


#: The whole menu in order, by what it depends on: the entries, the language, where the platform lies below its host.
_drawn: dict[tuple[Any, ...], list[_Standing]] = {}


def _standing() -> list[_Standing]:
    # The entries themselves are kept with the list: no other object can have their ids meanwhile.
    key = (tuple(map(id, _entries.values())), get_language(), get_script_prefix(), get_urlconf())
    if key not in _drawn:
        _drawn[key] = [
            _Standing(one, str(one.group), str(one.title), reverse(one.view)) for one in _ordered(_entries.values())
        ]
    return _drawn[key]


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
