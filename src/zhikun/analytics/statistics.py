"""What was counted in a run, with the pack's words for it: rows of titles, numbers and what each number counts.

`Row` is one line of a table: each of its numbers says by its `Wanted` which list it is the length of; who draws it makes a
link of that. Arithmetic and order are those of the county's report (documents/statistics.py), and a test holds both equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext as _

from zhikun.analytics import counting
from zhikun.analytics.counting import AMOUNT, AMOUNT_OPEN, CATEGORY, REACHED, Answer, Counted, Counts
from zhikun.analytics.crossing import not_known, so_many, together
from zhikun.assessments.models import Run
from zhikun.assessments.results import causes_of
from zhikun.assessments.wanted import OPEN, Term, Wanted
from zhikun.documents.statistics import (
    GRID,
    LEVELS,
    CauseLine,
    CauseRow,
    CausesTable,
    items_on,
    line_on,
)
from zhikun.documents.values import Shown, number_text, shown_of
from zhikun.engine.packs.model import Item, Pack, Rule
from zhikun.engine.run.results import UNDECIDED

#: A single score line beside the pack's own, as in the county's report.
ANY_SIGN = 1.0


@dataclass(frozen=True)
class Number:
    """How many households, and which: the list has as many. None: a list that could not be asked for."""

    households: int
    wanted: Wanted | None


@dataclass(frozen=True)
class Row:
    """One line: its title and its numbers."""

    title: str
    numbers: tuple[Number, ...]


@dataclass(frozen=True)
class ItemRow:
    """One item of a list: for how many it applies, and of how many that is not known yet."""

    item: Item
    households: Number
    undecided: Number | None


@dataclass(frozen=True)
class Statistics:
    """A run's numbers in some areas."""

    run: Run
    pack: Pack
    counted: Counted

    @cached_property
    def line(self) -> CauseLine:
        """From which score a cause counts."""
        return line_on(self.pack, self.run.on)

    @property
    def households(self) -> int:
        """All that were assessed."""
        return self.counted.households

    @cached_property
    def causes(self) -> list[str]:
        """The pack's causes that the run has."""
        return causes_of(self.run)

    @property
    def has_amounts(self) -> bool:
        """Whether the pack proposes sums of money and the run has them."""
        return self.pack.results.amount in self.counted.columns

    def shown(self, name: str) -> Shown:
        """What the pack calls a value."""
        return shown_of(self.pack, name)

    def is_sample(self, *names: str) -> bool:
        """Whether one of these values is worked out by a rule that is an example and must be filled in locally."""
        rules = [rule for name in names if (rule := self.pack.rules.get(("household", name))) is not None]
        return any(_has_sample(rule) for rule in rules)

    def causes_table(self) -> CausesTable:
        """致困原因统计表, as the county's report has it. Scores off its eleven are told by `strange`."""
        rows = []
        for name in self.causes:
            counts = {_score(score): n for score, n in self.counted.whole.get(name, {}).items()}
            found = tuple(counts.get(level, 0) for level in LEVELS)
            rows.append(CauseRow(name, self.shown(name).title, found, counts.get(None, 0)))
        return CausesTable(tuple(rows), self.households, self.line)

    def strange(self, name: str) -> int:
        """Households with a score of a cause that the table has no column for."""
        scores = self.counted.whole.get(name, {})
        return sum(n for score, n in scores.items() if score is not None and float(score) not in LEVELS)

    def cause_row(self, row: CauseRow) -> Row:
        """A cause by score, then all known, those not known yet, and those at the line or above."""
        scored = [Number(n, Wanted(terms=(Term(row.name, "=", at),))) for at, n in zip(LEVELS, row.counts, strict=True)]
        known = Number(row.total, None if self.strange(row.name) else together([row.name], 0.0))
        reached = self.counted.of(REACHED, row.name)
        return Row(
            row.title,
            (
                *scored, known, Number(row.undetermined, not_known(row.name)),
                Number(reached, together([row.name], self.line.level)),
            ),
        )  # fmt: skip

    def causes_at_once(self) -> tuple[list[float], list[Row]]:
        """Score lines, and for each number of causes the households that have so many at each of the lines."""
        levels = sorted({ANY_SIGN, self.line.level})
        told = [self.counted.whole.get(counting.number_of_causes(level), {}) for level in levels]
        numbers = sorted({int(number) for one in told for number in one if number is not None})
        rows = []
        for number in (*numbers, None):
            answer = None if number is None else str(number)
            cells = [Number(one.get(answer, 0), self._many(number, at)) for one, at in zip(told, levels, strict=True)]
            title = _("尚不能确定") if number is None else _("{n}个").format(n=number) if number else _("没有")
            rows.append(Row(title, tuple(cells)))
        return levels, rows

    def with_causes(self, least: int) -> Number:
        """Households with so many causes at the line, or more; all their scores known."""
        told = self.counted.whole.get(counting.number_of_causes(self.line.level), {})
        n = sum(n for number, n in told.items() if number is not None and int(number) >= least)
        return Number(n, self._many(least, self.line.level, ">="))

    @property
    def unsure_of_causes(self) -> int:
        """Households of whom it cannot be said how many causes they have, because a score is not known."""
        return self.counted.of(counting.number_of_causes(self.line.level))

    def hardest(self) -> tuple[str, Number] | None:
        """The cause that most households have at the line."""
        told = [(self.counted.of(REACHED, name), name) for name in self.causes]
        if not told or not max(told)[0]:
            return None
        n, name = max(told, key=lambda one: one[0])
        return self.shown(name).title, Number(n, together([name], self.line.level))

    def categories(self) -> list[tuple[Answer, Row]]:
        """Households by category: those of the pack in its order, also empty ones; open ones last."""
        name, counts = self.pack.results.category, self.counted.whole.get(CATEGORY, {})
        if not name:
            return []
        return [
            (code, Row(title, (Number(n, Wanted(category=code or OPEN)),)))
            for code, title, n in _answers(self.shown(name), counts)
        ]

    def groups(self) -> Iterator[tuple[str, str, list[Row]]]:
        """Households by the pack's further codes and truths: name, title, rows."""
        for name in counting.groups(self.pack, self.counted.columns):
            shown, counts = self.shown(name), self.counted.whole.get(name, {})
            truth = shown.type == "boolean"
            if truth:
                shown = Shown(name, shown.title, labels={"true": shown.text(True), "false": shown.text(False)})
            rows = []
            for code, title, n in _answers(shown, counts):
                value = code == "true" if truth and code is not None else code
                rows.append(Row(title, (Number(n, Wanted(terms=(Term(name, "=", value),))),)))
            yield name, shown.title, rows

    def items(self, name: str) -> list[ItemRow]:
        """The items of a list that are in force, in the pack's order, also those that apply to nobody."""
        flags, undecided = name in self.pack.results.flags, name + UNDECIDED
        found = []
        for item in items_on(self.pack.rules[("household", name)], self.run.on):
            wanted = Wanted(flag=item.code) if flags else Wanted(terms=(Term(name, "~", item.code),))
            n = self.counted.of(counting.FLAGS if flags else name, item.code)
            open_ = None
            if undecided in self.counted.columns:
                open_ = Number(self.counted.of(undecided, item.code), Wanted(terms=(Term(undecided, "~", item.code),)))
            found.append(ItemRow(item, Number(n, wanted), open_))
        return found

    def index(self) -> list[Row]:
        """Households by the index, in the bins of the whole run; those without one last."""
        name, scale = self.pack.results.index, self.counted.scale
        if scale is None or name not in self.counted.columns:
            return []
        counts = self.counted.whole.get(counting.INDEX, {})
        rows = []
        for one in scale.bins({int(number): n for number, n in counts.items() if number is not None}):
            below = [Term(name, "<", one.below)] if one.below is not None else []
            # What lies below the first bin of the run is in no other: there is nothing below it.
            wanted = Wanted(terms=(Term(name, ">=", one.first), *below))
            rows.append(Row(bin_title(one.first, one.below), (Number(one.households, wanted),)))
        return [*rows, Row(_("尚不能确定"), (Number(counts.get(None, 0), not_known(name)),))]

    def money(self, counts: Counts, category: Sequence[Answer] | None = None) -> tuple[float, int]:
        """The sum of the amounts in 元, and of how many households the amount is open; of these categories, or of all."""
        told = [counts.get(name, {}) for name in (AMOUNT, AMOUNT_OPEN)]
        sums, open_ = ([n for code, n in one.items() if category is None or code in category] for one in told)
        return sum(sums) / GRID, sum(open_)

    def without_amount(self, category: Answer | None = None, *, of_all: bool = False) -> Wanted:
        """Those of whom the amount is not known yet."""
        terms = (Term(self.pack.results.amount, "=", None),)
        return Wanted(terms=terms) if of_all else Wanted(category=category or OPEN, terms=terms)

    def _many(self, number: int | None, at: float, relation: str = "=") -> Wanted | None:
        """Addresses know lines of half points only."""
        return so_many(number, at, relation) if (at * 2) % 1 == 0 else None


