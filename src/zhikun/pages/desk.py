"""The first page after sign-in: what waits for this officer. Apps register cards; each number opens the list it counts.

    desk.register(desk.Card("registry.households", of_households, order=10))

A card answers with a figure, or None where it is nothing of this officer's business. Nothing is counted without end: a card
reads no more rows than the list behind it counts ("10,000 户以上").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from zhikun.pages.parts import Figure

#: Beyond this nobody counts.
MOST = 10_000


@dataclass(frozen=True)
class Card:
    """One number of the first page. `figure` is given the officer who signed in."""

    name: str
    figure: Callable[[Any], Figure | None]
    order: int = 100


_CARDS: dict[str, Card] = {}


def register(card: Card) -> None:
    """Add a card, or put it in the place of the one of the same name."""
    _CARDS[card.name] = card


def figures_for(officer: Any) -> list[Figure]:
    """The figures of an officer's first page, in their order."""
    cards = sorted(_CARDS.values(), key=lambda card: (card.order, card.name))
    return [figure for figure in (card.figure(officer) for card in cards) if figure is not None]
