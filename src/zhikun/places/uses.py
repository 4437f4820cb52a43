"""What stands in an area: how many households, offices and rounds, and how they follow when its code becomes another.

Relations are counted by themselves. A room that keeps codes in plain columns tells how to count them, a room whose rows must
follow a code tells how, each once, when it starts: this room knows none of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db.models import Count, ManyToOneRel, Model, Q

from zhikun.places.models import Area, AreaChange

Counting = Callable[[list[int]], Mapping[int, int]]
_COUNTING: list[Counting] = []
_PAST: dict[type[Model], Callable[[], Q]] = {}
_CHUNK = 500


@dataclass(frozen=True)
class Succession:
    """A code that is no longer, and the area in force that took it over.

    `merged`: it became a part of something larger. `on` and `source` are those of the change that ended the code.
    """

    old: int
    new: Area
    on: date
    source: str
    merged: bool


#: What carries the rows of a room over, in the caller's transaction, and answers how many; the officer may be None (a command).
Following = Callable[[Succession, Any], int]
_FOLLOWING: list[Following] = []
_STAYING: set[type[Model]] = set()


def register(counting: Counting) -> None:
    """Add a function that says for codes how many rows stand there."""
    if counting not in _COUNTING:
        _COUNTING.append(counting)


def register_past(model: type[Model], condition: Callable[[], Q]) -> None:
    """Rows of history keep the code of their day: those of this model on the condition are not counted."""
    _PAST[model] = condition


def register_following(following: Following, *, unless_merged: Iterable[type[Model]] = ()) -> None:
    """Add a function by which the rows of a room follow a code that became another.

    `unless_merged`: rows that it leaves where they are when the code became a part of something larger.
    """
    if following not in _FOLLOWING:
        _FOLLOWING.append(following)
    _STAYING.update(unless_merged)


def follow(succession: Succession, by: object) -> int:
    """Every room's rows go over to the area that took the code over. How many; the caller has the transaction and the right."""
    told = weighed(succession)
    return sum(one(told, by) for one in _FOLLOWING)


def weighed(succession: Succession) -> Succession:
    """The same, merged too where somebody stands at the new code already: it is more than the old one was."""
    return succession if succession.merged or not uses([succession.new.pk]) else replace(succession, merged=True)


def uses(codes: Iterable[int], *, merged: bool = False) -> dict[int, int]:
    """How many rows of other rooms stand at each of the codes themselves; codes that nobody uses are left out.

    `merged`: only those that would follow if the codes became parts of something larger.
    """
    wanted = sorted(set(codes))
    found: Counter[int] = Counter()
    for start in range(0, len(wanted), _CHUNK):
        part = wanted[start : start + _CHUNK]
        found.update(_by_relations(part, _STAYING if merged else set()))
        for counting in _COUNTING:
            found.update(counting(part))
    return {code: count for code, count in found.items() if count}


def _by_relations(codes: list[int], but: Collection[type[Model]]) -> Mapping[int, int]:
    found: Counter[int] = Counter()
    for relation in Area._meta.get_fields(include_hidden=True):  # noqa: SLF001 - the documented way to ask for relations
        if not isinstance(relation, ManyToOneRel) or relation.related_model in {Area, AreaChange, *but}:
            continue
        column = relation.field.attname
        every = relation.related_model._base_manager  # noqa: SLF001 - every row counts, also those a manager would hide
        rows = every.filter(**{f"{column}__in": codes}).order_by()
        if past := _PAST.get(relation.related_model):
            rows = rows.exclude(past())
        found.update(dict(rows.values_list(column).annotate(count=Count("pk"))))
    return found
