"""Multidimensional poverty of a run (docs/reference/measures.md): designs, figures, and what each of them counts.

    design = designs(pack, run)[0]                      or written("illness>=2;income_ratio<1*1/3", run, pack)
    found = measured(run, ranges, design, Fraction(2), unit)
    design.poor(Fraction(2))                            the `Wanted` of those who are poor: its list is as long as the figure

The results are read once for a design: how many households give which row of answers (no, yes, not known) in which place. All
cutoffs are worked out from that.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import pyarrow as pa
from django.utils.translation import gettext as _

from zhikun.assessments.models import Run
from zhikun.assessments.results import results_in, types_of
from zhikun.assessments.wanted import Kind, Lack, Lacking, Term, Unreadable, Wanted, kinds, lacks, term
from zhikun.documents.statistics import line_on
from zhikun.documents.values import number_text, shown_of
from zhikun.engine.packs.model import Pack
from zhikun.measures import poverty
from zhikun.measures.poverty import Deprivation, Group, Poverty
from zhikun.places.models import AreaRange

#: The design made of the pack's causes.
CAUSES = "causes"
#: Indicators of a design written by hand; an address holds no more.
MOST = 20
#: Answers as digits: no, yes, not known.
_UNKNOWN = 2
_ANSWERS = (False, True, None)
#: Looks through results that a process remembers. One is a row for each pattern of answers and place, which may be very many.
_LOOKS = 8
#: No code is as long: all places are one.
_COUNTRY = 10**12


@dataclass(frozen=True)
class Indicator:
    """One thing that a household may lack, in words."""

    title: str
    lack: Lack

    @property
    def name(self) -> str:
        """The result column."""
        return self.lack.term.name

    @property
    def line(self) -> str:
        """From where on it counts: ≥ 2, < 1, 是."""
        term = self.lack.term
        if term.value is True:
            return _("是")
        return f"{'≥' if term.relation == '>=' else '<'} {number_text(float(term.value or 0))}"

    @property
    def deprivation(self) -> Deprivation:
        """The same as the measures take it; its column is already true, false or unknown."""
        return Deprivation(self.name, self.title, self.name, weight=self.lack.weight)


@dataclass(frozen=True)
class Design:
    """What is counted as poverty: indicators with lines and weights. `missing`: what the run has no column for."""

    code: str
    title: str
    indicators: tuple[Indicator, ...]
    cutoff: Fraction
    missing: tuple[str, ...] = ()
    note: str = ""

    @property
    def whole(self) -> Fraction:
        """All weights together."""
        return sum((one.lack.weight for one in self.indicators), Fraction(0))

    @property
    def lacks(self) -> tuple[Lack, ...]:
        return tuple(one.lack for one in self.indicators)

    @property
    def text(self) -> str:
        """The indicators as they stand in an address."""
        return ";".join(one.text for one in self.lacks)

    @property
    def cutoffs(self) -> list[Fraction]:
        """The cutoffs to choose from: one indicator's weight after the other where all weigh the same, else equal parts."""
        parts = len(self.indicators)
        return [self.whole * part / parts for part in range(1, parts + 1)]

    def poor(self, cutoff: Fraction, *more: Term) -> Wanted:
        """Who is poor whatever is not known; `more`: and is deprived in an indicator."""
        return Wanted(terms=(Lacking(self.lacks, ">=", cutoff), *more))

    def undetermined(self, cutoff: Fraction) -> Wanted:
        """Of whom it cannot be said yet whether they are poor."""
        return Wanted(terms=(Lacking(self.lacks, "~", cutoff),))

    def incomplete(self) -> Wanted:
        """Of whom an indicator is not known."""
        return Wanted(terms=(Lacking(self.lacks, "="),))


@dataclass(frozen=True)
class Counted:
    """One place, or all: figures under both readings of what is unknown, and households of whom an indicator is unknown."""

    group: Group
    incomplete: int

    @property
    def households(self) -> int:
        return round(self.group.population)

    @property
    def poor(self) -> int:
        """Poor whatever is not known."""
        return round(self.group.low.poor)

    @property
    def undetermined(self) -> int:
        """Poor or not depends on what is not known."""
        return round(self.group.undetermined_population)

    def lacking(self, name: str) -> int:
        """How many are deprived in an indicator."""
        return round((self.group.low.uncensored[name] or 0.0) * self.group.population)

    def poor_and_lacking(self, name: str) -> int:
        """How many are deprived in it and poor."""
        return round((self.group.low.censored[name] or 0.0) * self.group.population)

    def unknown(self, name: str) -> int:
        """Of how many it is not known."""
        return round(self.group.unknown[name])


@dataclass(frozen=True)
class Measured:
    """A design at a cutoff: all households, and the places directly below (by the first code of each)."""

    total: Counted
    places: dict[int, Counted]


def designs(pack: Pack, run: Run) -> list[Design]:
    """The designs that the pack offers for a run: its causes from their line on, each weighing the same. No cause, no design."""
    names = [name for name in pack.results.causes if kinds_of(run).get(name) == "number"]
    if not names:
        return []
    line = line_on(pack, run.on).level
    indicators = tuple(Indicator(shown_of(pack, name).title, Lack(Term(name, ">=", line))) for name in names)
    missing = tuple(shown_of(pack, name).title for name in pack.results.causes if name not in names)
    note = _("指标用政策包的致困原因，从 {line} 分起算，各项权数相同；k 值没有政策规定。").format(line=f"{line:g}")
    title = _("致困原因（{n} 项）").format(n=len(names))
    return [Design(CAUSES, title, indicators, Fraction(min(2, len(names))), missing, note)]


