"""In which order households are listed: the hardest first."""

from __future__ import annotations

import re
from collections import Counter

from zhikun.documents.inputs import Assessed
from zhikun.documents.values import number_text
from zhikun.wording import _

# Why a household has no rank.
OUTSIDE, NO_PLACE, TOO_COARSE, NOT_KNOWN, NOT_RANKED = "outside", "no place", "too coarse", "not known", "not ranked"
_PLACE_DIGITS = {"county": 6, "township": 9, "village": 12}


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
    """The rank, or why there is none: something is unknown (待补充) or the pack does not rank this household (–)."""
    rank = assessed.column(assessed.pack.results.rank)[at]
    if isinstance(rank, int):
        return rank
    asked = why_unranked(assessed, at) in (NO_PLACE, NOT_KNOWN)
    return assessed.shown(assessed.pack.results.rank).text(None) if asked else "–"


def why_unranked(assessed: Assessed, at: int) -> str:
    """Why a household has no rank: its place, a key that is unknown, or the pack ranks only others."""
    ranking = assessed.pack.rankings[assessed.pack.results.rank]
    if ranking.within in _PLACE_DIGITS and assessed.has("place"):
        place = str(assessed.column("place")[at] or "").ljust(12, "0")
        if not place.strip("0"):
            return NO_PLACE
        if not place.startswith(re.sub(r"(00){1,2}$", "", assessed.pack.place or "")):
            return OUTSIDE
        digits = _PLACE_DIGITS[ranking.within]
        if digits > 6 and place[digits - 3 : digits] == "000":
            return TOO_COARSE
    return NOT_KNOWN if _unknown_keys(assessed, at) else NOT_RANKED


def unranked_text(assessed: Assessed) -> str:
    """A sentence on the households without a rank: how many for which reason. Empty where every household has one."""
    results = assessed.pack.results
    if not results.rank:
        return ""
    places = [at for at, rank in enumerate(assessed.column(results.rank)) if rank is None]
    if not places:
        return ""
    reasons = Counter(why_unranked(assessed, at) for at in places)
    keys = dict.fromkeys(name for at in places for name in _unknown_keys(assessed, at))
    titles = "、".join(assessed.shown(name).title for name in keys)
    county = assessed.pack.place or ""
    words = {
        OUTSIDE: _("{count}户的所在地不在本次排序的地区（{place}）以内"),
        NO_PLACE: _("{count}户没有填写所在地"),
        TOO_COARSE: _("{count}户的所在地没有填到乡镇或村"),
        NOT_KNOWN: _("{count}户的{keys}待补充"),
        NOT_RANKED: _("{count}户不在本方案排序的范围以内"),
    }
    found = [
        text.format(count=number_text(reasons[why]), place=assessed.place_names.get(county, county), keys=titles)
        for why, text in words.items()
        if reasons[why]
    ]
    return _("有{count}户没有位次：{reasons}。").format(count=number_text(len(places)), reasons="，".join(found))


def _unknown_keys(assessed: Assessed, at: int) -> list[str]:
    keys = assessed.pack.rankings[assessed.pack.results.rank].by
    return [k.value for k in keys if assessed.has(k.value) and assessed.column(k.value)[at] is None]


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
