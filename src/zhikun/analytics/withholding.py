"""Which numbers of the wall screen are told, so that no small one follows from the others, on one screen or from a place to those below.

    forms(screen, area)     the form of each number of a place, by its name
    within(screen, area)    the same of every place directly below
    over(screen, ranges, name, number)    of a number that was added up over some areas

A number of 1 to 4 is SMALL. Where a sum is known, one number left out alone follows by subtraction, and so do two small ones
that are as small or as large as they can be: others are then left out, too (APART), the smallest of those from 5 on first.
Sums are known along places (a county and its townships, each with a screen of its own), along categories (all households),
along causes and households with several of them, and between those with a cause and those with several. A number left out
somewhere is left out wherever it follows, so all screens of a run are judged together, whoever looks: the same number is told
to all or to nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from zhikun.analytics.counting import ALL, CATEGORY, OPEN, REACHED, Counted, counted
from zhikun.analytics.crossing import Crossed, crossed
from zhikun.analytics.limits import SMALL_NUMBER
from zhikun.assessments.models import Run
from zhikun.places.models import FREE_DIGITS, AreaRange, Level

#: Numbers beside the pack's own: all, undetermined, with one cause or more, with several.
HOUSEHOLDS, UNDETERMINED, SOME, SEVERAL = "households", "undetermined", "some", "several"
_CATEGORY, _CAUSE = "category:", "cause:"
_LEVELS = {10**digits: level for level, digits in FREE_DIGITS.items()}

Numbers = Mapping[str, int]


class Form(StrEnum):
    """How a number is told: as it is; as a small one; not at all, because a small one would follow from it."""

    EXACT = "exact"
    SMALL = "small"
    APART = "apart"


Forms = dict[str, Form]


@dataclass(frozen=True)
class Screen:
    """What screens show of a run: the causes from a line on; without them where the run lacks some (`whole` false)."""

    run: Run
    causes: tuple[str, ...]
    line: float
    whole: bool


def category(code: str | None) -> str:
    """The name of the number of a category; None: those without one yet."""
    return f"{_CATEGORY}{code or ''}"


def cause(name: str) -> str:
    """The name of the number of those whom a cause reaches."""
    return f"{_CAUSE}{name}"


@lru_cache(maxsize=512)
def forms(screen: Screen, area: AreaRange) -> Forms:
    """The form of each number of a place; of the whole run where the place is all of it."""
    run = screen.run.range
    if area.first <= run.first and run.last <= area.last:
        return _settled({0: _whole(screen)}, None)[0]
    level = Level(_LEVELS[area.last - area.first + 1] - 1)
    first = area.first // 10 ** FREE_DIGITS[level] * 10 ** FREE_DIGITS[level]
    return within(screen, AreaRange(first, first + 10 ** FREE_DIGITS[level] - 1)).get(area.first, {})


@lru_cache(maxsize=512)
def within(screen: Screen, area: AreaRange) -> dict[int, Forms]:
    """The forms of all places directly below one, by code."""
    run = screen.run.range
    inside = AreaRange(max(area.first, run.first), min(area.last, run.last))
    unit = 10 ** FREE_DIGITS[Level(_LEVELS[area.last - area.first + 1] + 1)]
    there = counted(screen.run, [inside], unit)
    across = crossed(screen.run, [inside], screen.causes, screen.line, unit).places if screen.whole else {}
    rows = {
        code: _numbers(Counted(counts, {}, None), across.get(code), screen) for code, counts in there.places.items()
    }
    return _settled(rows, forms(screen, area))


def over(screen: Screen, ranges: Sequence[AreaRange], name: str, number: int) -> Form:
    """Of a number that was added up over areas: told only where each of its parts is, since the parts have screens, too."""
    places = [place for one in ranges for place in _places(one)]
    parts = {forms(screen, one).get(name, Form.EXACT) for one in places}
    if Form.APART in parts:
        return Form.APART if number else Form.EXACT
    return _alone(number) if parts <= {Form.EXACT} or number < SMALL_NUMBER.value else Form.APART


def _places(one: AreaRange) -> Iterator[AreaRange]:
    """The places of a range, the largest that fit: neighbouring places of one officer come joined into one range."""
    first = one.first
    while first <= one.last:
        size = max(unit for unit in _LEVELS if first % unit == 0 and first + unit - 1 <= one.last)
        yield AreaRange(first, first + size - 1)
        first += size


def protected(numbers: Sequence[int], told: Sequence[Form], sum_known: bool, last: Sequence[int] = ()) -> list[Form]:
    """Further numbers left out, where one that is left out would follow. `last`: positions that are left out after all others."""
    found, least = list(told), 2 if sum_known else 1
    small = SMALL_NUMBER.value
    others = sorted((at in last, n, at) for at, n in enumerate(numbers) if n >= small and found[at] is Form.EXACT)
    while others and not _may_be_others(numbers, found, least):
        found[others.pop(0)[2]] = Form.APART
    if sum_known and not _may_be_others(numbers, found, least) and found.count(Form.SMALL) > 1:
        # Nothing else is left: that one of them is small is no longer said.
        found[found.index(Form.SMALL)] = Form.APART
    return found


def _may_be_others(numbers: Sequence[int], told: Sequence[Form], least: int) -> bool:
    """Whether the numbers left out could be others with the same sum, also for who knows that APART is mostly not small."""
    hidden = [n for n, form in zip(numbers, told, strict=True) if form is not Form.EXACT]
    small = SMALL_NUMBER.value
    few = sum(1 for n in hidden if n < small)
    lowest, highest = few + small * (len(hidden) - few), (small - 1) * few
    return len(hidden) >= least and lowest < sum(hidden) and (few < len(hidden) or sum(hidden) < highest)


def _whole(screen: Screen) -> Numbers:
    ranges = [screen.run.range]
    across = crossed(screen.run, ranges, screen.causes, screen.line, 0) if screen.whole else None
    return _numbers(counted(screen.run, ranges, 0), across, screen)


def _numbers(there: Counted, across: Crossed | None, screen: Screen) -> Numbers:
    found = {HOUSEHOLDS: there.of(ALL), UNDETERMINED: there.of(OPEN, "true")}
    found |= {category(code): n for code, n in there.whole.get(CATEGORY, {}).items()}
    found |= {cause(name): there.of(REACHED, name) for name in screen.causes}
    if across is not None:
        found |= {SOME: across.at_least(1), SEVERAL: across.at_least(2)}
    return found


def _settled(rows: Mapping[int, Numbers], above: Forms | None) -> dict[int, Forms]:
    """The forms of some places that make up another (`above`: its forms; None: they are no part of anything)."""
    names = sorted({name for numbers in rows.values() for name in numbers})
    full = {code: {name: numbers.get(name, 0) for name in names} for code, numbers in rows.items()}
    found = {code: {name: _alone(n) for name, n in numbers.items()} for code, numbers in full.items()}
    before: dict[int, Forms] = {}
    while before != found:
        before = {code: dict(told) for code, told in found.items()}
        for code, numbers in full.items():
            _across(numbers, found[code])
        for name in names if above is not None else []:
            _along(full, found, name, (above or {}).get(name, Form.EXACT))
    if above is not None:
        for told in found.values():
            _without_bounds(told)
    return found


def _without_bounds(told: Forms) -> None:
    """Categories add up along places and in each of them. That one is less than five would fix others that do so twice."""
    for name, form in told.items():
        if form is Form.SMALL and (name.startswith(_CATEGORY) or name == UNDETERMINED):
            told[name] = Form.APART


def _alone(number: int) -> Form:
    return Form.SMALL if 0 < number < SMALL_NUMBER.value else Form.EXACT


def _along(rows: Mapping[int, Numbers], found: dict[int, Forms], name: str, above: Form) -> None:
    """One number over all places: they add up to that of the place above."""
    codes = list(rows)
    told = [found[code][name] for code in codes]
    if above is not Form.EXACT or any(form is not Form.EXACT for form in told):
        hidden = protected([rows[code][name] for code in codes], told, above is Form.EXACT)
        for code, form in zip(codes, hidden, strict=True):
            found[code][name] = form


def _across(numbers: Numbers, told: Forms) -> None:
    """The numbers of one place: what adds up, or nearly."""
    small = SMALL_NUMBER.value
    unknown = category(None)
    _row([name for name in numbers if name.startswith(_CATEGORY)], numbers, told, told[HOUSEHOLDS] is Form.EXACT)
    # Who has no category yet is, all but for an index, who is undetermined: one is told as little as the other.
    if 0 <= numbers[UNDETERMINED] - numbers.get(unknown, 0) < small and unknown in numbers:
        for one, other in ((unknown, UNDETERMINED), (UNDETERMINED, unknown)):
            if told[one] is not Form.EXACT and told[other] is Form.EXACT and numbers[other]:
                told[other] = Form.APART
    several = [SEVERAL] if SEVERAL in numbers else []
    _row([*(name for name in numbers if name.startswith(_CAUSE)), *several], numbers, told, True)
    # With a cause less with several: with exactly one.
    if several and 0 < numbers[SOME] - numbers[SEVERAL] < small <= numbers[SEVERAL]:
        told[SEVERAL] = Form.APART


def _row(names: Sequence[str], numbers: Numbers, told: Forms, sum_known: bool) -> None:
    if any(told[name] is not Form.EXACT for name in names):
        last = [at for at, name in enumerate(names) if name in {category(None), SEVERAL}]
        hidden = protected([numbers[name] for name in names], [told[name] for name in names], sum_known, last)
        told.update(zip(names, hidden, strict=True))
