"""The households behind the numbers of a proxy means test: counted and listed out of the one file that is kept with the fit.

    counts(fit)[Chosen("leaked", 100)]              how many households each list has, all in one look
    listed(fit, ranges, chosen, officer, after)     a page of it, in the order of lists
    choices(fit, pack), words(chosen, fit, pack)    what there is to choose from, and what a list is called

Who is poor and who is reached is asked as `measures.targeting` asks it: below, and exactly at a line is not below it.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.analytics.errors import UnknownHere
from zhikun.analytics.fits import Fit
from zhikun.analytics.fitting import Question, households_file, kept
from zhikun.analytics.trials import Listed, page_of
from zhikun.assessments.results import households_at, within_areas
from zhikun.assessments.selectors import cut
from zhikun.assessments.wanted import written
from zhikun.documents.values import shown_of
from zhikun.engine.packs.model import Pack
from zhikun.measures.targeting import SHARES, cutoff_at
from zhikun.places.models import Area, AreaRange
from zhikun.registry.selectors.search import scope

#: The cut-off that is the line itself, in per cent of it.
AT_LINE = 100
#: Lists that a cut-off makes.
BY_CUTOFF = ("reached", "missed", "leaked")
_PLAIN = ("all", "fitted", "left", "poor", "poor-told", "untold", "untold-poor")
_REASON = "left-"
_ACTUAL = "actual IS NOT NULL AND weight IS NOT NULL"
_BOTH = f"{_ACTUAL} AND told IS NOT NULL"


@dataclass(frozen=True)
class Chosen:
    """Which households of a fit are listed. `at`: the cut-off in per cent of the line, for the lists that one makes."""

    which: str
    at: int = AT_LINE

    def condition(self, line: float) -> str:
        """As DuckDB reads it; `line`: who is actually below it is poor. The words have been checked."""
        if self.which.startswith(_REASON):
            return f'"left_{int(self.which.removeprefix(_REASON))}"'
        poor, reached = f"actual < {_number(line)}", f"told < {_number(cutoff_at(line, self.at))}"
        told = {
            "all": "true", "fitted": "fitted", "left": "NOT fitted",
            "poor": f"{_ACTUAL} AND {poor}", "poor-told": f"{_BOTH} AND {poor}",
            "untold": f"{_ACTUAL} AND told IS NULL", "untold-poor": f"{_ACTUAL} AND told IS NULL AND {poor}",
            "reached": f"{_BOTH} AND {reached}", "missed": f"{_BOTH} AND {poor} AND NOT {reached}",
            "leaked": f"{_BOTH} AND {reached} AND NOT {poor}",
        }  # fmt: skip
        return told[self.which]

    @property
    def query(self) -> list[tuple[str, str]]:
        """As it stands in an address."""
        return [("which", self.which), *([("at", str(self.at))] if self.which in BY_CUTOFF else [])]


def read(which: str, at: str, fit: Fit) -> Chosen:
    """A list as an address asks for it. Raises UnknownHere: a list that is not there, or a cut-off that the page does not have."""
    if which not in kinds(fit):
        raise UnknownHere(which)
    if at not in {"", *map(str, SHARES)}:
        raise UnknownHere(at)
    return Chosen(which, int(at) if at and which in BY_CUTOFF else AT_LINE)


def kinds(fit: Fit) -> list[str]:
    """The lists that there are, in the order of the page."""
    return [*_PLAIN[:3], *(f"{_REASON}{n}" for n in range(len(reasons(fit)))), *_PLAIN[3:], *BY_CUTOFF]


def reasons(fit: Fit) -> list[str]:
    """Why households were left out of it."""
    return [reason for reason, _n in kept(fit.pk)["left_out"]]


def counts(fit: Fit) -> Mapping[Chosen, int]:
    """How many households each of its lists has. Of a fit that kept its households (fitting.has_lists)."""
    return _counts(fit.pk, fit.range, _line(fit), tuple(kinds(fit)))


@lru_cache(maxsize=256)
def _counts(fit: uuid.UUID, area: AreaRange, line: float, which: tuple[str, ...]) -> Mapping[Chosen, int]:
    """Counted once: a finished fit never changes."""
    every = [Chosen(one, at) for one in which for at in (SHARES if one in BY_CUTOFF else (AT_LINE,))]
    told = ", ".join(f"count(*) FILTER (WHERE {one.condition(line)})" for one in every)
    (row,) = within_areas(households_file(fit), [area]).aggregate(told).fetchall()
    return dict(zip(every, row, strict=True))


def reach(officer: Officer, fit: Fit, place: Area | None = None) -> list[AreaRange]:
    """The areas of a fit that the officer may see now, cut to a place."""
    return cut(scope(officer, place.range if place else None, Right.POLICY_TRY), [fit.range])


def count_of(fit: Fit, ranges: Sequence[AreaRange], chosen: Chosen) -> int:
    """How many households a list has in some areas."""
    rows = within_areas(households_file(fit.pk), ranges).filter(chosen.condition(_line(fit)))
    found: int = rows.aggregate("count(*)").fetchall()[0][0]
    return found


def listed(fit: Fit, ranges: Sequence[AreaRange], chosen: Chosen, officer: Officer, after: int = -1) -> Listed:
    """One page of the households behind a number, in the order of lists."""
    return page_of(lambda size: part_of(fit, ranges, chosen, after, size), officer, count_of(fit, ranges, chosen))


def part_of(
    fit: Fit, ranges: Sequence[AreaRange], chosen: Chosen, after: int, size: int
) -> list[tuple[uuid.UUID, Mapping[str, Any]]]:
    """So many households of a list after a position, each with what it has, what it was told, and why it was left out."""
    rows = within_areas(households_file(fit.pk), ranges).filter(chosen.condition(_line(fit)))
    page = rows.filter(f"_position > {int(after)}").order("_position").limit(size).to_arrow_table().to_pylist()
    who = households_at(fit.run, ranges, [row["_position"] for row in page])
    why = reasons(fit)
    return [
        (
            who[row["_position"]],
            {
                "position": row["_position"], **{name: row[name] for name in ("actual", "told", "weight", "fitted")},
                "reasons": [reason for n, reason in enumerate(why) if row[f"left_{n}"]],
            },
        )
        for row in page
    ]  # fmt: skip


def choices(fit: Fit) -> list[tuple[str, str]]:
    """The lists with what they are called."""
    return [(which, _kind_words(which, fit)) for which in kinds(fit)]


def cutoffs(fit: Fit, pack: Pack) -> list[tuple[str, str]]:
    """The cut-offs with what they are called."""
    return [(str(at), _("{l}（困难线的 {n}%）").format(l=_cutoff_words(at, fit, pack), n=at)) for at in SHARES]


def words(chosen: Chosen, fit: Fit, pack: Pack) -> str:
    """What a list is called."""
    kind = _kind_words(chosen.which, fit)
    if chosen.which not in BY_CUTOFF:
        return kind
    return _("{k}，列入线 {l}").format(k=kind, l=_cutoff_words(chosen.at, fit, pack))


def _kind_words(which: str, fit: Fit) -> str:
    if which.startswith(_REASON):
        return _("没有参加：{r}").format(r=reasons(fit)[int(which.removeprefix(_REASON))])
    told = {
        "all": _("评估的全部家庭"), "fitted": _("参加估计"), "left": _("没有参加估计"), "poor": _("实际低于困难线"),
        "poor-told": _("困难，而且推算得了"), "untold": _("实际的数知道，推算不了"), "untold-poor": _("困难，但推算不了"),
        "reached": _("列入"), "missed": _("漏保（困难而没有列入）"), "leaked": _("误保（列入而不困难）"),
    }  # fmt: skip
    return told[which]


def _cutoff_words(at: int, fit: Fit, pack: Pack) -> str:
    question = Question.of(fit.asked)
    return f"{written(cutoff_at(question.line, at))} {shown_of(pack, question.target).unit}".strip()


def _line(fit: Fit) -> float:
    return Question.of(fit.asked).line


def _number(value: float) -> str:
    """To the last bit, and as DOUBLE: a decimal would be compared otherwise."""
    return f"'{value!r}'::DOUBLE"
