"""What this room cannot know, told by the rooms above it when they start: names of areas, numbers of households.

The record lies below the rooms whose acts it keeps; it stores their codes and asks here how a person says them.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Found:
    """An area that somebody meant, with the codes of it and of everything below."""

    name: str
    first: int
    last: int


AreaNames = Callable[[Iterable[int]], Mapping[int, str]]


@dataclass
class _Plugged:
    area_names: AreaNames = lambda codes: {code: str(code) for code in codes}
    find_areas: Callable[[str], list[Found]] = lambda _text: []
    span: Callable[[int], tuple[int, int]] = lambda code: (code, code)
    find_household: Callable[[str], uuid.UUID | None] = lambda _number: None
    former: Callable[[Sequence[tuple[int, int]]], Iterable[int]] = lambda _reach: ()


_plugged = _Plugged()


def plug(
    *,
    area_names: AreaNames | None = None,
    find_areas: Callable[[str], list[Found]] | None = None,
    span: Callable[[int], tuple[int, int]] | None = None,
    find_household: Callable[[str], uuid.UUID | None] | None = None,
    former: Callable[[Sequence[tuple[int, int]]], Iterable[int]] | None = None,
) -> None:
    """Called once by `places` and once by `registry`, from `ready`.

    `find_household` answers a household number with its id, whoever asks: entries are scoped afterwards.
    """
    _plugged.area_names = area_names or _plugged.area_names
    _plugged.find_areas = find_areas or _plugged.find_areas
    _plugged.span = span or _plugged.span
    _plugged.find_household = find_household or _plugged.find_household
    _plugged.former = former or _plugged.former


def former(reach: Sequence[tuple[int, int]]) -> Collection[int]:
    """The codes that became areas in these ranges and are no longer: entries keep the code of their day."""
    return set(_plugged.former(reach))


def area_names(codes: Iterable[int]) -> Mapping[int, str]:
    """What areas are called, by code; in one query for many."""
    wanted = set(codes)
    return _plugged.area_names(wanted) if wanted else {}


def find_areas(text: str) -> list[Found]:
    """The areas that a name or a code may mean."""
    return _plugged.find_areas(text)


def span(code: int) -> tuple[int, int]:
    """The first and the last code of an area."""
    return _plugged.span(code)


def find_household(number: str) -> uuid.UUID | None:
    """The household with this number, or that was entered as its id."""
    try:
        return uuid.UUID(number)
    except ValueError:
        return _plugged.find_household(number)
