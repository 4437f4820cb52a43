"""Indicators, groups, levels and routes of `warnings/`: from checked records to what the pack holds."""

from __future__ import annotations

from itertools import pairwise

from zhikun.engine.packs.lists import graded, months_of
from zhikun.engine.packs.model import Source
from zhikun.engine.packs.monitoring import (
    LEVELS,
    WARNING_COLUMNS,
    Band,
    Escalation,
    Indicator,
    Level,
    Route,
    WatchedGroup,
)
from zhikun.engine.packs.problems import Problems, suggestion
from zhikun.engine.packs.schema import RELATIONS
from zhikun.engine.packs.shape import Record
from zhikun.engine.packs.yaml_file import Node
from zhikun.wording import _


class Written:
    """An indicator with what can be judged only beside its source: the conditions as written, whom it is for."""

    __slots__ = ("among", "conditions", "groups_at", "indicator", "list_at", "measure_at", "way_at")

    def __init__(
        self, indicator: Indicator, record: Record, conditions: tuple[tuple[Record, str, object], ...]
    ) -> None:
        self.indicator = indicator
        self.conditions = conditions
        self.among = record.text("among")
        self.groups_at = record.place("groups")
        self.list_at = record.place("list")
        self.measure_at = record.place("column" if record.has("column") else "measure")
        self.way_at = record.place("way")


def indicator_of(pack: str, name: str, record: Record, problems: Problems) -> Written:
    """An indicator; its faults are recorded and it still stands, so that its name is known."""
    source = graded(record, problems)
    weight = record.record("weight")
    window = record.record("window")
    indicator = Indicator(
        id=name,
        title=record.text("title", name),
        list_source=record.text("list"),
        measure=record.text("measure"),
        column=record.text("column"),
        where=(),
        window_months=months_of(window, "months", 1, 1, problems) if window else 1,
        bands=_bands(record, problems),
        weight=_weight(weight, problems),
        direction=record.text("direction"),
        cause=record.text("cause"),
        source=source,
        at=record.at,
        way=record.text("way"),
        groups=tuple(record.names("groups")),
        department=record.text("department"),
        weight_source=graded(weight, problems) if weight else Source(),
        window_source=graded(window, problems) if window else Source(),
        pack=pack,
    )
    _check_way(indicator, record, problems)
    if record.has("among") and record.has("groups"):
        text = _("groups 和 among 都说这项指标看哪些人，不知道以哪个为准。请只留一个。")
        problems.add(record.place("among"), text)
    conditions = tuple(_relation(entry, problems) for entry in record.records("where"))
    return Written(indicator, record, conditions)


def _weight(record: Record | None, problems: Problems) -> float:
    value = record.number("value") if record else None
    if record is None or value is None:
        return 0.0
    if not 0 < value <= 100:
        text = _("权重应当大于 0、不超过 100，写的是 {value:g}。不用的指标请删去。")
        problems.add(record.place("value"), text.format(value=value))
    return value


def _bands(record: Record, problems: Problems) -> tuple[Band, ...]:
    bands: list[Band] = []
    for entry in record.records("bands"):
        low, points = entry.number("from"), entry.number("points")
        source = graded(entry, problems)
        if low is None or points is None:
            continue
        if not 0 <= points <= 100:
            text = _("points 是满分 100 分里给的分，应当在 0 至 100 之间，写的是 {points:g}。请核对。")
            problems.add(entry.place("points"), text.format(points=points))
        if bands and low <= bands[-1].low:
            text = _("各档的 from 要从小到大，{low:g} 不大于前一档的 {before:g}。请调整次序或数值。")
            problems.add(entry.place("from"), text.format(low=low, before=bands[-1].low))
        bands.append(Band(low, points, entry.text("title"), source))
    if record.text("measure") == "any" and bands and (len(bands) != 1 or bands[0].low != 1):
        text = _("measure: any 只看有没有，测得的值是 1 或 0，应当只有一档“from: 1”。要看次数请改用 count。")
        problems.add(record.place("bands"), text)
    return tuple(bands)


def _check_way(indicator: Indicator, record: Record, problems: Problems) -> None:
    at = record.place("way")
    if indicator.direction == "exit" and indicator.way != "recheck" and "way" not in record.faulty:
        text = _("direction: exit 说的是可能不再符合条件，处置方式只能是复核。请写 way: recheck。")
        problems.add(at if record.has("way") else record.place("direction"), text)
    if indicator.direction == "hardship" and indicator.way == "recheck":
        text = _("way: recheck（复核是否仍符合条件）只用于 direction: exit 的指标。请改 way，或改 direction。")
        problems.add(at, text)
    if indicator.direction == "exit" and record.text("among") == "not_enrolled":
        text = _("没有纳入救助的人谈不上“不再符合条件”。请写 among: enrolled，或改 direction。")
        problems.add(record.place("among"), text)


