"""Counts and sums for reports. Every breakdown adds up to the list it was made from.

Undetermined values are counted apart, never as zero; amounts are summed on the 1e-6 grid, so parts and whole agree.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from zhikun.documents.errors import ScoreOffScale
from zhikun.documents.inputs import Assessed
from zhikun.engine.packs.model import Item, Pack, Rule
from zhikun.engine.plan.scope import value_for
from zhikun.tables import write_csv
from zhikun.wording import SAMPLE_MARK, _

LEVELS: tuple[float, ...] = tuple(step / 2 for step in range(11))
LEVEL_TITLES: tuple[str, ...] = tuple(f"{level:g}" for level in LEVELS)
GRID = 1_000_000
CAUSE_THRESHOLD = "cause_threshold"  # the standard by which packs say when a score counts as a cause
_USUAL_LINE = 2.0  # the published counts of a cause begin at 2 points
_MOST_BINS = 12
_TAIL = 0.98


@dataclass(frozen=True, slots=True)
class CauseRow:
    """How many households have each score of one cause; `undetermined` are those whose score is not known yet."""

    name: str
    title: str
    counts: tuple[int, ...]
    undetermined: int = 0

    @property
    def total(self) -> int:
        """Households with a known score (小计)."""
        return sum(self.counts)

    def at_least(self, level: float) -> int:
        """Households scored at this level or above."""
        return sum(n for at, n in zip(LEVELS, self.counts, strict=True) if at >= level)


@dataclass(frozen=True, slots=True)
class CauseLine:
    """The score in 分 from which a cause counts (致困认定线); without a title the pack says nothing and 2 is taken."""

    level: float = _USUAL_LINE
    title: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class CausesTable:
    """Causes by score, as the published 致困原因统计表, with the line from which a score counts as a cause."""

    rows: tuple[CauseRow, ...]
    households: int
    line: CauseLine = CauseLine()


@dataclass(frozen=True, slots=True)
class Group:
    """Households of one place or category: how many, how many persons, what they receive a month (元)."""

    code: str
    title: str
    households: int = 0
    members: int = 0
    amount: float = 0.0
    amount_undetermined: int = 0
    categories: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bin:
    """Households whose value is at or above `first` and below `below` (None: no limit)."""

    first: float
    below: float | None
    households: int


@dataclass(frozen=True, slots=True)
class Scale:
    """Bins of equal round width, by number: bin n begins at n widths, and what lies above the last is in the last.

    The width is whole on the grid, so that a value and the edge of its bin compare as they are written.
    """

    width: int  # in millionths of the unit
    first: int
    last: int

    def number(self, value: float) -> int:
        """In which bin a value lies."""
        return min(round(value * GRID) // self.width, self.last)

    def bins(self, counts: Mapping[int, int]) -> tuple[Bin, ...]:
        """All bins with their households, also those without any."""
        return tuple(
            Bin(n * self.width / GRID, None if n == self.last else (n + 1) * self.width / GRID, counts.get(n, 0))
            for n in range(self.first, self.last + 1)
        )


@dataclass(frozen=True, slots=True)
class Distribution:
    """One household value in bins of equal width, the long tail in the last."""

    title: str
    unit: str
    bins: tuple[Bin, ...]
    undetermined: int
    median: float | None


@dataclass(frozen=True, slots=True)
class Question:
    """A fact still to be asked, with the households that wait for it."""

    entity: str
    fact: str
    title: str
    text: str
    households: int
    rows: int


@dataclass(frozen=True, slots=True)
class ItemCount:
    """How many households one item of a list applies to."""

    list_name: str
    code: str
    title: str
    households: int
    department: str = ""
    confirm: str = ""
    reference: str = ""
    undetermined: int = 0  # households for which it is not known yet whether it applies


def causes_table(assessed: Assessed) -> CausesTable:
    """Households by cause and score. Raises ScoreOffScale for a score that is not one of the eleven."""
    rows = []
    for name in assessed.pack.results.causes:
        counts: Counter[float | None] = Counter()
        for value in assessed.column(name):
            counts[_score(value)] += 1
        undetermined = counts.pop(None, 0)
        strange = sorted(level for level in counts if level is not None and level not in LEVELS)
        title = assessed.shown(name).title
        if strange:
            raise ScoreOffScale(
                _(
                    "致困因子“{title}”（{name}）出现了 {value:g} 分，不在 0、0.5、1 … 5 之列，无法汇入致困原因统计表。"
                    "请在 {pack} 中为它加上 rounding: {{to: 0.5, ...}} 并把结果限制在 0 到 5 之间，"
                    "或把它移出 pack.yaml 的 results.causes。"
                ).format(title=title, name=name, value=strange[0], pack=assessed.pack.id)
            )
        rows.append(CauseRow(name, title, tuple(counts.get(level, 0) for level in LEVELS), undetermined))
    return CausesTable(tuple(rows), len(assessed.households), cause_line(assessed))


def cause_line(assessed: Assessed) -> CauseLine:
    """The line that the pack draws on the day for its own place, or the usual one where it draws none."""
    return line_on(assessed.pack, assessed.day)


def line_on(pack: Pack, day: date) -> CauseLine:
    """The line from which a score counts as a cause, on a day."""
    standard = pack.standards.get(CAUSE_THRESHOLD)
    found = value_for(standard, day, pack.place) if standard is not None else None
    if standard is None or found is None or isinstance(found.value, bool) or not isinstance(found.value, int | float):
        return CauseLine()
    reference = SAMPLE_MARK if found.source.sample else found.source.reference
    return CauseLine(float(found.value), standard.title, reference)


def write_causes_csv(table: CausesTable, path: Path) -> None:
    """causes.csv: cause, 0, 0.5 ... 5, total. UTF-8 with BOM, so that spreadsheets show the Chinese."""
    write_csv(path, ["cause", *LEVEL_TITLES, "total"], ([row.title, *row.counts, row.total] for row in table.rows))


def several_causes(assessed: Assessed, threshold: float) -> dict[int | None, int]:
    """Number of causes scored at `threshold` or above -> households; None: some score is not known yet."""
    columns = [[_score(v) for v in assessed.column(name)] for name in assessed.pack.results.causes]
    counts: Counter[int | None] = Counter()
    for scores in zip(*columns, strict=True):
        known = [s for s in scores if s is not None]
        counts[sum(s >= threshold for s in known) if len(known) == len(scores) else None] += 1
    return dict(sorted(counts.items(), key=lambda item: (item[0] is None, item[0] or 0)))


def totals(assessed: Assessed) -> Group:
    """The whole list as one group."""
    return _groups(assessed, [""] * len(assessed.households)).get("", Group("", _("合计")))


def by_place(assessed: Assessed) -> tuple[Group, ...]:
    """Townships in the order of their codes; households without a known place last."""
    groups = _groups(assessed, assessed.townships())
    order = sorted(groups, key=lambda code: (code == "", code))
    return tuple(_titled(groups[code], assessed.place_name(code)) for code in order)


def by_category(assessed: Assessed) -> tuple[Group, ...]:
    """Categories in the pack's order, also those without households; undetermined households last."""
    name = assessed.pack.results.category
    if not name:
        return ()
    shown = assessed.shown(name)
    groups = _groups(assessed, category_codes(assessed))
    known = [*shown.labels, *sorted(code for code in groups if code and code not in shown.labels)]
    order = known + ([""] if "" in groups else [])
    empty = Group("", "")
    return tuple(
        _titled(groups.get(code, empty), shown.text(code) if code else shown.text(None), code) for code in order
    )


