"""A pack's monitoring as a whole: read from its folder, joined with what it extends, checked across its files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from zhikun.engine.packs.files import WARNINGS, list_files
from zhikun.engine.packs.lists import graded, list_of, months_of
from zhikun.engine.packs.model import NO_SOURCE, Place, Source
from zhikun.engine.packs.monitoring import (
    DIRECTIONS,
    GROUP,
    Column,
    Condition,
    Escalation,
    Indicator,
    Level,
    ListSource,
    Monitoring,
    Route,
    WatchedGroup,
)
from zhikun.engine.packs.problems import Problems, suggestion
from zhikun.engine.packs.schema import RELATIONS
from zhikun.engine.packs.shape import Record
from zhikun.engine.packs.values import WrongValue, value_of
from zhikun.engine.packs.watching import (
    Written,
    escalations_of,
    group_of,
    indicator_of,
    levels_of,
    route_of,
)
from zhikun.engine.packs.yaml_file import Items, Node, Scalar
from zhikun.wording import _

_EQUAL = frozenset({"=", "!=", "in", "not in", "known", "unknown"})
_ORDERED = frozenset({*_EQUAL, "<", "<=", ">", ">="})
#: What a column of each type may be asked; identity numbers and names only whether they are there.
_OPERATORS = {
    "number": _ORDERED,
    "date": _ORDERED,
    "text": _EQUAL,
    "choice": _EQUAL,
    "place": _EQUAL,
    "boolean": frozenset({"=", "!=", "known", "unknown"}),
    "id_number": frozenset({"known", "unknown"}),
    "name": frozenset({"known", "unknown"}),
}


@dataclass(slots=True)
class Watched:
    """What the files of one `warnings` folder say, before it is known whether they fit together."""

    at: Place
    sources: dict[str, ListSource] = field(default_factory=dict)
    indicators: dict[str, Written] = field(default_factory=dict)
    groups: dict[str, WatchedGroup] = field(default_factory=dict)
    routes: dict[str, Route] = field(default_factory=dict)
    causes: dict[str, str] = field(default_factory=dict)
    levels: tuple[Level, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    quiet: int = 0
    quiet_source: Source = NO_SOURCE

    def taken(self, indicators: frozenset[str] | None, groups: frozenset[str] | None) -> Watched:
        """Of this only these indicators, with the lists they need, and only these groups; None for all."""
        kept = {k: w for k, w in self.indicators.items() if indicators is None or k in indicators}
        needed = {written.indicator.list_source for written in kept.values()}
        causes = {written.indicator.cause for written in kept.values()}
        named = {k: g for k, g in self.groups.items() if groups is None or k in groups}
        return replace(
            self,
            indicators=kept,
            groups=named,
            sources={
                k: s
                for k, s in self.sources.items()
                if indicators is None or k in needed or s.kind == "population"
            },
            routes={
                k: r
                for k, r in self.routes.items()
                if set(r.groups) <= named.keys() and (indicators is None or set(r.causes) <= causes)
            },
        )  # fmt: skip

    def over(self, parent: Watched) -> Watched:
        """What a pack says itself laid over what it extends: by id, its own first; levels, escalations and silence as a whole."""
        populated = any(source.kind == "population" for source in self.sources.values())
        below = {k: s for k, s in parent.sources.items() if not (populated and s.kind == "population")}
        return Watched(
            at=self.at,
            sources=below | self.sources,
            indicators=parent.indicators | self.indicators,
            groups=parent.groups | self.groups,
            routes=parent.routes | self.routes,
            causes=parent.causes | self.causes,
            levels=self.levels or parent.levels,
            escalations=self.escalations if self.levels else parent.escalations,
            quiet=self.quiet if self.levels else parent.quiet,
            quiet_source=self.quiet_source if self.levels else parent.quiet_source,
        )


def read_watched(folder: Path, pack: str, read: Callable[[Path, str], Record | None], problems: Problems) -> Watched:
    """The files of a pack's `warnings` folder; `read` checks one file against a schema."""
    base = f"{pack}/{WARNINGS}"
    found = Watched(Place(base, 1))
    for path in list_files(folder, base, problems):
        record = read(path, "list_source_file")
        if record is not None:
            found.sources[path.stem] = list_of(pack, path.stem, record, problems)

    def section(file: str, schema: str) -> Record:
        record = read(folder / file, schema) if (folder / file).exists() else None
        return record or Record(found.at, {}, {}, frozenset())

    indicators = section("indicators.yaml", "indicators_file")
    found.causes = dict(indicators.texts("causes"))
    for name, entry in indicators.named("indicators").items():
        found.indicators[name] = indicator_of(pack, name, entry, problems)
    for name, entry in section("groups.yaml", "groups_file").named("groups").items():
        found.groups[name] = group_of(pack, name, entry, problems)
    levels = section("levels.yaml", "levels_file")
    found.levels = levels_of(levels, problems)
    found.escalations = escalations_of(levels, problems)
    quiet = levels.record("quiet")
    if quiet is not None:
        found.quiet = months_of(quiet, "months", 0, 0, problems)
        found.quiet_source = graded(quiet, problems)
    for name, entry in section("routes.yaml", "routes_file").named("routes").items():
        found.routes[name] = route_of(pack, name, entry, problems)
    return found


