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