def _relation(record: Record, problems: Problems) -> tuple[Record, str, object]:
    """The condition's record with its operator ('' when it cannot be told) and the node of the value."""
    written = [key for key in (*RELATIONS, "known") if key in record.values]
    if len(written) != 1:
        if not record.faulty - {"column"}:
            text = _("一个条件要写一种、而且只写一种关系：{keys}。两个条件请写成两条。")
            problems.add(record.at, text.format(keys="、".join((*RELATIONS, "known"))))
        return record, "", None
    if written == ["known"]:
        return record, "known" if record.flag("known") else "unknown", None
    value: Node | object = record.values[written[0]]
    return record, RELATIONS[written[0]], value


def group_of(pack: str, name: str, record: Record, problems: Problems) -> WatchedGroup:
    """A group of people who are watched."""
    return WatchedGroup(
        name, record.text("title", name), record.flag("enrolled"), graded(record, problems), record.at, pack
    )


def levels_of(record: Record, problems: Problems) -> tuple[Level, ...]:
    """The colours, mildest first; figures that do not rise with them are faults."""
    levels: list[Level] = []
    for name, entry in record.named("levels").items():
        source = graded(entry, problems)
        if name not in LEVELS:
            text = _("没有“{name}”这一级。{hint}")
            problems.add(entry.at, text.format(name=name, hint=suggestion(name, LEVELS)))
            continue
        low = entry.number("from")
        if low is not None and not 0 < low <= 100:
            text = _("from 是从多少分起属于这一级，应当大于 0、不超过 100，写的是 {low:g}。请核对。")
            problems.add(entry.place("from"), text.format(low=low))
        if "days" in entry.values and entry.integer("days", 1) < 1:
            text = _("days 是几个工作日内入户核实，至少 1 天，写的是 {days}。请核对。")
            problems.add(entry.place("days"), text.format(days=entry.integer("days", 1)))
        if low is not None and "days" in entry.values:
            levels.append(
                Level(
                    name,
                    entry.text("title", name),
                    low,
                    entry.integer("days", 1),
                    source,
                    entry.place("from"),
                    entry.text("way"),
                )
            )
    for before, level in pairwise(levels):
        _check_order(before, level, problems)
    return tuple(sorted(levels, key=lambda level: level.low))


def _check_order(before: Level, level: Level, problems: Problems) -> None:
    if LEVELS.index(level.id) < LEVELS.index(before.id):
        text = _("级别要由轻到重写：{order}。“{name}”不能写在“{before}”后面。")
        problems.add(level.at, text.format(order="、".join(LEVELS), name=level.id, before=before.id))
    elif level.low <= before.low:
        text = _("“{name}”的起点 {low:g} 分不高于较轻的“{before}”（{other:g} 分）。越重的级别起点越高，请核对。")
        problems.add(level.at, text.format(name=level.id, low=level.low, before=before.id, other=before.low))
    elif level.days > before.days:
        text = _("“{name}”限 {days} 个工作日，比较轻的“{before}”（{other} 个）还长。越重的级别期限不能越长，请核对。")
        problems.add(level.at, text.format(name=level.id, days=level.days, before=before.id, other=before.days))


def escalations_of(record: Record, problems: Problems) -> tuple[Escalation, ...]:
    """What overdue warnings send, in the order of days."""
    found: list[Escalation] = []
    for entry in record.records("escalations"):
        days = entry.integer("after_days", 0)
        if days < 0:
            text = _("after_days 是超期几个工作日后提醒，不能是负数，写的是 {days}。到期当天写 0。")
            problems.add(entry.place("after_days"), text.format(days=days))
        found.append(Escalation(days, entry.text("to"), entry.text("text"), graded(entry, problems), entry.at))
    return tuple(sorted(found, key=lambda escalation: escalation.after_days))


def route_of(pack: str, name: str, record: Record, problems: Problems) -> Route:
    """A list for another department."""
    route = Route(
        id=name,
        title=record.text("title", name),
        department=record.text("department"),
        groups=tuple(record.names("groups")),
        causes=tuple(record.names("causes")),
        columns=tuple(record.names("columns")),
        source=graded(record, problems),
        at=record.at,
        pack=pack,
    )
    if not record.has("groups") and not record.has("causes"):
        text = _("没有写 groups 也没有写 causes，会把所有人都推送给{department}。请写明推送哪类人、哪种原因。")
        problems.add(record.at, text.format(department=route.department or name))
    for column in route.columns:
        if column not in WARNING_COLUMNS:
            text = _("预警没有“{name}”这一列。{hint}")
            hint = suggestion(column, WARNING_COLUMNS)
            problems.add(record.place("columns"), text.format(name=column, hint=hint))
    return route