def beside(one: Watched | None, other: Watched, problems: Problems) -> Watched:
    """What two extended packs give together; the same name from two of them is a fault that only the own pack can settle."""
    if one is None:
        return other
    for mine, theirs in ((one.sources, other.sources), (one.groups, other.groups), (one.routes, other.routes)):
        _check_twice(mine, theirs, problems)
    _check_twice(
        {k: w.indicator for k, w in one.indicators.items()},
        {k: w.indicator for k, w in other.indicators.items()},
        problems,
    )
    return other.over(one)


def _check_twice(one: Mapping[str, object], other: Mapping[str, object], problems: Problems) -> None:
    for name in one.keys() & other.keys():
        first, second = getattr(one[name], "at", None), getattr(other[name], "at", None)
        if first != second and isinstance(second, Place):
            text = _("沿用的两个政策包里都有“{name}”（另一处是 {other}），不知道用哪个。请只沿用其中一个。")
            problems.add(second, text.format(name=name, other=first))


def finished(found: Watched, problems: Problems) -> Monitoring:
    """The monitoring of the pack; every fault between its files is recorded."""
    _check_population(found, problems)
    codes = {code: group.title for code, group in found.groups.items()}
    sources = {name: _with_groups(source, codes, problems) for name, source in found.sources.items()}
    indicators = {name: _finished(written, sources, found, problems) for name, written in found.indicators.items()}
    _check_weights(indicators, found, problems)
    for route in found.routes.values():
        _check_known(route.groups, found.groups, _("监测对象类别"), route.at, problems)
        _check_known(route.causes, found.causes, _("原因"), route.at, problems)
    for name, items, file in (
        (_("指标"), found.indicators, "indicators.yaml"),
        (_("监测对象类别"), found.groups, "groups.yaml"),
        (_("预警级别"), found.levels, "levels.yaml"),
    ):
        if not items:
            text = _("没有一个{name}，发不出预警。请写 {file}，或用 extends 沿用别的政策包的 warnings。")
            problems.add(found.at, text.format(name=name, file=file))
    return Monitoring(
        sources, indicators, found.groups, found.levels, found.escalations, found.routes,
        found.quiet, found.quiet_source, found.causes,
    )  # fmt: skip


def _check_population(found: Watched, problems: Problems) -> None:
    several = [source for source in found.sources.values() if source.kind == "population"]
    if not several:
        text = _("没有监测对象名册：不知道对谁预警。请在 sources 里写一个 kind: population 的名单。")
        problems.add(found.at, text)
    for source in several[1:]:
        text = _("监测对象名册只能有一个，已有 {other}。请把它们合成一个名单，或把这个改成 kind: register。")
        problems.add(source.at, text.format(other=several[0].at))


def _with_groups(source: ListSource, codes: Mapping[str, str], problems: Problems) -> ListSource:
    column = source.columns.get(GROUP)
    if source.kind != "population" or column is None:
        return source
    for code in column.choices:
        if code not in codes:
            text = _("名册的类别“{name}”不在 groups.yaml 里，属于它的人不会受监测。{hint}")
            problems.add(column.at, text.format(name=code, hint=suggestion(code, codes)))
    if column.choices:
        return source
    return replace(source, columns={**source.columns, GROUP: replace(column, choices=dict(codes))})


def _check_known(used: tuple[str, ...], known: Mapping[str, object], what: str, at: Place, problems: Problems) -> None:
    for name in used:
        if name not in known:
            text = _("没有{what}“{name}”。{hint}")
            problems.add(at, text.format(what=what, name=name, hint=suggestion(name, known)))


def _finished(written: Written, sources: Mapping[str, ListSource], found: Watched, problems: Problems) -> Indicator:
    indicator = written.indicator
    _check_known(indicator.groups, found.groups, _("监测对象类别"), written.groups_at, problems)
    if indicator.cause:
        _check_known((indicator.cause,), found.causes, _("原因"), indicator.at, problems)
    among = written.among or ("enrolled" if indicator.direction == "exit" and not indicator.groups else "")
    if among:
        codes = tuple(code for code, g in found.groups.items() if g.enrolled == (among == "enrolled"))
        if not codes and found.groups and not any(e.place.file.endswith("/groups.yaml") for e in problems.errors):
            text = _("among: {among}，但没有一个监测对象类别的 enrolled 是 {value}，这项指标对谁都不起作用。请核对。")
            value = "true" if among == "enrolled" else "false"
            problems.add(indicator.at, text.format(among=among, value=value))
        indicator = replace(indicator, groups=codes)
    source = sources.get(indicator.list_source)
    if source is None:
        if indicator.list_source:
            _check_known((indicator.list_source,), sources, _("名单"), written.list_at, problems)
        return indicator
    if source.kind == "population":
        text = _("指标不能从监测对象名册（{name}）里取：名册只说明对谁预警。请改用部门的名单。")
        problems.add(written.list_at, text.format(name=source.id))
        return indicator
    column = _measured(written, source, problems)
    where = tuple(c for c in (_condition(entry, source, indicator, problems) for entry in written.conditions) if c)
    return replace(
        indicator, where=where, unit=column.unit if column else _("条") if indicator.measure == "count" else ""
    )


