"""Which figures of a pack are ours and not the place's: they must be seen wherever a result is shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from zhikun.documents.values import day_text, number_text
from zhikun.engine.packs.model import FIRST_DAY, Pack, Rule, Source, Standard
from zhikun.wording import _


@dataclass(frozen=True, slots=True)
class SampleFigure:
    """One sample figure in force: what it is, its value in words, why this figure, where it stands in the pack."""

    kind: str
    title: str
    value: str
    reason: str
    at: str


def sample_figures(pack: Pack, day: date) -> tuple[SampleFigure, ...]:
    """Every sample figure of the pack in force on a day: standards, score tables, rules, lists, rankings.

    The branches of one rule count as one figure, with all their reasons.
    """
    found = [*_standards(pack, day), *_tables(pack, day), *_rules(pack, day), *_rankings(pack)]
    together: dict[tuple[str, str, str], list[SampleFigure]] = {}
    for figure in dict.fromkeys(found):
        together.setdefault((figure.kind, figure.title, figure.value), []).append(figure)
    return tuple(
        SampleFigure(*key, "；".join(dict.fromkeys(f.reason for f in same)), same[0].at)
        for key, same in together.items()
    )


def _standards(pack: Pack, day: date) -> Iterator[SampleFigure]:
    for standard in pack.standards.values():
        latest: dict[str, date] = {}
        for value in standard.values:
            if value.first <= day:
                latest[value.place] = max(value.first, latest.get(value.place, FIRST_DAY))
        for value in standard.values:
            if value.source.sample and latest.get(value.place) == value.first:
                text = _standard_text(standard, value.value)
                yield SampleFigure(_("标准"), standard.title, text, value.source.reason, str(value.at))


def _standard_text(standard: Standard, value: object) -> str:
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, int | float):
        return f"{number_text(value)} {standard.unit or ''}".strip()
    if isinstance(value, date):
        return day_text(value)
    return standard.choices.get(str(value), str(value))


def _tables(pack: Pack, day: date) -> Iterator[SampleFigure]:
    for table in pack.tables.values():
        for version in table.versions:
            if version.source.sample and version.period.holds(day):
                size = _("{count} 个分值").format(count=len(version.rows))
                yield SampleFigure(_("赋分表"), table.title, size, version.source.reason, version.file)


def _rules(pack: Pack, day: date) -> Iterator[SampleFigure]:
    for rule in pack.rules.values():
        for source, at in _rule_sources(rule, day):
            if source.sample:
                yield SampleFigure(_("规则"), rule.title, "", source.reason, at)


def _rule_sources(rule: Rule, day: date) -> Iterator[tuple[Source, str]]:
    yield rule.source, str(rule.at)
    for version in rule.versions:
        if version.period.holds(day):
            yield version.source, str(version.at)
            if version.rounding is not None:
                yield version.rounding.source, str(version.at)
    for decision in rule.decisions:
        if decision.period.holds(day):
            yield decision.source, str(decision.at)
            for branch in decision.branches:
                yield branch.source, str(branch.at)
    for item in rule.items:
        if item.period.holds(day):
            yield item.source, str(item.at)


def _rankings(pack: Pack) -> Iterator[SampleFigure]:
    for ranking in pack.rankings.values():
        if ranking.source.sample:
            yield SampleFigure(_("排序"), ranking.title, "", ranking.source.reason, str(ranking.at))
