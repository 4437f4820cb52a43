"""What the wall screen of a hall shows: numbers of one run in one place, none so small that neighbours know who is meant.

    picture(asked)      everything that is told, withheld where it must be

A number of 1 to 4 households is told as 少于5. Where numbers that add up to a known sum would give it away by subtraction,
the smallest of the others are left out too, until at least two are withheld that are together no small number.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.utils import timezone

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.analytics import trends
from zhikun.analytics.counting import ALL, OPEN, REACHED, counted
from zhikun.analytics.crossing import Crossed, crossed, on_scale, so_many, together, unit_below
from zhikun.analytics.limits import SMALL_NUMBER
from zhikun.analytics.statistics import Statistics
from zhikun.assessments.models import Run
from zhikun.assessments.ui.common import Asked
from zhikun.assessments.wanted import Wanted
from zhikun.engine.packs.model import Pack
from zhikun.monitoring import selectors as monitoring
from zhikun.monitoring.models import RaisedWarning, WarningMonth
from zhikun.places.models import Area, AreaRange
from zhikun.registry.selectors.search import scope
from zhikun.registry.vocabulary import pack_in_force
from zhikun.surveys.models import Round
from zhikun.surveys.selectors import progress

#: Lines that are still read from four metres; the rest is summed up in one.
MOST_PLACES, MOST_ROUNDS = 12, 1
_RUNS_LOOKED_AT = 30


class Form(StrEnum):
    """How a number is told: as it is; as a small one; not at all, because a small one would follow from it."""

    EXACT = "exact"
    SMALL = "small"
    APART = "apart"


@dataclass(frozen=True)
class Told:
    """A number of households (or of warnings), how it may be told, and what it counts."""

    number: int
    form: Form = Form.EXACT
    wanted: Wanted | None = None

    @property
    def drawn(self) -> int:
        """How long its bar is: of a number that is not told, none."""
        return self.number if self.form is Form.EXACT else 0


@dataclass(frozen=True)
class Line:
    """A named line with its numbers; `place`: the code of the place below that it tells of."""

    title: str
    numbers: tuple[Told, ...]
    place: int | None = None
    places: int = 1
    code: str | None = ""


@dataclass(frozen=True)
class Warned:
    """The month's warnings that wait for a visit, by colour, and how many of them are late."""

    month: WarningMonth
    levels: tuple[tuple[RaisedWarning.Level, Told], ...]
    overdue: Told


@dataclass(frozen=True)
class RoundProgress:
    """How far a round of visits is in the place."""

    round: Round
    total: Told
    accepted: Told
    submitted: Told


@dataclass(frozen=True)
class Picture:
    """Everything that stands on the screen."""

    run: Run
    pack: Pack
    households: Told
    undetermined: Told
    several: Told | None
    level: float
    categories: list[Line]
    causes: list[Line]
    missing: list[str]
    places: list[Line]
    warned: Warned | None
    rounds: list[RoundProgress]
    more_rounds: int
    trend: list[tuple[Run, Told, Told]]


def withheld(numbers: Sequence[int], *, add_up: bool = True, elsewhere: Collection[int] = ()) -> list[Form]:
    """How each of some numbers is told. `add_up`: their sum is known, so that one alone could be worked out.

    `elsewhere`: positions of numbers that stand on the screen once more; leaving them out hides nothing.
    """
    small = SMALL_NUMBER.value
    forms = [Form.SMALL if 0 < n < small else Form.EXACT for n in numbers]
    hidden = [n for n, form in zip(numbers, forms, strict=True) if form is Form.SMALL]
    if not hidden or not add_up:
        return forms
    others = sorted((at in elsewhere, n, at) for at, n in enumerate(numbers) if n >= small)
    while others and (len(hidden) == 1 or sum(hidden) < small):
        _last, n, at = others.pop(0)
        hidden.append(n)
        forms[at] = Form.APART
    return forms


def alone(number: int, wanted: Wanted | None = None) -> Told:
    """A number that is part of no sum on the screen."""
    return Told(number, withheld([number], add_up=False)[0], wanted)


def chosen(officer: Officer, ranges: Sequence[AreaRange]) -> Run | None:
    """The newest run that covers all of these areas; where none does, the newest that covers some."""
    runs = Run.objects.visible_to(officer).finished().usual()
    runs = runs.filter(area__lte=max(one.last for one in ranges), area_last__gte=min(one.first for one in ranges))
    some = list(runs[:_RUNS_LOOKED_AT])
    whole = (run for run in some if all(run.area <= one.first and one.last <= run.area_last for one in ranges))
    return next(whole, None) or next(iter(some), None)


