"""Other weights, bands or colours on the same month, before anyone publishes them: how many warnings, by county."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

from zhikun.engine.packs.model import Pack
from zhikun.engine.packs.monitoring import DIRECTIONS, LEVELS, Band, Level, Monitoring
from zhikun.identity import KeyRing
from zhikun.screening.errors import ScreeningRefused
from zhikun.screening.model import Limits
from zhikun.screening.running import task_of
from zhikun.screening.runs import Runs
from zhikun.screening.steps import screen
from zhikun.screening.words import direction_words
from zhikun.screening.work import at_work, parquet
from zhikun.wording import _, did_you_mean
from zhikun.workdays import Calendar, Month

_MOST = 1e12  # yuan, days or rows: more than any value that is measured


@dataclass(frozen=True, slots=True)
class Changes:
    """What is tried: weights by indicator, lowest scores by level, (from, points) by indicator and number of the band."""

    weights: Mapping[str, float]
    levels: Mapping[str, float]
    bands: Mapping[tuple[str, int], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Count:
    """Warnings of one colour in one county: as they were run, and as they would be."""

    county: str
    direction: str
    level: str
    run: int
    tried: int


def changed(monitoring: Monitoring, changes: Changes) -> Monitoring:
    """The monitoring with other figures. Raises ScreeningRefused where they cannot stand, or cannot stand together."""
    _refuse_no_figures(changes)
    for name in (*changes.weights, *(name for name, _number in changes.bands)):
        if name not in monitoring.indicators:
            raise ScreeningRefused(
                _("没有“{n}”这项指标。{hint}").format(n=name, hint=did_you_mean(name, monitoring.indicators))
            )
    indicators = dict(monitoring.indicators)
    for name, weight in changes.weights.items():
        if not 0 <= weight <= 100:
            raise ScreeningRefused(_("权重应在 0 至 100 之间，{n} 写的是 {w:g}。").format(n=name, w=weight))
        indicators[name] = replace(indicators[name], weight=weight)
    for (name, number), (low, points) in changes.bands.items():
        bands = list(indicators[name].bands)
        if not 1 <= number <= len(bands):
            raise ScreeningRefused(
                _("“{n}”只有 {k} 档，没有第 {i} 档。").format(n=indicators[name].title, k=len(bands), i=number)
            )
        bands[number - 1] = Band(low, points, bands[number - 1].title, bands[number - 1].source)
        if not 0 <= points <= 100 or any(before.low >= after.low for before, after in pairwise(bands)):
            raise ScreeningRefused(
                _("“{n}”的各档要从小到大，每档 0 至 100 分。请核对第 {i} 档。").format(
                    n=indicators[name].title, i=number
                )
            )
        indicators[name] = replace(indicators[name], bands=tuple(bands))
    found = replace(monitoring, indicators=indicators, levels=_levels(monitoring, changes.levels))
    _check_weights(found)
    return found


def _refuse_no_figures(changes: Changes) -> None:
    """Below zero, beyond any amount or no number at all: no score can be counted with it."""
    named = [
        *((_("权重"), name, value) for name, value in changes.weights.items()),
        *((_("级别"), name, value) for name, value in changes.levels.items()),
        *((_("分档"), f"{name}:{n}", value) for (name, n), pair in changes.bands.items() for value in pair),
    ]
    for what, name, value in named:
        if not 0 <= value <= _MOST:
            raise ScreeningRefused(
                _("{w} {n} 写的是 {v}，应在 0 至 1 万亿之间。请改正后再试算。").format(w=what, n=name, v=f"{value:g}")
            )


def simulate(
    data: Path, pack: Pack, tried: Monitoring, *, ring: KeyRing, calendar: Calendar, month: Month | None = None,
    limits: Limits | None = None,
) -> tuple[Month, list[Count]]:  # fmt: skip
    """Warnings of each colour by county, as run and as they would be. Nothing is written."""
    run = Runs(data, pack.id, ring).latest(month)
    task = task_of(data, replace(pack, monitoring=tried), run, ring=ring, calendar=calendar)
    with at_work(task, limits or Limits()) as work:
        work.con.register("warned", screen(work).rows.select(["place", "d", "rank"]))
        directions = ", ".join(f"'{one}'" for one in DIRECTIONS)
        levels = ", ".join(f"'{one}'" for one in LEVELS)
        was = f"SELECT place // 1000000 AS county, direction, level, 1 AS run, 0 AS tried FROM {parquet(run.file('warnings'))}"
        now = (
            f"SELECT place // 1000000 AS county, [{directions}][d + 1] AS direction, [{levels}][rank] AS level,"
            " 0 AS run, 1 AS tried FROM warned"
        )
        rows = work.con.execute(f"""
            SELECT * FROM (
                SELECT coalesce(county::VARCHAR, '') AS county, direction, level, sum(run)::BIGINT, sum(tried)::BIGINT
                FROM ({was} WHERE level IS NOT NULL UNION ALL {now} WHERE rank > 0) GROUP BY ALL)
            ORDER BY county, direction DESC, list_position([{levels}], level)""").fetchall()
    return run.month, [Count(*row) for row in rows]


def _levels(monitoring: Monitoring, lows: Mapping[str, float]) -> tuple[Level, ...]:
    """The levels from other scores on; they must still rise."""
    known = {level.id for level in monitoring.levels}
    for name in lows:
        if name not in known:
            raise ScreeningRefused(
                _("政策包没有“{n}”这一级，有的是：{k}。").format(
                    n=name, k="、".join(level.id for level in monitoring.levels)
                )
            )
    levels = tuple(replace(level, low=lows.get(level.id, level.low)) for level in monitoring.levels)
    if any(not 0 < level.low <= 100 for level in levels) or any(a.low >= b.low for a, b in pairwise(levels)):
        raise ScreeningRefused(_("各级的起点要在 0 至 100 之间，由轻到重逐级升高。请核对：{l}。").format(
            l="、".join(f"{level.id}={level.low:g}" for level in levels)
        ))  # fmt: skip
    return levels


def _check_weights(monitoring: Monitoring) -> None:
    """The weights of each direction sum to 100, as in a pack: otherwise scores of two trials cannot be compared."""
    for direction in DIRECTIONS:
        weights = [Decimal(str(one.weight)) for one in monitoring.indicators.values() if one.direction == direction]
        if weights and sum(weights) != 100:
            raise ScreeningRefused(
                _(
                    "“{d}”各项指标的权重合计 {s:g}，应为 100，否则分数不能与原来的比较。请一并调整其他指标的权重。"
                ).format(d=direction_words()[direction], s=float(sum(weights)))
            )