def written(text: str, run: Run, pack: Pack) -> Design:
    """A design as it stands in an address. Raises Unreadable for what cannot be counted in this run."""
    given = lacks(text, kinds_of(run))
    names = [one.term.name for one in given]
    if len(given) > MOST or len(set(names)) < len(names):
        raise Unreadable(text)
    indicators = tuple(Indicator(shown_of(pack, one.term.name).title, one) for one in given)
    whole = sum((one.weight for one in given), Fraction(0))
    return Design(
        text, _("自己选的 {n} 项指标").format(n=len(given)), indicators, whole * min(2, len(given)) / len(given),
        note=_("指标、起算线、权数和 k 值由填写的人选定，没有政策规定。"),
    )  # fmt: skip


def candidates(pack: Pack, run: Run) -> list[tuple[str, str, str]]:
    """What a design may be made of: (column, heading, "number" or "truth"), the pack's causes first, then what its reports show."""
    shown, known = pack.results, kinds_of(run)
    names = [*shown.causes, shown.eligible, *shown.columns, shown.index]
    names += [name for (entity, name), rule in pack.rules.items() if entity == "household" and rule.type == "boolean"]
    kept = [name for name in dict.fromkeys(names) if name in known and name not in pack.rankings]
    return [(name, shown_of(pack, name).heading, known[name]) for name in kept]


def kinds_of(run: Run) -> dict[str, Kind]:
    """The columns of a finished run that a design can use: numbers and truths."""
    return {name: kind for name, kind in kinds(types_of(run)).items() if kind in ("number", "truth")}


def check(design: Design, cutoff: Fraction, run: Run) -> None:
    """Whether the list behind the figures can be asked for. Raises Unreadable for weights and cutoffs of too many digits."""
    term(Lacking(design.lacks, ">=", cutoff).text, kinds_of(run))


def measured(run: Run, ranges: Sequence[AreaRange], design: Design, cutoff: Fraction, unit: int) -> Measured:
    """All figures at a cutoff. `unit`: places are told apart by their code without its last digits (0: not at all)."""
    return _measured(run.pk, tuple(ranges), design.indicators, cutoff, unit)


def by_cutoff(
    run: Run, ranges: Sequence[AreaRange], design: Design, unit: int = _COUNTRY
) -> list[tuple[Fraction, Counted]]:
    """The whole at each of the design's cutoffs; with the `unit` of `measured` the results are not read again."""
    return [(k, _whole(run.pk, tuple(ranges), design.indicators, k, unit)) for k in design.cutoffs]


@lru_cache(maxsize=512)
def _measured(
    run: uuid.UUID, ranges: tuple[AreaRange, ...], indicators: tuple[Indicator, ...], cutoff: Fraction, unit: int
) -> Measured:
    rows = _answers(run, ranges, tuple(one.lack.term for one in indicators), unit or _COUNTRY)
    found = _figures(rows, indicators, cutoff)
    gaps: dict[str, int] = {}
    for row in rows:
        gaps[str(row.place)] = gaps.get(str(row.place), 0) + (row.households if _UNKNOWN in row.answers else 0)
    places = {int(one.code): Counted(one, gaps[one.code]) for one in found.groups} if unit else {}
    return Measured(Counted(found.total, sum(gaps.values())), places)


@lru_cache(maxsize=2048)
def _whole(
    run: uuid.UUID, ranges: tuple[AreaRange, ...], indicators: tuple[Indicator, ...], cutoff: Fraction, unit: int
) -> Counted:
    """All places together."""
    sums: dict[tuple[int, ...], int] = {}
    for row in _answers(run, ranges, tuple(one.lack.term for one in indicators), unit or _COUNTRY):
        sums[row.answers] = sums.get(row.answers, 0) + row.households
    rows = [_Answers(0, answers, households) for answers, households in sums.items()]
    gaps = sum(row.households for row in rows if _UNKNOWN in row.answers)
    return Counted(_figures(rows, indicators, cutoff).total, gaps)


def _figures(rows: Sequence[_Answers], indicators: Sequence[Indicator], cutoff: Fraction) -> Poverty:
    answers = pa.table({
        one.name: pa.array([_ANSWERS[row.answers[at]] for row in rows], pa.bool_()) for at, one in enumerate(indicators)
    })  # fmt: skip
    return poverty.measure(
        answers, [one.deprivation for one in indicators], cutoff=cutoff,
        population=pa.array([row.households for row in rows], pa.int64()), groups=[str(row.place) for row in rows],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Answers:
    """How many households of a place answer alike."""

    place: int
    answers: tuple[int, ...]
    households: int


@lru_cache(maxsize=_LOOKS)
def _answers(run: uuid.UUID, ranges: tuple[AreaRange, ...], terms: tuple[Term, ...], unit: int) -> tuple[_Answers, ...]:
    """One look through the results of these areas: a digit for each indicator."""
    digits = [f"coalesce(({one.condition(())})::BIGINT, {_UNKNOWN}) * {3**at}" for at, one in enumerate(terms)]
    rows = results_in(Run(pk=run), ranges).select(f"_area // {unit} * {unit} AS place, {' + '.join(digits)} AS answers")
    counted = rows.aggregate("place, answers, count(*)", "place, answers").order("place, answers").fetchall()
    return tuple(
        _Answers(place, tuple(answers // 3**at % 3 for at in range(len(terms))), n) for place, answers, n in counted
    )