def _measured(written: Written, source: ListSource, problems: Problems) -> Column | None:
    indicator, at = written.indicator, written.measure_at
    if indicator.measure in ("any", "count"):
        if indicator.column:
            text = _("measure: {measure} 数的是行，用不到 column。请删去 column，或改用 sum、max。")
            problems.add(at, text.format(measure=indicator.measure))
        return None
    if not indicator.column:
        if indicator.measure:
            text = _("measure: {measure} 要说明对哪一列。请补上 column: 列名。")
            problems.add(at, text.format(measure=indicator.measure))
        return None
    column = source.columns.get(indicator.column)
    if column is None:
        numbers = [name for name, c in source.columns.items() if c.type == "number"]
        text = _("名单 {list} 没有列“{name}”。{hint}")
        hint = suggestion(indicator.column, numbers)
        problems.add(at, text.format(list=source.id, name=indicator.column, hint=hint))
    elif column.type not in ("number", ""):
        text = _("measure: {measure} 只能对数值列，“{name}”的类型是 {type}。请改列，或改用 any、count 加条件。")
        problems.add(at, text.format(measure=indicator.measure, name=column.name, type=column.type))
    return column


def _condition(
    entry: tuple[Record, str, object], source: ListSource, indicator: Indicator, problems: Problems
) -> Condition | None:
    record, operator, node = entry
    name = record.text("column")
    if not name or not operator:
        return None
    column, at = source.columns.get(name), record.place("column")
    if column is None:
        text = _("名单 {list} 没有列“{name}”。{hint}")
        problems.add(at, text.format(list=source.id, name=name, hint=suggestion(name, source.columns)))
        return None
    if not column.type or (column.type == "choice" and not column.choices):
        return None
    if operator not in _OPERATORS[column.type]:
        text = _("列“{name}”的类型是 {type}，不能用“{operator}”比较。{hint}")
        usable = [key for key, sign in RELATIONS.items() if sign in _OPERATORS[column.type]]
        written = next(key for key, sign in RELATIONS.items() if sign == operator)
        hint = suggestion("", [*usable, "known"])
        problems.add(record.at, text.format(name=name, type=column.type, operator=written, hint=hint))
        return None
    figure = column.type in ("number", "date") and operator not in ("known", "unknown")
    own = figure or record.has("reference") or record.has("sample")
    basis = graded(record, problems) if own else indicator.source
    try:
        value = None if operator in ("known", "unknown") else _value(node, column, operator)
    except WrongValue as wrong:
        problems.add(record.at, _("列“{name}”：{why}").format(name=name, why=wrong))
        return None
    return Condition(name, operator, value, record.at, basis)


def _value(node: object, column: Column, operator: str) -> object:
    several = operator in ("in", "not in")
    if isinstance(node, Items) != several:
        raise WrongValue(
            _("any_of、none_of 后面写成列表 [a, b]。") if several else _("这里应当只写一个值；几个值请用 any_of。")
        )
    if isinstance(node, Items):
        if not node.items:
            raise WrongValue(_("列表是空的，没有一行会符合。请写上值，或删去这个条件。"))
        return tuple(_one(child, column) for child in node.items)
    if not isinstance(node, Scalar):
        raise WrongValue(_("这里应当只写一个值；几个值请用 any_of。"))
    return _one(node, column)


def _one(node: Node, column: Column) -> object:
    value = value_of(node, column.type, column.choices)
    if isinstance(value, float):
        if column.min is not None and value < column.min:
            raise WrongValue(
                _("{value} 小于这一列允许的最小值 {limit}。请核对。").format(
                    value=_plain(value), limit=_plain(column.min)
                )
            )
        if column.max is not None and value > column.max:
            raise WrongValue(
                _("{value} 大于这一列允许的最大值 {limit}。请核对。").format(
                    value=_plain(value), limit=_plain(column.max)
                )
            )
    return value


def _plain(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _check_weights(indicators: Mapping[str, Indicator], found: Watched, problems: Problems) -> None:
    """The points of one direction lie between 0 and 100, whichever pack."""
    if any(not indicator.direction for indicator in indicators.values()):
        return
    for direction in DIRECTIONS:
        own = [indicator for indicator in indicators.values() if indicator.direction == direction]
        total = sum(indicator.weight for indicator in own)
        if own and abs(total - 100) > 1e-9 and all(indicator.weight > 0 for indicator in own):
            text = _("direction: {direction} 的 {count} 项指标权重合计 {total:g}，应当是 100。请核对：{weights}。")
            weights = "、".join(f"{indicator.id} {indicator.weight:g}" for indicator in own)
            at = next((i.at for i in own if i.at.file.startswith(found.at.file)), own[0].at)
            problems.add(at, text.format(direction=direction, count=len(own), total=total, weights=weights))
