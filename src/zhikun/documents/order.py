"""In which order households are listed: the hardest first."""

from __future__ import annotations

from zhikun.documents.inputs import Assessed


def hardest_first(assessed: Assessed) -> list[int]:
    """Positions of the households, hardest first; those without a rank last, by their index.

    The pack's ranking decides; where it ranks inside townships or villages, places stand one after the other.
    Without a ranking the hardship index decides, the highest first.
    """
    results = assessed.pack.results
    numbers = assessed.households
    index = assessed.column(results.index) if results.index else [None] * len(numbers)
    if results.rank:
        ranks = assessed.column(results.rank)
        within = assessed.pack.rankings[results.rank].within
        digits = {"township": 9, "village": 12}.get(within, 0)
        places = [str(p or "")[:digits] for p in assessed.column("place")] if digits else [""] * len(numbers)
        return sorted(
            range(len(numbers)),
            key=lambda i: (
                ranks[i] is None, places[i], _number(ranks[i]), index[i] is None, -_number(index[i]), numbers[i],
            ),
        )  # fmt: skip
    return sorted(range(len(numbers)), key=lambda i: (index[i] is None, -_number(index[i]), i))


def positions(assessed: Assessed, order: list[int]) -> list[str | int]:
    """The 位次 of the households in this order: the pack's rank, or the place by index, equal ones sharing it (1, 2, 2, 4).

    A household that cannot be placed says why. Empty for a pack with neither ranking nor index.
    """
    results = assessed.pack.results
    if results.rank:
        return [rank_text(assessed, at) for at in order]
    if not results.index:
        return []
    index, shown = assessed.column(results.index), assessed.shown(results.index)
    found: list[str | int] = []
    for place, at in enumerate(order):
        tied = place > 0 and index[at] == index[order[place - 1]]
        found.append(shown.text(None) if index[at] is None else found[-1] if tied else place + 1)
    return found


def rank_text(assessed: Assessed, at: int) -> str | int:
    """The rank, or why there is none: a key is unknown (待补充) or the pack does not rank this household (–)."""
    results = assessed.pack.results
    rank = assessed.column(results.rank)[at]
    if isinstance(rank, int):
        return rank
    keys = assessed.pack.rankings[results.rank].by
    unknown = any(assessed.has(k.value) and assessed.column(k.value)[at] is None for k in keys)
    return assessed.shown(results.rank).text(None) if unknown else "–"


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