def picture(at: Asked) -> Picture:
    """What the screen shows of a run in the areas of an officer, cut to a place."""
    officer, run, pack, ranges = at.officer, at.run, at.pack, at.ranges
    unit = unit_below(at.shown, ranges)
    found = Statistics(run, pack, counted(run, ranges, unit))
    names = found.causes
    missing = [name for name in pack.results.causes if name not in names]
    line = on_scale(found.line.level)
    crossing = crossed(run, ranges, names, line, unit)
    categories = found.categories()
    # Who has no category yet is, all but for an index, who is undetermined: that number stands on top.
    open_ = {at for at, (code, _row) in enumerate(categories) if code is None}
    forms = withheld([row.numbers[0].households for _code, row in categories], elsewhere=open_)
    rounds = _rounds(officer, ranges)
    return Picture(
        run, pack, alone(found.households, Wanted()),
        alone(found.counted.of(OPEN, "true"), Wanted(undetermined=True)),
        alone(crossing.at_least(2), so_many(2, line, ">=")) if names and not missing else None, line,
        [
            Line(row.title, (Told(row.numbers[0].households, form, row.numbers[0].wanted),), code=code)
            for (code, row), form in zip(categories, forms, strict=True)
        ],
        [
            Line(found.shown(name).title, (alone(found.counted.of(REACHED, name), together([name], line)),))
            for name in names
        ],
        [found.shown(name).title for name in missing],
        _places(found, crossing.places if names and not missing else None, line) if unit else [],
        _warned(officer, at.place), rounds[:MOST_ROUNDS], len(rounds[MOST_ROUNDS:]), _trend(at),
    )  # fmt: skip


def _places(found: Statistics, crossing: Mapping[int, Crossed] | None, at: float) -> list[Line]:
    """The places below: households, those undetermined, those with a cause. The largest first, the rest in one line."""
    names = dict(Area.objects.filter(pk__in=found.counted.places).values_list("pk", "name"))
    rows = []
    for code, counts in found.counted.places.items():
        numbers = [counts.get(ALL, {}).get(None, 0), counts.get(OPEN, {}).get("true", 0)]
        if crossing is not None:
            numbers.append(crossing[code].at_least(1) if code in crossing else 0)
        rows.append((code, names.get(code, str(code)), numbers))
    rows.sort(key=lambda row: (-row[2][0], row[0]))
    told, rest = (rows, []) if len(rows) <= MOST_PLACES else (rows[: MOST_PLACES - 1], rows[MOST_PLACES - 1 :])
    wanted = [Wanted(), Wanted(undetermined=True), *([so_many(1, at, ">=")] if crossing is not None else [])]
    table = [numbers for _code, _name, numbers in told]
    table += [[sum(column) for column in zip(*(numbers for *_place, numbers in rest), strict=True)]] if rest else []
    forms = [withheld(column) for column in zip(*table, strict=True)]
    lines = [
        Line(name, _tell(numbers, [column[n] for column in forms], wanted), code)
        for n, (code, name, numbers) in enumerate(told)
    ]
    if rest:
        nobody: list[Wanted | None] = [None] * len(wanted)
        lines.append(Line("", _tell(table[-1], [column[-1] for column in forms], nobody), places=len(rest)))
    return lines


def _tell(numbers: Sequence[int], forms: Sequence[Form], wanted: Sequence[Wanted | None]) -> tuple[Told, ...]:
    return tuple(Told(n, form, what) for n, form, what in zip(numbers, forms, wanted, strict=True))


def _warned(officer: Officer, place: Area | None) -> Warned | None:
    """Of the newest month that was published; None where none was, or the officer may not see warnings."""
    month = WarningMonth.newest() if officer.may(Right.WARNING_VIEW) else None
    if month is None:
        return None
    ranges = scope(officer, place.range if place else None, Right.WARNING_VIEW)
    counted_ = monitoring.tally(officer, monitoring.Wanted(month, ranges))
    levels = [level for level in reversed(RaisedWarning.Level) if level]
    return Warned(month, tuple((level, alone(counted_.counts.get(level, 0))) for level in levels), alone(counted_.late))


def _rounds(officer: Officer, ranges: Sequence[AreaRange]) -> list[RoundProgress]:
    """The rounds that go on, what ends first first, with those households of each that lie in the place."""
    today, found = timezone.localdate(), []
    for one in (
        Round.objects.visible_to(officer).filter(state=Round.State.OPEN, begins__lte=today).order_by("ends", "title")
    ):
        villages = [
            village
            for village in progress(one, officer)
            if any(area.first <= village.area.pk <= area.last for area in ranges)
        ]
        total, accepted, submitted = (
            sum(getattr(village, name) for village in villages) for name in ("total", "accepted", "submitted")
        )
        if total:
            found.append(RoundProgress(one, alone(total), alone(accepted), alone(submitted)))
    return found


def _trend(at: Asked) -> list[tuple[Run, Told, Told]]:
    """Households and those undetermined from one run over the place to the next, up to the one that is shown."""
    further = at.pack.id if at.pack.id != pack_in_force().id else ""
    runs = [one for one in trends.runs_over(at.officer, at.ranges, further)[0] if one.on <= at.run.on]
    if len(runs) < 2:
        return []
    points = trends.trend(runs, False, at.ranges, (), 0.0).points
    return [
        (point.run, alone(point.found.households, Wanted()), alone(point.found.undetermined, Wanted(undetermined=True)))
        for point in points
    ]
