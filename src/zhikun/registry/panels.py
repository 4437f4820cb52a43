"""What rooms above the registry show on a household's page: they register a panel, the registry never imports them.

    panels.register(Panel("assessments.result", _("困难评估"), "assessments/panel.html", context_of))

`context_of(household, officer)` answers with the template's context, or None where there is nothing to show to this officer.

    panels.register_events("monitoring", events_of)

`events_of(household, officer)` answers with what the room adds to the household's timeline: (moment, Event), in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.utils.functional import Promise

from zhikun.accounts.models import Officer
from zhikun.pages.parts import Event
from zhikun.registry.models import Household

Context = Callable[[Household, Officer], dict[str, Any] | None]
Happened = Callable[[Household, Officer], Iterable[tuple[datetime, Event]]]


@dataclass(frozen=True)
class Panel:
    """One part of the household's page. `order`: lower stands higher. `among_documents`: under 照片和材料, not below the members."""

    name: str
    title: str | Promise
    template: str
    context: Context
    order: int = 100
    among_documents: bool = False


@dataclass(frozen=True)
class Shown:
    """A panel with what it shows of one household."""

    panel: Panel
    context: dict[str, Any]


_panels: dict[str, Panel] = {}
_Told = TypeVar("_Told")
_events: dict[str, Happened] = {}


def register(panel: Panel) -> None:
    """Add a panel; one of the same name takes its place."""
    _panels[panel.name] = panel


def panels_for(household: Household, officer: Officer) -> list[Shown]:
    """The panels that have something to show, in order."""
    shown = []
    for panel in sorted(_panels.values(), key=lambda one: one.order):
        context = panel.context(household, officer)
        if context is not None:
            shown.append(Shown(panel, context))
    return shown


def register_events(name: str, happened: Happened) -> None:
    """Add what a room knows to the timeline; one of the same name takes its place."""
    _events[name] = happened


def events_for(household: Household, officer: Officer) -> list[tuple[datetime, Event]]:
    """What the rooms above add to the timeline of this household, for this officer."""
    return [one for happened in _events.values() for one in happened(household, officer)]


def shared(household: Household) -> Household:
    """From now on the parts of this household's page share what they ask (`once`): for an object that lives for one page."""
    household.__dict__.setdefault("_told_once", {})
    return household


def is_shared(household: Household) -> bool:
    """Whether the object belongs to one page, so that nothing in it grows old."""
    return "_told_once" in household.__dict__


def once(household: Household, name: str, ask: Callable[[], _Told]) -> _Told:
    """What several parts of one household's page want to know: asked once, kept with the object of that page, gone with it."""
    if not is_shared(household):
        return ask()
    told: dict[str, Any] = household.__dict__["_told_once"]
    if name not in told:
        told[name] = ask()
    found: _Told = told[name]
    return found