def category_codes(assessed: Assessed) -> list[str]:
    """The category of each household as text; '' is undetermined (or the pack has no category)."""
    name = assessed.pack.results.category
    if not name:
        return [""] * len(assessed.households)
    shown = assessed.shown(name)
    values = assessed.column(name)
    return ["" if v is None else shown.text(v) if isinstance(v, bool) else str(v) for v in values]


def distribution(assessed: Assessed, name: str) -> Distribution:
    """A number over all households in at most a dozen round bins, the top two per cent gathered in the last."""
    shown = assessed.shown(name)
    values = assessed.column(name)
    known = sorted(float(v) for v in values if isinstance(v, int | float))
    undetermined = len(values) - len(known)
    if not known:
        return Distribution(shown.title, shown.unit, (), undetermined, None)
    scale = scale_over(known[0], known[tail_at(len(known))])
    counts = Counter(scale.number(value) for value in known)
    return Distribution(shown.title, shown.unit, scale.bins(counts), undetermined, _median(known))


def tail_at(count: int) -> int:
    """Of so many sorted values, the place of the one above which the tail is gathered in the last bin."""
    return min(count - 1, int(count * _TAIL))


def scale_over(low: float, high: float) -> Scale:
    """At most a dozen round bins from zero, or from `low` below it, to the one in which `high` lies."""
    width = max(1, round(round_width((high - min(low, 0.0)) / (_MOST_BINS - 1)) * GRID))
    first = round(min(low, 0.0) * GRID) // width
    return Scale(width, first, max(round(high * GRID) // width, first))


def _median(known: Sequence[float]) -> float:
    """The middle of sorted values; of two middle ones their mean, on the grid, half away from zero."""
    half = len(known) // 2
    if len(known) % 2:
        return known[half]
    micro = round(known[half - 1] * GRID) + round(known[half] * GRID)
    return math.copysign((abs(micro) + 1) // 2, micro) / GRID


def questions(assessed: Assessed) -> tuple[Question, ...]:
    """Facts that undetermined values wait for, the most wanted first."""
    households: dict[tuple[str, str], set[str]] = defaultdict(set)
    rows: dict[tuple[str, str], set[tuple[str, int]]] = defaultdict(set)
    for missing in assessed.missing.to_pylist():
        key = (str(missing["entity"]), str(missing["fact"]))
        households[key].add(missing["household"])
        rows[key].add((missing["household"], missing["row"] or 0))
    found = []
    for (entity, name), wanting in households.items():
        fact = assessed.pack.facts.get((entity, name))
        title = fact.title if fact else name
        text = (fact.question if fact else "") or title
        found.append(Question(entity, name, title, text, len(wanting), len(rows[entity, name])))
    return tuple(sorted(found, key=lambda q: (-q.households, q.entity, q.fact)))


def undetermined(assessed: Assessed) -> tuple[tuple[str, int], ...]:
    """(title, households) of each headline value that is not known yet for someone, in the pack's order."""
    results = assessed.pack.results
    names = [n for n in (results.category, results.eligible, results.amount, results.index, *results.causes) if n]
    counted = [(assessed.shown(n).title, sum(v is None for v in assessed.column(n))) for n in dict.fromkeys(names)]
    return tuple((title, n) for title, n in counted if n)


def waiting_households(assessed: Assessed) -> int:
    """Households with at least one question still open."""
    return len(set(assessed.missing.column("household").to_pylist()))


def items(assessed: Assessed, lists: Sequence[str]) -> tuple[ItemCount, ...]:
    """How often each item of these lists applies, in the pack's order; items nobody meets included."""
    found = []
    for name in lists:
        rule = assessed.pack.rules[("household", name)]
        counts = Counter(code for codes in assessed.codes(name) for code in codes)
        waiting = Counter(code for codes in assessed.undecided(name) for code in codes)
        found += [_item_count(name, i, counts[i.code], waiting[i.code]) for i in items_on(rule, assessed.day)]
    return tuple(found)


def items_on(rule: Rule, day: date) -> list[Item]:
    """The items of a list that are in force on the day, each once, in the pack's order."""
    once = {item.code: item for item in rule.items if item.period.holds(day)}
    return sorted(once.values(), key=lambda item: item.order)


def flagged_households(assessed: Assessed) -> int:
    """Households with at least one flag that a person must confirm or override."""
    columns = [assessed.codes(name) for name in assessed.pack.results.flags]
    return sum(any(values) for values in zip(*columns, strict=True)) if columns else 0


def _item_count(list_name: str, item: Item, households: int, undecided: int) -> ItemCount:
    reference = item.source.reference
    return ItemCount(list_name, item.code, item.title, households, item.department, item.confirm, reference, undecided)


def _groups(assessed: Assessed, keys: Sequence[str]) -> dict[str, Group]:
    amount_name = assessed.pack.results.amount
    amounts = assessed.column(amount_name) if amount_name else [0.0] * len(keys)
    households, members, micro, unknown = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    categories: dict[str, Counter[str]] = defaultdict(Counter)
    rows = zip(keys, assessed.member_counts(), amounts, category_codes(assessed), strict=True)
    for key, persons, amount, category in rows:
        households[key] += 1
        members[key] += persons
        categories[key][category] += 1
        if isinstance(amount, int | float):
            micro[key] += round(amount * GRID)
        else:
            unknown[key] += 1
    return {
        key: Group(key, "", n, members[key], micro[key] / GRID, unknown[key], dict(categories[key]))
        for key, n in households.items()
    }


def _titled(group: Group, title: str, code: str | None = None) -> Group:
    return Group(
        group.code if code is None else code,
        title,
        group.households,
        group.members,
        group.amount,
        group.amount_undetermined,
        group.categories,
    )


def _score(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def round_width(width: float) -> float:
    """The next width of 1, 2 or 5 times a power of ten: bins people can read."""
    if width <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(width))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= width)
