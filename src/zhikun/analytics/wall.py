"""What the wall screen of a hall shows: numbers of one run in one place, none so small that neighbours know who is meant.

    picture(asked)      everything that is told, withheld where it must be

A number of 1 to 4 households is told as 少于5; what it would follow from is left out too (withholding.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils import timezone

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.analytics import trends
from zhikun.analytics.counting import ALL, OPEN, REACHED, counted
from zhikun.analytics.crossing import Crossed, crossed, on_scale, so_many, together, unit_below
from zhikun.analytics.limits import SMALL_NUMBER
from zhikun.analytics.statistics import Statistics
from zhikun.analytics.withholding import (
    HOUSEHOLDS,
    SEVERAL,
    SOME,
    UNDETERMINED,
    Form,
    Screen,
    category,
    cause,
    over,
)
from zhikun.assessments.models import Run
from zhikun.assessments.selectors import cut
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


def alone(number: int) -> Told:
    """A number that is part of no sum on the screens."""
    return Told(number, Form.SMALL if 0 < number < SMALL_NUMBER.value else Form.EXACT)


def chosen(officer: Officer, ranges: Sequence[AreaRange]) -> Run | None:
    """The newest run that covers all of these areas; where none does, the newest that covers some."""
    runs = Run.objects.visible_to(officer).finished().usual()
    some = runs.filter(area__lte=max(one.last for one in ranges), area_last__gte=min(one.first for one in ranges))
    return runs.covering(ranges).first() or some.first()


def picture(at: Asked) -> Picture:
    """What the screen shows of a run in the areas of an officer, cut to a place."""
    officer, run, pack, ranges = at.officer, at.run, at.pack, at.ranges
    unit = unit_below(at.shown, ranges)
    found = Statistics(run, pack, counted(run, ranges, unit))
    names = found.causes
    missing = [name for name in pack.results.causes if name not in names]
    line = on_scale(found.line.level)
    crossing = crossed(run, ranges, names, line, unit)
    whole = bool(names) and not missing
    screen = Screen(run, tuple(names), line, whole)
    rounds = _rounds(officer, ranges)

    def told(name: str, number: int, wanted: Wanted | None) -> Told:
        return Told(number, over(screen, ranges, name, number), wanted)

    return Picture(
        run, pack, told(HOUSEHOLDS, found.households, Wanted()),
        told(UNDETERMINED, found.counted.of(OPEN, "true"), Wanted(undetermined=True)),
        told(SEVERAL, crossing.at_least(2), so_many(2, line, ">=")) if whole else None, line,
        [
            Line(row.title, (told(category(code), number.households, number.wanted),), code=code)
            for code, row in found.categories() for number in row.numbers
        ],
        [
            Line(
                found.shown(name).title,
                (told(cause(name), found.counted.of(REACHED, name), together([name], line)),),
            )
            for name in names
        ],
        [found.shown(name).title for name in missing],
        _places(found, crossing.places, screen, _Below(ranges, unit)) if unit else [],
        _warned(officer, at.place), rounds[:MOST_ROUNDS], len(rounds[MOST_ROUNDS:]), _trend(at, screen),
    )  # fmt: skip


@dataclass(frozen=True)
class _Below:
    """Places below, told apart by the codes above `unit`, within some areas."""

    ranges: Sequence[AreaRange]
    unit: int

    def of(self, code: int) -> list[AreaRange]:
        """The areas that a place's number is counted in."""
        return cut([AreaRange(code, code + self.unit - 1)], self.ranges)


def _places(found: Statistics, crossing: Mapping[int, Crossed], screen: Screen, below: _Below) -> list[Line]:
    """The places below: households, those undetermined, those with a cause. The largest first, the rest in one line."""
    names = dict(Area.objects.filter(pk__in=found.counted.places).values_list("pk", "name"))
    asked = {HOUSEHOLDS: Wanted(), UNDETERMINED: Wanted(undetermined=True)}
    asked |= {SOME: so_many(1, screen.line, ">=")} if screen.whole else {}
    rows = []
    for code, counts in found.counted.places.items():
        numbers = {HOUSEHOLDS: counts.get(ALL, {}).get(None, 0), UNDETERMINED: counts.get(OPEN, {}).get("true", 0)}
        if screen.whole:
            numbers[SOME] = crossing[code].at_least(1) if code in crossing else 0
        rows.append((code, names.get(code, str(code)), numbers))
    rows.sort(key=lambda row: (-row[2][HOUSEHOLDS], row[0]))
    told, rest = (rows, []) if len(rows) <= MOST_PLACES else (rows[: MOST_PLACES - 1], rows[MOST_PLACES - 1 :])
    lines = [
        Line(name, tuple(Told(n, over(screen, below.of(code), one, n), asked[one]) for one, n in numbers.items()), code)
        for code, name, numbers in told
    ]
    if rest:
        lines.append(Line("", _rest(lines, rest, screen, below), places=len(rest)))
    return lines


def _rest(
    lines: Sequence[Line], rest: Sequence[tuple[int, str, dict[str, int]]], screen: Screen, below: _Below
) -> tuple[Told, ...]:
    """The other places in one line: told where each of them is, or where it follows from the lines above anyway."""
    areas = [area for code, *_row in rest for area in below.of(code)]
    found = []
    for at, one in enumerate(rest[0][2]):
        number = sum(numbers[one] for *_place, numbers in rest)
        form = over(screen, areas, one, number)
        known = all(line.numbers[at].form is Form.EXACT for line in lines)
        whole = over(screen, below.ranges, one, number) is Form.EXACT
        follows = known and whole and number >= SMALL_NUMBER.value and one != SOME
        found.append(Told(number, Form.EXACT if follows else form))
    return tuple(found)


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


def _trend(at: Asked, screen: Screen) -> list[tuple[Run, Told, Told]]:
    """Households and those undetermined from one run over the place to the next, up to the one that is shown."""
    further = at.pack.id if at.pack.id != pack_in_force().id else ""
    runs = [one for one in trends.runs_over(at.officer, at.ranges, further)[0] if one.on <= at.run.on]
    if len(runs) < 2:
        return []

    def told(run: Run, name: str, number: int, wanted: Wanted) -> Told:
        # Neither number hangs on causes: those of another run need not be counted for it.
        its = screen if run == screen.run else Screen(run, (), screen.line, whole=False)
        return Told(number, over(its, at.ranges, name, number), wanted)

    return [
        (
            one.run, told(one.run, HOUSEHOLDS, one.found.households, Wanted()),
            told(one.run, UNDETERMINED, one.found.undetermined, Wanted(undetermined=True)),
        )
        for one in trends.trend(runs, False, at.ranges, (), 0.0).points
    ]  # fmt: skip
