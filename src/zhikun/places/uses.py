"""What stands in an area: how many households, offices and appointments would be left behind if its code ended.

Relations are found by themselves. A room that keeps codes in plain columns tells how to count them, once, when it starts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from django.db.models import Count, ManyToOneRel

from zhikun.places.models import Area, AreaChange

Counting = Callable[[list[int]], Mapping[int, int]]
_COUNTING: list[Counting] = []
_CHUNK = 500


def register(counting: Counting) -> None:
    """Add a function that says for codes how many rows stand there."""
    if counting not in _COUNTING:
        _COUNTING.append(counting)


def uses(codes: Iterable[int]) -> dict[int, int]:
    """How many rows of other rooms stand at each of the codes themselves; codes that nobody uses are left out."""
    wanted = sorted(set(codes))
    found: Counter[int] = Counter()
    for start in range(0, len(wanted), _CHUNK):
        part = wanted[start : start + _CHUNK]
        for counting in (_by_relations, *_COUNTING):
            found.update(counting(part))
    return {code: count for code, count in found.items() if count}


def _by_relations(codes: list[int]) -> Mapping[int, int]:
    found: Counter[int] = Counter()
    for relation in Area._meta.get_fields(include_hidden=True):  # noqa: SLF001 - the documented way to ask for relations
        if not isinstance(relation, ManyToOneRel) or relation.related_model in {Area, AreaChange}:
            continue
        column = relation.field.attname
        every = relation.related_model._base_manager  # noqa: SLF001 - every row counts, also those a manager would hide
        rows = every.filter(**{f"{column}__in": codes}).order_by()
        found.update(dict(rows.values_list(column).annotate(count=Count("pk"))))
    return found
