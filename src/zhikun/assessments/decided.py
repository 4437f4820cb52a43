"""Which flags of a run people have decided on: what is left is still to be decided.

    decided(run)                    position in the run's lists -> codes of its flags that are decided
    positions(run, flag)            positions of those whose flag (ANY: each of whose flags) is decided

A flag of a run is decided by whoever decided on it since the run, and by an earlier decision that rests on the very facts that the
run used. What was said on other facts before the run does not stand: the page of the household asks again, too.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db.models import Count, Max

from zhikun.assessments.decisions import FlagDecision
from zhikun.assessments.models import Run
from zhikun.assessments.results import answer, facts_of, pack_of
from zhikun.assessments.services.deciding import fingerprint_of_rows, list_of, rests_on_facts
from zhikun.assessments.services.provisional import plan_on
from zhikun.assessments.wanted import ANY

_KEPT = 8
#: Codes of flags by position in the lists of a run.
Decided = Mapping[int, frozenset[str]]


def decided(run: Run) -> Decided:
    """The flags of a finished run that are decided, by position; of most households none. Counted anew after each decision."""
    so_far = decisions_so_far()
    return _decided(run, so_far, pack_of(run).hash) if so_far[0] else {}


def decisions_so_far() -> tuple[int, datetime | None]:
    """How many decisions there are, and when the last was made: while that is the same, so is what is decided."""
    told = FlagDecision.objects.filter(row="").aggregate(n=Count("pk"), last=Max("at"))
    return told["n"], told["last"]


def positions(run: Run, flag: str) -> Sequence[int]:
    """Of those whose flag is decided; ANY: of those of whose flags none is left to decide."""
    so_far = decisions_so_far()
    return _positions(run, so_far, pack_of(run).hash, flag) if so_far[0] else ()


@lru_cache(maxsize=_KEPT * 16)
def _positions(run: Run, so_far: tuple[int, datetime | None], pack: str, flag: str) -> Sequence[int]:
    found = _decided(run, so_far, pack)
    if flag != ANY:
        return sorted(position for position, codes in found.items() if flag in codes)
    every = _flagged(run)
    return sorted(position for position, codes in found.items() if every[position][1] <= codes)


@lru_cache(maxsize=_KEPT)
def _decided(run: Run, _so_far: tuple[int, datetime | None], _pack: str) -> Decided:
    latest: dict[tuple[uuid.UUID, str], tuple[datetime, str]] = {}
    rows = FlagDecision.objects.filter(row="").order_by("number")
    for household, flag, at, fingerprint in rows.values_list("household_id", "flag", "at", "fingerprint"):
        latest[household, flag] = at, fingerprint
    found: dict[int, set[str]] = {}
    earlier: dict[int, dict[str, str]] = {}
    for position, (household, codes) in _flagged(run).items():
        for code in codes:
            one = latest.get((household, code))
            if one is not None and run.listed_at is not None and one[0] < run.listed_at:
                earlier.setdefault(position, {})[code] = one[1]
            elif one is not None:
                found.setdefault(position, set()).add(code)
    for position, codes_ in _same_facts(run, earlier).items():
        found.setdefault(position, set()).update(codes_)
    return {position: frozenset(codes) for position, codes in found.items()}


def _same_facts(run: Run, earlier: Mapping[int, Mapping[str, str]]) -> dict[int, list[str]]:
    """Of decisions of before the run those that rest on the facts that it used."""
    if not earlier:
        return {}
    plan, facts = plan_on(run.on, pack_of(run).id), facts_of(run, list(earlier))
    codes = {code for told in earlier.values() for code in told}
    read = {code: rests_on_facts(plan, list_of(plan, code), code) for code in codes}
    return {
        position: [code for code, before in told.items() if fingerprint_of_rows(read[code], facts[position]) == before]
        for position, told in earlier.items()
    }


@lru_cache(maxsize=_KEPT)
def _flagged(run: Run) -> Mapping[int, tuple[uuid.UUID, frozenset[str]]]:
    """Who has flags at all, in all of a finished run: its file never changes."""
    rows: list[Any] = answer(
        run, [run.range], "SELECT _position, household, _flags FROM found WHERE len(_flags) > 0"
    ).fetchall()
    return {position: (uuid.UUID(household), frozenset(flags)) for position, household, flags in rows}
