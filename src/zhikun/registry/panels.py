"""What rooms above the registry show on a household's page: they register a panel, the registry never imports them.

    panels.register(Panel("assessments.result", _("困难评估"), "assessments/panel.html", context_of))

`context_of(household, officer)` answers with the template's context, or None where there is nothing to show to this officer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise

from zhikun.accounts.models import Officer
from zhikun.pages.parts import Event
from zhikun.registry.models import Household

Context = Callable[[Household, Officer], dict[str, Any] | None]


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


History = Callable[[Household], Iterable[tuple[datetime, Event]]]

_panels: dict[str, Panel] = {}
_histories: dict[str, History] = {}


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


def register_history(name: str, history: History) -> None:
    """Add what a room above knows of a household's past to its timeline; one of the same name takes its place."""
    _histories[name] = history


def history_of(household: Household) -> list[tuple[datetime, Event]]:
    """What the rooms above tell of the household's past, in no order."""
    return [one for history in _histories.values() for one in history(household)]
