"""Parts of the household's page that belong to rooms above: they register here, the registry never imports them.

panels.register(Panel("assessments", _("困难状况"), "assessments/panel.html", context, order=10))
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from zhikun.accounts.models import Officer
from zhikun.registry.models import Household

Context = Callable[[Household, Officer], dict[str, Any] | None]


@dataclass(frozen=True)
class Panel:
    """One part of the page: heading, template, and what the template is given. None: nothing to show to this officer."""

    name: str
    title: str
    template: str
    context: Context
    order: int = 100


@dataclass(frozen=True)
class Shown:
    """A panel as it stands on one page."""

    title: str
    template: str
    given: dict[str, Any]


_PANELS: dict[str, Panel] = {}


def register(panel: Panel) -> None:
    """Add a panel, or put it in the place of the one of the same name."""
    _PANELS[panel.name] = panel


def panels_for(household: Household, officer: Officer) -> list[Shown]:
    """The panels of a household's page, in their order."""
    found = []
    for panel in sorted(_PANELS.values(), key=lambda one: (one.order, one.name)):
        given = panel.context(household, officer)
        if given is not None:
            found.append(Shown(panel.title, panel.template, given))
    return found