def line_text(line: CauseLine) -> str:
    """From which score a cause counts, and by which rule."""
    level = number_text(line.level)
    if not line.title:
        return _("政策包没有规定致困认定线，按{level}分及以上计。").format(level=level)
    return _("{title}：{level}分及以上。依据：{reference}。").format(
        title=line.title, level=level, reference=line.reference.removesuffix("。")
    )


def bin_title(first: float, below: float | None) -> str:
    """What a bin is called."""
    if below is None:
        return _("{first} 及以上").format(first=number_text(first))
    return _("{first} 至不足 {below}").format(first=number_text(first), below=number_text(below))


def _has_sample(rule: Rule) -> bool:
    sources = [rule.source, *(version.source for version in rule.versions)]
    sources += [branch.source for version in rule.decisions for branch in version.branches]
    return any(source.sample for source in sources)


def _answers(shown: Shown, counts: Mapping[Answer, int]) -> list[tuple[Answer, str, int]]:
    """Code, title and households: the pack's codes in its order, then codes of an older version, then what is open."""
    known = [*shown.labels, *sorted(code for code in counts if code is not None and code not in shown.labels)]
    found: list[tuple[Answer, str, int]] = [(code, shown.labels.get(code, code), counts.get(code, 0)) for code in known]
    return [*found, (None, _("尚不能确定"), counts.get(None, 0))]


def _score(text: Answer) -> float | None:
    return None if text is None else float(text)
